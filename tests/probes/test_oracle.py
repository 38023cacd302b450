"""The oracle: its probabilities sum to 1, are the world's own where it says them, and help."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.data.grammar import Words, read_rules
from livebench.data.lexicon import read_words
from livebench.data.simulate import simulate_dataset, simulate_video
from livebench.data.world import KIND_WEIGHTS, Scene, World
from livebench.errors import LiveBenchError
from livebench.probes.observer import Observer, Shown, Weights
from livebench.probes.oracle import Oracle
from livebench.scoring.runner import read_samples
from livebench.scoring.scorer import Comment

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
[reply]
2 {key}
1 {key}x
[title]
1 {named}x
[smalltalk]
1 {chat}
[noise]
1 {smalltalk}
1 {about}
1 {slip}
[slip]
1 {character}{slip}
3 {character}
[video_title]
1 {subject}{place}
"""
LETTERS = "abcdefghtxz"
SCENES = (Scene(0, 5, "a", "d", "e", "g"), Scene(5, 9, "c", "e", "f", "t"))
BEFORE = [Shown("zz", -1.0), Shown("gab", -0.5), Shown("..", -0.2)]
AFTER = [Shown("cx", 0.1), Shown("hx", 0.3), Shown("ade", 0.3)]


@pytest.fixture(scope="module")
def tiny() -> World:
    """Ambiguous on purpose: e is an action and a place, ab a word and two."""
    lists = {
        "subject": read_words("# x\na b ab\n# y\nc"),
        "action": read_words("# x\nd\n# y\ne"),
        "place": read_words("# x\ne\n# y\nf"),
        "mood": read_words("# glad\ng\n# sad\nt"),
        "chat": read_words("h"),
    }
    fillers = [("z", ""), ("zz", "glad")]
    return World(lists, read_rules(RULES), Words({"x": 2, "y": 1}), fillers)


@pytest.fixture(scope="module")
def watcher(tiny) -> Observer:
    return Observer(tiny, Weights(before=2.0, decay=1.0, asked=0.3))


BELIEFS = {
    # scenes, older, title, shown; how many replies after the moment ask for a word
    "video": ([(0.75, SCENES[0]), (0.25, SCENES[1])], [(1.0, SCENES[0])], "ae", [], 0),
    "comments before": (None, None, None, BEFORE, 0),
    "comments": (None, None, None, BEFORE + AFTER, 2),
    "both": ([(1.0, SCENES[1])], [(1.0, SCENES[0])], "ae", BEFORE + AFTER, 2),
    "nothing": (None, None, None, [], 0),
}


@pytest.mark.parametrize("name", BELIEFS)
def test_probabilities_of_all_strings_sum_to_one(tiny, watcher, name):
    """By enumeration: all strings of up to 4 characters; only slips are longer."""
    *known, asked = BELIEFS[name]
    belief = watcher.belief(*known)
    total = sum(
        belief.probability("".join(letters))
        for length in range(5)
        for letters in itertools.product(LETTERS, repeat=length)
    )
    # A third of noise are slips, and n characters have 3/4 * (1/4)**(n - 1). What begins a chain is
    # noise as often as the world says, but where a reply asks for a word: a slip has none.
    share = sum(tiny.characters.probabilities[letter] for letter in LETTERS)
    slips = sum(0.75 * 0.25 ** (n - 1) * share**n for n in range(1, 5))
    missing = KIND_WEIGHTS["noise"] * (1 - slips) / 3 / (1 + asked * watcher.weights.asked)
    assert total == pytest.approx(1 - missing, abs=1e-12)


@pytest.fixture(scope="module")
def observer() -> Observer:
    return Observer(World.default())


def test_without_comments_it_is_the_world_itself(observer):
    """`World.probability` has the same moments, worked out without polynomials."""
    world, video = observer.world, simulate_video(observer.world, 5, 1)
    scenes = [(0.3, video.scenes[0]), (0.7, video.scenes[1])]
    moments = [
        (observer.belief(scenes, scenes, video.title, []), (scenes, None, video.title)),
        (observer.belief(None, None, None, []), (None, None, None)),
    ]
    for belief, known in moments:
        moment = world.moment(*known)
        for comment in video.comments[:150]:
            expected = world.probability(comment.text, moment)
            assert belief.probability(comment.text) == pytest.approx(expected), comment.text


def test_reply_to_what_is_shown_by_hand(watcher):
    """Where c is taken up, a reply is "cx" in a third of the cases; 2 / (1 + 1) of them to 1."""
    seen = [(1.0, SCENES[0])]
    alone = watcher.belief(seen, seen, "ae", [])
    after_one = watcher.belief(seen, seen, "ae", [Shown("c", -1.0)])
    reading = watcher.read("cx")
    expected = (alone.reply("cx", reading) + 1 / 3) / 2
    assert after_one.reply("cx", reading) == pytest.approx(expected)
    unanswered = watcher.belief(seen, seen, "ae", [Shown("..", -1.0)])
    assert unanswered.probability("cx") == alone.probability("cx")


def test_a_reply_asks_for_what_it_takes_up(observer):
    """A comment with the word becomes more probable, and one of the scene that lacks it less."""
    scenes = [(1.0, simulate_video(observer.world, 5, 1).scenes[0])]
    word, other = scenes[0][1].subject, scenes[0][1].place
    shown = [Shown(f"什么{word}", 0.2)]
    assert observer.is_reply(shown[0].text)
    assert not observer.is_reply(f"{word}在{other}")
    before = observer.belief(scenes, scenes, None, [])
    after = observer.belief(scenes, scenes, None, shown)
    assert after.probability(f"我的{word}") > before.probability(f"我的{word}")
    assert after.probability(f"好想去{other}") < before.probability(f"好想去{other}")


def test_the_words_around_tell_the_category(observer):
    """After words of one category its other words are more probable, those of others less."""
    lists = observer.world.lists["subject"].sections
    (_, first), (_, second), *_ = lists.items()
    shown = [Shown(f"{first[0]}在哪", -0.5), Shown(f"我的{first[1]}", -0.3)]
    before = observer.belief(None, None, None, [])
    after = observer.belief(None, None, None, shown)
    assert after.probability(f"我的{first[5]}") > before.probability(f"我的{first[5]}")
    assert after.probability(f"我的{second[5]}") < before.probability(f"我的{second[5]}")


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
    scores["nothing"] = [
        [np.log(oracle._observer.prior(one.text)) for one in sample.candidates]
        for sample in by_setting["both"]
    ]
    means = {
        setting: np.concatenate(
            [np.array(s)[c] for s, c in zip(found, correct, strict=True)]
        ).mean()
        for setting, found in scores.items()
    }
    assert means["both"] > means["comments"] > means["video"] > means["nothing"]


def test_gain_is_the_difference(simulated, oracle, samples):
    gain = Oracle(gain=True)
    gain.fit(simulated.split("train"))
    sample = samples[1]["both"][0]
    prior = [np.log(oracle._observer.prior(one.text)) for one in sample.candidates]
    expected = np.array(oracle.score_candidates(*sample)) - prior
    assert gain.score_candidates(*sample) == pytest.approx(expected)


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
        with pytest.raises(LiveBenchError, match="has no such frame at second"):
            oracle.score(context, [], sample.candidates[0])
