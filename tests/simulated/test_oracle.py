"""The oracle: its probabilities sum to 1, are Bayes' rule by brute force, and help."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict

import numpy as np
import pytest

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.scoring.runner import read_samples
from livebench.scoring.scorer import Comment
from livebench.simulated.grammar import Words, read_rules
from livebench.simulated.lexicon import read_words
from livebench.simulated.observer import Observer, Shown
from livebench.simulated.oracle import Oracle
from livebench.simulated.readings import Reader
from livebench.simulated.simulation import simulate_dataset, simulate_video
from livebench.simulated.world import CHANGE, SCENE_SLOTS, Scene, World

RULES = """
[filler]
1 {fill}
1 {fill}{fill}
[about]
1 {subject}
1 {mood}{subject}
1 {subject}{action}{place}
[scene]
1 {about}
[talk]
2 {topic}
1 {topic}x
[noise]
2 o
1 {scene}
1 {talk}
[video_title]
1 {subject}{place}
"""
SCENE = Scene(0, 5, "c", "e", "f", "t")
SHOWN = [Shown("zz", -3), Shown("ab", -1), Shown("hx", -1), Shown("gc", 1), Shown("k", 2)]


@pytest.fixture(scope="module")
def tiny() -> World:
    """Ambiguous on purpose: e is an action and a place, ab a word and may be two comments' words."""
    lists = {
        "subject": read_words("# x\na b ab\n# y\nc"),
        "action": read_words("# x\nd\n# y\ne"),
        "place": read_words("# x\ne\n# y\nf"),
        "mood": read_words("# glad\ng\ni\n# sad\nt"),
        "topic": read_words("h k\nl\nm"),
    }
    fillers = [("z", ""), ("zz", "glad")]
    return World(lists, read_rules(RULES), Words({"x": 2, "y": 1}), fillers)


@pytest.fixture(scope="module")
def watcher(tiny) -> Observer:
    return Observer(tiny)


BELIEFS = {
    "video": (SCENE, []),
    "comments": (None, SHOWN),
    "both": (SCENE, SHOWN),
    "nothing": (None, []),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BELIEFS)
def test_probabilities_of_all_strings_sum_to_one(watcher, name):
    """By enumeration: no comment has more than 4 characters."""
    belief = watcher.belief(*BELIEFS[name])
    total = sum(
        belief.probability("".join(letters))
        for length in range(5)
        for letters in itertools.product("abcdefghiklmtxoz", repeat=length)
    )
    assert total == pytest.approx(1, abs=1e-12)


def _paths(states: dict, seconds: int) -> dict:
    """p(state at each of some seconds): a new one is drawn with probability CHANGE at each second."""
    paths = {(state,): p for state, p in states.items()}
    for _ in range(seconds - 1):
        longer: dict = defaultdict(float)
        for path, p in paths.items():
            longer[*path, path[-1]] += p * (1 - CHANGE)
            for state, fresh in states.items():
                longer[*path, state] += p * CHANGE * fresh
        paths = longer
    return paths


@pytest.fixture(scope="module")
def believed(tiny) -> dict:
    """p(state of the moment | shown), summed over every course of category, scenes and topics.

    Three seconds, with comments in the first and the last; `World.probability` for each comment.
    """
    known: dict = {}

    def probability(said: str, state: tuple) -> float:
        if (said, state) not in known:
            known[said, state] = tiny.probability(said, Scene(0, 1, *state[0]), state[1])
        return known[said, state]

    talks = _paths(dict.fromkeys(tiny.lists["topic"].mains, 1 / 3), 3)
    found: dict = defaultdict(float)
    for category, share in tiny.categories.probabilities.items():
        words = [tiny.scene_words(slot, category).probabilities for slot in SCENE_SLOTS]
        scenes = {
            mains: float(np.prod([own[main] for own, main in zip(words, mains, strict=True)]))
            for mains in itertools.product(*words)
        }
        for (before, now, after), p in _paths(scenes, 3).items():
            for topics, q in talks.items():
                value = share * p * q * probability("ab", (before, topics[0]))
                value *= probability("gc", (after, topics[2]))
                value *= probability("hx", (after, topics[2]))
                found[now, topics[1]] += value
    total = sum(found.values())
    return {state: value / total for state, value in found.items()}


@pytest.mark.parametrize("text", ["c", "ab", "gc", "adf", "h", "k", "l", "z", "zz", "o", "tb"])
def test_bayes_by_brute_force(tiny, watcher, believed, text):
    belief = watcher.belief(None, [Shown("ab", -1), Shown("gc", 1), Shown("hx", 1)])
    expected = sum(
        p * tiny.probability(text, Scene(0, 1, *mains), topic)
        for (mains, topic), p in believed.items()
    )
    assert belief.probability(text) == pytest.approx(expected)


@pytest.fixture(scope="module")
def observer() -> Observer:
    return Observer(World.default())


def test_a_known_moment_is_the_world_itself(observer):
    """Averaged over topics by hand, each as likely."""
    world, video = observer.world, simulate_video(World.default(), 5, 1)
    topics = world.lists["topic"].mains
    belief = observer.belief(video.scenes[0], [])
    for comment in video.comments[:40]:
        expected = sum(world.probability(comment.text, video.scenes[0], t) for t in topics)
        assert belief.probability(comment.text) == pytest.approx(expected / len(topics))


def test_both_readings_at_once_are_refused(tiny):
    rules = {**tiny.rules, "scene": [(1.0, "{topic}{subject}")], "noise": [(1.0, "o")]}
    world = World(tiny.lists, {**rules, "talk": [(1.0, "{topic}a")]}, tiny.categories, tiny.fillers)
    with pytest.raises(ValueError, match="about the topic and about the scene"):
        Reader(world).read("ha")


def test_of_nothing_it_is_the_share_of_a_comment():
    """What the world writes, counted; whole videos vary together."""
    world = World.default()
    belief = Observer(world).belief(None, [])
    videos = [
        Counter(comment.text for comment in simulate_video(world, 99, number).comments)
        for number in range(1, 31)
    ]
    texts = [text for text, _ in sum(videos, Counter()).most_common(40)]
    assert len(texts) == 40
    for text in texts:
        p = belief.probability(text)
        over = np.array([counts[text] - p * counts.total() for counts in videos])
        assert abs(over.sum()) < 4 * np.sqrt((over**2).sum()), text


def test_of_nothing_it_is_the_mean_over_categories():
    world = World.default()
    observer = Observer(world)
    for text in ("哈哈哈", "厨师", "作业", "练习册好多"):
        mean = sum(
            p * observer.belief(None, [], category=name).probability(text)
            for name, p in world.categories.probabilities.items()
        )
        assert observer.belief(None, []).probability(text) == pytest.approx(mean, rel=1e-12)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> Dataset:
    return simulate_dataset(tmp_path_factory.mktemp("oracle") / "simulated", seed=3, videos=8)


@pytest.fixture(scope="module")
def samples(simulated, tmp_path_factory):
    """Samples of a `paper` set by setting, with the places of the correct candidates."""
    out = tmp_path_factory.mktemp("oracle-sets") / "simulated-paper"
    found = build_set(simulated, load_protocol("paper"), out, max_samples=20)
    correct = [np.array(answer.types) == "correct" for answer in found.answers()]
    settings = ("video", "comments", "both")
    return correct, {
        setting: [sample for _, sample in read_samples(found, simulated, setting)]
        for setting in settings
    }


@pytest.fixture(scope="module")
def oracle(simulated) -> Oracle:
    oracle = Oracle()
    oracle.fit(simulated.split("train"))
    return oracle


@pytest.mark.parametrize("setting", ["video", "comments", "both"])
def test_three_ways_of_scoring_agree(oracle, samples, setting):
    few = samples[1][setting][:2]
    expected = [list(oracle.score_candidates(*sample)) for sample in few]
    assert oracle.score_samples(few) == expected
    for sample, scores in zip(few, expected, strict=True):
        alone = [oracle.score(sample.video_ctx, sample.comments, c) for c in sample.candidates]
        assert alone == scores
        assert max(scores) < 0


def test_who_sees_more_believes_the_correct_ones_more(oracle, samples):
    correct, by_setting = samples
    scores = {
        setting: [oracle.score_candidates(*sample) for sample in found]
        for setting, found in by_setting.items()
    }
    nothing = oracle._observer.belief(None, [])
    scores["nothing"] = [
        [np.log(nothing.probability(one.text)) for one in sample.candidates]
        for sample in by_setting["both"]
    ]
    means = {
        setting: np.concatenate(
            [np.array(s)[c] for s, c in zip(found, correct, strict=True)]
        ).mean()
        for setting, found in scores.items()
    }
    assert means["both"] > means["comments"] > means["nothing"]
    assert means["both"] > means["video"] > means["nothing"]


def test_what_nobody_says(oracle, samples):
    sample = samples[1]["both"][0]
    with pytest.raises(LiveBenchError, match="'abc': nobody in the simulated world says this"):
        oracle.score(*sample[:2], Comment("abc", ""))


def test_white_space_does_not_matter(oracle, samples):
    sample = samples[1]["both"][0]
    found = [oracle.score(*sample[:2], Comment(text, "")) for text in ("哈哈哈", "哈 哈哈")]
    assert found[0] == found[1]


def test_no_simulated_world(dataset):
    with pytest.raises(LiveBenchError, match=r"not a simulated world \(no scenes.parquet\)"):
        Oracle().fit(dataset.split("train"))


def test_frames_of_another_dataset(oracle, samples):
    sample = samples[1]["video"][0]
    moved = sample.video_ctx._replace(time=sample.video_ctx.time + 1)
    other = sample.video_ctx._replace(frames=sample.video_ctx.frames + 1)
    for context in (moved, other):
        with pytest.raises(LiveBenchError, match=r"second [0-9]+: has no such frame"):
            oracle.score(context, [], sample.candidates[0])
