"""`livebench stats`: figures of a dataset."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def stats(dataset: Path, as_json: bool) -> None:
    """Figures of a dataset."""
