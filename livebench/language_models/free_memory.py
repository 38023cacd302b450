"""How much memory is left for the weights of a model."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import torch

_PROC = Path("/proc")
_GROUPS = Path("/sys/fs/cgroup")


def free_memory(device: torch.device) -> int | None:
    """Bytes that are free where the weights will lie; None if unknown.

    On the CPU the least of what the machine has, of what the limits of the control groups leave (of a
    container, or of a job of Slurm), and of what the process may still map (the sandbox limits that).
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type != "cpu":
        return None
    try:
        text = (_PROC / "meminfo").read_text()
        lines = dict(line.split(":") for line in text.splitlines())
        free = int(lines["MemAvailable"].split()[0]) * 1024
        pages = int((_PROC / "self" / "statm").read_text().split()[0])
    except (OSError, KeyError, ValueError):
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    mappable = [] if limit == resource.RLIM_INFINITY else [limit - pages * resource.getpagesize()]
    return max(0, min([free, *mappable, *_left_in_groups()]))


def _left_in_groups() -> Iterator[int]:
    """Bytes that each control group of this process has left, where it has a limit."""
    try:
        lines = (_PROC / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            root, names = _GROUPS, ("memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            root, names = _GROUPS / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")
        else:
            continue
        # In a container the path may be that outside: then only the root is there, which is its own.
        own = root / path.lstrip("/")
        for group in (own, *own.parents):
            try:
                limit, used = (int((group / name).read_text()) for name in names)
                yield limit - used + _cached(group)
            except (OSError, ValueError, KeyError):  # no such file, or "max"
                pass
            if group == root:
                break


def _cached(group: Path) -> int:
    """Bytes of files that count as used, and make room where they are in the way."""
    lines = dict(line.split(" ") for line in (group / "memory.stat").read_text().splitlines())
    before = "total_" if "total_inactive_file" in lines else ""
    return sum(int(lines[f"{before}{kind}_file"]) for kind in ("inactive", "active"))
