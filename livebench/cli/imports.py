"""`livebench import`: one subcommand a source."""

from __future__ import annotations

import re
from pathlib import Path

import click

from livebench.cli.progress import quiet_option, remark
from livebench.errors import LiveBenchError


class ShareOrCount(click.ParamType):
    """A share such as 0.05, or a count such as 100."""

    name = "share|count"

    def convert(self, value, param, ctx) -> float | int:
        if not isinstance(value, str):
            return value
        try:
            return float(value) if "." in value else int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a share (0.05) nor a count (100)", param, ctx)


@click.group("import")
def import_() -> None:
    """Make a dataset from a source."""


@import_.command()
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The new dataset.")
@click.option("--name", help="Name of the dataset. Default: that of the folder --out.")
@click.option("--dev", type=ShareOrCount(), default="0.05", show_default=True)
@click.option("--test", type=ShareOrCount(), default="0.05", show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the split.")
@click.option("--min-duration", type=float, default=0, help="Leave out shorter videos (s).")
@click.option("--min-comments", type=int, default=0, help="Leave out videos with fewer comments.")
@click.option("--skip-bad-rows", is_flag=True, help="Leave bad rows out and count them.")
@click.option(
    "--source", "source_note", default="", help="Where the data comes from, for dataset.toml."
)
@click.option("--licence", default="", help="Licence of the data, for dataset.toml.")
@quiet_option
def tables(
    source,
    out,
    name,
    dev,
    test,
    seed,
    min_duration,
    min_comments,
    skip_bad_rows,
    source_note,
    licence,
    quiet,
) -> None:
    """Import CSV tables from the folder SRC.

    \b
    SRC/videos.csv            video_id,title,category,duration
                              v1,A cat,pets,82
    SRC/comments.csv[.gz]     video_id,time,text
                              v1,3.25,so cute
    SRC/frames/VIDEO_ID.npy   optional: numbers [seconds, width], one frame a second

    UTF-8, times and durations in seconds. Other columns are ignored. A bad row (unknown video, video
    twice, bad id, bad duration, time that is not finite, is negative or at least 1 s after the end,
    empty text) refuses the source, naming file and line, or is skipped and counted with
    --skip-bad-rows.

    --dev and --test choose videos by hash of their id: as shares (0.05), where adding a video moves no
    other, or as counts (100), where it may.
    """
    from livebench.data.dataset import DatasetInfo
    from livebench.data.importers.collect import Options
    from livebench.data.importers.tables import import_tables
    from livebench.records import FOLDER_NAME

    options = Options(dev, test, seed, min_duration, min_comments, skip_bad_rows)
    name = name or out.resolve().name
    if not re.match(FOLDER_NAME, name):
        raise LiveBenchError(
            f"--name {name}: a dataset's name is made of letters, digits, '.', '_' and '-'"
        )
    info = DatasetInfo(name, source=source_note, licence=licence)
    dataset = import_tables(source, out, info, options, lambda text: remark(text, quiet))
    counts = {split: len(dataset.split(split).videos) for split in ("train", "dev", "test")}
    parts = ", ".join(f"{split} {count}" for split, count in counts.items())
    click.echo(
        f"{out}: {len(dataset.videos)} videos ({parts}), {len(dataset.comments.string)} comments, "
        f"{len(dataset.comments.strings)} distinct, fingerprint {dataset.info.fingerprint[:12]}"
    )
    for rule, count in dataset.info.skipped.items():
        click.echo(f"left out: {count}, {rule}")
