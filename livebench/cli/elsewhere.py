"""Models that others compute: on a server (`--openai`), or by lm-evaluation-harness (`--lm-eval`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livebench.cli.options import Decorator

if TYPE_CHECKING:
    from livebench.review.scaffold import NewSubmission

_LM_EVAL_ENTRY = "livebench.language_models.lm_eval_scorer:LMEvalScorer"
_SAME_DTYPE = {"half": "float16", "float": "float32"}
_NAMED_BY = ("pretrained", "model", "path")
"""Of the arguments of a back end, those that name the model."""


def elsewhere_options(command: Callable[..., None]) -> Callable[..., None]:
    """A model that is not computed here."""
    options: tuple[Decorator, ...] = (
        click.option(
            "--openai",
            metavar="URL",
            help="Server of completions with echo and logprobs (vLLM's, say), up to /v1; with --model. "
            "A key comes from OPENAI_API_KEY, if OPENAI_BASE_URL is this server.",
        ),
        click.option("--model", default="", help="Of --openai: the model, as the server names it."),
        click.option(
            "--concurrency",
            type=click.IntRange(1, 1024),
            help="Of --openai: requests at a time. Default: 16.",
        ),
        click.option(
            "--lm-eval",
            metavar="BACKEND",
            help="Back end of lm-evaluation-harness, such as hf or vllm; with --model-args.",
        ),
        click.option(
            "--model-args", default="", help="Of --lm-eval: as lm_eval takes them, KEY=VALUE,..."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


ELSEWHERE_VALUES = ("openai", "model", "concurrency", "lm_eval", "model_args")
"""The names of the values of `elsewhere_options`."""


def described_on_server(
    url: str, model: str, *, concurrency: int | None, dtype: str | None, prompt: Any
) -> NewSubmission:
    """What the card of a model on a server says; the server is not asked yet.

    Raises:
        LiveBenchError: the address is none, or urllib3 is not installed.
    """
    from livebench.extras import need
    from livebench.language_models.completions import base_url
    from livebench.submissions.load import SERVER_ENTRY

    need("urllib3", "openai")
    arguments = {
        "url": base_url(url),
        "model": model,
        **({"concurrency": concurrency} if concurrency else {}),
        **({"dtype": dtype} if dtype else {}),
        **({"prompt": prompt} if prompt else {}),
    }
    name = Path(model).name or model
    about = f"{name} on a server: the comment is the next line of a prompt."
    return _new(f"{name} on a server", about, SERVER_ENTRY, arguments)


def described_by_lm_eval(
    backend: str, model_args: str, *, device: str, dtype: str | None, prompt: Any
) -> NewSubmission:
    """What the card of a back end of lm-evaluation-harness says: `dtype` is one of its arguments.

    Raises:
        click.UsageError: the arguments name another dtype or another device.
        LiveBenchError: lm_eval is not installed, an argument is a secret, or the back end cannot be told
            a device.
    """
    from livebench.extras import need
    from livebench.language_models.lm_eval_scorer import (
        arguments_of,
        refuse_device,
        refuse_secrets,
    )

    need("lm_eval", "lm-eval")
    refuse_secrets(model_args)
    given = arguments_of(model_args)
    if device != "auto":
        if "device" in given:
            raise click.UsageError("--device and device= in --model-args: give one of them")
        refuse_device(backend)
    named = _SAME_DTYPE.get(given.get("dtype", ""), given.get("dtype", ""))
    if dtype and named and named != dtype:
        raise click.UsageError(f"--dtype {dtype}, and dtype={given['dtype']} in --model-args")
    if dtype and not named:
        model_args = f"{model_args},dtype={dtype}".removeprefix(",")
    arguments = {
        "model": backend,
        "model_args": model_args,
        **({"device": device} if device != "auto" else {}),
        **({"prompt": prompt} if prompt else {}),
    }
    path = next((given[key] for key in _NAMED_BY if given.get(key)), "")
    name = f"{Path(path).name} by lm-eval {backend}".removeprefix(" by ")
    computed = dtype or named
    name = f"{name} {computed}" if computed not in ("", "auto", "float32") else name
    about = f"{name}: the comment is the next line of a prompt."
    return _new(name, about, _LM_EVAL_ENTRY, arguments)


def _new(name: str, about: str, entry: str, arguments: Mapping[str, Any]) -> NewSubmission:
    from livebench.review.scaffold import NewSubmission

    return NewSubmission(
        name=name,
        authors=["unknown"],
        description=about,
        settings=["video", "comments", "both"],
        entry=entry,
        arguments=arguments,
        facts={"score": "pmi", "training_data": "other"},
    )
