"""The whole site, from candidate sets and submissions to a folder of static pages.

index.html                     the leaderboard
about.html, changes.html       how to submit and cite; what has changed since the last release
tables/                        every table as CSV and JSON (exports.py)
submissions/NAME.html          a submission
audits/SET.html                what each probe of the audit reaches
compare/SET.SETTING.html       any two rows of a board
moments/, data/, images/       single samples (moment_pages.py)
site.css, *.js, site.json      style, scripts, what made it
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from glob import escape
from pathlib import Path
from typing import NamedTuple

import msgspec

from livebench import __version__
from livebench.attestation.signing import MAINTAINERS
from livebench.audit.set_audit import SetAudit, has_shortcut
from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.files import new_folder
from livebench.leaderboard.collect import Section, collect
from livebench.leaderboard.overview import make_overview
from livebench.leaderboard.private import PrivateSection, collect_private
from livebench.leaderboard.released import Released, changes_since
from livebench.records import write_json
from livebench.site.boards import board_views, overview_columns
from livebench.site.comparison_pages import write_comparisons
from livebench.site.exports import (
    audit_records,
    board_records,
    change_records,
    overview_records,
    write_table,
)
from livebench.site.moment_pages import write_moments
from livebench.site.pages import write_site_page, write_static
from livebench.site.submission_pages import SubmissionBoard, submission_boards, write_submissions
from livebench.submissions.load import Submission

SITE_INFO = "site.json"


class SiteInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """site.json: which LiveBench made the site, of which sets; a folder without it is not replaced."""

    livebench: str
    sets: list[str]
    with_text: list[str]


class Front(NamedTuple):
    """What the pages about all sets say besides.

    Attributes:
        private_sets: what is published of these.
        released: the rows of the last release, to say what has changed since.
        repository: its address, for links.
    """

    private_sets: Sequence[CandidateSet] = ()
    released: Released | None = None
    repository: str = ""


def build_site(
    out: Path,
    sets: Sequence[CandidateSet],
    submissions: Sequence[Submission],
    *,
    signers: Path = MAINTAINERS,
    front: Front | None = None,
    dataset_of: Callable[[CandidateSet], Dataset | None] = lambda candidate_set: None,
    with_text: Collection[str] = (),
    done: Callable[[str], object] = lambda name: None,
) -> None:
    """Write the site into the folder `out`, whole or not at all; the same input gives the same bytes.

    Args:
        signers: whose signatures attest rows.
        front: what the pages about all sets say besides.
        dataset_of: the dataset of a set, for titles and frames, where it is available.
        with_text: sets whose text may be shown besides those that anyone can make.
        done: called with the name of each set that is finished.

    Raises:
        LiveBenchError: `out` is something else than a site; scores are not valid; `with_text` names a
            set that is not here, or whose text is absent.
    """
    out = Path(out)
    if out.exists() and not (out.is_dir() and (out / SITE_INFO).is_file()):
        what = "exists, and is not a site that LiveBench wrote"
        raise LiveBenchError(out, what, "remove it, or choose another --out")
    shown = _with_text(sets, with_text)
    sections = collect(sets, submissions, signers=signers)
    front = front or Front()
    private = collect_private(front.private_sets, sections, submissions, signers)
    fresh = out.parent / f".{out.name}.new"
    # What a build that was killed has left: `new_folder` fills one of a longer name.
    for left in (fresh, *out.parent.glob(f"..{escape(out.name)}.new.*")):
        shutil.rmtree(left, ignore_errors=True)
    try:
        with new_folder(fresh) as folder:
            _write(folder, sections, submissions, dataset_of, shown, done)
            _write_front(folder, sections, private, front)
        _replace(out, fresh)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _replace(out: Path, fresh: Path) -> None:
    old = out.parent / f".{out.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    fresh.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def may_show_text(candidate_set: CandidateSet) -> bool:
    """Whether the text of a set may be shown to everyone: where anyone can make its dataset.

    That text is here says nothing: whoever has the comments of a set restores them, and may not pass
    them on.
    """
    return bool(candidate_set.manifest.dataset.recipe)


def _with_text(sets: Sequence[CandidateSet], named: Collection[str]) -> set[str]:
    names = [candidate_set.name for candidate_set in sets]
    for name in named:
        if name not in names:
            available = f"available: {', '.join(names)}"
            raise LiveBenchError(f"--with-text {name}", "not found", available)
    for candidate_set in sets:
        if candidate_set.name in named:
            candidate_set.check_text()
    return {
        candidate_set.name
        for candidate_set in sets
        if candidate_set.has_text and (may_show_text(candidate_set) or candidate_set.name in named)
    }


def _write(
    folder: Path,
    sections: Sequence[Section],
    submissions: Sequence[Submission],
    dataset_of: Callable[[CandidateSet], Dataset | None],
    with_text: set[str],
    done: Callable[[str], object],
) -> None:
    views = board_views(sections)
    write_static(folder)
    shown = []
    boards: dict[str, list[SubmissionBoard]] = {}
    for section in sections:
        own = [view for view in views if view.section is section]
        if not own:
            continue
        candidate_set = section.candidate_set
        for view in own:
            write_comparisons(folder, view)
            write_table(folder, view.key, board_records(view))
            for part in submission_boards(view):
                boards.setdefault(part.entry.folder, []).append(part)
        if section.audit is not None:
            _write_audit(folder, section, section.audit, own[-1].key)
        text = candidate_set.name in with_text
        write_moments(
            folder,
            section,
            [
                view.board.entries[row.folder]
                for view in reversed(own)
                for row in view.board.submission_rows
            ],
            text=text,
            dataset=dataset_of(candidate_set) if text else None,
        )
        shown.append((candidate_set.name, section.samples, candidate_set.manifest.videos, text))
        done(candidate_set.name)
    write_site_page(folder, "moments/index.html", "sets.html.j2", sets=shown)
    write_site_page(folder, "compare/index.html", "comparisons.html.j2", views=views)
    write_submissions(folder, submissions, boards)
    names = [section.candidate_set.name for section in sections]
    info = SiteInfo(__version__, names, sorted(with_text))
    write_json(folder / SITE_INFO, info)


def _write_front(
    folder: Path,
    sections: Sequence[Section],
    private: Sequence[PrivateSection],
    front: Front,
) -> None:
    """Write the pages that are about all sets."""
    views, overview = board_views(sections), make_overview(sections)
    changes = changes_since(front.released, sections) if front.released else None
    write_table(folder, "overview", overview_records(overview))
    if changes is not None:
        write_table(folder, "changes", change_records(changes))
    write_site_page(
        folder,
        "index.html",
        "board.html.j2",
        views=views,
        keys={view.set_name: [view.key] for view in views},
        overview=overview,
        columns=overview_columns(overview) if overview.lines else [],
        private=private,
        audit_kind=_audit_kind,
        changes=changes,
        repository=front.repository,
    )
    write_site_page(folder, "changes.html", "changes.html.j2", changes=changes)
    write_site_page(folder, "about.html", "about.html.j2", views=views, repository=front.repository)


def _write_audit(folder: Path, section: Section, audit: SetAudit, key: str) -> None:
    """Write audits/SET.html; `key` names a board of the set."""
    name = section.candidate_set.name
    write_table(folder, f"{name}.audit", audit_records(audit))
    kind = _audit_kind(section)
    write_site_page(
        folder, f"audits/{name}.html", "audit.html.j2", section=section, key=key, kind=kind
    )


def _audit_kind(section: Section) -> str:
    if section.audit is None:
        return ""
    return "warn" if has_shortcut(section.audit) else "good"
