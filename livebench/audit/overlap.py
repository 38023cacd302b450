"""Audit of a dataset: what a test could have seen in training.

Four questions; docs/audit-dataset.md has the thresholds and the measurements behind them:

    same video        in two splits, or twice in one: by id, by title, by near-identical comments
    shared comments   does a split share more comments with another than popularity explains?
    in context        moments whose correct comment stands in their context
    what comes out    ids and counts, never the text of a comment or a title
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, permutations
from typing import Literal

import msgspec
import numpy as np

from livebench.candidates.moments import Moments, VisibleComments
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import Dataset
from livebench.data.split import SPLITS, Split

SHORTEST = 4  # characters; shorter titles and comments say nothing about whose they are
RARE = 20  # a comment of more videos than this is popular; of fewer where there are few videos
MIN_CONTAINMENT, MIN_OVERLAP = 0.25, 8
MIN_COMMENTS = 10  # distinct ones of at least SHORTEST characters, for a video to be counted in
CLEAR_EXCESS, CONFIDENCE = 0.03, 0.999
LENGTHS = (SHORTEST, 6, 8, 11, 16)  # classes of comments: characters, from this up to the next

Kind = Literal["same id", "same title", "same comments", "shared comments"]


class Leak(msgspec.Struct, frozen=True):
    """What two or more splits have in common and must not.

    `videos` are ids: of one and the same video, or, for "shared comments", those of the first of
    `splits` that share most with the second, most first.
    """

    kind: Kind
    splits: tuple[Split, ...]
    videos: tuple[str, ...]
    detail: str


class Duplicate(msgspec.Struct, frozen=True):
    """The same video more than once in one split: bad for training, no leak."""

    kind: Kind
    split: Split
    videos: tuple[str, ...]
    detail: str


class LengthClass(msgspec.Struct, frozen=True):
    """Of the comments with these lengths: `share` of them occurs in the pool, `expected` of the pool's
    own occurs in another of its videos."""

    characters: str
    share: float
    expected: float


class Shared(msgspec.Struct, frozen=True):
    """How many of the distinct comments of a video of `split` occur in the videos of `pool`.

    Attributes:
        videos: of `split`, that have enough comments.
        share: mean over these videos.
        excess: `share` less what comments of these lengths reach within the pool, each video of the
            pool against all others.
        low, high: interval of the excess, over videos of both splits.
        by_length: the same by length, over comments.
    """

    split: Split
    pool: Split
    videos: int
    share: float
    excess: float
    low: float
    high: float
    by_length: tuple[LengthClass, ...]

    @property
    def clear(self) -> bool:
        """Is it more than differences between videos explain, and enough to matter?"""
        return self.low > CLEAR_EXCESS


class InContext(msgspec.Struct, frozen=True):
    """Moments of the protocol `paper` (the first 5,000 in the order of their hash, as in a set):
    `moments_with_copy` of `moments` have a correct comment that stands verbatim in the context;
    `copies` of `correct` comments do."""

    split: Split
    moments: int
    moments_with_copy: int
    correct: int
    copies: int


class DatasetAudit(msgspec.Struct, frozen=True):
    """All that was found; no leaks is what a dataset needs."""

    dataset: str
    fingerprint: str
    leaks: tuple[Leak, ...]
    duplicates: tuple[Duplicate, ...]
    shared: tuple[Shared, ...]
    in_context: tuple[InContext, ...]


def audit_dataset(dataset: Dataset) -> DatasetAudit:
    """Look for what the splits of a dataset have in common, and for doubles within them.

    Memory is bounded by the comments, not by the pairs of videos.

    Raises:
        LiveBenchError: a file of the dataset is missing or damaged.
    """
    columns = _Columns.of(dataset)
    alike = list(_same_comments(dataset, columns))
    groups = [*_same_names(dataset), *alike]
    leaks, duplicates = [], []
    for kind, videos, detail in groups:
        splits = tuple(s for s in SPLITS if any(dataset.videos[v].split == s for v in videos))
        ids = tuple(dataset.videos[v].video_id for v in videos)
        if len(splits) > 1:
            leaks.append(Leak(kind, splits, ids, detail))
        else:
            duplicates.append(Duplicate(kind, splits[0], ids, detail))
    copies = {video for _, videos, _ in alike for video in videos}
    shared, more = _shared_comments(dataset, columns, copies)
    return DatasetAudit(
        dataset=dataset.info.name,
        fingerprint=dataset.info.fingerprint,
        leaks=(*leaks, *more),
        duplicates=tuple(duplicates),
        shared=tuple(shared),
        in_context=tuple(_in_context(dataset)),
    )


# The same video


def _bare(texts: Sequence[str]):
    """Texts (an Arrow array) in NFKC, lower case, without white space and punctuation."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = pc.utf8_normalize(pa.array(texts, pa.large_string()), "NFKC")
    return pc.replace_substring_regex(pc.utf8_lower(array), r"[\s\p{P}\p{Z}\p{C}]+", "")


@dataclass(frozen=True)
class _Columns:
    """Which bare comment occurs in which video, each pair once, by video; empty ones are left out.

    Attributes:
        video, key: int64 [pairs].
        length: int64 [keys], in characters.
    """

    video: np.ndarray
    key: np.ndarray
    length: np.ndarray

    @classmethod
    def of(cls, dataset: Dataset) -> _Columns:
        import pyarrow.compute as pc

        comments = dataset.comments
        codes = _bare(comments.strings).dictionary_encode()
        length = pc.utf8_length(codes.dictionary).to_numpy().astype(np.int64)
        key = codes.indices.to_numpy().astype(np.int64)[comments.string]
        video = np.repeat(np.arange(len(comments.offsets) - 1), np.diff(comments.offsets))
        kept = length[key] > 0
        pairs = np.unique(video[kept] * len(length) + key[kept])
        return cls(pairs // max(1, len(length)), pairs % max(1, len(length)), length)


_Group = tuple[Kind, tuple[int, ...], str]


def _same_names(dataset: Dataset) -> Iterator[_Group]:
    """Groups of videos with the same id or the same title but for case, form, and punctuation."""
    ids = defaultdict(list)
    for number, bare in enumerate(_folded([video.video_id for video in dataset.videos])):
        ids[bare].append(number)
    titles = defaultdict(list)
    bare_titles = _bare([video.title.casefold() for video in dataset.videos]).to_pylist()
    for number, bare in enumerate(bare_titles):
        if len(bare) >= SHORTEST:
            titles[bare].append(number)
    for videos in ids.values():
        if len(videos) > 1:
            yield "same id", tuple(videos), f"{len(videos)} ids that differ in case or form only"
    for bare, videos in titles.items():
        if len(videos) > 1:
            detail = f"{len(videos)} videos with the same title ({len(bare)} characters)"
            yield "same title", tuple(videos), detail


def _folded(ids: Sequence[str]) -> list[str]:
    """Ids in NFKC and without case."""
    from unicodedata import normalize

    return [normalize("NFKC", name).casefold() for name in ids]


def _same_comments(dataset: Dataset, columns: _Columns) -> Iterator[_Group]:
    """Pairs of videos that share too many of their rare comments to be two videos.

    The time of a comment plays no part, and the share is that of the video with fewer comments: a copy
    that is shifted, or of which only a part was collected, is found all the same.
    """
    from scipy.sparse import csr_matrix, triu

    count = len(dataset.videos)
    videos_of = np.bincount(columns.key, minlength=len(columns.length))
    most = min(RARE, max(3, count // 20))
    kept = (columns.length[columns.key] >= SHORTEST) & (videos_of[columns.key] <= most)
    sizes = np.bincount(columns.video[kept], minlength=count)
    kept &= videos_of[columns.key] > 1
    matrix = csr_matrix(
        (np.ones(np.count_nonzero(kept), np.int32), (columns.video[kept], columns.key[kept])),
        shape=(count, len(columns.length)),
    )
    transposed, rows = matrix.T.tocsr(), 512  # in blocks: a pair of videos costs 12 bytes
    for start in range(0, count, rows):
        common = triu(matrix[start : start + rows] @ transposed, k=start + 1).tocoo()
        first, second = common.row + start, common.col
        smaller = np.minimum(sizes[first], sizes[second])
        alike = (common.data >= MIN_OVERLAP) & (common.data >= MIN_CONTAINMENT * smaller)
        for a, b, overlap in sorted(
            zip(first[alike].tolist(), second[alike].tolist(), common.data[alike], strict=True)
        ):
            detail = f"{overlap:,} rare comments are the same, of {sizes[a]:,} and {sizes[b]:,}"
            yield "same comments", (a, b), detail


# Shared comments


def _shared_comments(
    dataset: Dataset, columns: _Columns, copies: set[int]
) -> tuple[list[Shared], list[Leak]]:
    """Compare each split with each other; `copies` are in the pools, but are not counted themselves."""
    split_of = np.array([SPLITS.index(video.split) for video in dataset.videos], np.int64)
    counted = np.ones(len(dataset.videos), bool)
    counted[list(copies)] = False
    found: dict[tuple[int, int], tuple[Shared, np.ndarray]] = {}
    for pool in range(len(SPLITS)):
        tables = _Pool(columns, split_of == pool).tables()
        baseline = _Shares(*tables, counted & (split_of == pool))
        for split in range(len(SPLITS)):
            shares = _Shares(*tables, counted & (split_of == split))
            if split == pool or len(shares.videos) < 2 or len(baseline.videos) < 2:
                continue
            found[split, pool] = _compare(shares, baseline, SPLITS[split], SPLITS[pool])
    leaks = []
    for split, pool in permutations(range(len(SPLITS)), 2):
        here, there = found.get((split, pool)), found.get((pool, split))
        if here is None or not here[0].clear:
            continue
        if there is not None and there[0].clear and there[0].low > here[0].low:
            continue  # told once, where it is clearer
        ids = tuple(dataset.videos[video].video_id for video in here[1].tolist())
        figures = here[0]
        detail = (
            f"{figures.share:.1%} of the comments of a video of {figures.split} occur in "
            f"{figures.pool}, {figures.excess:.1%} [{figures.low:.1%}, {figures.high:.1%}] more than "
            "popularity explains"
        )
        leaks.append(Leak("shared comments", (SPLITS[split], SPLITS[pool]), ids, detail))
    return [figures for figures, _ in found.values()], leaks


class _Pool:
    """The comments of one split, and how many of each video occur there."""

    def __init__(self, columns: _Columns, members: np.ndarray) -> None:
        self._columns, self._members = columns, members

    def tables(self) -> tuple[np.ndarray, np.ndarray]:
        """Distinct comments of each video by class of length, and how many occur in the pool.

        A video of the pool is compared with all *other* videos of it. Another video is compared with
        as many: with all but one, on average over which is left out (a comment that one video alone
        has counts 1 - 1/videos).

        Returns:
            two float64 [videos, classes of length].
        """
        columns, own = self._columns, self._members[self._columns.video]
        videos_of = np.bincount(columns.key[own], minlength=len(columns.length))[columns.key]
        outside = (videos_of > 0) - (videos_of == 1) / max(1, np.count_nonzero(self._members))
        occurs = np.where(own, videos_of > 1, outside)
        classes, shape = len(LENGTHS) + 1, (len(self._members), len(LENGTHS) + 1)
        cell = columns.video * classes + np.digitize(columns.length, LENGTHS)[columns.key]
        size = shape[0] * classes
        total = np.bincount(cell, minlength=size).reshape(shape)
        return total.astype(np.float64), np.bincount(cell, occurs, minlength=size).reshape(shape)


class _Shares:
    """Those of `counted` videos that have enough comments; comments below SHORTEST are left out.

    Attributes:
        videos: int64 [videos], their numbers.
        total, found: float64 [videos, classes of length]: distinct comments, those in the pool.
    """

    def __init__(self, total: np.ndarray, found: np.ndarray, counted: np.ndarray) -> None:
        self.videos = np.flatnonzero(counted & (total[:, 1:].sum(1) >= MIN_COMMENTS))
        self.total, self.found = total[self.videos, 1:], found[self.videos, 1:]

    def by_length(self) -> np.ndarray:
        """float64 [classes]: the share of all comments of a class; 0 where there are none."""
        return self.found.sum(0) / np.maximum(1, self.total.sum(0))

    def excess(self, expected: np.ndarray) -> np.ndarray:
        """float64 [videos]: the share of a video less that expected of comments of its lengths."""
        return (self.found - self.total * expected).sum(1) / self.total.sum(1)


def _compare(
    shares: _Shares, baseline: _Shares, split: Split, pool: Split
) -> tuple[Shared, np.ndarray]:
    """The figures, and the videos beyond the 99th percentile of those of the pool, most first."""
    from scipy.special import stdtrit

    expected = baseline.by_length()
    here, usual = shares.excess(expected), baseline.excess(expected)
    excess = here.mean() - usual.mean()
    parts = np.array([here.var(ddof=1) / len(here), usual.var(ddof=1) / len(usual)])
    # Welch's interval for the difference of two means over videos.
    freedom = np.array([len(here) - 1, len(usual) - 1])
    squares = float((parts**2 / freedom).sum())
    reach = 0.0
    if squares > 0:
        reach = stdtrit(parts.sum() ** 2 / squares, (1 + CONFIDENCE) / 2) * np.sqrt(parts.sum())
    edges = (*LENGTHS, None)
    names = [f"{a}-{b - 1}" if b else f"{a}+" for a, b in pairwise(edges)]
    by_length = zip(names, shares.by_length().tolist(), expected.tolist(), strict=True)
    figures = Shared(
        split=split,
        pool=pool,
        videos=len(here),
        share=float((shares.found.sum(1) / shares.total.sum(1)).mean()),
        excess=float(excess),
        low=float(excess - reach),
        high=float(excess + reach),
        by_length=tuple(LengthClass(*row) for row in by_length),
    )
    order = np.argsort(-here, kind="stable")
    return figures, shares.videos[order[here[order] > np.quantile(usual, 0.99)]]


# Copies in the context


def _in_context(dataset: Dataset) -> Iterator[InContext]:
    """Count, by split, the moments whose correct comments can be read off the context."""
    protocol = load_protocol("paper")
    comments = VisibleComments(dataset, protocol)
    for split in ("dev", "test"):
        found = Moments(dataset, protocol, comments, dataset.split(split), seed=0)
        moments = with_copy = correct = copies = 0
        for moment in islice(found.in_drawn_order(), protocol.moments.max_samples):
            standing = set(comments.string[list(moment.context)].tolist())
            here = len(standing.intersection(moment.correct))
            moments, with_copy = moments + 1, with_copy + bool(here)
            correct, copies = correct + len(moment.correct), copies + here
        yield InContext(split, moments, with_copy, correct, copies)
