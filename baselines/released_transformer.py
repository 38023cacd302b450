"""The Unified Transformer of LiveBot's released code (github.com/lancopku/livebot, 866be2f).

A variant of `livebench_baselines.unified_transformer` for checkpoints trained with that code. It follows
that code wherever the two differ:

- Layers are normalised by (x - mean) / (unbiased standard deviation + 1e-6).
- Frame vectors are not projected and get no position encoding; they come nearest first (t, t-1, t+1,
  t-2, t+2).
- The surrounding comments, nearest first and joined by separators, are truncated to 98 words, and padded
  to 100 positions with their begin and end marks. Padding is attended to.
- A candidate is truncated to 18 words; the end mark follows all the same. Its padding comes last and is
  never attended to, so candidates can share prefixes as in the other models.
- Any white space separates words, so it never is a word.
- Without video, the 5 frames are zeros (one gives the same: attention over equal rows returns that row).
  Without comments, the words are a begin mark, 100 times padding, an end mark.

One difference remains: in the released code, a moment that is shown its comments but has none is a begin
mark, an end mark, and 98 times padding. Here a scorer is not told why there are none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from livebench_baselines.neural.checkpoint import CHECKPOINT_FILE, Checkpoint, write_checkpoint
from livebench_baselines.neural.inputs import Inputs, padded
from livebench_baselines.neural.model import Size
from livebench_baselines.neural.neural_scorer import NeuralScorer, Unknown
from livebench_baselines.neural.vocabulary import BEGIN, END, PAD, SEPARATOR, Vocabulary
from livebench_baselines.unified_transformer import Encoded, UnifiedTransformerModel
from torch import nn

from livebench.errors import LiveBenchError
from livebench.files import new_folder, unreadable
from livebench.records import parse_json
from livebench.scoring.scorer import Comment, VideoContext

_FRAMES = 5
_CANDIDATE_WORDS, _CONTEXT_WORDS = 18, 98
"""20 and 100 with begin and end mark."""

_SPECIAL_WORDS = ("<PAD>", "<BOS>", "<EOS>", "<UNK>", "<&&&>")
"""Their names in the released vocabulary, in the order of their numbers."""


class ReleasedNorm(nn.Module):
    """Layer normalisation by the unbiased standard deviation, with epsilon added to it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        deviation, mean = torch.std_mean(rows, dim=-1, keepdim=True)
        return self.weight * (rows - mean) / (deviation + 1e-6) + self.bias


class ReleasedTransformerModel(UnifiedTransformerModel):
    """The model of the released code; see the module docstring."""

    norm = ReleasedNorm

    def __init__(self, size: Size, words: int, frame_width: int) -> None:
        if frame_width != size.width:
            raise LiveBenchError(
                "frames",
                f"the vectors are {frame_width} wide, and the released model, which does not project "
                f"them, {size.width}",
            )
        super().__init__(size, words, frame_width)
        self.project = nn.Identity()

    def encode(self, inputs: Inputs) -> Encoded:
        # The mask only covers padding between samples of unequal length: their own padding is seen.
        words, mask = padded([context_row(comments) for comments in inputs.comments], inputs.device)
        return self.encode_tensors(inputs.frames, inputs.frame_mask, words, mask)


def context_row(comments: Sequence[Sequence[int]]) -> list[int]:
    """The surrounding comments of a moment as one sequence: 100 numbers, 102 if there are none."""
    if not comments:
        return [BEGIN, *[PAD] * (_CONTEXT_WORDS + 2), END]
    words = list(comments[0])
    for comment in comments[1:]:
        words += [SEPARATOR, *comment]
    words = words[:_CONTEXT_WORDS]
    return [BEGIN, *words, END, *[PAD] * (_CONTEXT_WORDS - len(words))]


class ReleasedTransformer(NeuralScorer):
    """log p(candidate | frames, surrounding comments), as the released code computes it."""

    model = ReleasedTransformerModel

    def __init__(self, checkpoint: Path, device: str = "cpu", unknown: Unknown = "one") -> None:
        super().__init__(checkpoint, device, unknown)

    train = None  # type: ignore[assignment]  # only for checkpoints trained elsewhere

    def words(self, candidate: Comment) -> list[int]:
        return self._encode(candidate)[:_CANDIDATE_WORDS]

    def surrounding(self, comments: Sequence[Comment]) -> list[list[int]]:
        return [self._encode(comment) for comment in comments]

    def frames(self, video_ctx: VideoContext) -> np.ndarray:
        return self.checked(video_ctx.frames)[:_FRAMES]

    def _encode(self, comment: Comment) -> list[int]:
        words = comment.tokens.split()
        return self.vocabulary.encode(" ".join(words)) if words else []

    @classmethod
    def import_checkpoint(
        cls, file: Path, *, entry: str, vocabulary: Path, out: Path, heads: int = 8
    ) -> Path:
        """Convert a state dict saved by the released code to a checkpoint.

        Args:
            file: written by its `torch.save`.
            entry: "module:Class" of this class.
            vocabulary: its dicts-30000.json.
            out: the new folder of the checkpoint.
            heads: number of attention heads.

        Returns:
            The checkpoint.json.

        Raises:
            LiveBenchError: a file cannot be read, is not of the released Unified Transformer, or does
                not match the other; or `out` exists.
        """
        content, state = _read_state(Path(file))
        words = _read_vocabulary(Path(vocabulary))
        size = _size(Path(file), state, heads)
        if len(words) != len(state[_EMBEDDING]):
            raise LiveBenchError(
                vocabulary,
                f"has {len(words)} words, and the embedding of {file} has {len(state[_EMBEDDING])}",
                "give the vocabulary that it was trained with",
            )
        with torch.device("meta"):
            shapes = ReleasedTransformerModel(size, len(words), size.width).state_dict()
        weights = _renamed(Path(file), state, shapes)
        about = Checkpoint(
            entry=entry,
            size=size,
            frame_width=size.width,
            max_context_words=_CONTEXT_WORDS,
            training=None,
            outcome={
                "imported": Path(file).name,
                "imported_sha256": hashlib.sha256(content).hexdigest(),
                "parameters": sum(value.numel() for value in weights.values()),
            },
            files={},
        )
        with new_folder(out) as folder:
            write_checkpoint(folder, about, weights, words)
        return Path(out) / CHECKPOINT_FILE


_EMBEDDING = "embedding.0.lut.weight"
_SINUSOIDS = "embedding.1.pe"
"""Sinusoids, saved along with the parameters."""
_WIDENING = "video_encoder.layers.0.feed_forward.w_1.weight"

_STACKS = {"video": "video_encoder", "text": "text_encoder", "decoder": "comment_decoder"}
_ATTENTIONS = ("self_attn", "video_attn", "text_attn")
_LINEAR_MAPS = ("query", "key", "value", "out")
_FEED_FORWARD = {"0": "w_1", "3": "w_2"}
_NORM = {"weight": "a_2", "bias": "b_2"}


def released_name(name: str) -> str:
    """What a parameter of `ReleasedTransformerModel` is called in the released code."""
    match name.split("."):
        case ["embedding", parameter]:
            return f"embedding.0.lut.{parameter}"
        case ["output", parameter]:
            return f"output_layer.{parameter}"
        case [norm, parameter]:
            return f"{_STACKS[norm.removesuffix('_norm')]}.norm.{_NORM[parameter]}"
        case [stack, block, "attentions", place, linear, parameter]:
            part = f"{_ATTENTIONS[int(place)]}.linears.{_LINEAR_MAPS.index(linear)}.{parameter}"
        case [stack, block, "feed_forward", place, parameter]:
            part = f"feed_forward.{_FEED_FORWARD[place]}.{parameter}"
        case [stack, block, "norms", place, parameter]:
            part = f"sublayer.{place}.norm.{_NORM[parameter]}"
        case _:
            raise ValueError(f"not a parameter of the released model: {name}")
    return f"{_STACKS[stack]}.layers.{block}.{part}"


_STATE_DICT = "save the state_dict of the model alone"
_OTHER_MODEL = "give a checkpoint of the released Unified Transformer"


def _read_state(file: Path) -> tuple[bytes, dict[str, torch.Tensor]]:
    """The bytes of a file, and the tensors that torch.save wrote to it, by name."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise unreadable(file, error) from None
    try:
        state: Any = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises all sorts of exceptions here
        code = re.search(r"GLOBAL ([\w.]+)", str(error))
        if code:
            what = f"holds more than tensors ({code[1]}), and is not read: it could run anything"
            raise LiveBenchError(file, what, _STATE_DICT) from None
        raise LiveBenchError(
            file,
            "is not a checkpoint (torch.load cannot read it)",
            "give what the released code saved as checkpoint.pt",
        ) from None
    if not isinstance(state, dict):
        what = f"holds a {type(state).__name__} instead of a model's tensors by name"
        raise LiveBenchError(file, what, _STATE_DICT)
    for name, value in state.items():
        if not isinstance(value, torch.Tensor):
            what = f"holds more than tensors ({name}: {type(value).__name__})"
            raise LiveBenchError(file, what, _STATE_DICT)
    return content, state


class _ReleasedVocabulary(msgspec.Struct):
    word2id: dict[str, int]


def _read_vocabulary(file: Path) -> Vocabulary:
    numbers = parse_json(file, _ReleasedVocabulary).word2id
    words = sorted(numbers, key=lambda word: numbers[word])
    if [numbers[word] for word in words] != list(range(len(words))):
        raise LiveBenchError(file, "the numbers are not 0, 1, 2, ..., each once", place="word2id")
    if tuple(words[: len(_SPECIAL_WORDS)]) != _SPECIAL_WORDS:
        first = ", ".join(_SPECIAL_WORDS)
        raise LiveBenchError(file, f"the first words are not {first}, in this order")
    return Vocabulary(words[len(_SPECIAL_WORDS) :])


def _size(file: Path, state: dict[str, torch.Tensor], heads: int) -> Size:
    for name in (_EMBEDDING, _WIDENING):
        if name not in state:
            raise LiveBenchError(file, f"lacks {name}", _OTHER_MODEL)
        if state[name].dim() != 2:
            raise LiveBenchError(file, f"{name} is not a matrix", _OTHER_MODEL)
    width, feed_forward = state[_EMBEDDING].shape[1], state[_WIDENING].shape[0]
    if width % heads:
        raise LiveBenchError(
            file,
            f"is {width} wide, which {heads} heads do not divide",
            "give the --heads (-n_head) that it was trained with",
        )
    layers = (re.match(r"\w+\.layers\.(\d+)\.", name) for name in state)
    blocks = 1 + max(int(layer[1]) for layer in layers if layer)
    return Size(width, blocks, heads, feed_forward)


def _renamed(
    file: Path, state: dict[str, torch.Tensor], shapes: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """The tensors under the names of `ReleasedTransformerModel`, float32."""
    names = {released_name(name): name for name in shapes}
    for name, ours in names.items():
        if name not in state:
            raise LiveBenchError(file, f"lacks {name}", _OTHER_MODEL)
        if state[name].shape != shapes[ours].shape:
            shape, expected = tuple(state[name].shape), tuple(shapes[ours].shape)
            what = f"{name} has the shape {shape} instead of {expected}"
            raise LiveBenchError(file, what, _OTHER_MODEL)
    surplus = next((name for name in state if name not in names and name != _SINUSOIDS), None)
    if surplus is not None:
        what = f"holds {surplus}, which the released Unified Transformer does not have"
        raise LiveBenchError(file, what, _OTHER_MODEL)
    return {ours: state[name].float() for name, ours in names.items()}
