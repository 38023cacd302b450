"""`livebench`: wires the commands, and turns errors that a user can mend into one line."""

from __future__ import annotations

import sys
import traceback

import click

from livebench.cli.audit import audit
from livebench.cli.candidates import build_candidates, verify
from livebench.cli.compare import compare
from livebench.cli.evaluate import evaluate
from livebench.cli.features import features
from livebench.cli.generate import generate
from livebench.cli.human import human_eval
from livebench.cli.imports import import_
from livebench.cli.leaderboard import leaderboard
from livebench.cli.livebot_checkpoint import livebot_checkpoint
from livebench.cli.plot import plot
from livebench.cli.protocols import protocols
from livebench.cli.reproduce import reproduce
from livebench.cli.simulate import simulate
from livebench.cli.site import site
from livebench.cli.stats import stats
from livebench.cli.submit import submit
from livebench.cli.train import train
from livebench.errors import LiveBenchError, one_line

LONGEST = 4000
"""Characters of an error that are shown, at most."""

COMMANDS = (
    import_,
    simulate,
    features,
    stats,
    protocols,
    build_candidates,
    verify,
    audit,
    train,
    evaluate,
    generate,
    human_eval,
    submit,
    compare,
    leaderboard,
    site,
    plot,
    reproduce,
)


class InOrder(click.Group):
    """Lists the commands in the order in which they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="livebench-danmaku")
def cli() -> None:
    """Benchmark and leaderboard harness for automatic live commenting."""


import_.add_command(livebot_checkpoint)
for command in COMMANDS:
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exit status 2 where the user can mend it."""
    try:
        cli.main(args=arguments, prog_name="livebench")
    except LiveBenchError as error:
        if error.__cause__ is not None:  # the code of a submission: its author wants to see where
            traceback.print_exception(error.__cause__)
        click.echo(f"livebench: {one_line(str(error), LONGEST)}", err=True)
        sys.exit(2)
    except OSError as error:
        if error.filename is None:  # not about a file: a defect
            raise
        click.echo(f"livebench: {error.filename}: {error.strerror}", err=True)
        sys.exit(2)
