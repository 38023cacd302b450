"""How much memory is left, where machine, container, job or sandbox set the limit."""

from __future__ import annotations

import resource

import pytest

torch = pytest.importorskip("torch")

from livebench.language_models import free_memory as module  # noqa: E402 (needs torch)
from livebench.language_models.free_memory import free_memory  # noqa: E402

V2 = ("memory.max", "memory.current", "inactive_file 300\nactive_file 20\nfile 999\n")
V1 = (
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "inactive_file 1\nactive_file 1\ntotal_inactive_file 300\ntotal_active_file 20\n",
)
MACHINE = 5000 * 1024
NONE = str(2**63 - 4096)


def group(root, path, kind, limit, used):
    folder = root / path
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip((*kind[:2], "memory.stat"), (limit, used, kind[2]), strict=True):
        (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("line", "groups", "expected"),
    [
        ("0::/", [], MACHINE),
        ("0::/", [("", V2, "max\n", "7\n")], MACHINE),
        ("0::/", [("", V2, "10000\n", "7000\n")], 3320),  # a container
        ("0::/job/step", [("job", V2, "9000", "7000"), ("job/step", V2, "max", "7000")], 2320),
        ("0::/job/step", [("job", V2, "9000", "7000"), ("job/step", V2, "8000", "7000")], 1320),
        ("0::/job", [("job", V2, "7000", "9000")], 0),  # over its limit
        ("0::/gone/away", [("", V2, "10000", "7000")], 3320),
        ("4:cpu,memory:/job", [("memory/job", V1, "9000", "7000")], 2320),
        ("4:cpu,memory:/job", [("memory/job", V1, NONE, "7000")], MACHINE),
        ("4:cpu:/job", [("job", V2, "9000", "7000")], MACHINE),
        ("4:memory:/docker/ab\n0::/", [("memory", V1, "10000", "7000")], 3320),
    ],
)
def test_the_least_of_all_limits(tmp_path, monkeypatch, line, groups, expected):
    proc, root = tmp_path / "proc", tmp_path / "groups"
    (proc / "self").mkdir(parents=True)
    root.mkdir()
    (proc / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:   5000 kB\n")
    (proc / "self" / "statm").write_text("10 5 1\n")
    (proc / "self" / "cgroup").write_text(f"7:pids:/x\n{line}\n")
    for one in groups:
        group(root, *one)
    monkeypatch.setattr(module, "_PROC", proc)
    monkeypatch.setattr(module, "_GROUPS", root)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert free_memory(torch.device("cpu")) == expected
    most = 10 * resource.getpagesize() + 1000
    monkeypatch.setattr(resource, "getrlimit", lambda _: (most, most))
    assert free_memory(torch.device("cpu")) == min(expected, 1000)


def test_here():
    assert free_memory(torch.device("cpu")) > 2**20
    assert free_memory(torch.device("meta")) is None
