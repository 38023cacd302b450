"""How LiveBench writes and reads files: whole or not at all, and the same bytes for the same content."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import re
import shutil
import stat
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from livebench.errors import LiveBenchError

# gzip with no name, no time and no system: the same content gives the same bytes.
_GZIP_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 255])
_LINE = 8 << 20
"""Bytes of a line of records, at most."""

_GZIP_ENDING = 9  # bytes: the last one of the compressed content, its checksum and its size


def unreadable(path: Path, error: Exception, form: str = "", fix: str = "") -> LiveBenchError:
    """What an exception, raised while a file was read, says of it.

    Args:
        form: what the file should be, as "Parquet".
        fix: what to do about a file that is there.
    """
    if isinstance(error, FileNotFoundError):
        return LiveBenchError(path, "no such file")
    reason = (
        getattr(error, "strerror", None) or str(error).split("\n", 1)[0] or type(error).__name__
    )
    return LiveBenchError(path, f"cannot be read{form and ' as '}{form}: {reason}", fix)


def unwritable(path: Path, error: OSError, fix: str = "") -> LiveBenchError:
    """What an exception, raised while a file or folder was written, says of it."""
    return LiveBenchError(path, f"cannot be written: {error.strerror or error}", fix)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading in binary; a pipe or device is refused, and never waited for.

    Raises:
        LiveBenchError: it is missing, cannot be read, or is not a regular file.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    if stat.S_ISDIR(mode):
        raise LiveBenchError(path, "cannot be read: Is a directory")
    raise LiveBenchError(path, "is not a file")


_UNFINISHED = re.compile(r"\..+\.[a-z0-9_]{8}\.part\Z")
"""The temporary name of a file that is being written, or that was when its process was killed."""


def is_unfinished(path: Path) -> bool:
    """Whether a name is one that LiveBench gives to what it has not finished."""
    return bool(_UNFINISHED.match(path.name))


def locked(handle: int) -> bool:
    """Lock an open file or folder against all other processes until it is closed; False if one has it.

    Where the system has no such locks (Windows), nobody is kept out.
    """
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _sweep(path: Path) -> None:
    """Remove what killed writers of a file have left; one that is being written is locked."""
    for left in path.parent.iterdir():
        if not (left.name.startswith(f".{path.name}.") and is_unfinished(left)):
            continue
        with contextlib.suppress(OSError):
            handle = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                if locked(handle):
                    left.unlink()
            finally:
                os.close(handle)


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Open `path` for writing in binary; it appears, or is replaced, only when the block ends well.

    Raises:
        LiveBenchError: the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        locked(handle)
    except OSError as error:
        raise unwritable(path, error) from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        temporary.unlink(missing_ok=True)


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path lies in a folder once every symbolic link is followed; it need not exist."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a loop of links
        return False


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on disk, where the system can do that."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return
    with contextlib.suppress(OSError):
        os.fsync(handle)
    os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    with new_file(path) as file:
        file.write(text.encode())


def write_file(path: Path, content: bytes) -> None:
    """Write a file within a folder that `new_folder` gave: the folder is whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def check_absent(path: Path, option: str = "--out") -> None:
    """Raise LiveBenchError if something has the name of what is to be made; `option` gave the name."""
    if path.exists():
        raise LiveBenchError(path, "exists already", f"remove it or choose another {option}")


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder to fill; it takes the name `path` only when the block ends well.

    Raises:
        LiveBenchError: `path` exists already, or its parent cannot be written.
    """
    path = Path(path)
    check_absent(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise unwritable(path, error) from None
    try:
        yield temporary
        temporary.chmod(0o755)
        temporary.rename(path)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


ROOM = "make room there, or set TMPDIR to a folder on a larger disk"
"""What to do if a temporary folder is full."""


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for what does not fit into memory, where TMPDIR says; removed with the block.

    Raises:
        LiveBenchError: it cannot be made.
    """
    try:
        return tempfile.TemporaryDirectory(prefix="livebench-", ignore_cleanup_errors=True)
    except OSError as error:
        raise unwritable(Path(tempfile.gettempdir()), error, ROOM) from None


class GzipWriter:
    """Compresses what it is given into an open file, and hashes it before compression.

    Attributes:
        sha256: hash of the bytes written so far, uncompressed.
        size: their number.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0)
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self.sha256.update(data)
        self.size += len(data)
        self._gzip.write(data)

    def close(self) -> None:
        self._gzip.close()


@contextlib.contextmanager
def new_gzip(path: Path) -> Iterator[GzipWriter]:
    """Like `new_file`, compressed; the writer's hash and size stay valid after the block."""
    with new_file(path) as file:
        writer = GzipWriter(file)
        yield writer
        writer.close()


def read_gzip_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a gzip file, without line ends; memory is bounded, whatever it unpacks to.

    A file whose name ends in .jsonl is read as it is.

    Raises:
        LiveBenchError: the file is missing, is not gzip, is cut off or damaged, or a line is longer than
            8 MB; the line is named.
    """
    number = 0
    try:
        with (
            open_regular(path) as raw,
            _unpacked(path, raw) as packed,
            io.BufferedReader(packed, 1 << 20) as file,
        ):
            while line := file.readline(_LINE + 1):
                number += 1
                if len(line) > _LINE:
                    what = f"is longer than {_LINE >> 20} MB, which no record is"
                    raise LiveBenchError(path, what, "write one record a line", f"line {number}")
                yield line.rstrip(b"\n")
    except (OSError, EOFError, zlib.error) as error:
        form = f"gzip after line {number}" if number else "gzip"
        raise unreadable(path, error, form, "fetch or write the file again") from None


def _unpacked(path: Path, raw: BinaryIO) -> Any:
    return raw if path.suffix == ".jsonl" else gzip.GzipFile(fileobj=raw)


def gzip_content(path: Path, *, any_writer: bool = False) -> tuple[str, int]:
    """Return sha256 and size of the uncompressed content of a gzip file; of a .jsonl, of the file.

    Unless `any_writer`, every change to the file is noticed: the header must be the one that LiveBench
    writes, the content must agree with its checksum, and nothing may follow it.

    Raises:
        LiveBenchError: the file is missing or is not such a file.
    """
    if path.suffix == ".jsonl" and any_writer:
        return _plain_content(path)
    digest, size, data = hashlib.sha256(), 0, b""
    decompress = zlib.decompressobj(zlib.MAX_WBITS | 16)
    before_ending, ending = decompress.copy(), b""
    try:
        with open_regular(path) as file:
            if file.read(len(_GZIP_HEADER)) != _GZIP_HEADER and not any_writer:
                raise LiveBenchError(path, "changed: the gzip header is not LiveBench's")
            left = file.seek(0, os.SEEK_END)
            file.seek(0)
            while data := file.read(max(_GZIP_ENDING, min(1 << 20, left - _GZIP_ENDING))):
                if decompress.eof:
                    break
                left -= len(data)
                if left == 0:
                    before_ending, ending = decompress.copy(), data
                while data and not decompress.eof:
                    part = decompress.decompress(data, 1 << 20)
                    digest.update(part)
                    size += len(part)
                    data = decompress.unconsumed_tail
    except OSError as error:
        raise unreadable(path, error) from None
    except zlib.error as error:
        raise LiveBenchError(path, f"changed: {error}") from None
    if not decompress.eof:
        raise LiveBenchError(path, "changed: it is cut off")
    if data or decompress.unused_data:
        raise LiveBenchError(path, "changed: bytes follow the end of its content")
    if not any_writer and _bits_after_end(before_ending, ending):
        raise LiveBenchError(path, "changed: bits follow the end of its content")
    return digest.hexdigest(), size


def _plain_content(path: Path) -> tuple[str, int]:
    try:
        with open_regular(path) as file:
            digest = hashlib.sha256()
            while data := file.read(1 << 20):
                digest.update(data)
            return digest.hexdigest(), file.tell()
    except OSError as error:
        raise unreadable(path, error) from None


def _bits_after_end(decompress: zlib._Decompress, ending: bytes) -> bool:
    """Whether a bit is set that no reader looks at: compressed content may end within a byte.

    Args:
        decompress: as it was before `ending`, the last bytes of the file.
    """
    top = 1 << ending[0].bit_length() >> 1
    try:
        decompress.decompress(bytes([ending[0] ^ top]) + ending[1:])
    except zlib.error:
        return False
    return bool(top) and decompress.eof
