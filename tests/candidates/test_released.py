"""The protocol `lancopku` against the files that the released code wrote (../shared/golden)."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from livebench.candidates.build import Builder
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset

RELEASED = Path(__file__).parents[3] / "shared" / "golden" / "livebot-release"

pytestmark = pytest.mark.skipif(not RELEASED.is_dir(), reason="../shared/golden is absent")


def _lines(name):
    with (RELEASED / name).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """The released comments as a dataset: their words as they are, their times in whole seconds."""
    splits = {split: _lines(f"{split}.json") for split in ("train", "dev", "test")}
    about = json.loads((RELEASED / "videos.json").read_text("utf-8"))
    split_of = {str(row["video"]): split for split, rows in splits.items() for row in rows}
    videos = [
        Video(number, video["title"], video["category"], video["duration"], split_of[number])
        for number, video in about.items()
    ]
    place = {video.video_id: index for index, video in enumerate(videos)}
    rows = [row for split in splits.values() for row in split]
    return write_dataset(
        tmp_path_factory.mktemp("released") / "dataset",
        DatasetInfo("released", tokenizer="jieba, as released"),
        videos,
        comment_video=np.array([place[str(row["video"])] for row in rows]),
        comment_time_ms=np.array([row["time"] * 1000 for row in rows]),
        comment_texts=[row["comment"].replace(" ", "") for row in rows],
        comment_tokens=[row["comment"] for row in rows],
    )


@pytest.mark.parametrize(("split", "moments"), [("test", 77), ("dev", 84)])
def test_lancopku_builds_what_the_released_code_built(released, split, moments):
    expected = {f"{row['video']}@{row['time']}": row for row in _lines(f"{split}-candidate.json")}
    train = Counter(row["comment"] for row in _lines("train.json"))
    vectorizer = TfidfVectorizer()
    strings = np.array(sorted(train))
    matrix = vectorizer.fit_transform(strings)
    popular = {string for string, _ in train.most_common(20)}
    builder = Builder(released, load_protocol("lancopku"), split=split, seed=0)
    found = {}
    for sample, answer in builder.samples(5_000):
        types = dict(zip(sample.candidate_tokens, answer.types, strict=True))
        found[sample.sample_id] = types
        row = expected[sample.sample_id]
        assert [c.tokens for c in sample.context] == row["context"].split(" <&&&> ")
        correct = {string for string, kind in types.items() if kind == "correct"}
        assert correct == {string for string, kind in row["candidate"].items() if kind == 1}
        assert correct == set(row["comment"])
        got_popular = {string for string, kind in types.items() if kind == "popular"}
        assert got_popular == {s for s, kind in row["candidate"].items() if kind == 2}
        assert got_popular == popular - correct
        # All that are strictly more similar than the 20th are in, in ours and in the released one.
        similarity = (matrix @ vectorizer.transform([row["context"]]).T).toarray().ravel().round(9)
        twentieth = max(np.sort(similarity)[-20], 0)
        above = set(strings[similarity > twentieth])
        assert above <= set(types)
        assert above <= set(row["candidate"])
        plausible = {string for string, kind in types.items() if kind == "plausible"}
        assert plausible <= set(strings[similarity >= max(twentieth, 1e-9)])
        assert len(types) == 100
    assert set(found) == set(expected)
    assert len(found) == moments
