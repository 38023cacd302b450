"""What rows are computed from: the scores of a submission on a set in a setting, once they are sure to
belong together."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from livebench.attestation.attestation import Attestations, attested_row
from livebench.candidates.candidate_set import CandidateSet
from livebench.records import Setting
from livebench.scoring.answers import Answers
from livebench.scoring.dropped import dropped_remarks
from livebench.scoring.metrics import HEADLINE, best_metrics, sample_metrics
from livebench.scoring.paired import RowPair, pair_tests
from livebench.scoring.plausibility import is_half, measure_ties, plausibility_remarks
from livebench.scoring.result import IsolationKind, Result, ResultManifest, signature_of
from livebench.scoring.result_files import (
    check_unchanged,
    is_of_another_major,
    missing_run,
    read_result,
)
from livebench.submissions.load import Run, Submission
from livebench.submissions.validate import (
    NORMALISATIONS,
    Normalisation,
    Scores,
    read_scores,
    score_in,
)

_WEAKEST_FIRST: tuple[IsolationKind, ...] = (
    "",
    "none",
    "server",
    "process",
    "sandbox",
)


Evaluated = Literal["attested", "claimed", "self-reported"]
"""Of a row: `attested` if a maintainer's signature covers it, `claimed` if only its results say that
LiveBench ran the scorer, `self-reported` if there are scores alone."""

COULD_REMEMBER = {
    "one process per setting": "one process scored all samples: it could remember earlier ones",
    "one process": "one process scored all settings: it could remember earlier samples",
    "server": "scored by a server: LiveBench sees neither its model nor what it remembers",
}
ONE_RUN = "one training run: the seed of training is not in the interval"
DECLARED_LATER = "declared how to read its scores after they were evaluated"


@dataclass(frozen=True)
class Entry:
    """The scores and results of every run of a submission, read and valid.

    Attributes:
        set_signature: of the set that was scored.
        answers: of the set as it is now.
        scores: of each run, in the order of `answers`; none where another version of the set was
            scored, since its answers are not here, or where they cannot be read as declared.
        blind: of the same runs in the setting `blind`, of this version of the set; empty if there are
            none, or if this is that setting.
        outdated: why its numbers are not comparable with those of today; empty if they are.
        attested: whether a maintainer's signature covers all runs.
    """

    submission: Submission
    setting: Setting
    set_signature: str
    answers: Answers
    runs: list[Run]
    results: list[Result]
    scores: list[Scores]
    blind: list[Scores]
    outdated: str = ""
    attested: bool = False

    @property
    def folder(self) -> str:
        """The folder of the submission, which is its identity."""
        return self.submission.name

    @property
    def manifests(self) -> list[ResultManifest]:
        """What made the scores of each run."""
        return [result.manifest for result in self.results]

    @property
    def evaluated(self) -> Evaluated:
        """What is known of how the scores came to be."""
        if not self.was_run:
            return "self-reported"
        return "attested" if self.attested else "claimed"

    @property
    def was_run(self) -> bool:
        """Whether the results say that LiveBench ran the scorer for every run."""
        # Without a scorer nothing can have been run, whatever a result says.
        said = {manifest.evaluated for manifest in self.manifests} == {"re-run"}
        return bool(self.submission.card.entry) and said

    @property
    def date(self) -> datetime.date:
        """Of the latest evaluation."""
        return max(manifest.date for manifest in self.manifests)

    @property
    def version(self) -> str:
        """Of the LiveBench that evaluated it; several are joined by commas."""
        return ", ".join(sorted({manifest.versions["livebench"] for manifest in self.manifests}))

    @property
    def parameters(self) -> tuple[int, int]:
        """How many the models of its runs have, at least and at most; 0 if unknown."""
        declared = self.submission.card.parameters
        counts = [manifest.parameters or declared for manifest in self.manifests]
        return min(counts), max(counts)

    @property
    def from_changed_code(self) -> bool:
        """Whether the code that ran was not that of the commit which a result names."""
        changed = any(manifest.from_changed_code for manifest in self.manifests)
        return changed and self.was_run

    @property
    def isolation(self) -> IsolationKind:
        """The weakest isolation among those of the runs; empty if they were not run here."""
        if not self.was_run:
            return ""
        isolations = (manifest.isolation for manifest in self.manifests)
        return min(isolations, key=_WEAKEST_FIRST.index) or "none"

    @property
    def remembers(self) -> bool:
        """Whether scores depended on what was scored before, in any run."""
        return any(one.plausibility and one.plausibility.remembers for one in self.results)

    @property
    def declared_later(self) -> bool:
        """Whether the card declares another score than when the scores were evaluated."""
        return any(manifest.score != self.submission.card.score for manifest in self.manifests)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know of the scores of all runs, each remark once."""
        rerun, listwise = self.was_run, self.submission.card.listwise
        remarks: dict[str, None] = {}
        # Of a published model that nobody trains again there is only the one.
        card = self.submission.card
        published = card.training_data == "other" and card.weights == "open"
        if len(self.runs) == 1 and self.runs[0].checkpoint and not published:
            remarks[ONE_RUN] = None
        if rerun:
            remarks |= dict.fromkeys(
                COULD_REMEMBER[manifest.memory]
                for manifest in self.manifests
                if manifest.memory in COULD_REMEMBER
            )
        if self.declared_later:
            remarks[DECLARED_LATER] = None
        for manifest in self.manifests:
            if is_half(manifest.dtype):
                remarks[f"computed in {manifest.dtype}"] = None
            if manifest.prompt:
                remarks[f"prompt {manifest.prompt}"] = None
        for result, values in zip(self.results, self.values_by_run, strict=False):
            plausibility = result.plausibility if rerun else None
            # Ties are counted here: of results only what cannot be computed again is taken.
            tied = measure_ties(values)
            remarks |= dict.fromkeys(plausibility_remarks(plausibility, tied, listwise=listwise))
        for scores in self.scores:
            remarks |= dict.fromkeys(dropped_remarks(scores.dropped_comments))
        return tuple(remarks)

    @property
    def score(self) -> Normalisation:
        """How its scores are read: as the card declares."""
        return score_in(self.setting, self.submission.card.score)

    @property
    def normalisations(self) -> list[Normalisation]:
        """How scores can be read: first as declared, then in other ways that make a difference."""
        possible: set[Normalisation] = {"sum"}
        if all(scores.token_counts is not None for scores in self.scores):
            possible |= {"mean", "words+2"}
        if self.blind and any(np.ptp(scores.sums, axis=1).any() for scores in self.blind):
            gained = self.normalised_by_run("pmi")
            if any(np.ptp(values, axis=1).any() for values in gained):
                possible.add("pmi")
        others = [name for name in NORMALISATIONS if name in possible and name != self.score]
        return [self.score, *others]

    def signature(self, normalisation: Normalisation | None = None) -> str:
        """Of its numbers, by the declared score unless another is named."""
        name = normalisation or self.score
        prompt = ", ".join(sorted({manifest.prompt for manifest in self.manifests} - {""}))
        return signature_of(self.set_signature, self.setting, name, self.version, prompt=prompt)

    @cached_property
    def values_by_run(self) -> list[np.ndarray]:
        """The scores of each run, read as declared: float64 [samples, 100]."""
        return self.normalised_by_run(self.score)

    def normalised_by_run(self, normalisation: Normalisation) -> list[np.ndarray]:
        """The scores of each run, read as `normalisation`: float64 [samples, 100]."""
        words = self.answers.lengths
        no_blind: list[Scores | None] = [None] * len(self.scores)
        blind: Sequence[Scores | None] = self.blind or no_blind
        return [
            scores.normalised(normalisation, words, unseen)
            for scores, unseen in zip(self.scores, blind, strict=True)
        ]

    @cached_property
    def metrics_by_run(self) -> list[dict[str, np.ndarray]]:
        """The metrics of each sample of each run, by the declared score; each as `sample_metrics`."""
        return [sample_metrics(values, self.answers.correct) for values in self.values_by_run]

    @property
    def best(self) -> np.ndarray:
        """Of the best-placed correct candidate: float64 [runs, samples, METRICS]."""
        return np.stack([run["best"] for run in self.metrics_by_run])

    @property
    def headline(self) -> np.ndarray:
        """The metric that rows are ranked by: float64 [runs, samples]."""
        return HEADLINE.column(self.best)

    @property
    def gain(self) -> np.ndarray | None:
        """By how much `headline` exceeds that of the same run in the setting `blind`: float64 [runs,
        samples]; None if that is unknown."""
        if not self.blind:
            return None
        name = score_in("blind", self.score)
        if name == "mean" and any(scores.token_counts is None for scores in self.blind):
            return None
        unseen = [scores.normalised(name, self.answers.lengths) for scores in self.blind]
        values = [best_metrics(one, self.answers.correct) for one in unseen]
        return np.asarray(self.headline - HEADLINE.column(np.stack(values)))


class EntryReader:
    """Reads the entries of submissions on a set, each file once.

    Args:
        attestations: by default nothing counts as attested, and no signature is verified.

    Raises:
        LiveBenchError: scores or results are not valid, do not belong together, or some runs have none.
    """

    def __init__(
        self,
        candidate_set: CandidateSet,
        answers: Answers,
        submissions: Sequence[Submission],
        attestations: Attestations | None = None,
    ) -> None:
        self._set, self._answers, self._submissions = candidate_set, answers, submissions
        self._attestations = attestations
        self._blind: dict[str, Entry | None] = {}

    def read(self, setting: Setting) -> list[Entry]:
        """The entries of those submissions that have scores in a setting."""
        if setting not in self._set.settings:
            return []
        entries = (self._entry(submission, setting) for submission in self._submissions)
        return [entry for entry in entries if entry is not None]

    def _entry(self, submission: Submission, setting: Setting) -> Entry | None:
        if setting == "blind":
            if submission.name not in self._blind:
                self._blind[submission.name] = _readable(self._read(submission, "blind"))
            return self._blind[submission.name]
        entry = self._read(submission, setting)
        blind = self._entry(submission, "blind") if entry and entry.scores else None
        if entry and blind and not blind.outdated and _same_model(entry, blind):
            attested = entry.attested and (blind.attested or entry.score != "pmi")
            entry = replace(entry, blind=blind.scores, attested=attested)
        return _readable(entry)

    def _read(self, submission: Submission, setting: Setting) -> Entry | None:
        """The entry, without its scores in `blind`."""
        candidate_set, answers = self._set, self._answers
        dataset = candidate_set.manifest.dataset
        runs = [run for run in submission.card.runs if run.is_for(dataset)]
        paths = [submission.scores_path(candidate_set.name, run, setting) for run in runs]
        missing = [path for path in paths if not path.exists()]
        if len(missing) == len(paths):
            return None
        if missing:
            raise missing_run(missing[0])
        files = [submission.result_path(candidate_set.name, run, setting) for run in runs]
        results = [read_result(file, submission.path) for file in files]
        set_hash, set_signature = candidate_set.manifest.hash, candidate_set.manifest.signature
        scores: list[Scores] = []
        outdated = ""
        others = [
            result.manifest.set_hash for result in results if result.manifest.set_hash != set_hash
        ]
        if others:
            set_signature = f"set:{candidate_set.name}@{others[0][:8]}"
            outdated = "another version of the set"
        else:
            if any(is_of_another_major(result.manifest) for result in results):
                outdated = "another major version of LiveBench"
            # First the scores: what passes is no longer than it should be, whatever it unpacks to.
            scores = [read_scores(path, answers.sample_ids, set_hash) for path in paths]
            for path, result in zip(paths, results, strict=True):
                check_unchanged(path, result.manifest, submission.path)
        attested = self._attestations is not None and all(
            self._attestations.covers(
                submission, attested_row(candidate_set.name, setting, run, result, file)
            )
            for run, result, file in zip(runs, results, files, strict=True)
        )
        return Entry(
            submission,
            setting,
            set_signature,
            answers,
            runs,
            results,
            scores,
            [],
            outdated,
            attested,
        )


def _same_model(entry: Entry, blind: Entry) -> bool:
    """Whether the same trained models were evaluated in two settings."""
    pairs = zip(entry.manifests, blind.manifests, strict=True)
    return not any(one.differences(other) for one, other in pairs)


def _readable(entry: Entry | None) -> Entry | None:
    """The entry; without its scores, and why, if they cannot be read as declared."""
    if entry is None or not entry.scores:
        return entry
    if entry.score == "pmi" and not entry.blind:
        why = "no scores of the same model in the setting blind, which score:pmi needs"
    elif entry.score == "mean" and any(scores.token_counts is None for scores in entry.scores):
        why = "no token counts, which score:mean needs"
    else:
        return entry
    return replace(entry, scores=[], outdated=entry.outdated or why)


def read_entries(
    candidate_set: CandidateSet,
    answers: Answers,
    setting: Setting,
    submissions: Sequence[Submission],
    attestations: Attestations | None = None,
) -> list[Entry]:
    """The entries of those submissions that have scores on a set in a setting; as `EntryReader`."""
    return EntryReader(candidate_set, answers, submissions, attestations).read(setting)


def is_ranked(entry: Entry) -> bool:
    """Whether a row may have a rank, but in the setting `blind`."""
    kind, attested = entry.submission.card.kind, entry.evaluated == "attested"
    fair = not entry.remembers and not entry.declared_later
    return kind in ("model", "baseline") and attested and fair


def entry_pairs(entries: Sequence[Entry]) -> list[RowPair]:
    """The tests of every two entries of a board by their declared scores, the better one first: those
    of the pages that compare, and of `livebench compare`. Of two that have ranks it is the test that the
    ranks are based on, adjusted for all pairs of ranked rows."""
    means = {entry.folder: -round(float(entry.headline.mean()), 9) for entry in entries}
    ordered = sorted(entries, key=lambda entry: (means[entry.folder], entry.folder))
    ranked = _pairs([one for one in ordered if is_ranked(one)])
    among = {(pair.first, pair.second): pair for pair in ranked}
    return [among.get((pair.first, pair.second), pair) for pair in _pairs(ordered)]


def _pairs(ordered: Sequence[Entry]) -> list[RowPair]:
    if len(ordered) < 2:
        return []
    videos = ordered[0].answers.videos
    return pair_tests([one.folder for one in ordered], [one.headline for one in ordered], videos)
