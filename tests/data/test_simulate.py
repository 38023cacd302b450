"""The simulated world: what is drawn is what is scored, sums are 1, and rows never change."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from random import Random

import numpy as np
import pandas as pd
import pytest

from livebench.data.dataset import Dataset
from livebench.data.grammar import PART, Grammar, Words, mixture, read_rules
from livebench.data.lexicon import read_words
from livebench.data.simulate import comment_times, frame_vectors, simulate_dataset, simulate_video
from livebench.data.world import (
    KIND_WEIGHTS,
    SCENE_SLOTS,
    Scene,
    World,
    reply_weight,
    scene_weights,
)
from livebench.errors import LiveBenchError

RULES = """
# Small enough to sum over all strings; ambiguous on purpose.
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
1 {key}{fill}
[title]
1 {named}t
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
1 {subject}{place}{number}
"""


@pytest.fixture(scope="module")
def tiny() -> World:
    lists = {
        "subject": read_words("# x\na b\n# y\nc"),
        "action": read_words("# x\nd\n# y\ne"),
        "place": read_words("# x\ne\n# y\nf"),
        "mood": read_words("# glad\ng\n# sad\nt"),
        "chat": read_words("h"),
    }
    fillers = [("z", ""), ("zz", "glad")]
    return World(lists, read_rules(RULES), Words({"x": 2, "y": 1}), fillers)


@pytest.fixture(scope="module")
def world() -> World:
    return World.default()


SCENES = (Scene(0, 5, "a", "d", "e", "g"), Scene(5, 9, "c", "e", "f", "t"))
MOMENTS = {
    "all known": (
        [(0.75, SCENES[0]), (0.25, SCENES[1])],
        [(2.0, "gab"), (1.0, "h"), (1.0, "zz")],
        "ae1",
    ),
    "echo only": ([(1.0, SCENES[0])], [(1.0, "zz"), (3.0, "z")], "ae1"),
    "nobody to answer": ([(1.0, SCENES[0])], [(1.0, "yyy")], "ae1"),
    "nobody to reply to": ([(1.0, SCENES[0])], [], "ae1"),
    "video only": ([(1.0, SCENES[1])], None, "ce1"),
    "comments only": (None, [(1.0, "de")], None),
    "nothing known": (None, None, None),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_probabilities_of_all_strings_sum_to_one(tiny, name):
    """By enumeration: all strings of up to 4 characters; only slips are longer."""
    moment = tiny.moment(*MOMENTS[name])
    total = Counter()
    for length in range(5):
        for letters in itertools.product("abcdefghtz", repeat=length):
            total.update(tiny.kind_probabilities("".join(letters), moment))
    replies = 1.0 if moment["reply"] else 0.0
    for kind, expected in {"filler": 1, "scene": 1, "reply": replies, "title": 1}.items():
        assert total[kind] == pytest.approx(expected, abs=1e-12)
    # Noise: a third each, and a slip of exactly n characters has 3/4 * (1/4)**(n - 1).
    share = sum(tiny.characters.probabilities[letter] for letter in "abcdefghtz")
    slips = sum(0.75 * 0.25 ** (n - 1) * share**n for n in range(1, 5))
    assert total["noise"] == pytest.approx((2 + slips) / 3, abs=1e-12)


def test_probability_by_hand(tiny):
    """Fillers are z (weight 1/1.5) and zz (1/2.5), the glad one 12 times as frequent if it is glad.

    p("z"): filler, half of the time one word; noise, a third a slip, of one character 3/4.
    p("h"): a reply takes up h (1 of 4 in weight), and the key alone is 2/3; noise, small talk.
    """
    moment = tiny.moment(*MOMENTS["all known"])
    glad, sad = (1 / 1.5) / (1 / 1.5 + 12 / 2.5), (1 / 1.5) / (1 / 1.5 + 1 / 2.5)
    slip = tiny.characters.probabilities["h"] * 0.75
    none = dict.fromkeys(KIND_WEIGHTS, 0)
    expected = {
        "z": none | {"filler": (0.75 * glad + 0.25 * sad) / 2, "noise": slip / 3},
        "h": none | {"reply": 1 / 4 * 2 / 3, "noise": (1 + slip) / 3},
    }
    for text, by_kind in expected.items():
        assert tiny.kind_probabilities(text, moment) == pytest.approx(by_kind)
        total = sum(KIND_WEIGHTS[kind] * p for kind, p in by_kind.items())
        assert tiny.probability(text, moment) == pytest.approx(total)


def test_reply_takes_up_a_word_or_echoes(tiny):
    """Of weights 2, 1, 1: a word of "gab" (3 words), the word "h", and "zz" as it is."""
    moment = tiny.moment(*MOMENTS["all known"])
    one = 2 / 4 / 3 * 2 / 3
    for text, expected in {"g": one, "a": one, "zz": 1 / 4, "c": 0}.items():
        assert tiny.kind_probabilities(text, moment)["reply"] == pytest.approx(expected), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # a: main word .65; "ab" has the words a and b; each template of `about` 1/3.
        ("a", 0.75 * 0.65 / 3),
        ("gb", 0.75 * 0.35 / 3),
        ("tc", 0.25 / 3),
        ("ade", 0.75 * 0.65 / 3),
        ("cef", 0.25 / 3),
        ("cdf", 0),
        ("", 0),
    ],
)
def test_scene_comment_by_hand(tiny, text, expected):
    moment = tiny.moment(*MOMENTS["all known"])
    assert tiny.kind_probabilities(text, moment)["scene"] == pytest.approx(expected)


def test_ambiguous_string_sums_over_derivations():
    """ "hh" by one word (1/3 * 1/2), or two (4/9 * 1/2); "hhh" as h,hh or hh,h."""
    grammar = Grammar(read_rules("[fill]\n2 h\n1 hh\n[s]\n1 {fill}\n1 {fill}{fill}"), {})
    for text, expected in {"h": 1 / 3, "hh": 1 / 6 + 2 / 9, "hhh": 2 / 9, "hhhh": 1 / 18}.items():
        assert grammar.probability(text, "s", {}) == pytest.approx(expected)


@pytest.mark.parametrize("kind", KIND_WEIGHTS)
def test_samples_agree_with_probabilities(world, kind):
    """Frequent strings of 20,000 draws come as often as they should (5 standard errors)."""
    scenes = simulate_video(world, 1, 1).scenes
    moment = world.moment(
        [(0.7, scenes[0]), (0.3, scenes[1])],
        [(1.0, "橘猫好可爱"), (0.5, "在厨房打滚"), (0.3, "哈哈哈")],
        "橘猫在厨房的一天（1）",
    )
    random, draws = Random("agreement"), 20_000
    counts = Counter(world.sample(kind, moment, random) for _ in range(draws))
    for text, count in counts.most_common(30):
        p = world.kind_probabilities(text, moment)[kind]
        assert abs(count - draws * p) < 5 * np.sqrt(draws * p) + 1, text


def test_every_string_has_a_probability(world):
    moment = world.moment(None, None, None)
    for comment in simulate_video(world, 3, 2).comments[:200]:
        assert world.probability(comment.text, moment) > 0


def test_grammar_is_what_the_formulas_need(world):
    """No slot twice in a comment; fixed text has no word that a reply might take up."""
    for kind in KIND_WEIGHTS:
        for slot in (*SCENE_SLOTS, "key", "named"):
            assert world.grammar.most_uses(kind, slot) <= 1, (kind, slot)
    fixed = [
        piece
        for name, alternatives in world.rules.items()
        if name != "video_title"
        for _, template in alternatives
        for piece in PART.split(template)[::2]
    ]
    fixed += [piece for filler, _ in world.fillers for piece in PART.split(filler)[::2]]
    assert [word for piece in fixed for word in world.keys(piece)] == []


def test_words_stand_in_one_list_only(world):
    words = [word for each in world.lists.values() for word in each.words]
    assert [word for word, count in Counter(words).items() if count > 1] == []
    assert [word for word in words if len(word) < 2 or word.split() != [word]] == []


def test_keys_take_the_longest_word(world):
    assert world.keys("布偶猫在厨房，橘猫也在厨房") == ["布偶猫", "厨房", "橘猫"]


def test_mixture_by_hand():
    mixed = mixture([(3, Words({"a": 1, "b": 1})), (1, Words({"b": 2}))])
    assert mixed.probabilities == pytest.approx({"a": 3 / 8, "b": 5 / 8})


@pytest.mark.parametrize(
    ("time_ms", "expected"),
    [
        (0, {0: 1.0}),
        (4999, {0: 1.0}),
        (5000, {0: 1999 / 2000, 1: 1 / 2000}),
        (5999, {0: 0.5, 1: 0.5}),
        (7000, {1: 1.0}),
    ],
)
def test_scene_weights_by_hand(time_ms, expected):
    """A lag of 0 to 1999 ms, each as likely; scenes change at 5 s."""
    found = {index: weight for weight, index in scene_weights(time_ms, SCENES)}
    assert found == pytest.approx(expected)


def test_reply_weight():
    assert [reply_weight(0), reply_weight(300), reply_weight(5000)] == [1.0, 0.25, 0.0]


def test_unknown_name_in_a_rule():
    with pytest.raises(ValueError, match=r"rule s: \{nobody\} is not known"):
        Grammar({"s": [(1.0, "{nobody}")]}, {})


def test_excited_comments_come_in_the_right_number():
    """1.65 * popularity * mean heat / (1 - branching) a second, but for those after the end."""
    scenes = [Scene(i * 10, i * 10 + 10, "a", "d", "e", "g") for i in range(600)]
    times = comment_times(scenes, 1.0, Random("times"))
    heat = (0.3 * 6 + 1.0 * 2 + 2.6 * 4) / 12
    assert len(times) / 6000 == pytest.approx(1.65 * heat / (1 - 0.4), rel=0.06)
    assert times == sorted(times)
    assert min(times) >= 0
    assert max(times) < 6_000_000


def test_video_depends_on_seed_and_id_alone(world, tmp_path):
    """More videos leave the others as they were; another seed does not."""
    small = simulate_dataset(tmp_path / "small", seed=7, videos=3)
    large = simulate_dataset(tmp_path / "large", seed=7, videos=4)
    for a, b in zip(small.videos, large.videos, strict=False):
        assert (a.video_id, a.title, a.duration) == (b.video_id, b.title, b.duration)
        assert np.array_equal(small.frames(a, [0, 30, 59]), large.frames(b, [0, 30, 59]))
    rows = [pd.read_parquet(tmp_path / name / "comments.parquet") for name in ("small", "large")]
    assert rows[1].iloc[: len(rows[0])].astype(str).equals(rows[0].astype(str))
    assert simulate_video(world, 8, 1).comments != simulate_video(world, 7, 1).comments


def test_rows_are_the_same_on_any_machine(world):
    """The hash that these rows had when they were first made; a change of it is a new world."""
    rows = repr(tuple(simulate_video(world, 1, number) for number in (1, 2)))
    assert hashlib.sha256(rows.encode()).hexdigest()[:16] == "6d07131c89d146ee"


def test_latent_state_belongs_to_the_comments(world, tmp_path):
    dataset = simulate_dataset(tmp_path / "d", seed=2, videos=3)
    comments = pd.read_parquet(tmp_path / "d" / "comments.parquet")
    latent = pd.read_parquet(tmp_path / "d" / "latent.parquet")
    scenes = pd.read_parquet(tmp_path / "d" / "scenes.parquet")
    assert len(latent) == len(comments)
    assert set(latent.kind) == set(KIND_WEIGHTS)
    assert ((latent.parent >= 0) == (latent.kind == "reply")).all()
    assert ((latent.scene >= 0) == latent.kind.isin(["filler", "scene"])).all()
    replies = latent.index[latent.kind == "reply"]
    parents = latent.parent[replies]
    lag = comments.time[replies].to_numpy() - comments.time[parents].to_numpy()
    assert lag.min() >= 0
    assert lag.max() < 5
    same_video = comments.video_id.astype(str)
    assert (same_video[replies].to_numpy() == same_video[parents].to_numpy()).all()
    for reply, parent in zip(replies, parents, strict=True):
        said = comments.text[parent]
        assert any(key in comments.text[reply] for key in world.keys(said) or [said])
    about = latent[latent.scene >= 0]
    seen = scenes.iloc[about.scene]
    assert (seen.video_id.to_numpy() == same_video[about.index].to_numpy()).all()
    assert (seen.start.to_numpy() <= comments.time[about.index].to_numpy()).all()
    assert (seen.stop.to_numpy() + 2 > comments.time[about.index].to_numpy()).all()
    ends = scenes.groupby("video_id").stop.max()
    assert [video.duration for video in dataset.videos] == list(ends)


def test_frames_show_the_scene(world):
    """Vectors of one scene are nearer to each other than to those of other scenes."""
    video = simulate_video(world, 1, 1)
    vectors = frame_vectors(1, video).astype(np.float64)
    assert vectors.shape == (video.scenes[-1].stop, 64)
    centres = np.array([vectors[scene.start : scene.stop].mean(axis=0) for scene in video.scenes])
    nearest = ((vectors[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    truth = np.repeat(range(len(centres)), [s.stop - s.start for s in video.scenes])
    assert (nearest == truth).mean() > 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"videos": 0}, "--videos 0: must be at least 1"),
        ({"videos": 2}, "leave none for training"),
        ({"videos": 9, "dev": 5, "test": 4}, "leave none for training"),
    ],
)
def test_bad_arguments(tmp_path, arguments, message):
    with pytest.raises(LiveBenchError, match=message):
        simulate_dataset(tmp_path / "d", seed=1, **arguments)


def test_command_and_recipe(tmp_path, run):
    first, second = tmp_path / "first", tmp_path / "second"
    done = run("simulate", "--out", first, "--seed", 5, "--videos", 3)
    assert (done.status, "3 videos (1 dev, 1 test)" in done.out) == (0, True)
    made = Dataset(first)
    run(*made.info.recipe, "--out", second)
    assert Dataset(second).info == made.info
