"""What is kept of videos beside their vectors: small pictures for pages, and the sound."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from livebench.errors import LiveBenchError
from livebench.frames.container import opened, pyav

_QUALITY = 5  # of JPEG files, as FFmpeg counts: 2 is best, 31 worst


def jpeg(image: np.ndarray) -> bytes:
    """A JPEG file of a picture, uint8 [height, width, 3], both even."""
    av = pyav()
    context = av.CodecContext.create("mjpeg", "w")
    context.height, context.width = image.shape[:2]
    context.pix_fmt, context.time_base, context.thread_count = "yuvj420p", Fraction(1, 25), 1
    context.qmin = context.qmax = _QUALITY
    context.flags |= av.codec.context.Flags.bitexact
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    frame = frame.reformat(format="yuvj420p", dst_color_range="JPEG")
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    return b"".join(bytes(packet) for packet in (*context.encode(frame), *context.encode(None)))


def keep_sound(path: Path, out: Path) -> bool:
    """Copy the first sound track of a video, as it is coded, to the Matroska file `out`.

    Returns:
        Whether there is one; without, no file is written.

    Raises:
        LiveBenchError: the track cannot be copied.
    """
    av = pyav()
    with opened(path) as source:
        if not source.streams.audio:
            return False
        track = source.streams.audio[0]
        partial = out.with_name(f".{out.name}.partial")
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            options = {"fflags": "+bitexact"}
            with av.open(str(partial), "w", format="matroska", options=options) as target:
                copy = target.add_stream_from_template(track)
                for packet in _readable(source, track):
                    packet.stream = copy
                    target.mux(packet)
            partial.replace(out)
        except (av.FFmpegError, ValueError) as error:
            what = f"its sound cannot be copied: {error}"
            raise LiveBenchError(path, what, "leave --keep-audio out") from None
        finally:
            partial.unlink(missing_ok=True)
    return True


def _readable(source: Any, track: Any) -> Iterator[Any]:
    """The packets of a track up to the end, or to where the file is damaged."""
    av = pyav()
    try:
        for packet in source.demux(track):
            if packet.dts is not None and packet.size:
                yield packet
    except av.FFmpegError:
        return
