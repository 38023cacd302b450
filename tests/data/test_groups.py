"""Tables with a language and groups of videos: what stands in the dataset, and what is refused."""

from __future__ import annotations

import tomllib
from importlib.metadata import version

import pyarrow.parquet as pq
import pytest
from table_sources import COMMENTS, VIDEOS, source

from livebench.data.dataset import VIDEO_COLUMNS, Dataset, fingerprint_of
from livebench.isolation.training_copy import write_training_copy

ROWS = [(f"v{n}", f"Title {n}", "drama", 60, f"series {n % 6}") for n in range(24)]
GROUPED = "video_id,title,category,duration,{}\n" + "".join(
    ",".join(map(str, row)) + "\n" for row in ROWS
)
COMMENTED = "video_id,time,text\n" + "".join(
    f"{row[0]},{second},so cute {second}!\n" for second, row in enumerate(ROWS)
)
GROUPS = {row[0]: row[4] for row in ROWS}
BY_GROUP = ("--split-by", "group", "--dev", 1, "--test", 2, "--language", "en")


def imported(tmp_path, run, folder, *options):
    done = run("import", "tables", folder, "--out", "d", *options)
    assert done.status == 0, done
    return Dataset(tmp_path / "d"), done


@pytest.mark.parametrize(
    ("column", "options"), [("group", ()), ("show", ("--group-column", "show"))]
)
def test_a_split_by_group(tmp_path, run, column, options):
    folder = source(tmp_path, videos=GROUPED.format(column), comments=COMMENTED)
    dataset, _ = imported(tmp_path, run, folder, *BY_GROUP, *options)
    splits = {}
    for video in dataset.videos:
        assert video.group == GROUPS[video.video_id]
        splits.setdefault(video.group, set()).add(video.split)
    assert all(len(one) == 1 for one in splits.values())
    assert sorted(one.pop() for one in splits.values()) == ["dev", "test", "test", *["train"] * 3]
    card = tomllib.loads((tmp_path / "d" / "dataset.toml").read_text("utf-8"))
    assert card["split"] == {"dev": 1, "test": 2, "seed": 0}
    assert (card["split_by"], card["language"]) == ("group", "en")
    assert card["tokenizer"] == f"regex {version('regex')}"
    words = pq.read_table(tmp_path / "d" / "comments.parquet")["tokens"].to_pylist()
    assert words[0] == "so cute 0 !"


def test_groups_are_in_the_fingerprint_and_reach_training(tmp_path, run):
    folder = source(tmp_path, videos=GROUPED.format("group"), comments=COMMENTED)
    dataset, _ = imported(tmp_path, run, folder, *BY_GROUP)
    ungrouped = [type(video)(**{**vars_of(video), "group": ""}) for video in dataset.videos]
    assert fingerprint_of(ungrouped, dataset.path) != dataset.info.fingerprint
    dataset.check_fingerprint()
    copy = write_training_copy(dataset.split("train"), tmp_path / "copy")
    assert [video.group for video in copy.videos] == [
        v.group for v in dataset.split("train").videos
    ]


def vars_of(video):
    return {name: getattr(video, name) for name in video.__struct_fields__}


def test_without_groups_there_is_no_column(tmp_path, run):
    imported(tmp_path, run, source(tmp_path), "--dev", 0, "--test", 1)
    columns = pq.read_schema(tmp_path / "d" / "videos.parquet").names
    assert columns == VIDEO_COLUMNS and "group" not in columns


@pytest.mark.parametrize(
    ("videos", "options", "message"),
    [
        (
            VIDEOS,
            ("--split-by", "group"),
            "--split-by group: no video has a group; give a column `group` in videos.csv, or name "
            "another with --group-column",
        ),
        (
            VIDEOS,
            ("--group-column", "show"),
            "src/videos.csv, line 1: missing columns: show; needed are video_id, title, category, "
            "duration, show",
        ),
        (VIDEOS, ("--language", "jp"), "--language: jp is a country, not a language; give ja"),
    ],
)
def test_refused(tmp_path, refused, videos, options, message):
    source(tmp_path, videos=videos, comments=COMMENTS)
    line = refused("import", "tables", "src", "--out", "d", *options)
    assert line == message
    assert not (tmp_path / "d").exists()


def test_another_script_is_told(tmp_path, run):
    comments = "video_id,time,text\n" + "".join(f"v1,3,{n}回目だけど面白い\n" for n in range(40))
    folder = source(tmp_path, comments=comments)
    _, done = imported(tmp_path, run, folder, "--dev", 0, "--test", 1)
    assert (
        "warning: the language is zh, but 40 of 40 comments looked at (100%) are written in kana: if "
        "they are in another language, give --language (such as ja), as their words depend on it\n"
    ) in done.err
    done = run(
        "import", "tables", folder, "--out", "e", "--dev", 0, "--test", 1, "--language", "ja"
    )
    assert "warning" not in done.err
