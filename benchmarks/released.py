"""The released way to score and to learn, on the parameters of the project's models.

As the paper's code does it: every comment is padded to 20 words and the context to 100; a candidate has
its own copy of the encoded context, of which keys and values are made again; the softmax is over all
words at all places at once. Parameters, layers and mathematics are those of `baselines` (padding of the
context is masked, which the released code omits), so the numbers must be the same.
"""

from __future__ import annotations

import torch
from livebench_baselines.fusional_rnn import FusionalRNNModel
from livebench_baselines.neural.inputs import Inputs
from livebench_baselines.neural.transformer import sinusoids
from livebench_baselines.neural.vocabulary import BEGIN, END, PAD
from livebench_baselines.unified_transformer import UnifiedTransformerModel
from torch import nn
from torch.nn import functional

COMMENT, CONTEXT = 20, 100
"""Words that comments, and the context of a moment, are padded to, marks included."""


class PaddedInputs(Inputs):
    """`Inputs` whose concatenated context is padded to `CONTEXT`."""

    def concatenated(self) -> tuple[torch.Tensor, torch.Tensor]:
        words, mask = super().concatenated()
        missing = (0, max(0, CONTEXT - words.shape[1]))
        return functional.pad(words, missing, value=PAD), functional.pad(mask, missing)

    def separate(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        words, mask, present = super().separate()
        missing = (0, max(0, COMMENT - words.shape[1]))
        return functional.pad(words, missing, value=PAD), functional.pad(mask, missing), present


def padded_comments(comments: list[list[int]]) -> torch.Tensor:
    """int64 [comments, COMMENT]: begin, words, end, padding."""
    rows = torch.full((len(comments), COMMENT), PAD)
    for row, words in zip(rows, comments, strict=True):
        marked = [BEGIN, *words[: COMMENT - 2], END]
        row[: len(marked)] = torch.tensor(marked)
    return rows


def losses(model: nn.Module, inputs: Inputs, comments: torch.Tensor) -> torch.Tensor:
    """Minus the log-likelihood of each comment.

    Args:
        inputs: one moment of all comments, or one a comment.
        comments: int64 [comments, COMMENT].

    Returns:
        float32 [comments].
    """
    hidden = DECODERS[type(model)](model, inputs, comments[:, :-1])
    logits = model.output(model.dropout(hidden))
    loss = functional.cross_entropy(
        logits.flatten(0, 1), comments[:, 1:].flatten(), ignore_index=PAD, reduction="none"
    )
    return loss.view(len(comments), -1).sum(1)


def _transformer(
    model: UnifiedTransformerModel, inputs: Inputs, words: torch.Tensor
) -> torch.Tensor:
    encoded = model.encode(inputs)
    copies = len(words) // len(encoded.video)
    frames, frame_mask, text, text_mask = (one.repeat_interleave(copies, 0) for one in encoded)
    count, places = words.shape
    rows = model.dropout(model.embedding(words) + sinusoids(places, model.size.width, words.device))
    causal = torch.ones(places, places, dtype=torch.bool).tril().expand(count, 1, -1, -1)
    for block in model.decoder:
        own = block.attentions[0]
        first = block.norms[0](rows)
        keys, values, _ = own.memory(first, None)
        rows = rows + block.dropout(own(first, (keys, values, causal)))
        for number, memory in enumerate(((frames, frame_mask), (text, text_mask)), 1):
            attention = block.attentions[number]
            found = attention(block.norms[number](rows), attention.memory(*memory))
            rows = rows + block.dropout(found)
        rows = rows + block.dropout(block.feed_forward(block.norms[-1](rows)))
    return model.decoder_norm(rows)


def _rnn(model: FusionalRNNModel, inputs: Inputs, words: torch.Tensor) -> torch.Tensor:
    encoded = model.encode(inputs)
    copies = len(words) // len(encoded.video)
    *memory, start = encoded
    video, video_mask, text, text_mask = (one.repeat_interleave(copies, 0) for one in memory)
    hidden, cell = (one.repeat_interleave(copies, 0) for one in start)
    attend = model.attention.prepare((video, video_mask), (text, text_mask))
    rows = torch.arange(len(words))
    vectors = model.dropout(model.embedding(words))
    found = []
    for place in range(words.shape[1]):
        hidden, cell = model.decoder.cell(vectors[:, place], (hidden, cell))
        hidden = attend(hidden, rows)
        found.append(hidden)
    return torch.stack(found, 1)


DECODERS = {UnifiedTransformerModel: _transformer, FusionalRNNModel: _rnn}
