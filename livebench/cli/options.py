"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

SANDBOX_MEMORY = 8.0
"""GB that a submission in a sandbox may take."""

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


def isolation_options(command):
    """Where the code of a submission runs, and how much it may take."""
    options = (
        click.option(
            "--sandbox",
            is_flag=True,
            help="Run the submission under bubblewrap: no network, no files but its own, no processes.",
        ),
        click.option(
            "--in-process",
            is_flag=True,
            help="Run the submission in LiveBench's own process, to debug or profile it.",
        ),
        click.option(
            "--memory",
            type=click.FloatRange(min=0, min_open=True),
            help="GB of address space that a submission may take. Default: 8 with --sandbox, else no "
            "limit.",
        ),
        click.option(
            "--time-limit",
            type=click.FloatRange(min=0, min_open=True),
            default=3600,
            show_default=True,
            help="Seconds that a submission may take to be made, to be fitted, or for 32 samples.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def isolation_of(*, sandbox=False, in_process=False, memory=None, time_limit=3600, hidden=()):
    """What these options ask for."""
    from livebench.isolation.remote import Isolation

    if in_process and (sandbox or memory is not None):
        raise click.UsageError("--in-process goes with neither --sandbox nor --memory")
    kind = "sandbox" if sandbox else "none" if in_process else "process"
    most = memory if memory is not None else SANDBOX_MEMORY if sandbox else 0
    return Isolation(kind, most, time_limit, tuple(hidden))
