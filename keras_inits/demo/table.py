"""The runs as a table."""

import math
from collections.abc import Sequence

import rich.box
from rich.table import Table

from keras_inits.demo import network
from keras_inits.demo.digits import Digits
from keras_inits.demo.train import Run

STYLES = {"learned": "green", "learned in part": "yellow"}


def number(value: float) -> str:
    """Three digits, also of what is very small or very large.

    Args:
        value: Any number.

    Example:
    >>> from keras_inits.demo.table import number
    >>> number(2.3026), number(8.9e-11), number(893000.0), number(0.0)
    ('2.30', '8.9e-11', '8.9e+05', '0')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    return f"{value:.2f}" if 0.01 <= abs(value) < 1000 else f"{value:.1e}"


def of(runs: Sequence[Run], data: Digits, epochs: int) -> Table:
    """The table of all runs.

    Args:
        runs: What to show, in order.
        data: What they learned.
        epochs: How long.
    """
    caption = (
        f"{network.DEPTH} hidden layers of {network.WIDTH} units, {len(data.x_train)} "
        f"digits, {epochs} epochs, the same batches for all.\n"
        f"A network that does not know has loss ln {data.classes} = "
        f"{math.log(data.classes):.2f}; halved: the epoch's mean is below half of it.\n"
        "×0.5 a layer: the std of activations, on average from one layer to the next."
    )
    table = Table(caption=caption, caption_justify="left", box=rich.box.SIMPLE)
    table.add_column("Start", no_wrap=True)
    table.add_column("Start\nloss", justify="right")
    table.add_column("Std,\nlayer 1", justify="right")
    table.add_column(f"Std,\nlayer {network.DEPTH}", justify="right")
    table.add_column("Halved\nin epoch", justify="right")
    table.add_column("Held-out\naccuracy", justify="right")
    table.add_column("Finding")
    previous = None
    for run in runs:
        if previous not in (None, run.activation):
            table.add_row()
        if previous != run.activation:
            table.add_row(f"[bold]{network.ACTIVATIONS[run.activation]} network")
        figures = run.figures
        style = STYLES.get(run.finding.outcome, "red")
        table.add_row(
            run.start,
            number(figures.start_loss),
            number(figures.stds[0]),
            number(figures.stds[-1]),
            "never" if run.halved is None else str(run.halved),
            f"{figures.accuracy:.1%}",
            f"[{style}]{run.finding}",
        )
        previous = run.activation
    return table
