"""Importing a checkpoint of the released code: the command, and what is refused."""

from __future__ import annotations

import os

import msgspec
import pytest
import torch
from released import ENTRY, released_state, released_words

from livebench.errors import LiveBenchError


def without(*names):
    return {name: value for name, value in released_state().items() if name not in names}


DEEP = "comment_decoder.layers.1.text_attn.linears.2.bias"
FILE, VOCABULARY = "checkpoint.pt", "dicts.json"
OTHER = "give a checkpoint of the released Unified Transformer"
STATE = "save the state_dict of the model alone"


@pytest.mark.parametrize(
    ("state", "words", "options", "message"),
    [
        (
            without(DEEP),
            None,
            {},
            f"{FILE}: lacks {DEEP}; {OTHER}",
        ),
        (
            {"lut.weight": torch.ones(2, 2)},
            None,
            {},
            f"{FILE}: lacks embedding.0.lut.weight; {OTHER}",
        ),
        (
            {**released_state(), "embedding.0.lut.weight": torch.ones(4)},
            None,
            {},
            f"{FILE}: embedding.0.lut.weight is not a matrix; " + OTHER,
        ),
        (
            {**released_state(), "output_layer.bias": torch.ones(7)},
            None,
            {},
            f"{FILE}: output_layer.bias has the shape (7,) instead of (30,); " + OTHER,
        ),
        (
            {**released_state(), "co_attention.weight": torch.ones(7)},
            None,
            {},
            f"{FILE}: holds co_attention.weight, which the released Unified Transformer does not have; "
            + OTHER,
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
        (
            [torch.ones(2)],
            None,
            {},
            f"{FILE}: holds a list instead of a model's tensors by name; " + STATE,
        ),
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
            f"{VOCABULARY}, word2id: the numbers are not 0, 1, 2, ..., each once",
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
        f"{tmp_path}/{FILE}: holds more than tensors ({name}), and is not read: it could run anything; "
        "save the state_dict of the model alone"
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
        (("--out", "x", "--entry", "baselines"), "entry: 'baselines' is not \"module:Class\""),
        (
            ("--out", "x", "--entry", "no_such:Thing"),
            "entry no_such:Thing: there is no module no_such; install it",
        ),
        (
            ("--out", "x", "--entry", "livebench_baselines.s2s_c:Nothing"),
            "entry livebench_baselines.s2s_c:Nothing: the module has no class Nothing",
        ),
        (
            ("--out", "x", "--entry", "livebench_baselines.s2s_c:S2SC"),
            "entry livebench_baselines.s2s_c:S2SC: does not import checkpoints; add a class "
            "method import_checkpoint(file, *, entry, vocabulary, out, heads)",
        ),
    ],
)
def test_commands_that_are_refused(refused, command, options, message, tmp_path):
    assert message in refused(*command, "--heads", 2, *options)
    assert not (tmp_path / "x").exists()


def test_missing_files(refused, tmp_path, command):
    vocabulary = ("--vocab", tmp_path / VOCABULARY, "--out", "x")
    message = refused("import", "livebot-checkpoint", "absent.pt", *vocabulary)
    assert message == "absent.pt: no such file"
    message = refused(*command[:3], "--vocab", "absent.json", "--out", "x")
    assert message == "absent.json: no such file"


def test_the_variant_does_not_train(refused, tmp_path, submission, dataset):
    folder = submission(entry=ENTRY)
    where = ("--dataset", dataset.path, "--out", tmp_path / "x")
    message = refused("train", folder, "--protocol", "lancopku", *where)
    assert message.startswith(f"{folder}: {ENTRY} does not train; add a class method train(job)")
