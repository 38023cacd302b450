"""The oracle of the simulated world: it knows the world's own formulas, and what the setting shows.

For a moment it gives log p(comment | what is shown), with p a distribution over all strings that sums
to 1 (`livebench.probes.observer`, docs/simulated-world.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from math import log
from pathlib import Path

from livebench.data.dataset import DatasetSplit
from livebench.data.tokens import remove_space
from livebench.data.world import Scene, World, scene_weights
from livebench.errors import LiveBenchError
from livebench.probes.observer import Belief, Observer, Shown
from livebench.scoring.scorer import Comment, Scorer, VideoContext

POINTS_MS = (100, 300, 500, 700, 900)
"""When in its second a candidate may stand: its time is not told."""
CHAIN_AGE_S = 2
"""A chain of replies that is not shown is about the scene of this long ago."""


@cache
def _default_observer() -> Observer:
    """One for all runs and settings of a process: comments are parsed once."""
    return Observer(World.default())


class Oracle(Scorer):
    """log p(comment | what the setting shows) in the simulated world.

    Args:
        gain: instead give log p(comment | what is shown) - log p(comment | nothing shown): by how
            much the moment makes the comment more probable.
    """

    def __init__(self, gain: bool = False) -> None:
        self._gain = gain
        self._observer = _default_observer()

    def fit(self, training: DatasetSplit) -> None:
        """Read the scenes of *all* videos, and learn to tell moments by their frames.

        Raises:
            LiveBenchError: the dataset is not a simulated world.
        """
        dataset = training._dataset
        self._path = dataset.path
        self._scenes = _read_scenes(dataset.path)
        self._seconds = {}
        for video in dataset.videos:
            rows = dataset.frames(video, range(video.frame_count)).astype("<f2")
            for second, row in enumerate(rows):
                self._seconds[row.tobytes()] = (video.video_id, second)

    def score(self, video_ctx, comments, candidate) -> float:
        return self.score_candidates(video_ctx, comments, [candidate])[0]

    def score_candidates(
        self,
        video_ctx: VideoContext,
        comments: Sequence[Comment],
        candidates: Sequence[Comment],
    ) -> list[float]:
        belief = self._belief(video_ctx, comments)
        texts = [remove_space(candidate.text) for candidate in candidates]
        scores = [log(belief.probability(text)) for text in texts]
        if self._gain:
            scores = [
                score - log(self._observer.prior(text))
                for score, text in zip(scores, texts, strict=True)
            ]
        return scores

    def _belief(self, video_ctx: VideoContext, comments: Sequence[Comment]) -> Belief:
        # Seconds from the candidate's own second, which lasts from 0 to 1.
        shown = [
            Shown(remove_space(one.text), one.time if one.time < 0 else max(0.0, one.time - 1))
            for one in comments
        ]
        if not len(video_ctx.frames):
            return self._observer.belief(None, None, None, shown)
        scenes = self._scenes_of(video_ctx)
        now = [
            (weight / len(POINTS_MS), scenes[index])
            for point in POINTS_MS
            for weight, index in scene_weights(video_ctx.time * 1000 + point, scenes)
        ]
        past = max(0, video_ctx.time - CHAIN_AGE_S)
        older = next((s for s in scenes if s.start <= past < s.stop), scenes[-1])
        return self._observer.belief(_merged(now), [(1.0, older)], video_ctx.title, shown)

    def _scenes_of(self, video_ctx: VideoContext) -> list[Scene]:
        found = self._seconds.get(video_ctx.frames[0].astype("<f2").tobytes())
        second = video_ctx.time + int(video_ctx.frame_times[0])
        if found is None or found[1] != second:
            raise LiveBenchError(
                f"{self._path}: has no such frame at second {second}; the oracle needs the dataset "
                "that the candidates were built from"
            )
        return self._scenes[found[0]]


def _merged(scenes: Iterable[tuple[float, Scene]]) -> list[tuple[float, Scene]]:
    weights: dict[Scene, float] = {}
    for weight, scene in scenes:
        weights[scene] = weights.get(scene, 0.0) + weight
    return [(weight, scene) for scene, weight in weights.items()]


def _read_scenes(folder: Path) -> dict[str, list[Scene]]:
    """The scenes of each video, in order."""
    import pyarrow.parquet as pq

    path = folder / "scenes.parquet"
    if not path.is_file():
        raise LiveBenchError(
            f"{folder}: not a simulated world (no scenes.parquet), and the oracle knows no other"
        )
    scenes: dict[str, list[Scene]] = {}
    names = Scene.__struct_fields__
    for row in pq.read_table(path, columns=["video_id", *names]).to_pylist():
        scenes.setdefault(row["video_id"], []).append(Scene(**{name: row[name] for name in names}))
    return scenes
