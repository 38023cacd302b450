"""One page about a dataset: tables and figures in one file that fetches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from livebench import __version__
from livebench.data.dataset import Dataset
from livebench.figures import PAGE, inline_svg
from livebench.files import write_text
from livebench.statistics.dataset_figures import draw_figures
from livebench.statistics.dataset_tables import DatasetTable
from livebench.statistics.split_statistics import Figures, statistics_cells
from livebench.statistics.table_output import cell_text


def write_statistics_page(
    dataset: Dataset, statistics: dict[str, Figures], tables: Sequence[DatasetTable], path: Path
) -> None:
    """Write the page of a dataset.

    Args:
        statistics: of `split_statistics`.
        tables: of `all_tables`.

    Raises:
        LiveBenchError: matplotlib is not installed, or the file cannot be written.
    """
    import jinja2

    figures = draw_figures(tables, PAGE)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("livebench.statistics", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    content = environment.get_template("statistics.html.j2").render(
        info=dataset.info,
        figures=statistics_cells(statistics),
        tables=tables,
        drawings={name: inline_svg(figure, name) for name, figure in figures.items()},
        cell=cell_text,
        version=__version__,
    )
    write_text(Path(path), content)
