"""Files of generated comments: what a scorer is asked, how it may answer, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
import json

import pytest

from livebench.errors import LiveBenchError
from livebench.records import GeneratedRecord, read_records
from livebench.scoring.generation import check_generator, sample_seed, write_texts
from livebench.scoring.runner import make_scorer, read_samples
from livebench.scoring.scorer import Decoding
from livebench.submissions.load import Submission

SCORE = "    def score(self, v, c, x):\n        return 0.0\n"
ECHO = (
    f"class Mine:\n{SCORE}    def generate(self, v, c):\n        return f'{{v.time}}:{{len(c)}}'\n"
)
RANDOM = (
    "import random\n"
    f"class Mine:\n{SCORE}"
    "    def generate(self, v, c, decoding):\n"
    "        self.asked = decoding\n"
    "        return f'{random.Random(decoding.seed).random()} {decoding.max_words}'\n"
)


@pytest.fixture
def scorer_of(submission):
    def make(code):
        found = Submission(submission(code=code))
        return make_scorer(found, found.card.runs[0])

    return make


@pytest.fixture
def samples(frozen, dataset):
    return list(read_samples(frozen, dataset, "both"))


def texts(path):
    return {record.sample_id: record.text for record in read_records(path, GeneratedRecord)}


def test_a_comment_a_sample(tmp_path, scorer_of, samples):
    path, told = tmp_path / "both.jsonl.gz", []
    digest, count = write_texts(path, scorer_of(ECHO), iter(samples), progress=told.append)
    content = gzip.decompress(path.read_bytes())
    assert digest == hashlib.sha256(content).hexdigest()
    assert count == sum(told) == len(samples)
    for line, (sample_id, sample) in zip(content.splitlines(), samples, strict=True):
        expected = f"{sample.video_ctx.time}:{len(sample.comments)}"
        assert json.loads(line) == {"sample_id": sample_id, "text": expected}


def test_neither_order_nor_other_samples_change_a_comment(tmp_path, scorer_of, samples):
    scorer, path = scorer_of(RANDOM), tmp_path / "both.jsonl.gz"

    def written(some, decoding=Decoding("top-p", seed=1)):  # noqa: B008 (it is a tuple)
        write_texts(path, scorer, iter(some), decoding)
        return texts(path)

    whole = written(samples)
    assert len(set(whole.values())) == len(samples)  # each has a seed of its own
    assert written(samples) == whole
    assert written(samples[::-1]) == whole
    assert written(samples[7:9]) == dict(list(whole.items())[7:9])
    other = written(samples, Decoding("top-p", seed=2))
    assert not set(other.values()) & set(whole.values())


def test_seeds_of_samples():
    # By hand: sha256 of seed, sample and "generate", each after a zero byte; its first 16 bytes as a
    # number, of which the last 32 bits.
    digest = hashlib.sha256(b"3\x00v1@30\x00generate").digest()
    assert sample_seed(3, "v1@30") == int.from_bytes(digest[12:16], "big")


def test_the_wishes_reach_the_scorer(tmp_path, scorer_of, samples):
    scorer = scorer_of(RANDOM)
    asked = Decoding("beam", 3, 0.5, 7, 11)
    write_texts(tmp_path / "x.gz", scorer, iter(samples[:1]), asked)
    assert scorer.asked == asked._replace(seed=sample_seed(11, samples[0][0]))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("1 / 0", "sample {}: the scorer raised ZeroDivisionError: division by zero"),
        ("exit(3)", "sample {}: the scorer raised SystemExit: 3"),
        ("None", "sample {}: the scorer wrote a NoneType; generate must give a str"),
        ("b'x'", "sample {}: the scorer wrote a bytes; generate must give a str"),
        ("''", "sample {}: the scorer wrote nothing; a comment has at least one character"),
        (
            "' \\u3000\\n'",
            "sample {}: the scorer wrote nothing; a comment has at least one character",
        ),
        (
            "'\\ud83d'",
            "sample {}: the scorer wrote half a character (a lone surrogate), which is not text; "
            "generate must give whole characters",
        ),
    ],
)
def test_what_is_not_a_comment_is_refused(tmp_path, scorer_of, samples, listing, answer, message):
    bad, before = samples[5][0], listing(tmp_path)
    code = (
        f"class Mine:\n    n = 0\n{SCORE}    def generate(self, v, c):\n        self.n += 1\n"
        f"        return 'good' if self.n < 6 else {answer}\n"
    )
    scorer = scorer_of(code)
    before = listing(tmp_path)
    with pytest.raises(LiveBenchError) as caught:
        write_texts(tmp_path / "both.jsonl.gz", scorer, iter(samples))
    assert str(caught.value) == message.format(bad)
    assert [name for name in listing(tmp_path) if "__pycache__" not in name] == [
        name for name in before if "__pycache__" not in name
    ]


@pytest.mark.parametrize(
    ("fields", "decoding", "message"),
    [
        ({"code": ECHO}, Decoding(), None),
        ({"code": RANDOM}, Decoding("beam", seed=4), None),
        (
            {"code": ECHO.replace("generate(self, v, c)", "generate(self, v, c, **options)")},
            Decoding("beam"),
            None,
        ),
        (
            {"code": ECHO},
            Decoding("beam", beam=3, seed=4),
            "the method generate of scorer:Mine takes no argument `decoding`, so it cannot be asked for "
            "strategy beam, beam 3, seed 4; leave such options out, or add the argument",
        ),
        (
            {"code": f"class Mine:\n{SCORE}"},
            Decoding(),
            "scorer:Mine does not write comments; add a method generate(video_ctx, comments)",
        ),
        ({}, Decoding(), "has scores only (no entry), nothing can be run"),
    ],
)
def test_whether_a_submission_writes(submission, fields, decoding, message):
    found = Submission(submission(**fields))
    if message is None:
        check_generator(found, decoding)
        return
    with pytest.raises(LiveBenchError) as caught:
        check_generator(found, decoding)
    assert str(caught.value) == f"{found.path}: {message}"
