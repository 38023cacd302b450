"""Imports VideoIC.

    info.json            {"10582565": {"title": "A cat", "duration": 82, "v_class": "pets"}, ...}, by
                         aid; other keys are ignored
    comments/AID.json    {"3": ["so cute", ...], ...}: comments by second
    train.txt, dev.txt, test.txt    optional: a line an aid; or .json with the aids as keys or as a list.
                         All three or none: without them --dev and --test split

A video without a file of comments, or that is in no file of a split, is left out and counted.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from livebench.data.dataset import Dataset, DatasetInfo
from livebench.data.split import SPLITS, Split
from livebench.errors import LiveBenchError
from livebench.importers.cleaning import Collection, Options, Report, video_of
from livebench.importers.json_lines import read_whole

CITATION = (
    "Wang, Chen and Jin, VideoIC: A Video Interactive Comments Dataset and Multimodal Multitask "
    "Learning for Comments Generation, ACM MM 2020"
)
ORDINARY = ("empty text",)
NO_COMMENTS, NO_SPLIT = "video without a file of comments", "video in no split"
OTHER_VIDEO, UNKNOWN_AID = (
    "file of comments of no video in info.json",
    "aid in a split, not in info.json",
)


class About(msgspec.Struct, frozen=True):
    """What info.json says of a video; duration in seconds."""

    title: str
    v_class: str = ""
    duration: float | str | None = None


def import_videoic(
    source: Path,
    out: Path,
    info: DatasetInfo,
    options: Options,
    report: Report = lambda text: None,
) -> Dataset:
    """Import VideoIC in the folder `source` as the dataset `out`.

    Args:
        info: name, source, licence and so on; what is counted here is filled in.
        report: told what is going on.

    Raises:
        LiveBenchError: a file is missing or is not such a file, a row is bad, an aid is in two splits,
            or nothing is left to split.
    """
    source, collection = Path(source), Collection(options, ORDINARY)
    read_videoic(source, collection)
    info = msgspec.structs.replace(info, citation=info.citation or CITATION)
    return collection.write(out, info, report=report)


def read_videoic(source: Path, collection: Collection) -> None:
    """Read the folder `source` into `collection`; raises as `import_videoic`."""
    path = source / "info.json"
    about = read_whole(path, dict[str, About])
    splits = _splits(source)
    skipped = collection.skipped
    skipped[UNKNOWN_AID] += len(splits.keys() - about.keys())
    files = {file.stem: file for file in sorted((source / "comments").glob("*.json"))}
    skipped[OTHER_VIDEO] += len(files.keys() - about.keys())
    for aid, video in about.items():
        if aid not in files:
            skipped[NO_COMMENTS] += 1
        elif splits and aid not in splits:
            skipped[NO_SPLIT] += 1
        elif collection.add_video(
            path,
            f"aid {aid[:80]}",
            video_of(aid, video.title, video.v_class, splits.get(aid, "train")),
            duration=video.duration,
            split_given=bool(splits),
        ):
            _read_comments(files[aid], collection.number[aid], collection)


def _read_comments(path: Path, number: int, collection: Collection) -> None:
    for second, texts in read_whole(path, dict[str, list[str]]).items():
        for text in texts:
            collection.add_comment(path, f"second {second[:20]}", number, second, text)


def _splits(source: Path) -> dict[str, Split]:
    """The split of each aid; empty if the source has no split."""
    found: dict[str, Split] = {}
    there = []
    for split in SPLITS:
        for path in (source / f"{split}.txt", source / f"{split}.json"):
            if path.exists():
                there.append(split)
                for aid in _aids(path):
                    if found.setdefault(aid, split) != split:
                        raise LiveBenchError(
                            f"{path}: {aid[:80]} is in {found[aid]} already; mend it"
                        )
    if there and sorted(there) != sorted(SPLITS):
        raise LiveBenchError(
            f"{source}: the split needs a file for each of {', '.join(SPLITS)}, here for "
            f"{', '.join(there)}"
        )
    return found


def _aids(path: Path) -> list[str]:
    if path.suffix == ".json":
        found = read_whole(path, dict[str, msgspec.Raw] | list[str | int])
        return [str(aid) for aid in found]
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise LiveBenchError(f"{path}: not UTF-8: {error.reason}") from None
    return [aid for line in lines if (aid := line.strip())]
