"""`livebench train`."""

from __future__ import annotations

import os

import click

from livebench.cli.options import DATASET, PATH, SUBMISSION, device_option, protocol_option
from livebench.cli.progress import INTERRUPTED, bar, quiet_option, remark


@click.command("train")
@click.argument("submission", type=SUBMISSION)
@click.option(
    "--dataset", type=DATASET, required=True, help="Dataset, by name or path, to train on."
)
@protocol_option(required=True)
@click.option(
    "--out",
    type=PATH,
    required=True,
    help="Folder of the checkpoint; preferably in the submission, as checkpoints/RUN.",
)
@click.option(
    "--config",
    default="small",
    show_default=True,
    help="Training configuration; for the bundled models: small, medium, paper, or a .toml.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Training seed."
)
@device_option
@quiet_option
def train_command(submission, dataset, protocol, out, config, seed, device, quiet) -> None:
    """Train SUBMISSION on a dataset.

    Its class must have a class method `train(job)`, as the bundled models do. The protocol determines
    which comments and frames surround a moment. The same command resumes an interrupted run. With
    several processes: torchrun --nproc-per-node N -m livebench train ...
    """
    from livebench.candidates.protocol import load_protocol
    from livebench.data.dataset import Dataset
    from livebench.submissions.load import Submission
    from livebench.training.job import run_table, train_submission

    opened, data = Submission(submission), Dataset(dataset)
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun started
    try:
        file = train_submission(
            opened,
            dataset=data,
            protocol=load_protocol(protocol),
            out=out,
            config=config,
            seed=seed,
            device=device,
            bar=lambda total, label: bar(total, label, quiet or not first, unit="comment"),
            say=lambda text: remark(text, quiet or not first),
        )
    except KeyboardInterrupt:
        kept = f"what is in {out} is kept, and the same command goes on from there"
        nothing = "nothing was saved yet"
        remark(f"interrupted: {kept if out.exists() else nothing}", not first)
        raise click.exceptions.Exit(INTERRUPTED) from None
    if not first:
        return
    click.echo(
        f"checkpoint: {file}; to score with it, put this into {submission}/submission.toml:\n"
    )
    info = data.info
    click.echo(run_table(opened, out.name, seed, info.name, file, info.fingerprint), nl=False)
