"""LiveBot's processed release: the files that the released code wrote (../shared/golden)."""

from __future__ import annotations

import collections
import json
import re
import warnings
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.released_candidates import import_released_candidates
from livebench.data.context import BySecond, context_rows
from livebench.data.dataset import DatasetInfo
from livebench.importers.collection import Options
from livebench.importers.importing import import_dataset
from livebench.importers.livebot import read_livebot

GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "livebot-release"

golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason="../shared/golden is absent")


def lines(name):
    with (GOLDEN / name).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    if not GOLDEN.is_dir():
        pytest.skip("../shared/golden is absent")
    folder = tmp_path_factory.mktemp("released")
    return import_dataset(read_livebot, GOLDEN, folder / "d", DatasetInfo("released"), Options())


def test_the_comments_are_those_of_the_files(released):
    table = pq.read_table(released.path / "comments.parquet")
    split_of = {video.video_id: video.split for video in released.videos}
    rows_by_split = collections.defaultdict(list)
    for name, time, text, tokens in zip(
        *(table[c].to_pylist() for c in table.column_names), strict=True
    ):
        assert text == tokens.replace(" ", "")
        rows_by_split[split_of[name]].append((name, time, tokens))
    assert {split: len(rows) for split, rows in rows_by_split.items()} == {
        "train": 4943,
        "dev": 1000,
        "test": 1000,
    }
    for split, rows in rows_by_split.items():
        expected = [(str(r["video"]), r["time"], r["comment"]) for r in lines(f"{split}.json")]
        # By video and time, equal times in the order of the file.
        expected.sort(key=lambda row: row[:2])
        assert sorted(rows, key=lambda row: row[:2]) == expected
    assert released.info.skipped == {}
    assert released.info.repaired == {}
    released.check_fingerprint()


def test_the_context_is_that_of_the_files(released):
    number = {video.video_id: index for index, video in enumerate(released.videos)}
    comments = released.comments
    for split in ("dev", "test"):
        for row in lines(f"{split}-context.json"):
            own = comments.of(number[str(row["video"])])
            near = context_rows(comments.time_ms[own], row["time"], BySecond(count=5, reach=3))
            strings = [comments.strings[i] for i in comments.string[own][near]]
            assert strings == [part for part in row["context"].split(" <&&&> ") if part]


def test_the_vocabulary_is_that_of_the_file(released):
    """All training words, as there are fewer than 30,000."""
    saved = json.loads((GOLDEN / "dicts-30000.json").read_text("utf-8"))["word2id"]
    words = {word for string in released.split("train").strings for word in string.split(" ")}
    assert words == saved.keys() - {"<PAD>", "<BOS>", "<EOS>", "<UNK>", "<&&&>"}
    assert len(words) < 30_000


def test_the_frames_are_those_of_the_file(released):
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        saved = torch.load(GOLDEN / "res18.pkl", weights_only=True)
    assert {v.video_id: v.frame_count for v in released.videos} == {
        str(video): len(seconds) for video, seconds in saved.items()
    }
    for video in released.videos:
        assert video.duration == video.frame_count
        expected = torch.stack(list(saved[int(video.video_id)].values())).numpy().astype(np.float16)
        assert np.array_equal(released.frames(video, range(video.frame_count)), expected)


@golden
@pytest.mark.parametrize(("split", "samples"), [("test", 77), ("dev", 84)])
def test_the_candidates_are_those_of_the_file(released, tmp_path, split, samples):
    out = tmp_path / "lancopku-released"
    candidate_set = import_released_candidates(GOLDEN, released, out, split=split)
    rows = {f"{row['video']}@{row['time']}": row for row in lines(f"{split}-candidate.json")}
    kinds = {1: "correct", 2: "popular", 3: "plausible-or-random"}
    train = collections.Counter(row["comment"] for row in lines("train.json"))
    pairs = list(zip(candidate_set.samples(), candidate_set.answers(), strict=True))
    assert len(pairs) == len(rows) == samples
    for sample, answer in pairs:
        row = rows[sample.sample_id]
        labels = {string: kinds[label] for string, label in row["candidate"].items()}
        assert dict(zip(sample.candidate_tokens, answer.types, strict=True)) == labels
        assert [c.tokens for c in sample.context] == row["context"].split(" <&&&> ")
        assert answer.train_counts == [train[string] for string in sample.candidate_tokens]
        assert sample.frames[0] == row["time"]
        assert all(abs(c.time - row["time"]) <= 3 for c in sample.context)
    # Not where the file has them: in a file sorted by string they are spread, so are they here.
    places = [answer.types.index("correct") for _, answer in pairs]
    assert len(set(places)) > 10
    flaws = candidate_set.manifest.flaws
    assert any("plausible and random candidates share a label" in flaw for flaw in flaws)
    wrong = 100 * samples - sum(len(set(row["comment"])) for row in rows.values())
    assert any(flaw.startswith(f"{wrong} of {wrong} wrong candidates occur in") for flaw in flaws)


@golden
def test_the_set_is_one_like_any_other(released, tmp_path, run, submission, refused):
    done = run("import", "livebot-candidates", GOLDEN, "--dataset", released.path)
    assert done.status == 0, done
    assert (
        "candidates/lancopku-released: 77 samples of 2 videos, set:lancopku-released@" in done.out
    )
    assert "flaw: " in done.out
    folder = tmp_path / "candidates" / "lancopku-released"
    assert "lancopku-released: whole" in run("verify", folder).out
    code = """
from livebench.scoring.scorer import Scorer
class Mine(Scorer):
    def score(self, video_ctx, comments, candidate):
        return -float(len(candidate.words))
"""
    mine = submission(code=code)
    done = run("evaluate", "--submission", mine, "--dataset", released.path)
    assert done.status == 0, done
    for setting in ("video", "comments", "both"):
        assert re.search(rf"^lancopku-released +{setting} ", done.out, re.M)
    message = refused("build-candidates", "--restore", folder, "--dataset", released.path)
    assert "was made by others and imported, so it cannot be built again" in message
    again = CandidateSet(folder)
    other = import_released_candidates(GOLDEN, released, tmp_path / "again" / "lancopku-released")
    assert other.manifest.signature == again.manifest.signature
