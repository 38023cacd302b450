"""`livebench features`: what a dataset gets, what is done again after what, and every refusal."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av")

import stand_in  # noqa: E402
from clips import number_in, write_clip  # noqa: E402 (needs av)

from livebench.data.dataset import Dataset  # noqa: E402
from livebench.frames.decode import Seconds  # noqa: E402
from livebench.frames.encoders import load_encoder  # noqa: E402
from livebench.frames.extract import Extraction, ExtractionOptions  # noqa: E402
from livebench.frames.video_files import find_video_files  # noqa: E402

VIDEOS, SECONDS, RATE = 10, 6, 5


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> Path:
    """10 clips of 6 s, frame k of video v showing 100 v + k. Read only."""
    folder = tmp_path_factory.mktemp("clips")
    for video in range(VIDEOS):
        times = [k / RATE for k in range(SECONDS * RATE)]
        write_numbered(folder / f"v{video}.mp4", times, 100 * video)
    return folder


def write_numbered(path: Path, times: list[float], first: int) -> None:
    """As `write_clip`, with numbers from `first` on."""
    import clips

    with pytest.MonkeyPatch.context() as patch:
        plain = clips.picture
        patch.setattr(clips, "picture", lambda number: plain(number + first))
        write_clip(path, times, sound=(0, SECONDS) if first == 0 else None)


@pytest.fixture
def dataset(tmp_path, run) -> Path:
    """10 videos of 6 s with a comment a second, without vectors."""
    source = tmp_path / "source"
    source.mkdir()
    videos = [(f"v{v}", f"标题 {v}", "动物", SECONDS) for v in range(VIDEOS)]
    rows = [
        (f"v{v}", second + 0.5, f"好看{v}{second}") for v in range(VIDEOS) for second in range(6)
    ]
    for name, header, table in (
        ("videos", ("video_id", "title", "category", "duration"), videos),
        ("comments", ("video_id", "time", "text"), rows),
    ):
        with (source / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *table])
    assert run("import", "tables", source, "--out", "ds", "--dev", 2, "--test", 3).status == 0
    stand_in.calls.clear()
    return tmp_path / "ds"


@pytest.fixture
def videos(tmp_path, sources) -> Path:
    """The clips, to be damaged."""
    return Path(shutil.copytree(sources, tmp_path / "videos"))


def numbers(dataset: Path) -> dict[str, list[int]]:
    """The numbers that the vectors of each video show."""
    opened = Dataset(dataset)
    numbers_by_id = {}
    for video in opened.videos:
        vectors = opened.frames(video, range(video.frame_count))
        numbers_by_id[video.video_id] = [
            sum(1 << place for place, value in enumerate(row) if value > 0.5) for row in vectors
        ]
    return numbers_by_id


def expected(video: int) -> list[int]:
    return [100 * video + second * RATE for second in range(SECONDS)]


def content(folder: Path) -> dict[str, bytes]:
    names = ("frames.npy", "videos.parquet", "dataset.toml", "comments.parquet")
    return {name: (folder / name).read_bytes() for name in names}


def features(run, dataset: Path, videos: Path, *more, encoder: str = "stand_in:blocks"):
    return run("features", dataset, "--videos", videos, "--encoder", encoder, *more)


def test_a_dataset_gets_the_vectors_of_its_videos(run, dataset, videos):
    before = Dataset(dataset).info
    done = features(run, dataset, videos, "--batch", 4)
    assert done.status == 0, done
    assert "10 videos encoded now, 0 before, 0 without vectors" in done.out
    numbers_shown = numbers(dataset)
    # The sound of v0 ends with a packet that reaches into second 6, where the last frame stays.
    assert numbers_shown.pop("v0")[:SECONDS] == expected(0)
    assert numbers_shown == {f"v{v}": expected(v) for v in range(1, VIDEOS)}
    opened = Dataset(dataset)
    opened.check_fingerprint()
    info = opened.info
    assert info.encoder == (
        "stand_in:blocks; weights 00ff00ff00ff; the whole picture to 96 x 96, bicubic; brightness of "
        "12 blocks"
    )
    assert info.features["weights_sha256"] == "00ff" * 16
    assert info.features["preprocessing"].startswith("the whole picture to 96 x 96, bicubic")
    assert info.frames_sha256 == opened.frames_sha256
    assert info.fingerprint != before.fingerprint
    assert (info.name, info.split) == (before.name, before.split)
    assert np.load(dataset / "frames.npy", mmap_mode="r").dtype == np.float16
    assert max(stand_in.calls) == 4
    assert not (dataset / "features").exists()


def test_vectors_do_not_depend_on_the_batch(run, dataset, videos):
    asked = Path(shutil.copytree(dataset, dataset.with_name("again")))
    features(run, dataset, videos, "--batch", 1)
    features(run, asked, videos, "--batch", 5)
    assert content(dataset) == content(asked)


def test_three_broken_of_ten(run, dataset, videos):
    """7 are done, 3 named; the second run touches the 3 alone."""
    whole = Path(shutil.copytree(dataset, dataset.with_name("whole")))
    kept = {name: (videos / name).read_bytes() for name in ("v2.mp4", "v5.mp4", "v7.mp4")}
    (videos / "v2.mp4").write_bytes(kept["v2.mp4"][:-700])
    (videos / "v5.mp4").write_text("no video")
    (videos / "v7.mp4").unlink()
    done = features(run, dataset, videos)
    assert done.status == 1
    assert "7 videos encoded now, 0 before, 3 without vectors" in done.out
    lines = done.err.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == ["v2", "v5", "v7"]
    assert "no file v7 with one of the endings mp4, flv, mkv, webm" in lines[2]
    assert "--skip-bad" in lines[3]
    assert not Dataset(dataset).has_frames
    states = {path: path.stat().st_mtime_ns for path in (dataset / "features").rglob("*.*")}
    for name, bytes_ in kept.items():
        (videos / name).write_bytes(bytes_)
    stand_in.calls.clear()
    done = features(run, dataset, videos)
    assert done.status == 0
    assert "3 videos encoded now, 7 before, 0 without vectors" in done.out
    assert len(stand_in.calls) == 3
    assert len(states) == 14
    assert features(run, whole, videos).status == 0
    assert content(dataset) == content(whole)


def test_bad_videos_may_be_left_out_and_come_later(run, dataset, videos):
    kept = (videos / "v5.mp4").read_bytes()
    (videos / "v5.mp4").write_text("no video")
    assert features(run, dataset, videos, "--skip-bad").status == 0
    assert numbers(dataset)["v5"] == []
    assert numbers(dataset)["v6"] == expected(6)
    assert Dataset(dataset).info.skipped == {"video without pictures": 1}
    (videos / "v5.mp4").write_bytes(kept)
    stand_in.calls.clear()
    assert features(run, dataset, videos).status == 0
    assert len(stand_in.calls) == 1
    assert numbers(dataset)["v5"] == expected(5)
    assert Dataset(dataset).info.skipped == {}


@pytest.mark.parametrize("after", [1, 9, 25])
def test_interrupted_and_resumed_gives_the_same_bytes(run, dataset, videos, monkeypatch, after):
    """Stopped by Ctrl-C after so many batches of 3 pictures, and once more while it finishes."""
    whole = Path(shutil.copytree(dataset, dataset.with_name("whole")))
    assert features(run, whole, videos, "--batch", 3).status == 0
    monkeypatch.chdir(dataset.parent)
    encoder = load_encoder("stand_in:blocks")
    told = []

    def stop(done: int, name: str) -> None:
        told.append(done)
        if len(told) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Extraction(Dataset(dataset), videos, encoder, ExtractionOptions(batch=3)).run(stop)
    assert not Dataset(dataset).has_frames
    with monkeypatch.context() as patch:
        patch.setattr("livebench.frames.attach.write_videos", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            Extraction(Dataset(dataset), videos, encoder, ExtractionOptions(batch=3)).run()
    stand_in.calls.clear()
    assert features(run, dataset, videos, "--batch", 3).status == 0
    assert stand_in.calls == []
    assert content(dataset) == content(whole)


def _interrupt(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_a_changed_file_is_encoded_again(run, dataset, videos):
    (videos / "v9.mp4").unlink()
    features(run, dataset, videos)
    write_clip(videos / "v3.mp4", [0, 1, 2, 3, 4, 5])
    stand_in.calls.clear()
    features(run, dataset, videos, "--skip-bad")
    assert len(stand_in.calls) == 1
    assert numbers(dataset)["v3"][:6] == [0, 1, 2, 3, 4, 5]


def test_a_video_that_ends_early_is_named_and_counted(run, dataset, videos):
    write_clip(videos / "v3.mp4", [k / RATE for k in range(12)])
    done = features(run, dataset, videos)
    assert done.status == 0
    assert "v3: its pictures end after 3 of 6 s" in done.err
    assert Dataset(dataset).info.repaired == {"video whose pictures end before it does": 1}


def test_images_and_sound_are_kept(run, dataset, videos, listing):
    done = features(run, dataset, videos, "--keep-images", 48, "--keep-audio")
    assert done.status == 0
    assert listing(dataset / "images" / "v4") == [f"{k}.jpg" for k in range(6)]
    with av.open(str(dataset / "images" / "v4" / "3.jpg")) as picture:
        image = next(picture.decode(video=0)).to_ndarray(format="rgb24")
    assert image.shape == (32, 48, 3)
    assert number_in(image) == 415
    assert listing(dataset / "audio") == ["v0.mka"]  # the others have no sound
    with (
        av.open(str(dataset / "audio" / "v0.mka")) as sound,
        av.open(str(videos / "v0.mp4")) as own,
    ):
        assert not sound.streams.video
        packets = [[bytes(p) for p in file.demux(audio=0) if p.size] for file in (sound, own)]
    assert packets[0] == packets[1]


def test_images_are_the_dataset_s_own(run, dataset, videos):
    """They are indexed with the vectors, resumed to the same bytes, and gone with other vectors."""
    kept = (videos / "v5.mp4").read_bytes()
    (videos / "v5.mp4").unlink()
    assert features(run, dataset, videos, "--keep-images", 48).status == 1
    assert not Dataset(dataset).has_images
    (videos / "v5.mp4").write_bytes(kept)
    done = features(run, dataset, videos, "--keep-images", 48)
    opened = Dataset(dataset)
    assert f"; pictures {opened.info.images_sha256[:12]}" in done.out
    opened.check_images()
    for number, video in enumerate(opened.videos):
        images = opened.images(video, range(SECONDS))
        assert [number_in(np.asarray(image)) for image in images] == expected(number)
    done = features(run, dataset, videos, "--replace", "--quiet")
    assert "its pictures belonged to the earlier vectors: give --keep-images" in done.err
    opened = Dataset(dataset)
    assert (opened.has_images, opened.info.images_sha256) == (False, "")
    opened.check_images()


def test_a_lost_image_is_made_again(run, dataset, videos):
    (videos / "v5.mp4").unlink()
    features(run, dataset, videos, "--keep-images", 48)
    (dataset / "images" / "v1" / "3.jpg").unlink()
    stand_in.calls.clear()
    assert features(run, dataset, videos, "--keep-images", 48, "--skip-bad").status == 0
    assert len(stand_in.calls) == 1
    images = Dataset(dataset).images(Dataset(dataset).videos[1], [3])
    assert number_in(np.asarray(images[0])) == expected(1)[3]


def test_files_are_matched_by_id_folder_and_title(tmp_path, dataset):
    for name in ("v0.mp4", "v1/part.flv", "动物/标题  2.mkv", "v3/a.mp4", "v3/b.mp4", "v0.flv"):
        (tmp_path / "all" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / name).touch()
    files = find_video_files(Dataset(dataset).videos, tmp_path / "all")
    assert {name: str(path.relative_to(tmp_path / "all")) for name, path in files.items()} == {
        "v0": "v0.mp4",
        "v1": "v1/part.flv",
        "v2": "动物/标题  2.mkv",
    }


def test_what_is_missing_is_listed_and_nothing_done(run, dataset, videos):
    for number in (2, 7):
        (videos / f"v{number}.mp4").unlink()
    done = run("features", dataset, "--videos", videos, "--list-missing")
    assert (done.status, done.out, done.err) == (0, "v2\nv7\n", "")
    assert not (dataset / "features").exists()


def test_vectors_that_are_there_are_not_replaced_unasked(run, refused, dataset, videos):
    features(run, dataset, videos)
    before = content(dataset)
    order = ("features", dataset, "--videos", videos, "--encoder")
    assert "has frame vectors of this encoder already; give --replace" in refused(
        *order, "stand_in:blocks"
    )
    assert "has frame vectors of 'stand_in:blocks; weights 00ff" in refused(*order, "stand_in:flat")
    assert content(dataset) == before
    assert features(run, dataset, videos, "--replace").status == 0
    assert content(dataset) == before


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (
            "vgg",
            "--encoder vgg: not found; available: efficientnet-lite0, resnet18, module:callable",
        ),
        (
            "absent_module:x",
            "--encoder absent_module:x: no module absent_module; install it",
        ),
        ("stand_in:absent", "--encoder stand_in:absent: the module has no absent"),
        ("stand_in:number", "--encoder stand_in:number: cannot be called"),
        (
            "stand_in:flat",
            "gave numbers of the shape (6,) for 6 pictures; return (pictures, width)",
        ),
        ("stand_in:large", "vectors of video v1 are not finite in float16; scale them"),
    ],
)
def test_bad_encoders_are_refused(refused, dataset, videos, encoder, message):
    (videos / "v0.mp4").unlink()  # v1 comes first: it has exactly 6 seconds
    assert message in refused("features", dataset, "--videos", videos, "--encoder", encoder)
    assert not Dataset(dataset).has_frames


def test_an_encoder_that_raises_keeps_its_traceback(run, dataset, videos):
    done = features(run, dataset, videos, encoder="stand_in:fails")
    assert done.status == 2
    assert "in fails" in done.err
    assert done.err.endswith(
        "livebench: --encoder stand_in:fails: raised ValueError: no such layer\n"
    )


def test_a_missing_folder_is_refused(refused, dataset):
    order = ("features", dataset, "--videos", "absent", "--encoder", "stand_in:blocks")
    assert refused(*order) == "absent: no such folder"


def test_without_the_package_the_extra_is_named(refused, dataset, videos, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    message = refused("features", dataset, "--videos", videos, "--encoder", "stand_in:blocks")
    assert "package av: not installed; install the extra `video`" in message


def test_state_says_what_a_video_was_made_from(run, dataset, videos):
    (videos / "v5.mp4").unlink()
    features(run, dataset, videos)
    states = [json.loads(path.read_text()) for path in (dataset / "features").rglob("*.json")]
    assert sorted(state["file"] for state in states) == [f"v{v}.mp4" for v in range(10) if v != 5]
    assert {state["seconds"] for state in states if state["file"] != "v0.mp4"} == {6}
    assert next(iter(Seconds(videos / "v1.mp4", 1))).frame.width == 96
