"""Frame vectors of a dataset's videos: one video after the other, each done once.

    DATASET/features/               vectors wait here until all are there (`WorkFolder`)
    DATASET/images/ID/SECOND.jpg    --keep-images; DATASET/images.sha256 when all are there
    DATASET/audio/ID.mka            --keep-audio

A batch holds pictures of one video alone, so that a video's vectors do not depend on where an earlier
run stopped.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np

from livebench import __version__
from livebench.data.dataset import Dataset, Video
from livebench.data.images import IMAGES
from livebench.errors import LiveBenchError
from livebench.files import new_file
from livebench.frames.attach import replace_frames
from livebench.frames.container import pyav
from livebench.frames.decode import Picture, Seconds
from livebench.frames.encoders import Encoder, encoded
from livebench.frames.keep import jpeg, keep_sound
from livebench.frames.video_files import VIDEO_SUFFIXES, find_video_files
from livebench.frames.work_folder import Done, DoneFrom, WorkFolder


@dataclass(frozen=True)
class ExtractionOptions:
    """What the user chooses.

    Attributes:
        batch: pictures that are encoded together, at least 1.
        keep_images: longer side of the pictures kept, in pixels; 0 for none.
        keep_audio: whether sound is kept.
        skip_bad: give the dataset its vectors although some videos have none.
        replace: put them in place of vectors that are there.
    """

    batch: int = 16
    keep_images: int = 0
    keep_audio: bool = False
    skip_bad: bool = False
    replace: bool = False


@dataclass
class Outcome:
    """What an extraction did.

    Attributes:
        done: ids of the videos encoded now; `before`: how many were done already.
        failed: why, by id of the videos that have no vectors.
        damaged: seconds that show an earlier picture because theirs is damaged, by id; `early`: (seconds
            read, duration) of videos whose pictures end too early.
        finished: whether the dataset has the vectors now.
        dropped_images: whether it kept pictures before, which are not those of the new vectors.
    """

    done: list[str] = field(default_factory=list)
    before: int = 0
    failed: dict[str, LiveBenchError] = field(default_factory=dict)
    damaged: dict[str, int] = field(default_factory=dict)
    early: dict[str, tuple[int, float]] = field(default_factory=dict)
    finished: bool = False
    dropped_images: bool = False


class Extraction:
    """The work on one dataset with one encoder.

    Raises:
        LiveBenchError: the dataset has vectors that are not to be replaced, or the folder of videos is
            missing.
    """

    def __init__(
        self, dataset: Dataset, folder: Path, encoder: Encoder, options: ExtractionOptions
    ) -> None:
        pyav()  # if it is missing, that is said before the work
        self.dataset, self.encoder, self.options = dataset, encoder, options
        self.work = WorkFolder(dataset.path, encoder)
        if dataset.has_frames and not self.work.is_used and not options.replace:
            own = dataset.info.encoder == encoder.identity
            which = "this encoder" if own else f"{dataset.info.encoder or 'an unnamed encoder'!r}"
            what = f"has frame vectors of {which} already"
            raise LiveBenchError(dataset.path, what, "give --replace to make them again")
        self._files = find_video_files(dataset.videos, Path(folder))
        self._folder = folder
        self.work.path.mkdir(parents=True, exist_ok=True)
        self._done: dict[str, Done] = {}
        for video in dataset.videos:
            if video.video_id in self._files:
                done = self.work.load(self._facts(video))
                if done is not None and self._has_its_images(done):
                    self._done[video.video_id] = done

    def _has_its_images(self, done: Done) -> bool:
        """Whether the pictures that were kept of a video, if any, are still there."""
        folder = self.dataset.path / IMAGES / done.video_id
        return not done.images or all(
            (folder / f"{second}.jpg").is_file() for second in range(done.seconds)
        )

    @property
    def seconds(self) -> int:
        """About how many pictures are to be encoded."""
        waiting = self._files.keys() - self._done.keys()
        return sum(_most(video) for video in self.dataset.videos if video.video_id in waiting)

    @property
    def waiting(self) -> list[str]:
        """The ids of the videos that have a file and are not done."""
        ids = [video.video_id for video in self.dataset.videos]
        return [one for one in ids if one in self._files and one not in self._done]

    def seconds_of(self, video_id: str) -> int:
        """About how many pictures a video has."""
        return next(_most(one) for one in self.dataset.videos if one.video_id == video_id)

    def encode(self, video_id: str) -> LiveBenchError | None:
        """Encode one video, whose vectors wait in the work folder then; what is wrong with it, if it has
        none.

        Raises:
            LiveBenchError: an encoder of the user's raised, or the disk is full.
        """
        video = next(one for one in self.dataset.videos if one.video_id == video_id)
        try:
            self._done[video_id] = self._extract(video, lambda count, video_id: None)
        except _Unusable as error:
            return error.reason
        return None

    def run(
        self,
        report: Callable[[int, str], object] = lambda count, video_id: None,
        *,
        failed: Mapping[str, LiveBenchError] | None = None,
        now: Collection[str] = (),
    ) -> Outcome:
        """Encode what is not done yet; where all is, or bad videos may be left out, finish the dataset.

        Args:
            report: called with the number of pictures encoded since the last call, and their video.
            failed: videos that are not tried, since others tried, and why they have no vectors.
            now: videos that others encoded, on behalf of this command.

        Raises:
            LiveBenchError: an encoder of the user's raised, or the disk is full.
        """
        known = failed or {}
        outcome = Outcome(before=len(self._done.keys() - set(now)))
        for video in self.dataset.videos:
            video_id = video.video_id
            if video_id in known:
                outcome.failed[video_id] = known[video_id]
                continue
            if video_id in now:
                outcome.done.append(video_id)
            if video_id not in self._done:
                try:
                    self._done[video_id] = self._extract(video, report)
                    outcome.done.append(video_id)
                except _Unusable as error:
                    outcome.failed[video_id] = error.reason
                    continue
            done = self._done[video_id]
            if done.damaged:
                outcome.damaged[video_id] = done.damaged
            if done.seconds + 1 < int(video.duration):
                outcome.early[video_id] = done.seconds, video.duration
        if self._done and (self.options.skip_bad or not outcome.failed):
            self._finish(outcome)
            outcome.finished = True
        return outcome

    def _extract(self, video: Video, report: Callable[[int, str], object]) -> Done:
        if video.video_id not in self._files:
            endings = ", ".join(suffix.removeprefix(".") for suffix in VIDEO_SUFFIXES)
            what = f"no file {video.video_id} with one of the endings {endings}"
            raise _Unusable(LiveBenchError(self._folder, what))
        path, most = self._files[video.video_id], _most(video)
        facts = msgspec.structs.asdict(self._facts(video))
        seconds, width = Seconds(path, most), 0
        vectors_path = self.work.vectors_path(video.video_id)
        with self._images(video) as images, new_file(vectors_path) as file:
            for pictures in _batches(seconds, self.options.batch):
                views = np.stack([picture.rgb(self.encoder.view) for picture in pictures])
                vectors = self._half(encoded(self.encoder, views), video)
                width = vectors.shape[1]
                file.write(vectors.tobytes())
                if images is not None:
                    first = seconds.count - len(pictures)
                    for second, picture in enumerate(pictures, first):
                        content = jpeg(picture.small(self.options.keep_images))
                        (images / f"{second}.jpg").write_bytes(content)
                report(len(pictures), video.video_id)
        if self.options.keep_audio:
            with _unusable():
                keep_sound(path, self.dataset.path / "audio" / f"{video.video_id}.mka")
        report(most - seconds.count, video.video_id)
        done = Done(**facts, seconds=seconds.count, width=width, damaged=seconds.damaged)
        self.work.save(done)
        return done

    def _half(self, vectors: np.ndarray, video: Video) -> np.ndarray:
        with np.errstate(over="ignore"):
            half = np.asarray(vectors).astype("<f2")
        if not np.isfinite(half).all():
            what = f"vectors of video {video.video_id} are not finite in float16"
            raise LiveBenchError(f"--encoder {self.encoder.name}", what, "scale them")
        return half

    @contextlib.contextmanager
    def _images(self, video: Video) -> Iterator[Path | None]:
        """A folder for a video's pictures, if they are to be kept; it takes its name when the block ends
        well."""
        if not self.options.keep_images:
            yield None
            return
        folder = self.dataset.path / IMAGES
        folder.mkdir(exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
        try:
            yield temporary
            shutil.rmtree(folder / video.video_id, ignore_errors=True)
            temporary.chmod(0o755)
            temporary.rename(folder / video.video_id)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _facts(self, video: Video) -> DoneFrom:
        path = self._files[video.video_id]
        status = path.stat()
        return DoneFrom(
            video_id=video.video_id,
            file=path.name,
            size=status.st_size,
            modified_ns=status.st_mtime_ns,
            most=_most(video),
            images=self.options.keep_images,
            audio=self.options.keep_audio,
        )

    def _finish(self, outcome: Outcome) -> None:
        """Give the dataset its vectors; what waited is removed, unless some videos are still missing."""
        widths = {done.width for done in self._done.values()}
        if len(widths) > 1:
            numbers = ", ".join(map(str, sorted(widths)))
            what = f"gave vectors of the widths {numbers}; all must have the same"
            raise LiveBenchError(f"--encoder {self.encoder.name}", what)
        info = self.dataset.info
        outcome.dropped_images = bool(info.images_sha256) and not self.options.keep_images
        skipped = {"video without pictures": len(outcome.failed)}
        repaired = {
            "second whose picture cannot be decoded, the last good one taken": sum(
                outcome.damaged.values()
            ),
            "video whose pictures end before it does": len(outcome.early),
        }
        info = msgspec.structs.replace(
            info,
            encoder=self.encoder.identity,
            features={
                "name": self.encoder.name,
                "weights_sha256": self.encoder.weights_sha256,
                "preprocessing": self.encoder.preprocessing,
                "made_by": f"livebench {__version__}, PyAV {pyav().__version__}",
            },
            skipped=_counted(info.skipped, skipped),
            repaired=_counted(info.repaired, repaired),
        )
        self.dataset = replace_frames(
            self.dataset,
            {video_id: done.seconds for video_id, done in self._done.items()},
            lambda video: self.work.vectors(self._done[video.video_id]),
            widths.pop(),
            info,
            images=self.options.keep_images > 0,
        )
        if not outcome.failed:
            self.work.remove()


class _Unusable(Exception):
    """A video has no vectors; `reason` says why."""

    def __init__(self, reason: LiveBenchError) -> None:
        super().__init__(reason)
        self.reason = reason


@contextlib.contextmanager
def _unusable() -> Iterator[None]:
    """Errors in the block are the video's own, and leave the others alone."""
    try:
        yield
    except LiveBenchError as error:
        raise _Unusable(error) from None


def _most(video: Video) -> int:
    """Seconds of a video that can have a picture: comments come before its duration + 1 s."""
    return int(video.duration) + 1


def _batches(seconds: Seconds, size: int) -> Iterator[list[Picture]]:
    """The pictures of a file, some at a time.

    Raises:
        _Unusable: it has none.
    """
    pictures = iter(seconds)
    while True:
        with _unusable():
            batch = list(islice(pictures, size))
        if not batch:
            return
        yield batch


def _counted(known: dict[str, int], new: dict[str, int]) -> dict[str, int]:
    """Counts by rule, those of `new` in place of earlier ones, without zeros."""
    merged = {**known, **new}
    return {rule: merged[rule] for rule in sorted(merged) if merged[rule]}
