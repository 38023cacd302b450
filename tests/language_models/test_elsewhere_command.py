"""`--openai` and `--lm-eval` as a new user tries them: to results, and with what does not work; and
`--hf` of a model that sees."""

from __future__ import annotations

import json
import tomllib

import pytest
from doubles import Double, serving

from livebench.candidates.freeze import build_set
from livebench.candidates.protocol import load_protocol
from livebench.submissions.load import SERVER_ENTRY


@pytest.fixture(scope="module")
def few(dataset, crowded, tmp_path_factory):
    """2 samples."""
    out = tmp_path_factory.mktemp("sets") / "few"
    return build_set(dataset, load_protocol(str(crowded)), out, max_samples=2)


def test_a_model_on_a_server_in_one_command(run, refused, few, dataset, tmp_path):
    order = ("--candidates", few.path, "--dataset", dataset.path, "--quiet")
    with serving(Double()) as double:
        named = ("evaluate", "--openai", double.url, "--model", "org/m")
        double.models = {"data": [{"id": "org/m"}]}
        done = run(*named, *order, "--setting", "blind")
        assert done.status == 0, done
        assert "m on a server" not in done.err
        again = run(*named, *order, "--setting", "video")
        assert again.status == 0, again
        message = refused(*named, *order, "--concurrency", 3)
        assert "is there already, with another concurrency; give the same, or --out, a" in message
    folder = tmp_path / "submissions" / "m-on-a-server"
    card = tomllib.loads((folder / "submission.toml").read_text())
    assert (card["name"], card["score"], card["entry"]) == ("m on a server", "pmi", SERVER_ENTRY)
    assert card["runs"][0]["arguments"] == {"url": double.url, "model": "org/m"}
    manifests = [
        json.loads(file.read_text())["manifest"] for file in folder.glob("results/*/*/*.json")
    ]
    assert sorted(one["setting"] for one in manifests) == ["blind", "video"]
    assert {one["isolation"] for one in manifests} == {"server"}
    assert {one["model"]["server"] for one in manifests} == {double.url}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--openai", "http://h/v1"), "--openai needs --model, as the server names it"),
        (("--openai", "h", "--model", "m"), "--openai: is no address of a server; write it like"),
        (("--openai", "http://h", "--hf", "x"), "--hf and --openai each name a model: give one of them"),
        (("--lm-eval", "hf", "--model", "m"), "--model belongs to --openai"),
        (("--lm-eval", "hf", "--concurrency", "2"), "--concurrency belongs to --openai"),
        (("--openai", "http://h", "--model", "m", "--chat"), "--chat belongs to --hf"),
        (("--openai", "http://h", "--model", "m", "--batch", "9"), "--batch belongs to --hf"),
        (("--hf", "x", "--model-args", "a=b"), "--model-args belongs to --lm-eval"),
        (("--openai", "http://h", "--model", "m", "--device", "cuda"),
         "--device does nothing with --openai: the server has its own"),
        (("--openai", "me:secret@h", "--model", "m"), "--openai: an address is written into results"),
        (("--lm-eval", "hf", "--model-args", "pretrained=x,token=secret"),
         "--model-args: have the argument token in them, and results name them; leave it out: back ends "
         "look for HF_TOKEN, OPENAI_API_KEY and so on (with --in-process)"),
        (("--lm-eval", "hf", "--model-args", "pretrained=x,dtype=auto", "--dtype", "bfloat16"),
         "--dtype bfloat16, and dtype=auto in --model-args"),
        (("--lm-eval", "hf", "--model-args", "device=cpu", "--device", "cpu"),
         "--device and device= in --model-args: give one of them"),
        (("--lm-eval", "local-completions", "--model-args", "model=x", "--device", "cpu"),
         "--lm-eval local-completions: has no choice of device; leave out --device; CUDA_VIS"),
        (("--model", "m"), "Missing argument 'SUBMISSION...'"),
        ((), "Missing argument 'SUBMISSION...'"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together(run, tmp_path, options, message):
    done = run("evaluate", *options)
    assert done.status == 2
    assert message in done.err.splitlines()[-1]
    assert "secret" not in done.err
    assert not (tmp_path / "submissions").exists()


@pytest.mark.parametrize(
    ("package", "options", "extra"),
    [
        ("urllib3", ("--openai", "http://h", "--model", "m"), "openai"),
        ("lm_eval", ("--lm-eval", "hf"), "lm-eval"),
    ],
)
def test_absent_extras_are_named_before_anything_is_written(
    refused, monkeypatch, tmp_path, package, options, extra
):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    message = refused("evaluate", *options)
    assert f"package {package}: not installed; install the extra `{extra}`" in message
    assert not (tmp_path / "submissions").exists()


def test_init_writes_the_same_card(run, few, tmp_path):
    done = run("submit", "init", "mine", "--openai", "http://h:1/v1/", "--model", "a/b")
    assert done.status == 0, done
    card = tomllib.loads((tmp_path / "mine" / "submission.toml").read_text())
    assert card["runs"][0]["arguments"] == {"url": "http://h:1/v1", "model": "a/b"}
    assert run("submit", "check", "mine", "--sets", few.path.parent).status == 0


def test_a_back_end_of_lm_eval_in_one_command(run, few, dataset, tmp_path):
    pytest.importorskip("lm_eval")
    pytest.importorskip("transformers")
    from tiny_llama import save_tiny_llama

    llama = save_tiny_llama(tmp_path / "tiny-llama")
    order = ("--candidates", few.path, "--dataset", dataset.path, "--setting", "blind", "--quiet")
    arguments = f"pretrained={llama},dtype=float32,batch_size=64"
    done = run(
        *("evaluate", "--lm-eval", "hf", "--model-args", arguments),
        *("--in-process", *order),
    )
    assert done.status == 0, done
    folder = tmp_path / "submissions" / "tiny-llama-by-lm-eval-hf"
    card = tomllib.loads((folder / "submission.toml").read_text())
    assert card["runs"][0]["arguments"] == {"model": "hf", "model_args": arguments}
    (file,) = folder.glob("results/*/default/blind.json")
    result = json.loads(file.read_text())
    assert result["plausibility"]["fresh"]["samples"] == 0
    assert result["manifest"]["model"]["model"] == f"hf: {arguments}"
    assert result["manifest"]["dtype"] == "float32"
    assert result["manifest"]["parameters"] > 10_000
    assert "|prompt:lines-" in result["signature"]


def test_half_precision_of_a_back_end_is_told(run, few, dataset, tmp_path):
    """In the card, and in the result, from which the row has it."""
    pytest.importorskip("lm_eval")
    pytest.importorskip("transformers")
    from tiny_llama import save_tiny_llama

    llama = save_tiny_llama(tmp_path / "tiny-llama")
    order = ("--candidates", few.path, "--dataset", dataset.path, "--setting", "blind", "--quiet")
    named = ("--lm-eval", "hf", "--model-args", f"pretrained={llama},batch_size=64")
    how = ("--device", "cpu", "--dtype", "bfloat16", "--in-process")
    done = run("evaluate", *named, *how, *order)
    assert done.status == 0, done
    folder = tmp_path / "submissions" / "tiny-llama-by-lm-eval-hf-bfloat16"
    (file,) = folder.glob("results/*/default/blind.json")
    result = json.loads(file.read_text())
    assert result["manifest"]["dtype"] == "bfloat16"
    assert result["plausibility"]["fresh"]["samples"] == 0


@pytest.mark.parametrize(
    ("arguments", "options", "written", "name"),
    [
        ("pretrained=a/b", ("--dtype", "float16"), "pretrained=a/b,dtype=float16", " float16"),
        ("", ("--dtype", "float16"), "dtype=float16", " float16"),
        ("dtype=half", ("--dtype", "float16"), "dtype=half", " float16"),
        ("dtype=half", (), "dtype=half", " float16"),
        ("dtype=auto", (), "dtype=auto", ""),
        ("x=1", ("--dtype", "float32"), "x=1,dtype=float32", ""),
        ("x=1", (), "x=1", ""),
    ],
)
def test_what_a_back_end_computes_in_is_an_argument_of_it(
    run, tmp_path, arguments, options, written, name
):
    pytest.importorskip("lm_eval")
    named = ("--lm-eval", "vllm", "--model-args", arguments, *options)
    done = run("submit", "init", "mine", *named)
    assert done.status == 0, done
    card = tomllib.loads((tmp_path / "mine" / "submission.toml").read_text())
    assert card["runs"][0]["arguments"] == {"model": "vllm", "model_args": written}
    assert card["name"].endswith(f"lm-eval vllm{name}")


def test_options_that_need_a_model(run, submission, tmp_path):
    """A folder says itself what it is."""
    path = submission("mine")
    for option, value in (("--device", "cpu"), ("--dtype", "bfloat16"), ("--prompt", "p.toml")):
        for order in (("evaluate", path), ("submit", "init", "new")):
            done = run(*order, option, value)
            assert done.status == 2
            message = f"{option} belongs to --hf, --openai and --lm-eval"
            assert message in done.err.splitlines()[-1]
    assert not (tmp_path / "new").exists()


def test_hf_takes_a_model_that_sees(run, few, dataset, tmp_path):
    """Without pictures in the set, by the same command as any other."""
    pytest.importorskip("transformers")
    pytest.importorskip("PIL")
    from tiny_llava import save_tiny_llava

    llava = save_tiny_llava(tmp_path / "tiny-llava")
    order = ("--candidates", few.path, "--dataset", dataset.path, "--setting", "blind", "--quiet")
    done = run("evaluate", "--hf", llava, "--device", "cpu", "--in-process", *order)
    assert done.status == 0, done
    card = tomllib.loads((tmp_path / "submissions" / "tiny-llava" / "submission.toml").read_text())
    assert card["entry"] == "livebench.language_models.vision_model:VisionLanguageModel"
    assert card["description"].startswith("tiny-llava, a vision-language model, as it is")
