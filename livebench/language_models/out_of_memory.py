"""Whether memory ran out: torch, CUDA, Python and the system say so in different ways."""

from __future__ import annotations

import errno

import torch

_SAID = (
    "can't allocate memory",  # torch on the CPU
    "not enough memory",  # the same on Windows
    "cannot allocate memory",  # mmap of a file of weights
    "out of memory",  # CUDA, and others
    "alloc_failed",  # CUBLAS_STATUS_ALLOC_FAILED and its like
    "bad_alloc",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory did not suffice, of the CPU or of a device.

    On the CPU torch raises a RuntimeError like any other, and never MemoryError.
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(part in str(error).lower() for part in _SAID)
