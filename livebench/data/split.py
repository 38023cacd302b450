"""Which videos are for training, development and test: by hash of their ids."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from livebench.errors import LiveBenchError

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")


def _position(seed: int, video_id: str) -> int:
    """The place of a video in [0, 2**64), by hash."""
    digest = hashlib.sha256(f"split\0{seed}\0{video_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def split_videos(
    video_ids: Sequence[str], *, dev: int | float, test: int | float, seed: int
) -> list[Split]:
    """Assign each video to a split, whatever the order of `video_ids`.

    Given as shares (floats below 1), a video's split depends on its own id alone: adding a video moves
    no other. Given as counts (ints), exactly that many videos are taken, lowest hashes first, and adding
    a video may move another.

    Raises:
        LiveBenchError: one is a share and the other a count, or nothing is left for training.
    """
    options = f"--dev {dev} and --test {test}"
    if isinstance(dev, float) != isinstance(test, float):
        what = "one is a count and the other a share"
        raise LiveBenchError(options, what, "give both as counts (100) or both as shares (0.05)")
    if isinstance(dev, float) or isinstance(test, float):
        if dev < 0 or test < 0 or dev + test >= 1:
            raise LiveBenchError(options, "shares must not be negative, and leave some training")
        bounds = (test * 2**64, (test + dev) * 2**64)
        splits = [_split_at(_position(seed, video_id), bounds) for video_id in video_ids]
        if "train" not in splits:
            what = f"of {len(video_ids)} videos none falls into training"
            raise LiveBenchError(options, what, "take smaller shares, counts, or another --seed")
        return splits
    if dev < 0 or test < 0 or dev + test >= len(video_ids):
        what = f"{len(video_ids)} videos leave none for training"
        raise LiveBenchError(options, what, "take fewer")
    ordered = sorted(video_ids, key=lambda video_id: (_position(seed, video_id), video_id))
    chosen: dict[str, Split] = dict.fromkeys(ordered[:test], "test")
    chosen.update(dict.fromkeys(ordered[test : test + dev], "dev"))
    return [chosen.get(video_id, "train") for video_id in video_ids]


def split_groups(
    video_ids: Sequence[str],
    groups: Sequence[str],
    *,
    dev: int | float,
    test: int | float,
    seed: int,
) -> list[Split]:
    """Assign videos to splits so that no group is in two, whatever the order of `video_ids`.

    Shares and counts are of groups, as `split_videos` takes them of videos; a group's place is the hash
    of "group", a NUL and its name. A video without a group is a group of its own.

    Raises:
        LiveBenchError: no video has a group; and as `split_videos`.
    """
    if not any(groups):
        what = "no video has a group"
        fix = "give a column `group` in videos.csv, or name another with --group-column"
        raise LiveBenchError("--split-by group", what, fix)
    # A name that is a video's id, too, is told apart by a mark that no id has.
    keys = [
        f"group\0{group}" if group else video_id
        for video_id, group in zip(video_ids, groups, strict=True)
    ]
    distinct = sorted(set(keys))
    splits = dict(zip(distinct, split_videos(distinct, dev=dev, test=test, seed=seed), strict=True))
    return [splits[key] for key in keys]


def _split_at(position: int, bounds: tuple[float, float]) -> Split:
    if position < bounds[0]:
        return "test"
    return "dev" if position < bounds[1] else "train"
