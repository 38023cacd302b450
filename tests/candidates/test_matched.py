"""The protocol `matched`, held against its definition, candidate by candidate."""

import zlib
from collections import Counter, defaultdict

import msgspec
import numpy as np
import pytest

from livebench.candidates.build import Builder
from livebench.candidates.protocol import (
    CategoryRule,
    ElsewhereRule,
    RandomRule,
    load_protocol,
)
from livebench.candidates.sources import frequency_bin, length_bin
from livebench.data.dataset import DatasetInfo
from livebench.data.dataset_writer import write_dataset
from livebench.errors import LiveBenchError
from livebench.scoring.metrics import HEADLINE, best_metrics

MOMENTS = 50


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


def _correct(sample, answer):
    return sample.candidate_tokens[answer.types.index("correct")]


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
    samples, _ = built
    assert len(samples) > 300
    home = {_correct(sample, answer): sample.video_id for sample, answer in samples}
    for sample, answer in samples[::7]:
        types = dict(zip(sample.candidate_tokens, answer.types, strict=True))
        assert len(types) == 100
        correct = _correct(sample, answer)
        own = rows[sample.video_id]
        assert (sample.time, correct) in own
        assert correct not in {comment.tokens for comment in sample.context}
        assert 2 <= list(types.values()).count("elsewhere") <= 9
        for string, kind in types.items():
            bins = frequency_bin(np.array([train[string], train[correct]]))
            assert bins[0] == bins[1]
            lengths = length_bin(np.array([len(string), len(correct)]))
            assert lengths[0] == lengths[1]
            seconds = [second for second, other in own if other == string]
            same = category[home[string]] == category[sample.video_id]
            if kind == "elsewhere":
                assert home[string] == sample.video_id
                assert all(abs(second - sample.time) > 30 for second in seconds)
            elif kind != "correct":
                assert not seconds
                assert kind == ("category" if same else "random")


def test_at_most_half_of_a_list_is_of_a_category_if_others_fill_it(world, built):
    category = {video.video_id: video.category for video in world.videos}
    lists = defaultdict(Counter)
    for sample, _ in built[0]:
        lists[frozenset(sample.candidate_tokens)][category[sample.video_id]] += 1
    assert {"甲": 50, "乙": 50} in lists.values()


def test_one_category_fills_a_list(world, tmp_path):
    """Where there is no other, all of a list is of one: `of_category` is no reason to build nothing."""
    videos = [msgspec.structs.replace(video, category="甲") for video in world.videos]
    comments = world.comments
    texts = [comments.texts[number] for number in comments.string]
    alone = write_dataset(
        tmp_path / "alone",
        DatasetInfo("alone", tokenizer="none"),
        videos,
        comment_video=comments.video,
        comment_time_ms=comments.time_ms,
        comment_texts=texts,
        comment_tokens=texts,
    )
    built = list(Builder(alone, load_protocol("matched"), split="test", seed=3).samples(100))
    assert {kind for _, answer in built for kind in answer.types} == {
        "correct",
        "elsewhere",
        "category",
    }


def test_every_second_with_comments_is_accounted_for(world, built):
    samples, account = built
    seconds = sum(MOMENTS for video in world.videos if video.split == "test")
    assert len(samples) + sum(account.left_out.values()) == seconds


def test_moments_without_a_list_are_left_out_by_reason_and_frequency(built):
    reasons = {reason for reason in built[1].left_out if reason.startswith("too few moments alike")}
    assert reasons
    assert all(", correct one in training: " in reason for reason in reasons)


def test_each_comment_of_a_list_is_correct_once(built):
    """Whoever does not look at the moment is at chance exactly, whatever the preference."""
    lists = defaultdict(list)
    for sample, answer in built[0]:
        lists[frozenset(sample.candidate_tokens)].append(_correct(sample, answer))
    for candidates, correct in lists.items():
        assert len(candidates) == len(correct) == 100
        assert candidates == set(correct)
    preferred = np.array(
        [[zlib.crc32(string.encode()) for string in one.candidate_tokens] for one, _ in built[0]]
    )
    right = np.array([answer.types for _, answer in built[0]]) == "correct"
    # 1 + 1/2 + ... + 1/100, over 100.
    assert HEADLINE.column(best_metrics(preferred, right)).mean() == pytest.approx(
        0.0518737751763962
    )


def test_no_sample_tells_of_another(built):
    """All candidates of a sample occur in the same other samples, and none in a context."""
    lists, around = {}, set()
    for sample, _ in built[0]:
        around |= {comment.tokens for comment in sample.context}
        for string in sample.candidate_tokens:
            lists.setdefault(string, set()).add(sample.sample_id)
    for sample, _ in built[0]:
        assert len({frozenset(lists[string]) for string in sample.candidate_tokens}) == 1
        assert not around & set(sample.candidate_tokens)


def test_the_place_of_the_correct_one_tells_nothing(built):
    places = [answer.types.index("correct") for _, answer in built[0]]
    # The mean of n uniform places on 0 .. 99 has a standard deviation of 28.87 / sqrt(n).
    assert abs(np.mean(places) - 49.5) < 4 * 28.87 / np.sqrt(len(places))


def test_fewer_samples_are_the_first_lists_of_more(world, built):
    fewer = list(Builder(world, load_protocol("matched"), split="test", seed=3).samples(299))
    records = {sample.sample_id: (sample, answer) for sample, answer in built[0]}
    assert len(fewer) == 200
    assert all(records[sample.sample_id] == (sample, answer) for sample, answer in fewer)


def test_another_seed_draws_others(world, built):
    other = list(Builder(world, load_protocol("matched"), split="test", seed=4).samples(5000))
    first = {sample.sample_id: set(sample.candidates) for sample, _ in built[0]}
    same = [first.get(sample.sample_id) == set(sample.candidates) for sample, _ in other]
    assert sum(same) < len(same) / 10


def test_less_than_a_list_is_refused(world):
    builder = Builder(world, load_protocol("matched"), split="test", seed=3)
    with pytest.raises(LiveBenchError) as refused:
        list(builder.samples(99))
    assert str(refused.value) == (
        "protocol matched: no set of 99 samples: they come in lists of 100; ask for 100 or more"
    )


def test_too_few_moments_for_a_list_are_refused(world):
    """Two videos of 200 s, of which a list takes 7 moments each, at most."""
    builder = Builder(world, load_protocol("matched"), split="dev", seed=3)
    with pytest.raises(LiveBenchError) as refused:
        list(builder.samples(5000))
    assert "too few moments alike to fill a list, correct one in training: 0" in str(refused.value)


def test_how_version_2_kept_samples_apart_is_no_longer_built(world):
    rules = [ElsewhereRule(19, 30), CategoryRule(40), RandomRule("occurrence", 40)]
    protocol = msgspec.structs.replace(load_protocol("matched"), version=2, wrong=rules)
    with pytest.raises(LiveBenchError) as refused:
        Builder(world, protocol, split="test", seed=3)
    assert str(refused.value) == (
        "protocol matched: its version 2 kept samples apart in a way that is no longer built; "
        "build a new set, or install the LiveBench that the manifest names"
    )


def test_live_shows_the_past_alone(world):
    rows, _ = _occurrences(world)
    built = list(Builder(world, load_protocol("live"), split="test", seed=3).samples(200))
    assert len(built) >= 100
    for sample, answer in built:
        past = [string for second, string in rows[sample.video_id] if second < sample.time]
        assert [comment.tokens for comment in sample.context] == past[-20:][::-1]
        assert len(past) >= 5
        assert set(answer.types) >= {"correct", "elsewhere"}
