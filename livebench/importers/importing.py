"""From a source to a dataset folder: reads, filters, splits, segments and writes.

An importer is a function that reads a source into a `Collection`, and says what is true of all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
import numpy as np

from livebench.data.dataset import Dataset, DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset_of
from livebench.data.languages import language_remark
from livebench.data.split import split_groups, split_videos
from livebench.errors import LiveBenchError
from livebench.importers.collection import Collection, Options
from livebench.importers.comment_store import CommentStore

_LOOKED_AT = 2000
"""Comments, spread over the source, whose script is looked at."""


class Frames(Protocol):
    """The frame vectors of a source: how many each video has, and those of a video, [count, width]."""

    @property
    def counts(self) -> Mapping[str, int]: ...

    def of(self, video_id: str) -> np.ndarray: ...


class Pictures(Protocol):
    """The pictures of a source: how many each video has, one a second, and their JPEG files."""

    @property
    def counts(self) -> Mapping[str, int]: ...

    def of(self, video_id: str, second: int) -> bytes: ...


class SourceFacts(NamedTuple):
    """What an importer says of the whole source; `tokenizer` where it gives words of comments,
    `looked_for` what a comment of it looks like. A video has as many `images` as `frames`, where the
    source has both."""

    citation: str = ""
    tokenizer: str = ""
    encoder: str = ""
    frames: Frames | None = None
    images: Pictures | None = None
    looked_for: str = ""


def import_dataset(
    read: Callable[[Path, Collection], SourceFacts],
    source: Path,
    out: Path,
    info: DatasetInfo,
    options: Options,
    report: Callable[[str], object] = lambda text: None,
) -> Dataset:
    """Import a source as the dataset `out`.

    Args:
        read: an importer, such as `read_tables`.
        info: name, source, licence and so on; what is counted here is filled in.
        report: called with what is going on.

    Raises:
        LiveBenchError: the source is missing or damaged, or a row of it is bad (file and place are
            named); nothing is left to split, or the dataset cannot be written.
    """
    collection = Collection(options, Path(out).parent)
    try:
        return _imported(collection, read, Path(source), out, info, report)
    finally:
        collection.comments.close()


def _imported(
    collection: Collection,
    read: Callable[[Path, Collection], SourceFacts],
    source: Path,
    out: Path,
    info: DatasetInfo,
    report: Callable[[str], object],
) -> Dataset:
    facts, options, comments = read(source, collection), collection.options, collection.comments
    _set_open_ends(collection)
    kept = _long_and_busy(collection)
    if not len(comments):
        fix = "`livebench import` without a kind says which kind of files are there"
        what = f"no comment found in it (looked for {facts.looked_for or 'comments'})"
        raise LiveBenchError(source, what, fix)
    if not kept:
        what = f"no video has {options.min_duration:g} s and {options.min_comments} comments"
        raise LiveBenchError(source, what, "lower --min-duration or --min-comments")
    videos = [collection.videos[number] for number in kept]
    frames, images, split_options = facts.frames, facts.images, {}
    counted = frames or images
    if counted is not None:
        videos = [
            msgspec.structs.replace(video, frame_count=counted.counts[video.video_id])
            for video in videos
        ]
    if not collection.has_split:
        videos = _split(videos, options)
        _remark_on_empty_splits(videos, options, report)
        split_options = {"dev": options.dev, "test": options.test, "seed": options.seed}
    elif options.split_by == "group":
        what = "the source has a split of its own"
        raise LiveBenchError("--split-by group", what, "leave the option out")
    elif not any(video.split == "train" for video in videos):
        raise LiveBenchError(source, f"of {len(videos)} videos none is for training")
    place = np.full(len(collection.videos), -1)
    place[kept] = np.arange(len(kept))
    if not comments.segmented:
        _remark_on_language(info.language, comments, report)
    task = "writing" if comments.segmented else "segmenting"
    number = int(comments.counts(len(place))[kept].sum())
    report(f"{len(videos)} videos, {number} comments; {task}")
    return write_dataset_of(
        out,
        msgspec.structs.replace(
            info,
            citation=info.citation or facts.citation,
            tokenizer=facts.tokenizer,
            encoder=info.encoder or facts.encoder,
            split=split_options,
            split_by=options.split_by,
            skipped=dict(sorted((+collection.skipped).items())),
            repaired=dict(sorted((+collection.repaired).items())),
        ),
        videos,
        lambda rank: comments.in_order(np.where(place < 0, -1, rank[place])),
        segmented=comments.segmented,
        frames=None if frames is None else lambda video: frames.of(video.video_id),
        images=None if images is None else lambda video, second: images.of(video.video_id, second),
    )


def _remark_on_language(
    language: str, comments: CommentStore, report: Callable[[str], object]
) -> None:
    """Say so if the comments are not in the script of their language; some hundreds are looked at."""
    step = max(1, len(comments) // _LOOKED_AT)
    remark = language_remark(language, sorted(set(comments.every(step))))
    if remark:
        report(f"warning: {remark}")


def _set_open_ends(collection: Collection) -> None:
    """Give videos of unknown duration the end of the second of their last comment."""
    last = collection.comments.last(len(collection.videos))
    for number in collection.open_ended:
        collection.videos[number] = msgspec.structs.replace(
            collection.videos[number], duration=float(last[number] // 1000 + 1)
        )


def _long_and_busy(collection: Collection) -> list[int]:
    """Numbers of the videos that are long and busy enough; the others are counted by rule."""
    options, kept = collection.options, []
    comments = collection.comments.counts(len(collection.videos))
    for number, video in enumerate(collection.videos):
        if number in collection.open_ended and not comments[number]:
            collection.skipped["video without comments and duration"] += 1
        elif video.duration < options.min_duration:
            collection.skipped["video below --min-duration"] += 1
        elif comments[number] < options.min_comments:
            collection.skipped["video below --min-comments"] += 1
        else:
            kept.append(number)
    return kept


def _split(videos: list[Video], options: Options) -> list[Video]:
    ids = [video.video_id for video in videos]
    if options.split_by == "group":
        splits = split_groups(
            ids,
            [video.group for video in videos],
            dev=options.dev,
            test=options.test,
            seed=options.seed,
        )
    else:
        splits = split_videos(ids, dev=options.dev, test=options.test, seed=options.seed)
    pairs = zip(videos, splits, strict=True)
    return [msgspec.structs.replace(video, split=split) for video, split in pairs]


def _remark_on_empty_splits(
    videos: Sequence[Video], options: Options, report: Callable[[str], object]
) -> None:
    """Say at once if a split that was asked for is empty, as shares of few videos may leave it: nothing
    can be built from it."""
    splits = {video.split for video in videos}
    wanted = (("dev", options.dev), ("test", options.test))
    empty = [name for name, share in wanted if share and name not in splits]
    if empty:
        some = max(1, min(len(videos) // 3, round(0.05 * len(videos))))
        report(
            f"warning: --dev {options.dev} and --test {options.test} of {len(videos)} videos leave "
            f"{' and '.join(empty)} empty: no set can be built from an empty split; give counts "
            f"(--dev {some} --test {some}), larger shares, or another --seed"
        )
