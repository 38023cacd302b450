"""The runner: what a scorer sees, how it may answer, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from livebench.errors import LiveBenchError
from livebench.records import SETTINGS, ScoreRecord, read_records
from livebench.scoring import runner
from livebench.scoring.journal import Journal
from livebench.scoring.preparation import fit
from livebench.scoring.runner import make_scorer, read_samples
from livebench.scoring.scorer import LogLikelihood, Scorer
from livebench.submissions.load import find_submissions
from livebench.submissions.validate import read_scores

BUNDLED = [
    submission
    for submission in find_submissions(Path(__file__).parent.parent.parent / "submissions")
    if submission.card.entry.startswith("livebench.")
    and submission.card.kind != "oracle"
    and "language_models" not in submission.card.entry  # tests/language_models: to a tolerance
]


@pytest.fixture(params=BUNDLED, ids=lambda submission: submission.name)
def bundled(request, dataset):
    """Each bundled scorer, made and fitted."""
    scorer = make_scorer(request.param, request.param.card.runs[0])
    fit(scorer, dataset)
    return scorer


@pytest.fixture
def samples(frozen, dataset):
    return lambda setting="both", count=60: list(read_samples(frozen, dataset, setting))[:count]


def write_scores(path, scorer, samples, batch=32, **options):
    """An evaluation from its beginning to its end: the journal is gone."""
    some = list(samples)
    blocks = (some[start : start + batch] for start in range(0, len(some), batch))
    scored = (
        ([name for name, _ in block], numbers)
        for block, numbers in runner.score_blocks(scorer, blocks)
    )
    with Journal(path, {}) as journal:
        runner.keep_scores(journal, scored, **options)
        lines = journal.lines()
        digest = journal.finish(lines[name] for name, _ in some)
        journal.remove()
    return digest


def written(tmp_path, scorer, some, **options):
    path = tmp_path / "scores.jsonl.gz"
    digest = write_scores(path, scorer, iter(some), **options)
    content = gzip.decompress(path.read_bytes())
    assert digest == hashlib.sha256(content).hexdigest()
    return content


def test_there_are_bundled_scorers():
    assert {submission.name for submission in BUNDLED} >= {
        "constant",
        "random",
        "popularity",
        "training-membership",
        "length",
        "unigram",
        "context-similarity",
        "title-similarity",
    }


@pytest.mark.parametrize("setting", SETTINGS)
def test_batch_size_and_order_of_samples_change_nothing(tmp_path, bundled, samples, setting):
    some = samples(setting, 20)
    whole = written(tmp_path, bundled, some).splitlines()
    for batch in (1, 3, 1000):
        assert written(tmp_path, bundled, some, batch=batch).splitlines() == whole
    assert written(tmp_path, bundled, some[::-1], batch=7).splitlines() == whole[::-1]


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_ways_to_score_agree(bundled, samples, setting):
    some = [sample for _, sample in samples(setting, 12)]
    together = np.array(bundled.score_samples(some), np.float64)
    for sample, scores in zip(some, together, strict=True):
        one_by_one = [bundled.score(*sample[:2], candidate) for candidate in sample.candidates]
        bound = 1e-4 * np.maximum(1, np.abs(scores))
        assert (np.abs(np.array(one_by_one) - scores) <= bound).all()
        assert (np.abs(np.array(bundled.score_candidates(*sample)) - scores) <= bound).all()
        backward = bundled.score_candidates(*sample[:2], sample.candidates[::-1])
        assert (np.abs(np.array(backward)[::-1] - scores) <= bound).all()


def test_what_each_setting_shows(frozen, dataset):
    videos = {video.video_id: video for video in dataset.videos}
    shown = {s: dict(read_samples(frozen, dataset, s)) for s in SETTINGS}
    for record in frozen.samples():
        name, video = record.sample_id, videos[record.video_id]
        for setting in SETTINGS:
            context, comments, candidates = shown[setting][name]
            assert context.time == (0 if setting == "blind" else record.time)
            assert [(one.text, one.tokens, one.time) for one in candidates] == [
                (text, tokens, 0.0)
                for text, tokens in zip(record.candidates, record.candidate_tokens, strict=True)
            ]
            if setting in ("comments", "blind"):
                assert (context.title, context.category) == ("", "")
                assert context.frames.size == context.frame_times.size == 0
                assert context.frames.ndim == 2
            else:
                assert (context.title, context.category) == (video.title, video.category)
                assert context.frame_times.tolist() == [s - record.time for s in record.frames]
                expected = dataset.frames(video, record.frames)
                assert np.array_equal(context.frames, expected)
                assert context.frames.dtype == np.float32
                number = int(video.video_id[1:])  # what the test data encode
                assert context.frames[0, 0] == pytest.approx(
                    number + record.frames[0] / 64, abs=0.02
                )
            if setting in ("video", "blind"):
                assert list(comments) == []
            else:
                assert [(one.text, one.tokens) for one in comments] == [
                    (one.text, one.tokens) for one in record.context
                ]
                for comment, one in zip(comments, record.context, strict=True):
                    assert comment.time == pytest.approx(one.time - record.time, abs=1e-9)
                assert all(not 0 <= one.time < 1 for one in comments)


def test_comments_need_no_dataset(frozen):
    assert len(list(read_samples(frozen, None, "comments"))) == 60


def test_a_dataset_without_the_videos_is_refused(frozen, dataset, tmp_path, tables, run):
    from livebench.data.dataset import Dataset

    source = tables(tmp_path / "src", videos=3, frames=True)
    assert run("import", "tables", source, "--out", "few", "--dev", 0, "--test", 1).status == 0
    with pytest.raises(LiveBenchError, match="its frame vectors are not those that"):
        list(read_samples(frozen, Dataset(tmp_path / "few"), "video"))


class Scripted(Scorer):
    """Gives what it is told for candidate 7 of the third sample, else the length."""

    def __init__(self, answer):
        self.answer, self.calls = answer, 0

    def score(self, video_ctx, comments, candidate):
        self.calls += 1
        if self.calls == 208:
            return self.answer() if callable(self.answer) else self.answer
        return -float(len(candidate.text))


def boom():
    raise ValueError("no such word")


def system_error():
    raise OSError(28, "No space left on device")


ANSWERS = {
    "nan": (float("nan"), "sample {third}, candidate 7: the score nan is not a finite float32"),
    "inf": (float("inf"), "sample {third}, candidate 7: the score inf is not a finite float32"),
    "-inf": (-np.inf, "sample {third}, candidate 7: the score -inf is not a finite float32"),
    "beyond float32": (
        1e300,
        "sample {third}, candidate 7: the score 1e+300 is not a finite float32",
    ),
    "none": (None, "sample {third}: a score is not a number: "),
    "text": ("high", "sample {third}: a score is not a number: could not convert string to float"),
    "pair": ((1.0, 2), "sample {third}: a score is not a number: "),
    "complex": (1j, "sample {third}: a score is not a number: "),
    "raises": (boom, "samples {first} to {last}: the scorer raised ValueError: no such word"),
    "full disk": (system_error, "samples {first} to {last}: the scorer raised OSError: "),
    "bad total": (
        LogLikelihood(float("nan"), 3),
        "sample {third}, candidate 7: the score nan is not",
    ),
    "no total": (LogLikelihood(None, 3), "sample {third}: a score is not a number"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_a_bad_score_is_refused_and_nothing_is_written(tmp_path, samples, listing, case):
    answer, message = ANSWERS[case]
    some = samples(count=5)
    names = [name for name, _ in some]
    with pytest.raises(LiveBenchError) as error:
        write_scores(tmp_path / "s.jsonl.gz", Scripted(answer), iter(some))
    expected = message.format(third=names[2], first=names[0], last=names[4])
    assert str(error.value).startswith(expected)
    assert listing(tmp_path) == []


def test_a_scorer_that_raises_names_its_sample_if_it_is_alone(tmp_path, samples):
    some = samples(count=5)
    with pytest.raises(LiveBenchError) as error:
        write_scores(tmp_path / "s.jsonl.gz", Scripted(boom), iter(some), batch=1)
    assert str(error.value) == f"sample {some[2][0]}: the scorer raised ValueError: no such word"
    assert isinstance(error.value.__cause__, ValueError)


class Batch(Scorer):
    def __init__(self, function):
        self.function = function

    def score(self, video_ctx, comments, candidate):
        raise AssertionError("not asked for")

    def score_samples(self, samples):
        return self.function(samples)


FIRST = "sample {first}: the scorer gave "
MANY = "samples {first} to {last}: the scorer gave scores for "
SHAPES = {
    "99": (lambda some: [[0.0] * 99] * len(some), FIRST + "99 scores for 100 candidates"),
    "101": (lambda some: [[0.0] * 101] * len(some), FIRST + "101 scores for 100 candidates"),
    "none": (lambda some: [[]] * len(some), FIRST + "0 scores for 100 candidates"),
    "a sample less": (
        lambda some: [[0.0] * 100] * (len(some) - 1),
        MANY + "4 samples instead of 5",
    ),
    "no sample": (lambda some: [], MANY + "0 samples instead of 5"),
    "transposed": (
        lambda some: np.zeros((100, len(some))),
        MANY + "100 samples instead of 5",
    ),
    "a column more": (
        lambda some: np.zeros((len(some), 100, 1)).tolist(),
        "sample {first}: a score is",
    ),
    "nothing": (lambda some: None, "samples {first} to {last}: the scorer raised TypeError"),
    "nothing for a sample": (
        lambda some: [None] * len(some),
        "samples {first} to {last}: the scorer raised TypeError",
    ),
    "a number a sample": (
        lambda some: [0.0] * len(some),
        "samples {first} to {last}: the scorer raised TypeError",
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_scores_of_another_shape_are_refused(tmp_path, samples, listing, case):
    function, message = SHAPES[case]
    some = samples(count=5)
    with pytest.raises(LiveBenchError) as error:
        write_scores(tmp_path / "s.jsonl.gz", Batch(function), iter(some))
    assert str(error.value).startswith(message.format(first=some[0][0], last=some[-1][0]))
    assert listing(tmp_path) == []


def test_scores_may_come_one_by_one(tmp_path, samples):
    some = samples(count=3)
    plain = written(tmp_path, Batch(lambda part: [[0.5] * 100 for _ in part]), some)
    lazy = Batch(lambda part: ((0.5 for _ in range(100)) for _ in part))
    assert written(tmp_path, lazy, some) == plain


def test_token_counts_of_some_candidates_are_refused(tmp_path, samples, listing):
    some = samples(count=1)
    scores = [LogLikelihood(-1.0, 2)] * 99 + [-1.0]
    with pytest.raises(LiveBenchError, match=f"sample {some[0][0]}: 99 of 100 scores say how many"):
        write_scores(tmp_path / "s.jsonl.gz", Batch(lambda _: [scores]), iter(some))
    assert listing(tmp_path) == []


@pytest.mark.parametrize("tokens", [-1, None, float("nan"), "x"])
def test_a_bad_number_of_tokens_is_refused(tmp_path, samples, listing, tokens):
    some = samples(count=1)
    scores = [LogLikelihood(-1.0, 2)] * 99 + [LogLikelihood(-1.0, tokens)]
    with pytest.raises(LiveBenchError, match=f"sample {some[0][0]}"):
        write_scores(tmp_path / "s.jsonl.gz", Batch(lambda _: [scores]), iter(some))
    assert listing(tmp_path) == []


@pytest.mark.parametrize("dropped", [-1, 21, None, 0.5, "x", [1]])
def test_a_bad_number_of_dropped_comments_is_refused(tmp_path, samples, listing, dropped):
    some = samples(count=1)
    assert len(some[0][1].comments) < 21
    scores = [LogLikelihood(-1.0, 2)] * 99 + [LogLikelihood(-1.0, 2, dropped)]
    message = rf"sample {some[0][0]}: the scorer says that it dropped .* of \d+ comments; give a"
    with pytest.raises(LiveBenchError, match=message):
        write_scores(tmp_path / "s.jsonl.gz", Batch(lambda _: [scores]), iter(some))
    assert listing(tmp_path) == []


def test_an_old_file_is_kept_if_the_scorer_fails(tmp_path, samples, listing):
    path = tmp_path / "s.jsonl.gz"
    path.write_bytes(b"old")
    with pytest.raises(LiveBenchError):
        write_scores(path, Scripted(boom), iter(samples(count=5)))
    assert path.read_bytes() == b"old"
    assert listing(tmp_path) == ["s.jsonl.gz"]


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (-0.0, "0"),
        (0.1, "0.1"),
        (-12.3456789, "-12.3457"),
        (1234567.0, "1.23457e+06"),
        (1e-30, "1e-30"),
        (1e-50, "0"),  # too small for float32
        (np.float32(1.5), "1.5"),
        (np.float64(2), "2"),
        (np.array(2.5), "2.5"),
        (3, "3"),
        (True, "1"),
        (3.4028234e38, "3.40282e+38"),
    ],
)
def test_how_a_score_is_written(tmp_path, samples, score, expected):
    some = samples(count=1)
    content = written(tmp_path, Batch(lambda _: [[score] * 100]), some).decode()
    assert content == (f'{{"sample_id":"{some[0][0]}","scores":[{",".join([expected] * 100)}]}}\n')
    found = read_scores(tmp_path / "scores.jsonl.gz", [some[0][0]])
    assert (found.sums == float(expected)).all()


def test_writing_makes_no_ties(tmp_path, samples):
    """Six digits, unless they make scores equal that are not as float32: then those that restore it."""
    some = samples(count=3)
    near = [-1e6 - n / 16 for n in range(100)]  # a step of float32
    equal = [-1e6 - n // 2 / 16 for n in range(100)]
    beyond = [-1.0 - n * 1e-10 for n in range(100)]  # equal as float32
    content = written(tmp_path, Batch(lambda _: [near, equal, beyond]), some).decode()
    found = read_scores(tmp_path / "scores.jsonl.gz", [name for name, _ in some]).sums
    assert found[0].astype(np.float32).tolist() == np.float32(near).tolist()
    assert [len(set(row)) for row in found.tolist()] == [100, 50, 1]
    assert f"[{','.join(['-1'] * 100)}]" in content


def test_log_likelihoods_give_token_counts(tmp_path, samples):
    some = samples(count=2)
    scores = [[LogLikelihood(-n / 3, n % 7) for n in range(100)], [-1.0] * 100]
    written(tmp_path, Batch(lambda _: scores), some)
    records = list(read_records(tmp_path / "scores.jsonl.gz", ScoreRecord))
    assert records[0].token_counts == [n % 7 for n in range(100)]
    assert records[0].scores == [float(f"{-n / 3:.6g}") for n in range(100)]
    assert records[1].token_counts is None


@pytest.mark.parametrize("wrap", [list, tuple, np.array, np.float32])
def test_scores_may_be_any_sequence(tmp_path, samples, wrap):
    some = samples(count=3)
    plain = written(tmp_path, Batch(lambda part: [[0.5] * 100 for _ in part]), some)
    assert written(tmp_path, Batch(lambda part: wrap([[0.5] * 100 for _ in part])), some) == plain


def test_progress_counts_samples(tmp_path, samples):
    told = []
    written(tmp_path, Scripted(0.0), samples(count=10), batch=4, progress=told.append)
    assert told == [4, 4, 2]
