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
        vocabulary: size of the vocabulary, the most common words of the training comments.
        max_words: training comments are truncated to this many words (scoring does not truncate).
        max_context_words: surrounding comments are, in training and in scoring.
        batch: comments per step; `epochs`: passes over the training comments.
        learning_rate: of Adam (beta .9 and .999, epsilon 1e-8); it rises linearly over the first
            `warmup` share of the training, then stays constant (`decay = false`) or falls linearly to 0.
        clip: maximum norm of the gradient.
        drop_frames, drop_comments: share of moments whose frames or comments are dropped in training, so
            that a model can handle the settings that lack them: `video`, `comments`, `blind`.
        dev_comments: maximum number of dev comments used to evaluate an epoch.
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
