"""`livebench export samples`: what is in the files, and the way back with scores."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.export.export import PAIR_COLUMNS, pair_rows, sample_rows
from livebench.export.prompted import Prompting, with_prompts
from livebench.files import gzip_content
from livebench.language_models.prompt import read_prompt
from livebench.scoring.runner import read_samples

CASES = Path(__file__).parents[3] / "shared" / "cases"


def lines_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def exported(tmp_path, run, frozen, dataset):
    """Export the tiny set; the folder, and what was printed."""

    def call(*options):
        out = tmp_path / "out"
        done = run(
            "export", "samples", frozen.path, "--dataset", dataset.path, "--out", out, *options
        )
        assert done.status == 0, done
        return out, done.out

    return call


def test_samples_are_those_of_the_set_with_titles(exported, frozen, dataset):
    out, said = exported()
    records = [
        json.loads(line)
        for line in gzip.decompress((frozen.path / "samples.jsonl.gz").read_bytes()).splitlines()
    ]
    titles = {video.video_id: (video.title, video.category) for video in dataset.videos}
    rows = lines_of(out / "samples.jsonl")
    assert len(rows) == 60
    for row, record in zip(rows, records, strict=True):
        assert (row.pop("title"), row.pop("category")) == titles[row["video_id"]]
        assert row == record
    assert "samples 60, train " in said
    about = json.loads((out / "about.json").read_text("utf-8"))
    assert about["set"] == frozen.manifest.signature
    assert about["rows"]["samples"] == 60


@pytest.mark.parametrize("split", ["train", "dev"])
def test_pairs_are_the_comments_of_a_split_with_what_is_nearest(exported, frozen, dataset, split):
    """Against the dataset's own table, and the rule `nearest` written out: by the distance to the
    middle of the second, without the comments of the second itself."""
    out, _ = exported()
    videos = {video.video_id: video for video in dataset.videos if video.split == split}
    table = pq.read_table(dataset.path / "comments.parquet").to_pylist()
    texts = {(row["text"], row["tokens"]) for row in table}
    table = [row for row in table if row["video_id"] in videos]
    rows = lines_of(out / f"{split}.jsonl")
    assert len(rows) == len(table) > 100
    assert [(row["video_id"], row["time"], row["tokens"]) for row in rows] == [
        (row["video_id"], row["time"], row["tokens"]) for row in table
    ]
    assert {(row["text"], row["tokens"]) for row in rows} <= texts
    count = frozen.manifest.protocol.context.count
    for row in rows[:: len(rows) // 40]:
        assert row["title"] == videos[row["video_id"]].title
        second = row["time"] // 1
        around = [
            (abs(round(1000 * (other["time"] - second)) - 500), place, other["tokens"])
            for place, other in enumerate(table)
            if other["video_id"] == row["video_id"] and other["time"] // 1 != second
        ]
        assert [near["tokens"] for near in row["context"]] == [
            text for _, _, text in sorted(around)[:count]
        ]


@pytest.mark.parametrize("setting", ["comments", "both", "video"])
def test_prompts_are_those_that_are_scored(exported, frozen, dataset, setting):
    """The samples' own comments and titles give the prompt that a language model is scored with."""
    exported_rows = sample_rows(frozen, dataset)
    pairs = (row | {"text": "a\nb ", "tokens": "a b"} for row in exported_rows)
    found = with_prompts(pairs, Prompting(read_prompt(), setting), dataset.info.language)
    expected = [
        read_prompt().context(sample.video_ctx, sample.comments)
        for _, sample in read_samples(frozen, dataset, setting)
    ]
    rows = list(found)
    assert [row["prompt"] for row in rows] == expected
    assert {row["completion"] for row in rows} == {"a b\n"}


def test_pairs_with_prompts(exported, tmp_path):
    """By hand, of one row: the comments around it in order of time, and the comment as the next line."""
    out, _ = exported("--prompt", "lines")
    about = json.loads((out / "about.json").read_text("utf-8"))
    assert (about["prompt"], about["setting"]) == (read_prompt().label, "comments")
    rows = lines_of(out / "train.jsonl")
    assert all(set(row) == {*PAIR_COLUMNS, "prompt", "completion"} for row in rows)
    row = next(row for row in rows if len(row["context"]) > 2)
    second = row["time"] // 1
    lines, last = ["弹幕："], None
    for one in sorted(row["context"], key=lambda one: one["time"]):
        at = f"[{one['time'] // 1 - second:.0f}s]"
        lines += [one["text"]] if at == last else [at, one["text"]]
        last = at
    assert row["prompt"] == "\n".join([*lines, "[0s]", ""])
    assert row["completion"] == f"{row['text']}\n"


def test_a_setting_without_a_prompt(tmp_path, run, frozen, dataset):
    where = ("--dataset", dataset.path, "--out", tmp_path / "out")
    done = run("export", "samples", frozen.path, *where, "--setting", "both")
    assert done.status == 2
    assert "--setting belongs to --prompt" in done.err
    done = run("export", "samples", frozen.path, *where, "--prompt", "line")
    assert done.status == 2
    assert "prompt line: there is no such prompt; choose from lines" in done.err
    assert not (tmp_path / "out").exists()


def test_no_comment_of_the_test_split_is_in_the_pairs(exported, dataset):
    out, _ = exported()
    test = {video.video_id for video in dataset.videos if video.split == "test"}
    for split in ("train", "dev"):
        assert not test & {row["video_id"] for row in lines_of(out / f"{split}.jsonl")}
    assert {path.name for path in out.iterdir()} == {
        "about.json",
        "dev.jsonl",
        "samples.jsonl",
        "train.jsonl",
    }


def test_parquet_holds_the_same_rows(tmp_path, exported, run, frozen, dataset):
    out, _ = exported()
    other = tmp_path / "parquet"
    arguments = ("--dataset", dataset.path, "--out", other, "--format", "parquet", "--quiet")
    assert run("export", "samples", frozen.path, *arguments).status == 0
    for name in ("samples", "train", "dev"):
        assert pq.read_table(other / f"{name}.parquet").to_pylist() == lines_of(
            out / f"{name}.jsonl"
        )


def test_what_cannot_be_exported(
    tmp_path, refused, frozen, dataset, dataset_without_frames, listing
):
    (tmp_path / "there").mkdir()
    message = refused("export", "samples", frozen.path, "--dataset", dataset.path, "--out", "there")
    assert message == "there: exists already; remove it or choose another --out"
    message = refused(
        "export", "samples", frozen.path, "--dataset", dataset_without_frames.path, "--out", "out"
    )
    assert "not the dataset that" in message
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("manifest.json", "answers.jsonl.gz"):
        (bare / name).write_bytes((frozen.path / name).read_bytes())
    message = refused("export", "samples", bare, "--dataset", dataset.path, "--out", "out")
    assert (
        f"its text is absent; restore it with `livebench build-candidates --restore {bare}"
        in message
    )
    assert not (tmp_path / "out").exists()


CARD = """name = "Elsewhere"
authors = ["A. Author"]
date = 2026-01-31
description = "Scored elsewhere."
settings = ["comments"]
[[runs]]
name = "seed-0"
"""


@pytest.fixture
def elsewhere(tmp_path, exported, frozen):
    """A submission of somebody who read samples.jsonl and wrote scores.jsonl, nothing more."""
    out, _ = exported()
    folder = tmp_path / "submissions" / "elsewhere"
    scores = folder / "scores" / frozen.name / "seed-0" / "comments.jsonl"
    scores.parent.mkdir(parents=True)
    (folder / "submission.toml").write_text("\ufeff" + CARD, "utf-8")  # as some editors save it
    with scores.open("w", encoding="utf-8") as file:
        for row in lines_of(out / "samples.jsonl"):
            line = {
                "sample_id": row["sample_id"],
                "scores": [-float(len(text)) for text in row["candidates"]],
            }
            file.write(json.dumps(line) + "\n")
    return folder, scores


def test_scores_come_back_as_plain_lines(run, frozen, elsewhere):
    """Checked, evaluated, and shown, with the same numbers as compressed."""
    folder, scores = elsewhere
    sets = ("--sets", frozen.path.parent)
    done = run("submit", "check", folder, *sets)
    assert "has no result beside it" in done.out
    assert done.out.count("fix: ") == 1
    assert run("evaluate", folder, "--candidates", frozen.path).status == 0
    result = folder / "results" / frozen.name / "seed-0" / "comments.json"
    plain = json.loads(result.read_text("utf-8"))
    assert run("submit", "check", folder, *sets).out == f"{folder}: in order\n"
    done = run("leaderboard", "--submissions", folder.parent, *sets, "--out", "L.md")
    assert "Elsewhere" in done.out + (folder.parents[1] / "L.md").read_text("utf-8"), done
    packed = scores.with_name("comments.jsonl.gz")
    packed.write_bytes(gzip.compress(scores.read_bytes()))
    assert gzip_content(packed, any_writer=True) == gzip_content(scores, any_writer=True)
    done = run("submit", "check", folder, *sets)
    assert "comments.jsonl: is there compressed, too" in done.out
    scores.unlink()
    assert run("evaluate", folder, "--candidates", frozen.path).status == 0
    again = json.loads(result.read_text("utf-8"))
    assert again["metrics"] == plain["metrics"]
    assert again["manifest"]["scores_sha256"] == plain["manifest"]["scores_sha256"]


def test_a_bad_line_of_plain_scores_is_named(run, frozen, elsewhere):
    folder, scores = elsewhere
    lines = scores.read_text("utf-8").splitlines()
    lines[6] = lines[6].replace("[-", "[NaN, -", 1)
    scores.write_text("\n".join(lines), "utf-8")
    done = run("submit", "check", folder, "--sets", frozen.path.parent)
    assert "comments.jsonl: line 7, sample " in done.out


def test_plain_scores_beside_a_scorer(run, frozen, elsewhere):
    folder, _ = elsewhere
    card = folder / "submission.toml"
    card.write_text(CARD.replace("[[runs]]", 'entry = "scorer:S"\n[[runs]]'), "utf-8")
    (folder / "scorer.py").write_text(
        "class S:\n    def score(self, v, c, x):\n        return 0.0\n"
    )
    done = run("submit", "check", folder, "--sets", frozen.path.parent)
    assert "is not compressed, and submission.toml has a scorer, whose scores are" in done.out


def test_the_case_of_a_card_with_a_byte_order_mark(tmp_path, run):
    """It is read; that the scores have no result yet is what is left to say."""
    case = CASES / "card_bom"
    if not case.is_dir():
        pytest.skip("../shared/cases is absent")
    shutil.copytree(case / "v-bomcard", tmp_path / "v-bomcard", copy_function=shutil.copyfile)
    done = run("submit", "check", "v-bomcard", "--sets", case / "candidates")
    assert done.out.count("fix: ") == 1
    assert "has no result beside it" in done.out


def test_a_video_without_a_comment(tmp_path, run):
    """It gives no pair."""
    source = tmp_path / "src"
    source.mkdir()
    rows = [
        f"v{video},{second}.5,好看 {video} {second}" for video in range(3) for second in range(9)
    ]
    (source / "comments.csv").write_text("video_id,time,text\n" + "\n".join(rows), "utf-8")
    videos = "".join(f"v{video},t,c,20\n" for video in range(5))
    (source / "videos.csv").write_text(f"video_id,title,category,duration\n{videos}", "utf-8")
    assert run("import", "tables", "src", "--out", "d", "--dev", 0, "--test", 0).status == 0
    pairs = list(pair_rows(Dataset(tmp_path / "d"), load_protocol("paper"), "train"))
    assert len(pairs) == 27
    assert {pair["video_id"] for pair in pairs} == {"v0", "v1", "v2"}
