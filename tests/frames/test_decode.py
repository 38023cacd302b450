"""Which frame each second shows: on clips whose frames carry their numbers, and as OpenCV reads them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av")
cv2 = pytest.importorskip("cv2")

from clips import HEIGHT, WIDTH, number_in, write_clip  # noqa: E402 (needs av)

from livebench.errors import LiveBenchError  # noqa: E402
from livebench.frames.container import read_header  # noqa: E402
from livebench.frames.decode import Seconds, View  # noqa: E402
from livebench.frames.video_files import files_by_stem, video_beside  # noqa: E402

CONSTANT = [k / 25 for k in range(130)]
VARIABLE = [0, 0.5, 0.9, 1.0, 1.3, 4.2, 4.21, 4.999, 5.0, 5.001, 7.5]
LATE = [2.5 + k / 10 for k in range(20)]
B_FRAMES = {"bf": "3", "g": "250"}


def numbers(path: Path, most: int = 1000) -> list[int]:
    return [number_in(picture.rgb(View())) for picture in Seconds(path, most)]


@pytest.mark.parametrize(
    ("file", "times", "extra", "shown"),
    [
        ("a.mp4", CONSTANT, {}, [0, 25, 50, 75, 100, 125]),
        ("a.mkv", CONSTANT, {"options": B_FRAMES}, [0, 25, 50, 75, 100, 125]),
        ("a.flv", CONSTANT, {"options": B_FRAMES}, [0, 25, 50, 75, 100, 125]),
        ("a.webm", CONSTANT, {"codec": "libvpx-vp9"}, [0, 25, 50, 75, 100, 125]),
        ("v.mp4", VARIABLE, {"options": B_FRAMES}, [0, 3, 4, 4, 4, 8, 9, 9]),
        ("v.mkv", VARIABLE, {"options": B_FRAMES}, [0, 3, 4, 4, 4, 8, 9, 9]),
        # The sound begins at 0: the first frame stands for what is before it, the last one to the end.
        ("late.mp4", LATE, {"sound": (0, 6)}, [0, 0, 0, 5, 15, 19]),
        # Nothing is before 2.5 s: there the file begins, and its second 1 is at 3.5 s.
        ("alone.mp4", LATE, {}, [0, 10]),
        ("single.mp4", [0], {"sound": (0, 3)}, [0, 0, 0]),
        ("slow.mkv", [0, 10, 20], {"sound": (0, 22)}, [0] * 10 + [1] * 10 + [2] * 2),
    ],
)
def test_each_second_shows_the_last_frame_up_to_it(tmp_path, file, times, extra, shown):
    numbers_shown = numbers(write_clip(tmp_path / file, times, **extra))
    # The last packet of sound ends up to 64 ms after the sound itself.
    assert numbers_shown[: len(shown)] == shown
    assert numbers_shown[len(shown) :] in ([], [numbers_shown[-1]])


def test_no_more_than_asked_for(tmp_path):
    assert numbers(write_clip(tmp_path / "a.mp4", CONSTANT), most=3) == [0, 25, 50]


def moving_clip(path: Path, rate: int, rotation: int = 0) -> Path:
    """A gradient that moves, with noise: no two frames are alike, and none is simple to predict."""
    random = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"bf": "4", "g": "60"})
        stream.width, stream.height, stream.pix_fmt = 128, 72, "yuv420p"
        if rotation:
            stream.set_display_rotation(rotation)
        rows, columns = np.mgrid[:72, :128]
        for k in range(4 * rate):
            image = np.stack([columns + 3 * k, rows * 2 - 5 * k, columns * 0 + 40 * (k % 5)], -1)
            image = image + random.integers(0, 40, image.shape)
            frame = av.VideoFrame.from_ndarray((image % 256).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("rotation", [0, 90, 180, -90])
@pytest.mark.parametrize("rate", [24, 30])
def test_frames_are_those_that_opencv_reads(tmp_path, rate, rotation):
    """OpenCV decodes every frame, turns it, and numbers them; second s is frame s * rate."""
    path = moving_clip(tmp_path / "moving.mp4", rate, rotation)
    reader = cv2.VideoCapture(str(path))
    frames = [image for ok, image in iter(reader.read, (False, None)) if ok]
    assert len(frames) == 4 * rate
    pictures = [picture.small(1000) for picture in Seconds(path, 100)]
    assert len(pictures) == 4
    for second, picture in enumerate(pictures):
        theirs = frames[second * rate][:, :, ::-1]
        assert picture.shape == theirs.shape
        assert np.abs(picture.astype(int) - theirs).max() <= 2
        other = frames[second * rate + 1][:, :, ::-1]  # the next one is told apart
        assert np.abs(picture.astype(int) - other).max() > 20


def test_a_view_takes_the_whole_picture_or_its_middle(tmp_path):
    wide = next(iter(Seconds(write_clip(tmp_path / "a.mp4", [0]), 1)))
    assert (wide.frame.width, wide.frame.height) == (WIDTH, HEIGHT)
    assert wide.rgb(View(side=30)).shape == (30, 30, 3)
    middle = wide.rgb(View(side=64, short=HEIGHT))  # nothing is scaled
    assert np.array_equal(middle, wide.small(WIDTH)[:, 16:80])
    assert wide.small(48).shape == (32, 48, 3)
    tall = next(iter(Seconds(write_clip(tmp_path / "b.mp4", [0], rotation=90), 1)))
    assert tall.rgb(View(side=64, short=HEIGHT)).shape == (64, 64, 3)
    assert tall.small(48).shape == (48, 32, 3)


def destroy(path: Path, frames: range) -> None:
    """Overwrite the packets of frames (in order of decoding); the index of the file stays."""
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for position, size in (packets[frame] for frame in frames):
        content[position : position + size] = b"\x5a" * size
    path.write_bytes(content)


def test_damage_is_replaced_by_the_last_good_frame_and_counted(tmp_path):
    """5 frames a second, each second begins with a key frame: second 2 is lost as a whole."""
    options = {"bf": "0", "g": "5", "sc_threshold": "0"}
    path = write_clip(tmp_path / "a.mp4", [k / 5 for k in range(30)], options=options)
    destroy(path, range(10, 15))
    seconds = Seconds(path, 100)
    assert [number_in(p.rgb(View())) for p in seconds] == [0, 5, 9, 15, 20, 25]
    assert (seconds.count, seconds.damaged) == (6, 1)


def test_a_file_that_is_cut_off_ends_where_its_packets_end(tmp_path):
    path = write_clip(tmp_path / "a.mkv", CONSTANT, options={"g": "10"})
    with av.open(str(path)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    path.write_bytes(path.read_bytes()[: places[90] + 5])
    seconds = Seconds(path, 100)
    numbers_shown = [number_in(p.rgb(View())) for p in seconds]
    assert numbers_shown in (
        [0, 25, 50, 75],
        [0, 25, 50],
    )  # the last cluster may be dropped by FFmpeg
    assert seconds.damaged == 0
    assert read_header(path).duration == pytest.approx(5.2, abs=0.05)


def _fail_text(path: Path) -> None:
    path.write_text("no video " * 500)


def _fail_headless(path: Path) -> None:
    write_clip(path, CONSTANT)
    path.write_bytes(path.read_bytes()[:-1500])  # an ordinary mp4 has its index at the end


def _fail_sound_alone(path: Path) -> None:
    with av.open(str(path), "w") as container:
        audio = container.add_stream("aac", rate=16_000, layout="mono")
        for first in range(0, 32_000, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 16_000, first
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))


def _fail_all_damaged(path: Path) -> None:
    write_clip(path, CONSTANT[:20])
    destroy(path, range(20))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.write_bytes(b""), "cannot be read as a video: Invalid data found"),
        (_fail_text, "cannot be read as a video: Invalid data found .*; fetch it again"),
        (_fail_headless, "cannot be read as a video: .*; fetch it again"),
        (_fail_sound_alone, "no video stream in it; take a file that has one"),
        (_fail_all_damaged, "no frame of it can be decoded; fetch it again"),
    ],
    ids=["missing", "empty", "text", "cut-off-mp4", "sound-alone", "all-damaged"],
)
def test_files_without_pictures_are_refused(tmp_path, make, message):
    path = tmp_path / "x.mp4"
    make(path)
    with pytest.raises(LiveBenchError, match=f"x.mp4: {message}"):
        list(itertools.islice(Seconds(path, 10), 10))


def test_about_reads_title_and_duration(tmp_path):
    header = read_header(write_clip(tmp_path / "a.mp4", CONSTANT, title="小猫 的\n一天"))
    assert header == ("小猫 的 一天", pytest.approx(5.2))


def test_files_are_found_by_stem(tmp_path):
    names = ["x.flv", "x.MP4", "sub/x.mkv", "y[1].webm", "y1.mp4", "z.txt"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files = {
        stem: [str(p.relative_to(tmp_path)) for p in ps]
        for stem, ps in files_by_stem(tmp_path).items()
    }
    assert files == {"x": ["x.MP4", "x.flv", "sub/x.mkv"], "y[1]": ["y[1].webm"], "y1": ["y1.mp4"]}
    assert video_beside(tmp_path / "x.xml") == tmp_path / "x.MP4"
    assert video_beside(tmp_path / "y[1].xml") == tmp_path / "y[1].webm"
    assert video_beside(tmp_path / "z.xml") is None
    with pytest.raises(LiveBenchError, match="absent: no such folder"):
        files_by_stem(tmp_path / "absent")
