"""The probes of a candidate set: scores that need no understanding of the moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import log
from typing import Literal, NamedTuple

import numpy as np

from livebench.audit.learned_probes import (
    boosted_trees,
    held_out_scores,
    linear_on_characters,
    surface,
)
from livebench.audit.memory_probes import memory_probes
from livebench.candidates.candidate_set import CandidateSet
from livebench.data.context import Past
from livebench.data.dataset import Dataset, DatasetSplit
from livebench.probes.similarity import ContextSimilarity, TitleSimilarity
from livebench.probes.surface import Unigram
from livebench.records import AnswerRecord, SampleRecord
from livebench.scoring.scorer import Comment, LogLikelihood, Scorer, VideoContext

Family = Literal["shortcut", "memory", "content", "test text"]
"""`shortcut`: beating chance this way is a shortcut. `memory`: so is this, by what other samples show.
`content`: what a model is meant to use. `test text`: the probe reads other test comments, which no
submission is given; reported, not gated."""


class Probe(NamedTuple):
    """Scores of a probe: float64 [samples, 100], higher is better."""

    name: str
    family: Family
    scores: np.ndarray


class Characters(Scorer):
    """Log-likelihood under a character bigram model, the end of the comment included.

    p(b | a) = (n(ab) + p(b)) / (n(a) + 1), where p is the smoothed frequency of characters.
    """

    END = "\n"

    def fit(self, training: DatasetSplit) -> None:
        self._single: Counter[str] = Counter()
        self._pair: Counter[str] = Counter()
        for string, count in zip(training.strings, training.counts.tolist(), strict=True):
            text = f"{string.replace(' ', '')}{self.END}"
            for before, mark in zip(self.END + text, text, strict=False):
                self._single[mark] += count
                self._pair[before + mark] += count
        self._total = sum(self._single.values()) + len(self._single) + 1

    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> float:
        text = f"{candidate.tokens.replace(' ', '')}{self.END}"
        total = 0.0
        for before, mark in zip(self.END + text, text, strict=False):
            prior = (self._single[mark] + 1) / self._total
            total += log((self._pair[before + mark] + prior) / (self._single[before] + 1))
        return total


def all_probes(
    candidate_set: CandidateSet, dataset: Dataset, answers: Sequence[AnswerRecord]
) -> Iterator[Probe]:
    """Yield every probe, in both directions unless it is learned."""
    samples = list(candidate_set.samples())
    train_counts = np.array([answer.train_counts for answer in answers], float)
    words = np.array([answer.lengths for answer in answers], float)
    tokens = [string for sample in samples for string in sample.candidate_tokens]
    characters = np.reshape([len(t) - t.count(" ") for t in tokens], words.shape).astype(float)
    training = dataset.split("train")
    position = np.tile(np.arange(words.shape[1], dtype=float), (len(words), 1))
    unigram = _scores(Unigram(), training, samples, dataset)
    bigram = _scores(Characters(), training, samples, dataset)
    pairs: list[tuple[str, Family, np.ndarray]] = [
        ("in training", "shortcut", np.minimum(train_counts, 1)),
        ("training frequency", "shortcut", train_counts),
        ("length in words", "shortcut", words),
        ("length in characters", "shortcut", characters),
        ("likelihood by words", "shortcut", unigram),
        ("likelihood by words, per word", "shortcut", unigram / (words + 1)),
        ("likelihood by characters", "shortcut", bigram),
        ("likelihood by characters, per character", "shortcut", bigram / (characters + 1)),
        ("unknown words", "shortcut", _unknown_words(training, samples)),
        ("stored late", "shortcut", position),
        ("similar to title", "content", _scores(TitleSimilarity(), training, samples, dataset)),
        ("similar to context", "content", _scores(ContextSimilarity(), training, samples, dataset)),
        ("stands in context", "content", _copies(samples)),
    ]
    titles = {video.video_id: video.title or video.video_id for video in dataset.videos}
    for name, scores in memory_probes(samples, [titles[sample.video_id] for sample in samples]):
        pairs.append((name, "memory", scores))
    past = isinstance(candidate_set.manifest.protocol.context, Past)
    for name, scores in _test_text(samples, dataset, past=past).items():
        pairs.append((name, "test text", scores))
    for name, family, scores in pairs:
        yield Probe(name, family, scores)
        # Preferring what does not resemble the moment takes no understanding.
        yield Probe(f"not: {name}", "shortcut" if family == "content" else family, -scores)
    correct = np.array([answer.types for answer in answers]) == "correct"
    counts = np.log1p(train_counts).reshape(-1, 1)
    features = np.hstack([np.array([surface(string) for string in tokens]), counts])
    ids = np.unique(tokens, return_inverse=True)[1].reshape(correct.shape)
    groups = _groups(ids, [answer.video_id for answer in answers])
    trees = held_out_scores(boosted_trees(features), correct, groups, ids)
    yield Probe("learned: boosted trees on surface features", "shortcut", trees)
    linear = held_out_scores(linear_on_characters(tokens), correct, groups, ids)
    yield Probe("learned: linear on characters", "shortcut", linear)


def _groups(ids: np.ndarray, videos: Sequence[str]) -> Sequence[str]:
    """The group of each sample, on which no probe that scores it is fitted: those of its video, or
    where samples of several videos share a list of candidates, those of its list."""
    lists = [",".join(map(str, row)) for row in np.sort(ids, axis=1).tolist()]
    shared = len(set(zip(lists, videos, strict=True))) > len(set(lists))
    return lists if shared else videos


def _scores(
    scorer: Scorer, training: DatasetSplit, samples: Sequence[SampleRecord], dataset: Dataset
) -> np.ndarray:
    """Scores of a scorer that is shown titles and comments, whatever the settings of the set."""
    scorer.fit(training)
    titles = {video.video_id: video.title for video in dataset.videos}
    rows, none = [], np.empty((0, 0), np.float32)
    for sample in samples:
        video = VideoContext(sample.time, none, np.empty(0, np.int64), titles[sample.video_id], "")
        around = [Comment(comment.text, comment.tokens) for comment in sample.context]
        candidates = [Comment(tokens, tokens) for tokens in sample.candidate_tokens]
        scores = scorer.score_candidates(video, around, candidates)
        rows.append([s.total if isinstance(s, LogLikelihood) else s for s in scores])
    return np.round(np.array(rows, float), 9)


def _unknown_words(training: DatasetSplit, samples: Sequence[SampleRecord]) -> np.ndarray:
    """How many words of a candidate no training comment has: models score them as one unknown word."""
    known = {word for string in training.strings for word in string.split(" ")}
    return np.array(
        [
            [
                sum(word not in known for word in tokens.split(" "))
                for tokens in sample.candidate_tokens
            ]
            for sample in samples
        ],
        float,
    )


def _copies(samples: Sequence[SampleRecord]) -> np.ndarray:
    """1 where a candidate occurs verbatim in the context."""
    rows = []
    for sample in samples:
        around = {comment.tokens for comment in sample.context}
        rows.append([float(tokens in around) for tokens in sample.candidate_tokens])
    return np.array(rows)


def _test_text(
    samples: Sequence[SampleRecord], dataset: Dataset, *, past: bool
) -> dict[str, np.ndarray]:
    """How often a candidate occurs in the held-out videos, with and without the sample's own; and 1
    where it occurs in the same video outside the second of the moment, or if `past`, before it: where
    samples show the past alone, no probe looks for a comment of the video after the moment."""
    comments, videos = dataset.comments, dataset.videos
    number = {string: index for index, string in enumerate(comments.strings)}
    place = {video.video_id: index for index, video in enumerate(videos)}
    held_out = np.array([video.split != "train" for video in videos])
    total = np.bincount(comments.string[held_out[comments.video]], minlength=len(number))
    ids = np.array([[number[tokens] for tokens in sample.candidate_tokens] for sample in samples])
    in_video, elsewhere = np.zeros(ids.shape), np.zeros(ids.shape)
    for row, sample in enumerate(samples):
        rows = comments.of(place[sample.video_id])
        if held_out[place[sample.video_id]]:
            strings = comments.string[rows]
            seconds = comments.time_ms[rows] // 1000
            there = strings[seconds < sample.time if past else seconds != sample.time]
            in_video[row] = np.bincount(strings, minlength=len(number))[ids[row]]
            elsewhere[row] = np.isin(ids[row], there)
    found = {
        "frequency in held-out videos": total[ids].astype(float),
        "frequency in other held-out videos": total[ids] - in_video,
        "occurs elsewhere in the video": elsewhere,
    }
    if past:
        found["occurs earlier in the video"] = found.pop("occurs elsewhere in the video")
        del found["frequency in held-out videos"]  # counts those of the video that come later, too
    return found
