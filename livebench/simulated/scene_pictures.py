"""Draws the pictures of a simulated video: each thing of a scene has a look of its own.

    place     the background: 6 patterns in 8 colours, moving slowly
    subject   what moves in front of it: 8 shapes in 8 colours
    action    how it moves (4 ways, shown by a trail) and the white tool beside it (8 shapes)
    mood      the border: its colour (the tone) and its style

A scene starts with a cut. The subject moves from picture to picture, the light flickers, and every pixel
is noisy. Everything depends only on the seed, the video and the time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from livebench.simulated.shapes import pattern, rgb, shape
from livebench.simulated.world import Scene, World

PICTURE_WIDTH, PICTURE_HEIGHT = 192, 108
"""Pixels."""
PICTURES_A_SECOND = 4
"""Pictures a second."""
_SUBJECT, _TOOL, _BORDER = 48, 24, 8
_NOISE = 8
"""Standard deviation of the pixel noise, on the scale 0 to 255."""
_TRAIL = 4
"""Number of fainter copies of the subject at its earlier positions."""


class Look:
    """How the things of a scene look: their positions in the world's lists."""

    def __init__(self, world: World, scene: Scene) -> None:
        place, subject, action, mood = (
            world.lists[slot].mains.index(getattr(scene, slot))
            for slot in ("place", "subject", "action", "mood")
        )
        tones = list(world.lists["mood"].sections)
        self.pattern, self.ground = place % 6, rgb(place // 6 / 8 + 0.03, 0.55, 0.6)
        self.shape, self.body = subject % 8, rgb(subject // 8 / 8, 0.9, 1.0)
        self.way, self.tool = action % 4, action // 4
        self.border = rgb(tones.index(world.tone(scene.mood)) / len(tones) + 0.1, 1.0, 0.9)
        self.breaks = mood % 4


def draw_pictures(
    world: World, seed: int, video_id: str, scenes: list[Scene]
) -> Iterator[np.ndarray]:
    """Yield the pictures of a video, in order: uint8 [PICTURE_HEIGHT, PICTURE_WIDTH, 3]."""
    digest = hashlib.sha256(f"livebench/{seed}/{video_id}/pictures".encode()).digest()
    random = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
    noise = random.normal(0, _NOISE, (2 * PICTURE_HEIGHT, 2 * PICTURE_WIDTH, 3)).astype(np.float32)
    for scene in scenes:
        look = Look(world, scene)
        # The background is drawn once, wider than the picture, which moves along it.
        wide = _background(look, PICTURE_WIDTH + 64, int(random.integers(0, 1000)))
        border = _border(look)
        start = random.random(3)
        for number in range((scene.stop - scene.start) * PICTURES_A_SECOND):
            time = number / PICTURES_A_SECOND
            offset = int((start[0] * 64 + 6 * time) % 64)
            image = wide[:, offset : offset + PICTURE_WIDTH].copy()
            _paste_subject(image, look, time, start[1:])
            np.copyto(image, border[1], where=border[0])
            image *= np.float32(1 + 0.05 * np.sin(5 * time + 6 * start[0]))
            top, left = random.integers(0, PICTURE_HEIGHT), random.integers(0, PICTURE_WIDTH)
            image += noise[top : top + PICTURE_HEIGHT, left : left + PICTURE_WIDTH]
            yield np.clip(image, 0, 255, out=image).astype(np.uint8)


def _background(look: Look, width: int, shift: int) -> np.ndarray:
    shade = pattern(look.pattern, PICTURE_HEIGHT, width, shift)[:, :, None]
    return (look.ground * (0.45 + 0.55 * shade)).astype(np.float32)


def _border(look: Look) -> tuple[np.ndarray, np.ndarray]:
    """Which pixels are the border, and their colour."""
    y, x = np.mgrid[:PICTURE_HEIGHT, :PICTURE_WIDTH]
    edge = np.minimum.reduce([y, x, PICTURE_HEIGHT - 1 - y, PICTURE_WIDTH - 1 - x])
    mask = edge < _BORDER
    if look.breaks == 1:
        mask &= (x + y) // 12 % 2 == 0  # broken
    elif look.breaks == 2:
        mask &= edge >= _BORDER // 2  # thin, away from the edge
    elif look.breaks == 3:
        mask &= (abs(x - PICTURE_WIDTH // 2) > PICTURE_WIDTH // 4) & (
            abs(y - PICTURE_HEIGHT // 2) > PICTURE_HEIGHT // 6
        )  # corners
    return mask[:, :, None], look.border.astype(np.float32)


def _place(way: int, time: float, start: np.ndarray) -> tuple[float, float]:
    """The centre of the subject, in pixels from that of the picture: down, right."""
    phase = 2 * np.pi * (start[0] + 0.4 * time)
    swing = float(np.sin(phase))
    drift = 14 * float(np.sin(2 * np.pi * (start[1] + 0.05 * time)))
    return (
        (0.0, drift),  # it stays
        (22 * swing, drift),  # it jumps
        (0.0, 48 * swing),  # it runs to and fro
        (20 * swing, 36 * float(np.cos(phase))),  # it turns in a circle
    )[way]


def _paste_subject(image: np.ndarray, look: Look, time: float, start: np.ndarray) -> None:
    mask = shape(look.shape, _SUBJECT)
    for step in range(_TRAIL, -1, -1):  # the oldest first
        if step and not look.way:
            continue
        down, right = _place(look.way, time - 0.16 * step, start)
        _paste(image, mask, down, right, look.body, 1.0 if not step else 0.45 - 0.08 * step)
    rim = shape(look.tool, _TOOL + 6)
    _paste(image, rim, down - 14, right + 34, np.zeros(3), 1.0)
    _paste(image, shape(look.tool, _TOOL), down - 14, right + 34, np.full(3, 255.0), 1.0)


def _paste(
    image: np.ndarray, mask: np.ndarray, down: float, right: float, paint: np.ndarray, share: float
) -> None:
    """Paint a mask whose centre is at (down, right) from the picture's; parts outside are clipped."""
    top = round(PICTURE_HEIGHT / 2 + down - len(mask) / 2)
    left = round(PICTURE_WIDTH / 2 + right - len(mask) / 2)
    rows = slice(max(0, top), min(PICTURE_HEIGHT, top + len(mask)))
    columns = slice(max(0, left), min(PICTURE_WIDTH, left + len(mask)))
    part = mask[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    target = image[rows, columns]
    target += share * part[:, :, None] * (paint.astype(np.float32) - target)
