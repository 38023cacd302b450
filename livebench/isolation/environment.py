"""The environment of a submission's process: what it needs to find programs, and no secrets."""

from __future__ import annotations

import os

# Bubblewrap, which starts the process, gets no more: its own environment can be read in the sandbox.
_ALWAYS = ("LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONHASHSEED")
_OUTSIDE = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "LD_LIBRARY_PATH",
    "DO_NOT_TRACK",
    "CUDA_HOME",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER",
    "CUBLAS_WORKSPACE_CONFIG",
    "NVIDIA_VISIBLE_DEVICES",
    "HF_HOME",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "HF_HUB_OFFLINE",
    "TORCH_HOME",
    "HF_HUB_DISABLE_TELEMETRY",
    "TRANSFORMERS_OFFLINE",
    "VLLM_CPU_KVCACHE_SPACE",
    "VLLM_CPU_OMP_THREADS_BIND",
    "VLLM_NO_USAGE_STATS",
)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def clean_environment(*, sealed: bool) -> dict[str, str]:
    """The environment of a process: names on a list, where this process has them.

    Args:
        sealed: for a sandbox, which has its own places.
    """
    kept = _ALWAYS if sealed else (*_ALWAYS, *_OUTSIDE)
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    if sealed:
        environment |= {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "USER": "nobody"}  # nosec B108
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    # A process with threads cannot be copied; copies compute with `threads`.
    environment["JE_ARROW_MALLOC_CONF"] = "background_thread:false"
    return environment | dict.fromkeys(_THREADS, "1")


def threads() -> int:
    """How many threads to compute with: OMP_NUM_THREADS, or one for each core."""
    try:
        return max(1, int(os.environ.get("OMP_NUM_THREADS", "")))
    except ValueError:
        return (
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        )
