"""`livebench export`: sets, tasks and results in the formats of other programs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livebench.cli.datasets import Datasets
from livebench.cli.listing import InOrder
from livebench.cli.options import (
    NEW_PATH,
    PATH,
    SET,
    SUBMISSION,
    candidates_option,
    chosen_sets,
    chosen_settings,
    dataset_option,
    sets_option,
    setting_option,
    signers_option,
    submissions_option,
)
from livebench.cli.progress import quiet_option, remark
from livebench.errors import LiveBenchError

if TYPE_CHECKING:
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.export.hub_card import HubSource
    from livebench.language_models.prompt import Prompt
    from livebench.submissions.load import Submission


@click.group("export", cls=InOrder)
def export_command() -> None:
    """Write sets, tasks and results in the formats of other programs."""


out_option = click.option("--out", type=NEW_PATH, required=True, help="New folder of the files.")


@export_command.command("samples")
@click.argument("candidates", metavar="SET", type=SET)
@out_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="Format of the files.",
)
@click.option(
    "--prompt",
    help="Add columns `prompt` and `completion` to the pairs, to fine-tune a language model: by this "
    "prompt, lines (that of `evaluate --hf`) or the path of a .toml.",
)
@click.option(
    "--setting",
    type=click.Choice(["video", "comments", "both"]),
    help="What --prompt shows.  [default: comments]",
)
@dataset_option
@quiet_option
def export_samples_command(candidates, out, form, prompt, setting, datasets, quiet) -> None:
    """Write the samples of SET and its training pairs as plain files, to train and score elsewhere.

    \b
    OUT/samples.jsonl    a line a sample: title, surrounding comments, 100 candidates
    OUT/train.jsonl      a line a comment of the training split, with its title and what surrounds it
    OUT/dev.jsonl        the same of the development split
    OUT/about.json       set, dataset, licence, counts

    Scores come back as SUBMISSION/scores/SET/RUN/SETTING.jsonl: a line a sample,
    {"sample_id": "...", "scores": [100 numbers, in the order of its candidates]}.
    docs/export.md shows every field.
    """
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.export.export import export_set
    from livebench.export.prompted import Prompting

    if setting and not prompt:
        raise click.UsageError("--setting belongs to --prompt")
    prompting = Prompting(_prompt(prompt), setting or "comments") if prompt else None
    candidate_set = CandidateSet(candidates)
    dataset = Datasets(datasets, quiet).need(candidate_set)
    counts = export_set(
        candidate_set,
        dataset,
        out,
        form,
        lambda name: remark(f"writing {name}", quiet),
        prompting,
    )
    rows = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    click.echo(f"{out}: {rows}; {candidate_set.manifest.signature}")


def _prompt(named: str) -> Prompt:
    """A prompt by its name, or by the path of its file."""
    from livebench.language_models.prompt import read_prompt

    return read_prompt(Path(named) if named.endswith(".toml") else named)


@export_command.command("hf")
@click.argument("candidates", metavar="SET", type=SET)
@out_option
@dataset_option
@quiet_option
def export_hf_command(candidates, out, datasets, quiet) -> None:
    """Write SET as a dataset for the hub of Hugging Face, with its card.

    \b
    livebench export hf simulated-matched --out hub/simulated-matched
    python -c 'import datasets; print(datasets.load_dataset("hub/simulated-matched", "comments"))'

    A config a setting. Where the licence of the dataset does not let its text be published again, only
    ids and answers are written, and the command that restores the samples.
    """
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.export.hub_dataset import export_hub

    candidate_set = CandidateSet(candidates)
    source = _hub_source(candidate_set, Datasets(datasets, quiet))
    count = export_hub(candidate_set, source, out)
    what = "" if source.text else ", without text"
    click.echo(f"{out}: {count} samples{what}; {candidate_set.manifest.signature}")
    if not source.text:
        why = f"its licence is not one that says so: {source.licence or 'none is known'}"
        remark(f"the text of {candidate_set.name} may not be published again: {why}", quiet)


@export_command.command("lm-eval")
@click.argument("candidates", metavar="SET", type=SET)
@out_option
@click.option(
    "--prompt", help="Prompt, by name or path of a .toml. Default: that of `evaluate --hf`."
)
@setting_option
@dataset_option
@quiet_option
def export_lm_eval_command(candidates, out, prompt, setting, datasets, quiet) -> None:
    """Write SET as tasks of lm-evaluation-harness: multiple choice over 100 candidates.

    \b
    livebench export lm-eval simulated-matched --out tasks
    lm_eval --include_path tasks --tasks livebench_simulated_matched --model hf --model_args ...

    A task a setting, with the prompt that `livebench evaluate --hf` uses. Its R@1 and acc are
    LiveBench's R@1 by sum, R@1_pmi and acc_mutual_info that by pmi.
    """
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.export.harness_task import export_harness
    from livebench.language_models.prompt import DEFAULT_PROMPT

    candidate_set = CandidateSet(candidates)
    if setting == "blind":
        what = "is in every task: what mutual information is taken against"
        raise LiveBenchError("--setting blind", what, "name another, or all")
    chosen = chosen_settings(setting, blind=False)
    if setting == "all":
        chosen = [name for name in chosen if name in candidate_set.settings]
    found = _prompt(prompt or DEFAULT_PROMPT)
    dataset = Datasets(datasets, quiet).need(candidate_set)
    count = export_harness(candidate_set, dataset, found, chosen, out)
    click.echo(f"{out}: {count} samples in {', '.join(chosen)}; prompt {found.label}")


@export_command.command("results")
@click.argument("names", metavar="SUBMISSION...", type=SUBMISSION, nargs=-1, required=True)
@out_option
@candidates_option
@click.option(
    "--hub",
    "owner",
    default="livebench-danmaku",
    show_default=True,
    help="Owner of the sets on the hub of Hugging Face.",
)
@submissions_option
@signers_option
def export_results_command(names, out, candidates, owner, submissions_folder, signers) -> None:
    """Write the results of each SUBMISSION as tables for papers and as cards for the hub.

    \b
    OUT/results.md, results.tex, livebench.bib    tables with intervals, ranks, signatures
    OUT/SUBMISSION/README.md                      a model card with model-index
    OUT/SUBMISSION/.eval_results/SET.yaml         the same for the hub's leaderboards

    Ranks are among all submissions of the folder --submissions.
    """
    from livebench.export.results import export_results
    from livebench.leaderboard.collect import collect
    from livebench.submissions.load import Submission, find_submissions

    shown = {path.resolve(): Submission(path) for path in names}
    others = find_submissions(submissions_folder) if submissions_folder.is_dir() else []
    everyone = {one.path.resolve(): one for one in others} | shown
    wanted = [one for one in chosen_sets(candidates) if _scored_by(shown.values(), one.name)]
    sections = collect(wanted, list(everyone.values()), signers=signers)
    count = export_results(list(shown.values()), sections, out, owner)
    click.echo(f"{out}: {count} rows on {len(sections)} sets")


@export_command.command("cards")
@click.option("--out", type=PATH, default="docs/cards.md", show_default=True, help="File to write.")
@submissions_option
@sets_option
def export_cards_command(out, submissions_folder, sets_folder) -> None:
    """Write a page that says of every dataset, set and submission what it is, and what it is not."""
    from livebench.candidates.candidate_set import find_sets
    from livebench.export.cards import cards_page
    from livebench.files import write_text
    from livebench.sources.source import known_sources
    from livebench.submissions.load import find_submissions

    submissions, sets = find_submissions(submissions_folder), find_sets(sets_folder)
    write_text(out, cards_page(submissions, sets, known_sources()))
    click.echo(f"{out}: {len(submissions)} submissions, {len(sets)} sets")


def _scored_by(submissions: Iterable[Submission], set_name: str) -> bool:
    """Whether one of the submissions has scores on a set."""
    return any((one.path / "scores" / set_name).is_dir() for one in submissions)


def _hub_source(candidate_set: CandidateSet, datasets: Datasets) -> HubSource:
    """What is known of the dataset of a set."""
    from livebench.export.hub_card import HubSource
    from livebench.sources.source import known_sources

    wanted = candidate_set.manifest.dataset
    known = next((one for one in known_sources() if one.fingerprint == wanted.fingerprint), None)
    dataset = datasets.of(candidate_set)
    if dataset is None and wanted.recipe:
        raise candidate_set.no_dataset()
    return HubSource.of(candidate_set, dataset, known)
