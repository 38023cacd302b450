"""Comments that a model was not shown, since a context was longer than it can read."""

from __future__ import annotations

import msgspec
import numpy as np


class DroppedComments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many `comments` around the moment were dropped, in so many `samples`."""

    samples: int
    comments: int


def dropped_in_all(dropped: np.ndarray) -> DroppedComments | msgspec.UnsetType:
    """The sum over samples; unset if nothing was dropped.

    Args:
        dropped: int64 [samples].
    """
    comments = int(dropped.sum())
    return DroppedComments(int(np.count_nonzero(dropped)), comments) if comments else msgspec.UNSET


def dropped_remarks(dropped: np.ndarray) -> list[str]:
    """What a reader of the scores should know of it; empty if nothing was dropped."""
    found = dropped_in_all(dropped)
    if found is msgspec.UNSET:
        return []
    return [
        f"contexts too long for the model in {found.samples} of {len(dropped)} samples; comments left "
        f"out: {found.comments}"
    ]
