"""The base of all models: encoders of a moment, a decoder over prefixes, an output layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import numpy as np
import torch
from livebench_baselines.neural.forest import Forest
from livebench_baselines.neural.inputs import Inputs
from livebench_baselines.neural.likelihood import edge_log_probs, log_likelihood
from livebench_baselines.neural.projection import Projection
from torch import nn

Input = Literal["frames", "comments"]


_Extent = Annotated[int, msgspec.Meta(ge=1, le=65_536)]


class Size(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The size of a model; the defaults are the paper's where it gives them, else the released code's.

    `width` of embeddings and of all hidden states; `blocks`, `heads`, `feed_forward` of a transformer.
    """

    width: _Extent = 512
    blocks: Annotated[int, msgspec.Meta(ge=1, le=200)] = 6
    heads: _Extent = 8
    feed_forward: _Extent = 2048
    dropout: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.1


class CommentModel(nn.Module, ABC):
    """p(comment | moment).

    Args:
        size: of the model.
        words: size of the vocabulary, special words included.
        frame_width: of the frame vectors; they are projected to `size.width`.

    Attributes:
        uses: the inputs that it uses; it is given no others.
        standardises_frames: whether it standardises frames before projecting them.
        copies: whether it tells words outside the vocabulary apart (`OpenVocabulary`).
        embedding: shared by text encoder and decoder; the output layer has its own weights.
    """

    uses: ClassVar[frozenset[Input]] = frozenset({"frames", "comments"})
    standardises_frames: ClassVar[bool] = True
    copies: ClassVar[bool] = False
    project: nn.Module

    def __init__(self, size: Size, words: int, frame_width: int) -> None:
        super().__init__()
        self.size, self.frame_width = size, frame_width
        self.embedding = nn.Embedding(words, size.width)
        self.dropout = nn.Dropout(size.dropout)
        self.output = nn.Linear(size.width, words)
        if "frames" in self.uses:
            projection = Projection if self.standardises_frames else nn.Linear
            self.project = projection(frame_width, size.width)

    def begin_with(
        self,
        log_frequencies: np.ndarray,
        frame_statistics: tuple[np.ndarray, np.ndarray] | None = None,
        unseen_types: int | None = None,
    ) -> None:
        """Initialise from statistics of the training data.

        Training then starts from the unigram distribution, and learns about moments from the first step
        on; with a zero bias, the first epochs would go into learning the bias.

        Args:
            log_frequencies: of the words, float32 [words]; becomes the output layer's bias.
            frame_statistics: mean and standard deviation of each dimension of a frame vector, each
                [frame width]; used by a model that standardises frames.
            unseen_types: the number of words of the training comments outside the vocabulary; used by a
                model that copies.
        """
        with torch.no_grad():
            self.output.bias.copy_(torch.from_numpy(log_frequencies))
        if frame_statistics is not None and isinstance(self.project, Projection):
            self.project.begin_with(*frame_statistics)

    def share_unknown(self, cost: float) -> None:
        """In a model that copies, subtract this from log p(<unknown>) of each word it stands for."""
        raise NotImplementedError

    @abstractmethod
    def encode(self, inputs: Inputs) -> Any:
        """The encoded moments, computed once for all their comments."""

    @abstractmethod
    def decode(self, memory: Any, forest: Forest) -> torch.Tensor:
        """float [nodes of the forest, width]: the hidden state at each prefix, for the output layer."""

    def next_word_log_probs(self, memory: Any, forest: Forest, nodes: torch.Tensor) -> torch.Tensor:
        """float32 [nodes, words]: the log-probability of each next word at some nodes of a forest."""
        return torch.log_softmax(self.output(self.decode(memory, forest)[nodes]).float(), dim=1)

    def forward(self, inputs: Inputs, forest: Forest) -> torch.Tensor:
        """The summed log-likelihood of all comments of the forest, for training: scalar."""
        hidden = self.dropout(self.decode(self.encode(inputs), forest))
        return log_likelihood(hidden, self.output, forest)

    @torch.no_grad()
    def log_likelihoods(self, inputs: Inputs, forest: Forest) -> torch.Tensor:
        """The log-likelihood of each comment of the forest: float32 [comments]."""
        hidden = self.decode(self.encode(inputs), forest)
        return forest.comment_log_likelihoods(edge_log_probs(hidden, self.output, forest))
