"""The cache: a distribution over all words, by hand, and nothing from what is not shown."""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import exp, log
from types import SimpleNamespace

import numpy as np
import pytest
from livebench_baselines import cache as cache_module
from livebench_baselines.cache import Cache

from livebench.errors import LiveBenchError
from livebench.records import SETTINGS
from livebench.scoring.runner import read_samples
from livebench.scoring.scorer import Comment, VideoContext

ALPHABET = "abcde"  # e is never seen
WEIGHTS = {"words": 0.2, "characters": 0.1, "title_words": 0.05, "title_characters": 0.04}


@pytest.fixture
def small(monkeypatch) -> Cache:
    """Fitted on `a b` three times, `a cd`, and `b`: 9 words with 10 letters in 5 comments."""
    monkeypatch.setattr(cache_module, "CHARACTERS", len(ALPHABET))
    scorer = Cache(**WEIGHTS)
    scorer.fit(
        SimpleNamespace(
            strings=["a b", "a cd", "b"],
            counts=np.array([3, 1, 1]),
            dataset=SimpleNamespace(info=SimpleNamespace(language="zh")),
        )
    )
    return scorer


def shown(title="", *comments) -> tuple[VideoContext, list[Comment]]:
    video = VideoContext(0, np.empty((0, 0), np.float32), np.empty(0, np.int64), title, "")
    return video, [Comment(text, text, float(place)) for place, text in enumerate(comments)]


@pytest.mark.parametrize(
    ("title", "comments"),
    [("", ()), ("", ("a e", "e")), ("cd", ()), ("cd", ("abc", "b b"))],
)
def test_the_probabilities_of_all_words_sum_to_one(small, title, comments):
    """Nine of eleven spelled words have one letter, so five leave next to nothing."""
    caches = small.caches(title, comments)
    total = sum(
        exp(small.mixed(*small.components("".join(letters), caches)))
        for length in range(1, 6)
        for letters in product(ALPHABET, repeat=length)
    )
    assert total == pytest.approx(1, abs=1e-4)


def test_by_hand(small):
    """a: 4 of 9 words; one word of 9 occurs once, so new ones have (1 + 1) / (1 + 9)."""
    spelled_a = 9 / 11 * (4 + 1 / 5) / 11
    unigram_a = 0.8 * 4 / 9 + 0.2 * spelled_a
    end, goes_on = log(5 / 14), log(9 / 14)
    candidate = Comment("a", "a")
    found = small.score(*shown(), candidate)
    assert found.total == pytest.approx(log(unigram_a) + goes_on + end)
    assert found.tokens == 2
    cached = 9 / 11 * ((4 + 1 / 5) / 11 + 2 / 3) / 2  # the letters around it: a, a, e
    mixed = 0.7 * unigram_a + 0.2 * 1 / 2 + 0.1 * cached  # the words around it: a, ae
    assert small.score(*shown("", "a ae"), candidate).total == pytest.approx(
        log(mixed) + goes_on + end
    )
    # Another comment, of a word that nobody has seen: e twice, each a fifth of the missing letter.
    spelled_ee = 9 / 11 * 2 / 11 * (1 / 5 / 11) ** 2
    expected = log(0.2 * spelled_ee) + 2 * goes_on + log(unigram_a) + end
    assert small.score(*shown(), Comment("aee", "a ee")).total == pytest.approx(expected)


def test_what_is_not_shown_leaves_its_weight_to_the_unigrams(small):
    blind = small.components("b", small.caches("", []))
    assert blind[1] == [None] * 4
    assert small.mixed(*blind) == pytest.approx(blind[0], rel=1e-12)
    none = Cache(words=0, characters=0, title_words=0, title_characters=0)
    vars(none).update({k: v for k, v in vars(small).items() if k != "_weights"})
    candidate = Comment("acd", "a cd")
    found = none.score(*shown("cd", "a"), candidate)
    assert found.total == pytest.approx(small.score(*shown(), candidate).total)


def test_a_very_long_word_has_a_probability(small):
    long = small.score(*shown("", "b e"), Comment("e" * 2000, "e" * 2000))
    assert -1e5 < long.total < -1000
    short = small.score(*shown("", "b e"), Comment("a", "a"))
    assert short.total > long.total


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_ways_to_score_agree(dataset, frozen, setting):
    scorer = Cache()
    scorer.fit(dataset.split("train"))
    samples = [sample for _, sample in read_samples(frozen, dataset, setting)][:3]
    together = scorer.score_samples(samples)
    for sample, scores in zip(samples, together, strict=True):
        turned = sample._replace(comments=sample.comments[::-1], candidates=sample.candidates[::-1])
        assert scorer.score_candidates(*turned) == scores[::-1]
        assert [scorer.score(*sample[:2], one) for one in sample.candidates] == scores
    first, second = samples[:2]
    elsewhere = scorer.score_samples([second._replace(candidates=first.candidates)])[0]
    same = (first.comments, first.video_ctx.title) == (second.comments, second.video_ctx.title)
    assert (together[0] == elsewhere) == same
    assert same or setting != "blind"


def test_a_cached_word_is_likelier_and_so_are_its_characters(dataset):
    scorer = Cache()
    scorer.fit(dataset.split("train"))
    words = [Comment(word, word) for word in ("河马", "马河", "犀牛")]
    _, around = shown("", "河马", "小猫 河马")
    same, letters, other = (
        score.total for score in scorer.score_candidates(shown()[0], around, words)
    )
    assert same > letters + 1 > other + 2


@pytest.mark.parametrize("weights", [{"words": -0.1}, {"words": 0.5, "characters": 0.5}])
def test_weights_that_are_none(weights):
    with pytest.raises(
        LiveBenchError,
        match=r"cache: words = .*: the weights must not be negative, and their sum must be below 1; "
        "correct the run's arguments",
    ):
        Cache(**weights)


def test_letters_are_counted_with_their_words():
    assert cache_module._letters(Counter({"ab": 2, "b": 1})) == {"a": 2, "b": 3}
