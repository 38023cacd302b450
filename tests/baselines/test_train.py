"""Training: it learns, goes on after a stop as if nothing had been, and says what it did."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import safetensors.torch
import torch
from livebench_baselines.neural import train as train_module
from livebench_baselines.neural.batches import Batches
from livebench_baselines.neural.config import load_config
from livebench_baselines.neural.train import _learning_rate
from livebench_baselines.neural.vocabulary import SPECIAL_WORDS, UNKNOWN, Vocabulary
from livebench_baselines.s2s_c import S2SC
from livebench_baselines.s2s_i import S2SI
from livebench_baselines.unified_transformer import UnifiedTransformer
from tiny import CONFIG

from livebench.candidates.protocol import load_protocol
from livebench.errors import LiveBenchError
from livebench.training.examples import Examples

TIMED = ("seconds", "comments_per_second")


class Killed(BaseException):
    """Like a signal: nothing catches it."""


def killing_bar(after: int):
    """A bar that ends the process after so many steps."""

    @contextlib.contextmanager
    def bar(total, label):
        calls = iter(range(after + 1))

        def tell(done, remark=""):
            if next(calls, None) is None:
                raise Killed

        yield tell

    return bar


def log_rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [{k: v for k, v in row.items() if k not in TIMED} for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize("model", [S2SC, UnifiedTransformer], ids=lambda kind: kind.__name__)
def test_killed_and_resumed_is_as_undisturbed(model, job, monkeypatch):
    dropout = {"size": CONFIG.size.__class__(16, 2, 4, 32, 0.3)}
    whole = model.train(job(model, "whole", dropout))
    monkeypatch.setattr(train_module, "SAVE_SECONDS", 0)
    for after in (3, 14, 1, 8):  # within an epoch, and over its end
        with pytest.raises(Killed):
            model.train(job(model, "killed", dropout, bar=killing_bar(after)))
        assert not (whole.parent.parent / "killed" / "checkpoint.json").exists()
    resumed = model.train(job(model, "killed", dropout))
    for name in ("weights.safetensors", "vocabulary.json"):
        assert (resumed.parent / name).read_bytes() == (whole.parent / name).read_bytes()
    assert log_rows(resumed.parent) == log_rows(whole.parent)
    assert sorted(path.name for path in resumed.parent.iterdir()) == [
        "checkpoint.json",
        "curve.png",
        "log.csv",
        "vocabulary.json",
        "weights.safetensors",
    ]


@pytest.mark.slow
def test_an_interrupt_waits_for_the_step_and_saves(job, monkeypatch):
    """What the first Ctrl-C interrupts goes on as if nothing had been."""
    whole = S2SC.train(job(S2SC, "whole"))
    steps = 0
    step = train_module._Trainer._step

    def interrupted(self, *arguments):
        nonlocal steps
        steps += 1
        if steps == 4:
            signal.raise_signal(signal.SIGINT)
        return step(self, *arguments)

    monkeypatch.setattr(train_module._Trainer, "_step", interrupted)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        S2SC.train(job(S2SC, "stopped"))
    assert signal.getsignal(signal.SIGINT) is before
    assert (job(S2SC, "stopped").out / "state.safetensors").is_file()
    resumed = S2SC.train(job(S2SC, "stopped"))
    assert (resumed.parent / "weights.safetensors").read_bytes() == (
        whole.parent / "weights.safetensors"
    ).read_bytes()


def test_it_saves_within_a_minute():
    assert train_module.SAVE_SECONDS <= 45


@pytest.mark.slow
def test_it_learns_and_keeps_the_best_epoch(job):
    checkpoint = S2SC.train(job(S2SC, config={"epochs": 6}))
    rows = log_rows(checkpoint.parent)
    dev = [float(row["dev_log_likelihood"]) for row in rows]
    assert len(rows) == 6
    assert dev[-1] > dev[0]
    about = json.loads(checkpoint.read_text())
    assert about["outcome"]["best_epoch"] == 1 + int(np.argmax(dev))
    assert about["outcome"]["dev_log_likelihood"] == max(dev)
    best = [float(row["dev_log_likelihood"]) for row in rows if row["best"] == "1"]
    assert best == sorted(best)
    assert about["training"]["context"] == {"rule": "nearest", "count": 5}
    assert about["training"]["config"]["batch"] == 32


@pytest.mark.slow
def test_the_seed_decides(job):
    def weights(out, seed):
        file = S2SC.train(job(S2SC, out, {"epochs": 1}, seed=seed)).parent / "weights.safetensors"
        return safetensors.torch.load(file.read_bytes())["output.bias"]

    first, again, other = weights("a", 0), weights("b", 0), weights("c", 1)
    assert (first == again).all()
    assert (first != other).any()


def test_another_training_is_not_gone_on_with(job, monkeypatch):
    monkeypatch.setattr(train_module, "SAVE_SECONDS", 0)
    with pytest.raises(Killed):
        S2SC.train(job(S2SC, bar=killing_bar(2)))
    with pytest.raises(LiveBenchError, match=r"state of another training \(changed: seed\)"):
        S2SC.train(job(S2SC, seed=1))
    state = job(S2SC).out / "state.safetensors"
    state.write_bytes(b"garbage")
    with pytest.raises(LiveBenchError, match=r"cannot be read.* remove it to start over"):
        S2SC.train(job(S2SC))


def test_a_finished_training_is_not_overwritten(job):
    S2SC.train(job(S2SC, config={"epochs": 1}))
    with pytest.raises(LiveBenchError, match="exists already; remove it or choose another --out"):
        S2SC.train(job(S2SC, config={"epochs": 1}))


def test_frames_are_needed_by_who_sees_nothing_else(job, dataset_without_frames):
    with pytest.raises(LiveBenchError, match=r"has no frames, and .*S2SI sees nothing else"):
        S2SI.train(job(S2SI, dataset=dataset_without_frames))


def test_the_learning_rate_rises_and_falls():
    """By hand: the rate is 0.01, the warm-up a tenth of the training."""
    expected = {0.0: 0.0, 0.05: 0.005, 0.1: 0.01, 0.55: 0.005, 1.0: 0.0}
    for share, rate in expected.items():
        assert _learning_rate(CONFIG, share) == pytest.approx(rate)


def test_bundled_configs_are_read():
    paper = load_config("paper")
    assert (paper.size.width, paper.batch, paper.learning_rate) == (512, 64, 3e-4)
    assert (paper.vocabulary, paper.decay, paper.warmup) == (30_000, False, 0.0)
    assert load_config("small").size.width < paper.size.width


def test_a_wrong_config_names_file_and_field(job, tmp_path):
    with pytest.raises(LiveBenchError, match=r"config tiny: not found; available: .*small"):
        load_config("tiny")
    (tmp_path / "odd.toml").write_text("batch = 0")
    with pytest.raises(LiveBenchError, match=r"odd\.toml.*size|odd\.toml.*batch"):
        load_config(str(tmp_path / "odd.toml"))


def test_vocabulary_by_hand():
    vocabulary = Vocabulary.of([("b a", 2), ("c b", 1), ("d", 2)], 3)
    assert vocabulary.words == ["b", "a", "d"]  # 3, 2, 2, and c once
    assert vocabulary.unseen_types == 1
    first = len(SPECIAL_WORDS)
    assert vocabulary.encode("a c d b") == [first + 1, UNKNOWN, first + 2, first]
    assert vocabulary.decode([first, UNKNOWN]) == ["b", "<unknown>"]
    opened = vocabulary.open()
    assert opened.encode("x c a x") == [first + 3, first + 4, first + 1, first + 3]
    assert opened.decode([first + 4, first]) == ["c", "b"]
    assert vocabulary.encode("x") == [UNKNOWN]  # unchanged


def test_log_frequencies_by_hand():
    """Of 5 comments, one word too many of each: pad, begin, end, unknown, separator, b, a, d."""
    comments = [("b a", 2), ("c b", 1), ("d", 2)]
    frequencies = np.exp(Vocabulary(["b", "a", "d"]).log_frequencies(comments))
    assert frequencies == pytest.approx(np.array([1, 1, 6, 2, 1, 4, 3, 3]) / 21)


@pytest.mark.parametrize(
    ("uses", "frames", "comments"),
    [("frames", 0.3, None), ("comments", None, 0.1), ("frames comments", 0.3, 0.1)],
)
def test_each_input_is_dropped_from_its_share_of_the_moments(dataset, uses, frames, comments):
    """Also the only one of a model: the setting `blind` shows it none."""
    config = msgspec.structs.replace(CONFIG, drop_frames=0.3, drop_comments=0.1, batch=500)
    strings = dataset.split("train").strings
    batches = Batches(
        Examples(dataset, load_protocol("paper"), "train"),
        Vocabulary.of([(string, 1) for string in strings], 60),
        config,
        frozenset(uses.split()),
        4,
        torch.device("cpu"),
    )
    lacking: dict[str, list[bool]] = {"frames": [], "comments": []}
    for seed in range(5):
        random = np.random.default_rng(seed)
        for batch in batches.in_order(100_000):
            inputs, _ = batches.tensors(batch, random)
            lacking["frames"] += (inputs.frames == 0).all(2).all(1).tolist()
            lacking["comments"] += [not around for around in inputs.comments]
    total = len(lacking["frames"])
    assert total > 1000
    for name, share in {"frames": frames, "comments": comments}.items():
        expected = 1.0 if share is None else share
        deviation = (expected * (1 - expected) / total) ** 0.5
        assert np.mean(lacking[name]) == pytest.approx(expected, abs=5 * deviation), name


@pytest.mark.slow
def test_two_processes_train_together(job, dataset, tmp_path):
    """torchrun with two gloo processes on this machine: one checkpoint, and it has learned."""
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *("-m", "livebench", "train", "SUBMISSION", "--dataset", str(dataset.path)),
        *(
            "--protocol",
            "paper",
            "--config",
            job(S2SC, "two", {"epochs": 2}).config,
            "--out",
            str(tmp_path / "two"),
        ),
    ]
    root = Path(__file__).parent.parent.parent
    command[command.index("SUBMISSION")] = str(root / "submissions" / "s2s-c")
    done = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    about = json.loads((tmp_path / "two" / "checkpoint.json").read_text())
    assert about["training"]["processes"] == 2
    dev = [float(row["dev_log_likelihood"]) for row in log_rows(tmp_path / "two")]
    assert dev[-1] > dev[0]
    assert done.stdout.count("[[runs]]") == 1  # one of the two speaks
