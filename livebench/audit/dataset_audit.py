"""Audit of a dataset: what leaks from training into the test split.

Five questions; docs/audit-dataset.md has the thresholds and the measurements behind them:

    same video        in two splits, or twice in one: by id, by title, by near-identical comments
    shared comments   does a split share more comments with another than popularity explains?
    shared groups     where a group (a series, a channel) is in two splits: do its videos share more
                      comments with each other than with those of other groups?
    in context        moments with a correct comment that occurs in their context
    what comes out    ids and counts, never the text of a comment or a title
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, permutations
from typing import Literal

import msgspec
import numpy as np

from livebench.audit.same_videos import same_comments, same_names
from livebench.audit.shared_comments import SharedComments, shared_comments
from livebench.audit.shared_groups import SharedGroups, shared_groups
from livebench.audit.video_comments import VideoComments
from livebench.candidates.moments import Moments, VisibleComments
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.data.split import SPLITS, Split

LeakKind = Literal["same id", "same title", "same comments", "shared comments", "shared groups"]


class Leak(msgspec.Struct, frozen=True):
    """Something that two or more splits share and should not.

    `videos` are ids: of the same video; for "shared groups" of those of the first of `splits` whose
    group is in the second, too; for "shared comments" of the videos in the first of `splits` that share
    most with the second, most first.
    """

    kind: LeakKind
    splits: tuple[Split, ...]
    videos: tuple[str, ...]
    detail: str


class Duplicate(msgspec.Struct, frozen=True):
    """The same video more than once in one split: bad for training, but not a leak."""

    kind: LeakKind
    split: Split
    videos: tuple[str, ...]
    detail: str


class InContext(msgspec.Struct, frozen=True):
    """Moments of the protocol `paper` (the first 5,000 in the order of their hash, as in a set):
    `moments_with_copy` of `moments` have a correct comment that occurs verbatim in the context;
    `copies` of `correct` comments do."""

    split: Split
    moments: int
    moments_with_copy: int
    correct: int
    copies: int


class DatasetAudit(msgspec.Struct, frozen=True):
    """All findings; a good dataset has no leaks."""

    dataset: str
    fingerprint: str
    leaks: tuple[Leak, ...]
    duplicates: tuple[Duplicate, ...]
    shared: tuple[SharedComments, ...]
    groups: int
    shared_groups: tuple[SharedGroups, ...]
    in_context: tuple[InContext, ...]


def audit_dataset(dataset: Dataset) -> DatasetAudit:
    """Look for overlap between the splits of a dataset, and for duplicates within them.

    Memory grows with the number of comments, not of pairs of videos.

    Raises:
        LiveBenchError: a file of the dataset is missing or damaged.
    """
    columns = VideoComments.of(dataset)
    copies = list(same_comments(dataset, columns))
    leaks, duplicates = [], []
    for kind, videos, detail in [*same_names(dataset), *copies]:
        splits = tuple(s for s in SPLITS if any(dataset.videos[v].split == s for v in videos))
        ids = tuple(dataset.videos[v].video_id for v in videos)
        if len(splits) > 1:
            leaks.append(Leak(kind, splits, ids, detail))
        else:
            duplicates.append(Duplicate(kind, splits[0], ids, detail))
    splits_by_video = [video.split for video in dataset.videos]
    copied = {video for group in copies for video in group.videos}
    shared = list(shared_comments(columns, splits_by_video, copied))
    across = list(shared_groups(columns, dataset.videos))
    return DatasetAudit(
        dataset=dataset.info.name,
        fingerprint=dataset.info.fingerprint,
        leaks=(*leaks, *_shared_leaks(dataset, shared), *_group_leaks(dataset, across)),
        duplicates=tuple(duplicates),
        shared=tuple(figures for figures, _ in shared),
        groups=len({video.group for video in dataset.videos if video.group}),
        shared_groups=tuple(across),
        in_context=tuple(_in_context(dataset)),
    )


def _shared_leaks(
    dataset: Dataset, shared: Sequence[tuple[SharedComments, np.ndarray]]
) -> Iterator[Leak]:
    """Pairs of splits that clearly share comments, each pair once, in the direction with more excess."""
    by_splits = {(figures.split, figures.pool): (figures, videos) for figures, videos in shared}
    for split, pool in permutations(SPLITS, 2):
        if (split, pool) not in by_splits:
            continue
        figures, videos = by_splits[split, pool]
        reverse = by_splits[pool, split][0] if (pool, split) in by_splits else None
        if not figures.clear or (reverse and reverse.clear and reverse.low > figures.low):
            continue
        detail = (
            f"{figures.share:.1%} of the comments of a video of {split} occur in {pool}, "
            f"{figures.excess:.1%} [{figures.low:.1%}, {figures.high:.1%}] more than popularity explains"
        )
        ids = tuple(dataset.videos[video].video_id for video in videos.tolist())
        yield Leak("shared comments", (split, pool), ids, detail)


def _group_leaks(dataset: Dataset, across: Sequence[SharedGroups]) -> Iterator[Leak]:
    """Groups in two splits whose videos clearly share comments; each pair of splits once, from the one
    that is held out."""
    held_out = {("test", "train"), ("dev", "train"), ("test", "dev")}
    for figures in across:
        if not figures.clear or (figures.split, figures.pool) not in held_out:
            continue
        in_pool = {video.group for video in dataset.videos if video.split == figures.pool}
        detail = (
            f"{figures.groups} groups are in both; {figures.own:.1%} of the comments of a video of "
            f"{figures.split} occur in videos of its group in {figures.pool}, {figures.other:.1%} in as "
            f"many of others"
        )
        ids = tuple(
            video.video_id
            for video in dataset.videos
            if video.split == figures.split and video.group and video.group in in_pool
        )
        yield Leak("shared groups", (figures.split, figures.pool), ids, detail)


def _in_context(dataset: Dataset) -> Iterator[InContext]:
    """Count, by split, the moments whose correct comments occur in the context."""
    protocol = load_protocol("paper")
    comments = VisibleComments(dataset, protocol)
    for split in ("dev", "test"):
        split_moments = Moments(dataset, protocol, comments, dataset.split(split), seed=0)
        moments = with_copy = correct = copies = 0
        for moment in islice(split_moments.in_drawn_order(), protocol.moments.max_samples):
            context = set(comments.string[list(moment.context)].tolist())
            copied = len(context.intersection(moment.correct))
            moments, with_copy = moments + 1, with_copy + bool(copied)
            correct, copies = correct + len(moment.correct), copies + copied
        yield InContext(split, moments, with_copy, correct, copies)
