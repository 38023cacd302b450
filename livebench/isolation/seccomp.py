"""The system calls that a sandbox refuses, as a filter of the Linux kernel (seccomp, classic BPF).

A sandboxed submission may start threads, and no processes: a limit on processes by `setrlimit` is not
kept for root, and one on memory counts for each process alone. Beside that, calls are refused that no
scorer needs and that have been ways out of sandboxes. The format of filters is in
linux/filter.h and linux/seccomp.h; numbers of calls are in asm/unistd_64.h and asm-generic/unistd.h.
"""

from __future__ import annotations

import errno
import platform
import struct

from livebench.errors import LiveBenchError

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
KILL, ALLOW, ERRNO = 0x8000_0000, 0x7FFF_0000, 0x0005_0000
CLONE_THREAD = 0x0001_0000
X32 = 0x4000_0000  # calls of the x32 ABI, numbered from here

# Architecture in the kernel's audit.h, and the numbers of calls.
MACHINES = {
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
        LiveBenchError: the numbers of its calls are not known here.
    """
    machine = machine or platform.machine()
    if machine not in MACHINES:
        raise LiveBenchError(
            f"--sandbox knows the system calls of {' and '.join(MACHINES)}, not of {machine}; "
            "evaluate without it"
        )
    architecture, making, refused = MACHINES[machine]
    # Jumps count the instructions to pass over if the test holds, and if not.
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, ERRNO | errno.ENOSYS),
    ]
    answers = dict.fromkeys(refused.values(), errno.EPERM)
    # Not implemented: the C library then starts its threads by clone, whose flags can be looked at.
    answers[making["clone3"]] = errno.ENOSYS
    answers |= {making[name]: errno.EAGAIN for name in ("fork", "vfork") if name in making}
    for number, answer in answers.items():
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ERRNO | answer)]
    program += [
        (EQUAL, 0, 3, making["clone"]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (ANY_BIT, 1, 0, CLONE_THREAD),
        (RETURN, 0, 0, ERRNO | errno.EAGAIN),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *one) for one in program)
