"""Writes the simulated world as a folder of files that look like downloads.

OUT/v00001.mp4    pictures; its header has the title
OUT/v00001.xml    comments, in Bilibili's format
OUT/videos.csv    video_id,category, which are in neither file
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from xml.sax.saxutils import escape

from livebench.errors import LiveBenchError
from livebench.files import new_folder
from livebench.frames.container import pyav
from livebench.simulated.scene_pictures import (
    PICTURE_HEIGHT,
    PICTURE_WIDTH,
    PICTURES_A_SECOND,
    draw_pictures,
)
from livebench.simulated.simulation import SimulatedVideo, simulate_video
from livebench.simulated.world import World

_ENCODER = {"preset": "ultrafast", "crf": "30", "g": str(8 * PICTURES_A_SECOND), "threads": "1"}
"""Options of libx264: a key frame every 8 s, and usually at cuts."""
_SENT = 1_500_000_000
"""When all comments were sent, as a Unix time: the world only has playback time."""


def render_world(
    out: Path, *, seed: int, videos: int, tell: Callable[[int], object] = lambda done: None
) -> int:
    """Write the files of the world with this seed; the folder appears when it is complete.

    The comments, titles, categories and durations are those of `simulate_dataset` with the same seed.

    Args:
        out: must not exist.
        tell: called with the number of videos written since the last call.

    Returns:
        The number of comments.

    Raises:
        LiveBenchError: `out` exists or cannot be written, or the extra `video` is missing.
    """
    pyav()
    if videos < 1:
        raise LiveBenchError("--videos", f"{videos} is below 1", "give at least 1")
    world, comments = World.default(), 0
    table = io.StringIO(newline="")
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["video_id", "category"])
    with new_folder(out) as folder:
        for number in range(1, videos + 1):
            video = simulate_video(world, seed, number)
            _write_mp4(folder / f"{video.video_id}.mp4", world, seed, video)
            text = _danmaku_xml(video, chat=number)
            (folder / f"{video.video_id}.xml").write_text(text, encoding="utf-8")
            rows.writerow([video.video_id, video.category])
            comments += len(video.comments)
            tell(1)
        (folder / "videos.csv").write_text(table.getvalue(), encoding="utf-8")
    return comments


def _write_mp4(path: Path, world: World, seed: int, video: SimulatedVideo) -> None:
    """Draw a video and write it as H.264 in mp4, `PICTURES_A_SECOND` pictures per second."""
    av = pyav()
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(path), "w", options=options) as container:
        container.metadata["title"] = video.title
        stream = container.add_stream("libx264", rate=PICTURES_A_SECOND, options=_ENCODER)
        stream.width, stream.height, stream.pix_fmt = PICTURE_WIDTH, PICTURE_HEIGHT, "yuv420p"
        for number, picture in enumerate(draw_pictures(world, seed, video.video_id, video.scenes)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, PICTURES_A_SECOND)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _danmaku_xml(video: SimulatedVideo, chat: int) -> str:
    """The comments of a video as Bilibili's XML: time (s), mode, size, colour, when it was sent, pool,
    sender, id."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<i>", f"<chatid>{chat}</chatid>"]
    for number, comment in enumerate(video.comments):
        time = f"{comment.time_ms / 1000:.3f}"
        fields = (time, 1, 25, 16777215, _SENT, 0, "simulated", chat * 1_000_000 + number)
        lines.append(f'<d p="{",".join(map(str, fields))}">{escape(comment.text)}</d>')
    return "\n".join([*lines, "</i>", ""])
