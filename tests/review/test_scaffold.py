"""`livebench submit init`: what it writes works as it is."""

from __future__ import annotations

import datetime
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from livebench.cli.main import cli
from livebench.cli.submit import _ask_settings
from livebench.review.scaffold import folder_name
from livebench.submissions.load import Submission

GIVEN = [
    "--name",
    "My “model” | 1",
    "--description",
    'Says "hi".',
    "--author",
    "Ada",
    "--author",
    "Bob",
]


@pytest.fixture
def init(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*arguments, answers=""):
        return CliRunner().invoke(cli, ["submit", "init", *arguments], input=answers)

    return call


def test_without_questions(init, tmp_path):
    done = init(*GIVEN, "--settings", "video, both", "--url", "https://example.com")
    assert done.exit_code == 0, done
    path = tmp_path / "submissions" / "my-model-1"
    card = Submission(path).card
    assert (card.name, card.authors, card.description) == (GIVEN[1], ["Ada", "Bob"], GIVEN[3])
    assert (card.settings, card.url) == (["video", "both"], "https://example.com")
    assert (card.entry, card.kind, [run.name for run in card.runs]) == (
        "scorer:Mine",
        "model",
        ["seed-0"],
    )
    assert abs(card.date - datetime.datetime.now(datetime.UTC).date()) <= datetime.timedelta(1)
    assert sorted(file.name for file in path.iterdir()) == ["scorer.py", "submission.toml"]


def test_asked(init, tmp_path):
    done = init("submissions/other", answers="Mine\nWhat it does.\n\nAda, Bob\n")
    assert done.exit_code == 0, done
    card = Submission(tmp_path / "submissions" / "other").card
    assert (card.name, card.description, card.authors) == ("Mine", "What it does.", ["Ada", "Bob"])
    assert card.settings == ["comments", "both"]
    assert "livebench evaluate submissions/other" in done.output


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ((), ["comments", "both"]),
        (("--settings", "all"), ["video", "comments", "both"]),
        (("--settings", "blind,both"), ["both"]),
    ],
)
def test_without_a_terminal_nothing_is_asked(init, tmp_path, settings, expected):
    done = init(*GIVEN, *settings)
    assert done.exit_code == 0, done
    assert Submission(tmp_path / "submissions" / "my-model-1").card.settings == expected
    assert done.output.splitlines()[0] == "submissions/my-model-1: written"


def test_a_wrong_answer_is_asked_again_where_somebody_answers(monkeypatch, capsys):
    answers = iter(["both,sound", "comments"])
    monkeypatch.setattr("livebench.cli.submit._ask", lambda *question: next(answers))
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    assert _ask_settings() == ["comments"]
    assert "both,sound: not a setting: sound; choose from video" in capsys.readouterr().err


def test_what_is_missing_without_a_terminal(refused, monkeypatch, tmp_path):
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert refused("submit", "init", *GIVEN[2:]) == "--name: is missing; give --name"


def test_scores_only(init, tmp_path):
    assert init(*GIVEN, "--settings", "both", "--scores-only").exit_code == 0
    path = tmp_path / "submissions" / "my-model-1"
    assert [file.name for file in path.iterdir()] == ["submission.toml"]
    assert Submission(path).card.entry == ""


def test_what_it_writes_is_in_order_and_gets_a_row(project, run):
    done = run("submit", "init", *GIVEN, "--settings", "comments")
    assert done.status == 0, done
    path = "submissions/my-model-1"
    assert run("submit", "check", path).status == 0


def test_its_scorer_scores(frozen, dataset, run, tmp_path):
    assert run("submit", "init", *GIVEN, "--settings", "video,comments,both").status == 0
    path = "submissions/my-model-1"
    done = run(
        "evaluate", "--submission", path, "--candidates", frozen.path, "--dataset", dataset.path
    )
    assert done.status == 0, done
    rows = [line.split() for line in done.out.splitlines() if line.startswith("tiny-paper")]
    assert [row[1] for row in rows] == ["blind", "video", "comments", "both"]


def test_refused(init, refused, tmp_path):
    assert init(*GIVEN, "--settings", "both").exit_code == 0
    message = refused("submit", "init", *GIVEN, "--settings", "both")
    assert message == "submissions/my-model-1: exists already; remove it or choose another FOLDER"
    message = refused("submit", "init", "a b", *GIVEN, "--settings", "both")
    assert message.startswith("a b: 'a b' cannot be the name of a folder; use at most 80 letters")
    message = refused("submit", "init", "c", *GIVEN, "--settings", "both,sound")
    assert (
        message
        == "--settings both,sound: not a setting: sound; choose from video, comments, both, or all"
    )
    assert not (tmp_path / "a b").exists() and not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("My Model", "my-model"),
        ("../../x", "x"),
        ("弹幕", "mine"),
        ("A" * 200, "a" * 80),
        ("v1.2_b", "v1.2_b"),
    ],
)
def test_folder_name(name, folder):
    assert folder_name(name) == folder
