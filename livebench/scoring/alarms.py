"""What is likely to be wrong with scores, said as early as it can be seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from livebench.records import Setting
from livebench.scoring.metrics import HEADLINE, Interval
from livebench.scoring.numbers import Numbers
from livebench.scoring.plausibility import MANY_TIES, Ties, measure_ties, plausibility_remarks
from livebench.scoring.result import Result

_EQUAL = 1e-9
_RESOLUTION = 2.0**-23
"""Of float32: the next number after 1."""

_CLOSE = 1e3 * _RESOLUTION
"""Scores that differ by less than this, relative to their size, tie because float32 cannot tell them."""

_SHORT = ("float16", "bfloat16")


def first_block_alarms(block: Sequence[Numbers], setting: Setting, dtype: str = "") -> list[str]:
    """What the first scores of a setting show. Nothing is shown in `blind`, so scores may tie there.

    Args:
        dtype: what the scorer computes with, if it is known.
    """
    totals = [numbers.totals.astype(np.float64) for numbers in block]
    if setting == "blind" or len({len(one) for one in totals}) != 1:
        return []
    scores = np.stack(totals)
    return _tie_alarms(measure_ties(scores), scores, dtype)


def _tie_alarms(ties: Ties, scores: np.ndarray | None, dtype: str) -> list[str]:
    if ties.constant == 100:
        return ["one score for all candidates of every sample: does the scorer read the candidate?"]
    said = []
    if ties.constant:
        said.append(f"one score for all candidates in {ties.constant:g}% of samples")
    if ties.candidates >= MANY_TIES and ties.constant < 100:
        why = "chance decides among them; are scores rounded?"
        if dtype in _SHORT:
            why = f"{dtype} has 2 or 3 digits; sum log-probabilities in float32"
        elif scores is not None and _too_close(scores):
            why = "they differ by less than float32 can tell; subtract what all share"
        said.append(f"{ties.candidates:g}% of candidates tie with another: {why}")
    return said


def _too_close(scores: np.ndarray) -> bool:
    size = np.abs(scores).max()
    return bool(size > 0 and np.ptp(scores, axis=1).max() < _CLOSE * size)


def result_alarms(result: Result, chance: float, *, listwise: bool) -> list[str]:
    """What a result shows: of its own scores, the sums.

    Args:
        chance: the headline metric of chance on this set.
    """
    setting = result.manifest.setting
    said = []
    if setting != "blind" and result.ties is not None:
        said += _tie_alarms(result.ties, None, result.manifest.dtype)
    if result.plausibility is not None:
        quiet = Ties(0, 0)
        said += plausibility_remarks(result.plausibility, quiet, listwise=False)
    reached = result.metrics["best"][HEADLINE.name]
    if setting == "blind" and reached.low > chance + _EQUAL:
        said.append(
            f"blind is above chance ({_shown(reached)}, chance {HEADLINE.format(chance)}): candidates "
            "alone tell it something, so judge a setting by its gain over blind"
        )
    elif setting != "blind" and reached.high < chance - _EQUAL and not listwise:
        said.append(
            f"below chance ({_shown(reached)}, chance {HEADLINE.format(chance)}): higher scores must be "
            "better; are they negative log-likelihoods?"
        )
    return said


def _shown(interval: Interval) -> str:
    return f"{HEADLINE.name} {HEADLINE.format_with_interval(interval)}"
