"""The ranking task: what raters see, what may not show, what is refused, and what the numbers are."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from simulated_choosers import draw_study, write_simulated

from livebench.candidates.candidate_set import CandidateSet
from livebench.errors import LiveBenchError
from livebench.human.analysis.choices import Choices, read_choices
from livebench.human.analysis.people import ScoredModel, compare_people, reached
from livebench.human.analysis.people_text import people_sentence
from livebench.human.sheets.ranking_key import RankingKey, read_ranking_key
from livebench.human.sheets.ranking_sheet import (
    RankingPlan,
    draw_ten,
    make_ranking_sheets,
)
from livebench.leaderboard.people import people_of
from livebench.records import ScoreRecord, write_records
from livebench.scoring.answers import Answers
from livebench.scoring.metrics import intervals
from livebench.submissions.load import find_submissions

MOMENTS = 12


@pytest.fixture
def task(tmp_path, frozen, dataset) -> tuple[Path, RankingKey]:
    """A ranking task of MOMENTS moments for three raters, and its key."""
    out = tmp_path / "human" / "ranked"
    return out, make_ranking_sheets(out, frozen, dataset, RankingPlan(MOMENTS, 3, "both", 5))


def cells(folder: Path, rater: str = "R1") -> list[dict[str, str]]:
    text = (folder / "raters" / f"{rater}.csv").read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def write_choices_of(folder: Path, key: RankingKey, picked: dict[str, list[int]]) -> list[Path]:
    """Raters' files: the picked places, by rater, in the order of the key's moments."""
    places = {moment.sample_id: place for place, moment in enumerate(key.moments)}
    paths = []
    for rater in key.raters:
        if rater.rater in picked:
            rows = [
                (row.row, row.order.index(picked[rater.rater][places[row.sample_id]]) + 1)
                for row in rater.rows
            ]
            paths.append(folder / f"{rater.rater}.csv")
            lines = ["id,choice", *(f"{name},{number}" for name, number in rows)]
            paths[-1].write_text("\n".join(lines) + "\n", "utf-8")
    return paths


def test_one_of_ten_is_correct(task, frozen):
    _, key = task
    answers = {answer.sample_id: answer for answer in frozen.answers()}
    assert len(key.moments) == MOMENTS
    for moment in key.moments:
        types = [answers[moment.sample_id].types[place] for place in moment.candidates]
        assert types.count("correct") == 1
        assert len(set(moment.candidates)) == 10


def test_what_is_drawn_depends_on_texts_alone(frozen):
    """The ten are the same whichever of them is correct: nothing else may show through."""
    sample, answer = next(frozen.samples()), next(frozen.answers())
    ten = draw_ten(sample, answer, 0)
    texts = {sample.candidates[place] for place in ten}
    order = list(reversed(range(100)))
    turned = msgspec.structs.replace(sample, candidates=[sample.candidates[k] for k in order])
    types = msgspec.structs.replace(answer, types=[answer.types[k] for k in order])
    assert {turned.candidates[place] for place in draw_ten(turned, types, 0)} == texts
    assert draw_ten(sample, answer, 1) != ten


def test_no_two_look_the_same(frozen):
    sample, answer = next(frozen.samples()), next(frozen.answers())
    correct = answer.types.index("correct")
    same = [place for place in range(100) if answer.types[place] != "correct"][:60]
    candidates = list(sample.candidates)
    for number, place in enumerate(same):
        candidates[place] = candidates[correct] + " " * (1 + number)
    twins = msgspec.structs.replace(sample, candidates=candidates)
    one = msgspec.structs.replace(
        answer, types=["correct" if k == correct else "random" for k in range(100)]
    )
    ten = draw_ten(twins, one, 0)
    assert correct in ten
    assert not set(same) & set(ten)


@pytest.mark.parametrize(
    ("setting", "title", "around", "second"),
    [
        ("both", True, True, True),
        ("comments", False, True, True),
        ("video", True, False, True),
        ("blind", False, False, False),
    ],
)
def test_raters_see_what_a_model_is_shown(
    tmp_path, frozen, dataset, setting, title, around, second
):
    out = tmp_path / "ranked"
    make_ranking_sheets(out, frozen, dataset, RankingPlan(6, 1, setting))
    rows = cells(out)
    assert len(rows) == 6
    for row in rows:
        shown = (bool(row["title"]), bool(row["second"]))
        assert shown == (title, second)
    assert any(row["around"] for row in rows) == around
    page = (out / "raters" / "R1.html").read_text("utf-8")
    titles = {video.title for video in dataset.videos}
    assert any(name in page for name in titles) == title
    assert ("Comments around the moment" in page) == around


def test_a_sheet_does_not_depend_on_which_one_is_real(tmp_path, frozen, dataset, monkeypatch):
    """With another of the ten as the correct one, every file for raters is the same to the byte."""
    first, second = tmp_path / "a" / "ranked", tmp_path / "b" / "ranked"
    key = make_ranking_sheets(first, frozen, dataset, RankingPlan(6, 2))
    ten = {moment.sample_id: moment.candidates for moment in key.moments}
    answers = list(frozen.answers())

    def other(answer):
        if answer.sample_id not in ten:
            return answer
        types = list(answer.types)
        correct = next(k for k in ten[answer.sample_id] if types[k] == "correct")
        wrong = next(k for k in ten[answer.sample_id] if types[k] != "correct")
        types = ["random" if kind == "correct" else kind for kind in types]
        assert correct != wrong
        types[wrong] = "correct"
        return msgspec.structs.replace(answer, types=types)

    monkeypatch.setattr(CandidateSet, "answers", lambda _: iter(map(other, answers)))
    monkeypatch.setattr(
        "livebench.human.sheets.ranking_sheet.draw_ten", lambda sample, *_: ten[sample.sample_id]
    )
    make_ranking_sheets(second, frozen, dataset, RankingPlan(6, 2))
    for path in sorted((first / "raters").iterdir()):
        assert path.read_bytes() == (second / "raters" / path.name).read_bytes(), path.name


def test_the_real_one_stands_anywhere(tmp_path, frozen, dataset):
    out = tmp_path / "ranked"
    key = make_ranking_sheets(out, frozen, dataset, RankingPlan(20, 20))
    types = {answer.sample_id: answer.types for answer in frozen.answers()}
    places = [
        next(k for k, place in enumerate(row.order) if types[row.sample_id][place] == "correct")
        for rater in key.raters
        for row in rater.rows
    ]
    counts = np.bincount(places, minlength=10)
    expected = len(places) / 10
    # Chi-squared with 9 degrees of freedom exceeds 27.9 once in a thousand.
    assert (np.square(counts - expected) / expected).sum() < 27.9


@pytest.fixture
def guess(submission, frozen, run) -> Path:
    """A folder of submissions: one that puts the correct candidate first more often than not."""
    path = submission("guess", settings=["both"], listwise=True)
    generator = np.random.default_rng(7)
    scores = generator.normal(size=(60, 100)) + 2.0 * Answers(frozen).correct
    for setting, values in (("both", scores), ("blind", 0 * scores)):
        records = [
            ScoreRecord(answer.sample_id, np.round(row, 4).tolist())
            for answer, row in zip(frozen.answers(), values, strict=True)
        ]
        write_records(path / "scores" / frozen.name / "default" / f"{setting}.jsonl.gz", records)
    done = run("evaluate", path, "--candidates", frozen.path)
    assert done.status == 0, done
    return path.parent


def test_from_sheets_to_the_report_and_back(task, frozen, run, guess):
    """The whole way by the command line: what is published holds no text and gives the same numbers."""
    folder, key = task
    types = {answer.sample_id: answer.types for answer in frozen.answers()}
    paths = write_simulated(folder, key, types, [0.9, 0.8, 0.7], np.random.default_rng(1))
    published = folder.parent / "published"
    published.mkdir()
    shutil.copy(folder / "ranking.json", published)
    command = ("human-eval", "ranking", "report", *paths, "--key", folder / "ranking.json")
    command += ("--candidates", frozen.path, "--submissions", guess, "--out", published)
    done = run(*command, "--json")
    assert done.status == 0, done
    report = json.loads(done.out)
    assert [model["folder"] for model in report["models"]] == ["guess"]
    assert report["moments"] == MOMENTS
    real = sum(
        types[row.sample_id][row.order[int(line.split(",")[1]) - 1]] == "correct"
        for rater, path in zip(key.raters, paths, strict=True)
        for row, line in zip(rater.rows, path.read_text().splitlines()[1:], strict=True)
    )
    assert report["real"]["value"] == pytest.approx(100 * real / (3 * MOMENTS))
    texts = {text for sample in frozen.samples() for text in sample.candidates if len(text) > 3}
    for path in published.rglob("*.*"):
        assert not any(text in path.read_text("utf-8") for text in texts), path
    shutil.rmtree(folder)
    [people] = people_of(frozen, Answers(frozen), find_submissions(guess), published.parent)
    assert msgspec.json.decode(msgspec.json.encode(people)) == report
    text = (published / "people.md").read_text("utf-8")
    assert "| people " in text
    assert "| guess " in text
    assert people_of(frozen, Answers(frozen), [], published.parent / "absent") == []
    said = people_sentence(people)
    assert said.startswith("3 people, setting both, pick the real one of 10 candidates at ")
    assert f"of {MOMENTS} moments of " in said
    assert "the best model, guess, puts it first at " in said


def test_a_task_of_another_version_of_the_set_is_refused(task, frozen, refused, guess):
    folder, key = task
    types = {answer.sample_id: answer.types for answer in frozen.answers()}
    paths = write_simulated(folder, key, types, [0.5] * 3, np.random.default_rng(1))
    path = folder / "ranking.json"
    path.write_text(path.read_text("utf-8").replace(key.set_hash, "0" * 64), "utf-8")
    said = refused("human-eval", "ranking", "report", *paths, "--key", path, "--candidates", frozen.path,
                   "--submissions", guess)  # fmt: skip
    assert "not the set that raters saw" in said


def test_a_task_of_another_version_of_the_set_is_left_out_of_the_board(
    task, frozen, run, guess, tmp_path
):
    """In one line; the board is rendered without it, and was with it."""
    folder, key = task
    types = {answer.sample_id: answer.types for answer in frozen.answers()}
    paths = write_simulated(folder, key, types, [0.5] * 3, np.random.default_rng(1))
    given = ("--candidates", frozen.path, "--submissions", guess)
    asked = ("--key", folder / "ranking.json", *given, "--out", folder)
    assert run("human-eval", "ranking", "report", *paths, *asked).status == 0
    board = ("leaderboard", "--sets", frozen.path.parent, "--submissions", guess)
    board += ("--human", folder.parent)
    page = tmp_path / "docs" / "leaderboard" / "tiny-paper.md"
    assert run(*board).err == ""
    assert "3 people, setting both, pick the real one" in page.read_text("utf-8")
    path = folder / "ranking.json"
    path.write_text(path.read_text("utf-8").replace(key.set_hash, "0" * 64), "utf-8")
    done = run(*board)
    assert (done.status, done.err) == (
        0,
        f"{folder}: left out: people saw another version of tiny-paper (00000000, now "
        f"{frozen.manifest.hash[:8]})\n",
    )
    assert "3 people" not in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda t: t.replace("id,choice", "id,pick"), "row 1: 0 columns are named choice"),
        (lambda t: t.replace(",1\n", ",11\n", 1), "'11' is no number of a comment"),
        (lambda t: t.replace(",1\n", ",0\n", 1), "'0' is no number of a comment"),
        (lambda t: t.replace(",1\n", ",one\n", 1), "'one' is no number of a comment"),
        (lambda t: t.replace(",1\n", ",\n", 1), "no choice; 1 of 12 are missing"),
        (lambda t: t.replace(",1\n", ",\n", 6), "R1 left out 6 of 12 choices, half or more"),
        (lambda t: t + t.splitlines()[1] + "\n", "occurs in row 2 already"),
        (lambda t: t + "rffffffffffff,1\n", "is not in the key"),
        (lambda _: "id,choice\n", "holds no ratings"),
    ],
)
def test_what_is_wrong_is_refused(task, tmp_path, damage, message):
    folder, key = task
    path = folder / "R1.csv"
    text = "id,choice\n" + "".join(f"{row.row},1\n" for row in key.raters[0].rows)
    path.write_text(damage(text), "utf-8")
    with pytest.raises(LiveBenchError, match=re.escape(message)):
        read_choices([path], key)


def test_a_missing_choice_drops_the_moment_for_all(task):
    folder, key = task
    first = [moment.candidates[0] for moment in key.moments]
    paths = write_choices_of(folder, key, {"R1": first, "R2": first})
    gone = key.raters[1].rows[3]
    text = paths[1].read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith(gone.row))
    paths[1].write_text(text.replace(line, f"{gone.row},"), "utf-8")
    choices = read_choices(paths, key, drop_missing=True)
    assert choices.dropped == [gone.sample_id]
    assert choices.picked.shape == (2, MOMENTS - 1)
    assert choices.absent == ["R3"]


def test_a_key_whose_parts_do_not_fit_is_refused(task):
    folder, _ = task
    path = folder / "ranking.json"
    content = json.loads(path.read_text("utf-8"))
    content["raters"][0]["rows"][0]["order"][0] = content["raters"][0]["rows"][0]["order"][1]
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(LiveBenchError, match="do not fit together"):
        read_ranking_key(path)


# --- numbers ---


def test_a_rater_who_follows_a_model_reaches_what_it_reaches(task, frozen):
    """Whoever picks what a model scores highest has its R@1 on the tens, moment by moment."""
    _, key = task
    answers = Answers(frozen)
    generator = np.random.default_rng(3)
    scores = generator.normal(size=answers.correct.shape) + 1.5 * answers.correct
    samples = [answers.sample_ids.index(moment.sample_id) for moment in key.moments]
    tens = np.array([moment.candidates for moment in key.moments])
    best = tens[np.arange(len(tens)), scores[np.array(samples)[:, None], tens].argmax(axis=1)]
    picked = np.stack([best, best])
    choices = Choices(key, ["R1", "R2"], [], np.arange(len(tens)), picked, [])
    model = ScoredModel("leader", "Leader", "model", "sum", [scores])
    people = compare_people(choices, frozen, answers, [model])
    [found] = people.models
    by_hand = 100 * np.mean(
        [answers.correct[s, place] for s, place in zip(samples, best, strict=True)]
    )
    assert people.real.value == pytest.approx(by_hand)
    assert found.real.value == pytest.approx(by_hand)
    assert (found.people_ahead.value, found.people_ahead.low, found.people_ahead.high) == (0, 0, 0)
    assert people.same.value == 100
    ranks = [
        1 + int((scores[s, ten] > scores[s, ten][answers.correct[s, ten]].max()).sum())
        for s, ten in zip(samples, tens, strict=True)
    ]
    assert found.reciprocal_rank.value == pytest.approx(np.mean([1 / rank for rank in ranks]))


@pytest.mark.parametrize(("accuracy", "like_chance"), [(1.0, False), (0.6, False), (0.1, True)])
def test_a_known_accuracy_is_recovered(tmp_path, frozen, dataset, accuracy, like_chance):
    """All the way from sheets: the interval of three raters holds the accuracy that they were given."""
    out = tmp_path / "ranked"
    key = make_ranking_sheets(out, frozen, dataset, RankingPlan(60, 3))
    types = {answer.sample_id: answer.types for answer in frozen.answers()}
    paths = write_simulated(out, key, types, [accuracy] * 3, np.random.default_rng(11))
    people = compare_people(read_choices(paths, key), frozen, Answers(frozen), [])
    assert people.real.low <= 100 * accuracy <= people.real.high
    assert people.these_raters.high - people.these_raters.low < 25
    assert [rater.like_chance for rater in people.raters] == [like_chance] * 3
    share = accuracy**2 + (1 - accuracy) ** 2 / 9  # that two raters pick the same
    assert people.same.value == pytest.approx(100 * share, abs=12)


def test_intervals_hold_the_mean_of_the_population():
    """Raters and videos drawn from a population of known mean: 95% intervals hold it in about 95 of 100
    studies, those that forget the raters in fewer (benchmarks/human_calibration.py has a thousand)."""
    held = forgetful = 0
    for study in range(100):
        real, videos = draw_study(
            np.random.default_rng(study), raters=5, videos=40, mean=0.5, skill=0.3
        )
        one = reached(real, videos)
        held += one.low <= 50 <= one.high
        two = intervals(real.mean(axis=0), videos)[0]
        forgetful += two.low <= 50 <= two.high
    assert held >= 90
    assert forgetful < held
