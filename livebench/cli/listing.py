"""How commands are listed in a help text."""

from __future__ import annotations

import click

_SENTENCE = 200


class InOrder(click.Group):
    """Lists the commands in the order in which they are used, each with its first sentence in full."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        shown = [one for one in self.commands.values() if not one.hidden]
        rows = [(one.name or "", one.get_short_help_str(_SENTENCE)) for one in shown]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
