"""The oracle of the simulated world: it knows the world's distributions, and what the setting shows.

For a moment it computes log p(comment | what is shown), where p sums to 1 over all strings
(`livebench.simulated.observer`, docs/simulated-world.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import floor, log
from pathlib import Path

from livebench.data.dataset import DatasetSplit
from livebench.data.tokens import remove_space
from livebench.errors import LiveBenchError
from livebench.scoring.scorer import Comment, Scorer, VideoContext
from livebench.simulated.observer import Belief, Observer, Shown
from livebench.simulated.world import Scene, World


@cache
def _default_observer() -> Observer:
    """Shared by all runs and settings of a process, so that comments are parsed once."""
    return Observer(World.default())


class Oracle(Scorer):
    """log p(comment | what the setting shows) in the simulated world."""

    def __init__(self) -> None:
        self._observer = _default_observer()
        self._nothing = self._observer.belief(None, [])

    def fit(self, training: DatasetSplit) -> None:
        """Read the scenes of *all* videos, and learn to recognise moments by their frames.

        Raises:
            LiveBenchError: the dataset is not a simulated world.
        """
        dataset = training.dataset
        self._path = dataset.path
        self._scenes = _read_scenes(dataset.path)
        self._seconds = {}
        for video in dataset.videos:
            rows = dataset.frames(video, range(video.frame_count)).astype("<f2")
            for second, row in enumerate(rows):
                self._seconds[row.tobytes()] = (video.video_id, second)

    def score(
        self, video_ctx: VideoContext, comments: Sequence[Comment], candidate: Comment
    ) -> float:
        return self.score_candidates(video_ctx, comments, [candidate])[0]

    def score_candidates(
        self,
        video_ctx: VideoContext,
        comments: Sequence[Comment],
        candidates: Sequence[Comment],
    ) -> list[float]:
        belief = self._belief(video_ctx, comments)
        texts = [_bare(candidate) for candidate in candidates]
        probabilities = [belief.probability(text) for text in texts]
        if 0 in probabilities:
            impossible = texts[probabilities.index(0)]
            raise LiveBenchError(
                repr(impossible),
                "nobody in the simulated world says this",
                "give the oracle a set of a simulated dataset",
            )
        return list(map(log, probabilities))

    def _belief(self, video_ctx: VideoContext, comments: Sequence[Comment]) -> Belief:
        if not comments and not len(video_ctx.frames):
            return self._nothing  # the same at every moment
        shown = [Shown(_bare(comment), floor(comment.time)) for comment in comments]
        scene = self._scene(video_ctx) if len(video_ctx.frames) else None
        return self._observer.belief(scene, shown)

    def _scene(self, video_ctx: VideoContext) -> Scene:
        second = video_ctx.time + int(video_ctx.frame_times[0])
        frame = video_ctx.frames[0].astype("<f2").tobytes()
        video_id, frame_second = self._seconds.get(frame, ("", -1))
        if frame_second != second:
            raise LiveBenchError(
                self._path,
                "has no such frame",
                "give the oracle the dataset that the candidates were built from",
                f"second {second}",
            )
        return next(s for s in self._scenes[video_id] if s.start <= video_ctx.time < s.stop)


def _bare(comment: Comment) -> str:
    """The text of a comment without white space."""
    return remove_space(comment.text)


def _read_scenes(folder: Path) -> dict[str, list[Scene]]:
    """The scenes of each video, in order."""
    import pyarrow.parquet as pq

    path = folder / "scenes.parquet"
    if not path.is_file():
        raise LiveBenchError(
            folder,
            "not a simulated world (no scenes.parquet), and the oracle knows no other",
            "make one with `livebench simulate`",
        )
    scenes: dict[str, list[Scene]] = {}
    names = Scene.__struct_fields__
    for row in pq.read_table(path, columns=["video_id", *names]).to_pylist():
        scenes.setdefault(row["video_id"], []).append(Scene(**{name: row[name] for name in names}))
    return scenes
