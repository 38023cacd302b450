"""The pages of single samples: frames, surrounding comments, candidates, and who ranked them how.

    moments/SET/index.html           all moments, by video
    moments/SET/N.html               the moments of a video, at most MOMENTS of them; all text is here
    images/DATASET/VIDEO/SECOND.jpg  what `livebench features --keep-images` kept

A page loads what is looked at: text with the page, ranks by shard (moment_data.py).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from livebench.data.dataset import Dataset
from livebench.errors import one_line
from livebench.files import is_inside
from livebench.human.sheets.blind import shown_text
from livebench.leaderboard.collect import Section
from livebench.leaderboard.entries import Entry
from livebench.records import CANDIDATES, SampleRecord
from livebench.site.boards import run_key
from livebench.site.moment_data import SHARD, write_moment_data
from livebench.site.moment_order import MomentOrder, PlacedMoment
from livebench.site.pages import write_site_page

TITLE = 120
"""Characters of a title that are shown."""


class ShownCandidate(NamedTuple):
    """A candidate as it is listed: `text` is empty where it may not be shown; `in_training` is how often
    it occurs there, `words` their number."""

    text: str
    in_training: int
    words: int


class ShownComment(NamedTuple):
    """A surrounding comment: seconds from the moment, and its place on the time line in per cent."""

    offset: float
    at: float
    text: str


@dataclass(frozen=True)
class ShownMoment:
    """A sample as its page shows it.

    Attributes:
        groups: the candidates of each type, types in the order of the pages.
        reach: seconds from the moment to the farthest of the comments `around` it, at least 1.
        frames: second and address of each.
    """

    place: int
    sample_id: str
    second: int
    n_context: int
    groups: list[tuple[str, list[ShownCandidate]]]
    reach: float
    around: list[ShownComment]
    frames: list[tuple[int, str]]


def write_moments(
    site: Path, section: Section, entries: Sequence[Entry], *, text: bool, dataset: Dataset | None
) -> None:
    """Write all pages and data of the moments of a set.

    Args:
        entries: in all settings, in the order in which they are offered.
        text: whether comments, titles and frames may be shown.
        dataset: for titles and frames, where it is available.
    """
    candidate_set = section.candidate_set
    shown = dataset if text else None
    titles = {v.video_id: one_line(v.title, TITLE) for v in shown.videos} if shown else {}
    order = MomentOrder(section.answers, titles)
    samples = {s.sample_id: s for s in candidate_set.samples()} if text else {}
    images = _Images(site, shown) if shown else None
    common = {
        "set_name": candidate_set.name,
        "runs": _choices(entries),
        "settings": candidate_set.settings,
        "types": order.types,
        "shard": SHARD,
        "text": text,
        "samples": section.samples,
    }
    folder = f"moments/{candidate_set.name}"
    write_site_page(site, f"{folder}/index.html", "moments.html.j2", pages=order.pages, **common)
    pages = order.pages
    for before, page, after in zip([None, *pages[:-1]], pages, [*pages[1:], None], strict=True):
        write_site_page(
            site,
            f"{folder}/{page.number}.html",
            "moment.html.j2",
            page=page,
            moments=[
                _moment(order, placed, samples.get(placed.sample_id), images)
                for placed in page.moments
            ],
            before=before,
            after=after,
            **common,
        )
    write_moment_data(site, candidate_set.name, order, entries)


def _choices(entries: Sequence[Entry]) -> list[tuple[str, str, str]]:
    """Key, label and settings of each run; a run is named where there are several."""
    choices: dict[str, tuple[str, list[str]]] = {}
    for entry in entries:
        name = one_line(entry.submission.card.name) or one_line(entry.folder)
        for run in entry.runs:
            label = f"{name}, {run.name}" if len(entry.runs) > 1 else name
            choices.setdefault(run_key(entry, run), (label, []))[1].append(entry.setting)
    return [(key, label, " ".join(settings)) for key, (label, settings) in choices.items()]


def _moment(
    order: MomentOrder, placed: PlacedMoment, sample: SampleRecord | None, images: _Images | None
) -> ShownMoment:
    row, answers = order.rows[placed.place], order.answers
    texts = [shown_text(text) for text in sample.candidates] if sample else [""] * CANDIDATES
    candidates = [
        ShownCandidate(*columns)
        for columns in zip(
            texts, answers.train_counts[row].tolist(), answers.lengths[row].tolist(), strict=True
        )
    ]
    groups = [
        (name, [candidates[column] for column in columns])
        for name, columns in groupby(
            order.columns[placed.place].tolist(), answers.types[row].tolist().__getitem__
        )
    ]
    around = [(round(c.time - sample.time, 3), c.text) for c in sample.context] if sample else []
    reach = max([1.0, *(abs(offset) for offset, _ in around)])
    return ShownMoment(
        *placed,
        n_context=int(answers.n_context[row]),
        groups=groups,
        reach=reach,
        around=[
            ShownComment(offset, round(50 + 46 * offset / reach, 2), shown_text(text))
            for offset, text in sorted(around, key=lambda comment: comment[0])
        ],
        frames=images.frames(sample) if sample and images else [],
    )


class _Images:
    """Copies the frames of a dataset into the site, once each."""

    def __init__(self, site: Path, dataset: Dataset) -> None:
        self._site, self._name = site, dataset.info.name
        self._folder = dataset.path / "images"

    def frames(self, sample: SampleRecord) -> list[tuple[int, str]]:
        """Second and address of the frames of a sample, of those that were kept."""
        frames = [(second, self._copied(sample.video_id, second)) for second in set(sample.frames)]
        return sorted((second, address) for second, address in frames if address)

    def _copied(self, video_id: str, second: int) -> str:
        """The address of a frame in the site; empty if it was not kept."""
        source = self._folder / video_id / f"{second}.jpg"
        # The id of a video is what somebody wrote: it may not lead out of the folder.
        if not source.is_file() or not is_inside(source, self._folder):
            return ""
        name = hashlib.sha256(video_id.encode()).hexdigest()[:16]
        address = f"images/{self._name}/{name}/{second}.jpg"
        target = self._site / address
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        return address
