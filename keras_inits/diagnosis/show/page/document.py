"""A diagnosis as one page: figures by plotly, with all of it inside the file.

The page fetches nothing, and a content security policy in it forbids to; a small page
fetches plotly alone, in the version and with the hash that are written in it.
"""

import base64
import hashlib
import importlib.resources
import json
import os
import re
from typing import Any

from keras_inits._utils import atomic_file, checks, extras
from keras_inits.diagnosis.report import Report
from keras_inits.diagnosis.wording import plain

INLINE, CDN = "inline", "cdn"
HOST = "https://cdn.plot.ly"
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


def _plotly(library: str) -> dict[str, str]:
    """The element that brings plotly, and where its script may come from."""
    import plotly.offline

    code = plotly.offline.get_plotlyjs()
    if library == INLINE:
        return {"plotly": f"<script>{code}</script>", "scripts": "'unsafe-inline'"}
    digest = base64.b64encode(hashlib.sha256(code.encode("utf-8")).digest()).decode()
    address = f"{HOST}/plotly-{plotly.offline.get_plotlyjs_version()}.min.js"
    element = (
        f'<script src="{address}" integrity="sha256-{digest}" '
        'crossorigin="anonymous"></script>'
    )
    return {"plotly": element, "scripts": f"'unsafe-inline' {HOST}"}


def _data(figures: dict[str, Any]) -> str:
    """Elements with the data of figures, by their names."""
    return "\n".join(
        f'<script type="application/json" id="{name}-data">{_json(figure)}</script>'
        for name, figure in figures.items()
    )


def html(diagnosis: Report, library: str = INLINE) -> str:
    """The page as text.

    Args:
        diagnosis: What to show.
        library: "inline" or "cdn": plotly's code in the page, or its address.

    Raises:
        MissingExtra: If plotly is not installed.
        ValueError: If `library` is neither.
    """
    require()
    checks.choice(
        "library", library, (INLINE, CDN), meaning="where the plotting library is"
    )
    from keras_inits.diagnosis.show.page import figures, sections, tables

    data = {
        "depth": figures.depth(diagnosis),
        "gradients": figures.gradients(diagnosis),
        "histograms": figures.histograms(diagnosis),
        **sections.data(diagnosis),
    }
    parts = {
        "css": _asset("page.css"),
        "js": _asset("page.js"),
        **_plotly(library),
        "data": _data(data),
        **tables.parts(diagnosis),
        **sections.parts(diagnosis),
    }
    # In one pass, so that nothing in a part is taken for a mark.
    return MARK.sub(lambda mark: parts[mark[1]], _asset("page.html"))


def write(
    diagnosis: Report, path: str | os.PathLike[str], library: str = INLINE
) -> None:
    """Writes the page: see `Diagnosis.to_html`."""
    text = html(diagnosis, library)
    atomic_file.write(
        path, lambda temporary: temporary.write_text(text, encoding="utf-8")
    )
