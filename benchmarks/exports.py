"""What `livebench export` writes, opened by what it is for, in environments that hold nothing else.

    python benchmarks/exports.py [--only hf] [--only results] [--only lm-eval] [--only latex]
                                 [--folder FOLDER]

A simulated world of 20 videos, a set of the protocol `paper` on it, and a submission with scores. For
each library a fresh virtual environment with that library alone (pinned by constraints.txt; pip needs
a package index), in which LiveBench is not installed; then, without a network,

hf         datasets.load_dataset opens every config; huggingface_hub reads the card
results    huggingface_hub reads `model-index` of the model card, and `.eval_results`
lm-eval    lm_eval finds the tasks, and evaluates one with its dummy model
latex      pdflatex makes a page of results.tex (Debian: texlive-latex-recommended)

--folder: where exports and environments are kept; what is there is used. Prints what was seen, and
seconds: of pip, and of opening. Exit status 1 if anything fails.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.simulated.simulation import simulate_dataset

ROOT = Path(__file__).resolve().parent.parent
SCORER = """class Mine:
    def score(self, video_ctx, comments, candidate):
        shown = {word for comment in comments for word in comment.words}
        return len(shown.intersection(candidate.words)) / len(candidate.words)
"""
CARD = """name = "Mine & others_100%"
authors = ["Somebody"]
date = 2026-01-31
description = "Words shared with the surrounding comments."
entry = "scorer:Mine"
settings = ["comments"]
licence = "MIT"

[[runs]]
name = "default"
"""
OPEN_HF = """import datasets, huggingface_hub
for config in datasets.get_dataset_config_names("hub"):
    rows = datasets.load_dataset("hub", config, split="test")
    print(config, rows.num_rows, "rows,", len(rows.column_names), "columns,", len(rows[0]["candidates"]))
card = huggingface_hub.DatasetCard.load("hub/README.md")
print("card:", card.data.license, card.data.language, card.data.size_categories)
"""
OPEN_RESULTS = """import huggingface_hub, pathlib, yaml
card = huggingface_hub.ModelCard.load("results/mine/README.md")
for one in card.data.eval_results:
    print(one.dataset_name, one.dataset_config, one.metric_type, one.metric_value)
for path in sorted(pathlib.Path("results/mine/.eval_results").iterdir()):
    entries = huggingface_hub.parse_eval_result_entries(yaml.safe_load(path.read_text("utf-8")))
    print(path.name, len(entries), "entries")
"""
OPEN_TASKS = """import lm_eval
from lm_eval.tasks import TaskManager
manager = TaskManager(include_path="tasks", include_defaults=False)
print("tasks:", ", ".join(sorted(manager.all_tasks)))
found = lm_eval.simple_evaluate(
    model="dummy", tasks=["livebench_small_comments"], task_manager=manager, bootstrap_iters=0, limit=5
)
shown = {k: round(v, 3) for k, v in found["results"]["livebench_small_comments"].items()
         if k.endswith(",none") and isinstance(v, float)}
print(shown)
"""
LIBRARIES = {
    "hf": (("datasets", "huggingface_hub"), OPEN_HF),
    "results": (("huggingface_hub",), OPEN_RESULTS),
    "lm-eval": (("lm_eval",), OPEN_TASKS),
}


def livebench(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "livebench", *arguments]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def make(folder: Path) -> None:
    """The exports, in `folder`: hub, tasks, results."""
    world = simulate_dataset(folder / "datasets" / "world", seed=1, videos=20, dev=2, test=10)
    build_set(world, load_protocol("paper"), folder / "candidates" / "small", max_samples=20)
    (folder / "submissions" / "mine").mkdir(parents=True)
    (folder / "submissions" / "mine" / "scorer.py").write_text(SCORER, encoding="utf-8")
    (folder / "submissions" / "mine" / "submission.toml").write_text(CARD, encoding="utf-8")
    livebench(folder, "evaluate", "mine", "--quiet")
    livebench(folder, "export", "hf", "small", "--out", "hub", "--quiet")
    livebench(folder, "export", "lm-eval", "small", "--out", "tasks", "--quiet")
    livebench(folder, "export", "results", "mine", "--out", "results")


def opened(folder: Path, name: str) -> bool:
    """Open an export in an environment with its libraries alone."""
    packages, code = LIBRARIES[name]
    place = folder / "environments" / name
    if not place.exists():
        venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    started = time.perf_counter()
    subprocess.run([*pip, "-c", ROOT / "constraints.txt", *packages], check=True)
    installed = time.perf_counter() - started
    offline = dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"), "1")
    environment = {**os.environ, **offline, "HF_HOME": str(place / "cache")}
    environment.pop("PYTHONPATH", None)
    started = time.perf_counter()
    done = subprocess.run(
        [python, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - started
    print(
        f"{name}: {' and '.join(packages)} installed in {installed:.0f} s, opened in {took:.1f} s"
    )
    print("\n".join(f"  {line}" for line in done.stdout.splitlines()))
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
    return done.returncode == 0


PAGE = r"""\documentclass{article}
\usepackage{booktabs}
\usepackage[a4paper,margin=1.5cm,landscape]{geometry}
\begin{document}
\input{results}
\bibliographystyle{plain}\nocite{*}\bibliography{livebench}
\end{document}
"""


def compiled(folder: Path, out: Path | None) -> bool:
    """Compile the table, with its citations, as somebody would in a paper."""
    missing = [name for name in ("pdflatex", "bibtex") if not shutil.which(name)]
    if missing:
        print(f"latex: not tried, {', '.join(missing)} is not installed")
        return True
    place = folder / "paper"
    shutil.copytree(folder / "results", place)
    (place / "paper.tex").write_text(PAGE, encoding="utf-8")
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    started = time.perf_counter()
    for command in (latex, ["bibtex", "paper"], latex, latex):
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stdout[-2000:], file=sys.stderr)
            return False
    took = time.perf_counter() - started
    log = (place / "paper.log").read_text("latin-1")
    bad = [line for line in log.splitlines() if line.startswith(("Overfull", "LaTeX Warning"))]
    print(f"latex: compiled in {took:.1f} s; {len(bad)} warnings")
    print("\n".join(f"  {line}" for line in bad))
    if out:
        shutil.copy(place / "paper.pdf", out)
    return not bad


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=[*LIBRARIES, "latex"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--pdf", type=Path, help="where to put the compiled page")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="livebench-exports.") as name:
        folder = chosen.folder or Path(name)
        if not (folder / "results").exists():
            make(folder)
        steps: dict[str, Callable[[], bool]] = {
            one: lambda one=one: opened(folder, one) for one in LIBRARIES
        }
        steps["latex"] = lambda: compiled(folder, chosen.pdf)
        good = [steps[one]() for one in chosen.only or steps]
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
