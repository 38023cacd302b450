"""`livebench simulate`: the simulated world as a dataset, or as files to be imported."""

from __future__ import annotations

import click

from livebench.cli.options import NEW_PATH
from livebench.cli.progress import bar, quiet_option
from livebench.errors import LiveBenchError


@click.command("simulate")
@click.option("--out", type=NEW_PATH, required=True, help="New folder.")
@click.option("--seed", type=int, required=True, help="Seed of the world; also its version.")
@click.option(
    "--videos", type=click.IntRange(1), default=720, show_default=True, help="Number of videos."
)
@click.option("--dev", type=click.IntRange(0), help="Videos for development; default: a tenth.")
@click.option("--test", type=click.IntRange(0), help="Videos for test; default: a fifth.")
@click.option(
    "--render",
    is_flag=True,
    help="Write mp4 and Bilibili XML files instead of a dataset, for `import bilibili`.",
)
@quiet_option
def simulate_command(out, seed, videos, dev, test, render, quiet) -> None:
    """Make a small world in which every probability is known (docs/simulated-world.md).

    The same seed and number of videos give the same rows on any machine. More videos leave the
    others unchanged, but may move some to another split.
    """
    if render:
        from livebench.simulated.world_files import render_world

        if dev is not None or test is not None:
            raise LiveBenchError(
                "--render",
                "writes files, which have no split",
                "give --dev and --test to `import bilibili`",
            )
        with bar(videos, "rendering", quiet, unit="video") as progress:
            comments = render_world(out, seed=seed, videos=videos, tell=progress)
        click.echo(
            f"{out}: files of simulated world {seed}, {videos:,} videos, {comments:,} comments; next: "
            f"livebench import bilibili {out} --out datasets/{out.name}"
        )
        return
    from livebench.simulated.simulation import simulate_dataset

    dataset = simulate_dataset(out, seed=seed, videos=videos, dev=dev, test=test)
    counts = [sum(video.split == split for video in dataset.videos) for split in ("dev", "test")]
    click.echo(
        f"{out}: simulated world {seed}, {len(dataset.videos):,} videos ({counts[0]} dev, "
        f"{counts[1]} test), {len(dataset.comments.string):,} comments"
    )
