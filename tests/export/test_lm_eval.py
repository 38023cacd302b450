"""`livebench export lm-eval`: lm-evaluation-harness runs it, and gets our numbers."""

from __future__ import annotations

import runpy

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

import livebench
from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.language_models.prompt import line_of, read_prompt
from livebench.scoring.metrics import METRICS, sample_metrics

pytestmark = pytest.mark.filterwarnings("ignore")  # of the harness and what it imports


@pytest.fixture(scope="module")
def small(dataset, crowded, tmp_path_factory):
    """A set of 3 samples. Read only."""
    out = tmp_path_factory.mktemp("sets") / "tiny-small"
    return build_set(dataset, load_protocol(str(crowded)), out, max_samples=3)


@pytest.fixture
def exported(run, small, dataset, tmp_path):
    asked = ("--dataset", dataset.path, "--out", "tasks", "--quiet")
    done = run("export", "lm-eval", small.path, *asked)
    assert done.status == 0, done
    assert done.out.startswith("tasks: 3 samples in video, comments, both; prompt lines-")
    return tmp_path / "tasks"


def test_what_is_in_the_folder(exported, small, dataset, listing):
    names = [f"livebench_tiny_small{one}.yaml" for one in ("", "_both", "_comments", "_video")]
    assert listing(exported) == sorted(["README.md", *names, "samples.parquet", "task.py"])
    rows = pq.read_table(exported / "samples.parquet").to_pylist()
    loaded = livebench.load_set(small.path, dataset=dataset.path)
    prompt = read_prompt()
    for setting in ("blind", "comments", "video", "both"):
        for row, (name, sample) in zip(rows, loaded.samples(setting).items(), strict=True):
            assert row["sample_id"] == name
            assert row[setting] == prompt.context(sample.video_ctx, sample.comments)
            assert row["choices"] == [line_of(one) for one in sample.candidates]
    correct = [np.flatnonzero(row).tolist() for row in loaded.answers.correct]
    assert [row["correct"] for row in rows] == correct
    group = yaml.safe_load((exported / "livebench_tiny_small.yaml").read_text("utf-8"))
    assert group["task"] == [f"livebench_tiny_small_{one}" for one in ("video", "comments", "both")]
    assert prompt.label in (exported / "README.md").read_text("utf-8")
    assert "do not publish this folder" in (exported / "README.md").read_text("utf-8")


def test_its_metrics_are_ours(exported):
    """Of random scores with many ties, and one or several correct candidates."""
    pytest.importorskip("lm_eval")
    process = runpy.run_path(str(exported / "task.py"))["process_results"]
    draws = np.random.default_rng(0)
    for number in range(40):
        scores = draws.integers(0, 3 if number % 2 else 50, (2, 100)).astype(float)
        correct = np.zeros((1, 100), bool)
        correct[0, draws.choice(100, 1 + number % 5, replace=False)] = True
        document = {"choices": ["x"] * 100, "correct": correct[0].nonzero()[0].tolist()}
        found = process(document, [(score, False) for score in scores.ravel()])
        for suffix, values in (("", scores[0]), ("_pmi", scores[0] - scores[1])):
            ours = sample_metrics(values[None], correct)["best"][0]
            theirs = [found[f"{metric.name}{suffix}"] for metric in METRICS]
            assert theirs == pytest.approx(ours.tolist(), abs=1e-9)


def tiny_model():
    """A small random Llama and a byte-level tokenizer."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = ByteLevelBPETokenizer()
    words.train_from_iterator(["弹幕：\n[0s]\n小猫跳起来了\n哈哈哈\n"] * 3, 300, 2, False, ["<s>"])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words._tokenizer, bos_token="<s>", eos_token="<s>", pad_token="<s>"
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=2048,
        initializer_range=0.6,  # far from uniform
        bos_token_id=0,
        eos_token_id=0,
    )
    return LlamaForCausalLM(config).eval(), tokenizer


class ByHand(livebench.Scorer):
    """log p(candidate and its line end | prompt), tokenised apart, one sequence a candidate."""

    def __init__(self):
        self.model, self.tokenizer = tiny_model()
        self.prompt, self.line_end, self.seen = read_prompt(), {}, {}

    def score(self, video_ctx, comments, candidate):
        return self.score_candidates(video_ctx, comments, [candidate])[0]

    def score_candidates(self, video_ctx, comments, candidates):
        context = self.ids(self.prompt.context(video_ctx, comments))
        asked = (tuple(context), tuple(candidates))
        if asked not in self.seen:
            self.seen[asked] = self.computed(context, candidates)
        return self.seen[asked]

    def computed(self, context, candidates):
        import torch

        texts = [self.ids(line_of(candidate)) for candidate in candidates]
        longest = max(map(len, texts))
        rows = torch.tensor([[*context, *text, *[0] * (longest - len(text))] for text in texts])
        with torch.no_grad():
            logs = self.model(rows).logits.double().log_softmax(-1)
        start = len(context) - 1
        self.line_end[tuple(context)] = float(logs[0, start - 1, context[-1]])
        return [
            float(sum(logs[row, start + place, token] for place, token in enumerate(text)))
            for row, text in enumerate(texts)
        ]

    def ids(self, text):
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]


def of_transformers(scorer, folder):
    """What `evaluate --hf` makes of the same model."""
    from livebench.language_models.language_model import LanguageModel

    scorer.model.save_pretrained(folder)
    scorer.tokenizer.save_pretrained(folder)
    return LanguageModel(str(folder), device="cpu")


@pytest.mark.slow
def test_the_harness_gets_our_numbers(exported, small, dataset, monkeypatch):
    """Log-likelihoods of every candidate, but for that of the line end that the harness counts with
    them, and every metric."""
    pytest.importorskip("lm_eval")
    from lm_eval.evaluator import evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager, get_task_dict

    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", str(exported.parent / "cache"))
    scorer = ByHand()
    loaded = livebench.load_set(small.path, dataset=dataset.path)
    ours = {
        score: livebench.evaluate(scorer, loaded, "both", score=score) for score in ("sum", "pmi")
    }
    task = "livebench_tiny_small_both"
    tasks = TaskManager(include_path=str(exported), include_defaults=False)
    found = evaluate(
        lm=HFLM(pretrained=scorer.model, tokenizer=scorer.tokenizer, batch_size=64),
        task_dict=get_task_dict([task], tasks),
        bootstrap_iters=0,
        log_samples=True,
    )
    adapter = of_transformers(scorer, exported.parent / "model")
    asked = list(loaded.samples("both").values())
    for row, totals in enumerate(adapter.score_samples(asked)):
        np.testing.assert_allclose(
            [one.total for one in totals], ours["sum"].scores[row], atol=1e-3
        )
    result = found["results"][task]
    for suffix, score in (("", "sum"), ("_pmi", "pmi")):
        for metric in METRICS:
            wanted = ours[score].metrics["best"][metric.name].value
            assert result[f"{metric.name}{suffix},none"] == pytest.approx(wanted, abs=1e-9)
    accuracies = {"acc,none": "sum", "acc_mutual_info,none": "pmi"}
    for name, score in accuracies.items():
        wanted = ours[score].metrics["best"]["R@1"].value
        assert 100 * result[name] == pytest.approx(wanted, abs=1e-9)
    for sample in found["samples"][task]:
        row = loaded.answers.sample_ids.index(sample["doc"]["sample_id"])
        theirs = np.array([response[0] for response, *_ in map(list, sample["resps"])], float)
        ids = scorer.ids(sample["doc"]["both"])
        line_end = scorer.line_end[tuple(ids)]
        np.testing.assert_allclose(theirs[:100] - line_end, ours["sum"].scores[row], atol=1e-3)
    assert len(found["samples"][task]) == 3


def test_what_is_refused(refused, small, frozen_without_frames, dataset, dataset_without_frames):
    asked = ("--out", "tasks", "--dataset", dataset.path)
    message = refused("export", "lm-eval", small.path, *asked, "--setting", "blind")
    assert message.startswith("--setting blind: is in every task")
    message = refused("export", "lm-eval", small.path, *asked, "--prompt", "none-such")
    assert message.startswith("prompt none-such: there is no such prompt; choose from lines")
    silent = ("--dataset", dataset_without_frames.path, "--out", "tasks", "--setting", "video")
    message = refused("export", "lm-eval", frozen_without_frames.path, *silent)
    assert "cannot be scored in the setting video; choose from comments" in message
