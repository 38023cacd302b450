"""The pages of single samples: frames, surrounding comments, candidates, and who ranked them how.

    moments/SET/index.html           all moments, by video
    moments/SET/N.html               the moments of a video, at most MOMENTS of them; all text is here
    images/DATASET/VIDEO/SECOND.jpg  what `livebench features --keep-images` kept
    data/SET/places.js               id, time and page of each moment
    data/SET/SETTING/RUN.js          rank and reciprocal rank of the best-placed correct candidate
    data/SET/SETTING/RUN-K.js        ranks of all candidates of SHARD moments, a byte each, as base64

A page loads what is looked at: text with the page, ranks by shard.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from livebench.candidates.candidate_set import CandidateSet
from livebench.data.dataset import Dataset
from livebench.human.sheets.blind import shown_text
from livebench.human.sheets.rater_page import write_file
from livebench.leaderboard.entries import Entry
from livebench.leaderboard.markdown import plain
from livebench.records import CANDIDATES, AnswerRecord, SampleRecord
from livebench.scoring.metrics import MR, MRR, best_metrics
from livebench.site.boards import file_name
from livebench.site.pages import clock, kind_order, write_page
from livebench.submissions.load import Run

MOMENTS = 20
"""Of a page, at most."""
SHARD = 500
"""Moments of a file of ranks: about 67 kB."""
TITLE = 120


class Candidate(NamedTuple):
    """A candidate as it is listed: `text` is empty where it may not be shown; `count` is how often it
    occurs in training, `length` its words."""

    text: str
    count: int
    length: int


@dataclass(frozen=True)
class Around:
    """A surrounding comment: seconds from the moment, and its place on the time line in per cent."""

    offset: float
    at: float
    text: str


@dataclass(frozen=True)
class Moment:
    """A sample as its page shows it; `place` is its number in the set, in the order of the pages."""

    place: int
    sample_id: str
    second: int
    n_context: int
    groups: list[tuple[str, list[Candidate]]]
    """The candidates of each type, types in the order of the pages."""
    reach: float = 0.0
    around: list[Around] = field(default_factory=list)
    frames: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class VideoPage:
    """A page of a video: `part` of `parts`, where it has more than MOMENTS moments."""

    number: int
    video_id: str
    title: str
    category: str
    part: int
    parts: int
    moments: list[tuple[int, str, int]]
    """Place, sample id and second of each."""


class Order:
    """How the moments of a set, and the candidates of each, are ordered on the site.

    Attributes:
        rows: int64 [samples]; the answers in the order of the pages: by video and time.
        columns: int64 [samples, 100]; the candidates of each, in that order: by type.
        kinds: the types of the set, in the order of the pages.
        pages: all pages.
    """

    def __init__(self, answers: Sequence[AnswerRecord], titles: dict[str, str]) -> None:
        self.answers = answers
        keys = [(one.video_id, second_of(one.sample_id), one.sample_id) for one in answers]
        self.rows = np.array(sorted(range(len(keys)), key=keys.__getitem__))
        self.kinds = sorted({kind for one in answers for kind in one.types}, key=kind_order)
        number = {kind: place for place, kind in enumerate(self.kinds)}
        types = np.array([[number[kind] for kind in answers[row].types] for row in self.rows])
        self.columns = np.argsort(types, axis=1, kind="stable")
        self.pages = list(self._pages(titles))

    def _pages(self, titles: dict[str, str]) -> Iterator[VideoPage]:
        number = 0
        places = enumerate(self.rows.tolist())
        for video_id, group in groupby(places, lambda one: self.answers[one[1]].video_id):
            moments = [
                (place, (name := self.answers[row].sample_id), second_of(name))
                for place, row in group
            ]
            category = self.answers[self.rows[moments[0][0]]].category
            parts = -(-len(moments) // MOMENTS)
            for part in range(parts):
                number += 1
                yield VideoPage(
                    number,
                    video_id,
                    titles.get(video_id, ""),
                    category,
                    part + 1,
                    parts,
                    moments[part * MOMENTS : (part + 1) * MOMENTS],
                )


def second_of(sample_id: str) -> int:
    """The second in a sample's id, "VIDEO@SECOND" with or without a suffix; 0 if there is none."""
    digits = ""
    for mark in sample_id.rpartition("@")[2]:
        if not mark.isdecimal() or not mark.isascii():
            break
        digits += mark
    return int(digits or 0)


def write_moments(
    site: Path,
    candidate_set: CandidateSet,
    answers: Sequence[AnswerRecord],
    entries: Sequence[Entry],
    *,
    text: bool,
    dataset: Dataset | None,
) -> Order:
    """Write all pages and data of the moments of a set.

    Args:
        answers: of the set, in its order.
        entries: of the set, in all settings, in the order in which they are offered.
        text: whether comments, titles and frames may be shown.
        dataset: for titles and frames, where it is at hand.
    """
    shown = dataset if text else None
    titles = {one.video_id: plain(one.title, TITLE) for one in shown.videos} if shown else {}
    order = Order(answers, titles)
    samples = {one.sample_id: one for one in candidate_set.samples()} if text else {}
    images = _Images(site, shown) if shown else None
    common = {
        "set_name": candidate_set.name,
        "runs": _choices(entries),
        "settings": candidate_set.manifest.settings,
        "kinds": order.kinds,
        "shard": SHARD,
        "text": text,
        "samples": len(answers),
    }
    folder = f"moments/{candidate_set.name}"
    write_page(site, f"{folder}/index.html", "moments.html.j2", pages=order.pages, **common)
    for page in order.pages:
        moments = [
            _moment(order, place, samples.get(sample_id), images)
            for place, sample_id, _ in page.moments
        ]
        around = order.pages[max(0, page.number - 2) : page.number + 1]
        write_page(
            site,
            f"{folder}/{page.number}.html",
            "moment.html.j2",
            page=page,
            moments=moments,
            before=next((one for one in around if one.number < page.number), None),
            after=next((one for one in around if one.number > page.number), None),
            **common,
        )
    _write_places(site, candidate_set.name, order)
    for entry in entries:
        for run, scores in zip(entry.runs, entry.scores, strict=True):
            address = f"{candidate_set.name}/{entry.setting}/{run_key(entry, run)}"
            _write_ranks(site, address, scores.sums, order)
    return order


def run_key(entry: Entry, run: Run) -> str:
    """Names a run in addresses."""
    return f"{file_name(entry.submission.name)}.{run.name}"


def _choices(entries: Sequence[Entry]) -> list[tuple[str, str, str]]:
    """Key, label and settings of each run; a run is named where there are several."""
    found: dict[str, tuple[str, list[str]]] = {}
    for entry in entries:
        name = plain(entry.submission.card.name) or plain(entry.submission.name)
        for run in entry.runs:
            label = f"{name}, {run.name}" if len(entry.runs) > 1 else name
            found.setdefault(run_key(entry, run), (label, []))[1].append(entry.setting)
    return [(key, label, " ".join(settings)) for key, (label, settings) in found.items()]


def _moment(
    order: Order, place: int, sample: SampleRecord | None, images: _Images | None
) -> Moment:
    answer = order.answers[order.rows[place]]
    texts = [shown_text(text) for text in sample.candidates] if sample else [""] * CANDIDATES
    groups = [
        (kind, [Candidate(texts[k], answer.train_counts[k], answer.lengths[k]) for k in columns])
        for kind, columns in groupby(order.columns[place].tolist(), answer.types.__getitem__)
    ]
    found = Moment(place, answer.sample_id, second_of(answer.sample_id), answer.n_context, groups)
    if sample is None:
        return found
    offsets = [round(one.time - sample.time, 3) for one in sample.context]
    reach = max([1.0, *map(abs, offsets)])
    around = [
        Around(offset, round(50 + 46 * offset / reach, 2), shown_text(one.text))
        for offset, one in zip(offsets, sample.context, strict=True)
    ]
    found.around.extend(sorted(around, key=lambda one: one.offset))
    if images:
        for second in sorted(set(sample.frames)):
            if address := images.copied(sample.video_id, second):
                found.frames.append((second, address))
    return Moment(**{**vars(found), "reach": reach})


class _Images:
    """Copies the frames of a dataset into the site, once each."""

    def __init__(self, site: Path, dataset: Dataset) -> None:
        self._site, self._dataset = site, dataset
        self._there = (dataset.path / "images").is_dir()

    def copied(self, video_id: str, second: int) -> str:
        """The address of a frame in the site; empty if it was not kept."""
        if not self._there:
            return ""
        folder = self._dataset.path / "images"
        source = folder / video_id / f"{second}.jpg"
        # An id of a video is what somebody wrote: it may not lead out of the folder.
        if not source.is_file() or not source.resolve().is_relative_to(folder.resolve()):
            return ""
        name = hashlib.sha256(video_id.encode()).hexdigest()[:16]
        address = f"images/{self._dataset.info.name}/{name}/{second}.jpg"
        target = self._site / address
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        return address


def _write_ranks(site: Path, address: str, scores: np.ndarray, order: Order) -> None:
    from scipy.stats import rankdata

    correct = np.array([[kind == "correct" for kind in one.types] for one in order.answers])
    best = best_metrics(scores, correct)[order.rows]
    ranks = np.round(MR.column(best), 1)
    reciprocals = np.round(MRR.column(best), 6)
    columns = ",".join(f"{value:g}" for value in ranks), ",".join(f"{v:g}" for v in reciprocals)
    _write_data(site, address, f'{{"rank":[{columns[0]}],"rr":[{columns[1]}]}}')
    ordered = np.take_along_axis(scores[order.rows], order.columns, axis=1)
    # Mean ranks of ties are whole or half: twice a rank fits into a byte.
    halves = np.rint(2 * rankdata(-ordered, axis=1)).astype(np.uint8)
    for number, start in enumerate(range(0, len(halves), SHARD)):
        content = base64.b64encode(halves[start : start + SHARD].tobytes()).decode()
        _write_data(site, f"{address}-{number}", f'"{content}"')


def _write_places(site: Path, set_name: str, order: Order) -> None:
    """Where each moment is: its id, its time and its page."""
    found = [(page.number, one) for page in order.pages for one in page.moments]
    content = {
        "id": [plain(sample_id) for _, (_, sample_id, _) in found],
        "time": [clock(second) for _, (_, _, second) in found],
        "page": [number for number, _ in found],
    }
    _write_data(site, f"{set_name}/places", msgspec.json.encode(content).decode())


def _write_data(site: Path, address: str, content: str) -> None:
    """A script that hands data over, by its address: `content` is JSON."""
    script = f'LiveBench.receive("{address}",{content});\n'
    write_file(site / "data" / f"{address}.js", script.encode())
