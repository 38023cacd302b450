"""Scores read as pmi: from two files, by hand, and what is said where one of them is missing."""

from __future__ import annotations

import gzip
import json
import re

import numpy as np
import pytest

from livebench.candidates.candidate_set import CandidateSet
from livebench.leaderboard.collect import collect
from livebench.submissions.load import Submission
from livebench.submissions.validate import Scores, mutual_information

LIKELY = """
import hashlib

class Mine:
    def score(self, video_ctx, comments, candidate):
        def draw(text):
            return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32
        shown = "".join(comment.text for comment in comments)
        common = -9 * draw(candidate.text)
        return common + (draw(shown + candidate.text) if comments else 0)
"""
SIMILAR = """
class Mine:
    def score(self, video_ctx, comments, candidate):
        shown = {word for comment in comments for word in comment.words}
        return len(shown.intersection(candidate.words)) / len(candidate.words)
"""
KNOWS = """
class Mine:
    def fit(self, training):
        self.known = set(training.strings)
    def score(self, video_ctx, comments, candidate):
        return float(candidate.tokens not in self.known)
"""
CODE = {"likely": LIKELY, "similar": SIMILAR, "plain": SIMILAR, "knows": KNOWS}
SCORE = {"likely": "pmi", "similar": "pmi"}


@pytest.fixture
def project(made_once, frozen_without_frames, copy_set, submission, run, dataset_without_frames):
    """A folder with a small set and four submissions, evaluated."""

    def make():
        copy_set(frozen_without_frames)
        for name, code in CODE.items():
            score = SCORE.get(name, "sum")
            submission(name, code=code, name=name, settings=["comments"], score=score)
            options = (
                "--quiet",
                "--json",
                "--in-process",
                "--dataset",
                dataset_without_frames.path,
            )
            done = run("evaluate", name, *options)
            assert done.status == 0, done

    return made_once(make)


def boards(project):
    submissions = [Submission(project / "submissions" / name) for name in CODE]
    (section,) = collect([CandidateSet(project / "candidates" / "silent-paper")], submissions)
    blind, comments = section.boards
    return blind, comments


def row_of(board, name, score=""):
    rows = [row for row in [*board.rows, *board.other_rows] if row.folder == name]
    return next(row for row in rows if not score or row.normalisation == score)


def lines(path):
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def mrr_by_hand(project, name, minus=""):
    """Of the files alone; no candidate ties with the best-placed correct one."""
    folder = project / "submissions" / name / "scores/silent-paper/default"
    shown, blind = lines(folder / "comments.jsonl.gz"), lines(folder / "blind.jsonl.gz")
    total = 0.0
    answers = lines(project / "candidates/silent-paper/answers.jsonl.gz")
    for one, other, answer in zip(shown, blind, answers, strict=True):
        assert one["sample_id"] == other["sample_id"] == answer["sample_id"]
        pairs = zip(one["scores"], other["scores"], strict=True)
        values = {"pmi": [a - b for a, b in pairs], "blind": other["scores"]}[minus]
        best = max(v for v, kind in zip(values, answer["types"], strict=True) if kind == "correct")
        assert values.count(best) == 1
        total += 1 / (1 + sum(value > best for value in values))
    return total / len(answers)


def test_pmi_from_the_files_alone(project):
    blind, comments = boards(project)
    row = row_of(comments, "likely")
    assert row.normalisation == "pmi"
    pmi, unseen = (mrr_by_hand(project, "likely", name) for name in ("pmi", "blind"))
    assert row.metrics["best"]["MRR"].value == pytest.approx(pmi)
    assert row.gain.value == pytest.approx(pmi - unseen)
    assert row.gain.low < row.gain.value < row.gain.high
    assert row.signature.split("|")[-5:-2] == ["setting:comments", "gt:best", "score:pmi"]
    own = row_of(blind, "likely")
    assert (own.normalisation, own.gain, own.rank) == ("sum", None, 0)
    assert own.metrics["best"]["MRR"].value == pytest.approx(unseen)
    assert row_of(comments, "likely", "sum").metrics["best"]["MRR"].value != pytest.approx(pmi)
    assert row_of(comments, "likely", "sum") in comments.other_rows


def test_nothing_changes_for_a_similarity(project):
    _, comments = boards(project)
    similar, plain = row_of(comments, "similar"), row_of(comments, "plain")
    assert (similar.normalisation, plain.normalisation) == ("pmi", "sum")
    assert similar.metrics == plain.metrics
    assert similar.gain == plain.gain
    assert "pmi" not in [row.normalisation for row in comments.other_rows if row.folder == "plain"]


def test_who_beats_chance_without_looking_is_named(project, run):
    blind, _ = boards(project)
    assert [row.folder for row in blind.above_chance] == ["knows"]
    assert run("leaderboard", cwd=project).status == 0
    text = (project / "docs/leaderboard/silent-paper.md").read_text()
    assert (
        "In the setting `blind`, 1 of 4 models and baselines have an interval above chance" in text
    )
    assert "): [knows](../../submissions/knows) (" in text


@pytest.mark.parametrize("other", [{"dtype": "bfloat16"}, {"model": {"prompt": "mine-1@00000000"}}])
def test_blind_scores_of_another_prompt_or_precision_are_not_those_of_the_model(project, other):
    file = project / "submissions/likely/results/silent-paper/default/blind.json"
    result = json.loads(file.read_text())
    result["manifest"] |= other
    file.write_text(json.dumps(result))
    _, comments = boards(project)
    (outdated,) = comments.outdated
    assert (outdated.folder, outdated.outdated) == (
        "likely",
        "no scores of the same model in the setting blind, which score:pmi needs",
    )


def test_a_row_says_which_prompt_was_used(project):
    for file in (project / "submissions/likely/results/silent-paper/default").iterdir():
        result = json.loads(file.read_text())
        result["manifest"]["model"] = {"prompt": "mine-1@00000000+chat"}
        file.write_text(json.dumps(result))
    _, comments = boards(project)
    (row,) = (row for row in comments.rows if row.folder == "likely")
    assert "prompt mine-1@00000000+chat" in row.remarks


def test_without_the_file_of_blind(project, run, refused):
    for kind, ending in (("scores", "jsonl.gz"), ("results", "json")):
        (project / f"submissions/likely/{kind}/silent-paper/default/blind.{ending}").unlink()
    _, comments = boards(project)
    (outdated,) = comments.outdated
    assert (outdated.folder, outdated.rank, outdated.metrics) == ("likely", 0, {})
    assert outdated.outdated == (
        "no scores of the same model in the setting blind, which score:pmi needs"
    )
    assert "likely" not in {row.folder for row in comments.rows}
    name = "submissions/likely/scores/silent-paper/default/blind.jsonl.gz"
    done = run("submit", "check", "submissions/likely", cwd=project)
    assert done.out.splitlines()[:2] == [
        f'{name}: is missing, and submission.toml declares score = "pmi", which needs it',
        "    fix: run `livebench evaluate submissions/likely` again",
    ]
    assert "do not both have scores" in refused("compare", "likely", "plain", cwd=project)


def test_blind_is_scored_with_what_needs_it(project, run, refused):
    name = "submissions/likely/scores/silent-paper/default/blind.jsonl.gz"
    (project / name).unlink()
    card = project / "submissions/likely/submission.toml"
    whole = card.read_text()
    card.write_text(re.sub(r"^entry = .*$", "", whole, flags=re.MULTILINE))
    assert refused("evaluate", "likely", "--setting", "comments", "--quiet", cwd=project) == (
        f"{name}: is missing, and score:pmi is what is left "
        "of a score without it; evaluate the run with --setting blind first, or with all settings"
    )
    card.write_text(whole)  # what there is to run makes it
    assert run("evaluate", "likely", "--setting", "comments", "--quiet", cwd=project).status == 0
    assert (project / name).exists()


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 7},
        {"arguments": {"size": 3}},
        {"set_hash": "ab" * 32},
        {"files": {"scorer.py": "cd" * 32}},
        {"versions": {}},  # cannot be read
    ],
)
def test_blind_is_scored_again_for_a_run_that_was_changed(project, run, other):
    file = project / "submissions/likely/results/silent-paper/default/blind.json"
    before = json.loads(file.read_text())
    file.write_text(json.dumps(before | {"manifest": before["manifest"] | other}))
    assert run("evaluate", "likely", "--setting", "comments", "--quiet", cwd=project).status == 0
    made, made_before = json.loads(file.read_text())["manifest"], before["manifest"]
    # Versions name torch, too, if another test has loaded it.
    assert made.pop("versions")["livebench"] == made_before["versions"]["livebench"]
    assert made.items() >= {name: made_before[name] for name in other if name in made}.items()


def test_pmi_is_not_shown_with_blind_scores_of_another_model(project, refused):
    file = project / "submissions/likely/results/silent-paper/default/blind.json"
    result = json.loads(file.read_text())
    result["manifest"] |= {"dtype": "bfloat16", "model": {"prompt": "mine-1@00000000"}}
    file.write_text(json.dumps(result))
    scores = "submissions/likely/scores/silent-paper/default/blind.jsonl.gz"
    found = refused("evaluate", "likely", "--setting", "comments", "--quiet", cwd=project)
    assert found == (
        f"likely/default on silent-paper, comments, {scores}: is of another model than in the setting "
        "comments (model, dtype), and score:pmi is what is left of a score without it; evaluate the run "
        "with --setting blind first, or with all settings"
    )


def test_what_is_of_another_version_of_the_set_lacks_no_blind(project, run):
    """Its rows are shown separately as they are: nothing is missing."""
    folder = project / "submissions/likely"
    for kind, ending in (("scores", "jsonl.gz"), ("results", "json")):
        (folder / f"{kind}/silent-paper/default/blind.{ending}").unlink()
    path = folder / "results/silent-paper/default/comments.json"
    result = json.loads(path.read_text())
    result["manifest"]["set_hash"] = "ab" * 32
    path.write_text(json.dumps(result))
    done = run("submit", "review", cwd=project)
    expected = "submissions/likely: in order; out of date, and shown separately: 2 of its results"
    assert expected in done.out.splitlines()


def test_of_another_training(project):
    path = project / "submissions/likely/results/silent-paper/default/blind.json"
    result = json.loads(path.read_text())
    result["manifest"]["seed"] = 7
    path.write_text(json.dumps(result))
    _, comments = boards(project)
    assert [row.folder for row in comments.outdated] == ["likely"]


def test_who_declares_later_has_no_rank(project, run):
    card = project / "submissions/plain/submission.toml"
    card.write_text(card.read_text().replace('score = "sum"', 'score = "pmi"'))
    _, comments = boards(project)
    later = "declared how to read its scores after they were evaluated"
    assert later in row_of(comments, "plain").remarks
    assert comments.entries["plain"].declared_later
    done = run("submit", "check", "submissions/plain", cwd=project)
    assert (
        'blind.json: was made when submission.toml declared score = "sum", so its row has no rank'
        in done.out
    )


def test_a_mean_without_token_counts(project, run, refused):
    card = project / "submissions/plain/submission.toml"
    card.write_text(card.read_text().replace('score = "sum"', 'score = "mean"'))
    _, comments = boards(project)
    assert [row.outdated for row in comments.outdated] == [
        "no token counts, which score:mean needs"
    ]
    done = run("submit", "check", "submissions/plain", cwd=project)
    assert 'has no token counts, and submission.toml declares score = "mean"' in done.out


def test_compared_by_the_declared_score(project, run):
    done = run("compare", "likely", "plain", cwd=project)
    assert done.status == 0, done
    assert "|setting:comments|gt:best|score:pmi,sum|ties:mean|" in done.out
    value = boards(project)[1].entries["likely"].headline.mean()
    assert f"likely reaches MRR {value:.4f} " in done.out


def test_differences_by_hand():
    sums = np.array([[-12.3456, -10.3, -5.0], [0.25, 0.5, 0.125]])
    blind = np.array([[-12.0456, -10.0, -7.5], [3.0, 3.0, 3.0]])
    # The first two tie as decimals, though not in binary; a constant leaves the order as it is.
    assert -12.3456 + 12.0456 != -10.3 + 10.0
    expected = [[-0.3, -0.3, 2.5], [0.25, 0.5, 0.125]]
    found = mutual_information(sums, blind)
    assert found.tolist() == expected
    words = np.ones((2, 3), np.int64)
    none = np.zeros(2, np.int64)
    read = Scores(sums, None, none).normalised("pmi", words, Scores(blind, None, none))
    assert read.tolist() == expected
