"""`livebench stats`: figures of a dataset."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, by split and figure.")
def stats(dataset: Path, as_json: bool) -> None:
    """Figures of a dataset, by split: how much, how varied, how long, how popular."""
    from livebench.data.dataset import Dataset
    from livebench.data.statistics import dataset_statistics, format_statistics

    statistics = dataset_statistics(Dataset(dataset))
    click.echo(statistics.to_json(indent=2) if as_json else format_statistics(statistics))
