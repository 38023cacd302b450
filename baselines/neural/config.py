"""Settings of a training, read from baselines/configs/ by name, or from any TOML file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec
from livebench_baselines.neural.model import Size

from livebench.data.context import Positive
from livebench.errors import LiveBenchError
from livebench.records import parse_toml

_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Rate = Annotated[float, msgspec.Meta(gt=0)]


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of a training.

    Attributes:
        size: of the model.
        vocabulary: words kept, the most common ones of the training comments.
        max_words: a comment to be learned is cut after so many words (scoring cuts nothing).
        max_context_words: a surrounding comment is, in training and in scoring.
        batch: comments of a step; `epochs`: passes over the training comments.
        learning_rate: of Adam (beta .9 and .999, epsilon 1e-8); it rises over the first `warmup` of the
            training, and then stays (`decay = false`) or falls to 0, linearly.
        clip: largest norm of the gradient.
        drop_frames, drop_comments: share of moments that a model which takes both is shown without the
            one or the other, so that it knows what to do in the settings that lack it.
        dev_comments: at most so many comments of dev judge an epoch.
    """

    size: Size
    vocabulary: Positive
    max_words: Positive
    max_context_words: Positive
    batch: Positive
    epochs: Positive
    learning_rate: _Rate
    warmup: _Share
    decay: bool
    clip: _Rate
    drop_frames: _Share
    drop_comments: _Share
    dev_comments: Positive


def _bundled_configs() -> list[str]:
    folder = files("livebench_baselines") / "configs"
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )


def load_config(name: str) -> Config:
    """Read a bundled config by name, or any by the path of its TOML file.

    Raises:
        LiveBenchError: there is no such config, or a field of it is wrong.
    """
    if name in _bundled_configs():
        return parse_toml(
            Path(str(files("livebench_baselines") / "configs" / f"{name}.toml")), Config
        )
    if not name.endswith(".toml"):
        available = ", ".join(_bundled_configs())
        fix = f"available: {available}; or give the path of a .toml"
        raise LiveBenchError(f"config {name}", "not found", fix)
    return parse_toml(Path(name), Config)
