"""Probes that remember: what do the other samples of a set tell, by order, time, title or recurrence?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from livebench.records import SampleRecord

_Key = tuple[str, str, int, str]
"""What is counted: "context" or "candidate", a title or "", a second or -1, and the comment."""


def _traces(sample: SampleRecord, title: str) -> Counter[_Key]:
    """What a scorer that remembers keeps of a sample."""
    traces: Counter[_Key] = Counter()
    for comment in sample.context:
        second = int(comment.time // 1)
        for place in ("", title):
            traces["context", place, -1, comment.tokens] += 1
            traces["context", place, second, comment.tokens] += 1
    for tokens in sample.candidate_tokens:
        for place in ("", title):
            traces["candidate", place, -1, tokens] += 1
    return traces


_Remembered = Callable[[Mapping[_Key, int], str, int, str], int]

PROBES: dict[str, _Remembered] = {
    "stands in another's context": lambda seen, title, second, tokens: seen.get(
        ("context", "", -1, tokens), 0
    ),
    "stands in another's context at its second": lambda seen, title, second, tokens: seen.get(
        ("context", "", second, tokens), 0
    ),
    "stands in another's context at its second, same title": lambda seen, title, second, tokens: (
        seen.get(("context", title, second, tokens), 0)
    ),
    "recurs under its title": lambda seen, title, second, tokens: (
        seen.get(("context", title, -1, tokens), 0) + seen.get(("candidate", title, -1, tokens), 0)
    ),
    "another's candidate": lambda seen, title, second, tokens: seen.get(
        ("candidate", "", -1, tokens), 0
    ),
    "another's candidate, same title": lambda seen, title, second, tokens: seen.get(
        ("candidate", title, -1, tokens), 0
    ),
}
"""How often each probe finds a candidate (`tokens`) in what was `seen` of other samples."""


def memory_probes(
    samples: Sequence[SampleRecord], titles: Sequence[str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield name and scores, float64 [samples, 100], of each probe: with all other samples
    available, and "in order", with those before it in the file alone.

    Args:
        titles: [samples], of their videos; equal for samples that a scorer may think of one video.
    """
    traces = [_traces(sample, title) for sample, title in zip(samples, titles, strict=True)]
    total: Counter[_Key] = Counter()
    for own in traces:
        total.update(own)
    scores = np.empty((2, len(PROBES), len(samples), len(samples[0].candidates)))
    before: Counter[_Key] = Counter()
    for row, (sample, title, own) in enumerate(zip(samples, titles, traces, strict=True)):
        for number, probe in enumerate(PROBES.values()):
            for place, tokens in enumerate(sample.candidate_tokens):
                found = [probe(seen, title, sample.time, tokens) for seen in (total, own, before)]
                scores[:, number, row, place] = found[0] - found[1], found[2]
        before.update(own)
    for suffix, of_all in zip(("", ", in order"), scores, strict=True):
        for name, of_one in zip(PROBES, of_all, strict=True):
            yield f"{name}{suffix}", of_one
