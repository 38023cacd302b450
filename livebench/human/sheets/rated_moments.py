"""Which moments are rated: a seeded sample, stratified by category, over as many videos as there are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import zip_longest

from livebench.draws import draw
from livebench.errors import LiveBenchError
from livebench.records import AnswerRecord


def sample_moments(answers: Sequence[AnswerRecord], count: int, seed: int) -> list[AnswerRecord]:
    """Draw `count` moments of a candidate set.

    Each category gets its share of the set (largest remainders). Within a category the videos take
    turns, in drawn order, so that a video gives a second moment only when each has given one: moments of
    one video are not independent. Of several samples of one moment one is drawn.

    Raises:
        LiveBenchError: the set has fewer moments.
    """
    strata: dict[str, dict[str, dict[str, AnswerRecord]]] = defaultdict(lambda: defaultdict(dict))
    for answer in sorted(answers, key=lambda answer: _place(seed, answer.sample_id)):
        # "VIDEO@SECOND", with a suffix where a moment gives several samples.
        moment = re.split(r"\D", answer.sample_id.removeprefix(f"{answer.video_id}@"), maxsplit=1)[
            0
        ]
        strata[answer.category][answer.video_id].setdefault(moment, answer)
    # zip_longest takes the first moment of each video, then the second of each, and so on.
    in_turn = {
        category: [
            answer
            for turn in zip_longest(*(moments.values() for moments in videos.values()))
            for answer in turn
            if answer is not None
        ]
        for category, videos in sorted(strata.items())
    }
    sizes = {category: len(answers) for category, answers in in_turn.items()}
    total = sum(sizes.values())
    if count > total:
        raise LiveBenchError(
            f"--moments {count}",
            f"the candidate set has {total} moments",
            f"ask for at most {total}",
        )
    shares = allocate(sizes, count)
    chosen = [answer for category in in_turn for answer in in_turn[category][: shares[category]]]
    return sorted(chosen, key=lambda answer: _place(seed, answer.sample_id))


def allocate(sizes: dict[str, int], count: int) -> dict[str, int]:
    """Split `count` over strata in proportion to their sizes, by largest remainders; of equal ones the
    larger stratum first, then by name."""
    total = sum(sizes.values())
    shares = {name: size * count // total for name, size in sizes.items()}
    by_remainder = sorted(
        sizes, key=lambda name: (-(sizes[name] * count % total), -sizes[name], name)
    )
    for name in by_remainder[: count - sum(shares.values())]:
        shares[name] += 1
    return shares


def _place(seed: int, sample_id: str) -> tuple[int, str]:
    return draw(seed, sample_id, "rated moment"), sample_id
