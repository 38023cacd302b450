"""`livebench simulate`: the simulated world as a dataset."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to make.")
@click.option("--seed", type=int, required=True, help="Which world; also its version.")
@click.option("--videos", type=click.IntRange(1), default=720, show_default=True)
@click.option("--dev", type=click.IntRange(0), help="Videos for development; by default a tenth.")
@click.option("--test", type=click.IntRange(0), help="Videos for test; by default a fifth.")
def simulate(out: Path, seed: int, videos: int, dev: int | None, test: int | None) -> None:
    """Make a small world whose every probability is known (docs/simulated-world.md).

    The same seed and number of videos give the same rows on any machine. More videos leave the
    others as they were, but may move some to another split.
    """
    from livebench.data.simulate import simulate_dataset

    dataset = simulate_dataset(out, seed=seed, videos=videos, dev=dev, test=test)
    counts = [sum(video.split == split for video in dataset.videos) for split in ("dev", "test")]
    click.echo(
        f"{out}: simulated world {seed}, {len(dataset.videos):,} videos ({counts[0]} dev, "
        f"{counts[1]} test), {len(dataset.comments.string):,} comments"
    )
