"""Shapes and patterns as masks, by which the things of a scene can be distinguished."""

from __future__ import annotations

from functools import cache

import numpy as np


@cache
def shape(number: int, size: int) -> np.ndarray:
    """One of 8 shapes: bool [size, size]."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size * 2 - 1
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    masks = (
        radius < 0.95,  # disc
        np.maximum(abs(x), abs(y)) < 0.8,  # square
        (y > -0.85) & (y < 0.8) & (abs(x) < (y + 0.85) * 0.55),  # triangle
        radius < 0.45 + 0.45 * (np.cos(5 * (angle + np.pi / 2)) > 0.2),  # flower of five petals
        (radius < 0.95) & (radius > 0.55),  # ring
        (np.minimum(abs(x), abs(y)) < 0.28) & (radius < 0.95),  # cross
        abs(x) + abs(y) < 0.95,  # diamond
        (abs(y) < 0.9) & (np.sin(y * 3 * np.pi) > -0.2) & (abs(x) < 0.8),  # bars
    )
    mask: np.ndarray = masks[number % len(masks)]
    return mask


def pattern(number: int, height: int, width: int, shift: int) -> np.ndarray:
    """One of 6 patterns, shifted by `shift` pixels: float [height, width], 0 to 1."""
    y, x = np.mgrid[:height, :width].astype(float)
    x = x + shift
    patterns = (
        y / height,  # sky and ground
        (y // 9) % 2,  # horizontal stripes
        (x // 12) % 2,  # vertical stripes
        ((x // 14) + (y // 14)) % 2,  # squares
        ((x + y) // 12) % 2,  # diagonal stripes
        (np.hypot(x % 24 - 12, y % 24 - 12) < 7).astype(float),  # dots
    )
    chosen: np.ndarray = patterns[number % len(patterns)]
    return chosen


def rgb(hue: float, saturation: float, value: float) -> np.ndarray:
    """A colour as float [3], RGB from 0 to 255; as `hue` goes from 0 to 1, it runs from red through blue
    and green back to red."""
    turns = (np.array([0, 2, 4]) + hue * 6) % 6
    pure = np.clip(np.abs(turns - 3) - 1, 0, 1)
    colour: np.ndarray = 255 * value * (1 - saturation + saturation * pure)
    return colour
