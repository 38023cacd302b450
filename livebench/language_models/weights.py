"""Where the weights of a model are: a folder, a GGUF file, a package, or the cache of the hub."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path
from typing import NamedTuple

from livebench.errors import LiveBenchError
from livebench.extras import need

EXTRA = "hf"
PACKAGE = "package:"
_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_GGUF = ".gguf"
_HASH = re.compile(r"[0-9a-f]{64}")
_WANTED = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")


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

    def sha256(self) -> str:
        """The sha256 of the weights: of the file, or of what sha256sum prints of several, by name.

        Raises:
            LiveBenchError: there are none as safetensors or GGUF.
        """
        if self.gguf:
            return _sha256(self.folder / self.gguf)
        files = sorted(self.folder.glob("*.safetensors"))
        if not files:
            what = "has no weights as *.safetensors or *.gguf"
            raise LiveBenchError(self.folder, what, "pickled weights may run code: convert them")
        hashes = [_sha256(file) for file in files]
        if len(files) == 1:
            return hashes[0]
        listing = "".join(f"{sha}  {file.name}\n" for sha, file in zip(hashes, files, strict=True))
        return hashlib.sha256(listing.encode()).hexdigest()


def find_weights(model: str, revision: str = "", *, download: bool = False) -> Weights:
    """Find a model.

    Args:
        model: a folder; a GGUF file; `package:NAME/FILE`, of an installed package; a name on the hub,
            `OWNER/NAME` or `OWNER/NAME/FILE.gguf`.
        revision: a commit, branch or tag of the hub; by default the newest.
        download: fetch what is not in the cache; otherwise only the cache is looked at.

    Raises:
        LiveBenchError: it is not there, or cannot be fetched; or the extra is not installed.
    """
    if model.startswith(PACKAGE):
        return _of_package(model)
    path = Path(model).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            what = "is a folder without config.json, and no model of transformers"
            raise LiveBenchError(path, what, "give the folder, a *.gguf file, or a name on the hub")
        return Weights(path.absolute())
    if path.is_file():
        if path.suffix != _GGUF:
            raise LiveBenchError(path, "is not a GGUF file", "give it, or the folder of a model")
        return Weights(path.absolute().parent, path.name)
    name, _, file = model, "", ""
    if model.endswith(_GGUF):
        name, _, file = model.rpartition("/")
    if not _NAME.fullmatch(name):
        what = "there is no such folder or file, and it is no name on the hub (OWNER/NAME)"
        raise LiveBenchError(model, what, "correct it")
    return _of_hub(name, file, revision, download=download)


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
            allow_patterns=[file] if file else list(_WANTED),
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
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, OSError) as error:
        cause = error.__cause__ or error
        if download:
            what = f"is not in the cache, and the hub cannot be reached ({type(cause).__name__})"
            fix = "check the network (and HF_HUB_OFFLINE), or give a local folder or GGUF file"
        else:
            what, fix = "is not in the cache of the hub", f"fetch it: hf download {name}"
        raise LiveBenchError(name, what, fix) from None
    if file and not (Path(folder) / file).is_file():
        raise LiveBenchError(name, f"has no file {file}", "see its page on the hub")
    if not file and not (Path(folder) / "config.json").is_file():
        fix = f"if it holds GGUF files, name one: {name}/FILE.gguf"
        raise LiveBenchError(name, "has no config.json, and no model of transformers", fix)
    return Weights(Path(folder), file, Path(folder).name)


def _sha256(path: Path) -> str:
    """Of a file; in the cache of the hub the name of what it links to is its hash."""
    if path.is_symlink() and _HASH.fullmatch(path.resolve().name):
        return path.resolve().name
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
