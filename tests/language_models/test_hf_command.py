"""`--hf NAME_OR_PATH` as a new user tries it: to a row, and with what does not work."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
import torch
import transformers
from tiny_llama import save_tiny_llama

from livebench.language_models.prompt import read_prompt
from livebench.language_models.weights import Weights


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.mark.slow
def test_from_a_folder_to_results(run, llama, small, tmp_path):
    command = ["evaluate", "--hf", llama, "--candidates", small.path, "--setting", "comments"]
    done = run(*command, "--score", "sum")
    assert done.status == 0, done.err
    folder = tmp_path / "submissions" / "tiny-llama"
    assert sorted(path.name for path in folder.iterdir()) == [
        "results",
        "scores",
        "submission.toml",
    ]
    card = tomllib.loads((folder / "submission.toml").read_text())
    assert card["score"] == "pmi"
    (result,) = folder.glob("results/*/default/comments.json")
    record = json.loads(result.read_text())
    manifest = record["manifest"]
    label = read_prompt().label
    assert f"|score:sum|prompt:{label}|ties:mean|" in record["signature"]
    weights = hashlib.sha256((llama / "model.safetensors").read_bytes()).hexdigest()
    others = [llama / name for name in ("config.json", "tokenizer.json", "tokenizer_config.json")]
    listing = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in others
    )
    files = hashlib.sha256(listing.encode()).hexdigest()
    assert manifest["arguments"]["weights_sha256"] == weights
    assert manifest["arguments"]["files_sha256"] == files
    assert manifest["model"] == {
        "model": str(llama),
        "revision": "",
        "weights_sha256": weights,
        "files_sha256": files,
        "prompt": label,
    }
    versions = manifest["versions"]
    assert (versions["transformers"], versions["torch"]) == (
        transformers.__version__,
        torch.__version__,
    )
    assert manifest["memory"] == "fresh copy per block"
    assert (manifest["dtype"], manifest["device"]) == ("float32", "cpu")
    assert "is there already, with another batch; " in run(*command, "--batch", 100).err


def test_a_folder_for_a_name(run, llama, tmp_path):
    done = run("submit", "init", "mine", "--hf", llama, "--dtype", "bfloat16", "--no-chat")
    assert done.status == 0, done.err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["submission.toml"]
    card = tomllib.loads((tmp_path / "mine" / "submission.toml").read_text())
    assert card["name"] == "tiny-llama bfloat16"
    assert card["entry"] == "livebench.language_models.language_model:LanguageModel"
    (described,) = card["runs"]
    arguments = described["arguments"]
    assert arguments.pop("weights_sha256") != arguments.pop("files_sha256")
    assert arguments == {"model": str(llama), "dtype": "bfloat16", "chat": False}


def test_what_the_options_of_init_say_is_in_the_card(run, llama, tmp_path):
    said = ("--name", "Mine", "--author", "A", "--author", "B", "--settings", "comments")
    more = ("--description", "Tuned.", "--url", "https://example.org")
    assert run("submit", "init", "--hf", llama, *said, *more).status == 0
    card = tomllib.loads((tmp_path / "submissions" / "mine" / "submission.toml").read_text())
    expected = {
        "name": "Mine",
        "authors": ["A", "B"],
        "settings": ["comments"],
        "description": "Tuned.",
        "url": "https://example.org",
    }
    assert {name: card[name] for name in expected} == expected
    # Of weights in a folder nobody knows what they were trained on, and whose they are.
    assert not {"weights", "training_data"} & set(card)
    done = run("submit", "init", "other", "--hf", llama, "--scores-only")
    assert done.status == 2
    assert "--scores-only belongs to scores made elsewhere, not to a model" in done.err
    assert not (tmp_path / "other").exists()


def test_a_model_that_moved_on_goes_on_in_the_revision_of_its_folder(
    run, refused, llama, tmp_path, monkeypatch
):
    newest = ["1" * 40]
    asked = []

    def of_hub(name, file, revision, *, download):
        asked.append(revision)
        return Weights(llama, "", revision or newest[0])

    monkeypatch.setattr("livebench.language_models.weights._of_hub", of_hub)
    init = ("submit", "init", "--hf", "org/m")
    assert run(*init).status == 0
    card = tmp_path / "submissions" / "m" / "submission.toml"
    before = card.read_text()
    newest[0] = "2" * 40
    assert run(*init).status == 0
    assert asked == ["", "1" * 40]
    assert card.read_text() == before
    assert 'url = "https://huggingface.co/org/m"' in before
    message = refused(*init, "--revision", "2" * 40)
    assert "submissions/m: is there already, with another revision; give the same" in message


def encoder(folder: Path) -> None:
    write_config(folder, "bert", ["BertForMaskedLM"])


def encoder_decoder(folder: Path) -> None:
    write_config(folder, "t5", ["T5ForConditionalGeneration"], is_encoder_decoder=True)


def own_code(folder: Path) -> None:
    write_config(folder, "mine", ["Mine"], auto_map={"AutoConfig": "mine.MineConfig"})


def giant(folder: Path) -> None:
    sizes = {"hidden_size": 65536, "intermediate_size": 262144, "num_attention_heads": 512}
    write_config(folder, "llama", ["LlamaForCausalLM"], num_hidden_layers=200, **sizes)


def pickled(folder: Path) -> None:
    write_config(folder, "llama", ["LlamaForCausalLM"])
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"")


def write_config(folder: Path, kind: str, named: list[str], **fields: object) -> None:
    file = folder / "config.json"
    config = {**json.loads(file.read_text()), "model_type": kind, "architectures": named, **fields}
    file.write_text(json.dumps(config))


WRONG_MODELS = [
    (encoder, "is BertForMaskedLM, not a causal language model"),
    (encoder_decoder, "is an encoder-decoder, not a causal language model"),
    (own_code, "brings code of its own, which is not run"),
    (giant, "GB in float32, and"),
    (pickled, "has no weights as model.safetensors (or parts with an index) or *.gguf"),
]


@pytest.mark.parametrize(("spoil", "message"), WRONG_MODELS)
def test_what_is_no_model_for_this_is_one_line(spoil, message, llama, small, refused, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(llama, folder)
    spoil(folder)
    command = ["evaluate", "--hf", folder, "--candidates", small.path, "--in-process"]
    assert message in refused(*command)


WRONG_NAMES = [
    ("nobody/there-is-no-such-model", "is not in the cache, and the hub cannot be reached"),
    ("nowhere", "there is no such folder or file, and it is no name on the hub (OWNER/NAME)"),
    ("empty", "is a folder without config.json"),
    ("text.txt", "is not a GGUF file"),
    ("package:not_installed/a.gguf", "the package is not installed: pip install not-installed"),
    ("package:jieba/a.gguf", "the package has no such file"),
]


@pytest.mark.parametrize(("name", "message"), WRONG_NAMES)
def test_a_wrong_name_is_one_line_and_writes_nothing(name, message, refused, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    assert message in refused("submit", "init", "mine", "--hf", name).replace("; pip", ": pip")
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("device", "message"),
    [("cuda", "torch sees 0 CUDA devices"), ("gpu", "is no device")],
)
def test_a_device_that_is_not_there_is_one_line(device, message, refused, llama):
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert message in refused("submit", "init", "mine", "--hf", llama, "--device", device)


def test_a_missing_extra_is_named(refused, llama, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    message = refused("submit", "init", "mine", "--hf", llama)
    assert message.startswith("package transformers: not installed")
    assert "pip install -c constraints.txt -e '.[hf]'" in message
