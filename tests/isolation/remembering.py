"""A scorer that tries to tell later blocks what it saw in earlier ones, in as many ways as it knows.

The first candidates of a sample stand for the ways: their score is 1 where it worked, else 0.
"""

import contextlib
import ctypes
import mmap
import os
import random
import signal
import socket
import threading
from pathlib import Path

SEEN = []
LIBC = ctypes.CDLL(None, use_errno=True)


class Ways:
    """Each way is a function that says whether an earlier block left something, and leaves something."""

    def __init__(self, held):
        self.held = held

    def module(self):
        return SEEN or SEEN.append(1)

    def attribute(self):
        found, self.kept = hasattr(self, "kept"), 1
        return found

    def environment(self):
        found, os.environ["SEEN"] = os.environ.get("SEEN") == "yes", "yes"
        return found

    def generator(self):
        first = not hasattr(random, "mark")
        random.mark = 1
        return not first

    def harness(self):
        from livebench.isolation import child

        found = hasattr(child, "mark")
        child.mark = 1
        return found

    def tmp(self):
        return self._file(Path("/tmp/seen"))

    def hidden_tmp(self):
        return self._file(Path("/tmp/a/.b/seen"))

    def shm(self):
        return self._file(Path("/dev/shm/seen"))

    def own_folder(self):
        return self._file(Path(__file__).with_name("seen"))

    def time_of_tmp(self):
        found = Path("/tmp").stat().st_mtime_ns == 12_345
        os.utime("/tmp", ns=(12_345, 12_345))
        return found

    def mode_of_tmp(self):
        found = Path("/tmp").stat().st_mode & 0o777 == 0o711
        Path("/tmp").chmod(0o711)
        return found

    def time_of_null(self):
        found = Path("/dev/null").stat().st_mtime_ns == 12_345
        os.utime("/dev/null", ns=(12_345, 12_345))
        return found

    def attribute_of_tmp(self):
        with contextlib.suppress(OSError):
            os.getxattr("/tmp", "user.seen")
            return True
        os.setxattr("/tmp", "user.seen", b"1")
        return False

    def system_v(self):
        return self._again(LIBC.shmget(0x5EE, 4096, 0o600), LIBC.shmget(0x5EE, 4096, 0o1600))

    def semaphores(self):
        return self._again(LIBC.semget(0x5EE, 1, 0o600), LIBC.semget(0x5EE, 1, 0o1600))

    def messages(self):
        return self._again(LIBC.msgget(0x5EE, 0o600), LIBC.msgget(0x5EE, 0o1600))

    def queue(self):
        return self._again(LIBC.mq_open(b"/seen", 0), LIBC.mq_open(b"/seen", 0o100, 0o600, None))

    def memory_of_the_parent(self):
        with Path(f"/proc/{os.getppid()}/mem").open("r+b"):
            return True

    def files_of_the_parent(self):
        return bool(Path(f"/proc/{os.getppid()}/fd/1").readlink())

    def priority_of_the_parent(self):
        before = os.getpriority(os.PRIO_PROCESS, os.getppid())
        os.setpriority(os.PRIO_PROCESS, os.getppid(), before + 1)
        return before > 0

    def limits_of_the_parent(self):
        import resource

        before = resource.prlimit(os.getppid(), resource.RLIMIT_CORE)
        resource.prlimit(os.getppid(), resource.RLIMIT_STACK, (1 << 22, 1 << 22))
        return before is not None

    def waking_the_parent(self):
        os.kill(os.getppid(), signal.SIGCONT)
        return True

    def waking_the_parent_by_thread(self):
        # tgkill
        return LIBC.syscall(234, os.getppid(), os.getppid(), signal.SIGCONT) == 0

    def child(self):
        if not os.fork():
            os._exit(0)
        return True

    def abstract_socket(self):
        with socket.socket(socket.AF_UNIX) as one, contextlib.suppress(OSError):
            one.connect("\0seen")
            return True
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind("\0seen")
        self.server.listen()
        return False

    def own_descriptors(self):
        """Whatever of __init__ is still open, other than files that are only read."""
        found = False
        for handle in range(3, 100):
            with contextlib.suppress(OSError):
                found |= os.lseek(handle, 0, os.SEEK_CUR) > 100
                os.lseek(handle, 1000, os.SEEK_SET)
        return found

    def page_cache(self):
        """A file that is only read, and which of its pages are in memory: megabits."""
        handle = os.open(os.__file__, os.O_RDONLY)
        try:
            os.preadv(handle, [bytearray(1)], 4 * mmap.PAGESIZE, os.RWF_NOWAIT)
        except BlockingIOError:
            return True
        finally:
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)
        return False

    def pages_in_memory(self):
        return self._of_a_page(lambda page: LIBC.mincore(page, 1, ctypes.create_string_buffer(1)))

    def pages_out_of_memory(self):
        return self._of_a_page(lambda page: LIBC.madvise(page, mmap.PAGESIZE, 21))

    def pages_of_a_file(self):
        with Path(os.__file__).open("rb") as file:
            around, counts = (ctypes.c_uint64 * 2)(0, 1), (ctypes.c_uint64 * 5)()
            return LIBC.syscall(451, file.fileno(), around, counts, 0) == 0

    def held_memory(self):
        return self.held is not None and self.held.seen()

    def _of_a_page(self, call):
        """Whether a call that tells or changes what the kernel holds of a page works."""
        with mmap.mmap(-1, mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
            start = ctypes.c_char.from_buffer(memory)
            try:
                return call(ctypes.c_void_p(ctypes.addressof(start))) == 0
            finally:
                del start

    def _file(self, path):
        if path.exists():
            return True
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")
        return False

    def _again(self, found, made):
        """A kernel object that an earlier block made; where none may be made there is none."""
        return found >= 0


class SharedMemory:
    def __init__(self):
        self.memory = mmap.mmap(-1, 4096)

    def seen(self):
        found = self.memory[0]
        self.memory[0] = 1
        return bool(found)


class Pipe:
    def __init__(self):
        self.ends = os.pipe()
        os.set_blocking(self.ends[0], False)

    def seen(self):
        try:
            return bool(os.read(self.ends[0], 1))
        except BlockingIOError:
            return False
        finally:
            os.write(self.ends[1], b"1")


class File:
    def __init__(self):
        self.file = Path("/tmp/open").open("w+b")  # noqa: SIM115

    def seen(self):
        self.file.seek(0)
        found = self.file.read()
        self.file.write(b"1")
        self.file.flush()
        return bool(found)


class Thread:
    def __init__(self):
        threading.Thread(target=threading.Event().wait, daemon=True).start()

    def seen(self):
        return False


class ReadOnly:
    """A file that is only read: each copy has its own place in it."""

    def __init__(self):
        self.file = Path(__file__).open("rb")  # noqa: SIM115

    def seen(self):
        return False


NAMES = [name for name in vars(Ways) if not name.startswith("_")]


class Mine:
    def __init__(self, ways=(), held="", lies=False):
        makers = {one.__name__: one for one in (SharedMemory, Pipe, File, Thread, ReadOnly)}
        self.tried = ways or NAMES
        self.ways = Ways(makers[held]() if held else None)
        if lies:
            from livebench.isolation import child

            child.obstacle = lambda *arguments, **options: ""
            child._leave_behind = lambda kept: None

    def score_samples(self, samples):
        found = []
        for name in NAMES:
            try:
                worked = name in self.tried and getattr(self.ways, name)()
                found.append(float(bool(worked)))
            except Exception:
                found.append(0.0)
        return [found + [0.0] * (len(one.candidates) - len(found)) for one in samples]

    def score(self, video_ctx, comments, candidate):
        return 0.0
