"""Draws that are the same on any machine: from sha256 of the seed, the sample and a string."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import count

import numpy as np


def draw(seed: int, sample_id: str, string: str) -> int:
    """A number uniform in [0, 2**128), the same whenever and wherever it is drawn."""
    digest = hashlib.sha256(f"{seed}\0{sample_id}\0{string}".encode()).digest()
    return int.from_bytes(digest[:16], "big")


def draws_from(items: np.ndarray, seed: int, sample_id: str, label: str) -> Iterator[int]:
    """Items (int [n]) drawn uniformly, with replacement, without end."""
    for position in count():
        yield int(items[draw(seed, sample_id, f"{label} {position}") % len(items)])
