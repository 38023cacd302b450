"""What a row is made of, by hand and by slow counting."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from livebench.scoring.anatomy import UNKNOWN, Anatomy, dissect
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import METRICS, sample_metrics


def answers_of(types, **fields):
    """Answers of as many samples as `types` has rows, a video each."""
    count = len(types)
    given = {
        "sample_ids": [f"s{n}" for n in range(count)],
        "videos": [f"v{n}" for n in range(count)],
        "categories": ["food"] * count,
        "n_context": np.full(count, 5),
        "types": np.array(types),
        "train_counts": np.zeros((count, 100), int),
        "lengths": np.ones((count, 100), int),
        "correct": np.array(types) == "correct",
    }
    return SimpleNamespace(**{**given, **fields})


PLAIN = ["correct"] + ["popular"] * 9 + ["random"] * 90


def ranking(*places):
    """Scores of 100 candidates: those given stand on top in this order, the others below as stored."""
    order = [*places, *(n for n in range(100) if n not in places)]
    scores = np.empty(100)
    scores[order] = np.arange(100, 0, -1)
    return scores


def test_two_samples_by_hand():
    # sample 1: a popular one, then the correct one; sample 2: two random ones, then the correct one
    scores = np.stack([ranking(1, 0), ranking(10, 11, 0)])
    found = dissect([scores], answers_of([PLAIN, PLAIN]))
    assert found.shares == {"correct": 1, "popular": 9, "random": 90}
    assert found.rank_1 == {"correct": 0, "popular": 50, "random": 50}
    # correct: ranks 2 and 3; popular: 1, 3..10 and 4..12; the sum of all ranks of a sample is 5050
    popular = (1 + sum(range(3, 11)) + sum(range(4, 13))) / 18
    assert found.mean_rank == pytest.approx(
        {"correct": 2.5, "popular": popular, "random": (2 * 5050 - 5 - 18 * popular) / 180}
    )
    against = {group.name: group for group in found.against}
    assert list(against) == ["popular", "random"]
    # among popular ones alone: ranks 2 and 1; among random ones alone: 1 and 3
    assert against["popular"].metrics["MRR"].value == pytest.approx(3 / 4)
    assert against["popular"].metrics["R@1"].value == pytest.approx(50)
    assert against["random"].metrics["MRR"].value == pytest.approx(2 / 3)
    # chance among 10, and among 91
    assert against["popular"].chance["R@1"] == pytest.approx(10)
    assert against["popular"].chance["MR"] == pytest.approx(5.5)
    assert against["random"].chance["R@5"] == pytest.approx(500 / 91)
    assert found.curves["best"].value == [0, 50, *[100] * 98]
    assert found.curves["best"].chance == pytest.approx(list(range(1, 101)))


def test_ties_share_the_first_rank():
    scores = np.zeros((1, 100))
    scores[0, [0, 1, 2, 10]] = 1  # the correct one, two popular ones, a random one
    found = dissect([scores], answers_of([PLAIN]))
    assert found.rank_1 == pytest.approx({"correct": 25, "popular": 50, "random": 25})
    assert found.curves["best"].value[:5] == pytest.approx([25, 50, 75, 100, 100])
    assert found.mean_rank["correct"] == 2.5


def test_runs_are_averaged():
    answers = answers_of([PLAIN])
    found = dissect([ranking(0)[None], ranking(1, 2, 3, 0)[None]], answers)
    assert found.rank_1 == {"correct": 50, "popular": 50, "random": 0}
    assert found.by_context[0].metrics["MRR"].value == pytest.approx((1 + 1 / 4) / 2)
    assert found.curves["best"].value[:4] == [50, 50, 50, 100]


def test_groups_of_samples():
    scores = np.stack([ranking(0), ranking(1, 0), ranking(1, 2, 0), ranking(1, 2, 3, 0)])
    answers = answers_of(
        [PLAIN] * 4,
        categories=["food", "games", "food", ""],
        n_context=np.array([0, 7, 30, 8]),
        videos=["u", "v", "u", "w"],
    )
    found = dissect([scores], answers)
    assert shown(found.by_category) == [
        (UNKNOWN, 1, 1, pytest.approx(1 / 4)) if name == UNKNOWN else row
        for name, row in (
            ("food", ("food", 2, 1, pytest.approx((1 + 1 / 3) / 2))),
            ("games", ("games", 1, 1, pytest.approx(1 / 2))),
            (UNKNOWN, None),
        )
    ]
    assert shown(found.by_context) == [
        ("0", 1, 1, 1),
        ("6 to 10", 2, 2, pytest.approx((1 / 2 + 1 / 4) / 2)),
        ("11 or more", 1, 1, pytest.approx(1 / 3)),
    ]
    assert found.unknown == {}


def shown(groups):
    return [(one.name, one.samples, one.videos, one.metrics["MRR"].value) for one in groups]


def test_groups_of_correct_candidates():
    # three correct ones: each is ranked among all 100, and counts where it belongs
    types = ["correct"] * 3 + ["random"] * 97
    counts = np.zeros((1, 100), int)
    counts[0, :3] = [0, 2, 5000]
    lengths = np.full((1, 100), 4)
    lengths[0, :3] = [1, 5, 4]
    answers = answers_of([types], train_counts=counts, lengths=lengths)
    found = dissect([ranking(0, 9, 1, 2)[None]], answers)  # ranks 1, 3, 4
    assert shown(found.by_frequency) == [
        ("0", 1, 1, 1),
        ("2 to 3", 1, 1, pytest.approx(1 / 3)),
        ("1001 or more", 1, 1, pytest.approx(1 / 4)),
    ]
    assert shown(found.by_length) == [
        ("1", 1, 1, 1),
        ("4 to 5", 2, 1, pytest.approx((1 / 3 + 1 / 4) / 2)),
    ]
    assert found.by_length[0].chance["MR"] == pytest.approx(50.5)
    assert found.curves["all"].value[:4] == pytest.approx([100 / 3, 100 / 3, 200 / 3, 100])
    assert found.curves["best"].value[0] == 100


def test_a_set_without_categories_says_so():
    found = dissect([ranking(0)[None]], answers_of([PLAIN], categories=[""]))
    assert found.by_category == []
    assert found.unknown == {"by_category": "the videos of this set have no category"}


def test_samples_without_a_type_do_not_count_against_it():
    other = ["correct"] + ["random"] * 99
    found = dissect([np.stack([ranking(1, 0), ranking(0)])], answers_of([PLAIN, other]))
    against = {group.name: group for group in found.against}
    assert (against["popular"].samples, against["random"].samples) == (1, 2)
    assert against["popular"].metrics["R@1"].value == 0


def test_parts_of_a_real_set_add_up(frozen):
    answers = Answers(frozen)
    scores = np.random.default_rng(4).integers(0, 30, answers.correct.shape).astype(float)
    found = dissect([scores], answers)
    means = {
        key: values.mean(axis=0) for key, values in sample_metrics(scores, answers.correct).items()
    }
    for groups in (found.by_category, found.by_context):
        assert sum(one.samples for one in groups) == len(scores)
        for column, metric in enumerate(METRICS):
            total = sum(one.samples * one.metrics[metric.name].value for one in groups)
            assert total / len(scores) == pytest.approx(means["best"][column])
    for groups in (found.by_frequency, found.by_length):
        assert sum(one.samples for one in groups) == answers.correct.sum()
    for truth in ("best", "all"):
        curve = found.curves[truth]
        assert [curve.value[k - 1] for k in (1, 5, 10)] == pytest.approx(means[truth][:3])
        assert curve.value == sorted(curve.value) and curve.value[99] == pytest.approx(100)
        assert all(
            low <= value <= high + 1e-9
            for low, value, high in zip(curve.low, curve.value, curve.high, strict=True)
        )
    assert sum(found.rank_1.values()) == pytest.approx(100)
    assert sum(found.shares.values()) == pytest.approx(100)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Anatomy) == found
