"""Metrics against people: scipy's coefficients, exact p, and words where nothing can be concluded."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, permutation_test, spearmanr
from simulated_raters import Qualities, plain_key

from livebench.errors import LiveBenchError
from livebench.human.analysis.correlation import coefficients, correlate_ratings, order_p
from livebench.human.sheets.key import KeyItem, KeyMoment, KeySystem
from livebench.records import ScoreRecord, write_records
from livebench.submissions.load import Submission

SCIPY = {
    "spearman": lambda x, y: spearmanr(x, y).statistic,
    "kendall": lambda x, y: kendalltau(x, y).statistic,
}


@pytest.mark.parametrize("name", SCIPY)
@given(rows=st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=3, max_size=9))
def test_coefficients_are_those_of_scipy(name, rows):
    x, y = np.array(rows, float).T
    found = coefficients(name, x[None], y[None])[0]
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(SCIPY[name](x, y), abs=1e-9)


@pytest.mark.parametrize("name", SCIPY)
@pytest.mark.parametrize("n", [4, 5, 6])
def test_p_is_exact(name, n):
    x = np.random.default_rng(n).permutation(n).astype(float)
    y = x + np.random.default_rng(n + 1).normal(0, 2, n)
    expected = permutation_test(
        (x,),
        lambda x: abs(SCIPY[name](x, y)),
        permutation_type="pairings",
        n_resamples=np.inf,
        alternative="greater",
    ).pvalue
    assert order_p(name, x, y) == pytest.approx(expected)


@pytest.mark.parametrize(("n", "p"), [(4, 2 / 24), (5, 2 / 120), (6, 2 / 720)])
def test_the_same_order_has_the_least_p(n, p):
    x = np.arange(n, dtype=float)
    assert order_p("spearman", x, x**2) == pytest.approx(p)


def test_random_orders_for_many_systems():
    x = np.arange(10, dtype=float)
    assert order_p("kendall", x, x) == pytest.approx(1 / 20_001, rel=5)
    y = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3.0])
    assert 0.05 < order_p("spearman", x, y) < 0.6
    assert order_p("spearman", x, y) == order_p("spearman", x, y)


@pytest.fixture
def study(frozen, submission, tmp_path):
    """Builds submissions of rising skill with scores on the tiny set, and a key of 20 rated moments."""

    def build(skills, scored=True):
        answers = list(frozen.answers())
        names = [f"s{number}" for number in range(len(skills))]
        for number, (name, skill) in enumerate(zip(names, skills, strict=True)):
            path = submission(name)
            noise = np.random.default_rng(number)
            rows = [
                ScoreRecord(
                    answer.sample_id,
                    [
                        round(float(score), 4)
                        for score in noise.normal(size=100)
                        + skill * (np.array(answer.types) == "correct")
                    ],
                )
                for answer in answers
            ]
            if scored:
                write_records(path / "scores" / frozen.name / "default" / "comments.jsonl.gz", rows)
        key = plain_key(20, [*names, "human"], 3)
        moments = answers[:20]
        ids = dict(
            zip((m.sample_id for m in key.moments), (a.sample_id for a in moments), strict=True)
        )
        key = msgspec.structs.replace(
            key,
            candidate_set=frozen.name,
            set_hash=frozen.manifest.hash,
            signature=frozen.manifest.signature,
            setting="comments",
            systems=[*(KeySystem(name, "default") for name in names), KeySystem("human")],
            moments=[KeyMoment(one.sample_id, one.video_id, one.category) for one in moments],
            items=[KeyItem(item.item, ids[item.sample_id], item.systems) for item in key.items],
        )
        return key, [Submission(tmp_path / "submissions" / name) for name in names]

    return build


def test_metrics_that_order_as_people_do(study, frozen, rated):
    skills = [0, 0.5, 1, 1.5, 2, 3]
    key, submissions = study(skills)
    means = {f"s{number}": (1.5 + 0.6 * number,) * 3 for number in range(6)} | {"human": (4.5,) * 3}
    found = correlate_ratings(
        rated(key, world=Qualities(means)), frozen, submissions, resamples=500
    )
    assert found.systems == [f"s{number}" for number in range(6)]
    assert found.exact
    mrr = [found.metrics[name]["MRR"] for name in found.systems]
    assert mrr == sorted(mrr)
    assert len(found.rows) == 4 * 5 * 2
    overall = next(r for r in found.rows if (r.criterion, r.metric) == ("mean of criteria", "MRR"))
    people = [found.human[name]["mean of criteria"] for name in found.systems]
    assert overall.value == pytest.approx(spearmanr(people, mrr).statistic)
    assert overall.value == pytest.approx(1)
    assert overall.p == pytest.approx(2 / 720)
    assert overall.low <= overall.value <= overall.high
    # The mean rank falls where people like a system better, and is negated.
    rank = next(r for r in found.rows if (r.criterion, r.metric) == ("mean of criteria", "MR"))
    assert rank.value > 0.9
    assert found.metrics["s0"]["MR"] > found.metrics["s5"]["MR"] > 0
    for name in ("spearman", "kendall"):
        rows = [row for row in found.rows if row.coefficient == name]
        assert all(row.p_holm >= row.p for row in rows)


@pytest.mark.parametrize(
    ("systems", "words"),
    [
        (1, "Nothing can be concluded: with 1 systems no order can be looked at; rate at least 5."),
        (2, "Nothing can be concluded: with 2 systems no order can be looked at; rate at least 5."),
        (3, "with 3 systems even the same order has p = 0.333; rate at least 5."),
        (4, "with 4 systems even the same order has p = 0.083; rate at least 5."),
    ],
)
def test_few_systems(study, frozen, rated, systems, words):
    key, submissions = study([0.0, 1, 2, 3][:systems])
    names = [*(f"s{number}" for number in range(systems)), "human"]
    world = Qualities({name: (2 + 0.5 * k,) * 3 for k, name in enumerate(names)})
    found = correlate_ratings(rated(key, world=world), frozen, submissions, resamples=200)
    assert words in found.conclusion
    assert all(row.p is None and row.p_holm is None for row in found.rows)
    if systems < 3:
        whys = {row.why for row in found.rows}
        assert whys == {f"undefined: {systems} systems, 3 are needed"}


def test_equal_means_are_undefined(study, frozen, ratings_of):
    key, submissions = study([0.0, 1, 2, 3, 4])
    ratings = ratings_of(key, [[3] * len(key.items)] * 3)
    found = correlate_ratings(ratings, frozen, submissions, resamples=200)
    whys = {row.why for row in found.rows}
    assert whys == {"undefined: the human means are the same for all systems"}


def test_what_is_refused(study, frozen, frozen_without_frames, rated):
    key, submissions = study([0.0, 1], scored=False)
    world = Qualities(dict.fromkeys(["s0", "s1", "human"], (3, 3, 3)))
    ratings = rated(key, world=world)
    with pytest.raises(
        LiveBenchError, match=r"comments.jsonl.gz: no scores; run `livebench evaluate"
    ):
        correlate_ratings(ratings, frozen, submissions)
    with pytest.raises(LiveBenchError, match="s0: was rated, but is not among the submissions"):
        correlate_ratings(ratings, frozen, submissions[1:])
    with pytest.raises(LiveBenchError, match="not the set that was rated"):
        correlate_ratings(ratings, frozen_without_frames, submissions)
    moved = [msgspec.structs.replace(one, run="gone") for one in key.systems]
    other = dataclasses.replace(ratings, key=msgspec.structs.replace(key, systems=moved))
    with pytest.raises(LiveBenchError, match="has no run gone, which was rated"):
        correlate_ratings(other, frozen, submissions)
