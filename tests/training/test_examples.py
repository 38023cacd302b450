"""What there is to learn is chosen as the samples of a test are."""

from __future__ import annotations

import numpy as np
import pytest

from livebench.candidates.build import Builder
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.training.examples import Examples


@pytest.mark.parametrize("name", ["paper", "lancopku", "videoic"])
def test_the_surroundings_are_those_of_the_samples(dataset, name):
    protocol = load_protocol(name)
    examples = Examples(dataset, protocol, "test")
    places = {
        (dataset.videos[video].video_id, second): i
        for i, (video, second) in enumerate(zip(examples._video, examples._second, strict=True))
    }
    builder = Builder(dataset, protocol, split="test", seed=0)
    checked = 0
    for sample, _ in builder.samples(40):
        moment = places[sample.video_id, sample.time]
        around = sorted(sample.context, key=lambda comment: comment.time)
        assert [examples.strings[i] for i in examples.context(moment)] == [c.tokens for c in around]
        video = next(v for v in dataset.videos if v.video_id == sample.video_id)
        expected = dataset.frames(video, sorted(sample.frames))
        np.testing.assert_array_equal(examples.frames(moment), expected)
        checked += 1
    assert checked > 10


def test_live_is_learned_from_the_past_alone(dataset):
    examples = Examples(dataset, load_protocol("live"), "train")
    for moment in range(0, len(examples), 7):
        number, second = examples.video(moment), examples._second[moment]
        part = dataset.comments.of(number)
        past = dataset.comments.time_ms[part] < second * 1000
        strings = dataset.comments.string[part][past][-20:]
        assert examples.context(moment).tolist() == strings.tolist()
        video = dataset.videos[number]
        first = max(0, second - 5)
        if second:
            expected = dataset.frames(video, list(range(first, min(second, video.frame_count))))
            np.testing.assert_array_equal(examples.frames(moment), expected)
        else:
            assert not len(examples.frames(moment))


def test_every_comment_is_learned_once(dataset):
    examples = Examples(dataset, load_protocol("paper"), "train")
    found = np.concatenate([examples.targets(i) for i in range(len(examples))])
    train = dataset.split("train")
    assert len(found) == train.counts.sum()
    assert sorted(examples.strings[i] for i in set(found.tolist())) == train.strings


def test_without_frames(dataset_without_frames):
    examples = Examples(dataset_without_frames, load_protocol("paper"), "dev")
    assert examples.frames(0).shape == (0, 0)


def test_an_empty_split_is_refused(dataset, monkeypatch):
    monkeypatch.setattr(Dataset, "split", lambda self, *names: type("None", (), {"indices": []}))
    with pytest.raises(LiveBenchError, match="the split dev has no comment to learn from"):
        Examples(dataset, load_protocol("paper"), "dev")
