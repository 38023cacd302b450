"""The class that a submission names as its entry."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from livebench.errors import LiveBenchError
from livebench.submissions.load import Submission


def load_entry(submission: Submission) -> type:
    """Import the class of `entry = "module:Class"`.

    A file module.py in the folder of the submission comes before anything installed, and may import
    its neighbours.

    Raises:
        LiveBenchError: it has no entry, or the module or the class cannot be loaded; an exception of
            the module itself is the cause.
    """
    if not submission.card.entry:
        raise LiveBenchError(f"{submission.path}: has scores only (no entry), nothing can be run")
    module_name, class_name = submission.card.entry.split(":")
    where = f"{submission.path / 'submission.toml'}: entry {submission.card.entry}"
    try:
        module = _load_module(submission, module_name)
    except ModuleNotFoundError as error:
        cure = f"put {module_name}.py into the folder, or install it"
        if error.name != module_name.split(".")[0] and error.name != module_name:
            cure = f"{module_name} imports it: install it"
        raise LiveBenchError(f"{where}: there is no module {error.name}; {cure}") from None
    except (Exception, SystemExit) as error:
        raise LiveBenchError(f"{where}: importing it raised {type(error).__name__}") from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise LiveBenchError(f"{where}: the module has no class {class_name}")
    if not callable(getattr(found, "score", None)):
        raise LiveBenchError(
            f"{where}: the class has no method score(video_ctx, comments, candidate)"
        )
    return found


def installed_class(entry: str) -> type:
    """Import the class of "module:Class" that is installed, and belongs to no submission.

    Raises:
        LiveBenchError: it is no such string, or there is no such class; an exception of the module
            itself is the cause.
    """
    module_name, _, class_name = entry.partition(":")
    if not module_name or not class_name:
        raise LiveBenchError(f'entry {entry!r} is not "module:Class"')
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise LiveBenchError(
            f"entry {entry}: there is no module {error.name}; install it"
        ) from None
    except (Exception, SystemExit) as error:
        raise LiveBenchError(
            f"entry {entry}: importing it raised {type(error).__name__}"
        ) from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise LiveBenchError(f"entry {entry}: the module has no class {class_name}")
    return found


def _load_module(submission: Submission, name: str) -> ModuleType:
    folder = submission.path.resolve()
    file = folder / f"{name}.py"
    if not file.is_file():
        return importlib.import_module(name)
    # A name of its own: two submissions may both have a scorer.py, and folders of the same name.
    place = hashlib.sha256(str(file).encode()).hexdigest()[:12]
    qualified = f"_livebench_submission_{place}_{name}"
    if qualified in sys.modules:
        return sys.modules[qualified]
    spec = importlib.util.spec_from_file_location(qualified, file)
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
