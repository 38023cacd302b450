"""`livebench site`."""

from __future__ import annotations

import click

from livebench.cli.options import (
    DATASETS,
    PATH,
    SET,
    dataset_option,
    sets_option,
    signers_option,
    submissions_option,
)
from livebench.cli.progress import bar, quiet_option
from livebench.errors import LiveBenchError


@click.command("site")
@submissions_option
@sets_option
@signers_option
@click.option("--out", type=PATH, default="site", show_default=True, help="Folder for the pages.")
@dataset_option
@click.option(
    "--with-text",
    type=SET,
    multiple=True,
    help="Show the text of this set, too: only if you may pass its comments on. May be repeated.",
)
@click.option("--repository", default="", help="Address of the repository, for links to it.")
@quiet_option
def site_command(
    submissions_folder, sets_folder, signers, out, datasets, with_text, repository, quiet
) -> None:
    """Write the leaderboard as static pages.

    They need no server (open OUT/index.html) and load nothing from elsewhere: the leaderboard, a page
    for each submission, comparisons of any two, every sample with its candidates as ranked. Text is
    shown for sets whose dataset anyone can generate. An existing site is replaced.
    """
    from livebench.candidates.candidate_set import find_private_sets, find_sets
    from livebench.data.locate import datasets_in, find_dataset
    from livebench.leaderboard.released import read_released
    from livebench.site.pages import web_url
    from livebench.site.write import Front, build_site
    from livebench.submissions.load import find_submissions

    if repository and not web_url(repository):
        raise LiveBenchError(
            f"--repository {repository}", "is not an address of the web", "give https://..."
        )
    sets = find_sets(sets_folder)
    folders = datasets or datasets_in(DATASETS)
    with bar(len(sets), "site", quiet, unit="set") as progress:
        build_site(
            out,
            sets,
            find_submissions(submissions_folder),
            signers=signers,
            front=Front(find_private_sets(sets_folder), read_released(), repository),
            dataset_of=lambda s: find_dataset(s.manifest.dataset, folders),
            with_text=tuple(path.resolve().name for path in with_text),
            done=lambda name: progress(1, name),
        )
    click.echo(f"{out}/index.html: written")
