"""One page about a dataset: tables and figures in one file that fetches nothing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from livebench import __version__
from livebench.data.dataset import Dataset
from livebench.figures import PAGE, inline_svg
from livebench.files import write_text
from livebench.statistics.drawings import plots
from livebench.statistics.output import cell_text
from livebench.statistics.paper_tables import Table
from livebench.statistics.summary import cells


def write_page(dataset: Dataset, figures: pd.DataFrame, tables: list[Table], path: Path) -> None:
    """Write the page of a dataset.

    Args:
        figures: of `dataset_statistics`.
        tables: of `all_tables`.

    Raises:
        LiveBenchError: matplotlib is not installed, or the file cannot be written.
    """
    import jinja2
    from markupsafe import Markup

    # SVG that matplotlib wrote, which escapes every text in it.
    drawn = {
        name: Markup(inline_svg(figure, name))  # nosec B704
        for name, (_, figure) in plots(tables, PAGE).items()
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("livebench.statistics", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    content = environment.get_template("page.html.j2").render(
        info=dataset.info,
        figures=cells(figures),
        tables=tables,
        drawn=drawn,
        cell=cell_text,
        version=__version__,
    )
    write_text(Path(path), content)
