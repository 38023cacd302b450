"""Memory and time of reading released frame vectors (res18.pkl).

    python benchmarks/released_frames.py --gb 1

Writes so many GB of random vectors of 512 numbers into a temporary folder, in torch's old format and in
its new one (zip), and reads each vector once with `ReleasedFrames`, a video at a time, in a process of
its own. Peaks are of the whole process, in MB, above that of a process that imports torch alone. Exits
with status 1 if that is more than three times the file.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WIDTH, SECONDS = 512, 180


def write(path: Path, gigabytes: float) -> None:
    """Write random vectors, 180 a video, a tensor for each second as the released code made them."""
    import torch

    torch.manual_seed(0)
    videos = max(1, round(gigabytes * 1e9 / (4 * WIDTH * SECONDS)))
    vectors = {v: {s: torch.randn(WIDTH) for s in range(SECONDS)} for v in range(videos)}
    torch.save(vectors, path, _use_new_zipfile_serialization=path.stem == "zip")


def read(path: Path) -> None:
    """Read all vectors of a file, if there is one; print their sum, seconds, and the peak in MB."""
    import numpy as np
    import torch  # noqa: F401 (part of every process that is measured)

    from livebench.importers.released_frames import ReleasedFrames

    started, total = time.perf_counter(), 0.0
    if path.exists():
        frames = ReleasedFrames(path)
        for video_id in frames.counts:
            total += float(frames.of(video_id).sum(dtype=np.float64))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([round(total, 3), time.perf_counter() - started, peak]))


def main() -> None:
    """Print a line for each format."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gb", type=float, default=1.0)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write(options.write, options.gb)
        return
    if options.read:
        read(options.read)
        return

    def child(*arguments: object) -> str:
        command = [sys.executable, str(Path(__file__).resolve()), *map(str, arguments)]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    with tempfile.TemporaryDirectory(prefix="livebench-frames.") as name:
        *_, empty = json.loads(child("--read", Path(name) / "none.pkl"))
        print("| format | file, MB | s | above, MB |\n| --- | --- | --- | --- |")
        above, totals = [], set()
        for file_format in ("old", "zip"):
            path = Path(name) / f"{file_format}.pkl"
            child("--write", path, "--gb", options.gb)
            size = path.stat().st_size / (1 << 20)
            total, seconds, peak = json.loads(child("--read", path))
            totals.add(total)
            above.append((peak - empty) / size)
            print(
                f"| {file_format} | {size:.0f} | {seconds:.1f} | {peak - empty:.0f} |", flush=True
            )
    if len(totals) != 1:
        sys.exit(f"the two formats hold different vectors: {totals}")
    sys.exit(max(above) > 3)


if __name__ == "__main__":
    main()
