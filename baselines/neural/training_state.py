"""The state of a training run, saved so that it can be resumed, and its log for human readers."""

from __future__ import annotations

import csv
import io
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open

from livebench.errors import LiveBenchError
from livebench.figures import new_figure, save_figure
from livebench.files import new_file, unreadable, write_text
from livebench.training.job import TrainingManifest

STATE_FILE = "state.safetensors"


@dataclass
class Progress:
    """The progress of a training run.

    Attributes:
        epoch, step: the next one, from 0.
        comments: processed so far, over all epochs.
        loss, seen, words: negative log-likelihood, comments, and words with ends of this epoch.
        seconds: of training, interruptions not counted.
        best, best_epoch: best log-likelihood per dev comment, and its epoch (from 1).
    """

    epoch: int = 0
    step: int = 0
    comments: int = 0
    loss: float = 0.0
    seen: int = 0
    words: int = 0
    seconds: float = 0.0
    best: float | None = None
    best_epoch: int = 0
    _since: float = field(default_factory=time.monotonic, repr=False)

    @property
    def mean_loss(self) -> float:
        """Negative log-likelihood per word in this epoch."""
        return self.loss / max(1, self.words)

    def add(self, loss: float, seen: int, words: int, comments: int) -> None:
        """Count a step: `comments` over all processes, the rest in this one."""
        now = time.monotonic()
        self.seconds += now - self._since
        self._since = now
        self.loss += loss
        self.seen += seen
        self.words += words
        self.comments += comments

    def forget(self) -> None:
        """Reset the counts for a new epoch."""
        self.loss, self.seen, self.words = 0.0, 0, 0

    def saved(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_since"}


class Log:
    """The training log, one row per epoch."""

    COLUMNS = (
        "epoch",
        "comments",
        "seconds",
        "comments_per_second",
        "train_loss_per_word",
        "dev_log_likelihood",
        "dev_loss_per_word",
        "best",
    )

    def __init__(self, rows: list[list[Any]] | None = None) -> None:
        self.rows = rows or []

    def add(self, progress: Progress, dev: float, dev_word: float, best: bool) -> None:
        seconds = progress.seconds - (self.rows[-1][2] if self.rows else 0.0)
        comments = progress.comments - (self.rows[-1][1] if self.rows else 0)
        self.rows.append(
            [
                progress.epoch + 1,
                progress.comments,
                round(progress.seconds, 1),
                round(comments / max(1e-9, seconds)),
                round(progress.mean_loss, 4),
                round(dev, 4),
                round(-dev_word, 4),
                int(best),
            ]
        )

    def last(self) -> str:
        """The last row as a sentence."""
        row = dict(zip(self.COLUMNS, self.rows[-1], strict=True))
        return (
            f"epoch {row['epoch']}: loss a word {row['train_loss_per_word']:.3f}, dev "
            f"{row['dev_loss_per_word']:.3f}{' (best)' if row['best'] else ''}, "
            f"{row['comments_per_second']} comments a second"
        )

    def write(self, folder: Path) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.COLUMNS, *self.rows])
        write_text(folder / "log.csv", text.getvalue())

    def draw(self, folder: Path) -> None:
        """Write curve.png; raises LiveBenchError if matplotlib is not installed."""
        figure = new_figure()
        axes = figure.add_subplot()
        columns = dict(zip(self.COLUMNS, zip(*self.rows, strict=True), strict=True))
        for name, label in (("train_loss_per_word", "train"), ("dev_loss_per_word", "dev")):
            axes.plot(columns["epoch"], columns[name], marker="o", label=label)
        axes.set(xlabel="epoch", ylabel="negative log-likelihood a word")
        axes.legend()
        save_figure(figure, folder / "curve.png")


@dataclass
class TrainingState:
    """Everything that a step changes."""

    manifest: TrainingManifest
    progress: Progress
    log: list[list[Any]]
    weights: dict[str, torch.Tensor]
    optimizer: dict[str, Any]
    best: dict[str, torch.Tensor]
    random: list[torch.Tensor]


def write_state(folder: Path, state: TrainingState) -> None:
    """Write the state atomically."""
    tensors = {f"weights/{name}": value for name, value in state.weights.items()}
    tensors |= {f"best/{name}": value for name, value in state.best.items()}
    tensors |= {f"random/{rank}": value for rank, value in enumerate(state.random)}
    for number, values in state.optimizer["state"].items():
        tensors |= {f"optimizer/{number}/{name}": value for name, value in values.items()}
    about = {
        "manifest": msgspec.to_builtins(state.manifest),
        "progress": state.progress.saved(),
        "log": state.log,
        "groups": state.optimizer["param_groups"],
    }
    content = safetensors.torch.save(
        {name: value.detach().cpu().contiguous() for name, value in tensors.items()},
        {"about": msgspec.json.encode(about).decode()},
    )
    with new_file(folder / STATE_FILE) as file:
        file.write(content)


def read_state(folder: Path, manifest: TrainingManifest) -> TrainingState | None:
    """Read the state of an interrupted training run; None if there is none.

    Raises:
        LiveBenchError: it cannot be read, or belongs to another training run.
    """
    path = folder / STATE_FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            about = msgspec.json.decode(file.metadata()["about"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        begun = dict(about["manifest"])
    except (SafetensorError, OSError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise unreadable(path, error, fix="remove it to start over") from None
    asked = msgspec.to_builtins(manifest)
    changed = [name for name in asked if begun.get(name) != asked[name]]
    if changed:
        raise LiveBenchError(
            path,
            f"is the state of another training (changed: {', '.join(changed)})",
            "remove it to start over, or choose another --out",
        )
    try:
        return _state_of(manifest, about, tensors)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(path, error, fix="remove it to start over") from None


def _state_of(
    manifest: TrainingManifest, about: dict[str, Any], tensors: dict[str, torch.Tensor]
) -> TrainingState:
    parts: dict[str, dict[str, torch.Tensor]] = {"weights": {}, "best": {}, "random": {}}
    optimizer: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        part, _, rest = name.partition("/")
        if part == "optimizer":
            number, _, moment = rest.partition("/")
            optimizer.setdefault(int(number), {})[moment] = value
        else:
            parts[part][rest] = value
    return TrainingState(
        manifest,
        Progress(**about["progress"]),
        about["log"],
        parts["weights"],
        {"state": optimizer, "param_groups": about["groups"]},
        parts["best"],
        [parts["random"][str(rank)] for rank in range(len(parts["random"]))],
    )
