"""Which moments are rated: shares of categories, videos in turn, the same for the same seed."""

from collections import Counter

import pytest

from livebench.errors import LiveBenchError
from livebench.human.sheets.rated_moments import allocate, sample_moments
from livebench.records import AnswerRecord


def answers(*rows):
    """Answer records of (category, video, second, suffix)."""
    hundred = {"types": ["correct"] * 100, "train_counts": [0] * 100, "lengths": [1] * 100}
    return [
        AnswerRecord(f"{video}@{second}{suffix}", video, category, 5, **hundred)
        for category, video, second, suffix in rows
    ]


@pytest.mark.parametrize(
    ("sizes", "count", "expected"),
    [
        ({"a": 60, "b": 40}, 10, {"a": 6, "b": 4}),
        ({"a": 50, "b": 30, "c": 20}, 7, {"a": 4, "b": 2, "c": 1}),  # 3.5, 2.1, 1.4
        ({"a": 10, "b": 10}, 3, {"a": 2, "b": 1}),  # equal remainders: by name
        ({"b": 15, "a": 5}, 2, {"b": 2, "a": 0}),  # equal remainders: the larger one
        ({"a": 3, "b": 1}, 4, {"a": 3, "b": 1}),
    ],
)
def test_shares_by_largest_remainder(sizes, count, expected):
    assert allocate(sizes, count) == expected


MANY = answers(
    *(("甲" if v < 6 else "乙", f"v{v}", s, "") for v in range(8) for s in range(10 * (v + 1)))
)


def test_each_category_gets_its_share():
    # 10 + ... + 60 = 210 moments of 甲, 70 + 80 = 150 of 乙.
    chosen = Counter(one.category for one in sample_moments(MANY, 36, seed=1))
    assert chosen == {"甲": 21, "乙": 15}


def test_videos_of_a_category_take_turns():
    chosen = Counter(one.video_id for one in sample_moments(MANY, 36, seed=1))
    assert sorted(chosen[f"v{v}"] for v in range(6)) == [3, 3, 3, 4, 4, 4]
    assert sorted(chosen[f"v{v}"] for v in (6, 7)) == [7, 8]


def test_the_same_seed_the_same_moments_in_any_order_of_the_set():
    first = [one.sample_id for one in sample_moments(MANY, 20, seed=3)]
    assert [one.sample_id for one in sample_moments(MANY[::-1], 20, seed=3)] == first
    assert set(first) != {one.sample_id for one in sample_moments(MANY, 20, seed=4)}
    assert len(set(first)) == 20


def test_a_moment_with_several_samples_is_one():
    several = answers(
        *(("甲", "v@1", 7, suffix) for suffix in ("", "-b", "-c")), ("甲", "v@1", 8, "")
    )
    assert [one.sample_id[:5] for one in sample_moments(several, 2, seed=0)] in (
        ["v@1@7", "v@1@8"],
        ["v@1@8", "v@1@7"],
    )
    with pytest.raises(LiveBenchError, match=r"--moments 3: the candidate set has 2 moments"):
        sample_moments(several, 3, seed=0)
