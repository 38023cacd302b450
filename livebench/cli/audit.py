"""`livebench audit`: of a candidate set, or of a dataset."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from livebench.cli.datasets import Datasets
from livebench.cli.options import SET_OR_DATASET, dataset_option, json_option, print_json
from livebench.cli.progress import quiet_option, remark


@click.command("audit")
@click.argument("path", metavar="SET|DATASET", type=SET_OR_DATASET)
@dataset_option
@json_option
@click.option("--strict", is_flag=True, help="Exit 1 if there is a shortcut or a leak.")
@quiet_option
def audit_command(path, datasets, as_json, strict, quiet) -> None:
    """How far do shortcuts get on a candidate SET? What do the splits of a DATASET share?

    The audit of a set is saved in its folder (audit.json) and shown on the leaderboard.
    """
    if (path / "dataset.toml").exists():
        failed = _audit_dataset(path, as_json)
    else:
        failed = _audit_set(path, datasets, as_json, quiet)
    if strict and failed:
        sys.exit(1)


def _audit_dataset(path: Path, as_json: bool) -> bool:
    from livebench.audit.dataset_audit import audit_dataset
    from livebench.audit.dataset_audit_text import describe_dataset_audit
    from livebench.data.dataset import Dataset

    dataset_audit = audit_dataset(Dataset(path))
    if as_json:
        print_json(dataset_audit)
    else:
        click.echo("\n".join(describe_dataset_audit(dataset_audit)))
    return bool(dataset_audit.leaks)


def _audit_set(path: Path, datasets: tuple[Path, ...], as_json: bool, quiet: bool) -> bool:
    from livebench.audit.set_audit import audit_set, describe_set_audit, has_shortcut, write_audit
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.candidates.freeze import restore_set

    candidate_set = CandidateSet(path)
    dataset = Datasets(datasets, quiet or as_json).need(candidate_set)
    if not candidate_set.has_text:
        remark(f"restoring {path}", quiet or as_json)
        restore_set(path, dataset)
    set_audit = audit_set(candidate_set, dataset)
    written = write_audit(candidate_set, set_audit)
    if as_json:
        print_json(set_audit)
    else:
        click.echo(describe_set_audit(set_audit))
        remark(f"{written}: written", quiet)
    return has_shortcut(set_audit)
