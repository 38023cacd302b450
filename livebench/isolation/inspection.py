"""What a process holds that could outlive it or tell another one something, as /proc shows it.

A process looks at itself before it is copied, and says so if it must not be; LiveBench looks at both
from outside, since a submission may have changed whatever runs in its own process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import time
from collections.abc import Collection
from pathlib import Path

_STOPPING = 5.0
"""Seconds within which the kernel stops or ends a process."""

_HARMLESS_SIGNALS = {signal.SIGCHLD, signal.SIGCONT}


def link_of(handle: int) -> str:
    """What an open file descriptor of this process leads to, as /proc names it."""
    return str(Path(f"/proc/self/fd/{handle}").readlink())


def obstacle(
    pid: int | str, known: Collection[str], *, sealed: bool, children: Collection[int] = ()
) -> str:
    """Why a process must not be copied, or its copy not be asked; empty if nothing is against it.

    Args:
        pid: of the process, or "self".
        known: descriptors that it may hold, by what they lead to.
        sealed: whether it is in a sandbox: then a file must also be where nothing can be written.
        children: processes that it may have started.

    Raises:
        OSError: it has ended, or may not be looked at.
    """
    place = f"/proc/{pid}"
    threads = len(_names(f"{place}/task"))
    if threads > 1:
        return f"it runs {threads} threads"
    if set(children_of(pid)) - set(children):
        return "it runs another process"
    mounts = _mounts(place) if sealed else None
    return _shared_memory(place, mounts) or _open_files(place, known, mounts)


def files_of(pid: int) -> dict[str, str]:
    """The open descriptors of a process, and the state of each: place in the file, flags, locks."""
    place = f"/proc/{pid}/fdinfo"
    return {name: Path(place, name).read_text() for name in _names(place)}


def signals_of(pid: int) -> set[int]:
    """The signals that wait for a process, without those that always come when a copy ends."""
    lines = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    waiting = int(lines["SigPnd"], 16) | int(lines["ShdPnd"], 16)
    return {number for number in range(1, 65) if waiting >> (number - 1) & 1} - _HARMLESS_SIGNALS


def children_of(pid: int | str) -> list[int]:
    """The children of a process, ended ones that nobody has waited for included."""
    found: list[int] = []
    for thread in _names(f"/proc/{pid}/task"):
        try:
            found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
        except FileNotFoundError:  # the thread has ended
            continue
    return found


def below(pid: int, *, ended: bool = False) -> list[int]:
    """All processes that a process has started, and those that they have started, if still running;
    with `ended`, also those that ended and that nobody has waited for."""
    found: list[int] = []
    todo = [pid]
    while todo:
        try:
            children = children_of(todo.pop())
        except FileNotFoundError:
            continue
        kept = [child for child in children if ended or state_of(child) not in ("Z", "")]
        found += kept
        todo += kept
    return found


def number_inside(pid: int) -> int:
    """The number of a process in its own namespace; 0 if it has ended."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    except FileNotFoundError:
        pass
    return 0


def state_of(pid: int) -> str:
    """The state of a process, as one letter; empty if there is none."""
    fields = _stat(pid)
    return fields[0] if fields else ""


def exit_status(pid: int) -> int | None:
    """How a process ended for which its parent has not waited: its exit status, or minus the signal that
    killed it; None if it has not ended. Of one that is gone nothing is known: killed, then."""
    fields = _stat(pid)
    if not fields:
        return -signal.SIGKILL
    return os.waitstatus_to_exitcode(int(fields[49])) if fields[0] in "ZX" else None


def resident(pid: int) -> int:
    """Bytes of a process and of what it has started that are in memory; 0 if it has ended."""
    pages = 0
    for one in (pid, *below(pid)):
        with contextlib.suppress(OSError):
            pages += int(Path(f"/proc/{one}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def available() -> int:
    """Bytes of memory that new processes may use without swapping, as the kernel estimates."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return 1024 * int(line.split()[1])
    return 0


def stop(pid: int) -> bool:
    """Stop a process with all its threads; False if it has ended."""
    try:
        os.kill(pid, signal.SIGSTOP)
    except ProcessLookupError:
        return False
    return _wait_for(pid, "TtZX") and state_of(pid) in ("T", "t")


def end(pid: int) -> None:
    """Kill a process, and wait until it has ended."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    _wait_for(pid, "ZX")


def _wait_for(pid: int, states: str) -> bool:
    deadline, pause = time.monotonic() + _STOPPING, 0.00005
    while (state := state_of(pid)) and state not in states:
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(2 * pause, 0.01)
    return True


def _names(folder: str) -> list[str]:
    return [one.name for one in Path(folder).iterdir()]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on, the state."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


class _Mounts:
    """What a sandbox shows: the devices, and the numbers of mounts, where nothing can be written."""

    def __init__(self) -> None:
        self.numbers: set[str] = set()
        self.devices: set[str] = set()


def _mounts(place: str) -> _Mounts:
    found, written = _Mounts(), set()
    for line in Path(f"{place}/mountinfo").read_text().splitlines():
        number, _, device, _, _, options = line.split()[:6]
        if "ro" in options.split(","):
            found.numbers.add(number)
            found.devices.add(device)
        else:
            written.add(device)
    found.devices -= written
    return found


def _shared_memory(place: str, mounts: _Mounts | None) -> str:
    """Memory that a copy would share with the process it is copied from, and could write to."""
    for line in Path(f"{place}/maps").read_text().splitlines():
        _, rights, _, device, _, *name = line.split(maxsplit=5)
        if rights[3] != "s":
            continue
        known = "".join(name)
        # What is only read could be made writable if it was opened for writing.
        lasting = not known.startswith(("/memfd:", "/SYSV", "/dev/zero", "[")) and known
        device = ":".join(str(int(part, 16)) for part in device.split(":"))
        if "w" in rights or not lasting or (mounts and device not in mounts.devices):
            return f"it shares memory ({known or 'without a name'})"
    return ""


def _open_files(place: str, known: Collection[str], mounts: _Mounts | None) -> str:
    """Descriptors that a copy would share with the process it is copied from."""
    for name in _names(f"{place}/fd"):
        try:
            leads_to = str(Path(f"{place}/fd/{name}").readlink())
            if leads_to in known:
                continue
            about = Path(f"{place}/fd/{name}").stat()
            lines = Path(f"{place}/fdinfo/{name}").read_text().splitlines()
        except FileNotFoundError:  # the descriptor of the folder just listed, where it is one's own
            continue
        info = dict(line.split(":", 1) for line in lines if ":" in line)
        only_read = int(info["flags"], 8) & os.O_ACCMODE == os.O_RDONLY
        lasting = mounts is None or info["mnt_id"].strip() in mounts.numbers
        if not (stat.S_ISREG(about.st_mode) and only_read and lasting):
            return f"it holds {leads_to} open"
    return ""
