"""Lists of 100 candidates that samples share, so that no sample tells of another.

Whoever scores a sample may remember all others: their candidates, and the comments around them. Here
that is of no use to find a correct comment. Samples of a video whose correct ones are alike share one
list: each correct one is a wrong one for the others. No comment is in two lists, and none stands in the
context of any sample. So all 100 candidates of a sample occur in the same other samples, and nowhere
else.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from livebench.candidates.apart import CONFLICT
from livebench.candidates.moments import Moment
from livebench.candidates.sources import CandidateSource, ElsewhereSource, OtherVideosSource, Pool
from livebench.draws import draw

_TAKEN = "too few alike that no other sample has"


class _List(NamedTuple):
    """A list of a video.

    Attributes:
        moments: those that share it.
        eligible: comments of the video that are wrong for all of them.
        owned: those of them that are in the list and correct for none.
    """

    moments: tuple[Moment, ...]
    eligible: frozenset[int]
    owned: tuple[int, ...]


@dataclass
class _Video:
    """The lists of a video, and the comments that none has, in the order of the draw, by cell.

    `closed`: comments that stand in the context of its moments, or are correct.
    """

    lists: dict[int, list[_List]] = field(default_factory=dict)
    free: dict[int, list[int]] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)


class SharedLists:
    """Assigns moments to lists.

    Args:
        sources: those of the protocol, by type.
        tested: numbers of the videos that moments come from.

    Attributes:
        left_out: moments that no list can take, by reason.
    """

    def __init__(
        self, pool: Pool, sources: Mapping[str, CandidateSource], tested: Iterable[int]
    ) -> None:
        self._pool = pool
        self._elsewhere = next(s for s in sources.values() if isinstance(s, ElsewhereSource))
        self._others = {n: s for n, s in sources.items() if isinstance(s, OtherVideosSource)}
        videos = Counter(number for video in tested for number in pool.own(video).tolist())
        self._of_several = {number for number, count in videos.items() if count > 1}
        self._videos: dict[int, _Video] = defaultdict(_Video)
        self._context: set[int] = set()
        self._correct: set[int] = set()
        self._keys: dict[int, int] = {}
        self.left_out: Counter[str] = Counter()

    def _key(self, number: int) -> int:
        """Orders comments as drawn by occurrence, without replacement: the first of its occurrences."""
        if number not in self._keys:
            string, count = self._pool.comments.strings[number], int(self._pool.counts[number])
            draws = (draw(self._pool.seed, "list", f"{string} {k}") for k in range(count))
            self._keys[number] = min(draws)
        return self._keys[number]

    def add(self, drawn: Iterable[Moment]) -> None:
        """Add a moment to a list, unless it contradicts those before it.

        Args:
            drawn: the moment with each comment that might be correct; the first that fits is.
        """
        string, reasons = self._pool.comments.string, []
        for moment in drawn:
            context = {int(string[row]) for row in moment.context}
            correct = moment.correct[0]
            if correct in self._context or correct in self._correct or context & self._correct:
                reasons.append(CONFLICT)
                continue
            if self._placed(moment, context):
                self._context |= context
                self._correct.add(correct)
                return
            reasons.append(f"{_TAKEN}: elsewhere")
        self.left_out[reasons[0]] += 1

    def _placed(self, moment: Moment, context: set[int]) -> bool:
        """Put a moment into the first list of its video that can take it, or a new one."""
        video, correct = self._videos[moment.video], moment.correct[0]
        cell = int(self._pool.cells[correct])
        if cell not in video.lists:
            own = self._pool.own(moment.video)
            alike = set(own[self._pool.cells[own] == cell].tolist())
            video.lists[cell] = []
            video.free[cell] = sorted(alike - video.closed - self._of_several, key=self._key)
        closed = context | {correct}
        lists, free = dict(video.lists), dict(video.free)
        for name, before in video.lists.items():
            free[name] = [number for number in free[name] if number not in closed]
            lists[name] = list(before)
            for place, one in enumerate(before):
                if not closed.isdisjoint(one.owned):
                    filled = self._filled(one, free[name], closed)
                    if filled is None:
                        return False
                    lists[name][place], free[name] = filled
        eligible = frozenset(self._elsewhere.eligible(moment).tolist())
        for place, one in enumerate([*lists[cell], _List((), eligible, ())]):
            if len(one.moments) <= self._elsewhere.limit and all(
                correct in one.eligible and other.correct[0] in eligible for other in one.moments
            ):
                joined = _List((*one.moments, moment), one.eligible & eligible, one.owned)
                filled = self._filled(joined, free[cell], closed)
                if filled is not None:
                    lists[cell][place : place + 1], free[cell] = [filled[0]], filled[1]
                    video.lists, video.free = lists, free
                    video.closed |= closed
                    return True
        return False

    def _filled(
        self, one: _List, free: list[int], closed: set[int]
    ) -> tuple[_List, list[int]] | None:
        """A list with the comments it needs, and those that are free then; None if too few are."""
        wanted = 1 + self._elsewhere.limit - len(one.moments)
        kept = [n for n in one.owned if n in one.eligible and n not in closed][:wanted]
        fresh = list(islice((n for n in free if n in one.eligible), wanted - len(kept)))
        if len(kept) + len(fresh) < wanted:
            return None
        owned = (*kept, *fresh)
        released = set(one.owned).difference(owned, closed)
        if released or fresh:
            free = sorted(released.union(free).difference(fresh), key=self._key)
        return one._replace(owned=owned), free

    def candidates(self) -> dict[str, dict[int, str]]:
        """The candidates of each sample (comment numbers) with their types, by sample_id.

        The lists with most samples come first: if comments run out, few samples are lost.
        """
        lists = [
            one for video in self._videos.values() for cell in video.lists.values() for one in cell
        ]
        lists.sort(key=lambda one: (-len(one.moments), self._key(one.moments[0].correct[0])))
        taken = self._context | self._correct | {n for one in lists for n in one.owned}
        ordered: dict[tuple[str, int, int], list[int]] = {}
        found: dict[str, dict[int, str]] = {}
        for moments, _, owned in lists:
            types: dict[int, str] = {}
            own = frozenset(self._pool.own(moments[0].video).tolist())
            for name, source in self._others.items():
                pair = source.pair(moments[0])
                if (name, *pair) not in ordered:
                    ordered[name, *pair] = sorted(set(source.alike(pair).tolist()), key=self._key)
                fresh = [n for n in ordered[name, *pair] if n not in taken]
                ordered[name, *pair] = fresh
                usable = [n for n in fresh if n not in own and n not in types]
                if len(usable) < source.limit:
                    self.left_out[f"{_TAKEN}: {name}"] += len(moments)
                    break
                types.update(dict.fromkeys(usable[: source.limit], name))
            else:
                taken |= types.keys()
                home = [*owned, *(moment.correct[0] for moment in moments)]
                for moment in moments:
                    one = {n: "elsewhere" for n in home if n != moment.correct[0]}
                    found[moment.sample_id] = {moment.correct[0]: "correct", **one, **types}
        return found
