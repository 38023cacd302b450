"""Fetches what a source reads as zips over HTTPS, one a commit, going on where a stopped one was."""

from __future__ import annotations

import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from livebench.errors import LiveBenchError
from livebench.sources.fetch_git import SECONDS, by_hand
from livebench.sources.source import Source
from livebench.sources.tree import ZipTree

_PIECE = 1 << 18


def fetch_archives(
    source: Source, folder: Path, came: Callable[[int], object] = lambda count: None
) -> ZipTree:
    """Fetch the zip of each part of a source into `folder`, which may hold some, or a piece of one.

    Args:
        came: called with the bytes that came.

    Raises:
        LiveBenchError: a zip cannot be fetched, or is not whole; how to do it by hand is said.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {part.name: folder / f"{part.commit}.zip" for part in source.parts}
    for part in source.parts:
        path = paths[part.name]
        if not path.exists():
            _fetch(source, source.archive.format(commit=part.commit), path, came)
    return ZipTree(paths, source)


def _fetch(source: Source, address: str, path: Path, came: Callable[[int], object]) -> None:
    if not address.startswith(("https://", "http://127.0.0.1")):
        raise LiveBenchError(source.name, f"{address} is not an https address")
    piece = path.with_suffix(".part")
    try:
        start = piece.stat().st_size if piece.exists() else 0
        headers = {"User-Agent": "livebench", **({"Range": f"bytes={start}-"} if start else {})}
        request = urllib.request.Request(address, headers=headers)
        try:
            answer: HTTPResponse | None = urllib.request.urlopen(request, timeout=SECONDS)  # nosec B310
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
            answer = None  # nothing is left to fetch
        ended = answer is None
        if answer is not None:
            with answer:
                # A server that cannot go on sends all of it again.
                goes_on = answer.status == HTTPStatus.PARTIAL_CONTENT
                with piece.open("ab" if goes_on else "wb") as file:
                    while data := answer.read(_PIECE):
                        file.write(data)
                        came(len(data))
                ended = not answer.length  # what it said would come has come
    except (OSError, HTTPException) as error:
        raise by_hand(source, str(getattr(error, "reason", error) or error)) from None
    if not zipfile.is_zipfile(piece):
        if ended:  # going on would not mend it
            piece.unlink()
        raise by_hand(source, f"{address} came {'damaged' if ended else 'incomplete'}")
    with zipfile.ZipFile(piece) as archive:
        damaged = archive.testzip()  # checks every checksum
    if damaged is not None:
        piece.unlink()
        raise by_hand(source, f"{address} came damaged")
    piece.rename(path)
