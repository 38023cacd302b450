"""`livebench import livebot-checkpoint`."""

from __future__ import annotations

import click

from livebench.cli.options import NEW_PATH, PATH


@click.command("livebot-checkpoint")
@click.argument("file", type=PATH)
@click.option("--vocab", type=PATH, required=True, help="Its dicts-30000.json.")
@click.option(
    "--out",
    type=NEW_PATH,
    required=True,
    help="New folder of the checkpoint; preferably in a submission, as checkpoints/RUN.",
)
@click.option(
    "--heads",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Attention heads (-n_head there); not recorded in FILE.",
)
@click.option(
    "--entry",
    default="livebench_baselines.released_transformer:ReleasedTransformer",
    show_default=True,
    help="Scorer that converts the checkpoint and will load it.",
)
def livebot_checkpoint_command(file, vocab, out, heads, entry) -> None:
    """Import a Unified Transformer saved by the released code of LiveBot.

    FILE is its checkpoint.pt or best_checkpoint.pt. The scorer scores as that code does: see
    docs/submissions.md.
    """
    import hashlib

    import msgspec

    from livebench.training.released_checkpoint import import_checkpoint

    made = import_checkpoint(entry, file, vocabulary=vocab, out=out, heads=heads).resolve()
    # In the terms of the submission that it lies in, if it lies in one.
    folder = next((p for p in made.parents if (p / "submission.toml").is_file()), None)
    run = {
        "name": made.parent.name,
        "checkpoint": (made.relative_to(folder) if folder else made).as_posix(),
        "checkpoint_sha256": hashlib.sha256(made.read_bytes()).hexdigest(),
    }
    click.echo(f"checkpoint: {made}; to score with it, put this into submission.toml:\n")
    click.echo(msgspec.toml.encode({"entry": entry, "runs": [run]}).decode(), nl=False)
