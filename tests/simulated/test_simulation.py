"""The simulated world: what is drawn is what is scored, sums are 1, and rows never change."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from random import Random

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.simulated.grammar import PART, Grammar, Words, mixture, read_rules
from livebench.simulated.lexicon import read_words
from livebench.simulated.simulation import (
    comment_times,
    frame_vectors,
    simulate_dataset,
    simulate_video,
    stretches,
)
from livebench.simulated.world import KIND_WEIGHTS, SCENE_SLOTS, Scene, World

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
[talk]
2 {topic}
1 {topic}x
[noise]
2 o
1 {scene}
1 {talk}
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
        "topic": read_words("h k\nl"),
    }
    fillers = [("z", ""), ("zz", "glad")]
    return World(lists, read_rules(RULES), Words({"x": 2, "y": 1}), fillers)


@pytest.fixture(scope="module")
def world() -> World:
    return World.default()


SCENE = Scene(0, 5, "a", "d", "e", "g")


@pytest.mark.parametrize("state", [(SCENE, "h"), (Scene(5, 9, "c", "e", "f", "t"), "l")])
def test_probabilities_of_all_strings_sum_to_one(tiny, state):
    """By enumeration: no comment has more than 4 characters."""
    total = Counter()
    for length in range(5):
        for letters in itertools.product("abcdefghktlxoz", repeat=length):
            total.update(tiny.kind_probabilities("".join(letters), *state))
    for kind in KIND_WEIGHTS:
        assert total[kind] == pytest.approx(1, abs=1e-12), kind


# p(text | kind) by hand. Fillers are z (weight 1/31) and zz (12/32, for the scene is glad); half of
# fillers are one, half two of them. Noise is half of the time "o", else a quarter each a scene or a
# talk of any words: of 2 topics each; subjects a, b, c by category (2/3, 1/3): of their own section 3
# in 4, else of both.
Z = (1 / 31) / (1 / 31 + 12 / 32)
A = 2 / 3 * (3 / 4 + 1 / 8) + 1 / 3 * (1 / 8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("z", {"filler": Z / 2}),
        ("zz", {"filler": (1 - Z) / 2 + Z * Z / 2}),
        ("h", {"talk": 1 / 2 * 2 / 3, "noise": 1 / 4 * 1 / 2 * 1 / 2 * 2 / 3}),
        ("kx", {"talk": 1 / 2 * 1 / 3, "noise": 1 / 4 * 1 / 2 * 1 / 2 * 1 / 3}),
        ("l", {"noise": 1 / 4 * 1 / 2 * 2 / 3}),
        ("o", {"noise": 1 / 2}),
        ("b", {"scene": 1 / 3 * 1 / 2, "noise": 1 / 4 * 1 / 3 * A / 2}),
        ("ga", {"scene": 1 / 3 * 1 / 2, "noise": 1 / 4 * 1 / 3 * 1 / 2 * A / 2}),
        ("c", {"noise": 1 / 4 * 1 / 3 * (1 - A)}),
        ("", {}),
        ("ax", {}),
    ],
)
def test_probability_by_hand(tiny, text, expected):
    by_kind = dict.fromkeys(KIND_WEIGHTS, 0.0) | expected
    assert tiny.kind_probabilities(text, SCENE, "h") == pytest.approx(by_kind)
    total = sum(KIND_WEIGHTS[kind] * p for kind, p in by_kind.items())
    assert tiny.probability(text, SCENE, "h") == pytest.approx(total)


def test_ambiguous_string_sums_over_derivations():
    """ "hh" by one word (1/3 * 1/2), or two (4/9 * 1/2); "hhh" as h,hh or hh,h."""
    grammar = Grammar(read_rules("[fill]\n2 h\n1 hh\n[s]\n1 {fill}\n1 {fill}{fill}"), {})
    for text, expected in {"h": 1 / 3, "hh": 1 / 6 + 2 / 9, "hhh": 2 / 9, "hhhh": 1 / 18}.items():
        assert grammar.probability(text, "s", {}) == pytest.approx(expected)


def test_samples_agree_with_probabilities(world):
    """Frequent strings of 40,000 draws come as often as they should (5 standard errors)."""
    video = simulate_video(world, 1, 1)
    scene, topic = video.scenes[0], video.talks[0].topic
    random, draws = Random("agreement"), 40_000
    drawn = [world.sample(scene, topic, random) for _ in range(draws)]
    kinds = Counter(kind for kind, _ in drawn)
    for kind, weight in KIND_WEIGHTS.items():
        assert abs(kinds[kind] - draws * weight) < 5 * np.sqrt(draws * weight), kind
    for text, count in Counter(text for _, text in drawn).most_common(60):
        p = world.probability(text, scene, topic)
        assert abs(count - draws * p) < 5 * np.sqrt(draws * p) + 1, text


def test_every_comment_may_be_written_at_any_moment(world):
    video, other = simulate_video(world, 3, 2), simulate_video(world, 3, 1)
    for comment in video.comments[:200]:
        assert world.probability(comment.text, other.scenes[0], other.talks[0].topic) > 0


def most_uses(rules, name, slot, above=()):
    """How often a slot can stand in one string at most, recursion counted once."""
    if name == slot:
        return 1
    if name in above or name not in rules:
        return 0
    return max(
        sum(most_uses(rules, used, slot, (*above, name)) for used in PART.findall(template))
        for _, template in rules[name]
    )


def test_grammar_is_what_the_formulas_need(world):
    """No slot twice in a comment; fixed text has none of the words."""
    rules = {**world.rules, "fill": [(1, filler) for filler, _ in world.fillers]}
    assert most_uses(rules, "scene", "subject") == 1
    for kind in KIND_WEIGHTS:
        for slot in (*SCENE_SLOTS, "topic"):
            assert most_uses(rules, kind, slot) <= 1, (kind, slot)
    fixed = [
        piece
        for name, alternatives in world.rules.items()
        if name != "video_title"
        for _, template in alternatives
        for piece in PART.split(template)[::2]
    ]
    fixed += [piece for filler, _ in world.fillers for piece in PART.split(filler)[::2]]
    words = [word for each in world.lists.values() for word in each.words]
    assert [(word, piece) for piece in fixed for word in words if word in piece] == []


def test_words_stand_in_one_list_only(world):
    words = [word for each in world.lists.values() for word in each.words]
    assert [word for word, count in Counter(words).items() if count > 1] == []
    assert [word for word in words if len(word) < 2 or word.split() != [word]] == []


def test_mixture_by_hand():
    mixed = mixture([(3, Words({"a": 1, "b": 1})), (1, Words({"b": 2}))])
    assert mixed.probabilities == pytest.approx({"a": 3 / 8, "b": 5 / 8})


def test_unknown_name_in_a_rule():
    with pytest.raises(ValueError, match=r"rule s: \{nobody\} is not known"):
        Grammar({"s": [(1.0, "{nobody}")]}, {})


def test_excited_comments_come_in_the_right_number():
    """1.0 * popularity * mean liveliness / (1 - branching) a second, but for those after the end."""
    times = comment_times(6000, 1.0, Random("times"))
    heat = (0.3 * 6 + 1.0 * 2 + 2.6 * 4) / 12
    assert len(times) / 6000 == pytest.approx(1.0 * heat / (1 - 0.4), rel=0.08)
    assert times == sorted(times)
    assert min(times) >= 0
    assert max(times) < 6_000_000


def test_stretches_divide_the_video():
    found = stretches(20_000, Random("stretches"))
    assert (found[0][0], found[-1][1]) == (0, 20_000)
    assert all(one[1] == two[0] for one, two in itertools.pairwise(found))
    assert len(found) == pytest.approx(2000, rel=0.07)  # one second in 10 begins one


def test_video_depends_on_seed_and_id_alone(world, tmp_path):
    """More videos leave the others as they were; another seed does not."""
    small = simulate_dataset(tmp_path / "small", seed=7, videos=3)
    large = simulate_dataset(tmp_path / "large", seed=7, videos=4)
    for a, b in zip(small.videos, large.videos, strict=False):
        assert (a.video_id, a.title, a.duration) == (b.video_id, b.title, b.duration)
        assert np.array_equal(small.frames(a, [0, 30, 59]), large.frames(b, [0, 30, 59]))
    rows = [
        pq.read_table(tmp_path / name / "comments.parquet").to_pylist()
        for name in ("small", "large")
    ]
    assert rows[1][: len(rows[0])] == rows[0]
    assert simulate_video(world, 8, 1).comments != simulate_video(world, 7, 1).comments


def test_rows_are_the_same_on_any_machine(world):
    """The hash that these rows had when they were first made; a change of it is a new world."""
    rows = msgspec.json.encode([simulate_video(world, 1, number) for number in (1, 2)])
    assert hashlib.sha256(rows).hexdigest()[:16] == "7af93b8e92d2f269"


def test_latent_state_belongs_to_the_comments(world, tmp_path):
    dataset = simulate_dataset(tmp_path / "d", seed=2, videos=3)
    comments, latent, scenes, talks = (
        pq.read_table(tmp_path / "d" / f"{name}.parquet").to_pylist()
        for name in ("comments", "latent", "scenes", "talks")
    )
    assert {state["kind"] for state in latent} == set(KIND_WEIGHTS)
    slots = {"talk": ("topic",), "scene": SCENE_SLOTS}
    for comment, state in zip(comments, latent, strict=True):
        shown = {"scene": scenes[state["scene"]], "talk": talks[state["talk"]]}
        for part in shown.values():
            assert part["video_id"] == comment["video_id"]
            assert part["start"] <= int(comment["time"]) < part["stop"]
        words = [
            word
            for slot in slots.get(state["kind"], ())
            for word in world.lists[slot].named(shown[state["kind"]][slot]).strings
        ]
        assert not words or any(word in comment["text"] for word in words)
    ends = {scene["video_id"]: scene["stop"] for scene in scenes}  # of the last one
    assert [video.duration for video in dataset.videos] == list(ends.values())


def test_frames_show_the_scene(world):
    """Vectors of one scene are nearer to each other than to those of other scenes."""
    video = simulate_video(world, 1, 1)
    vectors = frame_vectors(world, 1, video).astype(np.float64)
    assert vectors.shape == (video.scenes[-1].stop, 192)
    centres = np.array([vectors[scene.start : scene.stop].mean(axis=0) for scene in video.scenes])
    nearest = ((vectors[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    truth = np.repeat(range(len(centres)), [s.stop - s.start for s in video.scenes])
    assert (nearest == truth).mean() > 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"videos": 0}, "--videos: 0 is below 1"),
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
