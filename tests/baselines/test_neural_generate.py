"""Writing a comment: on tables of probabilities worked out by hand, and on the models."""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import exp, log

import msgspec
import numpy as np
import pytest
import torch
from livebench_baselines.neural.checkpoint import Checkpoint, write_checkpoint
from livebench_baselines.neural.generate import next_words_of, text_of, write_comment
from livebench_baselines.neural.model import Size
from livebench_baselines.neural.vocabulary import BEGIN, END, PAD, SEPARATOR, UNKNOWN, Vocabulary
from livebench_baselines.released_transformer import ReleasedTransformer
from livebench_baselines.s2s_c import S2SC
from livebench_baselines.unified_transformer import UnifiedTransformer
from tiny import SCORERS, tiny_job

from livebench.records import GeneratedRecord, read_records
from livebench.scoring.generation import sample_seed
from livebench.scoring.runner import read_samples
from livebench.scoring.scorer import Comment, Decoding, Sample

MODELS = (*SCORERS, ReleasedTransformer)
A, B, C = 5, 6, 7
# Width of the frame vectors of the tiny dataset, and so of the model that does not project them.
WIDTH = 4


def bigrams(table):
    """The next words of a bigram model: {last word: {next word: probability}}."""

    def next_words(prefixes):
        found = np.full((len(prefixes), 8), -np.inf)
        for row, prefix in enumerate(prefixes):
            for word, probability in table[prefix[-1] if prefix else BEGIN].items():
                found[row, word] = log(probability)
        return found

    return next_words


# The likeliest first word is A, but what follows it is spread; B ends almost always.
MISLEADING = {
    BEGIN: {A: 0.5, B: 0.4, C: 0.1},
    A: {A: 0.35, B: 0.25, C: 0.2, END: 0.2},
    B: {A: 0.05, B: 0.025, C: 0.025, END: 0.9},
    C: {A: 0.1, B: 0.1, C: 0.1, END: 0.7},
}


@pytest.mark.parametrize(
    ("decoding", "words", "probability"),
    [
        (Decoding("greedy", max_words=3), [A, A, A], 0.5 * 0.35 * 0.35 * 0.2),
        (Decoding("greedy", max_words=1), [A], 0.5 * 0.2),
        (Decoding("beam", beam=1, max_words=3), [A, A, A], 0.5 * 0.35 * 0.35 * 0.2),
        (Decoding("beam", beam=2, max_words=3), [B], 0.4 * 0.9),
        (Decoding("beam", beam=500, max_words=3), [B], 0.4 * 0.9),
        (Decoding("beam", beam=2, max_words=1), [B], 0.4 * 0.9),
        (Decoding("top-p", top_p=1e-9, max_words=3), [A, A, A], 0.5 * 0.35 * 0.35 * 0.2),
    ],
)
def test_what_is_written_by_hand(decoding, words, probability):
    found = write_comment(bigrams(MISLEADING), decoding)
    assert found.words == words
    assert found.log_likelihood == pytest.approx(log(probability))


def test_a_comment_has_a_word_even_where_the_end_is_likeliest():
    silent = {**MISLEADING, BEGIN: {END: 0.9, A: 0.06, B: 0.04}}
    assert write_comment(bigrams(silent), Decoding("greedy", max_words=1)).words == [A]
    found = write_comment(bigrams(silent), Decoding("beam", max_words=4))
    assert found.words == [B]
    assert found.log_likelihood == pytest.approx(log(0.04 * 0.9))
    assert write_comment(bigrams(silent), Decoding("top-p", max_words=1)).words in ([A], [B])


@pytest.mark.parametrize("seed", range(20))
def test_a_wide_beam_finds_the_likeliest_of_all_comments(seed):
    random = np.random.default_rng(seed)
    followers = (A, B, C, END)
    table = {
        last: dict(zip(followers, random.dirichlet([0.5] * 4), strict=True))
        for last in (BEGIN, A, B, C)
    }
    longest = 4
    likelihood = {
        words: np.prod([table[a][b] for a, b in zip((BEGIN, *words), (*words, END), strict=True)])
        for length in range(1, longest + 1)
        for words in product((A, B, C), repeat=length)
    }
    best = max(likelihood, key=likelihood.get)
    found = write_comment(bigrams(table), Decoding("beam", beam=3**longest, max_words=longest))
    assert tuple(found.words) == best
    assert exp(found.log_likelihood) == pytest.approx(likelihood[best])
    for beam in (2, 3):  # what these find need not be the best, but is what it says it is
        found = write_comment(bigrams(table), Decoding("beam", beam=beam, max_words=longest))
        assert exp(found.log_likelihood) == pytest.approx(likelihood[tuple(found.words)])
    greedy = write_comment(bigrams(table), Decoding("greedy", max_words=longest))
    assert write_comment(bigrams(table), Decoding("beam", beam=1, max_words=longest)) == greedy


@pytest.mark.parametrize(
    ("top_p", "expected"),
    [
        (0.5, {A: 1}),
        (0.51, {A: 5 / 8, B: 3 / 8}),
        (0.79, {A: 5 / 8, B: 3 / 8}),
        (0.81, {A: 0.5, B: 0.3, C: 0.2}),
        (1.0, {A: 0.5, B: 0.3, C: 0.2}),
    ],
)
def test_top_p_draws_among_the_likeliest_in_proportion(top_p, expected):
    table = {BEGIN: {A: 0.5, B: 0.3, C: 0.2}, A: {END: 1}, B: {END: 1}, C: {END: 1}}
    draws = 4000
    counts = Counter(
        write_comment(bigrams(table), Decoding("top-p", top_p=top_p, seed=seed)).words[0]
        for seed in range(draws)
    )
    assert set(counts) == set(expected)
    for word, share in expected.items():
        deviation = (share * (1 - share) / draws) ** 0.5
        assert counts[word] / draws == pytest.approx(share, abs=5 * deviation)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], ""),
        (["哈哈", "哈"], "哈哈哈"),
        (["前方", "高能", "！"], "前方高能！"),
        (["hello", "world"], "hello world"),
        (["iPhone", "15", "真", "好看"], "iPhone 15真好看"),
        (["这", "是", "AK", "47"], "这是AK 47"),
        (["no", ".", "1"], "no.1"),
        (["café", "olé"], "café olé"),
        (["Привет", "мир"], "Приветмир"),
        (["２３３", "ok"], "２３３ok"),
    ],
)
def test_text_of_words(words, text):
    assert text_of(words) == text


def make(kind, folder, *, seed=0, words=12, adjust=lambda net: None):
    """A model of random parameters, read from a checkpoint."""
    width = WIDTH if kind is ReleasedTransformer else 16
    size = Size(width=width, blocks=1, heads=2, feed_forward=24)
    vocabulary = Vocabulary([f"词{number}" for number in range(words)], unseen_types=100)
    torch.manual_seed(seed)
    net = kind.model(size, len(vocabulary), WIDTH)
    with torch.no_grad():
        net.output.weight.normal_(std=1 / 2)  # so that some words are likelier than others
        adjust(net)
    about = Checkpoint(
        entry="",
        size=size,
        frame_width=WIDTH,
        max_context_words=24,
        training=None,
        outcome={},
        files={},
    )
    return kind(write_checkpoint(folder, about, net.state_dict(), vocabulary))


@pytest.fixture(scope="module", params=MODELS, ids=lambda kind: kind.__name__)
def scorer(request, tmp_path_factory):
    return make(request.param, tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module", params=["video", "comments", "both"])
def moments(request, frozen, dataset):
    samples = list(read_samples(frozen, dataset, request.param))
    return [sample for _, sample in samples[::30]]


def written(scorer, moment, decoding):
    inputs = scorer.inputs([Sample(moment.video_ctx, moment.comments, [])])
    return write_comment(next_words_of(scorer.net, inputs, scorer.numbers), decoding)


def test_what_a_model_says_of_its_comment_is_its_score(scorer, moments):
    for moment in moments:
        for decoding in (
            Decoding(max_words=6),
            Decoding("beam", beam=4, max_words=6),
            Decoding("top-p", max_words=6, seed=7),
        ):
            found = written(scorer, moment, decoding)
            words = scorer.numbers.decode(found.words)
            assert 1 <= len(words) <= 6
            text = scorer.generate(moment.video_ctx, moment.comments, decoding)
            assert text == "".join(words)
            candidate = Comment(text, " ".join(words))
            score = scorer.score(moment.video_ctx, moment.comments, candidate)
            assert score.total == pytest.approx(found.log_likelihood, rel=1e-4, abs=1e-4)
            assert score.tokens == len(words) + 1


def test_one_beam_and_a_small_p_are_greedy(scorer, moments):
    for moment in moments:
        greedy = written(scorer, moment, Decoding(max_words=8))
        for decoding in (
            Decoding("beam", beam=1, max_words=8),
            Decoding("top-p", top_p=1e-9, max_words=8, seed=3),
        ):
            found = written(scorer, moment, decoding)
            assert found.words == greedy.words
            assert found.log_likelihood == pytest.approx(greedy.log_likelihood)


def test_greedy_is_the_best_next_word_by_score(scorer, moments):
    """One word at a time, by what the scorer says of complete comments: independent of the decoder."""
    moment = moments[0]
    found = written(scorer, moment, Decoding(max_words=1))
    scores = {
        word: scorer.score(moment.video_ctx, moment.comments, Comment(word, word)).total
        for word in scorer.vocabulary.words
    }
    beam = written(scorer, moment, Decoding("beam", beam=100, max_words=1))
    assert scorer.numbers.decode(beam.words) == [max(scores, key=scores.get)]
    assert beam.log_likelihood == pytest.approx(max(scores.values()), abs=1e-4)
    assert found.log_likelihood == pytest.approx(
        scores[scorer.numbers.decode(found.words)[0]], abs=1e-4
    )


def test_a_seed_gives_one_comment_and_others_give_others(scorer, moments):
    moment = moments[0]
    ask = [Decoding("top-p", top_p=1.0, max_words=8, seed=seed) for seed in range(8)]
    texts = [scorer.generate(moment.video_ctx, moment.comments, one) for one in ask]
    assert texts == [scorer.generate(moment.video_ctx, moment.comments, one) for one in ask]
    assert len(set(texts)) > 1


@pytest.mark.parametrize("kind", [S2SC, UnifiedTransformer], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("strategy", ["greedy", "beam", "top-p"])
def test_special_words_and_white_space_are_never_written(tmp_path, kind, strategy, frozen, dataset):
    blank = 5 + 3

    def want(net):
        net.output.bias[[PAD, BEGIN, UNKNOWN, SEPARATOR, blank]] = 100.0
        net.output.bias[END] = -100.0

    scorer = make(kind, tmp_path, adjust=want)
    scorer.vocabulary.words[3] = "\u2006"  # the released vocabulary holds such
    _, moment = next(read_samples(frozen, dataset, "both"))
    found = written(scorer, moment, Decoding(strategy, max_words=7, top_p=1.0))
    assert len(found.words) == 7  # the end mark was the least likely word, and came all the same
    assert not {PAD, BEGIN, END, UNKNOWN, SEPARATOR, blank} & set(found.words)


@pytest.mark.slow
def test_a_trained_submission_writes(run, submission, frozen, dataset, tmp_path):
    """By the commands: train, generate; no sample's comment depends on another's."""
    entry = "livebench_baselines.unified_transformer:UnifiedTransformer"
    folder = submission(entry=entry)
    tiny_job(UnifiedTransformer, dataset, tmp_path / "tiny", {"epochs": 1})  # writes tiny.toml
    out = folder / "checkpoints" / "one"
    where = ("--dataset", dataset.path, "--config", tmp_path / "tiny.toml", "--out", out)
    done = run("train", folder, "--protocol", "paper", *where)
    assert done.status == 0, done.err
    card = msgspec.toml.decode((folder / "submission.toml").read_text("utf-8"))
    card["runs"] = msgspec.toml.decode(done.out.partition("\n\n")[2])["runs"]
    (folder / "submission.toml").write_bytes(msgspec.toml.encode(card))
    asked = ("generate", folder, "--candidates", frozen.path, "--dataset", dataset.path)
    done = run(*asked, "--setting", "both", "--strategy", "top-p", "--max-words", 6, "--seed", 5)
    assert done.status == 0, done.err
    path = folder / "generated" / frozen.name / "one" / "both.jsonl.gz"
    texts = {one.sample_id: one.text for one in read_records(path, GeneratedRecord)}
    scorer = UnifiedTransformer(out / "checkpoint.json")
    for sample_id, sample in list(read_samples(frozen, dataset, "both"))[::-20]:
        decoding = Decoding("top-p", max_words=6, seed=sample_seed(5, sample_id))
        assert texts[sample_id] == scorer.generate(sample.video_ctx, sample.comments, decoding)
    assert len(texts) == 60
    assert len(set(texts.values())) > 10
