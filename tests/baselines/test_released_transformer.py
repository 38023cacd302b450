"""The released Unified Transformer: its output (../shared/golden), its parts by hand, its files."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from livebench_baselines.neural.vocabulary import BEGIN, END, PAD, SEPARATOR
from livebench_baselines.released_transformer import (
    ReleasedNorm,
    ReleasedTransformer,
    context_row,
    released_name,
)
from released import (
    BLOCKS,
    ENTRY,
    FEED_FORWARD,
    HEADS,
    WIDTH,
    WORDS,
    released_state,
)

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.data.dataset import DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset
from livebench.errors import LiveBenchError
from livebench.records import ScoreRecord, read_records
from livebench.scoring.metrics import by_metric, sample_metrics
from livebench.scoring.scorer import Comment, Decoding, Sample, VideoContext

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


@pytest.mark.slow
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
        assert by_metric(metrics) == pytest.approx(expected[name])


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
    with pytest.raises(
        LiveBenchError, match="are 6 wide, but the checkpoint was trained on vectors"
    ):
        scorer.score(moment(width=6), AROUND, comment(6))
