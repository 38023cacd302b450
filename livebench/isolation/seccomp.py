"""The system calls that a sandbox refuses, as a filter of the Linux kernel (seccomp, classic BPF).

A sandboxed submission may start threads but no processes: `setrlimit` does not limit the processes of
root, and its memory limit is per process. Calls that no scorer needs and that have been used to escape
from sandboxes are refused, too. The format of filters is in linux/filter.h and linux/seccomp.h; call
numbers are in asm/unistd_64.h and asm-generic/unistd.h.
"""

from __future__ import annotations

import errno
import platform
import struct

from livebench.errors import LiveBenchError

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
KILL, ALLOW, _ERRNO = 0x8000_0000, 0x7FFF_0000, 0x0005_0000
_CLONE_THREAD = 0x0001_0000
_X32 = 0x4000_0000  # calls of the x32 ABI, numbered from here

# Architecture in the kernel's audit.h, and the numbers of calls.
_MACHINES = {
    "x86_64": (
        0xC000_003E,
        {"clone": 56, "clone3": 435, "fork": 57, "vfork": 58},
        {
            "ptrace": 101,
            "mount": 165,
            "keyctl": 250,
            "unshare": 272,
            "perf_event_open": 298,
            "setns": 308,
            "process_vm_readv": 310,
            "process_vm_writev": 311,
            "bpf": 321,
            "userfaultfd": 323,
            "io_uring_setup": 425,
        },
    ),
    "aarch64": (
        0xC000_00B7,
        {"clone": 220, "clone3": 435},
        {
            "ptrace": 117,
            "mount": 40,
            "keyctl": 219,
            "unshare": 97,
            "perf_event_open": 241,
            "setns": 268,
            "process_vm_readv": 270,
            "process_vm_writev": 271,
            "bpf": 280,
            "userfaultfd": 282,
            "io_uring_setup": 425,
        },
    ),
}


def no_new_processes(machine: str = "") -> bytes:
    """The filter for a machine (as `platform.machine` names it; by default this one).

    Raises:
        LiveBenchError: its call numbers are not known.
    """
    machine = machine or platform.machine()
    if machine not in _MACHINES:
        raise LiveBenchError(
            "--sandbox",
            f"knows the system calls of {' and '.join(_MACHINES)}, not of {machine}",
            "evaluate without it",
        )
    architecture, making, refused = _MACHINES[machine]
    # Jumps give the number of instructions to skip if the test is true, and if it is false.
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    ]
    answers = dict.fromkeys(refused.values(), errno.EPERM)
    # "Not implemented" makes the C library start threads by clone, whose flags can be checked.
    answers[making["clone3"]] = errno.ENOSYS
    answers |= {making[name]: errno.EAGAIN for name in ("fork", "vfork") if name in making}
    for number, answer in answers.items():
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | answer)]
    program += [
        (_EQUAL, 0, 3, making["clone"]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _ERRNO | errno.EAGAIN),
        (_RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
