"""A candidate set as tasks of lm-evaluation-harness: a folder for its `include_path`.

livebench_SET.yaml             the group of all tasks
livebench_SET_SETTING.yaml     multiple choice over 100 candidates, with our prompt
task.py                        what the tasks need beyond YAML
samples.parquet                contexts, candidates, places of the correct ones
README.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from livebench import __version__
from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.errors import LiveBenchError
from livebench.export.plain_files import write_rows
from livebench.files import new_folder, write_text
from livebench.language_models.prompt import Prompt, line_of
from livebench.records import Setting
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import METRICS
from livebench.scoring.result import signature_of
from livebench.scoring.runner import read_samples


def export_harness(
    candidate_set: CandidateSet,
    dataset: Dataset,
    prompt: Prompt,
    settings: Sequence[Setting],
    out: Path,
) -> int:
    """Write a new folder; return the number of samples.

    Args:
        settings: a task each; `blind` is in all of them, as what mutual information is taken against.

    Raises:
        LiveBenchError: the set is private, its text is absent, it cannot be scored in a setting, or the
            folder cannot be written.
    """
    if candidate_set.manifest.is_private:
        raise candidate_set.is_kept_elsewhere()
    for setting in settings:
        if setting not in candidate_set.settings:
            raise LiveBenchError(
                candidate_set.path,
                f"cannot be scored in the setting {setting}",
                f"choose from {', '.join(candidate_set.manifest.settings)}",
            )
    candidate_set.check_dataset(dataset)
    candidate_set.check_text(dataset)
    columns = {"sample_id": "string", "choices": ["string"], "correct": ["int64"]}
    columns |= dict.fromkeys(["blind", *settings], "string")
    name = f"livebench_{re.sub('[^A-Za-z0-9]+', '_', candidate_set.name)}"
    tasks = {setting: f"{name}_{setting}" for setting in settings}
    rows = _rows(candidate_set, dataset, prompt, settings)
    with new_folder(out) as folder:
        count = write_rows(folder / "samples.parquet", rows, columns)
        template = files("livebench.export") / "templates" / "harness_task.txt"
        write_text(folder / "task.py", template.read_text("utf-8"))
        for setting, task in tasks.items():
            write_text(folder / f"{task}.yaml", _task(task, setting, candidate_set, prompt))
        members = "\n".join(f"  - {task}" for task in tasks.values())
        write_text(folder / f"{name}.yaml", f"group: {name}\ntask:\n{members}\n")
        write_text(folder / "README.md", _readme(candidate_set, prompt, name, tasks))
    return count


def _rows(
    candidate_set: CandidateSet, dataset: Dataset, prompt: Prompt, settings: Sequence[Setting]
) -> Iterator[dict[str, Any]]:
    answers = Answers(candidate_set)
    shown: list[Setting] = ["blind", *settings]
    views = [read_samples(candidate_set, dataset, setting) for setting in shown]
    for correct, samples in zip(answers.correct, zip(*views, strict=True), strict=True):
        sample_id, first = samples[0]
        contexts = (prompt.context(one.video_ctx, one.comments) for _, one in samples)
        yield {
            "sample_id": sample_id,
            "choices": [line_of(candidate) for candidate in first.candidates],
            "correct": correct.nonzero()[0].tolist(),
            **dict(zip(shown, contexts, strict=True)),
        }


_TASK = """task: {task}
class: !function task.LiveComments
custom_dataset: !function task.load
process_results: !function task.process_results
output_type: multiple_choice
test_split: test
num_fewshot: 0
doc_to_text: {setting}
doc_to_choice: choices
doc_to_target: correct
target_delimiter: ""
metric_list:
{metrics}
metadata:
  version: "{version}"
  signature: "{signature}"
  prompt: "{prompt}"
"""


def _task(task: str, setting: Setting, candidate_set: CandidateSet, prompt: Prompt) -> str:
    """The YAML of a task."""
    names = {"acc": True, "acc_mutual_info": True}
    for suffix in ("", "_pmi"):
        names |= {f"{metric.name}{suffix}": metric.higher_is_better for metric in METRICS}
    metrics = "\n".join(
        f'  - metric: "{name}"\n    aggregation: mean\n    higher_is_better: {str(higher).lower()}'
        for name, higher in names.items()
    )
    signature = signature_of(candidate_set.manifest.signature, setting, "sum")
    return _TASK.format(
        task=task,
        setting=setting,
        metrics=metrics,
        version=__version__,
        signature=signature,
        prompt=prompt.label,
    )


_README = """# {name}

Tasks of lm-evaluation-harness for {signature}: which of 100 candidates did people write at a moment of a
video? Prompt {prompt}.

    lm_eval --model hf --model_args pretrained=MODEL --include_path . --tasks {name}

{tasks}

- `R@1`, `R@5`, `R@10`, `MR`, `MRR` are LiveBench's metrics of the best-placed correct candidate, by
  log-likelihood; with `_pmi` by log-likelihood less that after the prompt of the setting `blind`.
  `acc` and `acc_mutual_info` are R@1 / 100, but for ties. The numbers have no intervals over videos, no
  rank and no place on the leaderboard: `livebench evaluate` gives those.
- The harness moves the line end between prompt and candidate to the candidate: the log-likelihoods of
  a sample all hold the same log p(line end), which changes no rank. Where a tokenizer joins the line
  end with the mark before it, the harness loses it, and numbers differ from LiveBench's, which
  tokenises prompt and candidate apart.
- Too long a prompt loses its beginning here; in LiveBench it loses its oldest comments.
- The candidates are a test: do not train on them. {licence}
"""


def _readme(
    candidate_set: CandidateSet, prompt: Prompt, name: str, tasks: dict[Setting, str]
) -> str:
    open_text = candidate_set.manifest.dataset.recipe
    licence = "" if open_text else "They are people's comments: do not publish this folder."
    return _README.format(
        name=name,
        signature=candidate_set.manifest.signature,
        prompt=prompt.label,
        tasks="\n".join(f"- `{task}`: setting `{setting}`" for setting, task in tasks.items()),
        licence=licence,
    )
