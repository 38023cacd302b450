"""Things are given alike in every command, by name or path, and errors come as a line or as JSON."""

from __future__ import annotations

import io
import json
from collections import defaultdict

import click
import pytest

from livebench.cli.main import cli
from livebench.submissions.load import Submission

CODE = "class Mine:\n    def score(self, v, c, x):\n        return -len(x.text)\n"

BEGINNINGS = {
    "--candidates": "Candidate set, by name or path",
    "--dataset": "Dataset, by name or path",
    "--submission": "Submission, by name or path",
}
"""Of the help of options that stand for several things in one command, and for one in another."""

OWN_HELP = {"--out", "--seed", "--name", "--dev", "--test", "--figures", "--videos", "--setting"}
OWN_HELP |= {"--batch", "--key", "--moments", "--prompt"}
"""What is made, drawn or named differs from command to command."""

OWN_TYPE = {
    "--format": "of pictures, or of `export`",
    "--batch": "frames, or tokens, which may be `auto`",
    "--dev": "`import` takes shares, too",
    "--prompt": "of `export lm-eval` by name, too",
    "--test": "`import` takes shares, too",
    "--out": "new in some commands, written over in others",
    "--figures": "new in `stats`, the folder of the report in `human-eval`",
    "--seed": "below 0 only where draws are ours",
    "--setting": "`human-eval sheet` takes one",
    "--split": "released candidates have no `train`",
    "--videos": "a number in `simulate`, as manifests record it; a folder in `features`",
}


def options_by_name(group=cli, words=()):
    """By name, each command that has the option, and the option."""
    found = defaultdict(list)
    for name, command in group.commands.items():
        for option in command.params:
            if isinstance(option, click.Option):
                for spelling in option.opts:
                    found[spelling].append((" ".join((*words, name)), option))
        if isinstance(command, click.Group):
            for spelling, uses in options_by_name(command, (*words, name)).items():
                found[spelling] += uses
    return found


OPTIONS = options_by_name()


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_an_option_means_the_same_in_every_command(name):
    helps = {option.help for _, option in OPTIONS[name]}
    types = {repr(option.type.to_info_dict()) for _, option in OPTIONS[name]}
    assert all(helps), "an option without help"
    if name in BEGINNINGS:
        assert all(text.startswith(BEGINNINGS[name]) for text in helps)
    elif name not in OWN_HELP:
        assert len(helps) == 1, helps
    assert len(types) == 1 or name in OWN_TYPE, OPTIONS[name]


def test_no_exception_is_stale():
    several = {name for name, uses in OPTIONS.items() if len(uses) > 1}
    assert several >= OWN_HELP | set(OWN_TYPE) | set(BEGINNINGS)


@pytest.fixture
def project(tmp_path, frozen_without_frames, dataset_without_frames, copy_set, submission):
    """A checkout with a set, its dataset, and two submissions."""
    copy_set(frozen_without_frames)
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "silent").symlink_to(dataset_without_frames.path)
    submission("mine", code=CODE, settings=["comments"])
    submission("other", code=CODE, settings=["comments"])
    return tmp_path


@pytest.mark.parametrize("given", ["{}", "submissions/{}", "{root}/submissions/{}"])
def test_a_submission_by_name_and_by_path(project, run, given):
    paths = [given.format(name, root=project) for name in ("mine", "other")]
    where = ("--candidates", "silent-paper", "--dataset", "silent")
    assert run("evaluate", *paths, *where, "--quiet").status == 0
    for name in ("mine", "other"):
        path = project / "submissions" / name / "scores" / "silent-paper" / "default"
        assert (path / "comments.jsonl.gz").is_file()
    assert run("compare", *paths, "--candidates", "candidates/silent-paper").status == 0
    assert run("submit", "check", *paths).out.count(": in order") == 2


def test_the_older_spelling_of_evaluate(project, run):
    done = run("evaluate", "--submission", "submissions/mine", "--submission", "other", "--quiet")
    assert done.status == 0, done
    rows = [line.split()[:3] for line in done.out.splitlines()]
    for name in ("mine", "other"):
        assert [name, "silent-paper", "comments"] in rows


@pytest.mark.parametrize("given", ["silent-paper", "candidates/silent-paper"])
def test_a_set_and_a_dataset(project, run, given):
    assert run("verify", given).out.startswith("candidates/silent-paper: whole")
    (project / "candidates" / "silent-paper" / "samples.jsonl.gz").unlink()
    assert run("build-candidates", "--restore", given).status == 0  # its dataset is in datasets/
    assert run("verify").out.startswith("candidates/silent-paper: whole")
    assert run("audit", "silent").status == 0


def test_a_path_that_exists_comes_first(project, run):
    (project / "mine").mkdir()
    done = run("evaluate", "mine")
    assert (done.status, done.err) == (
        2,
        "livebench: mine: not a submission (no submission.toml)\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("evaluate", "mime"),
            "mime: submission not found; did you mean mine? available: mine, other",
        ),
        (
            ("compare", "mine", "submissions/others"),
            "submissions/others: submission not found; did you mean other? available: mine, other",
        ),
        (("verify", "x"), "x: set not found; available: silent-paper"),
        (
            ("audit", "silent-papers"),
            "silent-papers: set or dataset not found; did you mean silent-paper? available: silent, "
            "silent-paper",
        ),
        (("stats", "x"), "x: dataset not found; available: silent"),
        (("site", "--sets", "elsewhere", "--with-text", "silent-paper"), "none in elsewhere/"),
    ],
)
def test_a_name_that_is_not_found(project, refused, arguments, message):
    assert refused(*arguments).endswith(message)


def test_names_are_looked_up_in_the_folder_that_is_given(project, run):
    (project / "candidates").rename(project / "sets")
    arguments = ("plot", "--out", "x", "--sets", "sets", "--submission", "mine")
    done = run(*arguments, "--candidates", "silent-paper")
    assert "nothing to plot" in done.err  # of the set that was found
    assert "set not found" in run(*arguments, "--candidates", "silent").err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ("evaluate", "mine", "--candidates", "x", "--json"),
            {
                "where": "x",
                "place": "",
                "what": "set not found",
                "fix": "available: silent-paper",
            },
        ),
        (
            ("stats", "candidates/silent-paper", "--json"),
            {"where": "candidates/silent-paper", "place": ""},
        ),
        (
            ("human-eval", "report", "x.csv", "--key", "key.json", "--json"),
            {"where": "key.json", "what": "no such file"},
        ),
    ],
)
def test_an_error_as_json(project, run, arguments, expected):
    done = run(*arguments)
    assert done.status == 2
    error = json.loads(done.out)["error"]
    assert list(error) == ["where", "place", "what", "fix"]
    assert error.items() >= expected.items()
    assert done.err.startswith(f"livebench: {error['where']}: {error['what']}")
    assert done.err.count("\n") == 1
    without = run(*(argument for argument in arguments if argument != "--json"))
    assert (without.out, without.err) == ("", done.err)


@pytest.fixture
def nobody(monkeypatch):
    """Nobody answers: standard input is closed."""
    monkeypatch.setattr("sys.stdin", io.StringIO())


GIVEN = ["--name", "Mine", "--description", "What.", "--author", "Ada"]


def test_init_without_a_terminal_takes_the_default(nobody, run, tmp_path):
    assert run("submit", "init", *GIVEN).status == 0
    assert Submission(tmp_path / "submissions" / "mine").card.settings == ["comments", "both"]


@pytest.mark.parametrize("place", [0, 2, 4])
def test_init_without_a_terminal_asks_for_what_has_no_default(nobody, run, place):
    done = run("submit", "init", *GIVEN[:place])
    assert done.status == 2
    assert done.err.endswith(f"livebench: {GIVEN[place]}: is missing; give {GIVEN[place]}\n")
