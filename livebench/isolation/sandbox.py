"""The sandbox: what bubblewrap lets a submission see. Nothing else exists in it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from livebench.errors import LiveBenchError
from livebench.submissions.load import OUTPUTS, STATE

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_CONFIGURATION = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime")
_PACKAGES = ("livebench", "livebench_baselines")
_NEEDED = {
    *("data", "isolation", "language_models", "probes", "scoring", "submissions", "training"),
    "__pycache__",
}
"""Packages of LiveBench that a scorer may need. The others make sets and worlds, or judge: none of their
modules is in the sandbox, nor the protocols."""

_WORLD = "simulated"
INPUTS = "/inputs"
SCRATCH_FOLDERS = ("/tmp", "/dev/shm")  # nosec B108
SCRATCH = 1 << 30
"""Bytes in each of them, at most."""


class SandboxView(NamedTuple):
    """What the sandbox shows of this machine.

    Attributes:
        folder: of the submission.
        inputs: folder that is shown as `/inputs`; LiveBench puts training data there.
        hidden: folders that are empty in the sandbox even if they lie in one that is shown.
        world: whether LiveBench's simulated world is shown: its own oracle needs it.
    """

    folder: Path
    inputs: Path
    hidden: Sequence[Path]
    world: bool = False


def bwrap() -> str:
    """The path of bubblewrap.

    Raises:
        LiveBenchError: it is not installed, or this is not Linux.
    """
    program = shutil.which("bwrap") if sys.platform == "linux" else None
    if program is None:
        raise LiveBenchError(
            "--sandbox",
            "needs bubblewrap, which is not available",
            "install the Debian package `bubblewrap` (apt-get install bubblewrap; on Linux only), or "
            "evaluate without --sandbox",
        )
    return program


def sandbox_command(view: SandboxView, filter_handle: int) -> list[str]:
    """The command that opens the sandbox; the program to run in it has to be appended.

    No network, no other processes, no capabilities. Read-only: the system, Python with its packages (of
    LiveBench, what a scorer may need), and the folder of the submission. Writable: /tmp and /dev/shm, in
    memory, of limited size.

    Args:
        filter_handle: an open file descriptor to read the system call filter from.

    Raises:
        LiveBenchError: bubblewrap is not installed, or the folder of the submission is to be hidden.
    """
    if view.folder.resolve() in [place.resolve() for place in view.hidden]:
        raise LiveBenchError(
            view.folder,
            "a sandbox cannot show it and hide what else is in it",
            "put the submission into a folder of its own",
        )
    line = [bwrap(), "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    for place in map(Path, _SYSTEM):
        if place.is_symlink():
            line += ["--symlink", str(place.readlink()), str(place)]
        elif place.is_dir():
            line += ["--ro-bind", str(place), str(place)]
    for name in _CONFIGURATION:
        line += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    line += ["--proc", "/proc", "--dev", "/dev"]
    for read_only in ("/proc", "/dev", "/dev/pts"):
        line += ["--remount-ro", read_only]
    for scratch in SCRATCH_FOLDERS:
        line += ["--size", str(SCRATCH), "--tmpfs", scratch]
    own = view.folder.absolute()
    masked: list[Path] = []
    # Hidden folders may lie in shown ones, and the submission in a hidden one.
    # What it scored before is not the scorer's to see, nor what is not finished.
    own_outputs = [own / name for name in OUTPUTS] + [own.resolve().parent / STATE]
    never = [*view.hidden, *own_outputs, *_not_needed(view.world)]
    for shown in (_python(), [own]):
        for place in shown:
            line += ["--ro-bind", str(place.resolve()), str(place)]
        around = shown if own in shown else [*shown, *map(Path, _SYSTEM)]
        inner = [
            folder.absolute() for folder in never if any(_within(folder, outer) for outer in around)
        ]
        for place in inner:
            line += ["--tmpfs", str(place)]
        masked += inner
    for place in dict.fromkeys(masked):
        line += ["--remount-ro", str(place)]
    line += ["--ro-bind", str(view.inputs), INPUTS]
    line += ["--remount-ro", "/", "--seccomp", str(filter_handle)]
    return [*line, "--chdir", str(own), "--"]


def _not_needed(world: bool) -> list[Path]:
    """Folders of LiveBench's packages that no scorer needs, wherever a LiveBench is installed."""
    spec = importlib.util.find_spec("livebench")
    installed = [Path(folder) for folder in spec.submodule_search_locations or ()] if spec else []
    installed += [Path(entry) / "livebench" for entry in sys.path if entry.endswith("-packages")]
    needed = _NEEDED | ({_WORLD} if world else set())
    return [
        package
        for folder in dict.fromkeys(installed)
        if folder.is_dir()
        for package in sorted(folder.iterdir())
        if package.is_dir() and package.name not in needed
    ]


def _within(place: Path, folder: Path) -> bool:
    """Whether a path exists and lies below a folder."""
    inner, outer = place.resolve(), folder.resolve()
    return place.is_dir() and inner != outer and inner.is_relative_to(outer)


def _python() -> list[Path]:
    """Folders with Python and the installed packages; only the packages of a checkout."""
    places = [Path(sys.prefix), Path(sys.base_prefix)]
    places += [Path(entry) for entry in sys.path if Path(entry).name.endswith("-packages")]
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        places += [Path(folder) for folder in spec.submodule_search_locations or ()] if spec else []
    kept: list[Path] = []
    for place in places:
        shown = [*map(Path, _SYSTEM), *kept]
        if place.is_dir() and not any(place.is_relative_to(folder) for folder in shown):
            kept.append(place.absolute())
    return kept
