"""What a row says of where its scorer ran, and of whether it keeps the rules."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from livebench.candidates.candidate_set import CandidateSet
from livebench.cli.leaderboard import render_all
from livebench.leaderboard.collect import collect
from livebench.leaderboard.entries import ONE_RUN, Entry
from livebench.submissions.load import Submission

BY_PLACE = """
class Mine:
    def score(self, video_ctx, comments, candidate):
        return 0.0
    def score_candidates(self, video_ctx, comments, candidates):
        return [-float(place) for place in range(len(candidates))]
"""
RESULT = "results/tiny-paper/{}/comments.json"


@pytest.fixture
def row_of(tmp_path, frozen, copy_set, submission, run, monkeypatch):
    """Evaluates a submission, and gives its row and its line on the set's page; results say `dirty`.

    The order in which samples are asked again is drawn from a fixed secret: under a chance one, the
    correct comment may keep its place.
    """
    copied = copy_set(frozen)
    monkeypatch.setattr("livebench.scoring.evaluation.secrets.token_hex", lambda size: "00" * size)

    def call(*options, change=lambda path: None, runs=("default",), dirty=False, **fields):
        runs = [{"name": name} for name in runs]
        path = submission(code=BY_PLACE, settings=["comments"], runs=runs, **fields)
        done = run("evaluate", "--submission", path, *options)
        assert done.status == 0, done
        for file in path.glob("results/*/*/*.json"):
            text = file.read_text().replace('"dirty": true', '"dirty": false')
            file.write_text(text.replace('"dirty": false', f'"dirty": {json.dumps(dirty)}'))
        change(path)
        (section,) = collect([CandidateSet(copied.path)], [Submission(path)])
        (row,) = [row for row in section.boards[2].rows if row.folder == "mine"]
        pages = render_all(tmp_path / "submissions", tmp_path / "candidates")
        text = pages["docs/leaderboard/tiny-paper.md"]
        text = text.split("Where the scores come from")[1]
        line = next(line for line in text.splitlines() if "(../../submissions/mine)" in line)
        return row, line

    return call


ORDER = "scores depend on the order of candidates (3 of 3 samples)"
OTHERS = "scores depend on the other candidates (3 of 3 samples)"
RANKS = "scored again, the rank of the correct comment by sum changed in 3 of 3 samples"


def test_remarks_stand_on_the_row(row_of):
    row, line = row_of()
    assert row.isolation == "process"
    assert row.remarks == (ORDER, OTHERS, RANKS)
    assert (
        f"| claimed, own process<br><sub>{ORDER}</sub><br><sub>{OTHERS}</sub><br><sub>{RANKS}</sub> |"
        in line
    )


def test_in_process(row_of):
    row, line = row_of("--in-process")
    assert row.isolation == "none"
    assert "claimed, in LiveBench's process<br>" in line


def test_listwise(row_of):
    row, _ = row_of(listwise=True)
    assert row.remarks == ("listwise: a score depends on the other candidates", ORDER, RANKS)


def test_the_weakest_of_the_runs_is_shown(row_of):
    def change(path):
        file = path / RESULT.format("b")
        file.write_text(
            file.read_text().replace('"isolation": "process"', '"isolation": "sandbox"')
        )

    row, line = row_of(change=change, runs=("a", "b"))
    assert row.isolation == "process"
    assert "claimed, own process, 2 runs<br>" in line


def test_results_of_before_say_nothing(row_of):
    def change(path):
        file = path / RESULT.format("default")
        result = json.loads(file.read_text())
        del result["plausibility"], result["ties"], result["manifest"]["isolation"]
        file.write_text(json.dumps(result))

    row, _ = row_of(change=change)
    assert (row.isolation, row.remarks) == ("none", ())


def test_ranks_that_change_in_one_direction_cost_the_rank(row_of):
    def change(path):
        file = path / RESULT.format("default")
        result = json.loads(file.read_text())
        result["plausibility"]["direction"] = {"better": 15, "worse": 0}
        file.write_text(json.dumps(result))

    row, line = row_of(change=change)
    told = (
        "no rank: scores depend on what was scored before (afresh, the correct comment ranks worse in "
        "15 samples, better in 0)"
    )
    assert row.remarks == (told, ORDER, OTHERS, RANKS)
    assert f"<sub>{told}</sub>" in line


def test_what_is_self_reported_was_not_isolated(row_of):
    def change(path):
        card = path / "submission.toml"
        card.write_text(card.read_text().replace('entry = "scorer:Mine"\n', ""))

    row, line = row_of(change=change)
    assert (row.evaluated, row.isolation, row.remarks) == ("self-reported", "", ())
    assert "| self-reported |" in line


def test_what_changed_code_made_is_marked(row_of):
    row, line = row_of(dirty=True)
    assert row.from_changed_code
    assert "| claimed, own process, from changed code<br>" in line


@pytest.mark.parametrize(
    ("runs", "checkpoint", "training_data", "weights", "expected"),
    [
        (1, "model.safetensors", "dataset", "open", (ONE_RUN,)),
        (1, "model.safetensors", "dataset+other", "open", (ONE_RUN,)),
        (1, "model.safetensors", "", "open", (ONE_RUN,)),
        (2, "model.safetensors", "dataset", "open", ()),
        (1, "", "dataset", "open", ()),
        # A published model: there is no other run of its training to be had.
        (1, "model.gguf", "other", "open", ()),
        (1, "model.gguf", "other", "recipe", (ONE_RUN,)),
        (1, "model.gguf", "other", "", (ONE_RUN,)),
    ],
)
def test_one_training_run_is_told_of_models_that_were_trained_here(
    runs, checkpoint, training_data, weights, expected
):
    card = SimpleNamespace(
        training_data=training_data,
        weights=weights,
        listwise=False,
        entry="scorer:Mine",
        score="sum",
    )
    entry = Entry(
        submission=SimpleNamespace(card=card),
        setting="comments",
        set_signature="",
        answers=SimpleNamespace(lengths=None),
        runs=[SimpleNamespace(checkpoint=checkpoint)] * runs,
        results=[],
        scores=[],
        blind=[],
    )
    assert entry.remarks == expected
