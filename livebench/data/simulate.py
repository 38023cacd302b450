"""Samples a simulated world and writes it as a dataset, its latent state beside it.

    scenes.parquet   video_id, scene, start, stop (seconds), subject, action, place, mood
    latent.parquet   a row a comment, in the order of comments.parquet: kind; scene (row of
                     scenes.parquet) or -1; parent (row of comments.parquet) or -1

Videos and comments are the same on any machine, Python and numpy: they are drawn from one
`random.Random` a video, seeded by a string, by arithmetic that IEEE 754 fixes to the last bit
(no logarithms, no powers). Frame vectors come from numpy, rounded to float16.
"""

from __future__ import annotations

import bisect
import hashlib
import math
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np

from livebench.data.dataset import Dataset, DatasetInfo, Video, write_dataset
from livebench.data.grammar import Slots, Words
from livebench.data.split import split_videos
from livebench.data.world import (
    REPLY_WITHIN_MS,
    SCENE_LAG_MS,
    SCENE_SLOTS,
    Scene,
    World,
    reply_weight,
)
from livebench.errors import LiveBenchError

SHORTEST, LONGEST = 60, 240
"""Seconds of a video; its last scene may outlast the second."""
SCENE_SECONDS = (5, 20)
SUBJECT_SHARES = (4, 3, 2, 1)
PLACE_SHARES = (5, 3, 2)
"""How often each of a video's subjects and places is seen."""

HEAT = {0.3: 6, 1.0: 2, 2.6: 4}
"""How lively scenes are: factor, and how many of 12 scenes have it."""
SPONTANEOUS = 1.65
"""Comments a second that answer to nothing, in a scene of factor 1 of a video of mean popularity."""
BRANCHING = 0.4
"""Further comments that a comment excites, on average (Poisson)."""
EXCITED_SCALE_MS = 1200
"""They come after d ms with density 2 / c * (1 + d / c)**-3: half of them within 0.41 c."""

WIDTH = 64
DRIFT, NOISE = 0.25, 0.35
"""Standard deviation of the drift of a video's vectors, and of each second's own noise; a scene's
vector has 1."""


class Comment(NamedTuple):
    """A comment of a video, with its latent state; `scene` and `parent` are places in the video's
    lists, -1 where there is none."""

    time_ms: int
    text: str
    kind: str
    scene: int
    parent: int


class SimulatedVideo(NamedTuple):
    """A video, its scenes, and its comments in order of time."""

    video_id: str
    title: str
    category: str
    scenes: list[Scene]
    comments: list[Comment]


def simulate_dataset(
    out: Path, *, seed: int, videos: int = 300, dev: int | None = None, test: int | None = None
) -> Dataset:
    """Sample a world and write it.

    A video depends on the seed and its own id alone: more videos leave the others as they were
    (their split may change).

    Args:
        out: folder of the dataset; must not exist.
        seed: any whole number.
        videos: how many.
        dev, test: how many of them for development and test; by default a fifth each, at least one.

    Raises:
        LiveBenchError: `out` cannot be written, or no video is left for training.
    """
    if videos < 1:
        raise LiveBenchError(f"--videos {videos}: must be at least 1")
    if Path(out).exists():  # said before the work, not after it
        raise LiveBenchError(f"{out}: exists already; remove it or choose another --out")
    dev = max(1, videos // 5) if dev is None else dev
    test = max(1, videos // 5) if test is None else test
    ids = [f"v{number:05d}" for number in range(1, videos + 1)]
    splits = split_videos(ids, dev=dev, test=test, seed=seed)
    world = World.default()
    made = [simulate_video(world, seed, number) for number in range(1, videos + 1)]
    rows = []
    for video, split in zip(made, splits, strict=True):
        seconds = video.scenes[-1].stop
        rows.append(
            Video(
                video.video_id,
                video.title,
                video.category,
                duration=float(seconds),
                split=split,
                frame_count=seconds,
            )
        )
    info = DatasetInfo(
        name="simulated",
        source=f"livebench simulate --seed {seed} --videos {videos}",
        licence="MIT",
        citation="LiveBench, docs/simulated-world.md",
        version=str(seed),
        encoder=f"sum of random embeddings of the scene's words, drift, noise; width {WIDTH}",
        split={"dev": dev, "test": test, "seed": seed},
        recipe=f"simulate --seed {seed} --videos {videos} --dev {dev} --test {test}".split(),
    )
    by_id = {video.video_id: video for video in made}
    sizes = [len(video.comments) for video in made]
    comments = [comment for video in made for comment in video.comments]
    return write_dataset(
        out,
        info,
        rows,
        comment_video=np.repeat(np.arange(videos), sizes),
        comment_time_ms=np.array([comment.time_ms for comment in comments], np.int64),
        comment_texts=[comment.text for comment in comments],
        frames=lambda video: frame_vectors(seed, by_id[video.video_id]),
        finish=lambda folder, order: _write_latent(folder, order, made),
    )


def simulate_video(world: World, seed: int, number: int) -> SimulatedVideo:
    """Sample the video of a number (from 1) of the world of a seed."""
    video_id = f"v{number:05d}"
    random = Random(f"livebench/{seed}/{video_id}")
    category = world.categories.sample(random)
    subjects = _distinct(world.lists["subject"].mains_in(category), len(SUBJECT_SHARES), random)
    places = _distinct(world.lists["place"].mains_in(category), len(PLACE_SHARES), random)
    shown = {
        "subject": Words(dict(zip(subjects, SUBJECT_SHARES, strict=False))),
        "place": Words(dict(zip(places, PLACE_SHARES, strict=False))),
        "action": world.lists["action"].mains_in(category),
        "mood": world.lists["mood"].mains_in(category),
    }
    title = _title(world, category, subjects, places, number, random)
    scenes = _scenes(shown, random)
    popularity = 0.75 + 0.5 * random.random()
    times = comment_times(scenes, popularity, random)
    comments = _comments(world, title, scenes, times, random)
    return SimulatedVideo(video_id, title, category, scenes, comments)


def _distinct(words: Words, count: int, random: Random) -> list[str]:
    """Draw up to `count` different words, fewer only if there are no more."""
    drawn: dict[str, None] = {}
    while len(drawn) < min(count, len(words.strings)):
        drawn[words.sample(random)] = None
    return list(drawn)


def _title(
    world: World,
    category: str,
    subjects: list[str],
    places: list[str],
    number: int,
    random: Random,
) -> str:
    names = {
        "category": category,
        "subject": subjects[0],
        "subject2": subjects[1 % len(subjects)],
        "place": places[0],
        "place2": places[1 % len(places)],
        "number": str(number),
    }
    slots = {name: Words({word: 1.0}) for name, word in names.items()}
    return world.grammar.sample("video_title", slots, random)


def _scenes(shown: dict[str, Words], random: Random) -> list[Scene]:
    """Scenes one after the other, until the video is as long as it shall be."""
    drawn = random.random()
    length = SHORTEST + int((LONGEST - SHORTEST) * drawn * drawn)  # short videos are more frequent
    scenes: list[Scene] = []
    stop = 0
    while stop < length:
        start = stop
        stop += SCENE_SECONDS[0] + int((SCENE_SECONDS[1] - SCENE_SECONDS[0] + 1) * random.random())
        scenes.append(
            Scene(start, stop, **{slot: shown[slot].sample(random) for slot in SCENE_SLOTS})
        )
    return scenes


def comment_times(scenes: list[Scene], popularity: float, random: Random) -> list[int]:
    """Times in ms of a Hawkes process whose base rate depends on the scene; ascending.

    Sampled by its clusters: spontaneous comments are a Poisson process, and each comment excites a
    Poisson number of further ones with power-law delays.
    """
    heats = Words({str(heat): float(share) for heat, share in HEAT.items()})
    end = scenes[-1].stop * 1000
    waiting = []
    for scene in scenes:
        rate = SPONTANEOUS * popularity * float(heats.sample(random))
        for second in range(scene.start, scene.stop):
            count = _poisson(rate, random)
            waiting += [second * 1000 + int(1000 * random.random()) for _ in range(count)]
    times = []
    while waiting:
        time = waiting.pop()
        times.append(time)
        for _ in range(_poisson(BRANCHING, random)):
            # Inverse of the distribution function 1 - (1 + d / c)**-2; a root is exact in IEEE 754.
            delay = EXCITED_SCALE_MS * (1 / math.sqrt(1 - random.random()) - 1)
            if time + delay < end:
                waiting.append(time + int(delay))
    return sorted(times)


def _poisson(mean: float, random: Random) -> int:
    """Draw from a Poisson distribution by inversion; for means up to about 20."""
    # exp(-mean), by its series at mean / 64: the same on any machine, unlike math.exp.
    small, term, total = -mean / 64, 1.0, 1.0
    for power in range(1, 16):
        term *= small / power
        total += term
    for _ in range(6):
        total *= total
    drawn, count, probability = random.random(), 0, total
    while drawn >= probability and count < 1000:
        drawn -= probability
        count += 1
        probability *= mean / count
    return count


def _comments(
    world: World, title: str, scenes: list[Scene], times: list[int], random: Random
) -> list[Comment]:
    starts = [scene.start * 1000 for scene in scenes]
    moments = [world.moment([(1.0, scene)], [], title) for scene in scenes]
    comments: list[Comment] = []
    answers: list[tuple[str, Slots] | None] = []  # how a reply to each comment would be
    last_answerable = -REPLY_WITHIN_MS
    for time in times:
        kind = world.sample_kind(time - last_answerable < REPLY_WITHIN_MS, random)
        scene = parent = -1
        moment = moments[0]
        if kind in ("filler", "scene"):
            seen = max(0, time - int(SCENE_LAG_MS * random.random()))
            scene = bisect.bisect(starts, seen) - 1
            moment = moments[scene]
        elif kind == "reply":
            parents, weights = _parents(comments, answers, time)
            drawn = random.random() * weights[-1]
            parent = parents[min(bisect.bisect(weights, drawn), len(parents) - 1)]
            moment = {"reply": [(1.0, *answers[parent])]}
        text = world.sample(kind, moment, random)
        comments.append(Comment(time, text, kind, scene, parent))
        answers.append(world.answer(text))
        if answers[-1] is not None:
            last_answerable = time
    return comments


def _parents(
    comments: list[Comment], answers: list[tuple[str, Slots] | None], time: int
) -> tuple[list[int], list[float]]:
    """Comments of the last 5 s that say something to reply to, and their cumulative weights."""
    parents: list[int] = []
    weights: list[float] = []
    total = 0.0
    for index in range(len(comments) - 1, -1, -1):
        lag = time - comments[index].time_ms
        if lag >= REPLY_WITHIN_MS:
            break
        if answers[index] is not None:
            total += reply_weight(lag)
            parents.append(index)
            weights.append(total)
    return parents, weights


def word_vector(slot: str, word: str) -> np.ndarray:
    """The embedding of a scene's word: float64 [WIDTH], standard normal, the same in every world."""
    return _normal(f"{slot}/{word}", 1)[0]


def frame_vectors(seed: int, video: SimulatedVideo) -> np.ndarray:
    """One vector a second: float16 [seconds, WIDTH].

    Half the sum of the embeddings of the scene's four words, plus a drift that wanders slowly over
    the video (autoregressive, 0.95 a second), plus noise of each second's own.
    """
    seconds = video.scenes[-1].stop
    steps = _normal(f"{seed}/{video.video_id}/drift", seconds)
    noise = _normal(f"{seed}/{video.video_id}/noise", seconds)
    keep = 0.95
    vectors = np.empty((seconds, WIDTH))
    drift = steps[0]
    for scene in video.scenes:
        words = [word_vector(slot, getattr(scene, slot)) for slot in SCENE_SLOTS]
        vectors[scene.start : scene.stop] = np.sum(words, axis=0) / 2
    for second in range(seconds):
        if second:
            drift = keep * drift + math.sqrt(1 - keep * keep) * steps[second]
        vectors[second] += DRIFT * drift + NOISE * noise[second]
    return vectors.astype(np.float16)


def _normal(name: str, rows: int) -> np.ndarray:
    digest = hashlib.sha256(f"livebench/{name}".encode()).digest()
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
    return generator.standard_normal((rows, WIDTH))


def _write_latent(folder: Path, order: np.ndarray, videos: list[SimulatedVideo]) -> None:
    """Write scenes.parquet and latent.parquet; `order`: where the written comments come from."""
    import pandas as pd

    scenes = [
        (video.video_id, number, *(getattr(scene, name) for name in Scene.__struct_fields__))
        for video in videos
        for number, scene in enumerate(video.scenes)
    ]
    names = ["video_id", "scene", *Scene.__struct_fields__]
    pd.DataFrame(scenes, columns=names).to_parquet(folder / "scenes.parquet", index=False)
    rows, first_scene, first_comment = [], 0, 0
    for video in videos:
        for comment in video.comments:
            scene = -1 if comment.scene < 0 else first_scene + comment.scene
            parent = -1 if comment.parent < 0 else first_comment + comment.parent
            rows.append((comment.kind, scene, parent))
        first_scene += len(video.scenes)
        first_comment += len(video.comments)
    latent = pd.DataFrame(rows, columns=["kind", "scene", "parent"]).iloc[order]
    place = np.empty(len(order) + 1, np.int64)
    place[order] = np.arange(len(order))
    place[-1] = -1  # so that the parent -1 stays -1
    latent["parent"] = place[latent["parent"].to_numpy()]
    latent.to_parquet(folder / "latent.parquet", index=False)
