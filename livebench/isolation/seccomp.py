"""The system calls that a sandbox refuses, as a filter of the Linux kernel (seccomp, classic BPF).

A submission may start threads but no processes: `setrlimit` does not limit the processes of root, and
its memory limit is per process. The process that it is loaded in can be copied, by `fork` alone; the
copies, which score, cannot. Refused, too, are calls that no scorer needs and that have been used to
escape from sandboxes, and those by which a copy could leave something to a later one: by changing the
process it is copied from, by memory and queues that outlive a process, by attributes of files, by which
pages of files the kernel holds in memory.
No sockets are made but pairs of local ones: a namespace of the network cuts neither AF_VSOCK, which
reaches the host of a virtual machine, nor a socket that lies in a folder as a file.
The format of filters is in linux/filter.h and linux/seccomp.h; call numbers in asm/unistd_64.h and
asm-generic/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from livebench.errors import LiveBenchError

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_ARGUMENTS = tuple(range(16, 64, 8))
KILL, ALLOW, _ERRNO = 0x8000_0000, 0x7FFF_0000, 0x0005_0000
_CLONE_THREAD = 0x0001_0000
_FORK = 0x0120_0011
"""The flags of the C library's `fork`: SIGCHLD, CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID."""

_X32 = 0x4000_0000  # calls of the x32 ABI, numbered from here
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_PR_SET_DUMPABLE, _SIGCONT = 4, 18
_AF_UNIX = 1

# Numbers on x86-64 and ARM64; None where a machine does not have the call.
_Numbers = dict[str, tuple[int | None, int | None]]
_ESCAPES: _Numbers = {
    "ptrace": (101, 117),
    "mount": (165, 40),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "perf_event_open": (298, 241),
    "setns": (308, 268),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "pidfd_getfd": (438, 438),
}
_LASTING: _Numbers = {
    "shmget": (29, 194),
    "kill": (62, 129),
    "semget": (64, 190),
    "msgget": (68, 186),
    "rt_sigqueueinfo": (129, 138),
    "setpriority": (141, 140),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "mq_open": (240, 180),
    "ioprio_set": (251, 30),
    "readahead": (187, 213),
    "inotify_init": (253, None),
    "mincore": (27, 232),
    "preadv2": (327, 286),
    "cachestat": (451, 451),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "inotify_init1": (294, 26),
    "rt_tgsigqueueinfo": (297, 240),
    "fanotify_init": (300, 262),
    "kcmp": (312, 272),
    "sched_setattr": (314, 274),
    "memfd_create": (319, 279),
    "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434),
    "process_madvise": (440, 440),
    "memfd_secret": (447, 447),
}
_ATTRIBUTES: _Numbers = {
    "chmod": (90, None),
    "fchmod": (91, 52),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "utime": (132, None),
    "fadvise64": (221, 223),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "utimes": (235, None),
    "fchownat": (260, 54),
    "futimesat": (261, None),
    "fchmodat": (268, 53),
    "utimensat": (280, 88),
    "fchmodat2": (452, 452),
    "setxattrat": (463, 463),
}
"""They seem to work and do nothing: libraries copy files with times, and say what they will read."""


class _Machine(NamedTuple):
    """`column` in the tables above; the architecture as in the kernel's audit.h; call numbers."""

    column: int
    architecture: int
    making: dict[str, int]
    checked: dict[str, int]


_MACHINES = {
    "x86_64": _Machine(
        0,
        0xC000_003E,
        {"clone": 56, "clone3": 435, "fork": 57, "vfork": 58},
        {
            "madvise": 28,
            "socket": 41,
            "socketpair": 53,
            "fcntl": 72,
            "prctl": 157,
            "tkill": 200,
            "affinity": 203,
            "tgkill": 234,
            "prlimit": 302,
        },
    ),
    "aarch64": _Machine(
        1,
        0xC000_00B7,
        {"clone": 220, "clone3": 435},
        {
            "madvise": 233,
            "socket": 198,
            "socketpair": 199,
            "fcntl": 25,
            "prctl": 167,
            "tkill": 130,
            "affinity": 122,
            "tgkill": 131,
            "prlimit": 261,
        },
    ),
}
_FCNTL_LASTING = (8, 10, 15, 1024, 1026, 1036, 1038)
"""F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY, F_SET_RW_HINT, F_SET_FILE_RW_HINT: what they
set belongs to an open file, which a copy shares."""

_MADVISE_LASTING = (20, 21)
"""MADV_COLD, MADV_PAGEOUT: they reach pages of files that others read, too."""

_Instruction = tuple[int, int, int, int]
_ALLOWED: _Instruction = (_RETURN, 0, 0, ALLOW)
_REFUSED: _Instruction = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
_NO_SUCH_FAMILY: _Instruction = (_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT)
"""Libraries that ask whether there is a network take this for an answer."""


def no_new_processes(machine: str = "", *, but_copies: bool = False) -> bytes:
    """The filter for a machine (as `platform.machine` names it; by default this one).

    Args:
        but_copies: whether `fork` is allowed.

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
    column, architecture, making, checked = _MACHINES[machine]
    # Jumps give the number of instructions to skip if the test is true, and if it is false.
    program: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    ]
    answers: dict[int, int] = {}
    for calls, answer in ((_ESCAPES | _LASTING, errno.EPERM), (_ATTRIBUTES, 0)):
        numbers = (numbers[column] for numbers in calls.values())
        answers |= {number: answer for number in numbers if number is not None}
    # "Not implemented" makes the C library start threads by clone, whose flags can be checked.
    answers[making["clone3"]] = errno.ENOSYS
    answers |= {making[name]: errno.EAGAIN for name in ("fork", "vfork") if name in making}
    for number, answer in answers.items():
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | answer)]
    program += _if_called(checked["socket"], [_NO_SUCH_FAMILY])
    local = [(_LOAD, 0, 0, _ARGUMENTS[0]), (_EQUAL, 1, 0, _AF_UNIX), _NO_SUCH_FAMILY, _ALLOWED]
    program += _if_called(checked["socketpair"], local)
    program += _if_called(checked["fcntl"], _refusing(1, _FCNTL_LASTING))
    program += _if_called(checked["madvise"], _refusing(2, _MADVISE_LASTING))
    program += _if_called(checked["tkill"], _refusing(1, [_SIGCONT]))
    program += _if_called(checked["tgkill"], _refusing(2, [_SIGCONT]))
    # Only of itself: limits, where it runs, and that nobody may look at its memory.
    program += _if_called(checked["prlimit"], _allowing_zero(0))
    program += _if_called(checked["affinity"], _allowing_zero(0))
    dumpable = [(_LOAD, 0, 0, _ARGUMENTS[0]), (_EQUAL, 1, 0, _PR_SET_DUMPABLE), _ALLOWED]
    program += _if_called(checked["prctl"], [*dumpable, *_allowing_zero(1)])
    forked = [(_EQUAL, 2, 0, _FORK)] if but_copies else []
    program += [
        (_EQUAL, 0, 3 + len(forked), making["clone"]),
        (_LOAD, 0, 0, _ARGUMENTS[0]),
        *forked,
        (_ANY_BIT, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _ERRNO | errno.EAGAIN),
        (_RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def apply_filter(program: bytes) -> None:
    """Filter the calls of this process and of those it starts from now on. It must have one thread.

    Raises:
        OSError: the kernel does not filter calls.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(program, len(program))
    size = len(program) // struct.calcsize("=HBBI")
    head = ctypes.create_string_buffer(struct.pack("@HP", size, ctypes.addressof(code)))
    unused = (ctypes.c_ulong(0),) * 3
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), *unused) or libc.prctl(
        _PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), head, *unused[:2]
    ):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _if_called(number: int, then: Sequence[_Instruction]) -> list[_Instruction]:
    """Answer a call as `then` says; its last instruction must give an answer."""
    return [(_EQUAL, 0, len(then), number), *then]


def _refusing(argument: int, values: Iterable[int]) -> list[_Instruction]:
    """Refuse a call if an argument has one of these values."""
    tests = [step for value in values for step in ((_EQUAL, 0, 1, value), _REFUSED)]
    return [(_LOAD, 0, 0, _ARGUMENTS[argument]), *tests, _ALLOWED]


def _allowing_zero(argument: int) -> list[_Instruction]:
    """Allow a call only if an argument is 0."""
    return [(_LOAD, 0, 0, _ARGUMENTS[argument]), (_EQUAL, 1, 0, 0), _REFUSED, _ALLOWED]
