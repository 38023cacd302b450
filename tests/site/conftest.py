"""What the tests of the site and of plots share: a small project, evaluated, and its site."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pytest

from livebench.attestation.attestation import attest
from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.records import SETTINGS
from livebench.review.attesting import rows_made_here
from livebench.scoring.evaluation import evaluate_task
from livebench.scoring.preparation import Task
from livebench.scoring.scorer import Scorer
from livebench.site.write import build_site
from livebench.submissions.load import Submission

HOSTILE = "a|b</td><script>alert(1)</script>\n\u202egnp \u200f" + "x" * 150
FIELDS = {
    "short": {"name": "短 short"},
    "long": {"name": "Long", "kind": "baseline", "url": "https://example.org/long"},
    "two": {
        "name": "Two",
        "training_data": "dataset",
        "runs": [{"name": "seed-0"}, {"name": "seed-1", "seed": 1}],
    },
    "flat": {
        "name": "Flat",
        "settings": ["both", "comments"],
        "kind": "probe",
        "url": "javascript:alert(1)",
    },
    "hostile": {
        "name": HOSTILE,
        "settings": ["both"],
        "authors": [HOSTILE],
        "description": HOSTILE,
    },
}


class RuleScorer(Scorer):
    """Scores that differ by submission and run, many of them equal."""

    def __init__(self, name: str, run: int = 0) -> None:
        self.rule = {
            "short": lambda text: -len(text),
            "long": len,
            "two": lambda text: sum(map(ord, text)) * (run + 3) % 23,
            "flat": lambda text: 0.0,
            "hostile": lambda text: sum(map(ord, text)) % 7,
        }[name]

    def score(self, video_ctx, comments, candidate):
        return self.rule(candidate.text)


class Project(NamedTuple):
    """A folder with candidates/ and submissions/; the second set is without its text."""

    path: Path
    sets: list[CandidateSet]
    submissions: list[Submission]
    dataset: Dataset

    def scores(self, submission: str, run: str, setting: str, name: str = "tiny-paper"):
        """As the file has them: float64 [samples, 100]."""
        from livebench.records import ScoreRecord, read_records

        path = self.path / "submissions" / submission / "scores" / name / run
        found = read_records(path / f"{setting}.jsonl.gz", ScoreRecord)
        return np.array([one.scores for one in found])


def picture(path: Path) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 36), "navy").save(path)


@pytest.fixture(scope="session")
def project(
    tmp_path_factory, dataset, frozen, frozen_without_frames, dataset_without_frames, maintainer
):
    """Five submissions, evaluated on two sets. Read only."""
    root = tmp_path_factory.mktemp("project")
    for one in (frozen, frozen_without_frames):
        shutil.copytree(one.path, root / "candidates" / one.name)
    sets = [CandidateSet(root / "candidates" / name) for name in ("tiny-paper", "silent-paper")]
    copied = Dataset(shutil.copytree(dataset.path, root / "datasets" / "tiny"))
    for sample in sets[0].samples():
        for second in sample.frames[:3]:
            picture(copied.path / "images" / sample.video_id / f"{second}.jpg")
    found = []
    for name, fields in FIELDS.items():
        card = {
            "authors": ["A. Author"],
            "description": "For a test.",
            "settings": SETTINGS[1:],
        }  # without `blind`
        card |= {"entry": "scorer:Mine", "runs": [{"name": "default"}]} | fields
        path = root / "submissions" / name / "submission.toml"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"date = 2026-01-02\n" + msgspec.toml.encode(card))
        found.append(submission := Submission(path.parent))
        for number, run in enumerate(submission.card.runs):
            for one, source in zip(sets, (copied, dataset_without_frames), strict=True):
                for setting in set(one.manifest.settings).intersection(submission.card.settings):
                    scorer = RuleScorer(name, number)
                    evaluate_task(submission, Task(run, one, setting, scorer, source))
        attest(submission, list(rows_made_here(submission, sets)), *maintainer)
    (sets[1].path / "samples.jsonl.gz").unlink()
    return Project(root, sets, found, copied)


@pytest.fixture(scope="session")
def built(project, maintainer) -> Path:
    """The site of the project, with the text and frames of its first set. Read only."""
    out = project.path / "site"
    build_site(
        out,
        project.sets,
        project.submissions,
        signers=maintainer.signers,
        dataset_of=lambda one: project.dataset if one.name == "tiny-paper" else None,
        with_text=["tiny-paper"],
    )
    return out
