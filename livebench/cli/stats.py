"""`livebench stats`: tables and figures of a dataset."""

from __future__ import annotations

import json

import click

from livebench.cli.options import DATASET, NEW_PATH, PATH, figure_format_option, json_option
from livebench.cli.progress import quiet_option, remark


@click.command("stats")
@click.argument("dataset", type=DATASET)
@json_option
@click.option("--html", type=PATH, help="File for one page, with the figures.")
@click.option("--csv", "csv_folder", type=NEW_PATH, help="New folder for the tables as CSV files.")
@click.option("--figures", type=NEW_PATH, help="New folder for figures.")
@figure_format_option()
@click.option(
    "--ratings",
    type=PATH,
    help="Human scores for Table 3: a CSV file with columns seconds, score (1 to 5).",
)
@click.option(
    "--pairs-to-rate",
    type=PATH,
    help="Write such a file, with 20 pairs for each interval and no scores.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of --pairs-to-rate.")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many of the most frequent comments to list.",
)
@quiet_option
def stats_command(
    dataset,
    as_json,
    html,
    csv_folder,
    figures,
    figure_format,
    ratings,
    pairs_to_rate,
    seed,
    top,
    quiet,
) -> None:
    """Tables and figures of DATASET.

    Statistics by split (size, diversity, length, popularity), and those of the LiveBot paper, each next
    to the paper's own: sizes (Table 1), other datasets (Table 2), similarity of neighbouring comments by
    interval (Table 3), lengths (Figure 4); sizes by category, comments over playback time, the most
    frequent comments.

    \b
    livebench stats mine
    livebench stats mine --html mine.html --csv mine-tables --figures mine-figures
    """
    from livebench.data.dataset import Dataset
    from livebench.statistics.dataset_tables import all_tables
    from livebench.statistics.pair_sheet import read_pair_sheet, write_pair_sheet
    from livebench.statistics.split_statistics import split_statistics, statistics_markdown
    from livebench.statistics.table_output import table_markdown, tables_by_name, write_table_files

    opened = Dataset(dataset)
    if pairs_to_rate:
        count = write_pair_sheet(opened, pairs_to_rate, seed=seed)
        remark(f"{pairs_to_rate}: {count} pairs", quiet)
    scores = None if ratings is None else read_pair_sheet(ratings)
    statistics = split_statistics(opened)
    tables = all_tables(opened, scores, top)
    if as_json:
        data = {"figures": statistics, "tables": tables_by_name(tables)}
        click.echo(json.dumps(data, ensure_ascii=False))
    else:
        shown = [statistics_markdown(statistics), *map(table_markdown, tables)]
        click.echo("\n\n".join(shown))
    if csv_folder:
        write_table_files(tables, csv_folder)
        remark(f"{csv_folder}: {len(tables)} tables", quiet)
    if figures:
        from livebench.statistics.dataset_figures import save_dataset_figures

        save_dataset_figures(tables, figures, figure_format)
        remark(f"{figures}: figures", quiet)
    if html:
        from livebench.statistics.statistics_page import write_statistics_page

        write_statistics_page(opened, statistics, tables, html)
        remark(f"{html}: written", quiet)
