"""Parameters that several commands share: one name, one type and one help text each."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from livebench.errors import LiveBenchError
from livebench.files import check_absent

if TYPE_CHECKING:
    from livebench.candidates.candidate_set import CandidateSet
    from livebench.isolation.remote import Isolation
    from livebench.records import Setting

SUBMISSIONS, SETS, DATASETS = map(Path, ("submissions", "candidates", "datasets"))

SANDBOX_MEMORY = 8.0
"""GB of address space that a submission in a sandbox may use."""

Decorator = Callable[[Any], Any]

PATH = click.Path(path_type=Path)


class NewPath(click.Path):
    """A file or folder that the command creates; refused if it exists already."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(str(super().convert(value, param, ctx)))
        check_absent(path, param.opts[0] if param else "path")
        return path


NEW_PATH = NewPath()


@dataclass(frozen=True)
class Shelf:
    """Where submissions, sets or datasets are kept, each a folder with the file `marker`: in `folder`,
    unless the parameter `moved_by` names another."""

    kind: str
    folder: Path
    marker: str
    moved_by: str = ""

    def place(self, ctx: click.Context | None) -> Path:
        moved: Path | None = ctx.params.get(self.moved_by) if ctx else None
        return moved or self.folder


class Kept(click.ParamType):
    """A folder on a shelf, given by its name there or by a path.

    An existing path takes precedence.
    """

    def __init__(self, *shelves: Shelf) -> None:
        self.shelves = shelves
        self.name = "|".join(shelf.kind for shelf in shelves)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        if path.exists():
            return path
        places = [shelf.place(ctx) for shelf in self.shelves]
        if path.name == str(path):
            for place in places:
                if (place / path).is_dir():
                    return place / path
        available = sorted(
            file.parent.name
            for shelf, place in zip(self.shelves, places, strict=True)
            for file in place.glob(f"*/{shelf.marker}")
        )
        near = difflib.get_close_matches(path.name, available, 1)
        nothing = "none in " + " or ".join(f"{place}/" for place in places)
        fix = f"did you mean {near[0]}? " if near else ""
        fix += f"available: {', '.join(available) or nothing}"
        raise LiveBenchError(path, f"{' or '.join(s.kind for s in self.shelves)} not found", fix)


_SUBMISSIONS = Shelf("submission", SUBMISSIONS, "submission.toml", "submissions_folder")
_SETS = Shelf("set", SETS, "manifest.json", "sets_folder")
_DATASETS = Shelf("dataset", DATASETS, "dataset.toml")

SUBMISSION, SET, DATASET = Kept(_SUBMISSIONS), Kept(_SETS), Kept(_DATASETS)
SET_OR_DATASET = Kept(_SETS, _DATASETS)


def submission_option(
    *,
    hidden: bool = False,
    help_text: str = "Submission, by name or path; may be repeated. Default: all.",
) -> Decorator:
    return click.option(
        "--submission",
        "submission",
        type=SUBMISSION,
        multiple=True,
        hidden=hidden,
        help=help_text,
    )


_BY_NAME = ("hf", "openai", "lm_eval")
"""Options that name a model in the place of a submission."""


def submissions_argument(command: Callable[..., None]) -> Callable[..., None]:
    """SUBMISSION..., at least one; the older spelling --submission SUBMISSION still works."""

    @functools.wraps(command)
    def merged(submissions: tuple[Path, ...], submission: tuple[Path, ...], **others: Any) -> None:
        if not submissions + submission and not any(map(others.get, _BY_NAME)):
            raise click.UsageError("Missing argument 'SUBMISSION...'.")
        command(submissions=submissions + submission, **others)

    argument = click.argument("submissions", metavar="SUBMISSION...", type=SUBMISSION, nargs=-1)
    decorated: Callable[..., None] = argument(submission_option(hidden=True)(merged))
    return decorated


candidates_option = click.option(
    "--candidates",
    type=SET,
    multiple=True,
    help="Candidate set, by name or path; may be repeated. Default: all in candidates/.",
)
one_set_option = click.option(
    "--candidates", type=SET, required=True, help="Candidate set, by name or path."
)
dataset_option = click.option(
    "--dataset",
    "datasets",
    type=DATASET,
    multiple=True,
    help="Dataset, by name or path, that a set was built from; may be repeated. Default: those in "
    "datasets/.",
)
setting_option = click.option(
    "--setting",
    type=click.Choice(["blind", "video", "comments", "both", "all"]),
    default="all",
    show_default=True,
    help="What the scorer sees; blind: nothing but the candidates.",
)
protocol_option = functools.partial(
    click.option, "--protocol", help="Protocol, by name (`livebench protocols`) or path of a .toml."
)
device_option = click.option(
    "--device", default="cpu", show_default=True, help="cpu or cuda, as torch names it."
)
skip_bad_rows_option = click.option(
    "--skip-bad-rows", is_flag=True, help="Leave out bad rows and count them."
)
figure_format_option = functools.partial(
    click.option,
    "--format",
    "figure_format",
    type=click.Choice(["png", "svg", "pdf"]),
    default="png",
    show_default=True,
    help="Format of the files.",
)


def _folder_option(name: str, default: str, help_text: str) -> Decorator:
    # Eager: names of submissions and sets are looked up in these folders.
    return click.option(
        f"--{name}",
        f"{name}_folder",
        type=PATH,
        default=default,
        show_default=True,
        is_eager=True,
        help=help_text,
    )


submissions_option = _folder_option("submissions", "submissions", "Folder of submissions.")
sets_option = _folder_option("sets", "candidates", "Folder of candidate sets.")
human_option = _folder_option("human", "human", "Folder of human evaluations.")


SIGN_HELP = "A maintainer's key of SSH, to sign attestations with."
signers_option = click.option(
    "--signers",
    type=PATH,
    default=None,
    callback=lambda _ctx, _param, value: value or _maintainers(),
    help="Allowed signers (ssh-keygen(1)) whose attestations count. Default: LiveBench's maintainers.",
)


def _maintainers() -> Path:
    from livebench.attestation.signing import MAINTAINERS

    return MAINTAINERS


def _note_json(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    # An error is then JSON too: `main` asks.
    if ctx.find_root().obj is not None:
        ctx.find_root().obj["json"] = value
    return value


json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    is_eager=True,
    callback=_note_json,
    help="Print JSON only; several results one per line.",
)


verbose_option = click.option(
    "-v", "--verbose", is_flag=True, help="Say more: all metrics, and each thing that is skipped."
)


def print_json(record: object) -> None:
    """Print a record as a line of JSON."""
    import msgspec

    click.echo(msgspec.json.encode(record).decode())


def chosen_settings(setting: str, *, blind: bool = True) -> Sequence[Setting]:
    """The settings that --setting stands for; `blind`: whether that is one of all."""
    from livebench.records import SETTINGS

    shown = [name for name in SETTINGS if blind or name != "blind"]
    return shown if setting == "all" else [name for name in SETTINGS if name == setting]


def chosen_sets(paths: Sequence[Path], folder: Path = SETS) -> list[CandidateSet]:
    """The sets that --candidates names, else all."""
    from livebench.candidates.candidate_set import CandidateSet, find_sets

    return [CandidateSet(path) for path in paths] or find_sets(folder)


cluster_option = click.option(
    "--cluster",
    metavar="ADDRESS|local:N|FILE.toml",
    help="Do the work on a cluster (Dask): of the scheduler at this address, of N workers on this "
    "machine, or of jobs of Slurm that a file describes (docs/cluster.md).",
)


memory_option = click.option(
    "--memory",
    type=click.FloatRange(min=0, min_open=True),
    help="GB of address space that a submission may use. Default: 8 in a sandbox, else no limit.",
)
time_limit_option = click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=3600,
    show_default=True,
    help="Seconds that a submission may take to load, to be fitted, or to score 32 samples.",
)


def isolation_options(command: Callable[..., None]) -> Callable[..., None]:
    """Where the code of a submission runs, and how much time and memory it may use."""
    options = (
        click.option(
            "--sandbox",
            is_flag=True,
            help="Run the submission under bubblewrap: no network, no files but its own, no processes.",
        ),
        click.option(
            "--in-process",
            is_flag=True,
            help="Run the submission in LiveBench's own process, to debug or profile it.",
        ),
        memory_option,
        time_limit_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def chosen_isolation(
    *,
    sandbox: bool,
    in_process: bool,
    memory: float | None,
    time_limit: float,
    hidden: Sequence[Path],
    prints: Callable[[str], object] | None = None,
) -> Isolation:
    """The isolation that these options ask for; a sandbox shows none of `hidden`, and `prints` is called
    with each line that a submission prints."""
    from livebench.isolation.remote import Isolation

    if in_process and (sandbox or memory is not None):
        raise click.UsageError("--in-process cannot be combined with --sandbox or --memory")
    kind: Literal["none", "process", "sandbox"]
    kind = "sandbox" if sandbox else "none" if in_process else "process"
    limit = memory if memory is not None else SANDBOX_MEMORY if sandbox else 0
    return Isolation(kind, limit, time_limit, tuple(hidden), prints=prints)
