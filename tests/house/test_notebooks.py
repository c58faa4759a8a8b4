"""Example notebooks run from their first cell to their last, and are kept without outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.house.repository import ROOT

NOTEBOOKS = sorted((ROOT / "docs").glob("[!_]*/*.ipynb"))
CELL_SECONDS_MAX = 300


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_draws(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code), "clear all outputs"
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS_MAX,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    drawn = [one for cell in code for one in cell.outputs if "image/png" in one.get("data", {})]
    assert drawn


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS
