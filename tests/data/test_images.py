"""Pictures: what is kept, what a scorer sees of it wherever it runs, and every refusal."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
from pathlib import Path

import msgspec
import numpy as np
import pytest
from pictured import add_images, jpeg_of, shown
from table_sources import source

from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset, DatasetInfo
from livebench.data.images import Images
from livebench.errors import LiveBenchError
from livebench.importers.collection import Options
from livebench.importers.importing import import_dataset
from livebench.importers.table_files import read_tables
from livebench.isolation.remote import Isolation
from livebench.isolation.sandbox import bwrap
from livebench.isolation.training_copy import write_training_copy
from livebench.scoring.preparation import fit
from livebench.scoring.runner import read_samples
from livebench.scoring.scorer import Comment, Sample, VideoContext
from livebench.submissions.load import Submission

ONE = ("--dev", 0, "--test", 1)
SECONDS = 6


@pytest.fixture(scope="session")
def pictured(tmp_path_factory, tables) -> Dataset:
    """The tiny dataset with pictures of the first 6 s of its videos, and no vectors. Read only."""
    folder = tmp_path_factory.mktemp("pictured")
    tables(folder / "source")
    add_images(folder / "source", {f"v{number:02}": SECONDS for number in range(26)})
    options = Options(dev=4, test=10, seed=1)
    return import_dataset(
        read_tables, folder / "source", folder / "pictured", DatasetInfo("pictured"), options
    )


@pytest.fixture(scope="session")
def pictured_set(pictured, crowded, tmp_path_factory) -> CandidateSet:
    out = tmp_path_factory.mktemp("sets") / "pictured-paper"
    return build_set(pictured, load_protocol(str(crowded)), out, max_samples=20)


def test_tables_with_pictures_and_frames(tmp_path, run):
    counts = {"v1": 2, "v2": 1, "v3": 3}
    frames = {name: np.zeros((count, 2), np.float32) for name, count in counts.items()}
    folder = add_images(source(tmp_path, frames=frames), counts)
    assert run("import", "tables", folder, "--out", "d", *ONE).status == 0
    dataset = Dataset(tmp_path / "d")
    for number, video in enumerate(dataset.videos):
        seconds = list(range(video.frame_count))
        images = dataset.images(video, seconds[::-1])
        assert [shown(image) for image in images] == [(number, k) for k in seconds[::-1]]
        assert images.files()[-1] == jpeg_of(number, 0)
        assert [shown(image) for image in images[1:]] == [(number, k) for k in seconds[-2::-1]]
    # What dataset.toml says is what ordinary tools find.
    index = (tmp_path / "d" / "images.sha256").read_bytes()
    assert dataset.info.images_sha256 == hashlib.sha256(index).hexdigest()
    assert subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "images.sha256"],
        cwd=tmp_path / "d",
        check=False,
    ).returncode == (0 if shutil.which("sha256sum") else 127)
    plain = Dataset(tmp_path / "d").info
    assert run("import", "tables", source(tmp_path / "d"), "--out", "e", *ONE).status == 0
    assert "images_sha256" not in (tmp_path / "e" / "dataset.toml").read_text()
    assert plain.frames_sha256


def test_pictures_alone_make_a_set_with_all_settings(pictured, pictured_set):
    assert not pictured.has_frames
    assert pictured_set.settings == ["blind", "video", "comments", "both"]
    assert pictured_set.manifest.dataset.images_sha256 == pictured.info.images_sha256
    numbers = {video.title: int(video.video_id[1:]) for video in pictured.videos}
    for name, sample in read_samples(pictured_set, pictured, "both"):
        video_ctx = sample.video_ctx
        assert video_ctx.frames.shape == (5, 0)
        seconds = video_ctx.frame_times + video_ctx.time
        expected = [(int(name[1:3]), second) for second in seconds]
        assert [shown(image) for image in video_ctx.images] == expected
        assert int(name[1:3]) == numbers[video_ctx.title]


def test_pictures_change_no_moment_and_no_candidate(pictured, pictured_set, frozen_without_frames):
    """The set of the same comments without frames asks the same, but for the seconds of frames."""
    plain = {one.sample_id: one for one in frozen_without_frames.samples()}
    found = {one.sample_id: one for one in pictured_set.samples()}
    assert found.keys() == plain.keys()
    for name, one in found.items():
        assert plain[name].frames == []
        assert msgspec.structs.replace(one, frames=[]) == plain[name]


def test_settings_without_frames_show_none(pictured, pictured_set, frozen, dataset):
    for setting in ("comments", "blind"):
        assert all(
            len(sample.video_ctx.images) == 0
            for _, sample in read_samples(pictured_set, pictured, setting)
        )
    _, sample = next(read_samples(frozen, dataset, "both"))
    assert len(sample.video_ctx.images) == 0
    assert sample.video_ctx.frames.shape == (5, 4)


def test_an_image_tells_nothing_but_its_pixels(tmp_path):
    file = jpeg_of(3, 5, comment=b"v03@5", dpi=(3, 5))
    (image,) = Images.of_files([file])
    assert (image.mode, image.size, image.info) == ("RGB", (16, 16), {})
    assert not getattr(image, "filename", "")
    assert shown(image) == (3, 5)


SEES = """
import numpy as np
class Mine:
    def fit(self, training):
        self.learnt = 0.0
        for video in training.videos:
            for image in training.dataset.images(video, range(video.frame_count)):
                self.learnt += float(np.asarray(image).mean())
    def score(self, video_ctx, comments, candidate):
        found = [float(np.asarray(image).mean()) for image in video_ctx.images]
        return self.learnt + sum(k * value for k, value in enumerate(found, 1)) + len(found)
"""


@pytest.mark.parametrize("kind", ["none", "process", "sandbox"])
def test_scorers_see_the_same_pictures_wherever_they_run(submission, pictured, pictured_set, kind):
    if kind == "sandbox":
        try:
            bwrap()
        except LiveBenchError:
            pytest.skip("bubblewrap is not here")
    one = Submission(submission(code=SEES, runs=[{"name": "r"}]))
    some = [sample for _, sample in read_samples(pictured_set, pictured, "video")][:4]
    with Isolation(kind).open(one, one.card.runs[0]) as scorer:
        fit(scorer, pictured)
        found = [row[0] for row in scorer.score_samples(some)]
    training = [v for v in pictured.videos if v.split == "train"]
    learnt = sum(
        np.asarray(image).mean()
        for video in training
        for image in pictured.images(video, range(SECONDS))
    )
    assert learnt > 12 * SECONDS * 33  # blue alone gives a third of 100
    expected = [
        learnt
        + sum(k * np.asarray(image).mean() for k, image in enumerate(sample.video_ctx.images, 1))
        + 5
        for sample in some
    ]
    assert np.allclose(found, expected, rtol=1e-6)
    assert len(set(found)) == 4


def test_a_training_copy_has_the_pictures_of_its_videos(pictured, tmp_path):
    copy = write_training_copy(pictured.split("train"), tmp_path / "copy")
    names = {video.video_id for video in copy.videos}
    assert len(names) == 12
    assert {path.name for path in (tmp_path / "copy" / "images").iterdir()} == names
    for video in copy.videos:
        assert [shown(i) for i in copy.images(video, [5, 0])] == [
            (int(video.video_id[1:]), 5),
            (int(video.video_id[1:]), 0),
        ]
    assert len((tmp_path / "copy" / "images.sha256").read_text().splitlines()) == 12 * SECONDS


def damaged(tmp_path, pictured) -> Path:
    return Path(shutil.copytree(pictured.path, tmp_path / "pictured"))


def first(pictured, folder):
    video = next(video for video in pictured.videos if video.split == "test")
    return folder / "images" / video.video_id / "0.jpg", video


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (jpeg_of(1, 1), "is not the picture of "),
        (b"GIF89a", "is not a JPEG file"),
        (None, "no such file"),
    ],
)
def test_another_picture_than_was_kept_is_refused(tmp_path, pictured, content, message):
    folder = damaged(tmp_path, pictured)
    path, video = first(pictured, folder)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    images = Dataset(folder).images(video, [0, 1])
    assert shown(images[1])[1] == 1  # it is read when it is asked for
    with pytest.raises(LiveBenchError) as error:
        images[0]
    assert str(error.value).startswith(f"{path}: {message}")


def huge(file: bytes) -> bytes:
    """The same file, which now claims to have 65,500 x 65,500 pixels."""
    size = file.index(b"\xff\xc0") + 5  # of its header: height, then width
    return file[:size] + (65500).to_bytes(2, "big") * 2 + file[size + 4 :]


UNDECODABLE = {
    "cut off in its header": (lambda file: file[:200], "Truncated File Read"),
    "cut off in its pixels": (lambda file: file[:-4], "image file is truncated"),
    "huge": (huge, "Image size (4290250000 pixels) exceeds limit"),
}


@pytest.mark.parametrize("case", UNDECODABLE)
def test_a_picture_that_cannot_be_decoded_is_not_imported(tmp_path, refused, listing, case):
    damage, reason = UNDECODABLE[case]
    folder = add_images(source(tmp_path), {"v1": 1, "v2": 2, "v3": 1})
    path = folder / "images" / "v2" / "1.jpg"
    path.write_bytes(damage(jpeg_of(1, 1)))
    message = refused("import", "tables", folder, "--out", "d", "--quiet", *ONE)
    assert message.startswith(f"{path}: cannot be decoded: {reason}")
    assert {name.split("/")[0] for name in listing(tmp_path)} == {"src"}


@pytest.mark.parametrize("copies", [True, False])
def test_a_picture_that_cannot_be_decoded_there_is_told_of_its_sample(submission, copies):
    """Its process knows neither the file nor the sample."""
    one = Submission(submission(code=SEES.replace("fit", "_fit"), runs=[{"name": "r"}]))
    images = Images.of_files([jpeg_of(1, 0), jpeg_of(1, 1)[:200]])
    video_ctx = VideoContext(0, np.zeros((2, 0)), np.arange(2), "t", "c", images=images)
    block = [("v1@0", Sample(video_ctx, [], [Comment("x", "x")]))]
    with (
        Isolation("process", copies=copies).open(one, one.card.runs[0]) as scorer,
        pytest.raises(LiveBenchError) as error,
    ):
        list(scorer.score_blocks([block]))
    assert str(error.value).startswith("sample v1@0, image 1: cannot be decoded: ")


@pytest.mark.parametrize(
    ("orientation", "size", "white"),
    [
        (None, (32, 16), "left"),
        (1, (32, 16), "left"),
        (2, (32, 16), "right"),  # mirrored
        (3, (32, 16), "right"),  # upside down
        (6, (16, 32), "top"),  # to be turned clockwise
        (8, (16, 32), "bottom"),
        (b"Exif\0\0no TIFF", (32, 16), "left"),  # damaged: as it is
    ],
)
def test_pictures_are_turned_as_they_ask(orientation, size, white):
    from PIL import Image

    picture = Image.new("RGB", (32, 16))
    picture.paste("white", (0, 0, 16, 16))
    asked = orientation if isinstance(orientation, bytes) else Image.Exif()
    if isinstance(orientation, int):
        asked[0x0112] = orientation
    file = io.BytesIO()
    picture.save(file, "JPEG", **({} if orientation is None else {"exif": asked}))
    (image,) = Images.of_files([file.getvalue()])
    assert (image.size, image.info, dict(image.getexif())) == (size, {}, {})
    values = np.asarray(image).mean(2)
    height, width = values.shape
    halves = {
        "left": values[:, : width // 2],
        "right": values[:, width // 2 :],
        "top": values[: height // 2],
        "bottom": values[height // 2 :],
    }
    assert max(halves, key=lambda half: halves[half].mean()) == white


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[1:], "names 155 pictures, and there are 156 frames"),
        (
            lambda lines: [lines[1], lines[0], *lines[2:]],
            "line 1: should name images/v00/0.jpg here",
        ),
    ],
)
def test_a_bad_index_is_refused(tmp_path, pictured, change, message):
    folder = damaged(tmp_path, pictured)
    path = folder / "images.sha256"
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))
    with pytest.raises(LiveBenchError) as error:
        assert Dataset(folder).has_images
    assert message in str(error.value)
    assert str(error.value).endswith("keep or import the pictures again")


def test_a_changed_index_builds_no_set_and_scores_none(
    tmp_path, pictured, pictured_set, refused, run, submission
):
    folder = damaged(tmp_path, pictured)
    path, video = first(pictured, folder)
    path.write_bytes(jpeg_of(1, 1))
    index = folder / "images.sha256"
    name = f"images/{video.video_id}/0.jpg"
    new = hashlib.sha256(jpeg_of(1, 1)).hexdigest()
    lines = [
        f"{new}  {name}\n" if line.endswith(f"  {name}\n") else line
        for line in index.read_text().splitlines(keepends=True)
    ]
    index.write_text("".join(lines))
    order = ("build-candidates", folder, "--protocol", "paper", "--out", "set")
    assert "images.sha256: has the sha256 " in refused(*order)
    with pytest.raises(LiveBenchError, match="its pictures are not those that "):
        next(read_samples(pictured_set, Dataset(folder), "video"))


@pytest.mark.parametrize(
    ("counts", "frames", "message"),
    [
        ({"v1": 2, "v2": 1}, None, "images/v3/0.jpg: no such picture; give each video a picture"),
        (
            {"v1": 2, "v2": 1, "v3": 1},
            2,
            "images/v2/1.jpg: no such picture; give it one for each of its 2 frames",
        ),
        ({"v1": 2, "v2": 3, "v3": 2}, 2, "images/v2: has 3 pictures, and 2 frames; give it a"),
    ],
)
def test_tables_without_a_picture_are_refused(tmp_path, refused, counts, frames, message):
    vectors = {name: np.zeros((frames, 2)) for name in ("v1", "v2", "v3")} if frames else None
    folder = add_images(source(tmp_path, frames=vectors), counts)
    assert message in refused("import", "tables", folder, "--out", "d", *ONE)
    assert not (tmp_path / "d").exists()


def test_a_gap_and_other_files_are_refused(tmp_path, refused):
    folder = add_images(source(tmp_path), {"v1": 3, "v2": 1, "v3": 1})
    (folder / "images" / "v1" / "1.jpg").rename(folder / "images" / "v1" / "7.jpg")
    order = ("import", "tables", folder, "--out", "d", "--quiet", *ONE)
    assert "images/v1/1.jpg: no such picture" in refused(*order)
    (folder / "images" / "v1" / "1.jpg").write_text("GIF")
    (folder / "images" / "v1" / "7.jpg").unlink()
    (folder / "images" / "v1" / "2.jpg").write_bytes(jpeg_of(0, 2))
    assert "images/v1/1.jpg: is not a JPEG file" in refused(*order)


def test_without_the_package_the_extra_is_named(pictured, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    monkeypatch.delitem(__import__("sys").modules, "PIL.Image", raising=False)
    with pytest.raises(
        LiveBenchError, match=r"package PIL.*: not installed; install the extra `imag"
    ):
        pictured.images(pictured.videos[0], [0])[0]
