"""Any back end of lm-evaluation-harness, through its `loglikelihood`: `evaluate --lm-eval MODEL`."""

from __future__ import annotations

import contextlib
import inspect
import logging
import operator
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from livebench.errors import LiveBenchError, one_line
from livebench.extras import need
from livebench.language_models.line_tokens import LineTokens
from livebench.language_models.prompt import DEFAULT_PROMPT, line_of, read_prompt
from livebench.scoring.scorer import BatchScorer, LogLikelihood, Sample, Score

_ROOM = 128
"""Tokens that a context leaves for the comment."""

_SECRET = re.compile(
    r"""(?<![\w-])((?:\w+[_-])?(?:api[_-]?key|key|auth|authorization|headers?|password|passwd|secret"""
    r"""|credentials?)|(?:(?:\w+[_-])?(?:hf|hub|auth|access|api|bearer|user|secret)[_-])?token)"""
    r"""(?:\s*=|["']\s*:)(?!\s*(?:true|false|none)\s*(?:,|$))""",
    re.IGNORECASE,
)
"""The name of an argument whose value nobody is to read; not that of a tokenizer's own, such as
eos_token, nor token=True, which says to look for one."""

_PASSWORD = re.compile(r"://[^/,\s]*@")

_ENGINE_DTYPES = (
    "llm_engine.model_config.dtype",  # vLLM
    "tokenizer_manager.model_config.dtype",  # SGLang
)
_ENGINE_DEVICES = (
    "llm_engine.vllm_config.device_config.device_type",
    "tokenizer_manager.server_args.device",
)


class LMEvalScorer(BatchScorer):
    """Scores by a back end of lm-evaluation-harness, as it is.

    Its `loglikelihood` would move the line end of a context to the comment: where a back end tokenises
    by itself (`TemplateLM`), context and comment are tokenised apart, as everywhere in LiveBench.

    Args:
        model: name of the back end, such as hf or vllm.
        model_args: its arguments as lm-evaluation-harness writes them, "pretrained=...,dtype=...".
        prompt: name of a prompt, or its record.
        batch: requests computed together, a number or auto, as the back end understands it.
        device: where the back end has a choice; empty for its own.

    Attributes:
        device: where it computes, as torch names it; empty if the back end does not say.
        dtype: what the model computes in, as torch names it: as the back end has it, or else as
            `model_args` say; empty if neither says.

    Raises:
        LiveBenchError: there is no such back end, a package of it is missing, it cannot be made, or an
            argument is a secret.
    """

    def __init__(
        self,
        model: str,
        model_args: str = "",
        *,
        prompt: str | Mapping[str, Any] = DEFAULT_PROMPT,
        batch: str = "",
        device: str = "",
    ) -> None:
        refuse_secrets(model_args)
        named = arguments_of(model_args)
        self.prompt = read_prompt(prompt)
        self.backend = _made(model, model_args, batch, device)
        self._instance: Any = need("lm_eval.api.instance", "lm-eval").Instance
        template = need("lm_eval.api.model", "lm-eval").TemplateLM
        self._tokenises = isinstance(self.backend, template)
        self._tokens: LineTokens | None = None
        self._marks = named.get("add_bos_token", "").lower() != "false"
        if self._tokenises:
            self.backend._encode_pair = self._apart
            tokenizer = getattr(self.backend, "tokenizer", None)
            if hasattr(tokenizer, "backend_tokenizer"):  # of transformers
                self._tokens = LineTokens(tokenizer, f"--lm-eval {model}")
                self._refuse_texts(f"--lm-eval {model}", self._tokens)
        self.net = getattr(
            self.backend, "model", None
        )  # its parameters are counted, if it is torch's
        self.device = _computing_on(self.backend)
        self.dtype = _dtype_of(self.backend, named.get("dtype", ""))
        self.about = {
            "model": f"{model}: {model_args}",
            "lm_eval": version("lm_eval"),
            "prompt": self.prompt.label,
        }

    def score_samples(self, samples: Sequence[Sample]) -> list[list[Score]]:
        fitted = [self._fitted(sample) for sample in samples]
        pairs = [
            [(context, line_of(candidate)) for candidate in sample.candidates]
            for sample, (context, _) in zip(samples, fitted, strict=True)
        ]
        asked = list(dict.fromkeys(pair for row in pairs for pair in row))
        requests = [
            self._instance("loglikelihood", {}, pair, number) for number, pair in enumerate(asked)
        ]
        with _quiet():
            answers = self.backend.loglikelihood(requests, disable_tqdm=True)
        sums = {pair: float(total) for pair, (total, _) in zip(asked, answers, strict=True)}
        return [
            [self._score(line, sums[context, line], dropped) for context, line in row]
            for row, (_, dropped) in zip(pairs, fitted, strict=True)
        ]

    def _refuse_texts(self, where: str, tokens: LineTokens) -> None:
        """A server that is sent texts puts a mark of its own before them: the back end would count its
        tokens from the wrong one."""
        if tokens.begin and getattr(self.backend, "tokenized_requests", True) is False:
            what = "sends texts, and the server's tokens begin with a mark that it does not count"
            raise LiveBenchError(where, what, "leave out tokenized_requests=False")

    def _score(self, line: str, total: float, dropped: int) -> Score:
        if not self._tokenises:
            return total
        return LogLikelihood(total, len(self._line_tokens(line)), dropped)

    def _apart(self, context: str, line: str) -> tuple[list[int], list[int]]:
        """Token ids of a context, with the mark that a text begins with, and of a line."""
        return self._context_tokens(context), self._line_tokens(line)

    def _context_tokens(self, context: str) -> list[int]:
        if self._tokens is not None:
            ids = self._tokens.context(context, "")
            return ids if self._marks else ids[len(self._tokens.begin) :]
        # Some back ends leave the mark out unless they are asked for it.
        tokens: list[int] = self.backend.tok_encode(context, add_special_tokens=self._marks)
        return tokens

    def _line_tokens(self, line: str) -> list[int]:
        if self._tokens is not None:
            return self._tokens.lines([line])[0]
        tokens: list[int] = self.backend.tok_encode(line, add_special_tokens=False)
        return tokens

    def _fitted(self, sample: Sample) -> tuple[str, int]:
        """The context of a sample that is not too long, and how many comments had to go for that: the
        oldest first."""
        video_ctx, comments, _ = sample
        dropped = 0
        text = self.prompt.context(video_ctx, comments)
        most = getattr(self.backend, "max_length", 0) if self._tokenises else 0
        while most and dropped < len(comments) and self._size(text) > most - _ROOM:
            dropped += 1
            text = self.prompt.context(video_ctx, comments, dropped=dropped)
        return text, dropped

    def _size(self, context: str) -> int:
        return len(self._context_tokens(context))


def arguments_of(model_args: str) -> dict[str, str]:
    """The arguments of a back end, by name, as they are written."""
    pairs = (part.partition("=") for part in model_args.split(","))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def refuse_secrets(model_args: str) -> None:
    """See that no argument is a key or a password: card, results and messages have the arguments.

    Raises:
        LiveBenchError: one is.
    """
    fix = "leave it out: back ends look for HF_TOKEN, OPENAI_API_KEY and so on (with --in-process)"
    found = _SECRET.search(model_args)
    if found or _PASSWORD.search(model_args):
        has = f"the argument {found[1]}" if found else "an address with a password"
        raise LiveBenchError("--model-args", f"have {has} in them, and results name them", fix)


def refuse_device(model: str) -> None:
    """See that a back end can be told where to compute.

    Raises:
        LiveBenchError: it cannot, or there is no such back end, or a package of it is missing.
    """
    where = f"--lm-eval {model}"
    with _quiet():
        _check_device(_found(model, where), where)


def _check_device(backend: Any, where: str) -> None:
    """A class has an argument `device` of its own: others take any argument, and make nothing of it."""
    made = (one.__init__ for one in backend.__mro__ if "__init__" in vars(one))
    if not any("device" in inspect.signature(one).parameters for one in made):
        fix = "leave out --device; CUDA_VISIBLE_DEVICES says which GPUs it sees"
        raise LiveBenchError(where, "has no choice of device", fix)


def _computing_on(backend: Any) -> str:
    """Where the model of a back end is."""
    torch = need("torch", "lm-eval")
    model = getattr(backend, "model", None)
    said = [one.device for one in model.parameters()] if isinstance(model, torch.nn.Module) else []
    known = (str(one) for one in [*said, *_said(model, _ENGINE_DEVICES)] if one)
    return next(known, "")


def _dtype_of(backend: Any, declared: str) -> str:
    """What the model of a back end computes in."""
    torch = need("torch", "lm-eval")
    model = getattr(backend, "model", None)
    said = [getattr(backend, "mixed_precision_dtype", None)]
    if isinstance(model, torch.nn.Module):
        # Quantised weights are integers; what is not quantised says what they are computed in.
        said += [one.dtype for one in model.parameters() if one.is_floating_point()]
    said += _said(model, _ENGINE_DTYPES)
    said.append(getattr(torch, declared, None))
    known = (str(one) for one in said if isinstance(one, torch.dtype))
    return next(known, "").removeprefix("torch.")


def _said(model: Any, paths: Iterable[str]) -> list[Any]:
    """What an engine has at some places."""
    found = []
    for path in paths:
        with contextlib.suppress(AttributeError):
            found.append(operator.attrgetter(path)(model))
    return found


def _made(model: str, model_args: str, batch: str, device: str) -> Any:
    """A back end of this name."""
    where = f"--lm-eval {model}"
    with _quiet():
        backend = _found(model, where)
        if device:
            _check_device(backend, where)
        given = {"batch_size": batch or None, "device": device or _device_of(backend, model_args)}
        try:
            return backend.create_from_arg_string(model_args, given)
        except ImportError as error:
            raise _lacks(where, error) from None
        except LiveBenchError:
            raise
        except (OSError, ValueError, TypeError) as error:  # what wrong arguments lead to
            raise _wrong_arguments(where, model_args, error) from None
        except (Exception, SystemExit) as error:
            raise _wrong_arguments(where, model_args, error) from error


def _found(model: str, where: str) -> Any:
    """The class of a back end."""
    registry: Any = need("lm_eval.api.registry", "lm-eval")
    try:
        return registry.get_model(model)
    except ValueError:
        known = ", ".join(sorted(registry.MODEL_REGISTRY.keys()))
        raise LiveBenchError(where, "has no such back end", f"choose from {known}") from None
    except ImportError as error:
        raise _lacks(where, error) from None


def _device_of(backend: Any, model_args: str) -> str | None:
    """The CPU for a back end that would take a GPU where there is none; else what it takes by itself."""
    torch = need("torch", "lm-eval")
    own = inspect.signature(backend.__init__).parameters.get("device")
    wants = own is not None and own.default == "cuda" and "device=" not in model_args
    return "cpu" if wants and not torch.cuda.is_available() else None


def _wrong_arguments(where: str, model_args: str, error: BaseException) -> LiveBenchError:
    what = f"cannot be made with {model_args!r}: {one_line(str(error), 300)}"
    return LiveBenchError(where, what, "write --model-args as for lm_eval")


def _lacks(where: str, error: ImportError) -> LiveBenchError:
    package = (error.name or "").partition(".")[0]
    what = f"needs a package that is not installed: {package or one_line(str(error), 300)}"
    return LiveBenchError(where, what, "install it as lm-evaluation-harness says")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what back ends log and print from standard output: that has the results."""
    level = logging.getLogger("lm_eval").level
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        logging.getLogger("lm_eval").setLevel(level)
