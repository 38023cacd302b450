"""Talks to a process without ever blocking on it: returns whole messages, or why there are none."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from livebench.errors import LiveBenchError
from livebench.isolation import wire
from livebench.isolation.inspection import end, exit_status, link_of
from livebench.isolation.printed import Printed, harmless

PIPE = 1 << 20
"""Capacity of a pipe in bytes: enough for a block of samples while the previous one is scored, and for
most printed output."""

_LAST_OUTPUT = 2000
"""Bytes of printed output kept for error messages."""

_GRACE = 2.0
"""Seconds that a process gets to end by itself."""

_LOOK = 0.5
"""Seconds between checks whether the process is alive."""


class Peer(ABC):
    """A process of a submission: messages to it, its answers, and what it prints.

    Args:
        to, answers, prints: descriptors to write messages to, and to read answers and printed output
            from; they are closed with the peer.
        time_limit: seconds that the process may take to answer.
        shown: what printed output is handed on to, if to anything.

    Attributes:
        pid: its process id (of the sandbox around it, if there is one); 0 before it is known.
    """

    def __init__(
        self, to: int, answers: int, prints: int, time_limit: float, shown: Printed | None = None
    ) -> None:
        self.shown = shown
        self._to, self._from, self._prints, self._limit = to, answers, prints, time_limit
        self._printed, self._in, self._out = b"", bytearray(), bytearray()
        for handle in (to, answers, prints):
            os.set_blocking(handle, False)
        with contextlib.suppress(OSError, AttributeError):  # Linux only, and limited for users
            for handle in (to, prints):
                fcntl.fcntl(handle, fcntl.F_SETPIPE_SZ, PIPE)
        self.pid = 0
        self._poll = select.poll()
        self._poll.register(answers, select.POLLIN)
        self._poll.register(prints, select.POLLIN)

    @abstractmethod
    def kill(self) -> None:
        """Kill the process and what it has started."""

    @abstractmethod
    def close(self) -> None:
        """End the process."""

    @abstractmethod
    def _status(self) -> int | None:
        """Its exit status, or minus the signal that killed it; None while it runs."""

    def _close_handles(self) -> None:
        while self._prints >= 0 and self._keep_print():
            pass
        if self.shown is not None:
            self.shown.end()
        for handle in {self._to, self._from, self._prints} - {-1}:
            os.close(handle)
        self._to = self._from = self._prints = -1

    def send(self, data: bytes) -> None:
        """Start sending a message: what does not fit into the pipe is sent during `receive`."""
        if not self._out:
            self._poll.register(self._to, select.POLLOUT)
        self._out += data
        self._write()

    def receive(self) -> tuple[bytes, bytes]:
        """The type and the content of the next message.

        Raises:
            LiveBenchError: the process ended, took too long, or wrote something that is not a message;
                the cause holds what it printed last.
        """
        deadline = time.monotonic() + self._limit
        while (message := self._message()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                self.kill()
                raise self.failed(
                    f"the submission gave no answer within {self._limit:g} s",
                    "allow more with --time-limit",
                )
            events = self._poll.poll(1000 * min(left, _LOOK))
            for handle, _ in events:
                if handle == self._to:
                    self._write()
                elif handle == self._prints:
                    self._keep_print()
                elif not self._read():
                    raise self._ended()
            if not events and self._status() is not None:
                raise self._ended()  # another process holds its pipe open
        return message

    def failed(self, what: str, fix: str = "") -> LiveBenchError:
        """An error about the process that shows what it printed last."""
        while self._keep_print():
            pass
        error = LiveBenchError("", what, fix)
        if printed := harmless(self._printed.decode("utf-8", errors="replace")):
            error.__cause__ = _LastOutput(printed)
        return error

    def _write(self) -> None:
        try:
            while self._out:
                del self._out[: os.write(self._to, memoryview(self._out)[: 1 << 20])]
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            self._out.clear()  # its end is noticed in `receive`
        self._poll.unregister(self._to)

    def _read(self) -> bool:
        """Read what has arrived of an answer; False if the pipe is closed."""
        try:
            data = os.read(self._from, 1 << 18)
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        self._in += data
        return bool(data)

    def _message(self) -> tuple[bytes, bytes] | None:
        if len(self._in) < wire.HEAD.size:
            return None
        message_type, size = wire.HEAD.unpack_from(self._in)
        if message_type not in wire.ANSWERS or size > wire.MESSAGE_LIMIT:
            raise self.garbage("it is not a message")
        end = wire.HEAD.size + size
        if len(self._in) < end:
            return None
        data = bytes(self._in[wire.HEAD.size : end])
        del self._in[:end]
        return message_type, data

    def garbage(self, why: str) -> LiveBenchError:
        """Kill the process because it wrote something that is not an answer; return the error."""
        self.kill()
        return self.failed(f"the submission wrote garbage into the pipe of its answers: {why}")

    def _keep_print(self) -> bool:
        """Read what was printed and keep the end of it; False if there is nothing right now."""
        try:
            data = os.read(self._prints, PIPE)
        except BlockingIOError:
            return False
        if not data:
            with contextlib.suppress(KeyError):
                self._poll.unregister(self._prints)
            return False
        self._printed = (self._printed + data)[-_LAST_OUTPUT:]
        if self.shown is not None:
            self.shown.feed(data)
        return True

    def _ended(self) -> LiveBenchError:
        deadline = time.monotonic() + _GRACE
        while (status := self._status()) is None and time.monotonic() < deadline:
            time.sleep(0.005)
        self.kill()
        if status is None:
            return self.failed("the submission closed the pipe of its answers")
        # A sandbox exits with 128 + the signal that killed its program.
        number = -status if status < 0 else status - 128 if status > 128 else 0
        if number == signal.SIGKILL:
            return self.failed(
                "the process of the submission was killed (SIGKILL), most often for lack of memory"
            )
        if number:
            return self.failed(f"the process of the submission died: {signal.strsignal(number)}")
        return self.failed(f"the submission ended its process (exit status {status})")


class Child(Peer):
    """A process that is started here.

    Args:
        command: builds the command line from the descriptors that the process reads and writes.
        folder: working directory.
        environment: all of it.
        handles: further descriptors that it inherits.
        time_limit: seconds that it may take to answer.
        shown: what it prints is handed on to this.

    Attributes:
        links: what the descriptors that it was given lead to, as /proc names them.
    """

    def __init__(
        self,
        command: Callable[[int, int], list[str]],
        *,
        folder: str,
        environment: Mapping[str, str],
        handles: tuple[int, ...] = (),
        time_limit: float,
        shown: Printed | None = None,
    ) -> None:
        theirs_in, to = os.pipe()
        answers, theirs_out = os.pipe()
        prints, theirs_prints = os.pipe()
        super().__init__(to, answers, prints, time_limit, shown)
        given = (theirs_in, theirs_out, *handles)
        try:
            self.links = {link_of(handle) for handle in (*given, theirs_prints)}
            self._process = subprocess.Popen(
                command(theirs_in, theirs_out),
                stdin=subprocess.DEVNULL,
                stdout=theirs_prints,
                stderr=theirs_prints,
                pass_fds=given,
                cwd=folder,
                env=dict(environment),
                start_new_session=True,
            )
            self.pid = self._process.pid
        except BaseException:
            self._close_handles()
            raise
        finally:
            for handle in (theirs_in, theirs_out, theirs_prints):
                os.close(handle)

    def kill(self) -> None:
        """Kill the process and everything it has started in its session."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """Let the process end; it is killed if it does not."""
        if self._from < 0:
            return
        if self._to >= 0:
            os.close(self._to)
            self._to = -1
        deadline = time.monotonic() + _GRACE
        while self._process.poll() is None and time.monotonic() < deadline:
            self._keep_print()
            time.sleep(0.005)
        self.kill()
        self._close_handles()

    def _status(self) -> int | None:
        return self._process.poll()


class Copy(Peer):
    """A copy of a process, for one block.

    Args:
        channel: a socket to it, which is closed here.
        prints: what it prints.
    """

    def __init__(
        self, channel: socket.socket, prints: int, time_limit: float, shown: Printed | None = None
    ) -> None:
        handle = channel.detach()
        super().__init__(os.dup(handle), handle, prints, time_limit, shown)

    def kill(self) -> None:
        if self.pid:
            end(self.pid)

    def close(self) -> None:
        """End the process."""
        self.kill()
        self._close_handles()

    def _status(self) -> int | None:
        # Before its number is known, it may only be slow: on a busy machine, it is.
        return exit_status(self.pid) if self.pid else None


class _LastOutput(Exception):
    """What the process of a submission printed last."""

    def __str__(self) -> str:
        return f"what it printed last:\n{self.args[0]}"


class SubmissionTraceback(Exception):
    """The traceback of an exception in a submission, as reported by its process."""

    def __str__(self) -> str:
        return f"in the process of the submission:\n{self.args[0]}"
