"""The journal of an evaluation: scores are on disk as they are made, and survive any interruption.

`SETTING.journal` lies beside the submission, in a folder that no scorer sees. Its first line says what
is being evaluated; each block of samples follows as a line with its number, size, sha256 and seconds,
then the lines of scores. Only complete blocks count: a truncated one is dropped and scored again. A
journal that is damaged in the middle is continued from there, and kept as it was under another name. The
journal is locked while it is open.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from livebench.errors import LiveBenchError
from livebench.files import new_gzip, sync_folder, unwritable

Fingerprint = dict[str, str]
"""What an evaluation depends on: a name for each part, and its hash or value."""

_STATE_FOLDERS = 4  # of a run, a set, a submission, and all of them

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


class _Line(msgspec.Struct, frozen=True):
    """Of a line of scores, its sample."""

    sample_id: str


_LONGEST_HEAD = 64 << 10
"""Bytes of a line that is no line of scores, at most."""


class Journal:
    """The scores of an evaluation so far; a context manager.

    Args:
        path: the final file of scores (`.jsonl.gz`).
        at: the journal; by default next to the file of scores.
        fingerprint: what the scores depend on. A journal started with another is not continued.
        restart: rename an existing journal, and start over with the first sample.

    Attributes:
        samples: how many have scores.
        seconds: how long scoring them took, over all sessions.
        damage: what was wrong with it, and what became of it, in a line; empty if nothing was.

    Raises:
        LiveBenchError: another process has it open; it was started for something else; or the folder
            cannot be written to, or the disk is full (existing content is kept).
    """

    def __init__(
        self,
        path: Path,
        fingerprint: Fingerprint,
        *,
        at: Path | None = None,
        restart: bool = False,
    ) -> None:
        self.final = Path(path)
        name = self.final.name.removesuffix(".gz").removesuffix(".jsonl")
        self.path = at or self.final.with_name(f"{name}.journal")
        self.damage = ""
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
            self._remove_empty()
        os.close(self._handle)

    def append(self, lines: list[bytes], seconds: float) -> None:
        """Write the scores of a block and wait until they are on disk."""
        data = b"".join(lines)
        head = _BlockHead(self.blocks, len(lines), len(data), "", round(seconds, 3))
        head = msgspec.structs.replace(head, sha256=_checksum(head, data))
        self._write(msgspec.json.encode(head) + b"\n" + data)
        self._count(head)

    def finish(self, lines: Iterable[bytes]) -> str:
        """Write the file of scores; return the sha256 of its content. The journal is kept for now."""
        with new_gzip(self.final) as file:
            for line in lines:
                file.write(line)
        return file.sha256.hexdigest()

    def remove(self) -> None:
        """Remove the journal, once all that is made from it has been written."""
        with _as_error(self.path):
            self.path.unlink(missing_ok=True)
            sync_folder(self.path.parent)
        self._remove_empty()

    def _remove_empty(self) -> None:
        """Remove the folders that held nothing but this journal."""
        if self.path.parent != self.final.parent:
            for folder in self.path.parents[:_STATE_FOLDERS]:
                try:
                    folder.rmdir()
                except OSError:  # something else is in it
                    return

    def ids(self) -> list[str]:
        """The samples that have scores, in the order in which they were scored."""
        try:
            return [msgspec.json.decode(line, type=_Line).sample_id for line in self._lines()]
        except (msgspec.DecodeError, UnicodeDecodeError):
            what = "holds something else than scores, and LiveBench did not write it"
            raise LiveBenchError(self.path, what, "remove it, and start over") from None

    def left(self, blocks: Sequence[Sequence[str]]) -> list[list[str]]:
        """The samples of some blocks that have no scores yet; blocks without any are left out.

        Raises:
            LiveBenchError: a sample has scores that is in no block, or has them twice.
        """
        known, done = {name for block in blocks for name in block}, set()
        for name in self.ids():
            if name not in known or name in done:
                what = f"{name} twice" if name in done else f"{name}, which is not in the set"
                raise LiveBenchError(
                    self.path, f"holds scores of {what}", "give --restart to start over"
                )
            done.add(name)
        kept = ([name for name in block if name not in done] for block in blocks)
        return [block for block in kept if block]

    def lines(self) -> dict[str, bytes]:
        """What was scored, and its line."""
        return dict(zip(self.ids(), self._lines(), strict=True))

    def _lines(self) -> Iterator[bytes]:
        """The lines of scores, in the order in which they were made."""
        for data in self._each_block():
            yield from data.splitlines(keepends=True)

    def _lock(self) -> int:
        """Open the journal and lock it against all other processes."""
        import fcntl

        while True:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            handle = os.open(self.path, flags, 0o644)
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
            first = file.readline(_LONGEST_HEAD)
            begun = _fingerprint_of(first)
            if begun is not None and not self._restart:
                _refuse_other(self.path, begun, self._fingerprint)
                self._start = self._end = file.tell()
                while (block := self._next(file)) is not None:
                    self._end = file.tell()
                    self._count(block)
                self._keep_damaged(file)
                os.ftruncate(self._handle, self._end)
                os.fsync(self._handle)
                return
        if begun is not None:
            self._put_aside()
        elif first.endswith(b"\n"):  # it was written whole, and is not what was written
            aside = self._put_aside()
            self.damage = f"{self.path}: is damaged; kept as {aside.name}, and all is scored again"
        # Else it is new, or its first line is incomplete: nothing was scored.
        self._end = 0
        self._write(msgspec.json.encode({"journal": self._fingerprint}) + b"\n")
        self._start = self._end
        sync_folder(self.path.parent)

    def _keep_damaged(self, file: BinaryIO) -> None:
        """Copy the journal if whole blocks follow those that count: no interruption does that."""
        lost = 0
        file.seek(self._end)
        while line := file.readline(_LONGEST_HEAD):
            after = file.tell()
            head = self._block_of(line, file)
            lost += head.samples if head else 0
            if head is None:
                file.seek(after)
        if lost:
            aside = self._aside()
            shutil.copyfile(self.path, aside)
            self.damage = (
                f"{self.path}: block {self.blocks} is damaged; it and the {lost} samples of later "
                f"blocks are scored again, and the journal as it was is kept as {aside.name}"
            )

    def _next(self, file: BinaryIO) -> _BlockHead | None:
        """Read the next block and return its head; None if there is no complete one."""
        head = self._block_of(file.readline(_LONGEST_HEAD), file)
        return head if head is not None and head.block == self.blocks else None

    def _block_of(self, line: bytes, file: BinaryIO) -> _BlockHead | None:
        """The head of a block on a line, if the block after it is whole; it is read."""
        try:
            head = msgspec.json.decode(line, type=_BlockHead)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        if not 0 <= head.size <= os.fstat(self._handle).st_size:
            return None
        data = file.read(head.size)
        whole = len(data) == head.size and _checksum(head, data) == head.sha256
        return head if whole and data.count(b"\n") == head.samples else None

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

    def _aside(self) -> Path:
        """Another name for the journal, that is not taken."""
        number = 1
        while os.path.lexists(aside := self.path.with_name(f"{self.path.name}.{number}")):
            number += 1
        return aside

    def _put_aside(self) -> Path:
        """Rename the existing journal, and open an empty one; return its new name."""
        aside = self._aside()
        self.path.rename(aside)
        os.close(self._handle)
        self._handle = self._lock()
        return aside


def refuse_other(path: Path, known: Fingerprint) -> None:
    """Refuse a journal that was begun with something else, as far as is known before a scorer is made.

    Raises:
        LiveBenchError: it was, and cannot be continued.
    """
    with contextlib.suppress(OSError), path.open("rb") as file:
        begun = _fingerprint_of(file.readline(_LONGEST_HEAD))
        if begun is not None:
            _refuse_other(path, {name: begun.get(name, "") for name in known}, known)


def _refuse_other(path: Path, begun: Fingerprint, now: Fingerprint) -> None:
    names = sorted({*begun, *now})
    changed = [name for name in names if begun.get(name) != now.get(name)]
    if changed:
        raise LiveBenchError(
            path,
            f"was begun with another {' and another '.join(changed)}",
            "give --restart to start over (the old journal is kept under another name), or go back "
            "to what it was begun with",
        )


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
