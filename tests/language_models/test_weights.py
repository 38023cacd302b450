"""Finding weights on a hub that is a folder here, or that fails; and what of them is read and hashed."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

hub = pytest.importorskip("huggingface_hub")
pytest.importorskip("transformers")

from tiny_llama import save_tiny_llama  # noqa: E402 (needs transformers)

from livebench.errors import LiveBenchError  # noqa: E402
from livebench.language_models.weights import Weights, find_weights  # noqa: E402

COMMIT = "c" * 40


def write(folder: Path, files: dict[str, Any]) -> None:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Path:
    """The files of a repository `owner/name`, fetched as the hub does by patterns."""
    there, cache = tmp_path / "there", tmp_path / COMMIT
    there.mkdir()

    def fetch(name, *, revision, allow_patterns, ignore_patterns, local_files_only):
        assert (name, revision) == ("owner/name", None)
        if local_files_only and not cache.is_dir():
            raise hub.errors.LocalEntryNotFoundError("not in the cache")
        names = [str(file.relative_to(there)) for file in there.rglob("*") if file.is_file()]
        for one in hub.utils.filter_repo_objects(
            names, allow_patterns=allow_patterns, ignore_patterns=ignore_patterns
        ):
            (cache / one).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(there / one, cache / one)
        return str(cache)

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    return there


FIRST, SECOND = (f"model-0000{k}-of-00002.safetensors" for k in (1, 2))
PARTS = {FIRST: "part 1", SECOND: "part 2"}
INDEX = {"weight_map": {"b": SECOND, "a": FIRST, "c": FIRST}}
OTHERS = {
    "original/model.safetensors": "as gpt-oss-20b has it",
    "original/config.json": "{}",
    "metal/model.bin": "",
    "consolidated.safetensors": "as Mistral-7B-v0.3 has it",
}


def test_only_what_is_read_is_fetched_and_hashed(repository):
    index = {"model.safetensors.index.json": INDEX}
    write(repository, {"config.json": {}, "tokenizer.json": {}, **PARTS, **index, **OTHERS})
    found = find_weights("owner/name", download=True)
    assert found.revision == COMMIT
    names = {str(file.relative_to(found.folder)) for file in found.folder.rglob("*.*")}
    assert names == {"config.json", "tokenizer.json", *PARTS, *index}
    # What `sha256sum model*.safetensors` prints.
    listing = "".join(f"{sha256(text)}  {name}\n" for name, text in PARTS.items())
    assert found.sha256() == sha256(listing)
    assert find_weights("owner/name") == found


PLACES: list[tuple[dict[str, Any], list[str]]] = [
    ({"model.safetensors": "a"}, ["model.safetensors"]),
    ({"model.safetensors": "a", "adapter.safetensors": "b"}, ["model.safetensors"]),
    # transformers prefers the whole.
    (
        {"model.safetensors": "a", **PARTS, "model.safetensors.index.json": INDEX},
        ["model.safetensors"],
    ),
    ({**PARTS, "model.safetensors.index.json": INDEX, "more.safetensors": "b"}, list(PARTS)),
    (
        {
            "config.json": {"transformers_weights": "b.safetensors"},
            "model.safetensors": "",
            "b.safetensors": "",
        },
        ["b.safetensors"],
    ),
]


@pytest.mark.parametrize(("files", "expected"), PLACES)
def test_the_files_of_the_weights(tmp_path, files, expected):
    write(tmp_path, {"config.json": {}, **files})
    assert [file.name for file in Weights(tmp_path).files()] == expected


def test_they_are_those_that_transformers_opens(tmp_path, monkeypatch):
    import transformers

    from livebench.language_models.loading import quiet_transformers

    quiet_transformers()
    folder = save_tiny_llama(tmp_path / "llama")
    (folder / "consolidated.safetensors").write_text("of another format")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="40KB")
    opened = []
    module = transformers.modeling_utils
    real = module.safe_open
    monkeypatch.setattr(
        module, "safe_open", lambda file, **rest: opened.append(Path(file)) or real(file, **rest)
    )
    transformers.AutoModelForCausalLM.from_pretrained(folder)
    assert len(set(opened)) > 1
    assert sorted(set(opened)) == Weights(folder).files()


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"model.safetensors.index.json": INDEX}, "lacks model-00001-of-00002.safetensors, a file of"),
    ({"model.safetensors.index.json": "{"}, r"index\.json: cannot be read: "),
    ({"model.safetensors.index.json": []}, r"index\.json: is not a JSON object"),
    ({"consolidated.safetensors": ""}, r"has no weights as model\.safetensors"),
]


@pytest.mark.parametrize(("files", "message"), BROKEN)
def test_weights_that_are_not_all_there_are_one_line(tmp_path, files, message):
    write(tmp_path, {"config.json": {}, **files})
    with pytest.raises(LiveBenchError, match=message):
        Weights(tmp_path).sha256()


def test_an_adapter_is_refused(repository):
    write(repository, {"adapter_config.json": {}, "adapter_model.safetensors": ""})
    message = r"holds an adapter \(adapter_config\.json\), which is not applied; merge it"
    with pytest.raises(LiveBenchError, match=f"^owner/name: {message}"):
        find_weights("owner/name", download=True)
    with pytest.raises(LiveBenchError, match=message):
        find_weights(str(repository))


@pytest.mark.parametrize("file", ["a.gguf", "Q4_K_M/a.gguf", "x/y/a[1].gguf"])
def test_a_gguf_file_of_a_repository_and_no_other(repository, file):
    write(repository, {file: "weights", "b.gguf": "others", "x/b.gguf": "", "config.json": {}})
    found = find_weights(f"owner/name/{file}", download=True)
    assert (found.gguf, found.revision) == (file, COMMIT)
    assert found.sha256() == sha256("weights")
    assert [one.name for one in found.folder.rglob("*.*")] == [Path(file).name]


def test_a_gguf_file_that_is_not_there(repository):
    write(repository, {"Q4_K_M/a.gguf": ""})
    with pytest.raises(LiveBenchError, match=r"owner/name: has no file Q8_0/a\.gguf"):
        find_weights("owner/name/Q8_0/a.gguf", download=True)


def test_what_is_not_in_the_cache_is_one_line_with_its_command(repository):
    message = (
        r"owner/name: is not in the cache of the hub; fetch it: hf download owner/name a\.gguf$"
    )
    with pytest.raises(LiveBenchError, match=message):
        find_weights("owner/name/a.gguf")


NO_NAMES = [
    "owner/name/a.bin",
    "owner/name/../a.gguf",
    "owner/name//a.gguf",
    "./models/a.gguf",
    "/models/x/a.gguf",
    "a.gguf",
]


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_is_no_name_on_the_hub(name, repository):
    with pytest.raises(LiveBenchError, match=r"there is no such folder or file, and it is no name"):
        find_weights(name, download=True)


def answered(status: int, reason: str) -> Exception:
    http = __import__(hub.errors.HTTPError.__module__.partition(".")[0])
    request = http.Request("GET", "https://huggingface.co")
    return hub.errors.HfHubHTTPError(
        f"{status} Server Error: {reason}", response=http.Response(status, request=request)
    )


def transport(kind: str, text: str) -> Exception:
    http = __import__(hub.errors.HTTPError.__module__.partition(".")[0])
    error: Exception = getattr(http, kind)(text)
    error.__cause__ = OSError(text)  # of the layer below
    return error


def nothing_cached(cause: Exception) -> Exception:
    error = hub.errors.LocalEntryNotFoundError("Got an error, and nothing is in the cache")
    error.__cause__ = cause
    return error


FAILURES = [
    (
        transport("ProxyError", "403 Forbidden"),
        "and the hub cannot be reached (ProxyError: 403 Forbidden); check the network, a proxy",
    ),
    (
        nothing_cached(transport("ConnectError", "Name or service not known")),
        "the hub cannot be reached (ConnectError: Name or service not known); check the network",
    ),
    (
        nothing_cached(answered(503, "Service Unavailable")),
        "cannot be fetched: the hub answers 503 Server Error: Service Unavailable; try again later",
    ),
    (
        OSError(errno.ENOSPC, "No space left on device"),
        "cannot be stored in the cache of the hub: [Errno 28] No space left on device; set HF_HOME",
    ),
    (
        RuntimeError("Data processing error: IO error"),
        "cannot be fetched: RuntimeError: Data processing error: IO error; see whether",
    ),
]


@pytest.mark.parametrize(("error", "message"), FAILURES)
def test_a_hub_that_fails_is_one_line(error, message, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(hub, "snapshot_download", fail)
    with pytest.raises(LiveBenchError) as raised:
        find_weights("owner/name", download=True)
    assert str(raised.value).startswith("owner/name: ")
    assert message in str(raised.value)
    assert ("network" in str(raised.value)) == ("reached" in message)


def test_a_name_that_the_hub_does_not_allow_is_one_line():
    with pytest.raises(
        LiveBenchError, match=r"is no name on the hub: Cannot have -- or \.\. in repo"
    ):
        find_weights("owner/na--me", download=True)


READ = {
    "config.json": "{}",
    "merges.txt": "a b",
    "preprocessor_config.json": "{}",
    "tokenizer.json": "{}",
    "vocab.json": "[]",
}


def test_what_is_hashed_beside_the_weights_of_a_folder(tmp_path):
    unread = {"README.md": "", "trainer_state.json": "{}", "model.safetensors": "w", "LICENSE": ""}
    write(tmp_path, READ | unread | {"runs/tokenizer.json": "[]"})
    listing = "".join(f"{sha256(text)}  {name}\n" for name, text in READ.items())
    assert Weights(tmp_path).other_files_sha256() == sha256(listing)


@pytest.mark.parametrize("known", [{"gguf": "m.gguf"}, {"revision": COMMIT}])
def test_what_the_file_holds_or_the_commit_names_is_not_hashed(tmp_path, known):
    write(tmp_path, READ | {"m.gguf": "w", "model.safetensors": "w"})
    weights = Weights(tmp_path, **known)
    assert weights.identity("m") == {"revision": weights.revision, "weights_sha256": sha256("w")}
