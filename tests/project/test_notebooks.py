"""Every notebook runs from top to bottom, with all its assertions."""

import ast
import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("nbclient", reason="notebooks need the extra `dev`")
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("**/*.ipynb"))
SECONDS_PER_CELL = 170
LARGEST = 300_000  # bytes, pictures included


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


def cells(path, kind):
    """The sources of a notebook's cells of one kind."""
    notebook = nbformat.read(path, as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_small_and_has_its_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < LARGEST
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not [o for o in outputs if o.output_type == "error"]
    assert not [o for o in outputs if o.get("name") == "stderr"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_asks_lets_guess_and_asserts(path):
    """Each part: a question, a prediction that the reader opens, and an assertion."""
    parts, code = [], cells(path, "code")
    for text in cells(path, "markdown"):
        if "<details>" in text:
            question, prediction = text.split("<details>")
            assert "**Question.**" in question, text
            assert question.rstrip().endswith("?"), text
            assert prediction.lstrip().startswith("<summary>Your guess?"), text
            assert prediction.rstrip().endswith("</details>"), text
            parts.append(text)
    asserting = [
        cell
        for cell in code
        if any(li.startswith("assert ") for li in cell.split("\n"))
    ]
    assert len(parts) >= 4
    assert len(asserting) >= len(parts) - 1  # what a time is, is not asserted


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_first_cell_installs_the_package_where_it_is_missing(path, monkeypatch):
    """As on Colab; with the package, it does nothing and needs no network."""
    shell = pytest.importorskip("IPython.core.inputtransformer2")
    first = cells(path, "code")[0]
    python = shell.TransformerManager().transform_cell(first)
    ran = []
    ipython = SimpleNamespace(run_line_magic=lambda *words: ran.append(words))
    exec(compile(python, path.name, "exec"), {"get_ipython": lambda: ipython})
    assert ran == []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    exec(compile(python, path.name, "exec"), {"get_ipython": lambda: ipython})
    assert ran == [("pip", 'install -q "keras-inits[demo]"')]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_imports_only_what_its_first_cell_installs(path):
    shell = pytest.importorskip("IPython.core.inputtransformer2").TransformerManager()
    trees = [ast.parse(shell.transform_cell(cell)) for cell in cells(path, "code")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    found = {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
    found |= {n.module for n in nodes if isinstance(n, ast.ImportFrom)}
    tops = {name.split(".")[0] for name in found} - sys.stdlib_module_names
    assert tops <= {"keras", "keras_inits", "matplotlib", "numpy", "sklearn"}


@pytest.mark.slow
def test_run_rejects_a_false_assertion_even_where_a_tag_allows_it(tmp_path):
    cell = nbformat.v4.new_code_cell("assert 1 + 1 == 3")
    cell.metadata["tags"] = ["raises-exception"]
    with pytest.raises(CellExecutionError):
        run(nbformat.v4.new_notebook(cells=[cell]), tmp_path)
