"""Rows of the leaderboard: from scores and answers, and nothing else."""

from __future__ import annotations

import gzip
import json

import msgspec
import numpy as np
import pytest

from livebench.candidates.candidate_set import CandidateSet
from livebench.leaderboard.collect import collect
from livebench.scoring.metrics import METRICS, chance_metrics, sample_metrics
from livebench.submissions.load import Submission

RUNS = [{"name": "a"}, {"name": "b"}]
CODE = """
class Mine:
    def score(self, video_ctx, comments, candidate):
        return SIGN * len(candidate.text)
"""


@pytest.fixture
def board(made_once, frozen, copy_set, submission, run):
    """A folder with the tiny set without its text, two submissions with a scorer and one without."""

    def make():
        copied = copy_set(frozen)
        for name, sign in (("short", -1), ("long", 1)):
            submission(name, code=CODE.replace("SIGN", str(sign)), settings=["comments"])
        handed = submission("handed", settings=["comments"], runs=RUNS)
        for seed, one in enumerate(RUNS):
            write_scores(handed, one["name"], random_scores(seed), copied)
        submission("absent", settings=["comments"])  # has no scores at all
        for name in ("short", "long", "handed"):
            done = run("evaluate", "--submission", f"submissions/{name}", "--quiet")
            assert done.status == 0, done
        (copied.path / "samples.jsonl.gz").unlink()  # the leaderboard needs no text

    return made_once(make)


def random_scores(seed):
    return np.random.default_rng(seed).integers(0, 50, (60, 100)).astype(float)


def write_scores(path, run, scores, candidate_set, setting="comments"):
    target = path / "scores" / candidate_set.name / run / f"{setting}.jsonl.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = (
        json.dumps({"sample_id": answer.sample_id, "scores": row.tolist()}) + "\n"
        for answer, row in zip(candidate_set.answers(), scores, strict=True)
    )
    target.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))


def collected(board, **options):
    names = ("absent", "handed", "long", "short")
    submissions = [Submission(board / "submissions" / name) for name in names]
    return collect([CandidateSet(board / "candidates" / "tiny-paper")], submissions, **options)


def correct_of(candidate_set):
    return np.array([[kind == "correct" for kind in one.types] for one in candidate_set.answers()])


def test_boards_and_rows(board, frozen):
    (section,) = collected(board)
    assert section.samples == 60
    assert [one.setting for one in section.boards] == ["blind", "video", "comments", "both"]
    _, video, comments, both = section.boards
    assert [row.name for row in video.rows] == [row.name for row in both.rows] == ["chance"]
    assert {row.folder for row in comments.rows} == {"", "handed", "long", "short"}
    values = [row.metrics["best"]["MRR"].value for row in comments.rows]
    assert values == sorted(values, reverse=True)
    assert comments.signatures == {
        truth: f"{frozen.manifest.signature}|setting:comments|gt:{truth}|ties:mean"
        for truth in ("best", "all")
    }


def test_chance_is_exact(board, frozen):
    (section,) = collected(board)
    (chance,) = [row for row in section.boards[2].rows if not row.folder]
    counts = correct_of(frozen).sum(axis=1)
    for truth in ("best", "all"):
        expected = chance_metrics(counts)[truth].mean(axis=0)
        values = [chance.metrics[truth][metric.name].value for metric in METRICS]
        assert values == pytest.approx(expected)


def test_the_mean_over_runs(board, frozen):
    (section,) = collected(board)
    (row,) = [row for row in section.boards[2].rows if row.folder == "handed"]
    correct = correct_of(frozen)
    both = [sample_metrics(random_scores(seed), correct) for seed in (0, 1)]
    for truth in ("best", "all"):
        expected = np.mean([values[truth].mean(axis=0) for values in both], axis=0)
        assert [row.metrics[truth][metric.name].value for metric in METRICS] == pytest.approx(
            expected
        )
    assert row.runs == 2


def test_only_what_is_attested_has_a_rank(board, attest, maintainer):
    attest("submissions/long", cwd=board)
    (section,) = collected(board, signers=maintainer.signers)
    found = {row.folder: (row.evaluated, row.rank) for row in section.boards[2].rows}
    assert found == {
        "": ("", 0),
        "handed": ("self-reported", 0),
        "short": ("claimed", 0),
        "long": ("attested", 1),
    }
    # by the maintainers of LiveBench it is not signed
    (section,) = collected(board)
    assert {row.evaluated for row in section.boards[2].rows} == {"", "self-reported", "claimed"}
    assert {row.rank for row in section.boards[2].rows} == {0}


def test_a_probe_has_no_rank(board, attest, maintainer):
    for name in ("long", "short"):
        card = board / "submissions" / name / "submission.toml"
        card.write_text('kind = "probe"\n' + card.read_text())
        for path in result_path(board, name, "default").parent.iterdir():
            path.write_text(path.read_text().replace('"kind": "model"', '"kind": "probe"'))
    attest("submissions/long", "submissions/short", cwd=board)
    (section,) = collected(board, signers=maintainer.signers)
    found = {row.folder: (row.evaluated, row.rank) for row in section.boards[2].rows}
    assert (found["long"], found["short"]) == (("attested", 0), ("attested", 0))


def result_path(board, name="handed", run="a"):
    return board / "submissions" / name / "results" / "tiny-paper" / run / "comments.json"


def test_who_writes_re_run_into_a_result_is_still_self_reported(board):
    for run in ("a", "b"):
        path = result_path(board, run=run)
        path.write_text(path.read_text().replace('"self-reported"', '"re-run"'))
    (section,) = collected(board)
    (row,) = [row for row in section.boards[2].rows if row.folder == "handed"]
    assert (row.evaluated, row.rank) == ("self-reported", 0)


def test_metrics_of_a_result_file_mean_nothing(board):
    before = collected(board)[0].boards[2].rows
    path = result_path(board)
    result = json.loads(path.read_text())
    result["metrics"]["best"]["MRR"]["value"] = 1.0
    path.write_text(json.dumps(result))
    assert collected(board)[0].boards[2].rows == before


def in_result(board, key, value, **where):
    """Change what a result says of its origin."""
    path = result_path(board, **where)
    result = json.loads(path.read_text())
    result["manifest"][key] = value
    path.write_text(json.dumps(result))


CHANGED = {
    "result missing": (
        lambda board: result_path(board).unlink(),
        "results/tiny-paper/a/comments.json: is missing beside its scores; run `livebench evaluate",
    ),
    "hash of the set is none": (
        lambda board: in_result(board, "set_hash", "|<b>"),
        "results/tiny-paper/a/comments.json, manifest.set_hash: is not a hash; run `livebench evaluate",
    ),
    "version is none": (
        lambda board: in_result(board, "versions", {"livebench": "0.1.0 | <script>"}),
        "results/tiny-paper/a/comments.json, manifest.versions: does not say which LiveBench made",
    ),
    "no version": (
        lambda board: in_result(board, "versions", {}),
        "results/tiny-paper/a/comments.json, manifest.versions: does not say which LiveBench made",
    ),
    "result is not JSON": (
        lambda board: result_path(board).write_text("{"),
        "results/tiny-paper/a/comments.json: ",
    ),
    "scores changed": (
        lambda board: write_scores(
            board / "submissions" / "handed",
            "a",
            random_scores(9),
            CandidateSet(board / "candidates" / "tiny-paper"),
        ),
        "scores/tiny-paper/a/comments.jsonl.gz: has changed since it was evaluated; run `livebench",
    ),
    "scores damaged": (
        lambda board: (
            board / "submissions/handed/scores/tiny-paper/a/comments.jsonl.gz"
        ).write_bytes(b"x"),
        "scores/tiny-paper/a/comments.jsonl.gz: ",
    ),
    "card broken": (
        lambda board: (board / "submissions/handed/submission.toml").write_text("name ="),
        "submission.toml: ",
    ),
}


@pytest.mark.parametrize("case", CHANGED)
def test_what_does_not_belong_together_is_refused(board, refused, case):
    change, message = CHANGED[case]
    change(board)
    found = refused("leaderboard", cwd=board)
    assert found.startswith(f"submissions/handed/{message}")
    assert not (board / "LEADERBOARD.md").exists()


def test_answers_that_were_changed_are_refused(board, refused):
    path = board / "candidates" / "tiny-paper" / "answers.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    first = msgspec.json.decode(lines[0])
    first["types"].reverse()
    from livebench.files import new_gzip

    with new_gzip(path) as file:
        file.write(msgspec.json.encode(first) + b"\n" + b"".join(lines[1:]))
    assert refused("leaderboard", cwd=board).startswith(
        "candidates/tiny-paper/answers.jsonl.gz: changed: "
    )


def test_nothing_to_show(tmp_path, refused, frozen, copy_set):
    assert refused("leaderboard").startswith("candidates: no candidate set in it")
    copy_set(frozen)
    assert refused("leaderboard").startswith(
        "submissions: no submission in it (a folder with a sub"
    )
    assert not (tmp_path / "LEADERBOARD.md").exists()
