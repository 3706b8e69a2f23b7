"""Every notebook runs from top to bottom, with all its assertions."""

from pathlib import Path

import pytest

pytest.importorskip("nbclient", reason="notebooks need the extra `dev`")
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("**/*.ipynb"))
SECONDS_PER_CELL = 170
LARGEST = 500_000  # bytes, pictures included


def run(notebook, folder):
    """Executes all cells in a fresh kernel; raises for the first that fails."""
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        force_raise_errors=True,  # whatever a cell's tags say
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path, monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    run(nbformat.read(path, as_version=4), tmp_path)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_asserts_and_is_small(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert any(line.startswith("assert ") for cell in code for line in cell.split("\n"))
    assert path.stat().st_size < LARGEST


@pytest.mark.slow
def test_run_rejects_a_false_assertion_even_where_a_tag_allows_it(tmp_path):
    cell = nbformat.v4.new_code_cell("assert 1 + 1 == 3")
    cell.metadata["tags"] = ["raises-exception"]
    with pytest.raises(CellExecutionError):
        run(nbformat.v4.new_notebook(cells=[cell]), tmp_path)
