"""Time by stage and peak memory of importing danmaku, and the tokeniser against plain jieba.

    python benchmarks/importing.py SRC --copies 3

SRC are tables (videos.csv, comments.csv.gz). They are enlarged as in growth.py (each copy with its words
exchanged for others, so that distinct comments grow as well) and written as Bilibili's XML, a file a
video, to a temporary folder. The import runs in a process of its own; seconds are of its processor. Then
the distinct texts are segmented in two ways in one process: as the importer does, and with jieba alone.
Exits with status 1 if the importer's way takes more than a fifth of jieba's time, or gives other words.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.sax.saxutils import escape

from growth import distinct_texts, expand


def write_xml(source: Path, out: Path) -> int:
    """Write tables as XML, a file a video; return the number of comments."""
    by_video: dict[str, list[str]] = {}
    with gzip.open(source / "comments.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for count, row in enumerate(csv.DictReader(file), 1):
            p = f"{row['time']},1,25,16777215,1500000000,0,a1b2c3d4,{count}"
            line = f'<d p="{p}">{escape(row["text"])}</d>\n'
            by_video.setdefault(row["video_id"], []).append(line)
    out.mkdir()
    for video_id, lines in by_video.items():
        text = f'<?xml version="1.0" encoding="UTF-8"?><i>\n{"".join(lines)}</i>'
        (out / f"{video_id}.xml").write_text(text, "utf-8")
    (out / "videos.csv").write_bytes((source / "videos.csv").read_bytes())
    return count


def import_timed(source: Path, out: Path) -> None:
    """Import, and print processor seconds by stage and the peak in MB."""
    from livebench.data import dataset_writer
    from livebench.data.dataset import DatasetInfo
    from livebench.importers.bilibili import read_bilibili
    from livebench.importers.collection import Options
    from livebench.importers.importing import import_dataset

    seconds = {}

    def timed(name, function):
        def call(*arguments):
            started = time.process_time()
            returned = function(*arguments)
            seconds[name] = seconds.get(name, 0.0) + time.process_time() - started
            return returned

        return call

    dataset_writer.segment = timed("segment", dataset_writer.segment)
    read = timed("read", read_bilibili)
    options = Options(skip_bad_rows=True)
    dataset = timed("write", import_dataset)(read, source, out, DatasetInfo("d"), options)
    seconds["write"] -= seconds["segment"] + seconds["read"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    counts = [len(dataset.comments.string), len(dataset.comments.strings)]
    print(json.dumps({"seconds": seconds, "peak": peak, "comments": counts}))


def tokenise(source: Path) -> None:
    """Segment the distinct texts in both ways; print processor seconds, and whether the words agree."""
    from livebench.data.tokens import _jieba, _rjieba, remove_space, segment

    texts = distinct_texts(source)
    list(_jieba().cut("预热"))  # both load their dictionaries first
    _rjieba().cut("预热")
    started = time.process_time()
    ours = segment(texts, processes=1)
    middle = time.process_time()
    jieba = [" ".join(_jieba().cut(remove_space(text))) for text in texts]
    ended = time.process_time()
    print(json.dumps([len(texts), middle - started, ended - middle, ours == jieba]))


def child(*arguments: object):
    """Run this file in a process of its own; give what it printed."""
    command = [sys.executable, str(Path(__file__).resolve()), *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("--copies", type=int, default=3)
    parser.add_argument("--only", choices=["import", "tokenise"], help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only == "import":
        import_timed(options.source, options.out)
        return
    if options.only == "tokenise":
        tokenise(options.source)
        return
    with tempfile.TemporaryDirectory(prefix="livebench-importing.") as name:
        folder, tables = Path(name), options.source
        if options.copies > 1:
            tables = folder / "tables"
            expand(options.source, tables, copies=options.copies)
        count = write_xml(tables, folder / "xml")
        found = child(folder / "xml", "--only", "import", "--out", folder / "d")
        texts, ours, jieba, same = child(tables, "--only", "tokenise")
    seconds = found["seconds"]
    total = sum(seconds.values())
    print(f"{count:,} comments; taken {found['comments'][0]:,}, {found['comments'][1]:,} distinct")
    for stage in ("read", "segment", "write"):
        print(f"{stage}: {seconds[stage]:.1f} s of the processor, {seconds[stage] / total:.0%}")
    print(f"in all: {total:.1f} s, peak {found['peak']:.0f} MB")
    print(f"{texts:,} distinct texts: {ours:.1f} s, jieba alone {jieba:.1f} s: {ours / jieba:.3f}")
    print("the same words" if same else "OTHER WORDS")
    sys.exit(not same or ours > jieba / 5)


if __name__ == "__main__":
    main()
