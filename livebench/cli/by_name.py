"""Models by name: `--hf NAME_OR_PATH` makes the folder of a submission that has a card and no code."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livebench.cli.options import PATH, SUBMISSIONS, Decorator
from livebench.errors import LiveBenchError

if TYPE_CHECKING:
    from livebench.review.scaffold import NewSubmission

_ENTRY = "livebench.language_models.language_model:LanguageModel"
_FLOAT32 = "float32"

HF_VALUES = ("revision", "device", "dtype", "batch", "prompt_file", "chat")
"""The names of the values of `hf_options`, without the model."""


class Batch(click.ParamType):
    """Tokens computed at once, or `auto`, which is 0."""

    name = "auto|tokens"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == "auto" or isinstance(value, int):
            return 0 if value == "auto" else value
        if not str(value).isdecimal() or not int(value):
            self.fail(f"{value!r} is neither auto nor a number of tokens", param, ctx)
        return int(value)


def hf_options(command: Callable[..., None]) -> Callable[..., None]:
    """A language model of transformers, and how it is computed."""
    options: tuple[Decorator, ...] = (
        click.option(
            "--hf",
            metavar="NAME_OR_PATH",
            help="Causal language model of transformers: a name on the Hugging Face hub, a folder, or a "
            "GGUF file (docs/language-models.md).",
        ),
        click.option(
            "--revision", default="", help="Of the model on the hub. Default: the newest."
        ),
        click.option(
            "--device", default="auto", show_default=True, help="cpu or cuda, as torch names it."
        ),
        click.option(
            "--dtype",
            type=click.Choice([_FLOAT32, "bfloat16", "float16"]),
            default=_FLOAT32,
            show_default=True,
            help="What the model computes in.",
        ),
        click.option(
            "--batch",
            type=Batch(),
            default="auto",
            show_default=True,
            help="Tokens computed at once; no score depends on it.",
        ),
        click.option(
            "--prompt",
            "prompt_file",
            type=PATH,
            help="A prompt of your own, as TOML. Default: the one that ships with LiveBench.",
        ),
        click.option(
            "--chat/--no-chat",
            default=None,
            help="Whether the prompt goes through the chat template. Default: if there is one.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def hf_submission(out: Path | None, hf: str, **options: Any) -> Path:
    """The folder of a model's submission, written if it is not there; the model is fetched first.

    Args:
        out: the folder; by default submissions/NAME, with the number format if not float32.
        options: the values of `hf_options`.

    Raises:
        LiveBenchError: the model cannot be found, or the folder is another submission.
    """
    from livebench.review.scaffold import folder_name, write_submission
    from livebench.submissions.load import Submission

    new = described(hf, **options)
    path = out or SUBMISSIONS / folder_name(new.name)
    if not path.exists():
        return write_submission(path, new, datetime.datetime.now(datetime.UTC).date())
    submission = Submission(path)
    (run, *others) = submission.card.runs
    if others or submission.card.entry != _ENTRY or run.arguments != new.arguments:
        what = "is there already, with another model or other options than these"
        raise LiveBenchError(path, what, "give --out, another folder")
    return path


def described(
    hf: str,
    *,
    revision: str,
    device: str,
    dtype: str,
    batch: int,
    prompt_file: Path | None,
    chat: bool | None,
) -> NewSubmission:
    """What the card of a model says."""
    import msgspec

    from livebench.extras import need
    from livebench.language_models.loading import device_of
    from livebench.language_models.prompt import read_prompt
    from livebench.language_models.weights import EXTRA, find_weights
    from livebench.review.scaffold import NewSubmission

    need("transformers", EXTRA)
    device_of(device)
    weights = find_weights(hf, revision, download=True)
    arguments: Mapping[str, Any] = {
        "model": hf if weights.revision or ":" in hf else str(Path(hf).expanduser().absolute()),
        "weights_sha256": weights.sha256(),
        "dtype": dtype,
        **({"revision": weights.revision} if weights.revision else {}),
        **({"device": device} if device != "auto" else {}),
        **({"batch": batch} if batch else {}),
        **({"chat": chat} if chat is not None else {}),
        **({"prompt": msgspec.to_builtins(read_prompt(prompt_file).record)} if prompt_file else {}),
    }
    name = Path(hf).name.removesuffix(".gguf")
    owner = hf.partition("/")[0] if weights.revision else ""
    return NewSubmission(
        name=name if dtype == _FLOAT32 else f"{name} {dtype}",
        authors=[owner or "unknown"],
        description=f"{name}, a language model, as it is: the comment is the next line of a prompt.",
        settings=["video", "comments", "both"],
        url=f"https://huggingface.co/{hf}" if weights.revision else "",
        entry=_ENTRY,
        arguments=arguments,
        facts={"score": "pmi", "weights": "open", "training_data": "other"},
    )
