"""The class of an entry, "module:Class": of a submission, or one that is installed."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from livebench.errors import LiveBenchError
from livebench.submissions.load import CARD, Submission, parse_entry
from livebench.submissions.own_files import own_path
from livebench.submissions.source_only import SourceOnly, import_source_only


def load_entry(submission: Submission) -> type[Any]:
    """Import the class of a submission.

    A file module.py in the folder of the submission comes before anything installed, and may import
    its neighbours. Both are compiled from source: bytecode in the folder is not looked at.

    Raises:
        LiveBenchError: it has no entry, or the module or the class cannot be loaded; an exception of
            the module itself is the cause.
    """
    entry = submission.card.entry
    if not entry:
        raise LiveBenchError(submission.path, "has scores only (no entry), nothing can be run")
    where = submission.path / CARD
    fix = f"put {entry.partition(':')[0]}.py into the folder, or install it"
    scorer_class = _load(entry, where, lambda name: _load_module(submission, name), fix)
    if not callable(getattr(scorer_class, "score", None)):
        raise LiveBenchError(
            where,
            "the class has no method score",
            "write score(video_ctx, comments, candidate)",
            f"entry {entry}",
        )
    return scorer_class


def installed_class(entry: str, where: object = "") -> type[Any]:
    """Import a class that is installed, and belongs to no submission.

    Args:
        where: the entry stands, for errors.

    Raises:
        LiveBenchError: as `load_entry`.
    """
    return _load(entry, where, importlib.import_module, "install it")


def _load(entry: str, where: object, load: Callable[[str], ModuleType], fix: str) -> type[Any]:
    """The class of an entry; `load` gives the module of a name, `fix` says what to do without it."""
    module_name, class_name = parse_entry(entry, where)
    place = f"entry {entry}"
    try:
        module = load(module_name)
    except ModuleNotFoundError as error:
        if error.name not in (module_name, module_name.split(".")[0]):
            fix = f"{module_name} imports it: install it"
        raise LiveBenchError(where, f"there is no module {error.name}", fix, place) from None
    except LiveBenchError:
        raise
    except (Exception, SystemExit) as error:
        what = f"importing it raised {type(error).__name__}"
        raise LiveBenchError(where, what, place=place) from error
    loaded = getattr(module, class_name, None)
    if not isinstance(loaded, type):
        raise LiveBenchError(where, f"the module has no class {class_name}", place=place)
    return loaded


def _load_module(submission: Submission, name: str) -> ModuleType:
    folder = submission.path.resolve()
    import_source_only(folder)
    file = own_path(folder, f"{name}.py")
    if not file.exists():
        return importlib.import_module(name)
    # A name of its own: two submissions may both have a scorer.py, and folders of the same name.
    place = hashlib.sha256(str(file).encode()).hexdigest()[:12]
    qualified = f"_livebench_submission_{place}_{name}"
    if qualified in sys.modules:
        return sys.modules[qualified]
    loader = SourceOnly(qualified, str(file))
    spec = importlib.util.spec_from_file_location(qualified, file, loader=loader)
    if spec is None or spec.loader is None:
        raise ImportError(f"Python cannot load {file}")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(folder))
    sys.modules[qualified] = module
    present = set(sys.modules)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[qualified]
        raise
    finally:
        sys.path.remove(str(folder))
        # Another submission may have a neighbour of the same name.
        for neighbour in set(sys.modules) - present:
            source = getattr(sys.modules[neighbour], "__file__", None)
            if source and Path(source).resolve().is_relative_to(folder):
                del sys.modules[neighbour]
    return module
