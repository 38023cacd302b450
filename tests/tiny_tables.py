"""A tiny dataset of invented comments, as tables that `livebench import tables` reads."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np

VIDEOS, SECONDS, WIDTH = 26, 60, 4
BURSTS = (4, 11, 12, 25, 40, 58)
SUBJECTS = [
    "小猫",
    "熊猫",
    "司机",
    "厨师",
    "老师",
    "足球",
    "火锅",
    "雪山",
    "吉他",
    "机器人",
    "海豚",
    "包子",
    "月亮",
    "火车",
    "画家",
    "外婆",
]
ACTIONS = [
    "跳起来了",
    "睡着了",
    "在唱歌",
    "掉进河里",
    "太好笑",
    "看不懂",
    "终于赢了",
    "飞走了",
    "好可怜",
    "真厉害",
    "来晚了",
    "又迟到",
]
MOODS = ["哈哈", "泪目", "啊啊啊", "awsl", "前方高能", "！！！", "233", "好耶"]
FILLERS = ["哈哈哈", "前方高能", "泪目", "233333", "awsl", "好听", "来了", "第一", "打卡"]


def tiny_comments(video: int) -> list[tuple[float, str]]:
    """Comments of a video: six seconds with 5 to 7 of them, others scattered, in no order of time."""
    times = [second + 0.12 * k for second in BURSTS for k in range(5 + (video + second) % 3)]
    times += [(7.3 * k + 1.7 * video) % SECONDS for k in range(14)]
    found = []
    for k, time in enumerate(times):
        number = video * 37 + k * k * 5 + k
        text = SUBJECTS[number % 16] + ACTIONS[(number // 3 + k) % 12]
        if k % 3 == 1:
            text += MOODS[(number // 7) % 8]
        if k % 5 == 2:
            text = FILLERS[(number * k) % 9 * (number % 2)]
        if k % 7 == 3:
            text = f"{text[:2]} {text[2:]}"  # the same comment as without the space
        found.append((round(time, 3), text))
    return sorted(found, key=lambda one: (one[1], one[0]))


def write_csv(path: Path, rows: Iterable[Iterable[object]]) -> None:
    """Write a table; the first row is the header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def write_tables(folder: Path, *, videos: int = VIDEOS, frames: bool = False) -> Path:
    """The tiny dataset as a source of `livebench import tables`."""
    ids = [f"v{number:02}" for number in range(videos)]
    titles = [f"{SUBJECTS[n * 5 % 16]}的一天 {ACTIONS[n % 12]}" for n in range(videos)]
    rows = [(ids[n], titles[n], "动物" if n % 2 else "美食", SECONDS) for n in range(videos)]
    write_csv(folder / "videos.csv", [("video_id", "title", "category", "duration"), *rows])
    comments = [(ids[n], time, text) for n in range(videos) for time, text in tiny_comments(n)]
    write_csv(folder / "comments.csv", [("video_id", "time", "text"), *comments])
    if frames:
        (folder / "frames").mkdir()
        for n in range(videos):
            count = SECONDS - n % 3  # some videos end before their last comment
            values = n + np.arange(count * WIDTH).reshape(count, WIDTH) / 256
            np.save(folder / "frames" / f"{ids[n]}.npy", values.astype(np.float32))
    return folder
