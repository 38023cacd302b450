"""Sources of wrong candidates: one for each type in the protocol."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice

import numpy as np

from livebench.candidates.moments import Moment, VisibleComments
from livebench.candidates.protocol import (
    CategoryRule,
    ElsewhereRule,
    ListRule,
    PlausibleRule,
    PopularRule,
    Protocol,
    RandomRule,
)
from livebench.candidates.retrieval import TfIdfIndex
from livebench.data.dataset import Dataset
from livebench.data.distinct import chosen_blocks
from livebench.data.languages import tokenizer_of
from livebench.draws import draws_from


class CandidateSource(ABC):
    """Numbers of comments that may be wrong candidates of a moment, best first.

    Attributes:
        limit: how many of them become candidates, at most.
    """

    def __init__(self, limit: int, pool: Pool) -> None:
        self.limit, self._pool = limit, pool

    def lacks(self, moment: Moment) -> str | None:
        """Why the moment cannot get enough of them; None if it can."""
        return None

    def prepare(self, moments: Sequence[Moment]) -> None:  # noqa: B027 (optional)
        """Do the work that these moments share; called before their `candidates`."""

    @abstractmethod
    def candidates(self, moment: Moment) -> Iterable[int]:
        """The numbers, best first; infinite if they are drawn."""


class Pool:
    """The comments that wrong candidates come from.

    Attributes:
        dataset, comments, protocol, seed: what the pool is made from.
        videos: numbers of the pool's videos.
        counts: int64 [distinct comments of the dataset], occurrences in these videos.
        ids: numbers of the comments that occur in them, ascending.
        train_counts: int64 [distinct comments of the dataset], occurrences in training.
    """

    def __init__(
        self, dataset: Dataset, comments: VisibleComments, protocol: Protocol, seed: int
    ) -> None:
        self.dataset, self.comments, self.seed = dataset, comments, seed
        split = dataset.split(*protocol.pool.splits)
        self.videos = split.indices
        self.counts = comments.counts(split)
        self.ids = np.flatnonzero(self.counts)
        self.train_counts = comments.counts(dataset.split("train"))
        self.cells = _cells(self.train_counts, comments.characters, protocol.pool.alike)

    def own(self, video: int) -> np.ndarray:
        """Numbers of the comments of a video, ascending."""
        return np.unique(self.comments.string[self.comments.of(video)])


def frequency_bin(counts: np.ndarray) -> np.ndarray:
    """0, 1, 2, 3, then half octaves: floor(2 log2 n), in integer arithmetic."""
    return np.where(counts <= 3, counts, _octaves(counts.astype(object) ** 2)).astype(np.int64)


def length_bin(characters: np.ndarray) -> np.ndarray:
    """1 to 8, then quarter octaves: floor(4 log2 n), in integer arithmetic."""
    octaves = _octaves(characters.astype(object) ** 4)
    return np.where(characters <= 8, characters, octaves).astype(np.int64)


def _octaves(powers: np.ndarray) -> np.ndarray:
    return np.array([int(power).bit_length() - 1 for power in powers], np.int64)


def _cells(counts: np.ndarray, characters: np.ndarray, alike: Sequence[str]) -> np.ndarray:
    """The cell of each comment; equal for comments that count as alike."""
    cells = np.zeros(len(counts), np.int32)  # of two names at most: below 1,000,000
    for name in alike:
        values, bins = (
            (counts, frequency_bin) if name == "train_count" else (characters, length_bin)
        )
        distinct = np.flatnonzero(np.bincount(values, minlength=1))
        of_value = np.zeros(distinct.max(initial=0) + 1, np.int32)
        of_value[distinct] = bins(distinct)
        cells *= 1000
        cells += of_value[values]
    return cells


@lru_cache(256)  # moments come by video: each title is segmented once or twice
def _words_of_title(title: str, language: str) -> str:
    return tokenizer_of(language).words_of(title)


class _PlausibleSource(CandidateSource):
    """`PlausibleRule`."""

    def __init__(self, rule: PlausibleRule, pool: Pool) -> None:
        super().__init__(rule.count, pool)
        self._rule = rule
        self._index = TfIdfIndex(
            chosen_blocks(pool.comments.strings, pool.ids), rule.words, rule.lowercase
        )
        # Loads a dictionary, before processes are forked.
        tokenizer_of(pool.dataset.info.language).words_of("字")

    def _query(self, moment: Moment) -> str:
        title = self._pool.dataset.videos[moment.video].title
        if self._rule.query == "title":
            return _words_of_title(title, self._pool.dataset.info.language)
        if self._rule.query == "unsegmented title":
            return title
        comments = self._pool.comments
        return " ".join(comments.strings[comments.string[row]] for row in moment.context)

    def prepare(self, moments: Sequence[Moment]) -> None:
        queries = {moment.sample_id: self._query(moment) for moment in moments}
        distinct = sorted(set(queries.values()))
        nearest = dict(zip(distinct, self._index.nearest(distinct, self._rule.pool), strict=True))
        self._nearest = {name: self._pool.ids[nearest[query]] for name, query in queries.items()}

    def candidates(self, moment: Moment) -> list[int]:
        numbers: list[int] = self._nearest[moment.sample_id].tolist()
        return numbers


class _PopularSource(CandidateSource):
    """`PopularRule`."""

    def __init__(self, rule: PopularRule, pool: Pool) -> None:
        super().__init__(rule.count, pool)
        counts = pool.counts[pool.ids]
        # Numbers are in the order of strings: a stable sort keeps ties in that order.
        order = np.argsort(-counts, kind="stable")
        ranked = pool.ids[order][counts[order] >= rule.min_count]
        ranked = ranked if rule.replace else ranked[: rule.count]
        self._ranked: list[int] = ranked.tolist()

    def candidates(self, moment: Moment) -> list[int]:
        return self._ranked


class _RandomSource(CandidateSource):
    """`RandomRule` over distinct comments."""

    def candidates(self, moment: Moment) -> Iterable[int]:
        return draws_from(self._pool.ids, self._pool.seed, moment.sample_id, "random")


class OtherVideosSource(CandidateSource):
    """`RandomRule` over occurrences, and `CategoryRule`: comments of other videos of a group (all, or a
    category), in the cell of the correct one, that do not occur in the moment's own video.

    Args:
        earlier: the number of candidates of the same cell that earlier sources take.
    """

    def __init__(
        self, rule: RandomRule | CategoryRule, pool: Pool, earlier: int, candidate_type: str
    ) -> None:
        super().__init__(rule.count, pool)
        self._needed, self._type = rule.count + earlier, candidate_type
        by_category = isinstance(rule, CategoryRule)
        names = [video.category if by_category else "" for video in pool.dataset.videos]
        self._groups = np.unique(names, return_inverse=True)[1]
        comments = pool.comments
        strings = [comments.string[comments.of(video)] for video in pool.videos]
        string = np.concatenate(strings)
        group = np.repeat(self._groups[pool.videos], [len(part) for part in strings])
        order = np.lexsort((string, pool.cells[string], group))
        self._string = string[order]
        pairs = np.stack([group[order], pool.cells[self._string]], axis=1)
        pairs, starts = np.unique(pairs, axis=0, return_index=True)
        stops = [*starts[1:].tolist(), len(order)]
        self._slices = {
            (group, cell): slice(start, stop)
            for (group, cell), start, stop in zip(
                pairs.tolist(), starts.tolist(), stops, strict=True
            )
        }
        self._distinct = {
            pair: len(np.unique(self._string[part])) for pair, part in self._slices.items()
        }

    def pair(self, moment: Moment) -> tuple[int, int]:
        """The group of the moment's video, and the cell of its correct comment."""
        return int(self._groups[moment.video]), int(self._pool.cells[moment.correct[0]])

    def lacks(self, moment: Moment) -> str | None:
        pair = self.pair(moment)
        own = self._pool.own(moment.video)
        eligible = self._distinct.get(pair, 0) - np.count_nonzero(self._pool.cells[own] == pair[1])
        return None if eligible >= self._needed else f"too few alike: {self._type}"

    def alike(self, pair: tuple[int, int]) -> np.ndarray:
        """The occurrences, in a group, of the comments of a cell, ascending."""
        return self._string[self._slices[pair]]

    def candidates(self, moment: Moment) -> Iterable[int]:
        own = set(self._pool.own(moment.video).tolist())
        items = self.alike(self.pair(moment))
        drawn = draws_from(items, self._pool.seed, moment.sample_id, self._type)
        return (number for number in drawn if number not in own)


class ElsewhereSource(CandidateSource):
    """`ElsewhereRule`."""

    def __init__(self, rule: ElsewhereRule, pool: Pool) -> None:
        super().__init__(rule.count, pool)
        self._rule = rule
        self._counts: dict[int, dict[int, int]] = {}

    def eligible(self, moment: Moment) -> np.ndarray:
        """The occurrences, in the video, of comments that may be candidates."""
        comments, correct = self._pool.comments, moment.correct[0]
        strings = comments.string[comments.of(moment.video)]
        times = comments.time_ms[comments.of(moment.video)]
        reach = self._rule.distance
        window = ((moment.second - reach) * 1000, (moment.second + reach + 1) * 1000)
        near = strings[slice(*np.searchsorted(times, window))]
        alike = self._pool.cells[strings] == self._pool.cells[correct]
        return np.sort(strings[alike & ~np.isin(strings, near)])

    def lacks(self, moment: Moment) -> str | None:
        # Most moments that lack candidates lack them in the whole video, which is counted once.
        if self._alike(moment.video).get(int(self._pool.cells[moment.correct[0]]), 0) >= self.limit:
            distinct = len(np.unique(self.eligible(moment)))
            if distinct >= self.limit:
                return None
        return "too few alike: elsewhere"

    def _alike(self, video: int) -> dict[int, int]:
        """The number of distinct comments of a video in each cell."""
        if video not in self._counts:
            cells = self._pool.cells[self._pool.own(video)]
            found, counts = np.unique(cells, return_counts=True)
            self._counts[video] = dict(zip(found.tolist(), counts.tolist(), strict=True))
        return self._counts[video]

    def candidates(self, moment: Moment) -> Iterable[int]:
        items = self.eligible(moment)
        return draws_from(items, self._pool.seed, moment.sample_id, "elsewhere")


def make_sources(protocol: Protocol, pool: Pool) -> dict[str, CandidateSource]:
    """The sources of a protocol by type, in its order."""
    sources: dict[str, CandidateSource] = {}
    from_others = 0
    for rule in protocol.wrong:
        match rule:
            case PlausibleRule():
                sources["plausible"] = _PlausibleSource(rule, pool)
            case PopularRule():
                sources["popular"] = _PopularSource(rule, pool)
            case RandomRule(draw="distinct"):
                sources["random"] = _RandomSource(rule.count, pool)
            case RandomRule() | CategoryRule():
                candidate_type = "random" if isinstance(rule, RandomRule) else "category"
                sources[candidate_type] = OtherVideosSource(rule, pool, from_others, candidate_type)
                from_others += rule.count
            case ElsewhereRule():
                sources["elsewhere"] = ElsewhereSource(rule, pool)
            case ListRule():
                pass  # all of them at once, not moment by moment: `SharedLists`
    return sources


def fill_candidates(
    types: dict[int, str],
    sources: dict[str, CandidateSource],
    moment: Moment,
    excluded: frozenset[int],
    full: int,
) -> None:
    """Fill `types` (comment number: type) up to `full` entries, source by source."""
    for candidate_type, source in sources.items():
        usable = (n for n in source.candidates(moment) if n not in types and n not in excluded)
        for number in islice(usable, min(source.limit, full - len(types))):
            types[number] = candidate_type
