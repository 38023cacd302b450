"""Scores of a submission: read, and refused unless there is one finite number for each candidate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from livebench.errors import LiveBenchError
from livebench.records import CANDIDATES, ScoreRecord, Setting, line_error, read_records, refuse

Normalisation = Literal["sum", "mean", "words+2", "pmi"]
"""How scores are read (docs/metrics.md)."""
NORMALISATIONS: tuple[Normalisation, ...] = ("sum", "mean", "words+2", "pmi")


class Scores(NamedTuple):
    """The scores of a file.

    Attributes:
        sums: float64 [samples, 100], sums of token log-probabilities.
        token_counts: int64 [samples, 100], over how many tokens; None if the file does not say.
        dropped_comments: int64 [samples], how many of the surrounding comments the model was not shown.
    """

    sums: np.ndarray
    token_counts: np.ndarray | None
    dropped_comments: np.ndarray

    def normalised(
        self, normalisation: Normalisation, words: np.ndarray, blind: Scores | None = None
    ) -> np.ndarray:
        """float64 [samples, 100]: the sums, their means over tokens (`mean`), the sums divided by the
        number of words plus 2 (`words+2`, as OpenNMT-Livebot does), or less the sums in the setting
        `blind` (`pmi`, `mutual_information`).

        Args:
            words: int64 [samples, 100], the number of words of each candidate.
            blind: of the same run, in the setting `blind`; needed for `pmi` alone.

        Raises:
            LiveBenchError: `mean` without token counts, or `pmi` without `blind`.
        """
        if normalisation == "sum":
            return self.sums
        if normalisation == "pmi":
            if blind is None:
                raise LiveBenchError(
                    "score:pmi",
                    "needs the scores of the same run in the setting blind",
                    "run `livebench evaluate` with --setting blind first",
                )
            return mutual_information(self.sums, blind.sums)
        if normalisation == "words+2":
            return np.asarray(self.sums / (words + 2))
        if self.token_counts is None:
            raise LiveBenchError(
                "--score mean",
                "needs token counts, which these scores do not have",
                "let the scorer return LogLikelihood(total, tokens)",
            )
        return np.asarray(self.sums / np.maximum(self.token_counts, 1))


def score_in(setting: Setting, declared: Normalisation) -> Normalisation:
    """How scores in a setting are read: as declared, but in `blind`, which is what `pmi` subtracts, as
    sums instead of as `pmi`."""
    return "sum" if setting == "blind" and declared == "pmi" else declared


_DECIMALS = 10


def mutual_information(sums: np.ndarray, blind: np.ndarray) -> np.ndarray:
    """log p(comment | what is shown) - log p(comment), pointwise mutual information.

    Where candidates are comments in general, of which one was written at the moment, no other order of
    them finds it more often (Neyman and Pearson 1933); "domain conditional PMI" in Holtzman et al. 2021,
    "Surface form competition".

    Args:
        sums, blind: float64 [samples, 100]: by a scorer that is shown something, and nothing.

    Returns:
        float64 [samples, 100]: the differences. Where `blind` is the same for all candidates of a
        sample, as it is of a similarity, the sums themselves, which are in the same order.
    """
    constant = (blind == blind[:, :1]).all(axis=1, keepdims=True)
    # Files hold decimals: without rounding, equal differences of them would differ in binary.
    return np.where(constant, sums, np.round(sums - blind, _DECIMALS))


def read_scores(
    path: Path,
    sample_ids: Sequence[str],
    set_hash: str = "",
    report: Callable[[LiveBenchError], None] = refuse,
) -> Scores:
    """The scores of a file, in the order of `sample_ids`.

    Args:
        set_hash: of the candidate set; a line that names one must name this.
        report: called with each error; by default it raises the first. What is returned means something
            only if it was not called.

    Raises:
        LiveBenchError: the file cannot be read, or scores are missing, surplus, doubled, not finite, or
            of another version of the set; file, line and sample are named.
    """
    rows = {sample_id: row for row, sample_id in enumerate(sample_ids)}
    scores = np.empty((len(rows), CANDIDATES))
    token_counts = np.empty(scores.shape, np.int64)
    dropped = np.zeros(len(rows), np.int64)
    lines: dict[str, int] = {}
    counted, mixed = 0, False
    for line, record in enumerate(read_records(path, ScoreRecord, report), 1):
        if record is None:
            continue
        name = record.sample_id
        if name not in rows:
            report(line_error(path, line, f"the set has no sample {name}", "remove the line"))
            continue
        if name in lines:
            what = f"scored on line {lines[name]} already"
            report(line_error(path, line, what, "keep one", name))
            continue
        if set_hash and record.set_hash is not None and record.set_hash != set_hash:
            hashes = f"{record.set_hash[:12]!r}, this one has {set_hash[:12]}"
            fix = "score this set: its candidates may differ"
            report(line_error(path, line, f"scored on a set with the hash {hashes}", fix, name))
            continue
        lines[name] = line
        scores[rows[name]] = record.scores
        dropped[rows[name]] = record.dropped_comments
        if record.token_counts is not None:
            token_counts[rows[name]] = record.token_counts
            counted += 1
        if counted not in (0, len(lines)) and not mixed:
            report(
                line_error(
                    path,
                    line,
                    "token counts are given for some samples only",
                    "give them for all or none",
                    name,
                )
            )
            mixed = True  # said once
    missing = [name for name in rows if name not in lines]
    if missing:
        what = f"{len(missing)} of {len(rows)} samples have no scores, the first is {missing[0]}"
        report(LiveBenchError(path, what, "score every sample"))
    return Scores(scores, token_counts if counted else None, dropped)
