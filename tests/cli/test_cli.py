"""The command line: fast to start, honest in its exit status, and the main job end to end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from livebench import __version__
from livebench.cli.main import cli

CODE = "class Mine:\n    def score(self, v, c, x):\n        return -len(x.text)\n"


def all_commands(group=cli, words=()):
    """The words of every command and subcommand, in order."""
    for name, command in group.commands.items():
        yield (*words, name)
        if isinstance(command, click.Group):
            yield from all_commands(command, (*words, name))


def test_help_lists_the_commands_in_the_order_of_use(run):
    done = run("--help")
    assert done.status == 0
    places = [done.out.find(f"\n  {command}") for command in cli.commands]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("words", list(all_commands()), ids=" ".join)
def test_each_command_has_help(run, words):
    for option in ("-h", "--help"):
        done = run(*words, option)
        assert done.status == 0
        assert done.out.startswith(f"Usage: livebench {' '.join(words)}")


def test_version(run):
    assert __version__ in run("--version").out


@pytest.mark.parametrize("arguments", [("nonsense",), ("evaluate",), ("verify", "--fast")])
def test_usage_errors(run, arguments):
    done = run(*arguments)
    assert done.status == 2
    assert "Usage: livebench" in done.err
    assert done.out == ""


def python(code, *, cwd=None):
    # The package from where this process has it, in a fresh process.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        cwd=cwd,
        check=True,
    )


HEAVY = ("torch", "pandas", "sklearn", "scipy", "pyarrow", "jieba", "jinja2", "statsmodels")


@pytest.mark.parametrize(
    "code",
    [
        "import livebench",
        "import livebench.cli.main",
        "from livebench.cli.main import cli; cli.main(['--help'], standalone_mode=False)",
        "from livebench.cli.main import cli; cli.main(['evaluate', '-h'], standalone_mode=False)",
    ],
)
def test_starting_loads_nothing_heavy(code):
    done = python(f"{code}\nimport sys\nprint('LOADED', [m for m in {HEAVY} if m in sys.modules])")
    assert done.stdout.splitlines()[-1] == "LOADED []"


@pytest.mark.slow
def test_evaluating_loads_no_torch(frozen, dataset, submission, tmp_path):
    path = submission(entry="livebench.probes.similarity:ContextSimilarity")
    arguments = ["evaluate", "--submission", str(path), "--candidates", str(frozen.path)]
    arguments += ["--dataset", str(dataset.path), "--quiet"]
    code = f"""
import sys
from livebench.cli.main import main
try:
    main({arguments})
except SystemExit as ended:
    assert not ended.code, ended.code
print('LOADED', [m for m in ('torch',) if m in sys.modules])
"""
    assert python(code, cwd=tmp_path).stdout.splitlines()[-1] == "LOADED []"


def test_a_defect_keeps_its_traceback(run, monkeypatch, tmp_path):
    def broken(*arguments):
        raise RuntimeError("a defect of LiveBench")

    monkeypatch.setattr("livebench.candidates.candidate_set.find_sets", broken)
    with pytest.raises(RuntimeError, match="a defect of LiveBench"):
        run("verify")


@pytest.fixture
def project(tmp_path, frozen_without_frames, dataset_without_frames, copy_set, submission, run):
    """A small checkout: a set, its dataset, two submissions (one of scores only), a leaderboard."""
    folder = tmp_path / "project"
    copied = copy_set(frozen_without_frames, folder / "candidates")
    shutil.copytree(dataset_without_frames.path, folder / "datasets" / "silent")
    mine = submission("mine", code=CODE, kind="baseline", within=folder / "submissions")
    handed = submission("handed", within=folder / "submissions")
    assert run("evaluate", "--submission", mine, "--quiet", cwd=folder).status == 0
    scores = f"scores/{copied.name}/default/comments.jsonl.gz"
    (handed / scores).parent.mkdir(parents=True)
    shutil.copy(mine / scores, handed / scores)
    assert run("evaluate", "--submission", handed, "--quiet", cwd=folder).status == 0
    assert run("leaderboard", cwd=folder).status == 0
    return folder


def test_reproduce(project, run, listing):
    before = {
        name: (project / name).read_bytes()
        for name in listing(project)
        if (project / name).is_file()
    }
    done = run("reproduce", "--quiet", cwd=project)
    assert done.status == 0, done
    assert done.out.startswith("candidates/silent-paper: whole")
    assert done.out.endswith(
        "scores made again are the same to the byte as in this checkout, and so are all rows of "
        "LEADERBOARD.md, but for who made them and when\n"
    )
    assert "2 of 3 files of scores made again; the other 1 are copied" in done.out
    pages = [Path("LEADERBOARD.md")]
    pages += [path.relative_to(project) for path in project.glob("docs/leaderboard/*")]
    assert len(pages) == 5
    for page in pages:
        assert (project / "reproduced" / page).read_bytes() == (project / page).read_bytes()
    assert {name: (project / name).read_bytes() for name in before} == before
    assert not done.err
    assert ["silent-paper", "2", "of", "3", "yes"] in [
        line.split() for line in done.out.splitlines()
    ]
    again = run("reproduce", "-v", cwd=project)  # over what it made before
    assert again.status == 0
    assert (
        "skipped mine on silent-paper, video, both: the dataset of the set has no frames"
        in again.err
    )


def test_reproduce_without_text_restores_it(project, run):
    path = project / "candidates" / "silent-paper" / "samples.jsonl.gz"
    content = path.read_bytes()
    path.unlink()
    assert run("reproduce", "--quiet", cwd=project).status == 0
    assert path.read_bytes() == content


def test_reproduce_says_what_differs(project, run):
    (project / "LEADERBOARD.md").write_text("other")
    code = project / "submissions" / "mine" / "scorer.py"
    code.write_text(CODE.replace("-len", "len"))
    done = run("reproduce", "--quiet", cwd=project)
    assert done.status == 1
    scores = "submissions/mine/scores/silent-paper/default/comments.jsonl.gz"
    assert f"differs from this checkout: {scores}" in done.out.splitlines()
    assert "differs from this checkout: LEADERBOARD.md" in done.out.splitlines()
    row = "LEADERBOARD.md, silent-paper, setting comments: mine"
    assert f"differs from this checkout: {row}" in done.out.splitlines()


def test_reproduce_says_who_made_it_and_compares_the_rest(project, run):
    """A result of another version and commit, with other code: the same numbers."""
    (result,) = project.glob("submissions/mine/results/*/default/comments.json")
    content = json.loads(result.read_text())
    content["manifest"] |= {"dirty": True, "date": "2020-02-02", "isolation": "sandbox"}
    content["manifest"]["versions"]["livebench"] = "0.0.7"
    result.write_text(json.dumps(content))
    assert run("leaderboard", cwd=project).status == 0
    assert "0.0.7" in (project / "docs/leaderboard/silent-paper.md").read_text()
    done = run("reproduce", "--quiet", cwd=project)
    assert done.status == 0, done
    assert "0.0.7" not in (project / "reproduced/docs/leaderboard/silent-paper.md").read_text()


def test_reproduce_without_a_leaderboard(project, run):
    (project / "LEADERBOARD.md").unlink()
    done = run("reproduce", "--quiet", cwd=project)
    assert done.status == 1
    assert "differs from this checkout: LEADERBOARD.md" in done.out


@pytest.mark.parametrize("out", [".", "submissions", "candidates", "datasets", "..", "notes"])
def test_reproduce_never_removes_what_it_did_not_make(project, run, listing, out):
    (project / "notes").mkdir()
    (project / "notes" / "mine.txt").write_text("keep")
    before = listing(project.parent)
    done = run("reproduce", "--quiet", "--out", out, cwd=project)
    assert done.status == 2
    assert done.err == f"livebench: {out}: holds other files; remove it or choose another --out\n"
    assert [name for name in listing(project.parent) if "pycache" not in name] == [
        name for name in before if "pycache" not in name
    ]


def test_reproduce_stops_at_a_damaged_set(project, refused):
    path = project / "candidates" / "silent-paper" / "answers.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-1])
    message = refused("reproduce", "--quiet", cwd=project)
    assert message.startswith("candidates/silent-paper/answers.jsonl.gz: changed: ")
    assert not (project / "reproduced").exists()


def test_reproduce_outside_a_checkout(refused, tmp_path, listing):
    assert refused("reproduce").startswith("candidates: no candidate set in it")
    assert listing(tmp_path) == []
