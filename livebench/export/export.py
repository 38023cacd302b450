"""The samples of a candidate set, and what there is to learn for them, with titles.

    samples    a row a sample: what a scorer may see, and its 100 candidates in their frozen order
    train, dev a row a comment: the comment, and what surrounds its second by the rule of the set

Answers are not among them, and neither is any comment of the test split outside its samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from livebench import __version__
from livebench.candidates.candidate_set import CandidateSet
from livebench.candidates.moments import VisibleComments
from livebench.candidates.protocol import Protocol
from livebench.data.context import context_rows
from livebench.data.dataset import Dataset, Video
from livebench.data.split import Split
from livebench.draws import draw
from livebench.export.plain_files import Format, write_rows
from livebench.export.prompted import PROMPT_COLUMNS, Prompting, with_prompts
from livebench.files import new_folder, write_file

_COMMENTS = [{"time": "double", "text": "string", "tokens": "string"}]
SAMPLE_COLUMNS: dict[str, Any] = {
    "sample_id": "string",
    "video_id": "string",
    "title": "string",
    "category": "string",
    "time": "int64",
    "frames": ["int64"],
    "context": _COMMENTS,
    "candidates": ["string"],
    "candidate_tokens": ["string"],
}
"""Of samples: `time` and `frames` in seconds of the video; `context` nearest to the moment first."""

PAIR_COLUMNS: dict[str, Any] = {
    "video_id": "string",
    "title": "string",
    "category": "string",
    "time": "double",
    "text": "string",
    "tokens": "string",
    "context": _COMMENTS,
}
"""Of training pairs: `time` (s), `text` and `tokens` are of the comment."""


def export_set(
    candidate_set: CandidateSet,
    dataset: Dataset,
    out: Path,
    form: Format = "jsonl",
    progress: Callable[[str], object] = lambda name: None,
    prompting: Prompting | None = None,
) -> dict[str, int]:
    """Write a new folder with samples, train, dev and about.json; return how many rows each has.

    Args:
        dataset: the one that the set was built from.
        progress: called with the name of each file before it is written.
        prompting: adds `PROMPT_COLUMNS` to train and dev.

    Raises:
        LiveBenchError: the set's text is absent or has changed, the dataset is another one, or the
            folder cannot be written.
    """
    candidate_set.check_dataset(dataset)
    candidate_set.check_text(dataset)
    protocol = candidate_set.manifest.protocol
    counts = {}
    with new_folder(out) as folder:
        progress("samples")
        counts["samples"] = write_rows(
            folder / f"samples.{form}", sample_rows(candidate_set, dataset), SAMPLE_COLUMNS
        )
        splits: tuple[Split, ...] = ("train", "dev")
        for split in splits:
            progress(split)
            rows, columns = pair_rows(dataset, protocol, split), PAIR_COLUMNS
            if prompting:
                rows = with_prompts(rows, prompting, dataset.info.language)
                columns = columns | PROMPT_COLUMNS
            counts[split] = write_rows(folder / f"{split}.{form}", rows, columns)
        about = {
            "set": candidate_set.manifest.signature,
            "hash": candidate_set.manifest.hash,
            "dataset": dataset.info.name,
            "fingerprint": dataset.info.fingerprint,
            "language": dataset.info.language,
            "licence": dataset.info.licence,
            "context": msgspec.to_builtins(protocol.context),
            "rows": counts,
            **(
                {"prompt": prompting.prompt.label, "setting": prompting.setting}
                if prompting
                else {}
            ),
            "livebench": __version__,
        }
        write_file(folder / "about.json", msgspec.json.format(msgspec.json.encode(about)) + b"\n")
    return counts


def sample_rows(candidate_set: CandidateSet, dataset: Dataset) -> Iterator[dict[str, Any]]:
    """The samples of a set, in its order, in `SAMPLE_COLUMNS`.

    Raises:
        LiveBenchError: they are not the frozen ones.
    """
    videos = {video.video_id: video for video in dataset.videos}
    for record in candidate_set.samples():
        row = msgspec.to_builtins(record)
        row |= _said(videos[record.video_id])
        yield {name: row[name] for name in SAMPLE_COLUMNS}


def pair_rows(dataset: Dataset, protocol: Protocol, split: Split) -> Iterator[dict[str, Any]]:
    """Each comment of a split that the protocol takes, in the order of the dataset, in `PAIR_COLUMNS`.

    What surrounds it is chosen as for a sample of its second.
    """
    visible = VisibleComments(dataset, protocol)
    for index in dataset.split(split).indices:
        rows, video = visible.of(index), dataset.videos[index]
        times, strings = visible.time_ms[rows], visible.string[rows]

        def comment(
            row: int, times: np.ndarray = times, strings: np.ndarray = strings
        ) -> dict[str, Any]:
            string = int(strings[row])
            return {
                "time": int(times[row]) / 1000,
                "text": visible.texts[string],
                "tokens": visible.strings[string],
            }

        seconds, starts, sizes = np.unique(times // 1000, return_index=True, return_counts=True)
        stops = (starts + sizes).tolist()
        for second, start, stop in zip(seconds.tolist(), starts.tolist(), stops, strict=True):
            same = np.flatnonzero(np.isin(strings, strings[start:stop]))
            around = context_rows(
                times,
                second,
                protocol.context,
                equal_to_correct=frozenset(same.tolist()),
                draw=partial(_draw, f"{video.video_id}@{second}"),
            )
            context = [comment(row) for row in around]
            for row in range(start, stop):
                own = {"video_id": video.video_id, **_said(video), **comment(row)}
                yield own | {"context": context}


def _said(video: Video) -> dict[str, str]:
    return {"title": video.title, "category": video.category}


def _draw(sample_id: str, row: int) -> int:
    """As `livebench.training.examples` draws."""
    return draw(0, sample_id, f"context {row}")
