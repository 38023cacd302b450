"""An encoder for tests, named as `stand_in:blocks`: brightness of 12 blocks, from 0 to 1."""

from __future__ import annotations

import numpy as np

from livebench.frames.decode import View

calls: list[int] = []
"""Pictures of each call."""


class Blocks:
    """Of each of 3 x 4 blocks of a picture the middle half."""

    view = View(96)
    weights_sha256 = "00ff" * 16
    pixels = "brightness of 12 blocks"

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        assert pictures.dtype == np.uint8
        assert pictures.shape[1:] == (96, 96, 3)
        calls.append(len(pictures))
        middle = pictures.reshape(len(pictures), 3, 32, 4, 24, 3)[:, :, 8:24, :, 6:18]
        return middle.mean((2, 4, 5)).reshape(len(pictures), 12) / 255


blocks = Blocks()


def fails(pictures: np.ndarray) -> np.ndarray:
    raise ValueError("no such layer")


def flat(pictures: np.ndarray) -> np.ndarray:
    return np.zeros(len(pictures))


def large(pictures: np.ndarray) -> np.ndarray:
    return np.full((len(pictures), 2), 1e6)


number = 3
