"""A diagnosis as one page: figures by plotly, with all of it inside the file.

The page fetches nothing, and a content security policy in it forbids to.
"""

import importlib.resources
import json
import os
import re
from typing import Any

from keras_inits._utils import atomic_file, extras
from keras_inits.diagnosis.report import Report
from keras_inits.diagnosis.wording import plain

MARK = re.compile(r"\{\{(\w+)\}\}")


def require() -> None:
    """Checks that what pages need is installed.

    Raises:
        MissingExtra: If it is not.
    """
    extras.require("A page", ["plotly"], "plots")


def _asset(name: str) -> str:
    folder = importlib.resources.files("keras_inits.diagnosis.show.page")
    return (folder / name).read_text(encoding="utf-8")


def _json(value: Any) -> str:
    """JSON that cannot end the element it stands in, whatever names are in it."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c")


def html(diagnosis: Report) -> str:
    """The page as text.

    Args:
        diagnosis: What to show.

    Raises:
        MissingExtra: If plotly is not installed.
    """
    require()
    import plotly.offline

    from keras_inits.diagnosis.show.page import figures, tables

    parts = {
        "css": _asset("page.css"),
        "js": _asset("page.js"),
        "plotly": plotly.offline.get_plotlyjs(),
        "depth": _json(figures.depth(diagnosis)),
        "gradients": _json(figures.gradients(diagnosis)),
        "histograms": _json(figures.histograms(diagnosis)),
        **tables.parts(diagnosis),
    }
    # In one pass, so that nothing in a part is taken for a mark.
    return MARK.sub(lambda mark: parts[mark[1]], _asset("page.html"))


def write(diagnosis: Report, path: str | os.PathLike[str]) -> None:
    """Writes the page: see `Report.to_html`."""
    text = html(diagnosis)
    atomic_file.write(
        path, lambda temporary: temporary.write_text(text, encoding="utf-8")
    )
