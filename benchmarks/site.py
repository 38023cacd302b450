"""The site of a large leaderboard: its size, how long it takes to make, and how soon it can be read.

    python benchmarks/site.py [--samples 5000] [--submissions 30] [--axe] [--only simulated]
                              [--folder FOLDER] [--beside SITE]

A simulated dataset, a candidate set of the protocol `paper` on it, and submissions whose scores are
simulated: a correct candidate's is normal with a mean of the submission's own, every other one's is
standard normal. Each has one run in each of the three settings. Nothing is scored by a model, so
their results stand for ones that LiveBench has run (rows without are not ranked). Beside it, the
site of this checkout (sets without their text as they are).

For each site: files, size, seconds and peak memory of `livebench site`; then, in a headless Chromium
that opens it as files, each time anew, the seconds to the first row of the leaderboard, to the first
row of the list of moments, and to the candidates of a moment as two submissions ranked them, and the
browser's own first contentful paint. --axe: what axe finds on a page of each kind, at 1280 and 390
pixels; exit status 1 if anything. --folder: where the simulated project and both sites are kept; a
project that is there already is used. --beside: a site of another version, such as what `make` and
`build` of an earlier release's benchmarks/site.py write; its pages are opened in turn with those of
the simulated project.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import get_args

import numpy as np
from browser import launched
from scale import measured
from timing import ratio, spread

from livebench.candidates.candidate_set import CandidateSet, find_sets
from livebench.candidates.freeze import build_set
from livebench.candidates.manifest import ANSWERS
from livebench.candidates.protocol import load_protocol
from livebench.records import DeclaredSetting, ScoreRecord, write_records
from livebench.scoring.answers import Answers
from livebench.scoring.evaluation import evaluate_task
from livebench.scoring.preparation import Task
from livebench.simulated.simulation import simulate_dataset
from livebench.submissions.load import Submission

ROOT = Path(__file__).resolve().parent.parent
CARD = """name = "Simulated {number}"
date = 2026-01-01
authors = ["nobody"]
description = "Scores that were drawn at random, for a benchmark of the site."
entry = "scorer:None_"
settings = ["video", "comments", "both"]

[[runs]]
name = "default"
"""


def make(folder: Path, samples: int, submissions: int) -> None:
    """A project: datasets/, candidates/ and submissions/ in `folder`."""
    test = max(2, samples // 17)  # a video has some 18 seconds that can be samples
    dataset = simulate_dataset(folder / "datasets" / "large", seed=1, videos=3 * test, test=test)
    frozen = build_set(
        dataset,
        load_protocol("paper"),
        folder / "candidates" / "large-paper",
        max_samples=samples,
    )
    answers = Answers(frozen)
    for number in range(1, submissions + 1):
        path = folder / "submissions" / f"simulated-{number:02}"
        path.mkdir(parents=True)
        (path / "submission.toml").write_text(CARD.format(number=number), encoding="utf-8")
        for place, setting in enumerate(get_args(DeclaredSetting)):
            _score(Submission(path), frozen, answers, setting, (number, place))


def _score(
    submission: Submission,
    frozen: CandidateSet,
    answers: Answers,
    setting: str,
    seed: tuple[int, int],
) -> None:
    generator = np.random.default_rng(seed)
    [run] = submission.card.runs
    drawn = generator.normal(size=answers.correct.shape) + seed[0] / 20 * answers.correct
    rows = [[float(f"{value:.6g}") for value in row] for row in drawn]
    records = [ScoreRecord(name, row) for name, row in zip(answers.sample_ids, rows, strict=True)]
    write_records(submission.scores_path(frozen.name, run, setting), records)
    evaluate_task(submission, Task(run, frozen, setting, None, None))
    result = submission.result_path(frozen.name, run, setting)
    result.write_text(result.read_text("utf-8").replace('"self-reported"', '"re-run"'), "utf-8")


def build(project: Path, site: Path) -> None:
    """Make the site of a project, and print what it took."""
    command = f"{shlex.quote(sys.executable)} -m livebench site --quiet --out {site}"
    for option, part in (("submissions", "submissions"), ("sets", "candidates")):
        command += f" --{option} {project / part}"
    for dataset in sorted((project / "datasets").glob("*/dataset.toml")):
        command += f" --dataset {dataset.parent}"
    clock, cpu, peak, _ = measured(command)
    files = [path for path in site.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    largest = {name: (site / name).stat().st_size / 1e6 for name in ("index.html",)}
    folders = {
        name: sum(path.stat().st_size for path in (site / name).rglob("*") if path.is_file()) / 1e6
        for name in ("data", "moments", "compare", "submissions")
    }
    parts = ", ".join(f"{name} {part:.1f}" for name, part in (folders | largest).items())
    print(f"  {len(files)} files, {size:.0f} MB ({parts})")
    print(f"  made in {clock:.0f} s, {cpu:.0f} s of the processor, peak {peak:.0f} MB", flush=True)


ROW = "section.one:not([hidden]) table.board tbody tr"
PAINT = "performance.getEntriesByName('first-contentful-paint').map((one) => one.startTime)[0]"


def pages_of(site: Path) -> dict[str, tuple[str, str]]:
    """A page of each kind: its address, and what is there once it can be read."""
    [first, *_] = sorted((site / "data").iterdir())
    setting = sorted(one for one in first.iterdir() if one.is_dir())[-1]
    runs = sorted({one.stem for one in setting.glob("*.js")} - {""})
    runs = [run for run in runs if (setting / f"{run}-0.js").exists()][:2]
    choice = f"setting={setting.name}&a={runs[0]}&b={runs[-1]}"
    board = f"{first.name}.{setting.name}"
    one, two = (run.partition(".")[0] for run in (runs[0], runs[-1]))
    pages = {
        "first row of the leaderboard": ("index.html", ROW),
        "first row of a set's board": (f"index.html#{board}", ROW),
        "a submission": (f"submissions/{one}.html#{board}", "section.one:not([hidden]) .curves"),
        "two compared": (f"compare/{board}.html#&a={one}&b={two}", "#samples tbody tr"),
        "first row of the list of moments": (
            f"moments/{first.name}/index.html#&{choice}",
            "#list tbody tr",
        ),
        "candidates of a moment as two ranked them": (
            f"moments/{first.name}/1.html#&{choice}",
            "section.moment:not([hidden]) .ranked .column:nth-child(2) li",
        ),
    }
    others = {
        "boards to compare": ("compare/index.html", "main a"),
        "sets": ("moments/index.html", "main a"),
        "about": ("about.html", "h1"),
        "what changed": ("changes.html", "h1"),
        "an audit": (f"audits/{first.name}.html", "h1"),
    }
    return pages | {
        name: page
        for name, page in others.items()
        if (site / page[0]).is_file()  # a set may lack an audit
    }


def visit(browser, sites: dict[str, Path], rounds: int) -> None:
    """Open the pages of each site in turn, and print how long each took, and beside the last site."""
    pages = {name: pages_of(site) for name, site in sites.items()}
    for name, site in sites.items():
        empty = site.parent / "empty.html"
        empty.write_text("<!doctype html><title>-</title><p class=one>-</p>", encoding="utf-8")
        pages[name] = {"an empty page, for comparison": ("../empty.html", "p.one")} | pages[name]
    [first, *others] = sites
    for what in [what for what in pages[first] if all(what in pages[name] for name in sites)]:
        seconds = {name: [] for name in sites}
        painted = {name: [] for name in sites}
        for _ in range(rounds):
            for name, site in sites.items():
                address, row = pages[name][what]
                read, paint = _open(browser, f"{site.as_uri()}/{address}", row)
                seconds[name].append(read)
                painted[name].append(paint)
        for name in sites:
            beside = f" [{name}]" if others else ""
            line = f"{spread(seconds[name])} s; first paint {spread(painted[name])} s"
            print(f"  {what}{beside}: {line}", flush=True)
        for name in others:
            times = spread(ratio(seconds[first], seconds[name]))
            paints = spread(ratio(painted[first], painted[name]))
            print(f"  {what}, {first} / {name}: {times}; first paint {paints}", flush=True)


def _open(browser, address: str, row: str) -> tuple[float, float]:
    """Seconds until something is there on a page, and until the browser has painted."""
    context = browser.new_context(viewport={"width": 1280, "height": 844})
    page = context.new_page()
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator(row).first.wait_for()
    read = time.perf_counter() - started
    page.wait_for_function(f"{PAINT} !== undefined")
    paint = page.evaluate(PAINT) / 1000
    context.close()
    return read, paint


def look_for_barriers(browser, site: Path) -> int:
    """Print what axe finds on a page of each kind, everything unfolded; return how much."""
    from axe_playwright_python.sync_playwright import Axe

    axe, count, found, pages = Axe(), 0, [], pages_of(site)
    for width in (1280, 390):
        for what, (address, row) in pages.items():
            context = browser.new_context(viewport={"width": width, "height": 844})
            page = context.new_page()
            page.goto(f"{site.as_uri()}/{address}")
            page.locator(row).first.wait_for()
            page.locator("details").evaluate_all(
                "all => all.forEach((one) => { one.open = true; })"
            )
            options = {"preload": False, "resultTypes": ["violations"]}
            violations = axe.run(page, options=options).response["violations"]
            found += [f"{what}, {width}: {one['id']}" for one in violations]
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append(f"{what}, {width}: wider than the window")
            count += 1
            context.close()
    print("\n".join(f"  {one}" for one in [f"axe: {len(found)} findings on {count} pages", *found]))
    return len(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--submissions", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--axe", action="store_true")
    parser.add_argument("--only", choices=["checkout", "simulated"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--beside", type=Path)
    options = parser.parse_args()
    barriers = 0
    with (
        tempfile.TemporaryDirectory(prefix="livebench-site.") as name,
        launched() as browser,
    ):
        folder = options.folder or Path(name)
        large = folder / "large"
        projects = {"checkout": ROOT, "simulated": large}
        if options.only != "checkout" and not large.exists():
            make(large, options.samples, options.submissions)
        for what in [options.only] if options.only else projects:
            project = projects[what]
            sets = find_sets(project / "candidates")
            samples = " + ".join(str(one.manifest.files[ANSWERS].records) for one in sets)
            folders = len(list((project / "submissions").glob("*/submission.toml")))
            print(f"{what}: {folders} submissions; {samples} samples", flush=True)
            site = folder / f"site-{what}"
            build(project, site)
            other = {"beside": options.beside} if options.beside and what == "simulated" else {}
            visit(browser, {"now": site} | other, options.rounds)
            barriers += look_for_barriers(browser, site) if options.axe else 0
    sys.exit(barriers > 0)


if __name__ == "__main__":
    main()
