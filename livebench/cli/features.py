"""`livebench features`: frame vectors of a dataset, from video files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livebench.cli.options import DATASET, PATH, cluster_option, device_option
from livebench.cli.progress import bar, quiet_option, remark
from livebench.extras import need

if TYPE_CHECKING:
    from livebench.errors import LiveBenchError
    from livebench.frames.extract import Extraction


@click.command("features")
@click.argument("dataset", type=DATASET)
@click.option(
    "--videos",
    type=PATH,
    required=True,
    help="Folder with the files: ID.mp4 (flv, mkv, webm), a single file in a folder ID, or TITLE.mp4.",
)
@click.option(
    "--encoder",
    default="resnet18",
    show_default=True,
    help="resnet18, efficientnet-lite0, or module:callable.",
)
@click.option(
    "--batch", type=click.IntRange(1), default=16, show_default=True, help="Frames encoded at once."
)
@device_option
@click.option(
    "--keep-images",
    type=click.IntRange(16),
    metavar="N",
    help="Keep a JPEG of each second, N pixels on its longer side, for models that see pictures and "
    "for HTML pages.",
)
@click.option(
    "--keep-audio", is_flag=True, help="Keep the whole sound track, without re-encoding it."
)
@click.option(
    "--skip-bad", is_flag=True, help="Leave out videos that are missing or cannot be decoded."
)
@click.option("--replace", is_flag=True, help="Replace the frame vectors that are already there.")
@click.option(
    "--list-missing",
    is_flag=True,
    help="Only print the ids of the videos that have no file yet, one a line.",
)
@cluster_option
@quiet_option
def features_command(
    dataset,
    videos,
    encoder,
    batch,
    device,
    keep_images,
    keep_audio,
    skip_bad,
    replace,
    list_missing,
    cluster,
    quiet,
) -> None:
    """Add frame vectors to DATASET: one encoded picture per second of each video.

    The picture of a second is what is on the screen then (docs/frames.md has the rules). Work is saved
    by video: the same command again does only the rest. The dataset gets its vectors once all videos
    have theirs; until then each video without is named, and the exit status is 1. Build candidate sets
    afterwards: a dataset with other vectors is another dataset.
    """
    from livebench.data.dataset import Dataset
    from livebench.frames.encoders import load_encoder
    from livebench.frames.extract import Extraction, ExtractionOptions
    from livebench.frames.video_files import find_video_files

    if list_missing:
        wanted = Dataset(dataset).videos
        found = find_video_files(wanted, videos)
        for video in wanted:
            if video.video_id not in found:
                click.echo(video.video_id)
        return
    asked = ExtractionOptions(batch, keep_images or 0, keep_audio, skip_bad, replace)
    loaded = load_encoder(encoder, device)
    work = Extraction(Dataset(dataset), videos, loaded, asked)
    with bar(work.seconds, "encoding", quiet, unit="frame") as progress:
        if cluster:
            done, failed = _on_cluster(cluster, work, videos, encoder, device, progress, quiet)
            work = Extraction(Dataset(dataset), videos, loaded, asked)
            outcome = work.run(failed=failed, now=done)
        else:
            outcome = work.run(progress)
    for name, (end, duration) in outcome.early.items():
        remark(f"{name}: its pictures end after {end} of {duration:g} s", quiet)
    for name, count in outcome.damaged.items():
        remark(f"{name}: {count} seconds cannot be decoded; they show the last good picture", quiet)
    for name, reason in outcome.failed.items():
        click.echo(f"{name}: {reason}", err=True)
    click.echo(
        f"{dataset}: {len(outcome.done)} videos encoded now, {outcome.before} before, "
        f"{len(outcome.failed)} without vectors"
    )
    if outcome.dropped_images:
        remark("its pictures belonged to the earlier vectors: give --keep-images to keep new ones")
    if outcome.finished:
        info = work.dataset.info
        pictures = f"; pictures {info.images_sha256[:12]}" if info.images_sha256 else ""
        click.echo(
            f"{dataset}: {work.dataset.frame_width} numbers a second by {info.encoder}; fingerprint "
            f"{info.fingerprint[:12]}{pictures}"
        )
    elif outcome.failed:
        click.echo(
            "fix these and run the command again, or leave them out with --skip-bad", err=True
        )
        sys.exit(1)


def _on_cluster(
    where: str,
    work: Extraction,
    videos: Path,
    encoder: str,
    device: str,
    progress: Callable[..., object],
    quiet: bool,
) -> tuple[list[str], dict[str, LiveBenchError]]:
    """Have workers encode the videos; those that are done, and why others have no vectors."""
    need("distributed", "cluster")
    from livebench.cluster.connection import queue_on
    from livebench.cluster.encoding import encode_there

    with queue_on(where, partial(remark, quiet=quiet)) as queue:
        return encode_there(queue, work, videos, encoder, device, progress)
