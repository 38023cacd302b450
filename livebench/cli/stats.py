"""`livebench stats`: tables and figures of a dataset."""

from __future__ import annotations

import json
from pathlib import Path

import click

from livebench.cli.progress import quiet_option, remark
from livebench.errors import LiveBenchError


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: figures by split, tables by name."
)
@click.option("--html", type=click.Path(path_type=Path), help="Write one page, with the figures.")
@click.option(
    "--csv", "csv_folder", type=click.Path(path_type=Path), help="Write a new folder of CSV files."
)
@click.option("--figures", type=click.Path(path_type=Path), help="Write a new folder of figures.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["png", "svg", "pdf"]),
    default="png",
    show_default=True,
    help="Of --figures.",
)
@click.option(
    "--ratings",
    type=click.Path(path_type=Path),
    help="Human scores for Table 3: a CSV file with columns seconds, score (1 to 5).",
)
@click.option(
    "--pairs-to-rate",
    type=click.Path(path_type=Path),
    help="Write such a file with 20 pairs of each interval, scores empty.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of --pairs-to-rate.")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many of the most frequent comments.",
)
@quiet_option
def stats(
    dataset, as_json, html, csv_folder, figures, kind, ratings, pairs_to_rate, seed, top, quiet
) -> None:
    """Tables and figures of DATASET.

    Figures by split (how much, how varied, how long, how popular), and those of the LiveBot paper, each
    beside the paper's own: sizes (Table 1), other datasets (Table 2), similarity of neighbouring
    comments by interval (Table 3), lengths (Figure 4); sizes by category, comments over playback time,
    the most frequent comments.

    \b
    livebench stats datasets/mine
    livebench stats datasets/mine --html mine.html --csv mine-tables --figures mine-figures
    """
    from livebench.data.dataset import Dataset
    from livebench.statistics.output import as_data, table_markdown, write_csv
    from livebench.statistics.paper_tables import all_tables
    from livebench.statistics.similarity_sheet import read_ratings, write_pairs
    from livebench.statistics.summary import dataset_statistics, format_statistics

    for folder in (csv_folder, figures):
        if folder is not None and folder.exists():
            raise LiveBenchError(f"{folder}: exists already; remove it or choose another")
    opened = Dataset(dataset)
    if pairs_to_rate:
        count = write_pairs(opened, pairs_to_rate, seed=seed)
        remark(f"{pairs_to_rate}: {count} pairs", quiet)
    scores = None if ratings is None else read_ratings(ratings)
    statistics = dataset_statistics(opened)
    tables = all_tables(opened, scores, top)
    if as_json:
        data = {"figures": json.loads(statistics.to_json()), "tables": as_data(tables)}
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
    else:
        shown = [format_statistics(statistics), *map(table_markdown, tables)]
        click.echo("\n\n".join(shown))
    if csv_folder:
        write_csv(tables, csv_folder)
        remark(f"{csv_folder}: {len(tables)} tables", quiet)
    if figures:
        from livebench.statistics.drawings import save_plots

        save_plots(tables, figures, kind)
        remark(f"{figures}: figures", quiet)
    if html:
        from livebench.statistics.html import write_page

        write_page(opened, statistics, tables, html)
        remark(f"{html}: written", quiet)
