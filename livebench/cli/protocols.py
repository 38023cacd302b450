"""`livebench protocols`."""

from __future__ import annotations

import click


@click.group("protocols", invoke_without_command=True)
@click.pass_context
def protocols_command(context) -> None:
    """List the protocols; `protocols diff A B` shows where two differ, and why."""
    if context.invoked_subcommand is None:
        from livebench.candidates.protocol import bundled_protocols, load_protocol

        for name in bundled_protocols():
            protocol = load_protocol(name)
            click.echo(f"{name:10} {protocol.summary}")
            click.echo(f"{'':10} {protocol.source}")


@protocols_command.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
def diff_command(first, second) -> None:
    """The fields in which A and B differ, each with the reason from its file.

    A and B are names of bundled protocols, or paths of .toml files.
    """
    from livebench.candidates.protocol import load_protocol, protocol_fields

    pair = [load_protocol(first), load_protocol(second)]
    values = [protocol_fields(protocol) for protocol in pair]
    for name in dict.fromkeys([*values[0], *values[1]]):
        both = [value.get(name, "-") for value in values]
        if both[0] == both[1] or name in ("name", "version", "summary", "source"):
            continue
        click.echo(name)
        for protocol, value in zip(pair, both, strict=True):
            reason = protocol.reasons.get(name, "") if value != "-" else "not a part of it"
            click.echo(f"  {protocol.name:10} {_shown(value):22} {reason}".rstrip())


@protocols_command.command("show")
@click.argument("name", metavar="PROTOCOL")
def show_command(name) -> None:
    """Every field of PROTOCOL, by name or path of a .toml, with its reason."""
    from livebench.candidates.protocol import load_protocol, protocol_fields

    protocol = load_protocol(name)
    for field, value in protocol_fields(protocol).items():
        reason = protocol.reasons.get(field, "")
        click.echo(f"{field:28} {_shown(value):24} {reason}".rstrip())


def _shown(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
