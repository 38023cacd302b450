"""What a scorer answers for a sample: one finite number for each candidate, or it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from livebench.scoring.scorer import LogLikelihood, Score


class Numbers(NamedTuple):
    """The scores of a sample.

    Attributes:
        totals: float32 [candidates], finite.
        tokens: int64 [candidates], over how many tokens each is a sum; None if the scorer does not say.
    """

    totals: np.ndarray
    tokens: np.ndarray | None = None


class WrongAnswer(Exception):
    """A scorer answered other than it should: `place` of the sample in its block, and what is wrong."""

    def __init__(self, place: int, text: str) -> None:
        super().__init__(place, text)
        self.place, self.text = place, text


def numbers_of(scores: Sequence[Score], candidates: int, place: int = 0) -> Numbers:
    """The numbers of a sample with so many candidates.

    Raises:
        WrongAnswer: there are more or fewer, one is not a finite float32, or some say how many tokens
            they have and others do not.
    """
    if len(scores) != candidates:
        text = f": the scorer gave {len(scores)} scores for {candidates} candidates"
        raise WrongAnswer(place, text)
    totals = [score.total if isinstance(score, LogLikelihood) else score for score in scores]
    try:
        values = np.array([float(total) for total in totals])
    except (TypeError, ValueError, OverflowError) as error:
        raise WrongAnswer(place, f": a score is not a number: {error}") from None
    found = checked(values, None, place)
    lengths = [score.tokens for score in scores if isinstance(score, LogLikelihood)]
    return found._replace(tokens=_token_counts(lengths, candidates, place)) if lengths else found


def checked(totals: np.ndarray, tokens: np.ndarray | None, place: int = 0) -> Numbers:
    """The same numbers as float32; raises WrongAnswer if one is not finite, or a count is negative."""
    with np.errstate(over="ignore"):
        values = totals.astype(np.float32)
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise WrongAnswer(
            place,
            f", candidate {wrong[0]}: the score {totals[wrong[0]]} is not a finite float32; every "
            "score must be",
        )
    if tokens is not None and (tokens < 0).any():
        raise WrongAnswer(place, ": a number of tokens is negative; each must be at least 0")
    # Adding 0.0 turns -0.0 into 0.0: they are the same score, and so are their bytes.
    return Numbers(values + np.float32(0), tokens)


def _token_counts(lengths: list[int], candidates: int, place: int) -> np.ndarray:
    counts = [
        int(n) for n in lengths if isinstance(n, (int, np.integer)) and 0 <= n < 2**63
    ]  # (a bool is an int)
    if len(counts) != candidates:
        raise WrongAnswer(
            place,
            f": {len(counts)} of {candidates} scores say how many tokens they have; either all do, "
            "with a whole number of at least 0, or none",
        )
    return np.array(counts, np.int64)


def score_line(sample_id: str, found: Numbers) -> bytes:
    """A line of a file of scores: float32, 6 significant digits."""
    totals = ",".join(f"{value:.6g}" for value in found.totals.tolist())
    line = b'{"sample_id":%b,"scores":[%b]' % (msgspec.json.encode(sample_id), totals.encode())
    if found.tokens is not None:
        line += b',"token_counts":[%b]' % ",".join(map(str, found.tokens.tolist())).encode()
    return line + b"}\n"
