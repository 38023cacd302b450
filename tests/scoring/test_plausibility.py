"""Asked again: who keeps the rules shows nothing, and who does not is found out."""

from __future__ import annotations

import json
import zlib

import msgspec
import numpy as np
import pytest

from livebench.errors import LiveBenchError
from livebench.scoring.numbers import score_line
from livebench.scoring.plausibility import (
    Deviation,
    Plausibility,
    Ties,
    measure_plausibility,
    measure_ties,
    plausibility_remarks,
    plausibility_samples,
)
from livebench.scoring.runner import read_samples, score_block
from livebench.scoring.scorer import Scorer


class Plain(Scorer):
    def score(self, video_ctx, comments, candidate):
        return -float(len(candidate.text))


class ByPlace(Plain):
    def score_candidates(self, video_ctx, comments, candidates):
        return [-float(place) for place in range(len(candidates))]


class ByOthers(Plain):
    def score_candidates(self, video_ctx, comments, candidates):
        return [-float(len(one.text)) / len(candidates) for one in candidates]


class Remembers(Plain):
    """Another score for a candidate that it has seen among others."""

    def __init__(self):
        self.seen = set()

    def score_samples(self, samples):
        found = [
            [len(one.text) + (one.text in self.seen) for one in sample.candidates]
            for sample in samples
        ]
        self.seen.update(one.text for sample in samples for one in sample.candidates)
        return found


class Forgets(Plain):
    """Another score each time that it is asked for the same candidate at the same moment."""

    def __init__(self):
        self.calls = {}

    def score(self, video_ctx, comments, candidate):
        key = video_ctx.time, tuple(comments), candidate
        self.calls[key] = self.calls.get(key, 0) + 1
        return -float(len(candidate.text) * self.calls[key])


class AllOrNothing(Plain):
    def score_candidates(self, video_ctx, comments, candidates):
        if len(candidates) != 100:
            raise ValueError("give me all")
        return [0.0] * 100


def off_by(relative):
    class Off(Plain):
        """Off by so much of the score where there is one candidate."""

        def score_candidates(self, video_ctx, comments, candidates):
            by = 1 + relative * (len(candidates) == 1)
            return [-1234.5 * by for _ in candidates]

    return Off


def hides(scale, base=0.0, last=0.0):
    class Hides(Remembers):
        """Remembers in digits below the tolerance; what stands last is far from the rest."""

        def score_samples(self, samples):
            rows = np.array(super().score_samples(samples)) * 7919.0 % 101
            rows = base + scale * rows
            rows[:, -1] += last
            return rows.tolist()

    return Hides


class Noisy(Plain):
    """As float32 rounds sums, each time in another way; long comments would tie."""

    def __init__(self):
        self.noise = np.random.default_rng(1)

    def score_candidates(self, video_ctx, comments, candidates):
        off = 1 + self.noise.uniform(-2e-7, 2e-7, len(candidates))
        rows = [-50.0 - min(len(one.text), 12) for one in candidates]
        return (off * rows).tolist()


@pytest.fixture
def measured(frozen):
    """Scores three samples, and asks again."""

    def call(scorer, listwise=False, dtype="", correct=None):
        some = dict(list(read_samples(frozen, None, "comments"))[:3])
        found = score_block(scorer, list(some.values()))
        lines = [json.loads(score_line(*both)) for both in zip(some, found, strict=True)]
        first = {line["sample_id"]: np.array(line["scores"]) for line in lines}
        samples = read_samples(frozen, None, "comments", list(first)[::-1])
        right = None if correct is None else {name: np.arange(100) == correct for name in first}
        return measure_plausibility(
            scorer, samples, first, listwise, "5e", correct=right, dtype=dtype
        )

    return call


# Scorer, and how many of 3 samples deviate: asked afresh, again, shuffled, alone.
WHO = [
    (Plain, (0, 0, 0, 0)),
    (ByPlace, (0, 0, 3, 3)),
    (ByOthers, (0, 0, 0, 3)),
    (Remembers, (3, 3, 3, 3)),
    (Forgets, (3, 3, 3, 3)),
    (off_by(0.9e-4), (0, 0, 0, 0)),
    (off_by(1.2e-4), (0, 0, 0, 3)),
    (Noisy, (0, 0, 0, 0)),
    (hides(1e-7), (3, 3, 3, 0)),
    (hides(1e-7, last=-1e4), (3, 3, 3, 3)),
    (hides(0.5, base=1e6), (3, 3, 3, 0)),
    (hides(9e-7, base=1.0), (3, 3, 3, 0)),
]


@pytest.mark.parametrize(("kind", "expected"), WHO)
def test_who_deviates(measured, kind, expected):
    found = measured(kind())
    assert found.samples == 3
    ways = found.fresh, found.again, found.shuffled, found.alone
    assert tuple(way.samples for way in ways) == expected
    assert found.remembers == bool(expected[0])
    assert found.secret == "5e"


def test_how_much(measured):
    # By hand: from the second call on the score is n times as long, at the longest of a sample
    # max(1, n) / max(1, n) = 1 apart; the third call is 2 apart, the fourth 3; one candidate alone 4.
    found = measured(Forgets())
    assert found.fresh.largest == pytest.approx(1, abs=1e-4)
    assert found.again.largest == pytest.approx(2, abs=1e-4)
    assert found.shuffled.largest == pytest.approx(3, abs=1e-4)
    assert found.alone.largest == pytest.approx(4, abs=1e-4)


def test_whoever_is_declared_listwise_is_not_asked_for_one_alone(measured):
    assert measured(ByOthers(), listwise=True).alone is None
    assert measured(AllOrNothing(), listwise=True).again == Deviation(0, 0.0)
    message = (
        r"samples? .*: scored with one candidate alone, the scorer raised ValueError: give me all; "
        "if it needs the whole list, declare listwise = true"
    )
    with pytest.raises(LiveBenchError, match=message):
        measured(AllOrNothing())


def test_which_samples_are_asked_for_again():
    names = [f"v{n}@3" for n in range(1000)]
    found = plausibility_samples(names, "a secret")
    assert len(found) == len(set(found)) == 50
    assert plausibility_samples(names[::-1], "a secret") == found  # the order is no matter
    assert len(set(plausibility_samples(names, "another")) & set(found)) < 15  # expected: 2.5
    assert found != sorted(found, key=names.index)
    assert len(plausibility_samples(names[:30], "")) == 2
    assert len(plausibility_samples(names[:1], "")) == 1


def row(*groups):
    """100 scores: groups of so many equal ones."""
    return [value for value, size in enumerate(groups) for _ in range(size)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row(*[1] * 100)], Ties(0, 0)),
        ([row(100)], Ties(100, 100)),
        ([row(2, *[1] * 98)], Ties(2, 0)),
        ([row(50, *[1] * 50), row(100)], Ties(75, 50)),
        ([row(3, 3, *[1] * 94), row(*[1] * 100), row(*[1] * 100)], Ties(2, 0)),
    ],
)
def test_ties(rows, expected):
    assert (
        measure_ties(np.random.default_rng(0).permuted(np.array(rows, float), axis=1)) == expected
    )


NONE = Deviation(0, 0.0)
SOME = Deviation(2, 0.5)
TOLD = [
    (Plausibility(50, NONE, NONE, NONE), Ties(9.9, 0), False, ()),
    (None, Ties(0, 0), False, ()),
    (
        Plausibility(50, NONE, NONE, NONE, SOME, "5e"),
        Ties(0, 0),
        False,
        ("no rank: scores depend on what was scored before (2 of 50 samples)",),
    ),
    (
        Plausibility(50, SOME, NONE, NONE),
        Ties(0, 0),
        False,
        ("scored twice, it gives other scores (2 of 50 samples)",),
    ),
    (
        Plausibility(50, NONE, SOME, SOME),
        Ties(10, 0),
        False,
        (
            "scores depend on the order of candidates (2 of 50 samples)",
            "scores depend on the other candidates (2 of 50 samples)",
            "10% of candidates tie",
        ),
    ),
    (
        Plausibility(50, NONE, NONE, None),
        Ties(100, 12.5),
        True,
        (
            "listwise: a score depends on the other candidates",
            "one score for all candidates in 12.5% of samples",
        ),
    ),
]


@pytest.mark.parametrize(("found", "tied", "listwise", "expected"), TOLD)
def test_what_is_told(found, tied, listwise, expected):
    assert plausibility_remarks(found, tied, listwise=listwise) == expected


PRECISIONS = [
    ("float32", 1.2e-4, 3),
    ("float16", 7.5e-3, 0),
    ("float16", 8.1e-3, 3),
    ("bfloat16", 6.1e-2, 0),
    ("bfloat16", 6.4e-2, 3),
]


@pytest.mark.parametrize(("dtype", "relative", "expected"), PRECISIONS)
def test_the_tolerance_follows_the_number_format(measured, dtype, relative, expected):
    assert measured(off_by(relative)(), dtype=dtype).alone.samples == expected


class Reverses(Scorer):
    """Gives every candidate another score, and the reverse order once three samples are scored."""

    def __init__(self):
        self.asked = 0

    def score(self, video_ctx, comments, candidate):
        return 0.0

    def score_candidates(self, video_ctx, comments, candidates):
        self.asked += 1
        sign = 1 if self.asked <= 3 else -1
        return [sign * float(zlib.crc32(one.text.encode()) % 99991) for one in candidates]


@pytest.mark.parametrize(
    ("kind", "dtype", "expected"),
    [
        (Plain, "float32", msgspec.UNSET),
        (Plain, "bfloat16", 0),
        (Reverses, "float32", 3),
        (Reverses, "bfloat16", 3),
    ],
)
def test_samples_are_counted_in_which_the_correct_comment_has_another_rank(
    measured, kind, dtype, expected
):
    found = measured(kind(), dtype=dtype, correct=17)
    assert found.ranks_changed == expected
    remark = "scored again, the rank of the correct comment by sum changed in 3 of 3 samples"
    shown = plausibility_remarks(found, Ties(0, 0), listwise=False)
    assert (remark in shown) == (expected == 3)
