"""What a scorer is asked: each sample; in `blind` each distinct candidate once."""

from __future__ import annotations

import json
import random
from collections import Counter

import numpy as np
import pytest

from livebench.errors import LiveBenchError
from livebench.scoring import questions as module
from livebench.scoring.answers import Answers
from livebench.scoring.numbers import Numbers, numbers_of
from livebench.scoring.questions import answered, questions
from livebench.scoring.scorer import Comment, LogLikelihood, Scorer


class Scripted(Scorer):
    """Scores each candidate by a function, and remembers what it was shown."""

    def __init__(self, function):
        self._function, self.shown = function, []

    def score(self, video_ctx, comments, candidate):
        self.shown.append((video_ctx, list(comments), candidate))
        return self._function(candidate)


def by_length(candidate):
    """A score whose first six digits do not tell all candidates apart."""
    return -len(candidate.text) - sum(map(ord, candidate.text)) / 1e7


@pytest.fixture
def asked(frozen):
    answers = Answers(frozen)

    def ask(setting="blind", ids=answers.sample_ids, **options):
        videos = dict(zip(answers.sample_ids, answers.videos, strict=True))
        return questions(frozen, None, setting, ids, [videos[name] for name in ids], **options)

    return ask


def keep(scorer, asked, blocks):
    """The answers to some blocks, as a journal keeps them."""
    kept = {}
    for block in asked.read(blocks):
        for name, sample in block:
            scores = [scorer.score(*sample[:2], one) for one in sample.candidates]
            kept[name] = asked.line(name, numbers_of(scores, len(scores)))
    return kept


def test_blind_asks_for_each_distinct_candidate_once(frozen, asked):
    scorer = Scripted(by_length)
    scores = answered(scorer, asked())
    there = {
        pair
        for record in frozen.samples()
        for pair in zip(record.candidates, record.candidate_tokens, strict=True)
    }
    seen = Counter((one.text, one.tokens) for _, _, one in scorer.shown)
    assert seen == Counter(dict.fromkeys(there, 1))
    assert len(seen) < 100 * scores.sums.shape[0]  # else nothing is shown
    for video_ctx, comments, candidate in scorer.shown:
        assert (video_ctx.time, video_ctx.title, video_ctx.category) == (0, "", "")
        assert (len(video_ctx.frames), comments, candidate.time) == (0, [], 0)


def test_each_sample_gets_the_scores_of_its_candidates(frozen, asked):
    sums = answered(Scripted(by_length), asked()).sums
    for row, record in zip(sums, frozen.samples(), strict=True):
        pairs = zip(record.candidates, record.candidate_tokens, strict=True)
        wanted = [by_length(Comment(*pair)) for pair in pairs]
        assert row == pytest.approx(wanted, rel=1e-5)
        # Different scores stay different, as they do in a sample that is scored by itself.
        assert len(set(row)) == len(set(np.float32(wanted)))


def test_some_samples_are_asked_for_by_their_own_candidates(frozen, asked):
    ids = Answers(frozen).sample_ids[5:7][::-1]
    scorer = Scripted(by_length)
    scores = answered(scorer, asked(ids=ids))
    by_name = {one.sample_id: one for one in frozen.samples()}
    there = {text for name in ids for text in by_name[name].candidates}
    assert {candidate.text for _, _, candidate in scorer.shown} == there
    wanted = [
        [
            by_length(Comment(*pair))
            for pair in zip(one.candidates, one.candidate_tokens, strict=True)
        ]
        for one in map(by_name.get, ids)
    ]
    assert scores.sums == pytest.approx(np.array(wanted), rel=1e-5)


@pytest.mark.parametrize(
    ("setting", "listwise"), [("blind", True), ("comments", False), ("comments", True)]
)
def test_otherwise_each_sample_is_a_question(frozen, asked, setting, listwise):
    names = [name for block in asked(setting, listwise=listwise).blocks for name in block]
    assert sorted(names) == sorted(Answers(frozen).sample_ids)


def test_answers_in_any_order_and_of_two_sessions_make_the_same_lines(monkeypatch, asked):
    monkeypatch.setattr(module, "BATCH", 2)
    all_of_it = asked()
    assert len(all_of_it.blocks) > 2
    whole = list(all_of_it.lines(keep(Scripted(by_length), all_of_it, all_of_it.blocks)))
    later, shuffled = asked(), list(reversed(asked().blocks))
    random.Random(1).shuffle(shuffled)
    kept = keep(Scripted(by_length), later, shuffled[:2])
    kept |= keep(Scripted(by_length), later, shuffled[2:])
    assert list(later.lines(kept)) == whole


def test_token_counts_follow_their_candidates(frozen, asked):
    def counted(candidate):
        return LogLikelihood(by_length(candidate), len(candidate.words))

    counts = answered(Scripted(counted), asked()).token_counts
    wanted = [
        [len(tokens.split(" ")) for tokens in record.candidate_tokens]
        for record in frozen.samples()
    ]
    assert counts.tolist() == wanted


def test_progress_is_told_in_samples(monkeypatch, asked):
    monkeypatch.setattr(module, "BATCH", 1)
    told = []
    answered(Scripted(by_length), asked(), progress=told.append)
    assert len(told) > 2
    assert sum(told) == 60
    assert min(told) > 0


def test_an_error_names_the_candidates(asked):
    def infinite(candidate):
        return float("inf")

    with pytest.raises(LiveBenchError) as e:
        answered(Scripted(infinite), asked())
    assert str(e.value).startswith("sample blind 1-100, candidate 0: the score inf")


def test_the_journal_keeps_every_float32(asked):
    line = asked().line("blind 1-2", Numbers(np.float32([1 / 3, 2 / 3])))
    assert np.float32(json.loads(line)["scores"]).tolist() == [
        float(np.float32(1 / 3)),
        float(np.float32(2 / 3)),
    ]
