"""Progress bars: on a terminal only, and never with --quiet."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

import click

quiet_option = click.option("--quiet", is_flag=True, help="No progress bar, no remarks.")


@contextlib.contextmanager
def bar(
    total: int, label: str, quiet: bool = False, unit: str = "sample"
) -> Iterator[Callable[..., object]]:
    """Give a function to call with how much was done since the last call, and a note to show."""
    from tqdm import tqdm

    hidden = quiet or not sys.stderr.isatty()
    with tqdm(total=total, desc=label, disable=hidden, leave=False, unit=unit) as shown:

        def update(count: int, note: str = "") -> None:
            shown.set_postfix_str(note, refresh=False)
            shown.update(count)

        yield update


def remark(text: str, quiet: bool = False) -> None:
    """Say something about the work, apart from its results."""
    if not quiet:
        click.echo(text, err=True)
