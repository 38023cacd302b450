"""The protocol `matched`, held against its definition, candidate by candidate."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from livebench.candidates.build import Builder
from livebench.candidates.protocol import load_protocol
from livebench.candidates.sources import frequency_bin, length_bin

SECONDS = 200
TYPES = {"correct": 1, "elsewhere": 19, "category": 40, "random": 40}


@pytest.mark.parametrize(
    ("count", "expected"),
    # floor(2 log2 n) from 4 on: 4, 5 | 6, 7 | 8 .. 11 | 12 .. 15 | 16 .. 22 | 23 .. 31 | 32
    [
        (0, 0),
        (1, 1),
        (2, 2),
        (3, 3),
        (4, 4),
        (5, 4),
        (6, 5),
        (7, 5),
        (8, 6),
        (11, 6),
        (12, 7),
        (15, 7),
        (16, 8),
        (22, 8),
        (23, 9),
        (31, 9),
        (32, 10),
        (2**30, 60),
    ],
)
def test_frequency_bins(count, expected):
    assert frequency_bin(np.array([count])).tolist() == [expected]


@pytest.mark.parametrize(
    ("characters", "expected"),
    # floor(4 log2 n) from 9 on: 2^3.25 = 9.51, 2^3.5 = 11.3, 2^3.75 = 13.5, 2^4 = 16
    [(1, 1), (8, 8), (9, 12), (10, 13), (11, 13), (12, 14), (13, 14), (14, 15), (15, 15), (16, 16)],
)
def test_length_bins(characters, expected):
    assert length_bin(np.array([characters])).tolist() == [expected]


@pytest.fixture(scope="module")
def built(world):
    builder = Builder(world, load_protocol("matched"), split="test", seed=3)
    return list(builder.samples(5000)), builder.account


def _occurrences(world):
    """By video: (second, string) of its comments; and how often each string occurs in training."""
    rows, train = defaultdict(list), Counter()
    for number, video in enumerate(world.videos):
        part = world.comments.of(number)
        for time, code in zip(
            world.comments.time_ms[part], world.comments.string[part], strict=True
        ):
            string = world.comments.strings[code]
            rows[video.video_id].append((int(time) // 1000, string))
            train[string] += video.split == "train"
    return rows, train


def test_every_candidate_is_what_its_type_says(world, built):
    rows, train = _occurrences(world)
    category = {video.video_id: video.category for video in world.videos}
    held_out = [video.video_id for video in world.videos if video.split != "train"]
    samples, _ = built
    assert len(samples) > 100
    for sample, answer in samples[::7]:
        types = dict(zip(sample.candidate_tokens, answer.types, strict=True))
        assert len(types) == 100
        assert Counter(types.values()) == TYPES
        correct = next(string for string, kind in types.items() if kind == "correct")
        own = rows[sample.video_id]
        assert (sample.time, correct) in own
        assert correct not in {comment.tokens for comment in sample.context}
        others = [video for video in held_out if video != sample.video_id]
        for string, kind in types.items():
            bins = frequency_bin(np.array([train[string], train[correct]]))
            assert bins[0] == bins[1]
            lengths = length_bin(np.array([len(string), len(correct)]))
            assert lengths[0] == lengths[1]
            seconds = [second for second, other in own if other == string]
            if kind == "elsewhere":
                assert seconds
                assert all(abs(second - sample.time) > 30 for second in seconds)
            elif kind == "category":
                assert not seconds
                same = [v for v in others if category[v] == category[sample.video_id]]
                assert any(string == other for v in same for _, other in rows[v])
            elif kind == "random":
                assert not seconds
                assert any(string == other for v in others for _, other in rows[v])


def test_every_second_with_comments_is_accounted_for(world, built):
    samples, account = built
    seconds = sum(SECONDS for video in world.videos if video.split == "test")
    assert len(samples) + sum(account.left_out.values()) == seconds
    assert account.left_out["beyond the maximum"] == 0


def test_poor_cells_are_left_out_by_reason_and_frequency(built):
    reasons = [reason for reason in built[1].left_out if reason.startswith("too few alike: ")]
    assert all(", correct one in training: " in reason for reason in reasons)


def test_no_sample_tells_of_another(built):
    """All candidates of a sample occur in the same other samples, and none in a context."""
    lists, around = {}, set()
    for sample, _ in built[0]:
        around |= {comment.tokens for comment in sample.context}
        for string in sample.candidate_tokens:
            lists.setdefault(string, set()).add(sample.sample_id)
    shared = 0
    for sample, answer in built[0]:
        (same,) = {frozenset(lists[string]) for string in sample.candidate_tokens}
        assert {name.split("@")[0] for name in same} == {sample.video_id}
        assert not around & set(sample.candidate_tokens)
        correct = sample.candidate_tokens[answer.types.index("correct")]
        others = [pair for pair in built[0] if pair[0].sample_id in same - {sample.sample_id}]
        for other, its_answer in others:
            assert its_answer.types[other.candidate_tokens.index(correct)] == "elsewhere"
        shared += len(same) > 1
    assert shared > 10


def test_as_many_samples_as_can_be(world, built):
    """A second whose first comment fits no list is tried with its others: half of the samples."""
    seconds = {sample.sample_id for sample, _ in built[0]}
    builder = Builder(world, load_protocol("matched"), split="test", seed=3)
    first = {moment.sample_id: moment.correct[0] for moment in builder._moments.in_drawn_order()}
    string = world.comments.strings
    others = [
        sample.sample_id
        for sample, answer in built[0]
        if sample.candidate_tokens[answer.types.index("correct")] != string[first[sample.sample_id]]
    ]
    assert 0 < len(others) < len(seconds)


def test_the_place_of_the_correct_one_tells_nothing(built):
    places = [answer.types.index("correct") for _, answer in built[0]]
    # The mean of n uniform places on 0 .. 99 has a standard deviation of 28.87 / sqrt(n).
    assert abs(np.mean(places) - 49.5) < 4 * 28.87 / np.sqrt(len(places))


def test_fewer_samples_are_a_part_of_more(world, built):
    fewer = list(Builder(world, load_protocol("matched"), split="test", seed=3).samples(40))
    records = {sample.sample_id: (sample, answer) for sample, answer in built[0]}
    assert len(fewer) == 40
    assert all(records[sample.sample_id] == (sample, answer) for sample, answer in fewer)


def test_another_seed_draws_others(world, built):
    other = list(Builder(world, load_protocol("matched"), split="test", seed=4).samples(5000))
    first = {sample.sample_id: set(sample.candidates) for sample, _ in built[0]}
    same = [first.get(sample.sample_id) == set(sample.candidates) for sample, _ in other]
    assert sum(same) < len(same) / 10
