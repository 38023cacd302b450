"""`livebench`: wires the commands, and turns errors that a user can fix into one line."""

from __future__ import annotations

import sys
import traceback

import click

from livebench.cli.audit import audit_command
from livebench.cli.candidates import build_candidates_command, verify_command
from livebench.cli.compare import compare_command
from livebench.cli.evaluate import evaluate_command
from livebench.cli.export import export_command
from livebench.cli.features import features_command
from livebench.cli.generate import generate_command
from livebench.cli.get import get_command
from livebench.cli.human import human_eval_command
from livebench.cli.imports import import_command
from livebench.cli.leaderboard import leaderboard_command
from livebench.cli.listing import InOrder
from livebench.cli.livebot_checkpoint import livebot_checkpoint_command
from livebench.cli.plot import plot_command
from livebench.cli.protocols import protocols_command
from livebench.cli.remove import remove_command
from livebench.cli.reproduce import reproduce_command
from livebench.cli.rerun import attest_command, rerun_command
from livebench.cli.show import show_command
from livebench.cli.simulate import simulate_command
from livebench.cli.site import site_command
from livebench.cli.stats import stats_command
from livebench.cli.submit import submit_command
from livebench.cli.train import train_command
from livebench.errors import LiveBenchError, one_line

LONGEST_PART = 2000
"""Characters of a part of an error that are shown, at most."""

COMMANDS = (
    get_command,
    import_command,
    simulate_command,
    features_command,
    stats_command,
    protocols_command,
    build_candidates_command,
    verify_command,
    audit_command,
    export_command,
    train_command,
    evaluate_command,
    generate_command,
    human_eval_command,
    submit_command,
    show_command,
    compare_command,
    leaderboard_command,
    site_command,
    plot_command,
    reproduce_command,
    remove_command,
)


@click.group(cls=InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="livebench-danmaku")
def cli() -> None:
    """Benchmark and leaderboard harness for automatic live commenting (danmaku).

    Not LiveBench, the benchmark of language models.
    """


import_command.add_command(livebot_checkpoint_command)
submit_command.add_command(rerun_command)
submit_command.add_command(attest_command)
for command in COMMANDS:
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exit status 2 where the user can fix the error."""
    asked: dict[str, bool] = {}  # --json says here that it was given
    try:
        cli.main(args=arguments, prog_name="livebench", obj=asked)
    except LiveBenchError as error:
        if error.__cause__ is not None:  # the code of a submission: its author wants to see where
            traceback.print_exception(error.__cause__)
        shown = error
    except OSError as error:
        if error.filename is None:  # not about a file: a defect
            raise
        shown = LiveBenchError(error.filename, error.strerror or str(error))
    parts = {
        name: one_line(getattr(shown, name), LONGEST_PART)
        for name in ("where", "place", "what", "fix")
    }
    click.echo(f"livebench: {LiveBenchError(**parts)}", err=True)
    if asked.get("json"):
        import json

        click.echo(json.dumps({"error": parts}, ensure_ascii=False))
    sys.exit(2)
