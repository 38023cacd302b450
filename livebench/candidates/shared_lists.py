"""Lists of 100 moments, of which each has the correct comments of all as its candidates.

Each of the 100 comments is correct in exactly one of the list's 100 samples. So whoever does not look at
the moment ranks the list alike in all 100, and is at chance: not on average, but exactly
(docs/protocols.md). And no comment is in two lists, or in the context of any sample: all candidates of a
sample occur in the same other samples, and nowhere else.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from livebench.candidates.apart import CONFLICT
from livebench.candidates.moments import Moment, Second
from livebench.candidates.protocol import ListRule
from livebench.candidates.sources import Pool
from livebench.draws import draw
from livebench.records import CANDIDATES

BEYOND = "beyond the maximum"
_ALONE = "too few moments alike to fill a list, correct one in training"


class _Choice(NamedTuple):
    """A moment (its place among all) with the comment that is correct if it is chosen."""

    place: int
    correct: int


@dataclass
class _List:
    """A list that is being filled, and what must not come into it.

    Attributes:
        choices: its moments.
        correct, context: comments that are correct for these, or stand in their contexts.
        videos: its videos.
        categories: how many moments it has of each category.
    """

    choices: list[_Choice] = field(default_factory=list)
    correct: set[int] = field(default_factory=set)
    context: set[int] = field(default_factory=set)
    videos: list[int] = field(default_factory=list)
    categories: Counter[str] = field(default_factory=Counter)


class UsableMoments:
    """Moments, in the order of their hash, in some bytes each: there may be millions.

    Attributes:
        videos, seconds: of each.
    """

    def __init__(self) -> None:
        self.videos, self.seconds = array("i"), array("i")
        self._drawn, self._drawn_ends = array("i"), array("q", [0])
        self._around, self._around_ends = array("i"), array("q", [0])

    def __len__(self) -> int:
        return len(self.videos)

    def add(self, moment: Moment, around: Iterable[int]) -> None:
        """Keep a moment; `around`: the comments of its context."""
        self.videos.append(moment.video)
        self.seconds.append(moment.second)
        self._drawn.extend((*moment.correct, *moment.spare))
        self._drawn_ends.append(len(self._drawn))
        self._around.extend(around)
        self._around_ends.append(len(self._around))

    def drawn(self, place: int) -> list[int]:
        """The comments of a moment that may be correct, in the order of the draw."""
        return self._drawn[self._drawn_ends[place] : self._drawn_ends[place + 1]].tolist()

    def around(self, place: int) -> list[int]:
        """The comments of its context."""
        return self._around[self._around_ends[place] : self._around_ends[place + 1]].tolist()

    def all_drawn(self) -> tuple[np.ndarray, np.ndarray]:
        """int32 [choices]: the comments that may be correct, of all moments, and their moments."""
        sizes = np.diff(np.array(self._drawn_ends))
        return np.array(self._drawn), np.repeat(np.arange(len(self), dtype=np.int32), sizes)


class SharedLists:
    """Puts moments into lists.

    Args:
        moments: usable ones.

    Attributes:
        left_out: moments that are in no list, by reason, once lists are filled.
    """

    def __init__(self, pool: Pool, rule: ListRule, moments: UsableMoments) -> None:
        self._pool, self._rule, self._moments = pool, rule, moments
        correct, place = moments.all_drawn()
        video, cell = np.array(moments.videos)[place], pool.cells[correct]
        order = np.lexsort((video, cell))
        self._correct_of, self._place_of = correct[order], place[order]
        self._video_of, cell = video[order], cell[order]
        cells, starts = np.unique(cell, return_index=True)
        stops = [*starts[1:].tolist(), len(cell)]
        self._cells = {
            number: slice(start, stop)
            for number, start, stop in zip(cells.tolist(), starts.tolist(), stops, strict=True)
        }
        self._own: dict[int, frozenset[int]] = {}
        self._used: set[int] = set()
        self._correct: set[int] = set()
        self._context: set[int] = set()
        self.left_out: Counter[str] = Counter()

    def _drawn(self, place: int) -> Iterator[_Choice]:
        """A moment with each of its comments that may be correct, in the order of the draw."""
        return (_Choice(place, number) for number in self._moments.drawn(place))

    def _alike(self, cell: int) -> dict[int, range]:
        """The choices of a cell, by video, of videos with enough of them."""
        rows = self._cells[cell]
        videos, starts = np.unique(self._video_of[rows], return_index=True)
        stops = [*starts[1:].tolist(), rows.stop - rows.start]
        return {
            video: range(rows.start + start, rows.start + stop)
            for video, start, stop in zip(videos.tolist(), starts.tolist(), stops, strict=True)
            if stop - start >= self._rule.least
        }

    def _choices(self, rows: range) -> list[_Choice]:
        some = slice(rows.start, rows.stop)
        places, correct = self._place_of[some].tolist(), self._correct_of[some].tolist()
        return [_Choice(*both) for both in zip(places, correct, strict=True)]

    def chosen(self) -> list[Second]:
        """The moments that are in lists."""
        return [
            Second(
                self._sample_id(place), self._moments.videos[place], self._moments.seconds[place]
            )
            for place in sorted(self._used)
        ]

    def _sample_id(self, place: int) -> str:
        video = self._pool.dataset.videos[self._moments.videos[place]]
        return f"{video.video_id}@{self._moments.seconds[place]}"

    def fill(self, count: int) -> Iterator[dict[str, dict[int, str]]]:
        """Yield at most `count` lists: the candidates of each sample with their types, by sample_id.

        Each list is in the cell of the first moment, in the order of the hash, that is in none and
        whose cell can still fill one: a cell that comments are often in has many lists.
        """
        exhausted: set[int] = set()
        lists = 0
        for place in range(len(self._moments)):
            for choice in self._drawn(place):
                cell = int(self._pool.cells[choice.correct])
                if lists == count or place in self._used:
                    break
                if cell in exhausted:
                    continue
                filled = self._filled(cell, lists)
                if filled is None:
                    exhausted.add(cell)
                    continue
                self._used.update(choice.place for choice in filled.choices)
                self._correct |= filled.correct
                self._context |= filled.context
                lists += 1
                yield self._candidates(filled.choices)
        self._account(beyond=lists == count)

    def _account(self, *, beyond: bool) -> None:
        """Say why moments are in no list."""
        for place in range(len(self._moments)):
            if place in self._used:
                continue
            if not any(self._is_free(choice) for choice in self._drawn(place)):
                self.left_out[CONFLICT] += 1
            elif beyond:
                self.left_out[BEYOND] += 1
            else:
                count = int(self._pool.train_counts[self._moments.drawn(place)[0]])
                self.left_out[f"{_ALONE}: {count if count <= 3 else 'more than 3'}"] += 1

    def _is_free(self, choice: _Choice) -> bool:
        """Whether it contradicts no list that is filled."""
        return (
            choice.place not in self._used
            and choice.correct not in self._correct
            and choice.correct not in self._context
            and self._correct.isdisjoint(self._moments.around(choice.place))
        )

    def _filled(self, cell: int, number: int) -> _List | None:
        """A list of a cell; None if there are too few moments.

        Video by video in the order of a draw, those of a category together: first with at most so many
        of a category as the rule says, then, if that does not fill it, with more.
        """
        one, videos, seed = _List(), self._pool.dataset.videos, self._pool.seed

        def order(video: int) -> tuple[int, int]:
            category, name = videos[video].category, videos[video].video_id
            return draw(seed, f"list {number}", category), draw(seed, f"list {number}", name)

        alike = self._alike(cell)
        ordered = sorted(alike, key=order)
        for most in (self._rule.of_category, CANDIDATES):
            for video in ordered:
                room = CANDIDATES - len(one.choices)
                limit = min(self._rule.most, room, most - one.categories[videos[video].category])
                if video not in one.videos and limit >= self._rule.least:
                    self._add(
                        one,
                        video,
                        self._bundle(one, video, self._choices(alike[video]), limit),
                        room,
                    )
                if len(one.choices) == CANDIDATES:
                    return one
        return None

    def _add(self, one: _List, video: int, bundle: list[_Choice], room: int) -> None:
        """Add moments of a video to a list, unless they are too few; leave room for another video."""
        left = room - len(bundle)
        if 0 < left < self._rule.least:
            bundle = bundle[: room - self._rule.least]
        if len(bundle) < self._rule.least:
            return
        one.choices += bundle
        one.videos.append(video)
        one.categories[self._pool.dataset.videos[video].category] += len(bundle)
        one.correct.update(choice.correct for choice in bundle)
        one.context.update(*(self._moments.around(choice.place) for choice in bundle))

    def _bundle(
        self, one: _List, video: int, choices: Sequence[_Choice], limit: int
    ) -> list[_Choice]:
        """Moments of a video that go with a list, and with each other, by hash; if these are fewer than
        wanted, from the first to the last, which gives the most, if it gives more."""
        if not self._own_comments(video).isdisjoint(one.correct):
            return []
        others = [self._own_comments(other) for other in one.videos]
        free = [
            choice
            for choice in choices
            if self._is_free(choice)
            and choice.correct not in one.context
            and one.correct.isdisjoint(self._moments.around(choice.place))
            and not any(choice.correct in comments for comments in others)
        ]
        by_time = sorted(free, key=lambda choice: self._moments.seconds[choice.place])
        best: list[_Choice] = []
        for some in (free, by_time):
            found: list[_Choice] = []
            for choice in some:
                if len(found) < limit and all(self._go_together(choice, other) for other in found):
                    found.append(choice)
            if len(found) > len(best):
                best = found
            if len(best) == limit:
                break
        return best

    def _go_together(self, one: _Choice, other: _Choice) -> bool:
        """Whether two moments of a video may be in a list: what is correct for one does not occur within
        the rule's distance of the other, nor in its context."""
        seconds = [self._moments.seconds[choice.place] for choice in (one, other)]
        return abs(seconds[0] - seconds[1]) > self._rule.distance and not (
            other.correct in self._moments.around(one.place)
            or one.correct in self._moments.around(other.place)
            or self._is_near(one.place, other.correct)
            or self._is_near(other.place, one.correct)
        )

    def _is_near(self, place: int, correct: int) -> bool:
        """Whether what is correct for a moment farther away occurs within the rule's distance, too."""
        if self._pool.counts[correct] == 1:
            return False
        second, reach = self._moments.seconds[place], self._rule.distance
        comments = self._pool.comments
        rows = comments.of(self._moments.videos[place])
        window = ((second - reach) * 1000, (second + reach + 1) * 1000)
        start, stop = np.searchsorted(comments.time_ms[rows], window)
        return correct in comments.string[rows][start:stop]

    def _own_comments(self, video: int) -> frozenset[int]:
        if video not in self._own:
            self._own[video] = frozenset(self._pool.own(video).tolist())
        return self._own[video]

    def _candidates(self, choices: Sequence[_Choice]) -> dict[str, dict[int, str]]:
        found = {}
        for choice in choices:
            video = self._moments.videos[choice.place]
            types = {other.correct: self._type(other, video) for other in choices}
            found[self._sample_id(choice.place)] = {**types, choice.correct: "correct"}
        return found

    def _type(self, choice: _Choice, video: int) -> str:
        """The type of a comment as a wrong candidate of a moment of a video: where it comes from."""
        other, videos = self._moments.videos[choice.place], self._pool.dataset.videos
        if other == video:
            return "elsewhere"
        return "category" if videos[other].category == videos[video].category else "random"
