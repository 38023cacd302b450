"""The comment of a pull request: a report in one block of code, whatever stands in it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
WORKFLOWS = ROOT / ".github" / "workflows"


@pytest.fixture(scope="module")
def comment():
    path = ROOT / ".github" / "report_comment.py"
    spec = importlib.util.spec_from_file_location("report_comment", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.comment


@pytest.mark.parametrize(
    "report",
    [
        "submissions/new: in order\n",
        "```\n# out\n[click](http://example.com)\n",
        "`````\n@everyone <script>\n````\n",
        "",
        "x" * 200_000,
        "`" * 200_000,
        "\u202eabc\x1b[31m\n",
    ],
    ids=["plain", "fence", "long fence", "empty", "long", "backticks", "marks"],
)
def test_nothing_gets_out_of_the_block(comment, report):
    lines = comment(report).split("\n")
    fence = lines[2].removesuffix("text")
    assert re.fullmatch("`{3,}", fence)
    closing = [n for n, line in enumerate(lines) if n > 2 and line.lstrip().startswith(fence)]
    assert closing == [len(lines) - 2]
    assert lines[-2:] == [fence, ""]
    assert len("\n".join(lines)) < 65_536
    assert all(line.isprintable() for line in lines)


OURS = ".github/workflows/submission.yml"


@pytest.mark.parametrize(
    ("workflow", "changed", "named"),
    [
        (OURS, ["submissions/a/submission.toml"], ""),
        (OURS, ["submissions/a/scorer.py", OURS], OURS),
        (OURS, [".github/report_comment.py"], ".github/report_comment.py"),
        (OURS, [".ci/run"], ".ci/run"),
        (OURS, ["!"] * 3000, "3,000 files or more: GitHub does not list them all"),
        # any workflow may call itself "submission"
        (".github/workflows/other.yml", [], ".github/workflows/other.yml"),
    ],
)
def test_a_changed_workflow_is_said_first(comment, workflow, changed, named):
    text = comment("no problem", workflow, "https://example.org/run/1", changed)
    first = "**This pull request brings its own workflows: they made the report below"
    assert text.startswith(first) == bool(named)
    assert (f"```text\n{named}\n```" in text) == bool(named)
    assert (f"run by {OURS} (https://example.org/run/1)" in text) == (workflow == OURS)


def test_a_comment_is_never_too_long(comment):
    changed = [f".github/{'x' * 200}{number}" for number in range(3000)]
    assert len(comment("y" * 100_000, OURS, "", changed)) < 65_536


def test_who_may_write_runs_nothing_of_a_pull_request():
    review = (WORKFLOWS / "submission.yml").read_text("utf-8")
    assert "pull_request_target" not in review
    assert re.search(r"^permissions:\n  contents: read\njobs:", review, re.MULTILINE)
    assert "secrets." not in review and "github.token" not in review
    assert "pip install -q -c base/constraints.txt ./base" in review  # not of the pull request
    posts = (WORKFLOWS / "comment.yml").read_text("utf-8")
    assert "pull_request_target" not in posts
    assert "ref:" not in posts  # what is checked out is main
    # What others chose reaches the shell in variables alone, never as a part of the script.
    script = posts.split("run: |")[1]
    assert "${{" not in script


def test_ci_runs_the_same_command():
    command = "livebench submit review"
    for path in (".ci/run", ".github/workflows/submission.yml", "CONTRIBUTING.md"):
        assert command in (ROOT / path).read_text("utf-8"), path


@pytest.mark.parametrize("name", ["leaderboard", "submission", "tests"])
def test_a_livebench_that_is_installed_knows_its_version(name):
    # Without tags its version is another, of another major one some day: every row would be outdated.
    assert "fetch-depth: 0" in (WORKFLOWS / f"{name}.yml").read_text("utf-8")
