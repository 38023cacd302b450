"""Reads VideoIC.

    info.json            {"10582565": {"title": "A cat", "duration": 82, "v_class": "pets"}, ...}, by
                         aid; other keys are ignored
    comments/AID.json    {"3": ["so cute", ...], ...}: comments by second
    train.txt, dev.txt, test.txt    optional: a line an aid; or .json with the aids as keys or as a list.
                         All three or none: without them --dev and --test split

A video without a file of comments, or that is in no file of a split, is left out and counted.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec

from livebench.data.split import SPLITS, Split
from livebench.errors import LiveBenchError
from livebench.importers.broken_json import LOST
from livebench.importers.collection import Collection
from livebench.importers.importing import SourceFacts
from livebench.importers.json_lines import read_typed, read_whole

_CITATION = (
    "Wang, Chen and Jin, VideoIC: A Video Interactive Comments Dataset and Multimodal Multitask "
    "Learning for Comments Generation, ACM MM 2020"
)


class _VideoicVideo(msgspec.Struct, frozen=True):
    """What info.json says of a video; duration in seconds."""

    title: str
    v_class: str = ""
    duration: float | str | None = None


def read_videoic(source: Path, collection: Collection) -> SourceFacts:
    """Read VideoIC in the folder `source`.

    Raises:
        LiveBenchError: a file is missing or is not such a file, a row is bad, or an aid is in two
            splits.
    """
    path, skipped = source / "info.json", collection.skipped
    videos: dict[str, _VideoicVideo] = read_whole(path, dict[str, _VideoicVideo])
    splits = _splits(source)
    skipped["aid in a split, not in info.json"] += len(splits.keys() - videos.keys())
    files = {file.stem: file for file in sorted((source / "comments").glob("*.json"))}
    unknown = files.keys() - videos.keys()
    skipped["file of comments of no video in info.json"] += len(unknown)
    for aid, video in videos.items():
        if aid not in files:
            skipped["video without a file of comments"] += 1
        elif splits and aid not in splits:
            skipped["video in no split"] += 1
        elif collection.add_video(
            path,
            f"aid {aid[:80]}",
            aid,
            title=video.title,
            category=video.v_class,
            duration=video.duration,
            split=splits.get(aid),
        ):
            _read_comments(files[aid], collection.number[aid], collection)
    return SourceFacts(_CITATION)


def _read_comments(path: Path, number: int, collection: Collection) -> None:
    content = read_typed(path, dict[str, list[str]], collection, _whole_texts)
    for second, texts in content.items():
        for text in texts:
            collection.add_comment(path, f"second {second[:20]}", number, second, text)


def _whole_texts(text: str, collection: Collection) -> dict[str, list[str]]:
    """The texts by second that are whole in a file that is broken; those that are not are counted.

    A text that is whole stands between a bracket or a comma and another: no other quotation mark does.
    """
    seconds: dict[str, list[str]] = {}
    heads = list(_SECOND.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    for head, end in zip(heads, ends, strict=False):  # without a head there is no end
        within = text[head.end() - 1 : end]
        place = 1
        for match in _TEXT.finditer(within):
            collection.skipped[LOST] += bool(within[place : match.start(1)].strip(" \t\r\n,"))
            seconds.setdefault(head[1], []).append(json.loads(match[1]))
            place = match.end()
        collection.skipped[LOST] += bool(within[place:].strip(" \t\r\n,]}\0"))
    return seconds


_SECOND = re.compile(r'"(\d+)"\s*:\s*\[')
_TEXT = re.compile(
    r'(?<=[\[,])\s*("(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+")\s*+(?=[,\]]|\Z)'
)


def _splits(source: Path) -> dict[str, Split]:
    """The split of each aid; empty if the source has no split."""
    splits: dict[str, Split] = {}
    given: list[Split] = []
    for split in SPLITS:
        for path in (source / f"{split}.txt", source / f"{split}.json"):
            if path.exists():
                given.append(split)
                for aid in _aids(path):
                    if splits.setdefault(aid, split) != split:
                        what = f"{aid[:80]} is in {splits[aid]} already"
                        raise LiveBenchError(path, what, "keep it in one split")
    if given and sorted(given) != sorted(SPLITS):
        raise LiveBenchError(
            source,
            f"has files of the splits {', '.join(given)}",
            f"give one for each of {', '.join(SPLITS)}",
        )
    return splits


def _aids(path: Path) -> list[str]:
    if path.suffix == ".json":
        return [str(aid) for aid in read_whole(path, dict[str, msgspec.Raw] | list[str | int])]
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise LiveBenchError(path, f"is not UTF-8: {error.reason}", "save it as UTF-8") from None
    return [aid for line in lines if (aid := line.strip())]
