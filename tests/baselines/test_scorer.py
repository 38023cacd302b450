"""Trained models as scorers: every way to score gives the same, in every setting."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from livebench_baselines.neural import neural_scorer as scorer_module
from tiny import SCORERS, tiny_job

from livebench.errors import LiveBenchError
from livebench.records import SETTINGS
from livebench.scoring.runner import read_samples
from livebench.scoring.scorer import Comment


@pytest.fixture(scope="module")
def trained(kind, dataset, tmp_path_factory):
    """Each model after a short training: its checkpoint.json. Read only."""
    return kind.train(
        tiny_job(kind, dataset, tmp_path_factory.mktemp("trained") / "run", {"epochs": 1})
    )


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
def test_the_ways_to_score_agree(kind, trained, frozen, dataset, setting, monkeypatch):
    scorer = kind(checkpoint=trained)
    some = [sample for _, sample in read_samples(frozen, dataset, setting)][:4]
    together = np.array(scorer.score_samples(some))[..., 0]
    bound = 1e-4 * np.maximum(1, np.abs(together))
    assert len(np.unique(together)) > 100

    def agrees(found):
        return (np.abs(np.array(found)[..., 0] - together) <= bound).all()

    assert agrees([scorer.score_candidates(*sample) for sample in some])
    assert agrees([[scorer.score(*s[:2], one) for one in s.candidates] for s in some])
    assert agrees(scorer.score_samples(some[::-1])[::-1])
    turned = [s._replace(candidates=s.candidates[::-1]) for s in some]
    assert agrees([scores[::-1] for scores in scorer.score_samples(turned)])
    # Nearest first or not: a model gets them in the order of time.
    shuffled = [
        s._replace(
            comments=s.comments[::-1],
            video_ctx=s.video_ctx._replace(
                frames=s.video_ctx.frames[::-1], frame_times=s.video_ctx.frame_times[::-1]
            ),
        )
        for s in some
        if len({one.time for one in s.comments}) == len(s.comments)
    ]
    if len(shuffled) == len(some):
        assert agrees(scorer.score_samples(shuffled))
    for words in (1, 300, 100_000):
        monkeypatch.setattr(scorer_module, "WORDS_AT_ONCE", words)
        assert agrees(scorer.score_samples(some))


def test_in_the_setting_blind_all_moments_are_one(kind, trained, frozen, dataset):
    """What must be missing is missing: a comment has the same score at each of them."""
    scorer = kind(checkpoint=trained)
    samples = [sample for _, sample in read_samples(frozen, dataset, "blind")][:3]
    wanted = samples[0].candidates[:20]
    found = scorer.score_samples([sample._replace(candidates=wanted) for sample in samples])
    totals = np.array([[score.total for score in scores] for scores in found])
    np.testing.assert_allclose(totals[1:], totals[:1].repeat(2, 0), rtol=1e-5)
    shown = next(s for _, s in read_samples(frozen, dataset, "both"))
    assert scorer.score_candidates(*shown[:2], wanted) != found[0]


def test_a_word_outside_the_vocabulary_has_its_share_of_the_unknown_one(
    kind, dataset, frozen, tmp_path
):
    config = {"epochs": 1, "vocabulary": 20}
    checkpoint = kind.train(tiny_job(kind, dataset, tmp_path / "run", config))
    training = dataset.split("train")
    types = {word for string in training.strings for word in string.split(" ")}
    known = set(json.loads((tmp_path / "run" / "vocabulary.json").read_text()))
    unseen = len(types - known)
    assert json.loads(checkpoint.read_text())["unseen_types"] == unseen > 10
    # Blind: in the other settings the pointer copies some of them.
    _, sample = next(read_samples(frozen, dataset, "blind"))
    spread, one = (
        [score.total for score in scorer.score_candidates(*sample)]
        for scorer in (kind(checkpoint=checkpoint), kind(checkpoint=checkpoint, unknown="one"))
    )
    often = [sum(word not in known for word in c.words) for c in sample.candidates]
    assert len(set(often)) > 2
    expected = np.array(one) - np.array(often) * np.log(unseen)
    np.testing.assert_allclose(spread, expected, rtol=1e-4)


def test_how_unknown_words_are_scored_must_be_known(kind, trained, tmp_path):
    with pytest.raises(
        LiveBenchError,
        match=r"checkpoint\.json: unknown = 'two' is not one of spread, one; correct the run's arg",
    ):
        kind(checkpoint=trained, unknown="two")
    about = json.loads(trained.read_text())
    del about["unseen_types"]  # as in a checkpoint of version 0.2.0
    folder = tmp_path / "old"
    shutil.copytree(trained.parent, folder)
    (folder / "checkpoint.json").write_text(json.dumps(about))
    with pytest.raises(
        LiveBenchError,
        match=r'stands for \(unseen_types\); train again, or write arguments = { unknown = "one" }',
    ):
        kind(checkpoint=folder / "checkpoint.json")
    kind(checkpoint=folder / "checkpoint.json", unknown="one")


def test_lengths_count_the_end(kind, trained, frozen, dataset):
    scorer = kind(checkpoint=trained)
    _, sample = next(read_samples(frozen, dataset, "both"))
    found = scorer.score_candidates(*sample)
    assert [score.tokens for score in found] == [len(c.words) + 1 for c in sample.candidates]


def test_frames_of_another_width_are_refused(trained, kind, frozen, dataset):
    _, sample = next(read_samples(frozen, dataset, "both"))
    video = sample.video_ctx._replace(frames=np.zeros((5, 7), np.float32))
    scorer = kind(checkpoint=trained)
    if "frames" not in kind.model.uses:
        scorer.score_samples([sample._replace(video_ctx=video)])
        return
    with pytest.raises(LiveBenchError, match=r"7 wide.*trained on vectors that are 4 wide"):
        scorer.score_samples([sample._replace(video_ctx=video)])


def test_a_long_candidate_is_scored_whole(kind, trained, frozen, dataset):
    """Longer than anything that was learned (5 words)."""
    scorer = kind(checkpoint=trained)
    _, sample = next(read_samples(frozen, dataset, "both"))
    long = [Comment("", " ".join(["小猫"] * n)) for n in (20, 60)]
    shorter, longer = scorer.score_candidates(*sample[:2], long)
    assert longer.tokens == 61
    assert longer.total < shorter.total < 0


def test_the_checkpoint_must_be_whole_and_of_the_model(kind, trained, tmp_path):
    folder = trained.parent
    other = type(
        "Other", (scorer_module.NeuralScorer,), {"model": _another(kind), "__doc__": "Another."}
    )
    with pytest.raises(
        LiveBenchError, match=f"is a checkpoint of .*:{kind.__name__}, not of Other"
    ):
        other(checkpoint=trained)
    other.__name__ = kind.__name__
    with pytest.raises(
        LiveBenchError, match=f"those of another version of {kind.__name__}; train again"
    ):
        other(checkpoint=trained)
    for name, damage in {
        "weights.safetensors": lambda path: path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\1"),
        "vocabulary.json": lambda path: path.write_text('["a"]'),
    }.items():
        copy = tmp_path / f"damaged-{name}"
        shutil.copytree(folder, copy)
        damage(copy / name)
        with pytest.raises(LiveBenchError, match=f"{name}: is not the file that .* names"):
            kind(checkpoint=copy / "checkpoint.json")
        (copy / name).unlink()
        with pytest.raises(LiveBenchError, match=f"{name}: no such file"):
            kind(checkpoint=copy / "checkpoint.json")
    about = json.loads(trained.read_text())
    (tmp_path / "checkpoint.json").write_text(json.dumps({**about, "surplus": 1}))
    with pytest.raises(LiveBenchError, match="surplus"):
        kind(checkpoint=tmp_path / "checkpoint.json")


def _another(kind):
    return next(one.model for one in SCORERS if one is not kind and one.__name__ != "S2SIC")
