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

_WRITTEN = 6e-6
"""A bound of the relative error of a score that was written with 6 significant digits."""

_SHORT = {"float16": 11, "bfloat16": 8}
"""Significant bits."""

_DECIMALS = ("whole numbers", "numbers with 1 decimal", "numbers with 2 decimals")
_FLOOR = 50
"""Per cent of candidates with the lowest score of all from which on it may be a floor."""


def first_block_alarms(block: Sequence[Numbers], setting: Setting, dtype: str = "") -> list[str]:
    """What the first scores of a setting show.

    Args:
        dtype: what the scorer computes with, if it is known.
    """
    totals = [numbers.totals.astype(np.float64) for numbers in block]
    if len({len(one) for one in totals}) != 1:
        return []
    return tie_alarms(np.stack(totals), setting, dtype)


def tie_alarms(scores: np.ndarray, setting: Setting, dtype: str = "") -> list[str]:
    """What ties show.

    In `blind` nothing is shown, so scores may tie there; elsewhere, too, where nothing tells candidates
    apart, as with a similarity of 0 to all that is shown. So ties alone are no alarm: what makes them
    must show in the scores.

    Args:
        scores: float64 [samples, candidates], as computed or as written.
        dtype: what the scorer computes with, if it is known.
    """
    if setting == "blind":
        return []
    ties = measure_ties(scores)
    if ties.constant == 100:
        return ["one score for all candidates of every sample: does the scorer read the candidate?"]
    said = []
    if ties.constant >= MANY_TIES:
        said.append(f"one score for all candidates in {ties.constant:g}% of samples")
    if ties.candidates >= MANY_TIES and (why := _why_tied(scores, dtype)):
        said.append(f"{ties.candidates:g}% of candidates tie with another: {why}")
    return said


def _why_tied(scores: np.ndarray, dtype: str) -> str:
    """What makes scores tie that need not; empty if nothing is seen."""
    if dtype not in _SHORT:
        if _too_close(scores):
            return "they differ by less than float32 can tell; subtract what all share"
        size = np.abs(scores).max()
        for decimals, name in enumerate(_DECIMALS):
            told = 10.0**-decimals > 5 * _WRITTEN * size  # six digits may end there
            if told and np.allclose(scores, np.round(scores, decimals), rtol=_WRITTEN, atol=0):
                return f"all scores are {name}; if they are rounded, give all digits"
        dtype = _short_dtype(scores)
    if dtype:
        return f"{dtype} has 2 or 3 digits; sum log-probabilities in float32"
    lowest = scores.min()
    if lowest and (share := 100 * float((scores == lowest).mean())) >= _FLOOR:
        return f"{share:.3g}% have the lowest score, {lowest:g}; if that is a floor, lower it"
    return ""


def _short_dtype(scores: np.ndarray) -> str:
    """The number format of half precision that holds all scores; empty if there is none."""
    mantissa, _ = np.frexp(scores)
    for dtype, bits in sorted(_SHORT.items(), key=lambda one: one[1]):
        if np.allclose(
            mantissa, np.ldexp(np.round(np.ldexp(mantissa, bits)), -bits), rtol=_WRITTEN
        ):
            return dtype
    return ""


def _too_close(scores: np.ndarray) -> bool:
    size = np.abs(scores).max()
    return bool(size > 0 and np.ptp(scores, axis=1).max() < _CLOSE * size)


def result_alarms(result: Result, chance: float, *, listwise: bool) -> list[str]:
    """What a result shows beside `tie_alarms`: of its own scores, the sums.

    Args:
        chance: the headline metric of chance on this set.
    """
    setting = result.manifest.setting
    said: list[str] = []
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
