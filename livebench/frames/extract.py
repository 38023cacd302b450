"""Frame vectors of a dataset's videos: one video after the other, each done once.

    DATASET/features/NAME-HASH/     where the vectors of one encoder wait until all are there
        ID.f16      float16 [seconds, width] of a video, without a header
        ID.json     what it was made from (`Done`): the sign that the video is done
    DATASET/images/ID/SECOND.jpg    --keep-images
    DATASET/audio/ID.mka            --keep-audio

ID is the beginning of the sha256 of the video's id here, since any name may be an id. A batch holds
pictures of one video alone, so that a video's vectors do not depend on where an earlier run stopped.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from livebench import __version__
from livebench.data.dataset import Dataset, Video
from livebench.errors import LiveBenchError
from livebench.files import new_file, write_text
from livebench.frames.attach import replace_frames
from livebench.frames.container import pyav
from livebench.frames.decode import Seconds
from livebench.frames.encoders import Encoder, encoded
from livebench.frames.keep import jpeg, keep_sound
from livebench.frames.video_files import find_video_files

LOST = "second whose picture cannot be decoded, the last good one taken"
EARLY = "video whose pictures end before it does"
WITHOUT = "video without pictures"


@dataclass(frozen=True)
class Asked:
    """What is asked of an extraction.

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


class Done(msgspec.Struct, frozen=True):
    """A video that is done: its source, as it was then, and what came of it."""

    video_id: str
    file: str
    size: int
    modified_ns: int
    most: int
    images: int
    audio: bool
    seconds: int
    width: int
    damaged: int


@dataclass
class Outcome:
    """What an extraction did.

    Attributes:
        done: ids of the videos encoded now; `before`: how many were done already.
        failed: why, by id of the videos that have no vectors.
        damaged: seconds that stand in for damaged ones, by id, where there are some; `early`: (seconds
            found, duration) of videos whose pictures end too early.
        finished: whether the dataset has the vectors now.
    """

    done: list[str] = field(default_factory=list)
    before: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    damaged: dict[str, int] = field(default_factory=dict)
    early: dict[str, tuple[int, float]] = field(default_factory=dict)
    finished: bool = False


class Extraction:
    """The work on one dataset with one encoder.

    Raises:
        LiveBenchError: the dataset has vectors, and is not to get others; or there is no folder of
            videos.
    """

    def __init__(self, dataset: Dataset, folder: Path, encoder: Encoder, asked: Asked) -> None:
        pyav()  # said before the work
        self.dataset, self.encoder, self.asked = dataset, encoder, asked
        short = hashlib.sha256(encoder.identity.encode()).hexdigest()[:8]
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", encoder.name)[:60]
        self.work = dataset.path / "features" / f"{plain}-{short}"
        if dataset.has_frames and not any(self.work.glob("*.json")) and not asked.replace:
            own = dataset.info.encoder == encoder.identity
            which = "this encoder" if own else f"{dataset.info.encoder or 'an unnamed encoder'!r}"
            raise LiveBenchError(
                f"{dataset.path}: has frame vectors of {which} already; give --replace to make them anew"
            )
        self._files = find_video_files(dataset.videos, Path(folder))
        self._folder = folder
        self.work.mkdir(parents=True, exist_ok=True)
        self._done: dict[str, Done] = {}
        for video in dataset.videos:
            known = self._known(video)
            if known is not None:
                self._done[video.video_id] = known

    @property
    def seconds(self) -> int:
        """About how many pictures are to be encoded."""
        left = [v for v in self.dataset.videos if v.video_id not in self._done]
        return sum(_most(video) for video in left if video.video_id in self._files)

    def run(self, tell: Callable[[int, str], object] = lambda done, remark: None) -> Outcome:
        """Encode what is not done yet; where all is, or bad videos may be left out, finish the dataset.

        Args:
            tell: told how many pictures were encoded since the last time, and of which video.

        Raises:
            LiveBenchError: an encoder of the user's raised, or the disk is full.
        """
        outcome = Outcome(before=len(self._done))
        for video in self.dataset.videos:
            name = video.video_id
            if name not in self._done:
                try:
                    self._done[name] = self._extract(video, tell)
                    outcome.done.append(name)
                except _Unusable as error:
                    outcome.failed[name] = str(error)
                    continue
            done = self._done[name]
            if done.damaged:
                outcome.damaged[name] = done.damaged
            if done.seconds + 1 < int(video.duration):
                outcome.early[name] = done.seconds, video.duration
        if self._done and (self.asked.skip_bad or not outcome.failed):
            self._finish(outcome)
            outcome.finished = True
        return outcome

    def _extract(self, video: Video, tell: Callable[[int, str], object]) -> Done:
        if video.video_id not in self._files:
            raise _Unusable(
                f"{self._folder}: no file {video.video_id} with one of the endings mp4, flv, mkv, webm"
            )
        path = self._files[video.video_id]
        facts = self._facts(video, path)
        seconds, width = Seconds(path, _most(video)), 0
        images = self._images(video)
        try:
            with new_file(self._place(video, "f16")) as file:
                for pictures in _batches(seconds, self.asked.batch):
                    views = np.stack([p.rgb(self.encoder.view) for p in pictures])
                    vectors = self._half(encoded(self.encoder, views), video)
                    width = vectors.shape[1]
                    file.write(vectors.tobytes())
                    if images is not None:
                        first = seconds.count - len(pictures)
                        for second, picture in enumerate(pictures, first):
                            content = jpeg(picture.small(self.asked.keep_images))
                            (images / f"{second}.jpg").write_bytes(content)
                    tell(len(pictures), video.video_id)
            if images is not None:
                final = self.dataset.path / "images" / video.video_id
                shutil.rmtree(final, ignore_errors=True)
                images.chmod(0o755)
                images.rename(final)
            if self.asked.keep_audio:
                _keep_sound(path, self.dataset.path / "audio" / f"{video.video_id}.mka")
        finally:
            if images is not None:
                shutil.rmtree(images, ignore_errors=True)
        tell(_most(video) - seconds.count, video.video_id)
        done = Done(**facts, seconds=seconds.count, width=width, damaged=seconds.damaged)
        write_text(self._place(video, "json"), msgspec.json.encode(done).decode())
        return done

    def _half(self, vectors: np.ndarray, video: Video) -> np.ndarray:
        with np.errstate(over="ignore"):
            half = np.asarray(vectors).astype("<f2")
        if not np.isfinite(half).all():
            raise LiveBenchError(
                f"--encoder {self.encoder.name}: vectors of video {video.video_id} are not finite in "
                "float16; scale them"
            )
        return half

    def _images(self, video: Video) -> Path | None:
        """An empty folder for a video's pictures, if they are to be kept."""
        if not self.asked.keep_images:
            return None
        folder = self.dataset.path / "images"
        folder.mkdir(exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".new-", dir=folder))

    def _place(self, video: Video, ending: str) -> Path:
        name = hashlib.sha256(video.video_id.encode()).hexdigest()[:20]
        return self.work / f"{name}.{ending}"

    def _facts(self, video: Video, path: Path) -> dict:
        """What decides whether a video has to be done again."""
        status = path.stat()
        return {
            "video_id": video.video_id,
            "file": path.name,
            "size": status.st_size,
            "modified_ns": status.st_mtime_ns,
            "most": _most(video),
            "images": self.asked.keep_images,
            "audio": self.asked.keep_audio,
        }

    def _known(self, video: Video) -> Done | None:
        """What an earlier run did of a video, if it still holds."""
        file, path = self._place(video, "json"), self._files.get(video.video_id)
        if not file.is_file() or path is None:
            return None
        try:
            done = msgspec.json.decode(file.read_bytes(), type=Done)
        except msgspec.DecodeError:
            return None
        same = all(getattr(done, key) == value for key, value in self._facts(video, path).items())
        vectors = self._place(video, "f16")
        whole = vectors.is_file() and vectors.stat().st_size == 2 * done.seconds * done.width
        return done if same and whole else None

    def _vectors(self, video: Video) -> np.ndarray:
        done = self._done[video.video_id]
        shape = (done.seconds, done.width)
        return np.memmap(self._place(video, "f16"), "<f2", mode="r", shape=shape)

    def _finish(self, outcome: Outcome) -> None:
        """Give the dataset its vectors; what waited is removed, unless some videos are still missing."""
        widths = {done.width for done in self._done.values()}
        if len(widths) > 1:
            raise LiveBenchError(
                f"--encoder {self.encoder.name}: gave vectors of the widths "
                f"{', '.join(map(str, sorted(widths)))}; all must have the same"
            )
        info = self.dataset.info
        repaired = {LOST: sum(outcome.damaged.values()), EARLY: len(outcome.early)}
        info = msgspec.structs.replace(
            info,
            encoder=self.encoder.identity,
            features={
                "name": self.encoder.name,
                "weights_sha256": self.encoder.weights_sha256,
                "preprocessing": self.encoder.preprocessing,
                "made_by": f"livebench {__version__}, PyAV {pyav().__version__}",
            },
            skipped=_counted(info.skipped, {WITHOUT: len(outcome.failed)}),
            repaired=_counted(info.repaired, repaired),
        )
        counts = {name: done.seconds for name, done in self._done.items()}
        self.dataset = replace_frames(self.dataset, counts, self._vectors, widths.pop(), info)
        if not outcome.failed:
            shutil.rmtree(self.work)
            with contextlib.suppress(OSError):  # other encoders may have work waiting
                self.work.parent.rmdir()


class _Unusable(Exception):
    """Why a video has no vectors."""


def _keep_sound(path: Path, out: Path) -> None:
    try:
        keep_sound(path, out)
    except LiveBenchError as error:
        raise _Unusable(str(error)) from None


def _most(video: Video) -> int:
    """Seconds of a video that can have a picture: comments come before its duration + 1 s."""
    return int(video.duration) + 1


def _batches(seconds: Seconds, size: int) -> Iterator[list]:
    """The pictures of a file, some at a time.

    Raises:
        _Unusable: it has none.
    """
    pictures, source = [], iter(seconds)
    while True:
        try:
            pictures.append(next(source))
        except StopIteration:
            break
        except LiveBenchError as error:
            raise _Unusable(str(error)) from None
        if len(pictures) == size:
            yield pictures
            pictures = []
    if pictures:
        yield pictures


def _counted(known: dict[str, int], new: dict[str, int]) -> dict[str, int]:
    """Counts by rule, those of `new` in place of earlier ones, without zeros."""
    merged = {**known, **new}
    return {rule: merged[rule] for rule in sorted(merged) if merged[rule]}
