"""Datasets with pictures, for tests: a flat colour says which video and which second."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np


def jpeg_of(video: int, second: int, **options: object) -> bytes:
    """A picture of 16 x 16: red is 9 times the video, green 4 times the second, blue 100."""
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (16, 16), (9 * video, 4 * second, 100)).save(
        file, "JPEG", quality=95, **options
    )
    return file.getvalue()


def shown(image) -> tuple[int, int]:
    """Video and second of a picture."""
    red, green, blue = np.asarray(image).reshape(-1, 3).mean(0)
    assert abs(blue - 100) < 3
    return round(red / 9), round(green / 4)


def add_images(folder: Path, counts: dict[str, int]) -> Path:
    """Put images/VIDEO_ID/SECOND.jpg beside tables; videos count from 0 in the order of `counts`."""
    for number, (video_id, count) in enumerate(counts.items()):
        own = folder / "images" / video_id
        own.mkdir(parents=True)
        for second in range(count):
            (own / f"{second}.jpg").write_bytes(jpeg_of(number, second))
    return folder
