"""Where the weights of a model are: a folder, a GGUF file, a package, or the cache of the hub."""

from __future__ import annotations

import errno
import glob
import hashlib
import importlib.util
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from livebench.errors import LiveBenchError
from livebench.extras import need

EXTRA = "hf"
PACKAGE = "package:"
_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_GGUF = ".gguf"
_HASH = re.compile(r"[0-9a-f]{64}")
_WANTED = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")
_NOT_FETCHED = ("*/*", "consolidated*")
"""The patterns of the hub match folders, too: what lies there is the same weights in other formats."""

_READ_TOO = (
    "config.json",
    "*token*",
    "vocab*",
    "merges.txt",
    "*.model",
    "tekken.json",
    "quant*config.json",
    "*processor*.json",
    "chat_template*",
    "*.jinja",
)
"""Files that transformers reads beside the weights, and scores depend on."""

_WHOLE, _INDEX = "model.safetensors", "model.safetensors.index.json"
_ADAPTER = "adapter_config.json"


_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
_LONGEST = 300


class Weights(NamedTuple):
    """A model on this machine.

    Attributes:
        folder: with its files.
        gguf: the GGUF file in it; empty if the weights are safetensors.
        revision: the commit on the hub; empty if it does not come from there.
    """

    folder: Path
    gguf: str = ""
    revision: str = ""

    def files(self) -> list[Path]:
        """The files that hold the weights: those that transformers reads, and no others beside them.

        Raises:
            LiveBenchError: there are none as safetensors or GGUF, or one is not there.
        """
        if self.gguf:
            return [self.folder / self.gguf]
        named = _read(self.folder / "config.json").get("transformers_weights")
        name = named or (_WHOLE if (self.folder / _WHOLE).is_file() else _INDEX)
        names = [name]
        if name.endswith(".index.json") and (self.folder / name).is_file():
            names = sorted(set(_read(self.folder / name).get("weight_map", {}).values()))
        elif name == _INDEX:
            what = f"has no weights as {_WHOLE} (or parts with an index) or *{_GGUF}"
            raise LiveBenchError(self.folder, what, "pickled weights may run code: convert them")
        for one in names:
            if not (self.folder / one).is_file():
                raise LiveBenchError(self.folder, f"lacks {one}, a file of its weights", "fetch it")
        return [self.folder / one for one in names]

    def sha256(self) -> str:
        """The sha256 of the weights: of the file, or of what sha256sum prints of several, by name.

        Raises:
            LiveBenchError: as `files`.
        """
        files = self.files()
        return _sha256(files[0]) if len(files) == 1 else _sha256_of(files)

    def other_files_sha256(self) -> str:
        """The sha256 of what sha256sum prints of the other files that scores depend on, by name: the
        configuration, the tokenizer and the templates. Empty for a GGUF file, which holds them, and for
        a model of the hub, whose commit names them."""
        if self.gguf or self.revision:
            return ""
        found = {
            file for pattern in _READ_TOO for file in self.folder.glob(pattern) if file.is_file()
        }
        return _sha256_of(sorted(found))

    def identity(
        self, where: str, *, weights_sha256: str = "", files_sha256: str = ""
    ) -> dict[str, str]:
        """What a card and a result say of a model: its `revision`, which may be empty, `weights_sha256`,
        and `files_sha256` if it is a folder.

        Args:
            where: the name of the model, for messages.
            weights_sha256, files_sha256: what the hashes must be; not checked if empty.

        Raises:
            LiveBenchError: as `files`; or a hash is another one.
        """
        found, others = self.sha256(), self.other_files_sha256()
        if weights_sha256 and found != weights_sha256:
            what = f"its weights have sha256 {found}, and the card says {weights_sha256}"
            raise LiveBenchError(where, what, "name the revision that was meant")
        if files_sha256 and others != files_sha256:
            what = (
                "its configuration, tokenizer or templates have changed since the card was written: "
                f"sha256 {others}, and the card says {files_sha256}"
            )
            raise LiveBenchError(where, what, "put them back, or write another card: --out FOLDER")
        return {
            "revision": self.revision,
            "weights_sha256": found,
            **({"files_sha256": others} if others else {}),
        }


def find_weights(model: str, revision: str = "", *, download: bool = False) -> Weights:
    """Find a model.

    Args:
        model: a folder; a GGUF file; `package:NAME/FILE`, of an installed package; a name on the hub,
            `OWNER/NAME` or `OWNER/NAME/FILE.gguf`, which may lie in folders of the repository.
        revision: a commit, branch or tag of the hub; by default the newest.
        download: fetch what is not in the cache; otherwise only the cache is looked at.

    Raises:
        LiveBenchError: it is not there, or cannot be fetched; or the extra is not installed.
    """
    if model.startswith(PACKAGE):
        return _of_package(model)
    path = Path(model).expanduser()
    if path.is_dir():
        _check_whole(path, path)
        if not (path / "config.json").is_file():
            what = "is a folder without config.json, and no model of transformers"
            raise LiveBenchError(path, what, "give the folder, a *.gguf file, or a name on the hub")
        return Weights(path.absolute())
    if path.is_file():
        if path.suffix != _GGUF:
            raise LiveBenchError(path, "is not a GGUF file", "give it, or the folder of a model")
        return Weights(path.absolute().parent, path.name)
    owner, _, rest = model.partition("/")
    repository, _, file = rest.partition("/")
    name = f"{owner}/{repository}"
    if not _NAME.fullmatch(name) or not _is_gguf_or_none(file):
        what = "there is no such folder or file, and it is no name on the hub (OWNER/NAME)"
        raise LiveBenchError(model, what, "correct it")
    return _of_hub(name, file, revision, download=download)


def _is_gguf_or_none(file: str) -> bool:
    return not file or (file.endswith(_GGUF) and not {"", ".", ".."} & set(file.split("/")))


def _of_package(model: str) -> Weights:
    package, _, file = model.removeprefix(PACKAGE).partition("/")
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        what, fix = "the package is not installed", f"pip install {package.replace('_', '-')}"
        raise LiveBenchError(model, what, fix)
    if not (Path(places[0]) / file).is_file():
        there = sorted(one.name for one in Path(places[0]).glob(f"*{_GGUF}"))
        fix = f"it has {', '.join(there)}" if there else ""
        raise LiveBenchError(model, "the package has no such file", fix)
    return Weights(Path(places[0]), file)


def _of_hub(name: str, file: str, revision: str, *, download: bool) -> Weights:
    hub = need("huggingface_hub", EXTRA)
    errors = need("huggingface_hub.errors", EXTRA)
    fix = "check the name; a private or gated model needs `hf auth login`"
    try:
        folder = hub.snapshot_download(
            name,
            revision=revision or None,
            allow_patterns=[glob.escape(file)] if file else list(_WANTED),
            ignore_patterns=None if file else list(_NOT_FETCHED),
            local_files_only=not download,
        )
    except errors.GatedRepoError:
        what = "is gated, and you have no access"
        raise LiveBenchError(
            name, what, "accept its terms on the hub, then `hf auth login`"
        ) from None
    except errors.RepositoryNotFoundError:
        raise LiveBenchError(name, "there is no such model on the hub", fix) from None
    except errors.RevisionNotFoundError:
        raise LiveBenchError(name, f"has no revision {revision}", "correct it") from None
    except errors.HFValidationError as error:
        raise LiveBenchError(name, f"is no name on the hub: {_line(error)}", "correct it") from None
    # hf_xet, which transfers large files, raises RuntimeError.
    except (OSError, errors.HTTPError, RuntimeError, ValueError, ImportError) as error:
        if not download:
            what = "is not in the cache of the hub"
            which = f" --revision {revision}" if revision else ""
            fix = f"fetch it: hf download {' '.join(filter(None, [name, file]))}{which}"
        else:
            nothing_there = isinstance(error, errors.LocalEntryNotFoundError)
            what, fix = _why((nothing_there and error.__cause__) or error, errors)
        raise LiveBenchError(name, what, fix) from None
    if file and not (Path(folder) / file).is_file():
        raise LiveBenchError(name, f"has no file {file}", "see its page on the hub")
    if not file:
        _check_whole(Path(folder), name)
    if not file and not (Path(folder) / "config.json").is_file():
        fix = f"if it holds GGUF files, name one: {name}/FILE.gguf"
        raise LiveBenchError(name, "has no config.json, and no model of transformers", fix)
    return Weights(Path(folder), file, Path(folder).name)


def _why(error: BaseException, errors: Any) -> tuple[str, str]:
    """What kept a model from being fetched, and what may help."""
    elsewhere = "or give a local folder or GGUF file"
    if isinstance(error, errors.HfHubHTTPError):
        return f"cannot be fetched: the hub answers {_line(error)}", f"try again later, {elsewhere}"
    if isinstance(error, errors.HTTPError | ConnectionError | TimeoutError):
        what = f"is not in the cache, and the hub cannot be reached ({_line(error)})"
        return what, f"check the network, a proxy (HTTPS_PROXY) and HF_HUB_OFFLINE, {elsewhere}"
    if isinstance(error, OSError) and error.errno in _DISK:
        return (
            f"cannot be stored in the cache of the hub: {_line(error)}",
            "set HF_HOME to a folder with room",
        )
    return f"cannot be fetched: {_line(error)}", f"see whether the hub has it, {elsewhere}"


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split())[:_LONGEST].rstrip(".")
    return (
        text
        if isinstance(error, OSError | ValueError) and text
        else f"{type(error).__name__}: {text}"
    )


def _check_whole(folder: Path, where: str | Path) -> None:
    if (folder / _ADAPTER).is_file():
        what = f"holds an adapter ({_ADAPTER}), which is not applied"
        raise LiveBenchError(
            where, what, "merge it into its model (merge_and_unload of peft), and give that"
        )


def _read(file: Path) -> dict[str, Any]:
    try:
        record = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise LiveBenchError(file, f"cannot be read: {_line(error)}", "fetch it again") from None
    if not isinstance(record, dict):
        raise LiveBenchError(file, "is not a JSON object", "fetch it again")
    return record


def _sha256_of(files: Iterable[Path]) -> str:
    """Of what sha256sum prints of several files, by name."""
    listing = "".join(f"{_sha256(file)}  {file.name}\n" for file in files)
    return hashlib.sha256(listing.encode()).hexdigest()


def _sha256(path: Path) -> str:
    """Of a file; in the cache of the hub the name of what it links to is its hash."""
    if path.is_symlink() and _HASH.fullmatch(path.resolve().name):
        return path.resolve().name
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
