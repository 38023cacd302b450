"""The journal of an evaluation: scores are on disk as they are made, and survive any interruption.

`SETTING.journal` lies next to the file of scores that it becomes. Its first line says what is being
evaluated; each block of samples follows as a line with its number, size, sha256 and seconds, then the
lines of scores. Only complete blocks count: a truncated one is dropped and scored again. The journal is
locked while it is open.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from livebench.errors import LiveBenchError
from livebench.files import new_gzip, sync_folder, unwritable

Fingerprint = dict[str, str]
"""What an evaluation depends on: a name for each part, and its hash or value."""

_ROOM = "make room, and run the same command again: it goes on from there"
_ELSEWHERE = "copy the submission to a folder that can be written"
_FIXES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EROFS: _ELSEWHERE,
    errno.EACCES: _ELSEWHERE,
}


class _BlockHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The head of a block: `size` of its lines of scores, in bytes; `sha256` of these lines and the rest
    of the head."""

    block: int
    samples: int
    size: int
    sha256: str
    seconds: float


class Journal:
    """The scores of an evaluation so far; a context manager.

    Args:
        path: the final file of scores (`.jsonl.gz`); the journal lies next to it.
        fingerprint: what the scores depend on. A journal started with another is not continued.
        restart: rename an existing journal, and start over with the first sample.

    Attributes:
        samples: how many have scores.
        seconds: how long scoring them took, over all sessions.

    Raises:
        LiveBenchError: another process has it open; it was started for something else; or the folder
            cannot be written to, or the disk is full (existing content is kept).
    """

    def __init__(self, path: Path, fingerprint: Fingerprint, *, restart: bool = False) -> None:
        self.final = Path(path)
        name = self.final.name.removesuffix(".gz").removesuffix(".jsonl")
        self.path = self.final.with_name(f"{name}.journal")
        self._fingerprint, self._restart = fingerprint, restart
        self.samples, self.blocks, self.seconds = 0, 0, 0.0

    def __enter__(self) -> Journal:
        with _as_error(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = self._lock()
        try:
            with _as_error(self.path):
                self._read()
        except BaseException:
            os.close(self._handle)
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if not self.blocks:
            self.path.unlink(missing_ok=True)  # nothing is lost with it
        os.close(self._handle)

    def append(self, lines: list[bytes], seconds: float) -> None:
        """Write the scores of a block and wait until they are on disk."""
        data = b"".join(lines)
        head = _BlockHead(self.blocks, len(lines), len(data), "", round(seconds, 3))
        head = msgspec.structs.replace(head, sha256=_checksum(head, data))
        self._write(msgspec.json.encode(head) + b"\n" + data)
        self._count(head)

    def finish(self) -> str:
        """Write the file of scores; return the sha256 of its content. The journal is kept for now."""
        with new_gzip(self.final) as file:
            for data in self._each_block():
                file.write(data)
        return file.sha256.hexdigest()

    def remove(self) -> None:
        """Remove the journal, once all that is made from it has been written."""
        with _as_error(self.path):
            self.path.unlink(missing_ok=True)
            sync_folder(self.path.parent)

    def ids(self) -> list[str]:
        """The samples that have scores, in order."""
        lines = (line for data in self._each_block() for line in data.splitlines())
        return [msgspec.json.decode(line)["sample_id"] for line in lines]

    def _lock(self) -> int:
        """Open the journal and lock it against all other processes."""
        import fcntl

        while True:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Between opening and locking, another process may have finished and removed it.
                if os.path.samestat(os.fstat(handle), self.path.stat()):
                    return handle
            except BlockingIOError:
                os.close(handle)
                raise LiveBenchError(
                    self.path,
                    "is being written by another `livebench evaluate`",
                    "wait until that has ended, or end it",
                ) from None
            except FileNotFoundError:
                pass
            os.close(handle)

    def _read(self) -> None:
        """Keep the complete blocks and cut off the rest; or start a new journal."""
        with self.path.open("rb") as file:
            begun = _fingerprint_of(file.readline())
            if begun is not None and not self._restart:
                self._check(begun)
                self._start = self._end = file.tell()
                while (block := self._next(file)) is not None:
                    self._end = file.tell()
                    self._count(block)
                os.ftruncate(self._handle, self._end)
                os.fsync(self._handle)
                return
        if begun is not None:
            self._put_aside()
        # Else it is new, or its first line is incomplete: nothing was scored.
        self._end = 0
        self._write(msgspec.json.encode({"journal": self._fingerprint}) + b"\n")
        self._start = self._end
        sync_folder(self.path.parent)

    def _check(self, begun: Fingerprint) -> None:
        names = sorted({*begun, *self._fingerprint})
        changed = [name for name in names if begun.get(name) != self._fingerprint.get(name)]
        if changed:
            raise LiveBenchError(
                self.path,
                f"was begun with another {' and another '.join(changed)}",
                "give --restart to start over (the old journal is kept under another name), or go back "
                "to what it was begun with",
            )

    def _next(self, file: BinaryIO) -> _BlockHead | None:
        """Read the next block and return its head; None if there is no complete one."""
        try:
            head = msgspec.json.decode(file.readline(1000), type=_BlockHead)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        if head.size < 0 or head.block != self.blocks:
            return None
        data = file.read(head.size)
        whole = len(data) == head.size and _checksum(head, data) == head.sha256
        return head if whole else None

    def _count(self, head: _BlockHead) -> None:
        self.blocks += 1
        self.samples += head.samples
        self.seconds += head.seconds

    def _each_block(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(self._start)
            while file.tell() < self._end:
                head = msgspec.json.decode(file.readline(), type=_BlockHead)
                yield file.read(head.size)

    def _write(self, data: bytes) -> None:
        """Append all bytes or none, and wait until they are on disk."""
        with _as_error(self.path):
            try:
                at, left = self._end, memoryview(data)
                while left:
                    count = os.pwrite(self._handle, left, at)
                    at, left = at + count, left[count:]
                os.fsync(self._handle)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._handle, self._end)
                raise
        self._end = at

    def _put_aside(self) -> None:
        """Rename the existing journal, and open an empty one."""
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.{number}")).exists():
            number += 1
        self.path.rename(aside)
        os.close(self._handle)
        self._handle = self._lock()


def _checksum(head: _BlockHead, data: bytes) -> str:
    rest = f"{head.block} {head.samples} {head.size} {head.seconds}\n"
    return hashlib.sha256(rest.encode() + data).hexdigest()


def _fingerprint_of(line: bytes) -> Fingerprint | None:
    """The fingerprint on the first line of a journal; None if there is none."""
    try:
        return msgspec.json.decode(line, type=dict[str, Fingerprint]).get("journal")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


@contextlib.contextmanager
def _as_error(path: Path) -> Iterator[None]:
    """Turn an OSError into an error that says what to do."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error, _FIXES.get(error.errno or 0, "")) from None
