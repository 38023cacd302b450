"""The released Unified Transformer: its output (../shared/golden), its parts by hand, its files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from baselines.neural.vocabulary import BEGIN, END, PAD, SEPARATOR
from baselines.released_transformer import (
    ReleasedNorm,
    ReleasedTransformer,
    context_row,
    released_name,
)
from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import DatasetInfo, Video, write_dataset
from livebench.errors import LiveBenchError
from livebench.records import ScoreRecord, read_records
from livebench.scoring.metrics import METRICS, sample_metrics
from livebench.scoring.scorer import Comment, Decoding, Sample, VideoContext

ENTRY = "baselines.released_transformer:ReleasedTransformer"
GOLDEN = Path(__file__).parents[3] / "shared" / "golden"
RELEASE, TINY = GOLDEN / "livebot-release", GOLDEN / "livebot-transformer-tiny"

golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason="../shared/golden is absent")


def lines(path):
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """The golden checkpoint, imported: its checkpoint.json."""
    return ReleasedTransformer.import_checkpoint(
        TINY / "checkpoint.pt",
        entry=ENTRY,
        vocabulary=RELEASE / "dicts-30000.json",
        out=tmp_path_factory.mktemp("released") / "checkpoint",
        heads=8,
    )


@pytest.fixture(scope="module")
def expected():
    return json.loads((TINY / "expected.json").read_text("utf-8"))


def frames_of(vectors, width):
    """{second: vector} as an array [seconds, width]."""
    return np.stack([vectors[second].numpy()[:width] for second in range(len(vectors))])


@golden
def test_it_scores_and_ranks_as_the_released_code(released, expected):
    """All 77 x 100 values to 1e-3, and its metrics sorted best first and, as released, worst first."""
    rows = {(row["video"], row["time"]): row for row in lines(RELEASE / "test-candidate.json")}
    vectors = torch.load(RELEASE / "res18.pkl", weights_only=True)
    samples, correct = [], []
    for one in expected["samples"]:
        row, second = rows[one["video"], one["time"]], one["time"]
        frames = frames_of(vectors[one["video"]], expected["frame_width"])
        steps = (0, -1, 1, -2, 2, -3, 3, -4, 4)
        near = [second + step for step in steps if 0 <= second + step < len(frames)][:5]
        context = [Comment("", tokens) for tokens in row["context"].split(" <&&&> ")]
        candidates = [Comment("", tokens) for tokens in one["candidates"]]
        video_ctx = VideoContext(second, frames[near], np.array(near) - second, "", "")
        samples.append(Sample(video_ctx, context, candidates))
        correct.append([row["candidate"][tokens] == 1 for tokens in one["candidates"]])
    scorer = ReleasedTransformer(released)
    scores = np.array([[s.total for s in found] for found in scorer.score_samples(samples)])
    nll = np.array([one["nll"] for one in expected["samples"]])
    assert scores.shape == nll.shape == (77, 100)
    assert np.abs(scores + nll).max() < 1e-3
    for ordered, name in (
        (scores, "metrics_ascending_nll"),
        (-scores, "metrics_descending_nll_as_released"),
    ):
        metrics = sample_metrics(ordered, np.array(correct))["best"].mean(axis=0)
        assert dict(zip(METRICS, metrics, strict=True)) == pytest.approx(expected[name])


@golden
@pytest.mark.slow
def test_a_submission_with_it_is_evaluated_and_writes(tmp_path, run, submission, expected):
    """From the released files to a result, by the commands: a set of the protocol lancopku has the
    released candidates but for the random ones; where both have one, its score is the released one."""
    splits = {split: lines(RELEASE / f"{split}.json") for split in ("train", "dev", "test")}
    about = json.loads((RELEASE / "videos.json").read_text("utf-8"))
    split_of = {str(row["video"]): split for split, rows in splits.items() for row in rows}
    vectors = torch.load(RELEASE / "res18.pkl", weights_only=True)
    videos = [
        Video(number, one["title"], one["category"], frames, split_of[number], frame_count=frames)
        for number, one in about.items()
        for frames in [len(vectors[int(number)])]
    ]
    place = {video.video_id: index for index, video in enumerate(videos)}
    rows = [row for split in splits.values() for row in split]
    dataset = write_dataset(
        tmp_path / "dataset",
        DatasetInfo("released", tokenizer="jieba, as released", encoder="random"),
        videos,
        comment_video=np.array([place[str(row["video"])] for row in rows]),
        comment_time_ms=np.array([row["time"] * 1000 for row in rows]),
        comment_texts=[row["comment"].replace(" ", "") for row in rows],
        comment_tokens=[row["comment"] for row in rows],
        frames=lambda video: frames_of(vectors[int(video.video_id)], expected["frame_width"]),
    )
    frozen = build_set(dataset, load_protocol("lancopku"), tmp_path / "candidates" / "released")

    folder = submission("released")
    out = folder / "checkpoints" / "released"
    done = run(
        "import",
        "livebot-checkpoint",
        TINY / "checkpoint.pt",
        "--vocab",
        RELEASE / "dicts-30000.json",
        "--out",
        out,
    )
    assert done.status == 0, done.err
    told = done.out.partition("\n\n")[2]
    card = msgspec.toml.decode((folder / "submission.toml").read_text("utf-8"))
    card = msgspec.toml.encode({**card, **msgspec.toml.decode(told)}).decode()
    (folder / "submission.toml").write_text(card, encoding="utf-8")

    where = ("--candidates", frozen.path, "--dataset", dataset.path)
    where = (*where, "--setting", "both")
    done = run("evaluate", "--submission", folder, *where)
    assert done.status == 0, done.err
    assert "|setting:both|gt:best|" in done.out
    written = read_records(
        folder / "scores" / "released" / "released" / "both.jsonl.gz", ScoreRecord
    )
    found = {record.sample_id: record.scores for record in written}
    reference = {
        f"{one['video']}@{one['time']}": dict(zip(one["candidates"], one["nll"], strict=True))
        for one in expected["samples"]
    }
    assert set(found) == set(reference)
    shared = 0
    for sample in frozen.samples():
        nll = reference[sample.sample_id]
        for tokens, score in zip(sample.candidate_tokens, found[sample.sample_id], strict=True):
            if tokens in nll:
                shared += 1
                # Frames are float16 in a dataset.
                assert score == pytest.approx(-nll[tokens], abs=0.02)
    assert shared > 77 * 20  # the popular ones at least

    done = run("generate", folder, *where, "--max-words", 3)
    assert done.status == 0, done.err
    assert ": 77 comments, " in done.out


def test_normalisation_by_hand():
    # Of 1, 2, 3, 6: mean 3, sum of squares about it 14, so that the unbiased deviation is sqrt(14/3).
    norm = ReleasedNorm(4)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, 1.0, 1.0, 2.0]))
        norm.bias.copy_(torch.tensor([0.0, 0.0, 5.0, 0.0]))
        found = norm(torch.tensor([[1.0, 2.0, 3.0, 6.0], [7.0, 7.0, 7.0, 7.0]]))
    deviation = (14 / 3) ** 0.5
    assert found[0].tolist() == pytest.approx([-2 / deviation, -1 / deviation, 5, 6 / deviation])
    assert found[1].tolist() == [0, 0, 5, 0]


@pytest.mark.parametrize(
    ("comments", "row"),
    [
        ([], [BEGIN, *[PAD] * 100, END]),
        ([[]], [BEGIN, END, *[PAD] * 98]),
        ([[7, 8], [9]], [BEGIN, 7, 8, SEPARATOR, 9, END, *[PAD] * 94]),
        ([[7], [], [9]], [BEGIN, 7, SEPARATOR, SEPARATOR, 9, END, *[PAD] * 94]),
        ([[7] * 98], [BEGIN, *[7] * 98, END]),
        ([[7] * 99], [BEGIN, *[7] * 98, END]),
        ([[7] * 97, [8, 9]], [BEGIN, *[7] * 97, SEPARATOR, END]),
    ],
)
def test_the_words_of_a_context(comments, row):
    assert context_row(comments) == row


WIDTH, HEADS, BLOCKS, FEED_FORWARD, WORDS = 8, 2, 2, 12, 30


def released_state(width=WIDTH, blocks=BLOCKS, feed_forward=FEED_FORWARD, words=WORDS):
    """A state dict as the released code saves it, of random numbers."""
    generator = torch.Generator().manual_seed(0)

    def tensor(*shape):
        return torch.randn(*shape, generator=generator) / 2

    state = {"embedding.0.lut.weight": tensor(words, width), "embedding.1.pe": tensor(1, 50, width)}
    attentions = ("self_attn", "video_attn", "text_attn")
    for stack, count in (("video_encoder", 1), ("text_encoder", 2), ("comment_decoder", 3)):
        for block in range(blocks):
            layer = f"{stack}.layers.{block}"
            for attention in attentions[:count]:
                for number in range(4):
                    state[f"{layer}.{attention}.linears.{number}.weight"] = tensor(width, width)
                    state[f"{layer}.{attention}.linears.{number}.bias"] = tensor(width)
            state[f"{layer}.feed_forward.w_1.weight"] = tensor(feed_forward, width)
            state[f"{layer}.feed_forward.w_1.bias"] = tensor(feed_forward)
            state[f"{layer}.feed_forward.w_2.weight"] = tensor(width, feed_forward)
            state[f"{layer}.feed_forward.w_2.bias"] = tensor(width)
            for number in range(count + 1):
                state[f"{layer}.sublayer.{number}.norm.a_2"] = tensor(width)
                state[f"{layer}.sublayer.{number}.norm.b_2"] = tensor(width)
        state[f"{stack}.norm.a_2"] = tensor(width)
        state[f"{stack}.norm.b_2"] = tensor(width)
    state["output_layer.weight"] = tensor(words, width)
    state["output_layer.bias"] = tensor(words)
    return state


def released_words(words=WORDS):
    names = ["<PAD>", "<BOS>", "<EOS>", "<UNK>", "<&&&>", *(f"词{n}" for n in range(5, words))]
    return {name: number for number, name in enumerate(names)}


@pytest.fixture
def importing(tmp_path):
    """Imports a state dict and a vocabulary; other files where asked for."""

    def call(state=None, words=None, *, save=torch.save, **options):
        file, vocabulary = tmp_path / "checkpoint.pt", tmp_path / "dicts.json"
        save(released_state() if state is None else state, file)
        words = released_words() if words is None else words
        content = words if isinstance(words, str) else json.dumps({"word2id": words, "id2word": {}})
        vocabulary.write_text(content, encoding="utf-8")
        options = {"heads": HEADS, "out": tmp_path / "made", **options}
        return ReleasedTransformer.import_checkpoint(
            file, entry=ENTRY, vocabulary=vocabulary, **options
        )

    return call


def comment(*numbers, time=0.0):
    return Comment("", " ".join(f"词{number}" for number in numbers), time)


def moment(frames=5, width=WIDTH):
    vectors = np.random.default_rng(3).standard_normal((frames, width)).astype(np.float32)
    times = np.array([0, -1, 1, -2, 2, -3, 3][:frames])
    return VideoContext(30, vectors, times, "", "")


NOTHING = VideoContext(30, np.empty((0, 0), np.float32), np.empty(0, np.int64), "", "")
AROUND = [comment(7, 9, time=-1.0), comment(12, time=-2.0), comment(8, 8, 20, time=1.5)]


@pytest.fixture
def scorer(importing):
    return ReleasedTransformer(importing())


def total(scorer, video_ctx, comments, candidate):
    return scorer.score(video_ctx, comments, candidate).total


@pytest.mark.parametrize("legacy", [True, False])
def test_everything_is_carried_over(importing, legacy):
    state = released_state()
    made = importing(
        state, save=lambda s, file: torch.save(s, file, _use_new_zipfile_serialization=not legacy)
    )
    scorer = ReleasedTransformer(made)
    found = scorer.net.state_dict()
    assert {released_name(name) for name in found} == set(state) - {"embedding.1.pe"}
    for name, value in found.items():
        assert torch.equal(value, state[released_name(name)])
    about = json.loads(made.read_text("utf-8"))
    assert about["entry"] == ENTRY
    assert about["size"] == {
        "width": WIDTH,
        "blocks": BLOCKS,
        "heads": HEADS,
        "feed_forward": FEED_FORWARD,
        "dropout": 0.1,
    }
    assert scorer.vocabulary.words == [f"词{number}" for number in range(5, WORDS)]


def test_candidates_are_cut_to_18_words(scorer):
    words = [5 + n % 20 for n in range(25)]
    cut = scorer.score(moment(), AROUND, comment(*words[:18]))
    assert cut.tokens == 19
    assert scorer.score(moment(), AROUND, comment(*words)) == cut
    assert scorer.score(moment(), AROUND, comment(*words[:17])) != cut


def test_five_frames_are_seen_nearest_first(scorer):
    many, five = moment(7), moment(7)._replace(frames=moment(7).frames[:5])
    assert total(scorer, many, AROUND, comment(6)) == total(scorer, five, AROUND, comment(6))
    fewer = moment(7)._replace(frames=moment(7).frames[:4])
    assert total(scorer, fewer, AROUND, comment(6)) != total(scorer, five, AROUND, comment(6))
    inputs = scorer.inputs([Sample(many, AROUND, [])])
    assert np.array_equal(inputs.frames[0].numpy(), many.frames[:5])


def test_comments_are_seen_in_the_order_given(scorer):
    assert scorer.inputs([Sample(moment(), AROUND, [])]).comments == [[[7, 9], [12], [8, 8, 20]]]


def test_padding_is_seen(importing, tmp_path):
    state = released_state()
    before = total(ReleasedTransformer(importing(state)), moment(), AROUND, comment(6))
    state["embedding.0.lut.weight"][PAD, 0] += 3
    scorer = ReleasedTransformer(importing(state, out=tmp_path / "other"))
    assert abs(total(scorer, moment(), AROUND, comment(6)) - before) > 1e-3


def test_no_video_is_frames_of_zeros(scorer):
    zeros = moment()._replace(frames=np.zeros((5, WIDTH), np.float32))
    assert total(scorer, NOTHING, AROUND, comment(6, 7)) == pytest.approx(
        total(scorer, zeros, AROUND, comment(6, 7)), abs=1e-5
    )


def test_samples_of_unequal_inputs_together_score_as_alone(scorer):
    candidates = [comment(6, 7), comment(6), comment(6, 7, 9), comment(21, 22)]
    samples = [
        Sample(*around, candidates)
        for around in (
            (moment(), AROUND),
            (moment(3), AROUND[:1]),
            (NOTHING, AROUND),
            (moment(), []),
            (NOTHING, []),
        )
    ]
    together = scorer.score_samples(samples)
    for sample, scores in zip(samples, together, strict=True):
        for candidate, score in zip(candidates, scores, strict=True):
            alone = total(scorer, sample.video_ctx, sample.comments, candidate)
            assert score.total == pytest.approx(alone, abs=1e-4 * max(1, abs(alone)))


def test_white_space_parts_words_and_is_none(scorer):
    spaced = Comment("", "词6 \u2006 词7")
    assert total(scorer, moment(), AROUND, spaced) == total(scorer, moment(), AROUND, comment(6, 7))
    assert scorer.words(Comment("", "\u2006")) == []
    assert scorer.score(moment(), AROUND, Comment("", "\u2006")).tokens == 1


def test_it_writes(scorer):
    for strategy in ("greedy", "beam", "top-p"):
        assert scorer.generate(moment(), AROUND, Decoding(strategy, max_words=5)).startswith("词")


def test_frames_of_another_width_are_refused(scorer):
    with pytest.raises(LiveBenchError, match="are 6 wide, and the checkpoint was trained on such"):
        scorer.score(moment(width=6), AROUND, comment(6))


def without(*names):
    return {name: value for name, value in released_state().items() if name not in names}


DEEP = "comment_decoder.layers.1.text_attn.linears.2.bias"
FILE, VOCABULARY = "checkpoint.pt", "dicts.json"


@pytest.mark.parametrize(
    ("state", "words", "options", "message"),
    [
        (
            without(DEEP),
            None,
            {},
            f"{FILE}: lacks {DEEP}; it is no checkpoint of the released Unified Transformer",
        ),
        (
            {"lut.weight": torch.ones(2, 2)},
            None,
            {},
            f"{FILE}: lacks embedding.0.lut.weight; it is no checkpoint of the released Unified "
            "Transformer",
        ),
        (
            {**released_state(), "embedding.0.lut.weight": torch.ones(4)},
            None,
            {},
            f"{FILE}: embedding.0.lut.weight is not a matrix",
        ),
        (
            {**released_state(), "output_layer.bias": torch.ones(7)},
            None,
            {},
            f"{FILE}: output_layer.bias has the shape (7,) instead of (30,)",
        ),
        (
            {**released_state(), "co_attention.weight": torch.ones(7)},
            None,
            {},
            f"{FILE}: holds co_attention.weight, which the released Unified Transformer does not have",
        ),
        (
            released_state(blocks=1) | {"video_encoder.layers.1.self_attn.x": torch.ones(1)},
            None,
            {},
            f"{FILE}: lacks video_encoder.layers.1.attn",
        ),
        (
            {"epoch": 3, "model": released_state()},
            None,
            {},
            f"{FILE}: holds more than tensors (epoch: int); save the state_dict of the model alone",
        ),
        ([torch.ones(2)], None, {}, f"{FILE}: holds a list instead of a model's tensors by name"),
        (
            None,
            None,
            {"heads": 3},
            f"{FILE}: is 8 wide, which 3 heads do not divide; give the --heads (-n_head) that it was "
            "trained with",
        ),
        (
            None,
            released_words(29),
            {},
            f"{VOCABULARY}: has 29 words, and the embedding of {{}}/{FILE} has 30; give the vocabulary "
            "that it was trained with",
        ),
        (
            None,
            {**released_words(), "词5": 6},
            {},
            f"{VOCABULARY}: the numbers of word2id are not 0, 1, 2, ..., each once",
        ),
        (
            None,
            {**released_words(), "<BOS>": 2, "<EOS>": 1},
            {},
            f"{VOCABULARY}: the first words are not <PAD>, <BOS>, <EOS>, <UNK>, <&&&>, in this order",
        ),
        (None, "{", {}, f"{VOCABULARY}: Input data was truncated"),
        (
            None,
            "{}",
            {},
            f"{VOCABULARY}: Object missing required field `word2id`",
        ),
    ],
)
def test_files_that_are_refused(tmp_path, importing, state, words, options, message):
    with pytest.raises(LiveBenchError) as caught:
        importing(state, words, **options)
    if message.endswith(".attn"):
        message = message.removesuffix("attn")
        assert str(caught.value).startswith(f"{tmp_path}/{message}")
    else:
        assert str(caught.value) == f"{tmp_path}/{message.format(tmp_path)}"
    assert not (tmp_path / "made").exists()


class Harm:
    def __reduce__(self):
        return os.mkdir, ("harm",)


@pytest.mark.parametrize("legacy", [True, False])
def test_a_pickle_that_runs_something_is_not_run(tmp_path, monkeypatch, importing, legacy):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LiveBenchError) as caught:
        importing(
            {**released_state(), "harm": Harm()},
            save=lambda s, file: torch.save(s, file, _use_new_zipfile_serialization=not legacy),
        )
    name = f"{os.mkdir.__module__}.mkdir"
    assert str(caught.value) == (
        f"{tmp_path}/{FILE}: holds more than tensors ({name}), and is not read: it could run anything"
    )
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("content", [b"", b"no checkpoint", bytes(range(256)), b"PK\x03\x04broken"])
def test_what_is_no_checkpoint_at_all(tmp_path, importing, content):
    with pytest.raises(LiveBenchError) as caught:
        importing(save=lambda state, file: file.write_bytes(content))
    assert str(caught.value) == (
        f"{tmp_path}/{FILE}: is not a checkpoint (torch.load cannot read it); give what the released "
        "code saved as checkpoint.pt"
    )


@pytest.fixture
def command(tmp_path, importing):
    importing()
    return ("import", "livebot-checkpoint", tmp_path / FILE, "--vocab", tmp_path / VOCABULARY)


def test_the_command_says_how_to_score(run, command, submission):
    folder = submission("released")
    out = folder / "checkpoints" / "run-1"
    done = run(*command, "--heads", 2, "--out", out)
    assert done.status == 0, done.err
    told = msgspec.toml.decode(done.out.partition("\n\n")[2])
    assert told["entry"] == ENTRY
    assert told["runs"][0]["name"] == "run-1"
    assert told["runs"][0]["checkpoint"] == "checkpoints/run-1/checkpoint.json"
    assert (out / "weights.safetensors").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--out", "made"), "made: exists already; remove it or choose another --out"),
        (("--out", "x", "--heads", 3), "which 3 heads do not divide"),
        (("--out", "x", "--entry", "baselines"), "entry 'baselines' is not \"module:Class\""),
        (
            ("--out", "x", "--entry", "no_such:Thing"),
            "entry no_such:Thing: there is no module no_such; install it",
        ),
        (
            ("--out", "x", "--entry", "baselines.s2s_c:Nothing"),
            "entry baselines.s2s_c:Nothing: the module has no class Nothing",
        ),
        (
            ("--out", "x", "--entry", "baselines.s2s_c:S2SC"),
            "entry baselines.s2s_c:S2SC: does not import checkpoints (no class method "
            "import_checkpoint(file, *, entry, vocabulary, out, heads))",
        ),
    ],
)
def test_commands_that_are_refused(refused, command, options, message, tmp_path):
    assert message in refused(*command, "--heads", 2, *options)
    assert not (tmp_path / "x").exists()


def test_missing_files(refused, tmp_path, command):
    vocabulary = ("--vocab", tmp_path / VOCABULARY, "--out", "x")
    message = refused("import", "livebot-checkpoint", "absent.pt", *vocabulary)
    assert message == "absent.pt: cannot be read: No such file or directory"
    message = refused(*command[:3], "--vocab", "absent.json", "--out", "x")
    assert message == "absent.json: no such file"


def test_the_variant_does_not_train(refused, tmp_path, submission, dataset):
    folder = submission(entry=ENTRY)
    where = ("--dataset", dataset.path, "--out", tmp_path / "x")
    message = refused("train", folder, "--protocol", "lancopku", *where)
    assert message.startswith(f"{folder}: {ENTRY} does not train (no class method train(job))")
