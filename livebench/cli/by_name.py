"""Models by name: `--hf NAME_OR_PATH`, and those computed elsewhere, make the folder of a submission
that has a card and no code."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livebench.cli.elsewhere import (
    ELSEWHERE_VALUES,
    described_by_lm_eval,
    described_on_server,
    elsewhere_options,
)
from livebench.cli.options import PATH, SUBMISSIONS, Decorator
from livebench.errors import LiveBenchError

if TYPE_CHECKING:
    from livebench.review.scaffold import NewSubmission

_ENTRY = "livebench.language_models.language_model:LanguageModel"
_FLOAT32 = "float32"

_HF_ALONE = {"revision": "", "batch": 0, "chat": None}
"""What options that only --hf has are where they are not given."""

MODEL_VALUES = ("hf", *_HF_ALONE, "device", "dtype", "prompt_file", *ELSEWHERE_VALUES)
"""The names of the values of `model_options`."""


class Batch(click.ParamType):
    """Tokens computed at once, or `auto`, which is 0."""

    name = "auto|tokens"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == "auto" or isinstance(value, int):
            return 0 if value == "auto" else value
        if not str(value).isdecimal() or not int(value):
            self.fail(f"{value!r} is neither auto nor a number of tokens", param, ctx)
        return int(value)


def model_options(command: Callable[..., None]) -> Callable[..., None]:
    """A language model by its name, and where and how it is computed."""
    options: tuple[Decorator, ...] = (
        click.option(
            "--hf",
            metavar="NAME_OR_PATH",
            help="Language model of transformers, which may see pictures: a name on the Hugging Face "
            "hub, a folder, or a GGUF file (docs/language-models.md).",
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
            help="What the model computes in. Default: float32; of a server, not known; of a back end "
            "of lm-eval, its own.",
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
    command = elsewhere_options(command)
    for option in reversed(options):
        command = option(command)
    return command


def named_submission(
    out: Path | None, values: Mapping[str, Any], said: Mapping[str, Any] | None = None
) -> Path | None:
    """The folder of a model's submission, written if it is not there; a model of transformers is fetched
    first, in the revision of the folder if there is one. None if no option names a model.

    Args:
        out: the folder; by default submissions/NAME, with the number format if not float32.
        values: those of `model_options`.
        said: fields of `NewSubmission` that the user gave.

    Raises:
        LiveBenchError: the model cannot be found, or the folder is another submission.
    """
    from livebench.review.scaffold import folder_name, write_submission
    from livebench.submissions.load import Submission

    hf, name = values["hf"], (said or {}).get("name")
    if hf and not values["revision"]:
        known = out or SUBMISSIONS / folder_name(name or _name_of(hf, values["dtype"]))
        values = {**values, "revision": _revision_in(known, hf)}
    new = _described(values)
    if new is None:
        return None
    new = replace(new, **(said or {}))
    path = out or SUBMISSIONS / folder_name(new.name)
    if not path.exists():
        return write_submission(path, new, datetime.datetime.now(datetime.UTC).date())
    submission = Submission(path)
    (run, *others) = submission.card.runs
    if others or submission.card.entry != new.entry:
        what = "is there already, and is another submission"
        raise LiveBenchError(path, what, "give --out, another folder")
    names = sorted({*run.arguments, *new.arguments})
    other = [name for name in names if run.arguments.get(name) != new.arguments.get(name)]
    if other:
        what = f"is there already, with another {' and another '.join(other)}"
        raise LiveBenchError(path, what, "give the same, or --out, another folder")
    return path


def _revision_in(path: Path, hf: str) -> str:
    """The revision of a model that a folder is the submission of; empty if it is of none."""
    from livebench.submissions.load import Submission

    if not path.is_dir():
        return ""
    with suppress(LiveBenchError):
        for run in Submission(path).card.runs:
            if run.arguments.get("model") == hf:
                return str(run.arguments.get("revision", ""))
    return ""


def _name_of(hf: str, dtype: str | None) -> str:
    name = Path(hf).name.removesuffix(".gguf")
    return name if dtype in {None, _FLOAT32} else f"{name} {dtype}"


def _described(values: Mapping[str, Any]) -> NewSubmission | None:
    """What the card of the model that the options name says; None if they name none."""
    import msgspec

    from livebench.language_models.prompt import read_prompt

    named = [f"--{name.replace('_', '-')}" for name in ("hf", "openai", "lm_eval") if values[name]]
    if len(named) > 1:
        raise click.UsageError(f"{' and '.join(named)} each name a model: give one of them")
    for name, owner in (
        *((name, "hf") for name in _HF_ALONE),
        *((name, "openai") for name in ("model", "concurrency")),
        ("model_args", "lm_eval"),
    ):
        if not values[owner] and values[name] not in (_HF_ALONE.get(name, ""), None):
            options = (f"--{one.replace('_', '-')}" for one in (name, owner))
            raise click.UsageError("{} belongs to {}".format(*options))
    elsewhere = {"device": "auto", "dtype": None, "prompt_file": None}
    for name, default in elsewhere.items():
        if not named and values[name] != default:
            option = f"--{name.removesuffix('_file')}"
            raise click.UsageError(f"{option} belongs to --hf, --openai and --lm-eval")
    if values["openai"] and values["device"] != "auto":
        raise click.UsageError("--device does nothing with --openai: the server has its own")
    file = values["prompt_file"]
    prompt = msgspec.to_builtins(read_prompt(file).record) if file else None
    how = {"device": values["device"], "dtype": values["dtype"] or _FLOAT32}
    if values["hf"]:
        own = {name: values[name] for name in _HF_ALONE}
        return _described_hf(values["hf"], prompt=prompt, **own, **how)
    if values["openai"]:
        if not values["model"]:
            raise click.UsageError("--openai needs --model, as the server names it")
        return described_on_server(
            values["openai"],
            values["model"],
            concurrency=values["concurrency"],
            dtype=values["dtype"],
            prompt=prompt,
        )
    if values["lm_eval"]:
        return described_by_lm_eval(
            values["lm_eval"],
            values["model_args"],
            device=values["device"],
            dtype=values["dtype"],
            prompt=prompt,
        )
    return None


def _described_hf(
    hf: str,
    *,
    revision: str,
    device: str,
    dtype: str,
    batch: int,
    prompt: dict[str, Any] | None,
    chat: bool | None,
) -> NewSubmission:
    """What the card of a model of transformers says."""
    from livebench.extras import need
    from livebench.language_models.loading import device_of, sees_pictures
    from livebench.language_models.weights import EXTRA, PACKAGE, find_weights
    from livebench.review.scaffold import NewSubmission
    from livebench.scoring.plan import VISION_ENTRY

    need("transformers", EXTRA)
    device_of(device)
    weights = find_weights(hf, revision, download=True)
    arguments: Mapping[str, Any] = {
        "model": hf if weights.revision or ":" in hf else str(Path(hf).expanduser().absolute()),
        **{name: value for name, value in weights.identity(hf).items() if value},
        "dtype": dtype,
        **({"device": device} if device != "auto" else {}),
        **({"batch": batch} if batch else {}),
        **({"chat": chat} if chat is not None else {}),
        **({"prompt": prompt} if prompt else {}),
    }
    repository = "/".join(hf.split("/")[:2]) if weights.revision else ""
    is_published = bool(repository) or hf.startswith(PACKAGE)
    name = Path(hf).name.removesuffix(".gguf")
    sees = sees_pictures(weights)
    kind = "vision-language" if sees else "language"
    return NewSubmission(
        name=_name_of(hf, dtype),
        authors=[repository.partition("/")[0] or "unknown"],
        description=f"{name}, a {kind} model, as it is: the comment is the next line of a prompt.",
        settings=["video", "comments", "both"],
        url=f"https://huggingface.co/{repository}" if repository else "",
        entry=VISION_ENTRY if sees else _ENTRY,
        arguments=arguments,
        # What is in a folder may be trained on anything, and may be nobody else's.
        facts={
            "score": "pmi",
            **({"weights": "open", "training_data": "other"} if is_published else {}),
        },
    )
