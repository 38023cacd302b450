"""`livebench compare`."""

from __future__ import annotations

from pathlib import Path

import click

from livebench.cli.options import setting_option


@click.command()
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@setting_option
@click.option(
    "--candidates",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Candidate set; may be given several times. Default: all in candidates/.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, one a set and setting.")
def compare(first, second, setting, candidates, as_json) -> None:
    """Compare two submissions wherever both have scores: is the difference real, and where is it?

    FIRST and SECOND are folders of submissions, or names of folders in submissions/. What is printed
    is Markdown, to be pasted into a review.
    """
    import msgspec

    from livebench.candidates.candidate_set import CandidateSet, find_sets
    from livebench.leaderboard.comparison import compare_submissions
    from livebench.leaderboard.comparison_text import describe
    from livebench.records import SETTINGS
    from livebench.submissions.load import Submission

    sets = [CandidateSet(path) for path in candidates] or find_sets(Path("candidates"))
    settings = SETTINGS if setting == "all" else (setting,)
    pair = [Submission(_folder(path)) for path in (first, second)]
    found = compare_submissions(*pair, sets, settings)
    if as_json:
        for one in found:
            click.echo(msgspec.json.encode(one).decode())
    else:
        click.echo("\n".join(describe(one, len(found)) for one in found), nl=False)


def _folder(path: Path) -> Path:
    within = Path("submissions") / path
    return within if not path.exists() and within.is_dir() else path
