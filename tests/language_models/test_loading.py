"""What is loaded is the whole of a model that continues texts, and only that is hashed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tiny_llama import save_tiny_llama  # noqa: E402 (needs transformers)

from livebench.errors import LiveBenchError  # noqa: E402
from livebench.language_models.loading import IMAGE_TEXT, load_model  # noqa: E402
from livebench.language_models.weights import Weights  # noqa: E402

CPU = torch.device("cpu")
SIZES = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": 0,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture
def llama(whole, tmp_path) -> Path:
    """A copy, to spoil."""
    return Path(shutil.copytree(whole, tmp_path / "llama"))


def load(folder: Path, **options: Any) -> Any:
    return load_model(Weights(folder), "m", CPU, "float32", **options)


def configure(folder: Path, **fields: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def without(folder: Path, part: str) -> None:
    from safetensors.torch import load_file, save_file

    file = folder / "model.safetensors"
    kept = {name: value for name, value in load_file(file).items() if part not in name}
    save_file(kept, file, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (
            "lm_head",
            r"its files lack weights, which would be random: lm_head\.weight; give a whole",
        ),
        (
            "layers.1.",
            r"be random: model\.layers\.1\.input_layernorm\.weight, .* \(9 in all\); give",
        ),
    ],
)
def test_weights_that_are_missing_are_refused(llama, part, message):
    without(llama, part)
    with pytest.raises(LiveBenchError, match=message):
        load(llama)


def test_weights_of_another_shape_are_refused(llama):
    configure(llama, intermediate_size=80)
    message = (
        r"weights have other shapes than its config\.json says: model\.layers\.0\.mlp.*\(6 in all"
    )
    with pytest.raises(LiveBenchError, match=message):
        load(llama)


def test_a_file_that_was_cut_short_is_one_line(llama):
    file = llama / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(LiveBenchError, match="transformers cannot read its weights"):
        load(llama)


TIED = [
    ("LlamaConfig", {}),
    ("Qwen2Config", {}),
    ("Gemma3TextConfig", {"sliding_window": 6, "query_pre_attn_scalar": 8}),
]


@pytest.mark.parametrize(("kind", "options"), TIED)
def test_tied_embeddings_are_not_missing(kind, options, tmp_path):
    from safetensors import safe_open

    config = getattr(transformers, kind)(**SIZES, **options, tie_word_embeddings=True)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    with safe_open(tmp_path / "model.safetensors", "pt") as file:
        assert not any("lm_head" in name for name in file.keys())  # noqa: SIM118 (no mapping)
    model = load(tmp_path)
    assert model.lm_head.weight is model.get_input_embeddings().weight


def test_what_is_computed_is_not_missing(llama, monkeypatch):
    """Old files hold buffers that newer ones do not, and the other way round."""
    read = transformers.AutoModelForCausalLM.from_pretrained

    def lacking(*arguments, **options):
        model, told = read(*arguments, **options)
        return model, {**told, "missing_keys": {"model.rotary_emb.inv_freq"}}

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", lacking)
    load(llama)


NOT_CAUSAL = [
    ("llama", "LlamaForSequenceClassification"),  # a reward model
    ("mistral", "MistralModel"),  # an embedding model
    ("qwen2", "Qwen2ForTokenClassification"),
    ("roberta", "RobertaModel"),
    ("roberta", "RobertaForMaskedLM"),
    ("clip", "CLIPModel"),
]


@pytest.mark.parametrize(("kind", "named"), NOT_CAUSAL)
def test_models_that_do_not_continue_a_text_are_refused(llama, kind, named):
    configure(llama, model_type=kind, architectures=[named])
    message = f"m: is {named}, not a causal language model; give a causal language model"
    with pytest.raises(LiveBenchError, match=message):
        load(llama)


def test_a_model_that_names_no_architecture_is_loaded(llama):
    configure(llama, architectures=None)
    load(llama)


@pytest.mark.parametrize("named", ["Qwen2VLModel", "Qwen2VLForSequenceClassification"])
def test_models_that_see_but_do_not_write_are_refused(llama, named):
    configure(llama, model_type="qwen2_vl", architectures=[named])
    with pytest.raises(LiveBenchError, match=f"is {named}, not a causal language model"):
        load(llama, kind=IMAGE_TEXT)


@pytest.mark.parametrize("looks_back", [False, True])
def test_an_encoder_with_a_head_for_texts_sees_what_it_predicts(tmp_path, looks_back):
    sizes = {name: SIZES[name] for name in SIZES if not name.startswith(("num_key", "head_dim"))}
    config = transformers.RobertaConfig(**sizes, is_decoder=looks_back)
    transformers.RobertaForCausalLM(config).save_pretrained(tmp_path)
    if looks_back:
        load(tmp_path)
        return
    with pytest.raises(LiveBenchError, match=r"sees the whole text at once \(is_decoder is false"):
        load(tmp_path)


def test_gpt_neox_looks_back_though_its_configuration_does_not_say_so(tmp_path):
    config = transformers.GPTNeoXConfig(**SIZES)
    assert config.is_decoder is False
    transformers.GPTNeoXForCausalLM(config).save_pretrained(tmp_path)
    load(tmp_path)
