"""A candidate set as a dataset for the hub of Hugging Face: Parquet, a config a setting, a card.

    README.md             the card
    data/SPLIT.parquet    a row a sample; each config reads its columns
    frozen/SET/           manifest, answers and audit: with the dataset, the set is restored from them

Text is in it only where the licence of the dataset lets it be published again; else there are ids and
answers.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from livebench.audit.set_audit import read_audit
from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.manifest import ANSWERS, MANIFEST
from livebench.data.dataset import Dataset, Video
from livebench.export.hub_card import HubSource, hub_card
from livebench.export.licences import open_licence
from livebench.extras import need
from livebench.files import new_file, new_folder, write_text
from livebench.records import (
    SETTINGS,
    AnswerRecord,
    Setting,
    shows_comments,
    shows_video,
)

EXTRA = "hub"
_ROWS = 64  # a group of Parquet: pictures are in memory at once

_IDS = ("sample_id", "video_id")
_CANDIDATES = ("candidates", "candidate_tokens")
_ANSWERS = ("correct", "types", "train_counts", "lengths")


def export_hub(candidate_set: CandidateSet, source: HubSource, out: Path) -> int:
    """Write a new folder that `datasets.load_dataset` opens; return the number of samples.

    Args:
        source: what is known of the dataset; its text is exported only if `source.text` is set.

    Raises:
        LiveBenchError: the extra is not installed, the set is private, its text is needed and absent, or
            the folder cannot be written.
    """
    need("datasets", EXTRA)
    if candidate_set.manifest.is_private:
        raise candidate_set.is_kept_elsewhere()
    split = candidate_set.manifest.split
    features = _features(candidate_set, source.text)
    rows = _rows_with_text(candidate_set, source.text) if source.text else _rows(candidate_set)
    columns = config_columns(candidate_set, features)
    with new_folder(out) as folder:
        (folder / "data").mkdir()
        count = _write(folder / "data" / f"{split}.parquet", rows, features)
        frozen = folder / "frozen" / candidate_set.name
        frozen.mkdir(parents=True)
        audit = read_audit(candidate_set)
        for name in (MANIFEST, ANSWERS, *(["audit.json"] if audit else [])):
            shutil.copyfile(candidate_set.path / name, frozen / name)
        size = (folder / "data" / f"{split}.parquet").stat().st_size
        card = hub_card(candidate_set, source, audit, features, columns, (count, size))
        write_text(folder / "README.md", card)
    return count


def text_licence(dataset: Dataset) -> str:
    """The hub's name of the licence under which a dataset's text may be published again; else empty."""
    return open_licence(dataset.info.licence)


def config_columns(candidate_set: CandidateSet, features: Any) -> dict[str, list[str]]:
    """The columns of each config, in the order of the file: what its setting shows, the answers, and
    which samples belong together; without text a single config."""
    if "candidates" not in features:
        return {"answers": list(features)}
    columns: dict[str, list[str]] = {}
    for setting in (name for name in SETTINGS if name in candidate_set.settings):
        shown = {*_IDS, *_CANDIDATES, *_ANSWERS, *_shown(setting)}
        columns[setting] = [name for name in features if name in shown]
    return columns


def _shown(setting: Setting) -> Iterator[str]:
    if setting != "blind":
        yield "time"
    if shows_video(setting):
        yield from ("title", "category", "frame_times", "frames", "images")
    if shows_comments(setting):
        yield "context"


def _features(candidate_set: CandidateSet, dataset: Dataset | None) -> Any:
    """The columns of the file, with types."""
    from datasets import ClassLabel, Features, Image, List, Value

    text, seconds, count = Value("string"), Value("int64"), Value("int64")
    kinds = ClassLabel(names=sorted(candidate_set.manifest.types))
    columns: dict[str, Any] = {"sample_id": text, "video_id": text}
    if dataset is None:
        columns |= {"category": text, "n_context": count}
    else:
        columns |= {"time": seconds, "title": text, "category": text}
        if dataset.has_frames:
            columns |= {"frame_times": List(seconds), "frames": List(List(Value("float32")))}
        if dataset.has_images:
            columns["images"] = List(Image())
        comment = {"time": Value("float64"), "text": text, "tokens": text}
        columns |= {"context": List(comment)}
        columns |= {"candidates": List(text), "candidate_tokens": List(text)}
    columns |= {"correct": List(Value("int64")), "types": List(kinds)}
    return Features({**columns, "train_counts": List(count), "lengths": List(count)})


def _rows(candidate_set: CandidateSet) -> Iterator[dict[str, Any]]:
    """A row a sample, without text."""
    kinds = {name: number for number, name in enumerate(sorted(candidate_set.manifest.types))}
    for record in candidate_set.answers():
        yield {**msgspec.to_builtins(record), **_answer(record, kinds)}


def _answer(record: AnswerRecord, kinds: dict[str, int]) -> dict[str, Any]:
    return {
        "correct": [place for place, name in enumerate(record.types) if name == "correct"],
        "types": [kinds[name] for name in record.types],
        "train_counts": record.train_counts,
        "lengths": record.lengths,
    }


def _rows_with_text(candidate_set: CandidateSet, dataset: Dataset) -> Iterator[dict[str, Any]]:
    """A row a sample, with all that any setting shows."""
    candidate_set.check_dataset(dataset)
    candidate_set.check_text(dataset)
    videos = {video.video_id: video for video in dataset.videos}
    answers = _rows(candidate_set)
    for record, answer in zip(candidate_set.samples(), answers, strict=True):
        video = videos[record.video_id]
        row = {**answer, **msgspec.to_builtins(record)}
        row |= {"title": video.title, "category": video.category}
        row["frame_times"] = [second - record.time for second in record.frames]
        for comment in row["context"]:
            comment["time"] = round(comment["time"] - record.time, 3)
        if dataset.has_frames:
            row["frames"] = dataset.frames(video, record.frames).tolist()
        row["images"] = _images(dataset, video, record.frames)
        yield row


def _images(dataset: Dataset, video: Video, seconds: Sequence[int]) -> list[dict[str, Any]]:
    """The pictures of a video at these seconds, as the hub stores them; none if none are kept."""
    pictures = dataset.images(video, seconds).files()
    names = [f"{video.video_id}-{second}.jpg" for second in seconds]
    return [{"bytes": one, "path": name} for one, name in zip(pictures, names, strict=False)]


def _write(path: Path, rows: Iterator[dict[str, Any]], features: Any) -> int:
    """Write rows as Parquet with the hub's types; return how many."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, count = features.arrow_schema, 0
    with new_file(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while group := list(islice(rows, _ROWS)):
            table = [{name: row[name] for name in features} for row in group]
            writer.write_table(pa.Table.from_pylist(table, schema))
            count += len(group)
    return count
