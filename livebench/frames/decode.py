"""The picture that is on the screen at each whole second of a video.

Second s shows the last frame whose presentation time is at most s, however the frames lie:

    time 0          where the file begins, that is, its earliest stream (as players and ffmpeg
                    count), but never before 0
    a late start    the first frame is shown in the seconds before it, too
    variable rate   a frame is shown until the next one
    the end         the last frame is shown until the last packet of picture or sound has passed; a
                    file that is cut off ends where its packets end
    damage          a frame that is flagged as corrupt, that does not come out at all, or that
                    follows such a one before the next key frame, is replaced by the last good one;
                    such seconds are counted
    rotation        quarter turns that the file asks for are made
    pixels          are taken as square

Frames that are not shown and that no other frame needs are not decoded: packets are read up to a
second ahead of the decoder, so that it is known which ones are wanted.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from livebench.errors import LiveBenchError
from livebench.frames.container import opened, pyav, video_stream

_MOST_WAITING = 2000  # packets read ahead; in a file whose times make no sense more would wait


@dataclass(frozen=True)
class View:
    """How a picture is brought to a square of `side` pixels.

    With `short` its shorter side is scaled to `short` pixels and the middle is cut out; without, the
    whole picture is squeezed into the square. Scaling is bicubic, by libswscale.
    """

    side: int = 224
    short: int = 0

    def __str__(self) -> str:
        square = f"{self.side} x {self.side}"
        if self.short:
            return f"shorter side to {self.short}, the middle {square}, bicubic"
        return f"the whole picture to {square}, bicubic"


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded frame, not yet converted; `frame` is PyAV's."""

    frame: Any

    def rgb(self, view: View) -> np.ndarray:
        """The picture as uint8 [side, side, 3]."""
        if not view.short:
            return self._scaled(view.side, view.side)
        width, height = self.frame.width, self.frame.height
        scale = view.short / min(width, height)
        size = (max(view.side, round(edge * scale)) for edge in (width, height))
        whole = self._scaled(*size)
        top, left = ((edge - view.side) // 2 for edge in whole.shape[:2])
        return whole[top : top + view.side, left : left + view.side]

    def small(self, longest: int) -> np.ndarray:
        """The whole picture, its longer side at most `longest` pixels: uint8 [height, width, 3]."""
        width, height = self.frame.width, self.frame.height
        scale = min(1.0, longest / max(width, height))
        # Even numbers of pixels, for JPEG's halved colours.
        return self._scaled(*(max(2, round(edge * scale / 2) * 2) for edge in (width, height)))

    def _scaled(self, width: int, height: int) -> np.ndarray:
        """The picture, scaled and then turned: uint8 [height, width, 3], or [width, height, 3]."""
        image = self.frame.reformat(width, height, "rgb24", interpolation="BICUBIC").to_ndarray()
        # frame.rotation: degrees counterclockwise by which the picture is to be turned.
        return np.rot90(image, round(self.frame.rotation / 90) % 4)


@dataclass
class Seconds:
    """The pictures of a file, one a second from second 0; iterate once.

    Args:
        path: the file.
        most: stop after this many.

    Attributes:
        count: pictures given so far.
        damaged: of these, how many replace one that could not be decoded.
    """

    path: Path
    most: int
    count: int = field(default=0, init=False)
    damaged: int = field(default=0, init=False)
    # By second, the time (in units of the stream) of the frame that it should show; the last one asked.
    _due: dict[int, int] = field(default_factory=dict, init=False, repr=False)
    _last_due: int | None = field(default=None, init=False, repr=False)

    def __iter__(self) -> Iterator[Picture]:
        """Yield the pictures.

        Raises:
            LiveBenchError: the file cannot be opened, has no video stream, or no frame of it can be
                decoded.
        """
        with opened(self.path) as container:
            stream = video_stream(container, self.path)
            clock = _Clock(container, stream)
            shown = None
            for frame in self._frames(container, stream, clock):
                shown = frame if shown is None else shown
                while self.count < min(clock.second_of(frame.pts), self.most):
                    yield self._give(shown)
                shown = frame
                if self.count >= self.most:
                    return
            if shown is None:
                raise LiveBenchError(self.path, "no frame of it can be decoded", "fetch it again")
            while self.count < min(clock.end, self.most):
                yield self._give(shown)

    def _give(self, frame: Any) -> Picture:
        self._last_due = self._due.pop(self.count, self._last_due)
        self.damaged += self._last_due is not None and frame.pts != self._last_due
        self.count += 1
        return Picture(frame)

    def _frames(self, container: Any, stream: Any, clock: _Clock) -> Iterator[Any]:
        """Decode what is needed: good frames, in order of their times, each with a time."""
        stream.thread_type = "AUTO"
        before = None
        for frame in self._decoded(container, stream, clock):
            if frame.is_corrupt:
                continue
            if frame.pts is None:
                frame.pts = clock.zero if before is None else before + clock.step
            if before is None or frame.pts >= before:  # damage can turn times around
                before = frame.pts
                yield frame

    def _decoded(self, container: Any, stream: Any, clock: _Clock) -> Iterator[Any]:
        """Decode; after an error nothing before the next key frame, which may show what was lost."""
        av = pyav()
        context, lost = stream.codec_context, False
        for packet, wanted in self._marked(_packets(container, stream, clock), clock):
            # The decoder leaves out frames that no other needs, and no others: the rest stays exact.
            context.skip_frame = "DEFAULT" if wanted else "NONREF"
            try:
                frames = packet.decode()
            except av.FFmpegError:  # what is missing is noticed by its time
                lost = True
                continue
            for frame in frames:
                lost = lost and not frame.key_frame
                if not lost:
                    yield frame
        with contextlib.suppress(av.FFmpegError):
            for frame in context.decode(None):  # what the decoder still holds
                lost = lost and not frame.key_frame
                if not lost:
                    yield frame

    def _marked(self, packets: Iterator[Any], clock: _Clock) -> Iterator[tuple[Any, bool]]:
        """Say of each packet whether its frame is wanted: the last one up to a second; fills `_due`.

        A frame is not shown before it is decoded, so once a packet is to be decoded after second s, all
        frames up to s are known. Without times, all are wanted.
        """
        waiting: deque[Any] = deque()
        timed, first = True, True
        for packet in packets:
            waiting.append(packet)
            timed = timed and packet.pts is not None and packet.dts is not None
            if timed:
                second = clock.second_of(packet.pts)
                self._due[second] = max(self._due.get(second, packet.pts), packet.pts)
                reached = clock.second_of(packet.dts)
            else:
                self._due.clear()
                self._last_due = None
            while waiting and (
                not timed
                or clock.second_of(waiting[0].pts) < reached
                or len(waiting) > _MOST_WAITING
            ):
                yield waiting[0], first or not timed or self._is_due(waiting[0], clock)
                waiting.popleft()
                first = False
        for packet in waiting:
            yield packet, first or not timed or self._is_due(packet, clock)
            first = False

    def _is_due(self, packet: Any, clock: _Clock) -> bool:
        return bool(packet.pts == self._due.get(clock.second_of(packet.pts)))


class _Clock:
    """Turns times of a stream into seconds of the file, exactly, and knows where the packets end."""

    def __init__(self, container: Any, stream: Any) -> None:
        self._base = stream.time_base
        start = max(0, container.start_time or 0)
        self.zero = round(start / (1_000_000 * self._base))
        self.step = round(1 / ((stream.average_rate or 25) * self._base))
        self.end = 0

    def second_of(self, time: int) -> int:
        """The first whole second at which a frame of this time (in the stream's units) can be shown."""
        return max(0, -int((self.zero - time) * self._base.numerator // self._base.denominator))

    def passed(self, packet: Any) -> None:
        """Note a packet of picture or sound: seconds before its end have a picture."""
        if packet.pts is not None:
            end = (packet.pts + (packet.duration or 0)) * packet.time_base
            ticks = end - self.zero * self._base
            self.end = max(self.end, -(-ticks.numerator // ticks.denominator))


def _packets(container: Any, stream: Any, clock: _Clock) -> Iterator[Any]:
    """The packets of `stream`, up to the end or to where the file can no longer be read."""
    av = pyav()
    streams = [stream, *container.streams.audio[:1]]
    try:
        for packet in container.demux(streams):
            if packet.size == 0:  # an end mark of PyAV's, or an empty sample
                continue
            clock.passed(packet)
            if packet.stream_index == stream.index:
                yield packet
    except (av.FFmpegError, OSError):
        return
