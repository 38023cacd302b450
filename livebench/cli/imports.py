"""`livebench import`: one subcommand a source."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from livebench.cli.candidates import print_built_set
from livebench.cli.listing import InOrder
from livebench.cli.options import DATASET, NEW_PATH, PATH, skip_bad_rows_option
from livebench.cli.progress import quiet_option, remark


class ShareOrCount(click.ParamType):
    """A share such as 0.05, or a count such as 100."""

    name = "share|count"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | int:
        try:
            return float(value) if "." in str(value) else int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a share (0.05) nor a count (100)", param, ctx)


_source_argument = click.argument("source", metavar="SRC", type=PATH)
_OPTIONS = (
    click.option("--out", type=NEW_PATH, required=True, help="New folder of the dataset."),
    click.option("--name", help="Name of the dataset. Default: that of the folder --out."),
    click.option("--min-duration", type=float, default=0, help="Leave out shorter videos (s)."),
    click.option(
        "--min-comments", type=int, default=0, help="Leave out videos with fewer comments."
    ),
    skip_bad_rows_option,
    click.option(
        "--source", "source_note", default="", help="Where the data comes from, for dataset.toml."
    ),
    click.option(
        "--language",
        help="Language of the comments (zh, ja, en, ...), whose words they are cut into. Default: that "
        "of the source (niconico: ja), else zh.",
    ),
    click.option("--licence", default="", help="Licence of the data, for dataset.toml."),
    quiet_option,
)
_SPLIT = (
    click.option(
        "--dev",
        type=ShareOrCount(),
        default="0.05",
        show_default=True,
        help="Videos for development.",
    ),
    click.option(
        "--test", type=ShareOrCount(), default="0.05", show_default=True, help="Videos for test."
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Seed of the split."),
    click.option(
        "--split-by",
        type=click.Choice(["video", "group"]),
        default="video",
        show_default=True,
        help="What the split separates: videos, or groups of them (series, channels).",
    ),
)
_GROUP = (
    click.option(
        "--group-column", default="", help="Column of the groups. Default: group, if it is there."
    ),
)
_VIDEOS = (
    click.option(
        "--ignore-videos", is_flag=True, help="Do not open video files next to the comments."
    ),
)


class KindOrSource(InOrder):
    """A command for each kind of source; without a kind, the one that the source is found to be."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [_ANY, *args]
        return super().parse_args(ctx, args)


_ANY = "any"


@click.group("import", cls=KindOrSource)
def import_command() -> None:
    """Make a dataset from a source: `livebench import [KIND] SRC --out DIR`.

    Without a kind, the files are looked at, and it is said which kind they are.

    The help of each source shows its format. A bad row stops the import, naming file and place; with
    --skip-bad-rows it is left out and counted. docs/importers.md has all rules. The dataset appears
    under its name only when it is complete.

    --dev and --test choose videos by hash of their id: as shares (0.05), so that adding a video moves no
    other, or as counts (100), where it may. With --split-by group they choose groups, shares and counts
    being of groups.
    """


def _import(kind: str, source: Path, out: Path, **options: Any) -> None:
    """Run the importer of a kind, and say what came out."""
    from livebench.data.dataset import DatasetInfo
    from livebench.data.languages import check_language
    from livebench.importers.collection import Options
    from livebench.importers.importing import import_dataset
    from livebench.importers.kinds import KINDS, kind_of
    from livebench.records import check_folder_name

    name, quiet, note, licence, language = (
        options.pop(key) for key in ("name", "quiet", "source_note", "licence", "language")
    )
    check_language(language or "zh")
    name = name or out.resolve().name
    check_folder_name("--name", name)
    if kind == _ANY:
        kind, found = kind_of(source)
        remark(f"{source}: {kind} ({found})", quiet)
    language = language or KINDS[kind].language or "zh"
    reader = _livebot_release(source) if kind == "livebot" else KINDS[kind].reader
    module, function = reader.split(":")
    read = getattr(import_module(f"livebench.importers.{module}"), function)
    info = DatasetInfo(name, language=language, source=note, licence=licence)
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


def _livebot_release(source: Path) -> str:
    from livebench.importers.livebot import is_processed

    return "livebot:read_livebot" if is_processed(source) else "livebot_raw:read_livebot_raw"


def _add_source(kind: str, help_text: str, *options: Callable[[Any], Any]) -> None:
    """Add the command of a kind of source."""
    function: Callable[..., None] = partial(_import, kind)
    for option in reversed((_source_argument, *_OPTIONS[:2], *options, *_OPTIONS[2:])):
        function = option(function)
    import_command.command(kind, help=help_text, hidden=kind == _ANY)(function)


_add_source(
    _ANY,
    """Import the folder SRC, of whichever kind it is.""",
    *_SPLIT,
    *_GROUP,
    *_VIDEOS,
)
_add_source(
    "tables",
    """Import CSV tables from the folder SRC.

    \b
    SRC/videos.csv            video_id,title,category,duration, optional: group
                              v1,A cat,pets,82
    SRC/comments.csv[.gz]     video_id,time,text
                              v1,3.25,so cute
    SRC/frames/VIDEO_ID.npy   optional: numbers [seconds, width], one frame per second

    UTF-8, times and durations in seconds. Other columns are ignored. A row is bad if its video is
    unknown or comes twice, its id or duration is not valid, its time is not finite, negative or 1 s or
    more after the end, or its text is empty.
    """,
    *_SPLIT,
    *_GROUP,
)
_add_source(
    "bilibili",
    """Import Bilibili danmaku from the folder SRC.

    \b
    SRC/ID.xml        <i><chatid>1</chatid>
                      <d p="3.25,1,25,16777215,1500000000,0,9c1a,77">so cute</d></i>
    SRC/ID.ass        Dialogue: 2,0:00:03.25,0:00:11.25,R2L,,0,0,0,,{\\move(9,9,0,9)}so cute
    SRC/ID.pb         a segment of the player (.so, .bin); ID_00.pb, ID_01.pb are one video
    SRC/ID.json       {"elems": [{"progress": 3250, "mode": 1, "content": "so cute"}]}; also of
                      bilibili-api (dm_time, text) and DanmakuFactory (c, m)
    SRC/ID/*.xml      several files of the video ID: each comment once
    SRC/ID.mp4        optional (flv, mkv, webm): gives title and duration where videos.csv does not
    SRC/videos.csv    optional: video_id,title,category,duration (any of the last three)
                      ID,A cat,pets,82

    ID is the video's id: a name without white space. Without a duration a video lasts until the end of
    the second of its last comment. Always left out and counted: advanced, code and BAS comments (modes 7
    to 9), empty texts, empty files, comments that occur in several files. Damage (broken or cut-off XML,
    unreadable bytes, invalid times) stops the import; with --skip-bad-rows whatever can be read is
    imported, and whatever is lost is counted. Hashes of senders are not kept.
    """,
    *_SPLIT,
    *_VIDEOS,
)
_add_source(
    "niconico",
    """Import comments of Niconico from the folder SRC.

    \b
    SRC/ID.json              {"data": {"threads": [{"fork": "main", "comments": [
                             {"no": 1, "vposMs": 3250, "body": "so cute"}]}]}}
    SRC/ID.xml               <packet><chat no="1" vpos="325">so cute</chat></packet>
    SRC/SERIES/EPISODE.json  the folder is the group; the id is made of the path
    SRC/videos.csv           optional: video_id,title,category,duration,group

    Left out and counted: comments of the uploader and canned ones (forks owner and easy), deleted ones,
    and those before the video begins. The language is Japanese unless another is given.
    """,
    *_SPLIT,
)
_add_source(
    "twitch",
    """Import chats of Twitch from the folder SRC.

    \b
    SRC/NAME.json     of TwitchDownloader: {"video": {"id": "1", "title": "A cat", "length": 82},
                      "comments": [{"content_offset_seconds": 3.25, "message": {"body": "so cute"}}]};
                      of chat-downloader (also .jsonl): [{"message_type": "text_message",
                      "time_in_seconds": 3.25, "message": "so cute"}]
    SRC/videos.csv    optional: video_id,title,category,duration,group

    The streamer is the group. Left out and counted: what is no message of a viewer.
    """,
    *_SPLIT,
)
_add_source(
    "youtube",
    """Import chats of YouTube's live streams from the folder SRC.

    \b
    SRC/A cat [ID].live_chat.json    of yt-dlp (--sub-langs live_chat): {"replayChatItemAction": ...}
    SRC/ID.json, ID.jsonl            of chat-downloader
    SRC/videos.csv                   optional: video_id,title,category,duration,group

    Left out and counted: messages before the stream began, stickers, notices.
    """,
    *_SPLIT,
)
_add_source(
    "livebot",
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

    The processed release has its own split and words: both are kept, --dev and --test are ignored. In
    the raw one, the folder is the category and the file name is the title, from which the id is derived:
    a title in two categories is one video. Durations: the number of frames if there are any, else until
    the end of the second of the last comment.
    """,
    *_SPLIT,
    *_VIDEOS,
)
_add_source(
    "opennmt-livebot",
    """Import the data of OpenNMT-Livebot from the folder SRC.

    \b
    SRC/train.json, dev.json, test.json    {"12": [{"danmu": "so cute", "time": 3}]}
    SRC/video_map.json                     optional: {"A cat": 12}
    SRC/resnet18.pkl                       optional, here or in visual/: {video: {second: vector}}
    SRC/videos.csv                         optional: video_id,title,category,duration

    Its split, video numbers and words are kept.
    """,
)
_add_source(
    "videoic",
    """Import VideoIC from the folder SRC.

    \b
    SRC/info.json             {"105": {"title": "A cat", "duration": 82, "v_class": "pets"}}
    SRC/comments/105.json     {"3": ["so cute"]}: texts by second
    SRC/train.txt, dev.txt, test.txt
                              optional: one id per line, or .json with the ids as keys or in a list

    Where there is a split it is kept, and --dev and --test are ignored.
    """,
    *_SPLIT,
)


@import_command.command("livebot-candidates")
@_source_argument
@click.option(
    "--dataset",
    type=DATASET,
    required=True,
    help="Dataset, by name or path, that `import livebot` made from the same release.",
)
@click.option(
    "--out",
    type=NEW_PATH,
    default=Path("candidates/lancopku-released"),
    show_default=True,
    help="New folder of the set.",
)
@click.option(
    "--split",
    type=click.Choice(["dev", "test"]),
    default="test",
    show_default=True,
    help="Split that the samples come from.",
)
@skip_bad_rows_option
def livebot_candidates_command(source, dataset, out, split, skip_bad_rows) -> None:
    """Import the candidates released with LiveBot as a frozen set.

    \b
    SRC/test-candidate.json    per line: {"video": 12, "time": 30, "comment": ["first"],
                               "context": "so cute <&&&> haha", "candidate": {"first": 1, "haha": 2}}

    Labels: 1 correct, 2 popular, 3 plausible or random. The set's manifest lists its flaws; `evaluate`,
    `audit` and `verify` treat it like any other.
    """
    from livebench.candidates.released_candidates import import_released_candidates
    from livebench.data.dataset import Dataset

    released = import_released_candidates(
        source, Dataset(dataset), out, split=split, skip_bad_rows=skip_bad_rows
    )
    print_built_set(out, released.manifest)
    for flaw in released.manifest.flaws or ():
        click.echo(f"flaw: {flaw}")
