"""`livebench train`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from livebench.cli.progress import bar, quiet_option, remark


@click.command()
@click.argument("folder", metavar="SUBMISSION", type=click.Path(path_type=Path))
@click.option("--dataset", type=click.Path(path_type=Path), required=True)
@click.option(
    "--protocol",
    required=True,
    help="Name or .toml; its rules say which comments and frames surround a moment.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the checkpoint; best within the submission, as checkpoints/RUN.",
)
@click.option(
    "--config",
    default="small",
    show_default=True,
    help="Settings of the trainer: for the bundled models small, paper, or a .toml.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda, as torch names it.")
@quiet_option
def train(folder, dataset, protocol, out, config, seed, device, quiet) -> None:
    """Train a submission on a dataset.

    Its class trains, by a class method `train(job)`; the bundled models do. The same command again goes
    on where a stopped training was. On several processes: torchrun --nproc-per-node N -m livebench
    train ...
    """
    from livebench.candidates.protocol import load_protocol
    from livebench.data.dataset import Dataset
    from livebench.submissions.load import Submission
    from livebench.training.job import run_table
    from livebench.training.job import train_submission as train_job

    submission = Submission(folder)
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun started
    opened = Dataset(dataset)
    file = train_job(
        submission,
        dataset=opened,
        protocol=load_protocol(protocol),
        out=out,
        config=config,
        seed=seed,
        device=device,
        bar=lambda total, label: bar(total, label, quiet or not first, unit="comment"),
        say=lambda text: remark(text, quiet or not first),
    )
    if not first:
        return
    click.echo(f"checkpoint: {file}; to score with it, put this into {folder}/submission.toml:\n")
    click.echo(run_table(submission, out.name, seed, opened.info.name, file), nl=False)
