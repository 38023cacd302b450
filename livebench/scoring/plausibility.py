"""Checks that a scorer follows the rules by rescoring a few samples: afresh, again, shuffled, and alone.

The score of a candidate may depend only on the moment and on that candidate: not on what was scored
before, not on its place among the others, not on the others (unless the submission is declared
listwise), and not on how often it is computed. A sample deviates if a score differs by more than
1e-4 * max(1, |score|), or if more than 0.5% of the pairs of its candidates are in another order (more
of both in half precision): scores that are tiny, or large and close to each other, would otherwise hide
any order within that tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

import msgspec
import numpy as np

from livebench.draws import draw
from livebench.errors import LiveBenchError
from livebench.scoring.ranking import place_best
from livebench.scoring.runner import BATCH, score_blocks
from livebench.scoring.scorer import Sample, Scorer

_SHARE = 0.05
WHOLE_AGAIN = 3
"""How often all candidates of a sample are scored again: afresh, a second time, and in another order."""

_TOLERANCE = 1e-4
HALF_TOLERANCES = {"bfloat16": 16 * 2.0**-8, "float16": 16 * 2.0**-11}
"""The tolerance of scores computed in half precision, with 8 and 11 significant bits instead of 24: what
they are computed together with changes how they are rounded. Differences of a language model are of the
size of 2 units of rounding, and of 8 now and then (benchmarks/precision.py)."""

_LEAST, _LEAST_HALF = 1.0, 8.0
"""Differences are relative to |score|, or to this if it is larger. A log-probability is a difference of
logits, which in bfloat16 are .125 apart from 16 to 32: the error of a score near 0 does not shrink
with it."""

_WRITTEN_ERROR = 5e-6
"""Relative error of a score written with 6 significant digits."""

_TURNED, _TURNED_HALF = 0.005, 0.1
"""Share of pairs in another order. Differences within the tolerance turn some .05% of them round where
scores of about -50 have a range of 20. In half precision the order of close scores is not known; in how
many samples that changes the rank of the correct comment is reported instead."""

_CHANCE = 1e-4
"""A sign test with a smaller p says that the correct comment is not where noise would put it."""

_NOISE, _NOISE_SHARE = 1e-6, 0.01
"""Pairs this close count as tied: relative to the score, as float32 rounds sums; and in units of the
interquartile range of a sample, so that not all of its pairs can be."""

MANY_TIES = 10
"""Per cent of tied candidates from which on a remark is made."""

_ASKED = {
    "fresh": "scored in a fresh process, among other samples",
    "again": "scored a second time",
    "shuffled": "scored with the candidates in another order",
    "alone": "scored with one candidate alone",
}


class Deviation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of samples that deviate, by a score or by their order, and the largest difference of a
    score relative to its size (`sizes`)."""

    samples: int
    largest: float


class Ties(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Per cent of candidates that tie with another of the sample, and of samples with a single score."""

    candidates: float
    constant: float


class Direction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In how many samples the rank of the best-placed correct comment was better, and worse, in the
    scores under test than in those of a fresh process; its expectation, where candidates tie."""

    better: int
    worse: int

    @property
    def one_sided(self) -> bool:
        """Whether ranks change in one direction more than noise would change them, which does not know
        what is correct: by a sign test in either direction, since what is worse in the setting `blind`
        is better in `pmi`."""
        from scipy.stats import binomtest

        changed, most = self.better + self.worse, max(self.better, self.worse)
        return changed > 0 and bool(
            binomtest(most, changed, alternative="greater").pvalue < _CHANCE
        )


class Plausibility(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The deviations on `samples` samples.

    Attributes:
        again: scored a second time.
        shuffled: scored with the candidates in another order.
        alone: with one candidate of each sample scored by itself; None if the submission is declared
            listwise, since it then has to differ.
        fresh: scored first of all in a process that had seen no sample, in another order, among other
            samples; None in results from before version 0.3.
        secret: the samples were drawn by hash from it, after all were scored.
        ranks_changed: in how many of the samples the rank of the best-placed correct comment was another
            in any of these ways but `alone`; absent if in none of them, in float32. By the scores as
            they are (sums), however the row reads them.
        direction: in which direction `fresh` changed it; absent unless in half precision, whose
            tolerance would hide a hint, and in results from before version 0.3.
    """

    samples: int
    again: Deviation
    shuffled: Deviation
    alone: Deviation | None
    fresh: Deviation | None = None
    secret: str = ""
    ranks_changed: int | msgspec.UnsetType = msgspec.UNSET
    direction: Direction | msgspec.UnsetType = msgspec.UNSET

    @property
    def remembers(self) -> bool:
        """Whether scores depended on what was scored before."""
        one_sided = self.direction is not msgspec.UNSET and self.direction.one_sided
        return one_sided or (self.fresh is not None and self.fresh.samples > 0)


def plausibility_samples(sample_ids: Sequence[str], secret: str) -> list[str]:
    """5% of the samples, at least one, drawn by hash, in an order drawn by hash."""
    count = ceil(_SHARE * len(sample_ids))
    label = f"plausibility {secret}"
    return sorted(sample_ids, key=lambda name: (draw(0, name, label), name))[:count]


def measure_plausibility(
    scorer: Scorer,
    samples: Iterator[tuple[str, Sample]],
    first: dict[str, np.ndarray],
    listwise: bool,
    secret: str = "",
    *,
    correct: dict[str, np.ndarray] | None = None,
    dtype: str = "",
) -> Plausibility:
    """Score some samples again.

    Args:
        scorer: one that has seen no sample so far.
        samples: to be rescored, in this order.
        first: by sample, its original scores, float64 [candidates].
        listwise: whether the submission declares that it needs the whole list.
        secret: what the samples were drawn from.
        correct: by sample, which candidates are correct, bool [candidates]; to compare their ranks.
        dtype: what the scorer computes in, as it says: the tolerance follows it, and the row shows it.

    Raises:
        LiveBenchError: the scorer raised, or did not give one finite number per candidate.
    """
    some = list(samples)
    orders = {name: _order(name, len(sample.candidates)) for name, sample in some}
    ways = {
        "fresh": some,
        "again": some,
        "shuffled": [(name, _taken(sample, orders[name])) for name, sample in some],
        "alone": [(name, _taken(sample, orders[name][:1])) for name, sample in some],
    }
    if listwise:
        del ways["alone"]
    deviations: dict[str, Deviation] = {}
    moved: set[str] = set()
    shifts: list[float] = []
    for way, asked in ways.items():
        blocks = (asked[start : start + BATCH] for start in range(0, len(asked), BATCH))
        worst, turned = [], []
        try:
            for block, scored in score_blocks(scorer, blocks):
                for (name, _), numbers in zip(block, scored, strict=True):
                    before = first[name]
                    if way in ("shuffled", "alone"):
                        before = before[orders[name][: len(numbers.totals)]]
                    worst.append(_difference(before, numbers.totals, dtype))
                    turned.append(_turned(before, numbers.totals))
                    if correct is not None and way != "alone":
                        right = correct[name]
                        right = right[orders[name]] if way == "shuffled" else right
                        (above, rank), (above_now, rank_now) = (
                            _rank(scores, right) for scores in (before, numbers.totals)
                        )
                        if above != above_now:
                            moved.add(name)
                        if way == "fresh":
                            shifts.append(rank_now - rank)
        except LiveBenchError as error:
            raise _asked_again(error, way) from error.__cause__
        tolerance, share = (
            HALF_TOLERANCES.get(dtype, _TOLERANCE),
            _TURNED_HALF if is_half(dtype) else _TURNED,
        )
        over = (np.array(worst) > tolerance) | (np.array(turned) > share)
        deviations[way] = Deviation(int(over.sum()), float(f"{max(worst, default=0.0):.3g}"))
    return Plausibility(
        len(some),
        deviations["again"],
        deviations["shuffled"],
        deviations.get("alone"),
        deviations["fresh"],
        secret,
        len(moved) if moved or is_half(dtype) else msgspec.UNSET,
        Direction(sum(shift > 0 for shift in shifts), sum(shift < 0 for shift in shifts))
        if is_half(dtype) and correct is not None
        else msgspec.UNSET,
    )


def is_half(dtype: str) -> bool:
    """Whether a number format, as torch names it, is one of half precision."""
    return dtype in HALF_TOLERANCES


def _rank(scores: np.ndarray, correct: np.ndarray) -> tuple[int, float]:
    """How many candidates are above the best-placed correct one, as the file of scores has them, and its
    expected rank, since a tie that is broken changes that alone."""
    written = np.array([[float(f"{score:.6g}") for score in scores.tolist()]])
    above, tied, chosen = (int(count[0]) for count in place_best(written, correct[None]))
    return above, above + (tied + 1) / (chosen + 1)


def _asked_again(error: LiveBenchError, way: str) -> LiveBenchError:
    fix = error.fix
    if way == "alone":
        fix = f"{fix}; if it needs the whole list, declare listwise = true".removeprefix("; ")
    return LiveBenchError(error.where, f"{_ASKED[way]}, {error.what}", fix, error.place)


def measure_ties(scores: np.ndarray) -> Ties:
    """How often scores tie.

    Args:
        scores: float [samples, candidates].
    """
    ordered = np.sort(scores, axis=1)
    same = ordered[:, 1:] == ordered[:, :-1]
    edge = np.zeros((len(scores), 1), bool)
    tied = np.concatenate([edge, same], axis=1) | np.concatenate([same, edge], axis=1)
    return Ties(round(100 * float(tied.mean()), 2), round(100 * float(same.all(axis=1).mean()), 2))


def _order(name: str, candidates: int) -> list[int]:
    """A permutation of a sample's candidates, drawn by hash."""
    return sorted(range(candidates), key=lambda place: draw(place, name, "shuffle"))


def _taken(sample: Sample, places: Sequence[int]) -> Sample:
    return sample._replace(candidates=[sample.candidates[place] for place in places])


def sizes(scores: np.ndarray, dtype: str) -> np.ndarray:
    """What differences of scores are relative to: max(1, |score|), in half precision max(8, |score|)."""
    found: np.ndarray = np.maximum(_LEAST_HALF if is_half(dtype) else _LEAST, np.abs(scores))
    return found


def _difference(before: np.ndarray, now: np.ndarray, dtype: str) -> float:
    """The largest difference relative to the size of its score, less the rounding of `before`."""
    off = np.abs(before - now.astype(np.float64)) - _WRITTEN_ERROR * np.abs(before)
    return float((np.maximum(off, 0) / sizes(before, dtype)).max())


def _turned(before: np.ndarray, now: np.ndarray) -> float:
    """The share of pairs of candidates that are in another order, or tied only here or there."""
    if len(before) < 2:
        return 0.0
    first, second = np.triu_indices(len(before), 1)
    signs = []
    for scores in (before, now.astype(np.float64)):
        size = _NOISE * np.maximum(np.abs(scores[first]), np.abs(scores[second]))
        spread = np.subtract(*np.percentile(scores, [75, 25]))
        apart = scores[first] - scores[second]
        close = np.abs(apart) <= np.minimum(size, _NOISE_SHARE * spread)
        signs.append(np.where(close, 0, np.sign(apart)))
    return float((signs[0] != signs[1]).mean())


def plausibility_remarks(
    measured: Plausibility | None, tied: Ties, *, listwise: bool
) -> tuple[str, ...]:
    """What a reader of a row should know; empty if all is well."""
    remarks = ["listwise: a score depends on the other candidates"] if listwise else []
    if measured is not None:
        deviations = {
            "no rank: scores depend on what was scored before": measured.fresh,
            "scored twice, it gives other scores": measured.again,
            "scores depend on the order of candidates": measured.shuffled,
            "scores depend on the other candidates": measured.alone,
        }
        remarks += [
            f"{what} ({deviation.samples} of {measured.samples} samples)"
            for what, deviation in deviations.items()
            if deviation is not None and deviation.samples
        ]
        direction, changed = measured.direction, measured.ranks_changed
        if direction is not msgspec.UNSET and direction.one_sided:
            remarks.insert(
                int(listwise),
                "no rank: scores depend on what was scored before (afresh, the correct comment ranks "
                f"worse in {direction.better} samples, better in {direction.worse})",
            )
        if changed is not msgspec.UNSET and changed:
            remarks.append(
                "scored again, the rank of the correct comment by sum changed in "
                f"{changed} of {measured.samples} samples"
            )
    if tied.constant:
        remarks.append(f"one score for all candidates in {tied.constant:g}% of samples")
    elif tied.candidates >= MANY_TIES:
        remarks.append(f"{tied.candidates:g}% of candidates tie")
    return tuple(remarks)
