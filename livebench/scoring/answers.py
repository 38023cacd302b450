"""The answers of a candidate set, in columns."""

from __future__ import annotations

import numpy as np

from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.manifest import ANSWERS, MANIFEST
from livebench.errors import LiveBenchError
from livebench.records import AnswerRecord


class Answers:
    """The answers of a set, in columns.

    Attributes:
        sample_ids, videos: [samples].
        categories: [samples], of the video; empty where it is unknown.
        n_context: int64 [samples], the number of surrounding comments.
        types: str [samples, 100].
        train_counts: int64 [samples, 100], occurrences in the training split.
        lengths: int64 [samples, 100], in words.
        correct: bool [samples, 100].

    Raises:
        LiveBenchError: they are not those that were frozen.
    """

    def __init__(self, candidate_set: CandidateSet) -> None:
        records: list[AnswerRecord] = list(candidate_set.answers())
        self.sample_ids = [record.sample_id for record in records]
        self.videos = [record.video_id for record in records]
        self.categories = [record.category for record in records]
        self.n_context = np.array([record.n_context for record in records])
        self.types = np.array([record.types for record in records])
        self.train_counts = np.array([record.train_counts for record in records])
        self.lengths = np.array([record.lengths for record in records])
        self.correct = self.types == "correct"
        self._check(candidate_set)

    def _check(self, candidate_set: CandidateSet) -> None:
        """Raise LiveBenchError unless each sample is there once, with a correct candidate."""
        if len(self.sample_ids) != candidate_set.manifest.files[ANSWERS].records:
            what = f"has {len(self.sample_ids)} samples, and {MANIFEST} says otherwise"
        elif not self.sample_ids:
            what = "has no sample"
        elif len(set(self.sample_ids)) < len(self.sample_ids):
            what = "has a sample twice"
        elif not self.correct.any(axis=1).all():
            what = "has a sample without a correct candidate"
        else:
            return
        raise LiveBenchError(candidate_set.path / ANSWERS, what, "build the set again")
