"""Sources that are made up: a crawl and an archive in the layout of the real ones, in repositories."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path

from livebench.sources.source import Part, Source, SourceSplit

VIDEOS = 8
BAD = b"\xff\xff"  # not in gb18030


def crawl(folder: Path) -> Path:
    """Tables as the crawl of Bilibili has them, of two categories, beside files that nobody reads."""
    for category in ("猫", "狗"):
        rows = ["href,时长,名称,BV号"]
        for number in range(VIDEOS):
            video_id = f"BV{category == '狗':d}{number}"
            rows.append(f'x,1:0{number},"{category}, 第{number}集",{video_id}')
            lines = [
                f"{n},{n}.50{n}00,滚动,{video_id}第{number}次看{n}".encode("gb18030")
                for n in range(6)
            ]
            head = ",弹幕出现时间,弹幕模式,弹幕内容".encode("gb18030")
            write(folder / f"弹幕(详细)/{category}/{video_id}.csv", b"\r\n".join([head, *lines]))
        rows.append("x,2:00,没有弹幕,BVnone")
        write(folder / f"源数据/{category}.csv", "\n".join(rows).encode("gb18030"))
    odd = [",弹幕出现时间,弹幕内容", "1,x,不是时间", "2,-1,以前", "3,5, ", "4", "5,7,好看"]
    first = folder / "弹幕(详细)/狗/BV00.csv"  # of the video of the other category: the second file
    write(first, "\n".join(odd).encode("gb18030") + BAD)
    write(folder / "弹幕(详细)/猫/BV01.csv", "\n".join(odd).encode("gb18030") + BAD)
    write(folder / "弹幕(详细)/猫/BV02.csv", ",弹幕\n1,没有时间".encode("gb18030"))
    write(folder / "弹幕(详细)/猫/BVother.csv", ",弹幕出现时间,弹幕内容\n1,2,好".encode("gb18030"))
    write(folder / "picture.png", os.urandom(50_000))
    return folder


def episode(number: int) -> bytes:
    """The comments of an episode, as Niconico's API gives them."""

    def thread(fork, *comments):
        rows = [{"id": "0", "vposMs": time, "body": body} for time, body in comments]
        return {"id": "1", "fork": fork, "commentCount": len(rows), "comments": rows}

    main = [(1000 * n + number, f"{number}話{n}かわいい") for n in range(12)]
    threads = [
        thread("owner", (10, "ようこそ")),
        thread("main", *main, (500, "  "), (-20, "早い")),
        thread("easy", (20, "うぽつ")),
    ]
    return json.dumps({"meta": {"status": 200}, "data": {"threads": threads}}).encode()


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def run(folder: Path, *arguments: str) -> str:
    names = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
    named = {f"GIT_{name}": "x@example.org" for name in names}
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | named
    ).stdout.strip()


def committed(folder: Path, branch: str = "main") -> str:
    """Make a repository of a folder, or one more branch of it; return its commit."""
    if not (folder / ".git").exists():
        run(folder, "init", "--quiet", "-b", branch)
        run(folder, "config", "uploadpack.allowFilter", "true")
        run(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    else:
        run(folder, "checkout", "--quiet", "--orphan", branch)
    run(folder, "add", "-A")
    run(folder, "commit", "--quiet", "-m", "as it is")
    return run(folder, "rev-parse", "HEAD")


def source_of(
    folder: Path, commits: dict[str, str], prepare: str = "bilibili-crawl", **others
) -> Source:
    paths = {
        "bilibili-crawl": ["源数据/*.csv", "弹幕(详细)/*/*.csv"],
        "niconico-archive": ["archive/*/*.json"],
    }
    facts = {
        "name": "made-up",
        "summary": "made up",
        "repository": f"file://{folder}",
        "archive": "http://127.0.0.1:1/{commit}.zip",
        "parts": [Part(name, commit) for name, commit in commits.items()],
        "paths": paths[prepare],
        "prepare": prepare,
        "language": "zh" if prepare == "bilibili-crawl" else "ja",
        "licence": "none",
        "terms": "any",
        "citation": "none",
        "split": SourceSplit(dev=2, test=3),
        "fingerprint": "",
        "download_mb": 1,
        "zips_mb": 2,
        "store_mb": 1,
    }
    return Source(**(facts | others))


def zipped(folder: Path, path: Path, top: str = "repository-main/") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and ".git" not in file.parts:
                archive.write(file, top + file.relative_to(folder).as_posix())
    return path
