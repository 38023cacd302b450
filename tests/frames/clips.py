"""Makes video files for tests: each frame shows its own number, as 12 black or white blocks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT, BITS = 96, 64, 12
TICKS = 1000
"""Ticks a second of the clips' own clock."""


def picture(number: int) -> np.ndarray:
    """uint8 [HEIGHT, WIDTH, 3]: the bits of a number, blocks of 24 x 21 pixels, 4 a row."""
    image = np.full((HEIGHT, WIDTH, 3), 16, np.uint8)
    for bit in range(BITS):
        row, column = divmod(bit, 4)
        if number >> bit & 1:
            image[row * 21 : row * 21 + 21, column * 24 : column * 24 + 24] = 240
    return image


def number_in(image: np.ndarray) -> int:
    """The number that a picture of any size shows."""
    height, width = image.shape[:2]
    rows = [int((row * 21 + 10.5) / HEIGHT * height) for row in range(3)]
    columns = [int((column * 24 + 12) / WIDTH * width) for column in range(4)]
    bits = [image[row, column].mean() > 128 for row in rows for column in columns]
    return sum(1 << place for place, bit in enumerate(bits) if bit)


def write_clip(
    path: Path,
    times: Sequence[float],
    *,
    options: dict[str, str] | None = None,
    rotation: int = 0,
    sound: tuple[float, float] | None = None,
    title: str = "",
    codec: str = "libx264",
) -> Path:
    """Write a file whose frame k shows k from `times[k]` (s) on.

    Args:
        rotation: degrees counterclockwise by which players are told to turn the picture.
        sound: from when to when (s) there is a tone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        if title:
            container.metadata["title"] = title
        video = container.add_stream(codec, rate=25, options=options or {})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.time_base = Fraction(1, TICKS)
        if rotation:
            video.set_display_rotation(rotation)
        audio = container.add_stream("aac", rate=16_000, layout="mono") if sound else None
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = round(time * TICKS), Fraction(1, TICKS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio:
            _write_tone(container, audio, *sound)
    return path


def _write_tone(container, audio, start: float, stop: float) -> None:
    size = 1024
    for first in range(int(start * 16_000), int(stop * 16_000), size):
        wave = 0.2 * np.sin(np.arange(first, first + size) * 0.2)
        frame = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 16_000, first, Fraction(1, 16_000)
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))
