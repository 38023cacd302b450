"""An archive of Niconico: archive/SERIES/EPISODE.json, each as the site's API gives the comments.

    {"data": {"threads": [{"fork": "main", "comments": [{"vposMs": 1230, "body": "so cute"}]}]}}

A video's id is "nv" and ten digits of the sha256 of its path; its title is the name of its file, its
group the series, its category the season (the branch). It lasts until the end of the second of its last
comment. Of the threads `main` counts: comments of `easy` are chosen from a list by a button, those of
`owner` are the uploader's; both are left out and counted.
"""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

import msgspec

from livebench.errors import LiveBenchError, one_line
from livebench.importers.collection import Collection
from livebench.importers.importing import SourceFacts
from livebench.sources.tree import Tree

_LEFT_OUT = {
    "easy": "canned comment, chosen by a button (easy)",
    "owner": "comment of the uploader (owner)",
}


class _Comment(msgspec.Struct, rename="camel"):
    vpos_ms: int
    body: str


class _Thread(msgspec.Struct):
    fork: str
    comments: list[_Comment]


class _Threads(msgspec.Struct):
    threads: list[_Thread]


class _Episode(msgspec.Struct):
    data: _Threads


def read_niconico_archive(tree: Tree, collection: Collection) -> SourceFacts:
    """Read the archive.

    Raises:
        LiveBenchError: a file is not what the API gives; it is named.
    """
    collection.ordinary |= {"negative time", "empty text"}
    decoder = msgspec.json.Decoder(_Episode)
    files = tree.files()
    for file, content in zip(files, tree.read(files), strict=True):
        path = PurePosixPath(file.path)
        place = Path(file.path)
        try:
            episode = decoder.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            what = f"is not comments as Niconico's API gives them: {one_line(str(error))}"
            raise LiveBenchError(file.path, what) from None
        video_id = "nv" + hashlib.sha256(file.path.encode()).hexdigest()[:10]
        if not collection.add_video(
            place,
            "",
            video_id,
            title=path.name.removesuffix(".json"),
            category=file.part,
            group=path.parts[1],
        ):
            continue
        number = collection.number[video_id]
        for thread in episode.data.threads:
            if thread.fork != "main":
                rule = _LEFT_OUT.get(thread.fork, f"comment of the thread {thread.fork}")
                collection.skipped[rule] += len(thread.comments)
                continue
            for row, comment in enumerate(thread.comments, 1):
                time = comment.vpos_ms / 1000
                collection.add_comment(place, f"comment {row}", number, time, comment.body)
    return SourceFacts()
