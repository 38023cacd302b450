"""`livebench export`: samples and training pairs as plain files."""

from __future__ import annotations

import click

from livebench.cli.datasets import Datasets
from livebench.cli.options import NEW_PATH, SET, dataset_option
from livebench.cli.progress import quiet_option, remark


@click.command("export")
@click.argument("candidates", metavar="SET", type=SET)
@click.option("--out", type=NEW_PATH, required=True, help="New folder of the files.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="Format of the files.",
)
@dataset_option
@quiet_option
def export_command(candidates, out, form, datasets, quiet) -> None:
    """Write the samples of SET and its training pairs as plain files, to train and score elsewhere.

    \b
    OUT/samples.jsonl    a line a sample: title, surrounding comments, 100 candidates
    OUT/train.jsonl      a line a comment of the training split, with its title and what surrounds it
    OUT/dev.jsonl        the same of the development split
    OUT/about.json       set, dataset, licence, counts

    Scores come back as SUBMISSION/scores/SET/RUN/SETTING.jsonl: a line a sample,
    {"sample_id": "...", "scores": [100 numbers, in the order of its candidates]}.
    docs/datasets.md shows every field.
    """
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.export.export import export_set

    candidate_set = CandidateSet(candidates)
    dataset = Datasets(datasets, quiet).need(candidate_set)
    counts = export_set(
        candidate_set, dataset, out, form, lambda name: remark(f"writing {name}", quiet)
    )
    rows = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    click.echo(f"{out}: {rows}; {candidate_set.manifest.signature}")
