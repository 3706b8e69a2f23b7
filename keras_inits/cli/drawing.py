"""Bars in the terminal: how a scheme's values are spread, and its singular values."""

import numpy as np
import rich.box
from rich.bar import Bar
from rich.table import Table

from keras_inits.initializers import descriptions

BINS = 12


def _bars(title: str, labels: list[str], sizes: np.ndarray) -> Table:
    table = Table(
        title=title, title_justify="left", box=rich.box.SIMPLE, show_header=False
    )
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("", min_width=30)
    largest = float(sizes.max()) or 1.0
    for label, size in zip(labels, sizes.tolist(), strict=True):
        table.add_row(label, Bar(largest, 0, size, color="cyan"))
    return table


def drawings(name: str) -> list[Table]:
    """What a scheme draws in its example's shape, as tables of bars.

    Args:
        name: One of `keras_inits.names()`.

    Returns:
        A histogram, and for matrices some singular values; none for values that are
        not finite.
    """
    values = descriptions.example(name)
    if not np.isfinite(values).all():
        return []
    counts, edges = np.histogram(values, bins=BINS)
    shown = [f"{low:.3g}" for low in edges[:-1]]
    title = f"Drawn in {values.shape}: mean {values.mean():.3g}, std {values.std():.3g}"
    tables = [_bars(title, shown, counts)]
    matrix = descriptions.example_matrix(name, values)
    if matrix is not None:
        found = np.linalg.svd(matrix, compute_uv=False)
        places = np.unique(np.linspace(0, len(found) - 1, 8).astype(int))
        labels = [f"{place + 1}.  {found[place]:.3g}" for place in places]
        tables.append(_bars("Singular values", labels, found[places]))
    return tables
