"""Each bundled scorer against values worked by hand on four training comments."""

from __future__ import annotations

import hashlib
from math import log

import numpy as np
import pytest

from livebench.data.dataset import DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset
from livebench.data.tokens import words_of
from livebench.probes.chance import Constant, Random
from livebench.probes.similarity import ContextSimilarity, TitleSimilarity
from livebench.probes.surface import Length, Popularity, TrainingMembership, Unigram
from livebench.scoring.scorer import Comment, LogLikelihood, VideoContext

TRAINING = ["awsl", "awsl", "a s d f", "真 好看", "真好看！", "awsl"]  # 4 distinct, one three times
NOTHING = VideoContext(7, np.empty((0, 0)), np.empty(0), "", "")


def comment(text):
    return Comment(text, words_of(text))


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    videos = [Video("a", "标题", "x", 99.0, "train"), Video("b", "标题", "x", 99.0, "test")]
    texts = [*TRAINING, "只在测试"]
    dataset = write_dataset(
        tmp_path_factory.mktemp("probes") / "d",
        DatasetInfo("d"),
        videos,
        comment_video=np.array([0] * len(TRAINING) + [1]),
        comment_time_ms=np.arange(len(texts)) * 1000,
        comment_texts=texts,
    )
    return dataset.split("train")


def test_the_words_of_the_training_split(training):
    # what the values below count on
    counts = dict(zip(training.strings, training.counts.tolist(), strict=True))
    assert counts == {"awsl": 3, "asdf": 1, words_of("真好看"): 1, words_of("真好看！"): 1}


def test_constant_and_random():
    assert Constant().score(NOTHING, [], comment("x")) == 0
    digest = hashlib.sha256(b"3\0007\0awsl").hexdigest()
    assert Random(seed=3).score(NOTHING, [], comment("aw sl")) == int(digest[:16], 16) / 2**64
    assert Random(seed=4).score(NOTHING, [], comment("awsl")) != int(digest[:16], 16) / 2**64


@pytest.mark.parametrize(
    ("text", "popularity", "membership"),
    [
        ("awsl", log(4), 0),
        ("aw sl", log(4), 0),  # the same comment
        ("AWSL", 0, 1),
        ("真好看", log(2), 0),
        ("好看", 0, 1),
        ("只在测试", 0, 1),  # of the test split
    ],
)
def test_popularity_and_membership(training, text, popularity, membership):
    for scorer, expected in ((Popularity(), popularity), (TrainingMembership(), membership)):
        scorer.fit(training)
        assert scorer.score(NOTHING, [], comment(text)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [("awsl", 1.0004), ("真 好看", 2.0003), ("a b c", 3.0003), ("哈" * 10_001, 1 + 1.0001)],
)
def test_length(tokens, expected):
    assert Length().score(NOTHING, [], Comment("", tokens)) == pytest.approx(expected)


def test_unigram(training):
    scorer = Unigram()
    scorer.fit(training)
    words = [word for text in TRAINING for word in words_of(text).split(" ")]
    distinct = len(set(words))
    # each word, the end of the 6 comments, and one unknown word, each counted once more
    total = len(words) + 6 + distinct + 2
    probability = {word: (words.count(word) + 1) / total for word in set(words)}
    end, unknown = 7 / total, 1 / total
    assert sum(probability.values()) + end + unknown == pytest.approx(1)
    assert scorer.score(NOTHING, [], comment("awsl")) == pytest.approx(
        LogLikelihood(log(probability["awsl"]) + log(end), 2)
    )
    assert scorer.score(NOTHING, [], Comment("", "awsl zzz awsl")) == pytest.approx(
        LogLikelihood(2 * log(probability["awsl"]) + log(unknown) + log(end), 4)
    )


@pytest.fixture(scope="module")
def vectors(training):
    """scikit-learn's tf-idf of the same words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(token_pattern=r"[^ ]+", lowercase=False).fit(training.strings)


def cosine(vectors, one, other):
    a, b = vectors.transform([one, other]).toarray()
    return float(a @ b)


QUERIES = ["真好看", "awsl", "真好看！awsl", "真！"]
CANDIDATES = ["真好看", "awsl", "真", "awsl！真", "asdf"]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("candidate", CANDIDATES)
def test_similarity_as_scikit_learn(training, vectors, query, candidate):
    expected = cosine(vectors, words_of(query), words_of(candidate))
    title = TitleSimilarity()
    title.fit(training)
    assert title.score(NOTHING._replace(title=query), [], comment(candidate)) == pytest.approx(
        expected
    )
    context = ContextSimilarity()
    context.fit(training)
    found = context.score(NOTHING, [comment(query)], comment(candidate))
    assert found == pytest.approx(expected)


def test_the_comments_around_are_taken_together(training, vectors):
    context = ContextSimilarity()
    context.fit(training)
    found = context.score(NOTHING, [comment("awsl"), comment("真好看")], comment("真"))
    expected = cosine(vectors, f"awsl {words_of('真好看')}", words_of("真"))
    assert found == pytest.approx(expected)


def test_words_never_seen_count_as_the_rarest(training):
    # scikit-learn drops them; here they make a comment less like any other
    context = ContextSimilarity()
    context.fit(training)
    known = context.score(NOTHING, [comment("awsl")], Comment("", "awsl"))
    mixed = context.score(NOTHING, [comment("awsl")], Comment("", "awsl zzz"))
    idf_awsl, idf_unknown = log(5 / 2) + 1, log(5) + 1
    assert known == pytest.approx(1)
    assert mixed == pytest.approx(idf_awsl / np.hypot(idf_awsl, idf_unknown))
    # the same word is alike even if training never saw it
    assert context.score(NOTHING, [Comment("", "zzz")], Comment("", "zzz")) == pytest.approx(1)


@pytest.mark.parametrize("kind", [ContextSimilarity, TitleSimilarity])
def test_nothing_around_is_like_nothing(training, kind):
    scorer = kind()
    scorer.fit(training)
    candidates = [comment(text) for text in CANDIDATES]
    assert list(scorer.score_candidates(NOTHING, [], candidates)) == [0] * len(CANDIDATES)
    assert list(scorer.score_candidates(NOTHING._replace(title="  "), [], candidates)) == [0] * 5
