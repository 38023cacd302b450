"""A checkpoint: a folder with checkpoint.json, which names the other files by their hashes.

checkpoint.json       what the model is, and how it was made (`Checkpoint`)
weights.safetensors   its parameters
vocabulary.json       its words, the most common ones first
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import msgspec
import safetensors.torch
import torch
from livebench_baselines.neural.model import Size
from livebench_baselines.neural.vocabulary import Vocabulary
from safetensors import SafetensorError

from livebench.errors import LiveBenchError, one_line
from livebench.files import new_file, open_regular, unreadable
from livebench.records import parse_json
from livebench.training.job import TrainingManifest

CHECKPOINT_FILE = "checkpoint.json"
WEIGHTS_FILE, VOCABULARY_FILE = "weights.safetensors", "vocabulary.json"


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """checkpoint.json.

    Attributes:
        entry: "module:Class" of the scorer that loads it.
        max_context_words: surrounding comments are truncated to this many words.
        unseen_types: the number of words of the training comments outside the vocabulary, for which its
            `<unknown>` stands; None if it is not known, as for an imported model.
        training: how it was made; None for an imported model.
        outcome: how the training went, for human readers.
        files: sha256 of the other files, by name.
    """

    entry: str
    size: Size
    frame_width: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    max_context_words: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    unseen_types: Annotated[int, msgspec.Meta(ge=0)] | None = None
    training: TrainingManifest | None
    outcome: dict[str, Any]
    files: dict[str, str]


def write_checkpoint(
    folder: Path,
    about: Checkpoint,
    weights: dict[str, torch.Tensor],
    vocabulary: Vocabulary,
) -> Path:
    """Write a checkpoint, checkpoint.json last; return its path."""
    contents = {
        WEIGHTS_FILE: safetensors.torch.save({k: v.cpu().contiguous() for k, v in weights.items()}),
        VOCABULARY_FILE: msgspec.json.encode(vocabulary.words),
    }
    for name, content in contents.items():
        with new_file(folder / name) as file:
            file.write(content)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    about = msgspec.structs.replace(about, files=hashes, unseen_types=vocabulary.unseen_types)
    with new_file(folder / CHECKPOINT_FILE) as file:
        file.write(msgspec.json.format(msgspec.json.encode(about), indent=1) + b"\n")
    return folder / CHECKPOINT_FILE


def read_checkpoint(path: Path) -> tuple[Checkpoint, dict[str, torch.Tensor], Vocabulary]:
    """Read a checkpoint by its checkpoint.json.

    Raises:
        LiveBenchError: a file is missing, or is not the one that checkpoint.json names.
    """
    about = parse_json(path, Checkpoint)
    contents = {}
    for name in (WEIGHTS_FILE, VOCABULARY_FILE):
        file = path.parent / name
        try:
            with open_regular(file) as opened:
                contents[name] = opened.read()
        except OSError as error:
            raise unreadable(file, error) from None
        if hashlib.sha256(contents[name]).hexdigest() != about.files.get(name):
            raise LiveBenchError(file, f"is not the file that {path} names", "train again")
    try:
        weights = safetensors.torch.load(contents[WEIGHTS_FILE])
        words = msgspec.json.decode(contents[VOCABULARY_FILE], type=list[str])
        vocabulary = Vocabulary(words, about.unseen_types)
    # Also what safetensors makes of a type or a shape that torch does not have.
    except (SafetensorError, msgspec.DecodeError, ValueError, KeyError, RuntimeError) as error:
        raise unreadable(path.parent, error, fix="train again") from None
    except (TypeError, OverflowError, RecursionError, AttributeError, MemoryError) as error:
        raise unreadable(path.parent, error, fix="train again") from None
    for name, value in weights.items():
        if not torch.isfinite(value).all():
            what = f"parameter {one_line(name)} is not finite"
            raise LiveBenchError(path.parent / WEIGHTS_FILE, what, "train again")
    return about, weights, vocabulary
