"""The card of a submission as the hub shows models: YAML with `model-index`, then Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from livebench import __version__
from livebench.export.licences import open_licence
from livebench.leaderboard.collect import Board, BoardRow, Section
from livebench.records import SETTINGS
from livebench.scoring.metrics import HEADLINE, METRICS
from livebench.submissions.load import Run, Submission
from livebench.tables import Markdown, escaped, markdown_cell, markdown_code, markdown_table

OwnRows = Sequence[tuple[Section, Board, BoardRow]]
"""The rows of a submission, with where they stand."""

_TASK = "multiple-choice"

TRAINING = {
    "": "not said",
    "none": "nothing",
    "dataset": "the training split of the dataset of each set",
    "other": "other data",
    "dataset+other": "the training split of the dataset of each set, and other data",
}
WEIGHTS = {
    "": "not said",
    "open": "open",
    "recipe": "not published; code and data to train them are public",
    "closed": "closed",
    "none": "it has none",
}


def submission_card(submission: Submission, own: OwnRows, owner: str) -> str:
    """README.md of a model repository.

    Args:
        owner: of the sets on the hub.
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
    card = submission.card
    text = environment.get_template("submission_card.md.j2").render(
        card=card,
        runs=Markdown(markdown_table(*_runs(card.runs), left=5)),
        sizes=sorted({row.size for _, _, row in own if row.size}),
        training=TRAINING[card.training_data],
        weights=WEIGHTS[card.weights],
        results=Markdown(markdown_table(*_results(own), left=3)),
        remarks=[
            f"{section.candidate_set.name}, {board.setting}: {remark}"
            for section, board, row in own
            for remark in row.remarks
        ],
        signatures=[
            Markdown(markdown_code(signature))
            for signature in dict.fromkeys(row.signature for _, _, row in own)
        ],
        cell=markdown_cell,
        version=__version__,
    )
    return f"---\n{_yaml(submission, own, owner)}\n---\n\n{text}"


def _yaml(submission: Submission, own: OwnRows, owner: str) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    card = submission.card
    results = [
        EvalResult(
            task_type=_TASK,
            task_name=f"ranking 100 live comments, setting {board.setting}",
            dataset_type=f"{owner}/{section.candidate_set.name}",
            dataset_name=section.candidate_set.name,
            dataset_config=board.setting,
            dataset_split=section.candidate_set.manifest.split,
            metric_type=metric.name.lower(),
            metric_name=metric.name,
            metric_value=float(metric.format(interval.value)),
            metric_args={
                "low": float(metric.format(interval.low)),
                "high": float(metric.format(interval.high)),
                "score": row.normalisation,
                "signature": row.signature,
            },
            source_url=card.url or None,
            source_name=card.name if card.url else None,
        )
        for section, board, row in own
        for metric in METRICS
        for interval in [row.metrics["best"][metric.name]]
    ]
    licence = open_licence(card.licence)
    languages = sorted({_language(section) for section, _, _ in own})
    data: Any = ModelCardData(
        model_name=card.name,
        language=languages,
        license=licence or ("other" if card.licence else None),
        license_name="other" if card.licence and not licence else None,
        datasets=sorted({f"{owner}/{section.candidate_set.name}" for section, _, _ in own}),
        metrics=[metric.name.lower() for metric in METRICS],
        tags=["danmaku", "live-comments", "livebench-danmaku"],
        eval_results=results,
    )
    return str(data.to_yaml())


def _language(section: Section) -> str:
    language = section.candidate_set.manifest.dataset.language
    return language if isinstance(language, str) else "zh"


def _runs(runs: Sequence[Run]) -> tuple[list[str], list[list[str]]]:
    header = ["run", "trained on", "seed", "arguments", "checkpoint (sha256)"]
    return header, [
        [
            run.name,
            run.dataset or "the dataset of each set",
            str(run.seed),
            ", ".join(f"{name} = {value}" for name, value in run.arguments.items()),
            run.checkpoint_sha256[:12],
        ]
        for run in runs
    ]


def _results(own: OwnRows) -> tuple[list[str], list[list[str]]]:
    header = ["set", "setting", "score", f"{HEADLINE.name} [95% interval]", "chance", "rank"]
    ordered = sorted(
        own, key=lambda one: (one[0].candidate_set.name, SETTINGS.index(one[1].setting))
    )
    return header, [
        [
            section.candidate_set.name,
            board.setting,
            row.normalisation,
            HEADLINE.format_with_interval(row.metrics["best"][HEADLINE.name]),
            HEADLINE.format(board.chance.metrics["best"][HEADLINE.name].value),
            row.ranks,
        ]
        for section, board, row in ordered
    ]
