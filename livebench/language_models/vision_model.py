"""A vision-language model of transformers (image-text-to-text) as a scorer."""

from __future__ import annotations

import copy
import inspect
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch

from livebench.errors import LiveBenchError
from livebench.extras import need
from livebench.language_models.language_model import ALONE
from livebench.language_models.line_tokens import LineTokens, chat_opening
from livebench.language_models.loading import (
    DTYPES,
    IMAGE_TEXT,
    device_of,
    load_model,
    load_processor,
)
from livebench.language_models.out_of_memory import is_out_of_memory
from livebench.language_models.prompt import line_of, read_prompt
from livebench.language_models.weights import find_weights
from livebench.scoring.scorer import BatchScorer, LogLikelihood, Sample, VideoContext

_TOKENS = {"cpu": 8192, "cuda": 65536}
"""Tokens of contexts that are held at once, once for each candidate, where `batch` is 0."""

_FEWER = "write `pictures = N` in the run's arguments, a smaller N"

_ROOM = 4
"""A comment may take this part of what the model can read before it costs context."""


class _Context(NamedTuple):
    """What stands before a comment.

    Attributes:
        ids: tokens, int64 [1, tokens]; those of pictures included.
        given: what else the model is given of pictures, by the names of its arguments.
    """

    ids: torch.Tensor
    given: dict[str, torch.Tensor]


class VisionLanguageModel(BatchScorer):
    """Scores comments by their log-likelihood as the next line of a prompt that has pictures before it.

    The pictures of the frames come first, in order of time. A chat model is given them with the
    instruction of the prompt, by its template; another one as its marks of pictures in one line.
    In settings without frames there are none.

    Args:
        model, revision, weights_sha256, files_sha256, device, dtype, prompt: as of `LanguageModel`.
        batch: tokens of contexts that are held at once; 0 for what fits.
        chat: whether the prompt is put through the chat template; by default if there is one.
        pictures: how many of the nearest, at most.
        plain: compute every context and candidate by itself, to compare.

    Raises:
        LiveBenchError: the model cannot be found or loaded, or is not the one that was named.
    """

    def __init__(  # noqa: PLR0913 (what `--hf` may say)
        self,
        model: str,
        *,
        revision: str = "",
        weights_sha256: str = "",
        files_sha256: str = "",
        device: str = "auto",
        dtype: str = "float32",
        batch: int = 0,
        prompt: str | Mapping[str, Any] = "lines",
        chat: bool | None = None,
        pictures: int = 5,
        plain: bool = False,
    ) -> None:
        os.environ["TOKENIZERS_PARALLELISM"] = "false"  # a process with threads cannot be copied
        if dtype not in DTYPES:
            fix = f"choose from {', '.join(DTYPES)}"
            raise LiveBenchError(f"--dtype {dtype}", "is no number format of models", fix)
        self.prompt, self._pictures = read_prompt(prompt), pictures
        place = device_of(device)
        weights = find_weights(model, revision)
        identity = weights.identity(model, weights_sha256=weights_sha256, files_sha256=files_sha256)
        self._processor = load_processor(weights, model)
        template = getattr(self._processor, "chat_template", None)
        self._chat = bool(template) if chat is None else chat
        if self._chat and not template:
            raise LiveBenchError(model, "has no chat template", "leave out --chat")
        self._mark: str = getattr(self._processor, "image_token", None) or ""
        if not self._chat and not self._mark:
            what = "has no chat template, and does not say how a picture is written"
            raise LiveBenchError(model, what, "write a scorer around it (docs/submissions.md)")
        self.tokens = LineTokens(self._processor.tokenizer, model)
        self.net = load_model(weights, model, place, dtype, kind=IMAGE_TEXT)
        self.device, self.dtype = place, next(self.net.parameters()).dtype
        self.about = {
            "model": model,
            **identity,
            "prompt": self.prompt.label + ("+chat" if self._chat else ""),
        }
        self._where = model
        self._limit = getattr(self.net.config.get_text_config(), "max_position_embeddings", None)
        self._batch = batch or _TOKENS.get(place.type, _TOKENS["cpu"])
        named = inspect.signature(self.net.forward).parameters
        self._cache = "cache" if "cache" in named else "past_key_values"
        self.remark = "" if plain or self._agrees() else ALONE
        self._plain = plain or bool(self.remark)

    @property
    def shares_contexts(self) -> bool:
        """Whether a context is computed once; otherwise every comment with its context by itself."""
        return not self._plain

    def score_samples(self, samples: Sequence[Sample]) -> list[list[LogLikelihood]]:
        # Samples that show the same, as all do in the setting blind, are one.
        alike: dict[object, list[int]] = {}
        for number, (video, comments, _) in enumerate(samples):
            texts = (self.prompt.instruction(video), self.prompt.context(video, comments))
            shown = (
                *texts,
                tuple(comments),
            )  # which are not all there where the context is too long
            alike.setdefault(number if len(video.images) else shown, []).append(number)
        scores: list[list[LogLikelihood]] = [[] for _ in samples]
        for numbers in alike.values():
            first = samples[numbers[0]]
            lines = self.tokens.lines(
                [line_of(one) for number in numbers for one in samples[number].candidates]
            )
            found = iter(self._scores(first, [tuple(line) for line in lines]))
            for number in numbers:
                scores[number] = [next(found) for _ in samples[number].candidates]
        return scores

    def _scores(self, sample: Sample, lines: Sequence[tuple[int, ...]]) -> list[LogLikelihood]:
        """The log-likelihoods of lines, as tokens, in a sample."""
        rooms: dict[int, list[tuple[int, ...]]] = {}
        for line in dict.fromkeys(lines):
            room = 0 if self._limit is None else max(len(line), self._limit // _ROOM)
            rooms.setdefault(room, []).append(line)
        opening = self._opening(sample.video_ctx)
        found: dict[tuple[int, ...], LogLikelihood] = {}
        with torch.inference_mode():
            for room, own in rooms.items():
                context, dropped = self._fitted(opening, sample, room)
                compute = self._each_alone if self._plain else self._after
                for line, total in zip(own, compute(context, own), strict=True):
                    found[line] = LogLikelihood(total, len(line), dropped)
        return [found[line] for line in lines]

    def _opening(self, video_ctx: VideoContext) -> _Context:
        """The pictures of a moment, and the instruction."""
        order = sorted(
            range(min(self._pictures, len(video_ctx.images))),
            key=lambda place: int(video_ctx.frame_times[place]),
        )
        return self._encoded(
            [video_ctx.images[place] for place in order], self.prompt.instruction(video_ctx)
        )

    def _encoded(self, images: Sequence[Any], instruction: str) -> _Context:
        if self._chat:
            asked = [
                *({"type": "image"} for _ in images),
                {"type": "text", "text": instruction.strip()},
            ]
            text = chat_opening(self._processor, [{"role": "user", "content": asked}])
        elif images:
            text = f"{self._mark * len(images)}\n"
        else:
            begin = torch.tensor([self.tokens.begin], dtype=torch.long, device=self.device)
            return _Context(begin, {})
        try:
            inputs = self._processor(
                text=[text],
                images=list(images) or None,
                add_special_tokens=not self._chat,  # a template writes its own
                return_tensors="pt",
            )
        except (ValueError, TypeError, IndexError, KeyError) as error:
            what = f"its processor does not take {len(images)} pictures: {' '.join(str(error).split())}"
            raise LiveBenchError(self._where, what[:300], _FEWER) from error
        given = {
            name: value.to(self.device, self.dtype if value.is_floating_point() else None)
            for name, value in inputs.items()
            if isinstance(value, torch.Tensor) and name != "attention_mask"
        }
        return _Context(given.pop("input_ids"), given)

    def _fitted(self, opening: _Context, sample: Sample, room: int) -> tuple[_Context, int]:
        """A context that leaves room for a comment, and how many comments had to go, oldest first."""
        video, comments, _ = sample
        for dropped in range(len(comments) + 1):
            text = self.prompt.context(video, comments, dropped=dropped)
            (ids,) = self.tokens.lines([text])
            if self._limit is None or opening.ids.shape[1] + len(ids) + room <= self._limit:
                return self._continued(opening, ids), dropped
        size = opening.ids.shape[1] + len(ids)
        what = f"can read {self._limit} tokens, and the prompt takes {size} without comments"
        raise LiveBenchError(self._where, what, "give fewer pictures, or a model that reads more")

    def _continued(self, context: _Context, ids: Sequence[int]) -> _Context:
        """A context with more tokens behind it, none of which is of a picture."""
        more = torch.tensor([list(ids)], dtype=torch.long, device=self.device)
        given = {
            # What is said of each token, such as which are of pictures.
            name: torch.cat([value, value.new_zeros(1, more.shape[1])], 1)
            if name.endswith("token_type_ids")
            else value
            for name, value in context.given.items()
        }
        return _Context(torch.cat([context.ids, more], 1), given)

    def _after(self, context: _Context, lines: Sequence[tuple[int, ...]]) -> list[float]:
        """Log-likelihoods of lines, the context computed once. Lines of one length stand together: no
        token is made up, and none has to be hidden."""
        self._forget_pictures()
        with self._fitting(context.ids.shape[1]):
            before = self.net(
                input_ids=context.ids, use_cache=True, logits_to_keep=1, **context.given
            )
        first = torch.log_softmax(before.logits[0, -1].float(), -1)
        kept = getattr(before, self._cache, None) or before.past_key_values
        by_length: dict[int, list[tuple[int, ...]]] = {}
        for line in lines:
            by_length.setdefault(len(line), []).append(line)
        found: dict[tuple[int, ...], float] = {}
        for length, own in by_length.items():
            if length == 1:
                found |= {line: float(first[line[0]]) for line in own}
                continue
            size = context.ids.shape[1] + length
            found |= zip(own, self._in_parts(kept, first, own, size), strict=True)
        return [found[line] for line in lines]

    def _in_parts(
        self, kept: Any, first: torch.Tensor, lines: Sequence[tuple[int, ...]], size: int
    ) -> list[float]:
        """As `_continuations`, as many at once as memory holds; each takes `size` tokens."""
        found: list[float] = []
        while len(found) < len(lines):
            part = lines[len(found) :][: max(1, self._batch // size)]
            try:
                found += self._continuations(kept, first, part)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                if len(part) == 1:
                    raise self._too_large(size) from None
                self._batch = size * (len(part) // 2)
        return found

    @contextmanager
    def _fitting(self, size: int) -> Iterator[None]:
        try:
            yield
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raise self._too_large(size) from None

    def _too_large(self, size: int) -> LiveBenchError:
        what = f"a prompt of {size} tokens does not fit into the memory of {self.device}"
        return LiveBenchError(self._where, what, "give fewer pictures, or a smaller model")

    def _continuations(
        self, kept: Any, first: torch.Tensor, lines: Sequence[tuple[int, ...]]
    ) -> list[float]:
        """Log-likelihoods of lines of one length after what is kept of a context."""
        ids = torch.tensor(lines, device=self.device)
        own = copy.deepcopy(kept)
        own.batch_repeat_interleave(len(lines))
        logits = self.net(input_ids=ids[:, :-1], use_cache=True, **{self._cache: own}).logits
        rest = torch.log_softmax(logits.float(), -1).gather(2, ids[:, 1:, None])[..., 0]
        totals: list[float] = (rest.double().sum(1) + first[ids[:, 0]].double()).tolist()
        return totals

    def _each_alone(self, context: _Context, lines: Sequence[tuple[int, ...]]) -> list[float]:
        """Log-likelihoods of lines, each with its context as one text."""
        found = []
        for line in lines:
            whole = self._continued(context, line[:-1])
            self._forget_pictures()
            with self._fitting(whole.ids.shape[1]):
                logits = self.net(
                    input_ids=whole.ids, use_cache=False, logits_to_keep=len(line), **whole.given
                ).logits[0, -len(line) :]
            targets = torch.tensor(line, device=self.device)[:, None]
            values = torch.log_softmax(logits.float(), -1).gather(1, targets)
            found.append(float(values.double().sum()))
        return found

    def _forget_pictures(self) -> None:
        """Qwen-VL and its kin keep how far the last picture moved the positions of what follows, and
        would move what follows a context without pictures just as far."""
        for module in self.net.modules():
            if hasattr(module, "rope_deltas"):
                module.rope_deltas = None

    def _agrees(self) -> bool:
        """Whether a context that is computed once gives the same as one text, with a picture in it and
        then without."""
        pillow: Any = need("PIL.Image", "images")
        picture = pillow.effect_mandelbrot((64, 48), (-2, -1.2, 1, 1.2), 20).convert("RGB")
        seen = self._encoded([picture], "?")
        words = self.net.config.get_text_config().vocab_size
        (line,) = self.tokens.lines(["好看 a b c\n"])
        lines = [tuple(line), tuple(line[:1]), tuple(reversed(line)), tuple(line[1:])]
        lines = [one for one in dict.fromkeys(lines) if one and max(one) < words]
        unseen = self._continued(self._encoded([], "?"), line)
        with torch.inference_mode():
            return all(self._agrees_on(context, lines) for context in (seen, unseen))

    def _agrees_on(self, context: _Context, lines: Sequence[tuple[int, ...]]) -> bool:
        tolerance = 1e-4 if self.dtype == torch.float32 else 0.03
        try:
            shared = self._after(context, lines)
        except (RuntimeError, ValueError, TypeError, AttributeError, KeyError):
            return False
        pairs = zip(shared, self._each_alone(context, lines), strict=True)
        return all(abs(a - b) <= tolerance * max(1, abs(b)) for a, b in pairs)
