"""A page of cards: what every dataset, set and submission is, in a few lines each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from livebench.audit.set_audit import read_audit
from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.manifest import SAMPLES, Manifest
from livebench.export.submission_card import TRAINING, WEIGHTS
from livebench.leaderboard.collect import size_text
from livebench.records import parse_json
from livebench.scoring.result import Result
from livebench.sources.removed import removals_of
from livebench.sources.source import Source
from livebench.submissions.load import Submission
from livebench.tables import Markdown, escaped, markdown_code


def cards_page(
    submissions: Sequence[Submission], sets: Sequence[CandidateSet], sources: Sequence[Source]
) -> str:
    """The cards of sources and their datasets, of simulated datasets, of sets and of submissions.

    Raises:
        LiveBenchError: an audit or a result cannot be read.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # nosec B701 (Markdown: `escaped` takes the place of Jinja's escaping)
        loader=PackageLoader("livebench.export"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=escaped,
    )
    manifests = {one.manifest.dataset.fingerprint: one.manifest for one in sets}
    known = {source.fingerprint for source in sources}
    text: str = environment.get_template("cards.md.j2").render(
        sources=[
            (source, manifests.get(source.fingerprint), len(removals_of(source.name)))
            for source in sources
        ],
        others=[manifest for print_, manifest in manifests.items() if print_ not in known],
        sets=[(one.manifest, read_audit(one), _samples(one.manifest)) for one in sets],
        submissions=[
            (
                one,
                _sizes(one),
                TRAINING[one.card.training_data],
                WEIGHTS[one.card.weights],
                _runs(one),
            )
            for one in submissions
        ],
        code=markdown_code,
        link=lambda address: Markdown(f"<{address}>"),  # of a source that LiveBench knows
    )
    return text


def _samples(manifest: Manifest) -> int:
    return manifest.files[SAMPLES].records


def _sizes(submission: Submission) -> str:
    """How many parameters its models have, by its results or its card; empty if unknown."""
    results = sorted(Path(submission.path).glob("results/*/*/*.json"))
    counts = {parse_json(path, Result).manifest.parameters for path in results}
    known = sorted(count for count in {*counts, submission.card.parameters} if count)
    if not known:
        return ""
    return size_text((known[0], known[-1]))


def _runs(submission: Submission) -> str:
    """Its runs, those that were trained with their seeds."""
    names = (
        f"{run.name} (seed {run.seed})" if run.checkpoint else run.name
        for run in submission.card.runs
    )
    return ", ".join(names)
