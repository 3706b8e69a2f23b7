"""Runs notebooks and stores their outputs: `python .ci/store_notebooks.py [FILE ...]`.

Pictures are stored with 256 colours, half the size and the same to the eye. What
the backend's libraries log at their start is left out.
"""

import base64
import io
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
COLOURS = 256


def small(picture):
    """The same PNG with a palette."""
    image = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
    file = io.BytesIO()
    kept = image.quantize(
        COLOURS, Image.Quantize.MAXCOVERAGE, dither=0
    )  # and rare ones
    kept.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def tidy(cell):
    """A code cell's outputs: one stream of text, small pictures."""
    texts, others = [], []
    for output in cell.outputs:
        if output.output_type == "stream":
            texts += [output.text] if output.name == "stdout" else []
            continue
        if "image/png" in (data := output.get("data", {})):
            data["image/png"] = small(data["image/png"])
        others.append(output)
    text = "".join(texts)
    stream = [nbformat.v4.new_output("stream", text=text)] if text else []
    cell.outputs = stream + others
    cell.metadata.pop("execution", None)


def main():
    for path in map(Path, sys.argv[1:] or sorted(FOLDER.glob("*.ipynb"))):
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
        for cell in notebook.cells:
            if cell.cell_type == "code":
                tidy(cell)
        nbformat.write(notebook, path)
        print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
