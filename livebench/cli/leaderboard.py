"""`livebench leaderboard`."""

from __future__ import annotations

import datetime
import difflib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livebench.cli.options import (
    PATH,
    SET,
    human_option,
    sets_option,
    signers_option,
    submissions_option,
)
from livebench.cli.progress import bar, remark
from livebench.errors import one_line

if TYPE_CHECKING:
    from livebench.human.analysis.people import People
    from livebench.human.analysis.report import HumanReport
    from livebench.leaderboard.collect import Section
    from livebench.leaderboard.private import PrivateSection

_own_set_option = click.option(
    "--own-set",
    "own_sets",
    type=SET,
    multiple=True,
    help="Candidate set of your own to show, too, by name or path; may be repeated.",
)


@click.command("leaderboard")
@submissions_option
@sets_option
@human_option
@signers_option
@_own_set_option
@click.option(
    "--out",
    type=PATH,
    default="LEADERBOARD.md",
    show_default=True,
    help="File to write; the pages of the sets lie beside it.",
)
@click.option(
    "--check", is_flag=True, help="Write nothing; exit 1 and show the difference if it is stale."
)
@click.option("--print", "printed", is_flag=True, help="Write nothing; print the first table.")
@click.option(
    "--release",
    metavar="VERSION",
    help="Keep the rows as those of a release of today, in docs/leaderboard/released.json.",
)
def leaderboard_command(
    submissions_folder, sets_folder, human_folder, signers, own_sets, out, check, printed, release
) -> None:
    """Render the leaderboard from scores and answers; the text of the sets is not needed.

    Writes LEADERBOARD.md, docs/leaderboard/ with a page for each set that candidates/public.txt lists,
    and the table in README.md. Sets of your own are left out, unless --own-set names them.
    """
    from livebench.leaderboard.overview import make_overview
    from livebench.leaderboard.overview_text import overview_text
    from livebench.leaderboard.pages import write_pages
    from livebench.leaderboard.render import FOLDER, render_pages

    shown = _collect_all(submissions_folder, sets_folder, human_folder, signers, own_sets)
    if printed:
        click.echo(overview_text(make_overview(shown[0])))
        return
    pages = render_pages(*shown)
    if release:
        _keep_release(out.parent, shown[0], release)
    if not check:
        write_pages(out, pages)
        count = sum(address.startswith(FOLDER) for address in pages)
        click.echo(f"{out}: written, with {count} pages in {out.parent / FOLDER}/")
        return
    if not compare_with(out, pages, show=True):
        sys.exit(1)


def compare_with(board: Path, pages: Mapping[str, str], show: bool) -> bool:
    """Whether the files hold these pages; prints that, and the differences if `show`."""
    from livebench.leaderboard.pages import differing_pages

    differing = list(differing_pages(board, pages))
    if not differing:
        click.echo(f"{board}: up to date")
        return True
    for path, present, text in differing if show else ():
        names = str(path), f"{path} as it should be"
        lines = difflib.unified_diff(present.splitlines(), text.splitlines(), *names, lineterm="")
        click.echo("\n".join(lines))
    named = ", ".join(one_line(str(path), 200) for path, _, _ in differing)
    click.echo(f"{named}: stale; run `livebench leaderboard` and commit it", err=True)
    return False


def render_all(
    submissions: Path, sets: Path, human: Path = Path("human"), signers: Path | None = None
) -> dict[str, str]:
    """All pages of these folders; by default the maintainers' signatures count."""
    from livebench.leaderboard.render import render_pages

    return render_pages(*_collect_all(submissions, sets, human, signers))


def _collect_all(
    submissions: Path, sets: Path, human: Path, signers: Path | None, named: Sequence[Path] = ()
) -> tuple[list[Section], list[HumanReport], list[PrivateSection], dict[str, list[People]]]:
    """What the pages show: public sets and `named` ones, human evaluations, private sets, and what
    people reach."""
    from livebench.attestation.signing import MAINTAINERS
    from livebench.candidates.candidate_set import CandidateSet, find_board_sets, find_private_sets
    from livebench.human.analysis.publish import find_reports
    from livebench.leaderboard.collect import collect
    from livebench.leaderboard.people import people_by_set
    from livebench.leaderboard.private import collect_private
    from livebench.submissions.load import find_submissions

    found, own = find_board_sets(sets, [CandidateSet(path) for path in named])
    if own:
        remark(f"left out, not being public: {', '.join(own)}; --own-set NAME shows one")
    present = find_submissions(submissions)
    signers = signers or MAINTAINERS
    with bar(len(found), "leaderboard", unit="set") as progress:
        sections = collect(found, present, signers=signers, progress=progress)
    private = collect_private(find_private_sets(sets), sections, present, signers)
    people = people_by_set(sections, present, human, remark)
    return sections, list(find_reports(human)), private, people


def _keep_release(folder: Path, sections: Sequence[Section], version: str) -> None:
    from livebench.leaderboard.released import RELEASED, release_rows, write_released

    today = datetime.datetime.now(datetime.UTC).date()
    write_released(folder / RELEASED, release_rows(sections, version, today))
    click.echo(f"{folder / RELEASED}: written")
