"""A scorer's answer for a sample: one finite number per candidate, or it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from livebench.errors import one_line
from livebench.scoring.scorer import LogLikelihood, Score


class Numbers(NamedTuple):
    """The scores of a sample.

    Attributes:
        totals: float32 [candidates], finite.
        tokens: int64 [candidates], the number of tokens each is a sum over; None if the scorer does not
            say.
        dropped: how many of the sample's comments the model was not shown, since it cannot read so much;
            of candidates that differ in it the largest.
    """

    totals: np.ndarray
    tokens: np.ndarray | None = None
    dropped: int = 0


class WrongAnswer(Exception):
    """A scorer did not answer with one finite number per candidate.

    Attributes:
        what, fix: as in a LiveBenchError.
        row: position of the sample in its block; -1 if the whole block is meant.
        candidate: its position in the sample; -1 if the whole sample is meant.
    """

    def __init__(self, what: str, fix: str = "", row: int = -1, candidate: int = -1) -> None:
        super().__init__(what, fix, row, candidate)
        self.what, self.fix, self.row, self.candidate = what, fix, row, candidate


def numbers_of(
    scores: Sequence[Score], candidates: int, row: int = 0, *, comments: int = 0
) -> Numbers:
    """The numbers of a sample with this many candidates, and comments around the moment.

    Raises:
        WrongAnswer: there are more or fewer, one is not a finite float32, only some come with a number
            of tokens, or more comments were dropped than there are.
    """
    if len(scores) != candidates:
        what = f"the scorer gave {len(scores)} scores for {candidates} candidates"
        raise WrongAnswer(what, "give one for each", row)
    totals = [score.total if isinstance(score, LogLikelihood) else score for score in scores]
    try:
        values = np.array([float(total) for total in totals])
    except (TypeError, ValueError, OverflowError) as error:
        raise WrongAnswer(f"a score is not a number: {error}", "give a float", row) from None
    numbers = checked(values, None, row)
    told = [score for score in scores if isinstance(score, LogLikelihood)]
    if not told:
        return numbers
    return numbers._replace(
        tokens=_token_counts([score.tokens for score in told], candidates, row),
        dropped=max(checked_dropped(score.dropped, comments, row) for score in told),
    )


def checked(totals: np.ndarray, tokens: np.ndarray | None, row: int = 0) -> Numbers:
    """The same numbers as float32; raises WrongAnswer if one is not finite, or a count is negative."""
    with np.errstate(over="ignore"):
        values = totals.astype(np.float32)
    infinite = np.flatnonzero(~np.isfinite(values))
    if len(infinite):
        first = int(infinite[0])
        what = f"the score {totals[first]} is not a finite float32"
        raise WrongAnswer(what, "every score must be finite", row, first)
    if tokens is not None and (tokens < 0).any():
        raise WrongAnswer("a number of tokens is negative", "each must be at least 0", row)
    # Adding 0.0 turns -0.0 into 0.0: they are the same score, and so are their bytes.
    return Numbers(values + np.float32(0), tokens)


def checked_dropped(dropped: int, comments: int, row: int = 0) -> int:
    """How many of the comments were dropped; raises WrongAnswer unless it can be."""
    if isinstance(dropped, (int, np.integer)) and 0 <= dropped <= comments:
        return int(dropped)
    what = f"the scorer says that it dropped {one_line(str(dropped), 40)} of {comments} comments"
    raise WrongAnswer(what, f"give a whole number from 0 to {comments}", row)


def _token_counts(lengths: list[int], candidates: int, row: int) -> np.ndarray:
    counts = [
        int(n) for n in lengths if isinstance(n, (int, np.integer)) and 0 <= n < 2**63
    ]  # (a bool is an int)
    if len(counts) != candidates:
        raise WrongAnswer(
            f"{len(counts)} of {candidates} scores say how many tokens they have",
            "give all of them a whole number of at least 0, or none",
            row,
        )
    return np.array(counts, np.int64)


def score_line(sample_id: str, numbers: Numbers, *, exact: bool = False) -> bytes:
    """A line of a file of scores: 6 significant digits; 9, which restore every float32, where 6 would
    make two scores of the sample equal that are not, and if it is to be exact."""
    values = numbers.totals.tolist()
    written = [f"{value:.6g}" for value in values]
    if exact or len(set(map(float, written))) < len(
        set(numbers.totals.astype(np.float32).tolist())
    ):
        written = [f"{value:.9g}" for value in values]
    totals = ",".join(written)
    line = b'{"sample_id":%b,"scores":[%b]' % (msgspec.json.encode(sample_id), totals.encode())
    if numbers.tokens is not None:
        line += b',"token_counts":[%b]' % ",".join(map(str, numbers.tokens.tolist())).encode()
    if numbers.dropped:
        line += b',"dropped_comments":%d' % numbers.dropped
    return line + b"}\n"
