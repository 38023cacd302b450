"""The notebook of ten minutes runs, and prints what it shows."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "ten-minutes.ipynb"


def printed(notebook):
    """What each cell printed; the version in signatures left out."""
    text = [
        "".join(output.get("text", "") for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    return [re.sub(r"\|v:\S+", "", part) for part in text]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Jupyter
def test_the_notebook(tmp_path, monkeypatch):
    pytest.importorskip("nbclient")  # the extra `notebook`
    import nbformat
    from nbclient import NotebookClient

    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    wanted = printed(notebook)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=500, kernel_name="python3", resources=resources).execute()
    assert printed(notebook) == wanted
    assert any("100 moments" in part for part in wanted)
    assert any("image/png" in output.data for output in notebook.cells[-2].outputs)
