"""Frame vectors are standardised: what all frames have in common, and how large it is, tells nothing."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from livebench_baselines.neural.projection import Projection, frame_statistics
from livebench_baselines.s2s_i import S2SI
from tiny import FRAME_WIDTH, TINY, WORDS

from livebench.data.dataset import Dataset
from livebench.frames.attach import replace_frames


def with_frames(dataset: Dataset, out, change) -> Dataset:
    """A copy of a dataset whose vectors are changed; `change` is given a video and its vectors."""
    shutil.copytree(dataset.path, out)
    counts = {video.video_id: video.frame_count for video in dataset.videos}
    replace_frames(
        Dataset(out),
        counts,
        lambda video: change(video, dataset.frames(video, range(video.frame_count))).astype("<f2"),
        dataset.frame_width,
        dataset.info,
    )
    return Dataset(out)


def test_projection_by_hand():
    projection = Projection(2, 1)
    projection.begin_with(np.array([10.0, -1.0]), np.array([2.0, 0.5]))
    with torch.no_grad():
        projection.linear.weight.copy_(torch.tensor([[1.0, 10.0]]))
        projection.linear.bias.copy_(torch.tensor([0.5]))
    # (14 - 10) / 2 + 10 * (-1 + 1) / .5 + .5, and (10 - 10) / 2 + 10 * (0 + 1) / .5 + .5
    frames = torch.tensor([[14.0, -1.0], [10.0, 0.0]])
    assert projection(frames).flatten().tolist() == [2.5, 20.5]


def test_statistics_are_those_of_the_training_videos(dataset, tmp_path):
    """Of all their frames together; a number that does not vary has the deviation 1."""

    def change(video, rows):
        if video.split != "train":
            return rows + 1000
        rows[:, 0] = 3
        return rows

    changed = with_frames(dataset, tmp_path / "changed", change)
    train = [video for video in changed.videos if video.split == "train"]
    rows = np.concatenate([changed.frames(v, range(v.frame_count)) for v in train])
    mean, deviation = frame_statistics(changed)
    np.testing.assert_allclose(mean, rows.mean(0, np.float64), rtol=1e-6)
    np.testing.assert_allclose(deviation[1:], rows.std(0, dtype=np.float64)[1:], rtol=1e-6)
    assert (mean[0], deviation[0]) == (3, 1)


def test_no_frames_have_no_statistics(dataset_without_frames):
    mean, deviation = frame_statistics(dataset_without_frames)
    assert (mean.tolist(), deviation.tolist()) == ([0.0], [1.0])


STANDARDISE = {"S2SI", "S2SIC", "FusionalRNN"}


def test_who_standardises(kind):
    """The Unified Transformer normalises projected frames instead; S2S-C sees none."""
    model = kind.model(TINY, WORDS, FRAME_WIDTH)
    statistics = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    standardises = kind.__name__ in STANDARDISE
    model.begin_with(np.zeros(WORDS, np.float32), statistics if standardises else None)
    found = (
        {name: value.tolist() for name, value in model.project.named_buffers(prefix="project")}
        if "frames" in model.uses
        else {}
    )
    expected = {"project.mean": [1, 2, 3], "project.deviation": [4, 5, 6]}
    assert found == (expected if standardises else {})


@pytest.mark.slow
def test_the_scale_of_the_vectors_does_not_matter(job, dataset, tmp_path):
    """Powers of 2 and a shift that float16 holds: the training goes the same way.

    No frames are one frame of zeros, whatever the vectors: that moment is not the same, and left out.
    """

    def outcome(name: str, data: Dataset) -> float:
        file = S2SI.train(job(S2SI, name, {"drop_frames": 0.0}, dataset=data))
        return json.loads(file.read_text())["outcome"]["dev_log_likelihood"]

    rounded = with_frames(dataset, tmp_path / "rounded", lambda _, rows: np.round(rows * 4) / 4)
    large = with_frames(rounded, tmp_path / "large", lambda _, rows: rows * 32 + 64)
    assert outcome("of large", large) == pytest.approx(outcome("of rounded", rounded), abs=1e-3)
