"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

datasets_option = click.option(
    "--dataset",
    "datasets",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Dataset that a set was built from. Default: those in datasets/; the simulated one is made.",
)
setting_option = click.option(
    "--setting",
    type=click.Choice(["video", "comments", "both", "all"]),
    default="all",
    show_default=True,
)
submissions_option = click.option(
    "--submissions", type=click.Path(path_type=Path), default="submissions", show_default=True
)
candidates_option = click.option(
    "--candidates", type=click.Path(path_type=Path), default="candidates", show_default=True
)
