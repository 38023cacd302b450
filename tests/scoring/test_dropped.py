"""Comments that a model was not shown: counted for each sample, however the samples are asked about."""

from __future__ import annotations

import gzip
import json

import pytest
from written import result_of, scores_of

from livebench.records import ScoreRecord, write_records
from livebench.review.attesting import compare_scores
from livebench.submissions.load import Submission

READS_THE_LAST_SECONDS = """
import os
from livebench.scoring.scorer import LogLikelihood
class Mine:
    def score(self, video_ctx, comments, candidate):
        unread = [one for one in comments if one.time < -4]
        return LogLikelihood(-float(len(candidate.text)), 1, len(unread))
"""
ENDS_ONCE = (
    READS_THE_LAST_SECONDS
    + """
    def score_samples(self, samples):
        for _, comments, candidates in samples:
            if os.path.exists("{there}") and len(comments) and comments[0].text == "{text}":
                os.unlink("{there}")
                raise SystemExit("the power is gone")
        return [[self.score(*sample[:2], one) for one in sample.candidates] for sample in samples]
"""
)


@pytest.fixture
def unread(frozen):
    """How many comments of each sample came more than 4 s before the moment, by the records."""
    return {
        record.sample_id: sum(round(one.time - record.time, 3) < -4 for one in record.context)
        for record in frozen.samples()
    }


def lines_of(path, setting="comments"):
    with gzip.open(scores_of(path, setting=setting), "rt") as file:
        return {line["sample_id"]: line for line in map(json.loads, file)}


def remark_of(unread):
    dropped = [count for count in unread.values() if count]
    return (
        f"contexts too long for the model in {len(dropped)} of 60 samples; comments left out: "
        f"{sum(dropped)}"
    )


@pytest.mark.parametrize("isolation", [(), ("--in-process",)], ids=["process", "in process"])
def test_from_the_scorer_to_the_row(
    evaluate, submission, frozen, copy_set, run, unread, isolation, tmp_path
):
    dropped = [count for count in unread.values() if count]
    assert 10 < len(dropped) < 50  # else the test could not tell
    path = submission(code=READS_THE_LAST_SECONDS, settings=["comments"])
    done = evaluate(path, *isolation)
    assert done.status == 0, done
    name = "mine/default on tiny-paper, comments"
    assert done.err.count(f"WARNING: {name}: {remark_of(unread)}\n") == 1
    assert done.err.count("too long for the model") == 1
    found = lines_of(path)
    assert {name: line.get("dropped_comments", 0) for name, line in found.items()} == unread
    assert 0 not in {line.get("dropped_comments") for line in found.values()}
    result = json.loads(result_of(path, setting="comments").read_text())
    assert result["dropped_comments"] == {"samples": len(dropped), "comments": sum(dropped)}
    assert not any("dropped_comments" in line for line in lines_of(path, "blind").values())
    assert "dropped_comments" not in json.loads(result_of(path, setting="blind").read_text())
    copy_set(frozen)
    assert run("leaderboard", "--sets", "candidates", "--out", "board.md").status == 0
    (page,) = tmp_path.glob("docs/leaderboard/tiny-paper.md")
    assert page.read_text().count(f"<sub>{remark_of(unread)}</sub>") == 1


def test_after_an_end_amid_the_set_and_in_other_blocks(evaluate, submission, frozen, monkeypatch):
    whole = submission("whole", code=READS_THE_LAST_SECONDS)
    only = ("--setting", "comments", "--quiet", "--in-process")
    assert evaluate(whole, *only).status == 0
    monkeypatch.setattr("livebench.scoring.questions.BATCH", 7)
    ended = whole.parent / "ended"
    ended.write_text("")
    text = list(frozen.samples())[30].context[0].text
    path = submission(code=ENDS_ONCE.replace("{there}", str(ended)).replace("{text}", text))
    done = evaluate(path, *only)
    assert (done.status, ended.exists()) == (2, False)
    assert "scored so far: " in done.err
    assert evaluate(path, *only).status == 0
    assert scores_of(path, setting="comments").read_bytes() == (
        scores_of(whole, setting="comments").read_bytes()
    )


def test_a_trial_says_so(evaluate, submission, unread):
    path = submission(code=READS_THE_LAST_SECONDS)
    done = evaluate(path, "--setting", "comments", "--limit", 60)
    assert done.status == 0, done
    assert done.err.count(remark_of(unread)) == 1


@pytest.mark.parametrize(
    ("claimed", "made", "verdict"), [(3, 3, "same"), (0, 3, "close"), (3, 0, "close")]
)
def test_a_claim_that_says_otherwise_is_not_the_same(submission, frozen, claimed, made, verdict):
    found = []
    for name, dropped in (("claimed", claimed), ("made", made)):
        one = Submission(submission(name))
        file = scores_of(one.path, setting="comments")
        file.parent.mkdir(parents=True)
        names = [record.sample_id for record in frozen.answers()]
        write_records(
            file, [ScoreRecord(name, [0.5] * 100, dropped_comments=dropped) for name in names]
        )
        found.append(one)
    agreement = compare_scores(*found, frozen, found[0].card.runs[0], "comments")
    assert (agreement.verdict, agreement.largest) == (verdict, 0.0)
