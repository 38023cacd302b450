"""`livebench site`."""

from __future__ import annotations

from pathlib import Path

import click

from livebench.cli.options import candidates_option, submissions_option
from livebench.cli.progress import bar, quiet_option


@click.command()
@submissions_option
@candidates_option
@click.option("--out", type=click.Path(path_type=Path), default="site", show_default=True)
@click.option(
    "--dataset",
    "datasets",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Where titles and frames of moments come from. Default: the datasets in datasets/.",
)
@click.option(
    "--with-text",
    multiple=True,
    metavar="SET",
    help="Show the text of this set, too: only if you may pass its comments on.",
)
@quiet_option
def site(submissions, candidates, out, datasets, with_text, quiet) -> None:
    """Write the leaderboard as static pages.

    They need no server (open OUT/index.html) and ask for nothing elsewhere: the leaderboard, a page a
    submission, any two compared, every sample with its candidates as they were ranked. Text is shown of
    sets whose dataset anyone can make. A site that is there is replaced.
    """
    from livebench.candidates.candidate_set import find_sets
    from livebench.data.locate import datasets_in, find_dataset
    from livebench.site.write import build_site
    from livebench.submissions.load import find_submissions

    sets = find_sets(candidates)
    folders = datasets or datasets_in(Path("datasets"))
    with bar(len(sets), "site", quiet, unit="set") as progress:
        build_site(
            out,
            sets,
            find_submissions(submissions),
            dataset_of=lambda one: find_dataset(one.manifest.dataset.fingerprint, folders),
            with_text=with_text,
            done=lambda name: progress(1, name),
        )
    click.echo(f"{out}/index.html: written")
