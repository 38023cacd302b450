"""A causal language model of transformers as a scorer."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from livebench.errors import LiveBenchError
from livebench.language_models.attention import ForestModel
from livebench.language_models.forest import grow
from livebench.language_models.line_tokens import LineTokens
from livebench.language_models.loading import DTYPES, device_of, load_model, load_tokenizer
from livebench.language_models.out_of_memory import is_out_of_memory
from livebench.language_models.prompt import line_of, read_prompt
from livebench.language_models.weights import find_weights
from livebench.scoring.scorer import BatchScorer, LogLikelihood, Sample

_TOKENS = {"cpu": 8192, "cuda": 65536}
"""Tokens computed at once where `batch` is 0; halved where memory does not suffice."""

_ROOM = 4
"""A comment may take this part of what the model can read before it costs context; more only if it is
longer itself, so that a score does not depend on the other candidates."""

ALONE = (
    "the model attends in a way of its own, so each context is computed anew with each comment: the "
    "scores are right, and take many times as long"
)
"""The remark on scorers that cannot share contexts."""

_PROBES = ((24, 5, 3), (24, 7), (17, 6, 4))
"""Tokens of stems, and of the comments after each, on which the two ways to compute are compared."""


class _Asked(NamedTuple):
    """A candidate after a context, both as tokens; `place` is where its score belongs, and `dropped` how
    many comments the context is short of."""

    context: tuple[int, ...]
    candidate: tuple[int, ...]
    place: tuple[int, int]
    dropped: int


class LanguageModel(BatchScorer):
    """Scores comments by their log-likelihood as the next line of a prompt.

    Args:
        model: a folder, GGUF file, `package:NAME/FILE` or name on the hub (`find_weights`).
        checkpoint: instead of `model`, a GGUF file in the folder of the submission.
        revision: of the hub.
        weights_sha256, files_sha256: what the hashes of the weights, and of the other files of a folder,
            must be; not checked if empty.
        device, dtype: as torch names them; the device may be `auto`.
        batch: tokens computed at once; 0 for what fits.
        prompt: the name of one that ships with LiveBench, or its content.
        chat: whether the prompt is put through the chat template; by default if there is one.
        plain: compute every context and candidate by itself, to compare.

    Raises:
        LiveBenchError: the model cannot be found or loaded, or is not the one that was named.
    """

    def __init__(  # noqa: PLR0913, PLR0917 (the arguments of a run, by name)
        self,
        model: str = "",
        revision: str = "",
        weights_sha256: str = "",
        files_sha256: str = "",
        device: str = "auto",
        dtype: str = "float32",
        batch: int = 0,
        prompt: str | Mapping[str, Any] = "lines",
        chat: bool | None = None,
        plain: bool = False,
        checkpoint: str | Path = "",
    ) -> None:
        os.environ["TOKENIZERS_PARALLELISM"] = "false"  # a process with threads cannot be copied
        if dtype not in DTYPES:
            fix = f"choose from {', '.join(DTYPES)}"
            raise LiveBenchError(f"--dtype {dtype}", "is no number format of models", fix)
        self.prompt = read_prompt(prompt)
        place = device_of(device)
        if bool(model) == bool(checkpoint):
            what = "needs a model or a checkpoint, and not both"
            raise LiveBenchError("language model", what, "name one in the run of the card")
        weights = find_weights(str(checkpoint or model), revision)
        model = model or Path(checkpoint).name
        identity = weights.identity(model, weights_sha256=weights_sha256, files_sha256=files_sha256)
        tokenizer = load_tokenizer(weights, model)
        chat = bool(tokenizer.chat_template) if chat is None else chat
        self.tokens = LineTokens(tokenizer, model, chat=chat)
        self.net = load_model(weights, model, place, dtype)
        self.device, self.dtype = place, next(self.net.parameters()).dtype
        self.about = {
            "model": model,
            **identity,
            "prompt": self.prompt.label + ("+chat" if chat else ""),
        }
        self._where = model
        self._limit = getattr(self.net.config.get_text_config(), "max_position_embeddings", None)
        self._batch = batch or _TOKENS.get(place.type, _TOKENS["cpu"])
        self._forests = None if plain else ForestModel(self.net)
        self.remark = ""
        if self._forests is not None and not self._agree():
            self._forests = None
            self.remark = ALONE

    @property
    def shares_prefixes(self) -> bool:
        """Whether each prefix is computed once; otherwise every comment with its context by itself."""
        return self._forests is not None

    def score_samples(self, samples: Sequence[Sample]) -> list[list[LogLikelihood]]:
        asked = [one for row, sample in enumerate(samples) for one in self._asked(sample, row)]
        # Contexts that begin alike, and candidates that do, stand together and share their beginnings.
        asked.sort()
        scores: list[list[LogLikelihood]] = [
            [LogLikelihood(0.0, 0)] * len(sample.candidates) for sample in samples
        ]
        with torch.inference_mode():
            totals = self._totals(asked)
        for one, total in zip(asked, totals, strict=True):
            row, column = one.place
            scores[row][column] = LogLikelihood(total, len(one.candidate), one.dropped)
        return scores

    def _asked(self, sample: Sample, row: int) -> Iterable[_Asked]:
        lines = self.tokens.lines([line_of(candidate) for candidate in sample.candidates])
        usual = 0 if self._limit is None else self._limit // _ROOM
        contexts: dict[int, tuple[tuple[int, ...], int]] = {}
        for column, line in enumerate(lines):
            room = 0 if self._limit is None else max(len(line), usual)
            if room not in contexts:
                contexts[room] = self._context(sample, room)
            context, dropped = contexts[room]
            yield _Asked(context, tuple(line), (row, column), dropped)

    def _context(self, sample: Sample, room: int) -> tuple[tuple[int, ...], int]:
        """The tokens of a context that leaves room for a candidate, and how many comments had to go: the
        oldest first."""
        video, comments, _ = sample
        instruction = self.prompt.instruction(video)
        for dropped in range(len(comments) + 1):
            text = self.prompt.context(video, comments, dropped=dropped)
            context = self.tokens.context(text, instruction)
            if self._limit is None or len(context) + room <= self._limit:
                return tuple(context), dropped
        what = (
            f"can read {self._limit} tokens, and the prompt takes {len(context)} without comments"
        )
        raise LiveBenchError(self._where, what, "give a model that reads more")

    def _totals(self, asked: Sequence[_Asked]) -> list[float]:
        """The log-likelihood of each candidate."""
        size, before = 0, None
        for one in asked:
            size += len(one.candidate) + (len(one.context) if one.context != before else 0)
            before = one.context
        if size > self._batch and len(asked) > 1:
            return self._halves(asked)
        try:
            compute = self._by_forest if self._forests is not None else self._one_by_one
            return compute(asked)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if len(asked) == 1:
                what = f"a prompt of {size} tokens does not fit into the memory of {self.device}"
                raise LiveBenchError(self._where, what, "give a smaller model") from None
            self._batch = max(1, min(self._batch, size) // 2)
        return self._halves(asked)  # outside the handler, which keeps what was computed

    def _halves(self, asked: Sequence[_Asked]) -> list[float]:
        middle = len(asked) // 2
        return self._totals(asked[:middle]) + self._totals(asked[middle:])

    def _by_forest(self, asked: Sequence[_Asked]) -> list[float]:
        if self._forests is None:
            raise ValueError("prefixes are not shared")
        contexts: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        for one in asked:
            contexts.setdefault(one.context, []).append(one.candidate)
        forest = grow(list(contexts), list(contexts.values()), share=True).to(self.device)
        values = forest.comment_log_likelihoods(self._forests.edge_log_probs(forest).double())
        totals: list[float] = values.tolist()
        return totals

    def _one_by_one(self, asked: Sequence[_Asked]) -> list[float]:
        """Each context and candidate as one text, without batches: nothing to pad, nothing to share."""
        totals = []
        for one in asked:
            ids = torch.tensor([[*one.context, *one.candidate[:-1]]], device=self.device)
            kept = len(one.candidate)
            logits = self.net(input_ids=ids, use_cache=False, logits_to_keep=kept).logits[0, -kept:]
            targets = torch.tensor(one.candidate, device=self.device)[:, None]
            found = torch.log_softmax(logits.float(), -1).gather(1, targets)
            totals.append(float(found.double().sum()))
        return totals

    def _agree(self) -> bool:
        """Whether both ways to compute give the same on some arbitrary tokens."""
        words = self.net.config.get_text_config().vocab_size
        asked = [
            _Asked(
                tuple(7919 * (place // 2 + 1) % words for place in range(stem)),
                tuple((104729 * (place + 1) + number) % words for place in range(length)),
                (0, 0),
                0,
            )
            for number, (stem, *lengths) in enumerate(_PROBES)
            for length in lengths
        ]
        tolerance = 1e-4 if self.dtype == torch.float32 else 0.03
        with torch.inference_mode():
            try:
                shared = self._by_forest(asked)
            except (RuntimeError, ValueError, TypeError, AttributeError, KeyError):
                return False
            apart = self._one_by_one(asked)
        pairs = zip(shared, apart, strict=True)
        return all(abs(a - b) <= tolerance * max(1, abs(b)) for a, b in pairs)
