"""What is read of a source's files, whatever they lie in."""

from __future__ import annotations

import hashlib

import pytest
from made_up import committed, crawl, episode, run, source_of, write, zipped

from livebench.errors import LiveBenchError
from livebench.sources.get import make_dataset
from livebench.sources.source import SourceSplit
from livebench.sources.tree import open_tree


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return crawl(tmp_path_factory.mktemp("crawl"))


@pytest.fixture(scope="module")
def source(repository):
    return source_of(repository, {"main": committed(repository)})


def forms(repository, tmp_path):
    """The same files as a clone, a bare repository, a zip and a folder."""
    bare, folder = tmp_path / "bare.git", tmp_path / "folder"
    run(tmp_path, "clone", "--quiet", "--bare", str(repository), str(bare))
    run(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository}", str(folder))
    run(tmp_path, "-C", str(folder), "status")
    plain = tmp_path / "plain"
    folder.rename(plain)
    for part in sorted((plain / ".git").rglob("*"), reverse=True):
        part.rmdir() if part.is_dir() else part.unlink()
    (plain / ".git").rmdir()
    return [repository, bare, zipped(repository, tmp_path / "a.zip"), plain]


def test_the_crawl(repository, source, tmp_path):
    made = [
        make_dataset(source, open_tree(path, source), tmp_path / f"d{number}")
        for number, path in enumerate(forms(repository, tmp_path))
    ]
    first = made[0]
    assert len({dataset.info.fingerprint for dataset in made}) == 1
    assert len(first.videos) == 16
    videos = {video.video_id: video for video in first.videos}
    assert (videos["BV03"].title, videos["BV03"].category, videos["BV03"].duration) == (
        "猫, 第3集",
        "猫",
        63,
    )
    comments = first.comments
    times = {
        video.video_id: comments.time_ms[comments.of(number)].tolist()
        for number, video in enumerate(first.videos)
    }
    assert times["BV03"] == [500, 1501, 2502, 3503, 4504, 5505]
    assert times["BV00"] == [7000]  # 狗 comes before 猫: its file counts
    assert times["BV01"] == [7000]
    assert times["BV02"] == []
    assert first.info.skipped == {
        "bad time": 4,  # not a number, and a row that ends before it
        "empty text": 2,
        "file of comments of a video that has one already": 1,
        "file of comments of a video that is not listed": 1,
        "file of comments without times": 1,
        "negative time": 2,
        "video without a file of comments": 1,
    }
    assert "好看\ufffd\ufffd" in comments.texts or "好看\ufffd" in comments.texts


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    commits = {}
    for branch in ("2011-winter", "2012-spring"):
        for number in range(4):
            name = f"archive/Series {branch[:4]} {number % 2}/第{number}話.json"
            write(folder / name, episode(number))
            write(folder / f"{name[:-5]}.ass", b"not read")
        commits[branch] = committed(folder, branch)
        run(folder, "rm", "-rq", "--cached", ".")
        for file in sorted(folder.glob("archive/*/*")):
            file.unlink()
    return source_of(
        folder, commits, "niconico-archive", split=SourceSplit(1, 1, 0, "group")
    ), folder


def test_the_archive(archive, tmp_path):
    source, folder = archive
    dataset = make_dataset(source, open_tree(folder, source), tmp_path / "d")
    assert len(dataset.videos) == 8
    path = "archive/Series 2011 1/第3話.json"
    video = {v.video_id: v for v in dataset.videos}[
        f"nv{hashlib.sha256(path.encode()).hexdigest()[:10]}"
    ]
    assert (video.title, video.group, video.category) == ("第3話", "Series 2011 1", "2011-winter")
    assert video.duration == 12  # the last comment is at 11.003 s
    assert len(dataset.comments.string) == 8 * 12
    assert dataset.info.skipped == {
        "canned comment, chosen by a button (easy)": 8,
        "comment of the uploader (owner)": 8,
        "empty text": 8,
        "negative time": 8,
    }
    splits = {}
    for video in dataset.videos:
        splits.setdefault(video.group, set()).add(video.split)
    assert sorted(split for (split,) in splits.values()) == ["dev", "test", "train", "train"]
    assert dataset.info.language == "ja" and dataset.info.tokenizer.startswith("fugashi ")


def test_parts_as_folders_and_zips(archive, tmp_path):
    source, folder = archive
    made = []
    for form in ("folders", "zips"):
        place = tmp_path / form
        place.mkdir()
        for part in source.parts:
            run(folder, "checkout", "--quiet", "-f", part.name)
            if form == "zips":
                zipped(folder, place / f"danmaku-archive-{part.commit}.zip")
            else:
                for file in folder.glob("archive/*/*"):
                    write(place / part.name / file.relative_to(folder), file.read_bytes())
        dataset = make_dataset(source, open_tree(place, source), tmp_path / f"d-{form}")
        made.append(dataset.info.fingerprint)
    assert made[0] == made[1]
    (tmp_path / "zips" / f"danmaku-archive-{source.parts[0].commit}.zip").unlink()
    with pytest.raises(LiveBenchError) as raised:
        open_tree(tmp_path / "zips", source)
    assert raised.value.what == (
        "nothing in it is the branch 2011-winter (a folder or zip of this name, or of its commit)"
    )


def test_another_fingerprint_is_refused_and_nothing_kept(repository, source, tmp_path):
    other = source_of(repository, {"main": source.parts[0].commit}, fingerprint="0" * 64)
    with pytest.raises(LiveBenchError) as raised:
        make_dataset(other, open_tree(repository, other), tmp_path / "d")
    assert (
        "expected is 000000000000: other files, or other words (here by jieba" in raised.value.what
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file or folder"),
        (
            lambda path: path.mkdir(),
            "no file of the source made-up in it: looked for 源数据/*.csv, 弹幕(详细)/*/*.csv",
        ),
        (
            lambda path: path.write_bytes(b"no zip"),
            "cannot be read as a zip: File is not a zip file",
        ),
        (
            lambda path: (path.mkdir(), (path / "a").write_text("x"), committed(path)),
            "has not the commit",
        ),
    ],
)
def test_what_cannot_be_read(source, tmp_path, make, message):
    make(tmp_path / "it")
    with pytest.raises(LiveBenchError) as raised:
        open_tree(tmp_path / "it", source)
    assert raised.value.what.startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"{}",
            "is not comments as Niconico's API gives them: Object missing required field `data`",
        ),
        (b"not json", "is not comments as Niconico's API gives them: JSON is malformed"),
    ],
)
def test_a_file_that_is_not_comments(tmp_path, content, message):
    folder = tmp_path / "f"
    write(folder / "archive/s/1.json", content)
    source = source_of(folder, {"a": "0" * 40}, "niconico-archive")
    with pytest.raises(LiveBenchError) as raised:
        make_dataset(source, open_tree(folder, source), tmp_path / "d")
    assert str(raised.value).startswith(f"archive/s/1.json: {message}")
