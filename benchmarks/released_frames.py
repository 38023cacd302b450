"""Memory and time of reading released frame vectors (res18.pkl) in two ways.

    python benchmarks/released_frames.py --gb 1

Writes a file of torch's old format with so many GB of random vectors of 512 numbers into a temporary
folder, and reads each vector once in a process of its own, a video at a time, as the importer does:
`livebench` with `ReleasedFrames`, `torch` with torch.load(weights_only=True), which cannot map such a
file. Peaks are of the whole process, in MB, beside that of the same process without the file. Exits with
status 1 if livebench's peak above the empty process exceeds half of the file.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WIDTH, SECONDS = 512, 180


def write(path: Path, gigabytes: float) -> None:
    """Write random vectors, 180 a video."""
    import torch

    torch.manual_seed(0)
    videos = max(1, round(gigabytes * 1e9 / (4 * WIDTH * SECONDS)))
    # A tensor of its own for each second, as the released code made them.
    made = {v: {s: torch.randn(WIDTH) for s in range(SECONDS)} for v in range(videos)}
    torch.save(made, path, _use_new_zipfile_serialization=False)


def read(path: Path, way: str) -> None:
    """Read all vectors, a video at a time; print their number and sum."""
    import numpy as np

    count, total = 0, 0.0
    if way == "livebench":
        from livebench.importers.released_frames import ReleasedFrames

        frames = ReleasedFrames(path)
        for video, seconds in frames.counts.items():
            vectors = frames.of(video).astype(np.float16)
            count, total = count + seconds, total + float(vectors.sum(dtype=np.float64))
    elif way == "torch":
        import torch

        for seconds in torch.load(path, weights_only=True).values():
            vectors = np.stack([vector.numpy() for vector in seconds.values()]).astype(np.float16)
            count, total = count + len(vectors), total + float(vectors.sum(dtype=np.float64))
    elif way == "livebench, empty":
        from livebench.importers.released_frames import ReleasedFrames
    else:
        import torch
    print(count, round(total, 3))


def measured(path: Path, way: str) -> tuple[float, float, str]:
    """Seconds, peak in MB, and what was printed."""
    command = [sys.executable, str(Path(__file__).resolve()), "--read", way, "--file", str(path)]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{shlex.join(command)}: exit status {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024, output.strip()


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gb", type=float, default=1.0)
    parser.add_argument("--read", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--write", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write(options.file, options.gb)
        return
    if options.read:
        read(options.file, options.read)
        return
    with tempfile.TemporaryDirectory(prefix="livebench-frames.") as name:
        path = Path(name) / "res18.pkl"
        this = [sys.executable, str(Path(__file__).resolve())]
        subprocess.run([*this, "--write", "--file", str(path), "--gb", str(options.gb)], check=True)
        size = path.stat().st_size / (1 << 20)
        print(f"file: {size:.0f} MB")
        print("| way | s | peak, MB | above the empty process, MB |")
        print("| --- | --- | --- | --- |")
        above, printed = {}, set()
        for way in ("livebench", "torch"):
            empty = measured(path, f"{way}, empty")[1]
            seconds, peak, output = measured(path, way)
            above[way] = peak - empty
            printed.add(output)
            print(f"| {way} | {seconds:.1f} | {peak:.0f} | {peak - empty:.0f} |", flush=True)
    if len(printed) != 1:
        sys.exit(f"the two ways read different vectors: {printed}")
    sys.exit(above["livebench"] > size / 2)


if __name__ == "__main__":
    main()
