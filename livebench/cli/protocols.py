"""`livebench protocols`."""

from __future__ import annotations

import click


@click.group(invoke_without_command=True)
@click.pass_context
def protocols(context) -> None:
    """List the protocols; `protocols diff A B` shows where two differ, and why."""
    if context.invoked_subcommand is None:
        from livebench.candidates.protocol import bundled_protocols, load_protocol

        for name in bundled_protocols():
            protocol = load_protocol(name)
            click.echo(f"{name:10} {protocol.summary}")
            click.echo(f"{'':10} {protocol.source}")


@protocols.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
def diff(first, second) -> None:
    """The fields in which A and B differ, each with the reason from its file.

    A and B are names of bundled protocols, or paths of .toml files.
    """
    from livebench.candidates.protocol import load_protocol, protocol_fields

    pair = [load_protocol(first), load_protocol(second)]
    values = [protocol_fields(protocol) for protocol in pair]
    names = dict.fromkeys([*values[0], *values[1]])
    for name in names:
        if name in ("name", "version", "summary", "source"):
            continue
        found = [value.get(name, "-") for value in values]
        if found[0] != found[1]:
            click.echo(name)
            for protocol, value in zip(pair, found, strict=True):
                shown = ", ".join(value) if isinstance(value, list) else value
                reason = protocol.reasons.get(name, "") if value != "-" else "not a part of it"
                click.echo(f"  {protocol.name:10} {shown!s:22} {reason}".rstrip())


@protocols.command()
@click.argument("name", metavar="PROTOCOL")
def show(name) -> None:
    """Every field of a protocol, with its reason."""
    from livebench.candidates.protocol import load_protocol, protocol_fields

    protocol = load_protocol(name)
    for field, value in protocol_fields(protocol).items():
        shown = ", ".join(value) if isinstance(value, list) else value
        click.echo(f"{field:28} {shown!s:24} {protocol.reasons.get(field, '')}".rstrip())
