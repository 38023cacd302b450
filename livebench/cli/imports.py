"""`livebench import`: one subcommand a source."""

from __future__ import annotations

import re
from importlib import import_module
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


def _options(*, split: bool, videos: bool = False):
    """What all importers take.

    Args:
        split: whether LiveBench may have to split the videos.
        videos: whether video files may stand beside the comments.
    """
    options = [
        click.argument("source", metavar="SRC", type=click.Path(path_type=Path)),
        click.option(
            "--out", type=click.Path(path_type=Path), required=True, help="The new dataset."
        ),
        click.option("--name", help="Name of the dataset. Default: that of the folder --out."),
        click.option("--min-duration", type=float, default=0, help="Leave out shorter videos (s)."),
        click.option(
            "--min-comments", type=int, default=0, help="Leave out videos with fewer comments."
        ),
        click.option("--skip-bad-rows", is_flag=True, help="Leave bad rows out and count them."),
        click.option(
            "--source",
            "source_note",
            default="",
            help="Where the data comes from, for dataset.toml.",
        ),
        click.option("--licence", default="", help="Licence of the data, for dataset.toml."),
        quiet_option,
    ]
    if videos:
        options[-1:-1] = [
            click.option(
                "--ignore-videos", is_flag=True, help="Do not open video files beside the comments."
            )
        ]
    if split:
        options[3:3] = [
            click.option("--dev", type=ShareOrCount(), default="0.05", show_default=True),
            click.option("--test", type=ShareOrCount(), default="0.05", show_default=True),
            click.option("--seed", type=int, default=0, show_default=True, help="Of the split."),
        ]

    def add(command):
        for option in reversed(options):
            command = option(command)
        return command

    return add


@click.group("import")
def import_() -> None:
    """Make a dataset from a source.

    Each source's help shows what it looks like. A bad row refuses the source, naming file and place, or
    is left out and counted with --skip-bad-rows; docs/importers.md has every rule. The dataset appears
    under its name only when it is whole.

    --dev and --test choose videos by hash of their id: as shares (0.05), where adding a video moves no
    other, or as counts (100), where it may.
    """


def _run(importer: str, source: Path, out: Path, name: str | None, **options) -> None:
    """Run "module:function" of `livebench.importers`, and say what came out."""
    from livebench.data.dataset import DatasetInfo
    from livebench.importers.collection import Options
    from livebench.importers.importing import import_dataset
    from livebench.records import FOLDER_NAME

    quiet, note, licence = (options.pop(key) for key in ("quiet", "source_note", "licence"))
    name = name or out.resolve().name
    if not re.match(FOLDER_NAME, name):
        raise LiveBenchError(
            f"--name {name}: a dataset's name is made of letters, digits, '.', '_' and '-'"
        )
    if out.exists():  # known before the work, not after it
        raise LiveBenchError(f"{out}: exists already; remove it or choose another --out")
    module, function = importer.split(":")
    read = getattr(import_module(f"livebench.importers.{module}"), function)
    info = DatasetInfo(name, source=note, licence=licence)
    dataset = import_dataset(
        read, source, out, info, Options(**options), lambda text: remark(text, quiet)
    )
    counts = {split: len(dataset.split(split).videos) for split in ("train", "dev", "test")}
    parts = ", ".join(f"{split} {count}" for split, count in counts.items())
    click.echo(
        f"{out}: {len(dataset.videos)} videos ({parts}), {len(dataset.comments.string)} comments, "
        f"{len(dataset.comments.strings)} distinct, fingerprint {dataset.info.fingerprint[:12]}"
    )
    for rule, count in dataset.info.skipped.items():
        click.echo(f"left out: {count}, {rule}")
    for rule, count in dataset.info.repaired.items():
        click.echo(f"repaired: {count}, {rule}")


@import_.command()
@_options(split=True)
def tables(**options) -> None:
    """Import CSV tables from the folder SRC.

    \b
    SRC/videos.csv            video_id,title,category,duration
                              v1,A cat,pets,82
    SRC/comments.csv[.gz]     video_id,time,text
                              v1,3.25,so cute
    SRC/frames/VIDEO_ID.npy   optional: numbers [seconds, width], one frame a second

    UTF-8, times and durations in seconds. Other columns are ignored. A bad row (unknown video, video
    twice, bad id, bad duration, time that is not finite, is negative or at least 1 s after the end,
    empty text) refuses the source, or is skipped and counted with --skip-bad-rows.
    """
    _run("table_files:read_tables", **options)


@import_.command()
@_options(split=True, videos=True)
def bilibili(**options) -> None:
    """Import Bilibili danmaku, XML or .ass, from the folder SRC.

    \b
    SRC/ID.xml        <i><chatid>1</chatid>
                      <d p="3.25,1,25,16777215,1500000000,0,9c1a,77">so cute</d></i>
    SRC/ID.ass        Dialogue: 2,0:00:03.25,0:00:11.25,R2L,,0,0,0,,{\\move(9,9,0,9)}so cute
    SRC/ID/*.xml      several files of the video ID: each comment once
    SRC/ID.mp4        optional (flv, mkv, webm): gives title and duration where videos.csv does not
    SRC/videos.csv    optional: video_id,title,category,duration (any of the last three)
                      ID,A cat,pets,82

    ID is the video's id: a name without white space. Without a duration a video lasts until the end of
    the second of its last comment. Always left out and counted: advanced, code and BAS comments (modes 7
    to 9), empty texts, empty files, comments that stand in several files. Damage (broken or cut-off XML,
    bytes that cannot be read, times that are none) refuses the source; with --skip-bad-rows what can be
    read is taken, and what is lost is counted. Hashes of senders are not kept.
    """
    _run("bilibili:read_bilibili", **options)


@import_.command()
@_options(split=True, videos=True)
def livebot(**options) -> None:
    """Import the data released with LiveBot, processed or raw, from the folder SRC.

    \b
    Processed (there is a train.json, or a train-context.json):
    SRC/train.json, dev.json, test.json    {"video": 0, "time": 3, "comment": "so cute"}
    SRC/res18.pkl                          optional: {video: {second: vector}}, saved with torch
    SRC/videos.csv                         optional: video_id,title,category,duration
    \b
    Raw:
    SRC/pets/A cat.flv                     optional (mp4, mkv, webm): gives the duration
    SRC/pets/A cat.ass                     Dialogue: 2,0:00:03.25,0:00:11.25,R2L,,0,0,0,,so cute

    The processed release has a split and words of its own: both are kept, --dev and --test are not
    used. In the raw one the folder is the category, the file's name the title, and the id is made of
    the title: a title under two categories is one video. Durations: the number of frames where there
    are frames, else up to the end of the second of the last comment.
    """
    from livebench.importers.livebot import is_processed

    processed = is_processed(options["source"])
    _run("livebot:read_livebot" if processed else "livebot_raw:read_livebot_raw", **options)


@import_.command("opennmt-livebot")
@_options(split=False)
def opennmt_livebot(**options) -> None:
    """Import the data of OpenNMT-Livebot from the folder SRC.

    \b
    SRC/train.json, dev.json, test.json    {"12": [{"danmu": "so cute", "time": 3}]}
    SRC/video_map.json                     optional: {"A cat": 12}
    SRC/resnet18.pkl                       optional, here or in visual/: {video: {second: vector}}
    SRC/videos.csv                         optional: video_id,title,category,duration

    Its split, its numbers of videos and its words are kept.
    """
    _run("opennmt_livebot:read_opennmt_livebot", **options)


@import_.command()
@_options(split=True)
def videoic(**options) -> None:
    """Import VideoIC from the folder SRC.

    \b
    SRC/info.json             {"105": {"title": "A cat", "duration": 82, "v_class": "pets"}}
    SRC/comments/105.json     {"3": ["so cute"]}: texts by second
    SRC/train.txt, dev.txt, test.txt
                              optional: an id a line, or .json with the ids as keys or in a list

    Where the split is given it is kept, and --dev and --test are not used.
    """
    _run("videoic:read_videoic", **options)


@import_.command("livebot-candidates")
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
@click.option(
    "--dataset",
    type=click.Path(path_type=Path),
    required=True,
    help="The dataset that `import livebot` made of the same release.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("candidates/lancopku-released"),
    show_default=True,
    help="The new candidate set.",
)
@click.option("--split", type=click.Choice(["dev", "test"]), default="test", show_default=True)
@click.option("--skip-bad-rows", is_flag=True, help="Leave bad moments out and count them.")
def livebot_candidates(source, dataset, out, split, skip_bad_rows) -> None:
    """Import the candidates released with LiveBot as a frozen set.

    \b
    SRC/test-candidate.json    a line a moment: {"video": 12, "time": 30, "comment": ["first"],
                               "context": "so cute <&&&> haha", "candidate": {"first": 1, "haha": 2}}

    Labels: 1 correct, 2 popular, 3 plausible or random. The set's manifest names its flaws; `evaluate`,
    `audit` and `verify` take it like any other.
    """
    from livebench.candidates.released_candidates import import_released_candidates
    from livebench.data.dataset import Dataset

    found = import_released_candidates(
        source, Dataset(dataset), out, split=split, skip_bad_rows=skip_bad_rows
    )
    manifest = found.manifest
    count = manifest.files["samples.jsonl.gz"].records
    click.echo(f"{out}: {count} samples of {manifest.videos} videos, {manifest.signature}")
    types = ", ".join(f"{kind} {number / count:.2f}" for kind, number in manifest.types.items())
    click.echo(f"candidates a sample: {types}")
    for why, number in manifest.left_out.items():
        click.echo(f"left out: {number} seconds, {why}")
    for flaw in manifest.flaws:
        click.echo(f"flaw: {flaw}")
