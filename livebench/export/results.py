"""Results of submissions for papers and for the hub: tables with BibTeX, and a model card each.

results.md, results.tex    a table a set: settings, submissions, chance; intervals, ranks, signature
livebench.bib              how to cite it
NAME/README.md             a model card, with `model-index`
NAME/.eval_results/SET.yaml
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from livebench.errors import LiveBenchError
from livebench.export.citation import bibtex
from livebench.export.paper_tables import PaperRow, PaperTable, latex, markdown
from livebench.export.submission_card import submission_card
from livebench.extras import need
from livebench.files import new_folder, write_text
from livebench.leaderboard.collect import Board, BoardRow, Section
from livebench.scoring.metrics import HEADLINE
from livebench.submissions.load import Submission

EXTRA = "hub"
OWNER = "livebench-danmaku"
"""Who has the sets on the hub, unless another is named."""


def export_results(
    submissions: Sequence[Submission], sections: Sequence[Section], out: Path, owner: str = OWNER
) -> int:
    """Write a new folder; return the number of rows in the tables.

    Args:
        sections: of all submissions that ranks are among, and the sets to show.
        owner: who has the sets on the hub: datasets are OWNER/SET.

    Raises:
        LiveBenchError: the extra is not installed, a submission has no row, or the folder cannot be
            written.
    """
    need("huggingface_hub", EXTRA)
    folders = [submission.name for submission in submissions]
    tables = [table for table in (_table(section, folders) for section in sections) if table]
    for submission in submissions:
        if not any(row.folder == submission.name for table in tables for row in table.rows):
            raise LiveBenchError(
                submission.path,
                "has no row on these sets",
                f"run `livebench evaluate {submission.path}` first",
            )
    signatures = dict.fromkeys(signature for table in tables for signature in table.signatures)
    with new_folder(out) as folder:
        write_text(folder / "results.md", "\n\n".join(markdown(table) for table in tables) + "\n")
        write_text(folder / "results.tex", "\n".join(latex(table) for table in tables))
        write_text(folder / "livebench.bib", bibtex(*signatures))
        for submission in submissions:
            (folder / submission.name / ".eval_results").mkdir(parents=True)
            own = [
                (section, board, row)
                for section in sections
                for board in section.boards
                for row in _rows(board, [submission.name])
            ]
            card = submission_card(submission, own, owner)
            write_text(folder / submission.name / "README.md", card)
            for name, entries in _entries(submission, own, owner).items():
                text = _yaml(entries)
                write_text(folder / submission.name / ".eval_results" / f"{name}.yaml", text)
    return sum(row.folder != "" for table in tables for row in table.rows)


def _rows(board: Board, folders: Sequence[str]) -> list[BoardRow]:
    """The rows of these submissions, by the score that each declares."""
    return [row for row in board.submission_rows if row.folder in folders]


def _table(section: Section, folders: Sequence[str]) -> PaperTable | None:
    """The table of a set; None if none of the submissions has a row there."""
    rows: list[PaperRow] = []
    signatures: dict[str, None] = {}
    for board in section.boards:
        own = _rows(board, folders)
        if not own:
            continue
        signatures[board.signatures["best"]] = None
        rows += [
            PaperRow(
                board.setting,
                row.name,
                row.folder,
                row.metrics["best"],
                row.normalisation,
                row.ranks,
                row.runs,
            )
            for row in own
        ]
        chance = board.chance.metrics["best"]
        rows.append(PaperRow(board.setting, "chance", "", chance, "", "", 0))
    if not rows:
        return None
    manifest = section.candidate_set.manifest
    return PaperTable(
        section.candidate_set.name,
        manifest.protocol.name,
        manifest.protocol.version,
        section.samples,
        manifest.videos,
        rows,
        list(signatures),
    )


def _entries(
    submission: Submission, own: Sequence[tuple[Section, Board, BoardRow]], owner: str
) -> dict[str, list[Any]]:
    """The entries of `.eval_results`, by set: the headline metric in each setting."""
    from huggingface_hub import EvalResultEntry

    entries: dict[str, list[Any]] = {}
    for section, board, row in own:
        interval = row.metrics["best"][HEADLINE.name]
        notes = (
            f"{HEADLINE.name}, 95% interval {HEADLINE.format_interval(interval)}; {row.signature}"
        )
        entries.setdefault(section.candidate_set.name, []).append(
            EvalResultEntry(
                dataset_id=f"{owner}/{section.candidate_set.name}",
                task_id=board.setting,
                value=float(HEADLINE.format(interval.value)),
                date=row.made.isoformat() if row.made else None,
                source_url=submission.card.url or None,
                source_name=submission.card.name if submission.card.url else None,
                notes=notes,
            )
        )
    return entries


def _yaml(entries: Sequence[Any]) -> str:
    """Entries as the hub reads them."""
    from huggingface_hub import eval_result_entries_to_yaml
    from huggingface_hub.utils import yaml_dump

    return str(yaml_dump(eval_result_entries_to_yaml(list(entries)), sort_keys=False))
