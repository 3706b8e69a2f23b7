"""What a coordinate check found, as a table, slopes and a picture."""

import dataclasses
import math
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from keras_inits._utils import extras, rich_text

__all__ = ["CoordinateCheck"]


@dataclasses.dataclass(frozen=True)
class CoordinateCheck(rich_text.Printed):
    """Sizes of activations, by width, step and layer. Print it for a table.

    Attributes:
        widths: As they were given.
        layers: Paths of the layers, in the order of their calls.
        sizes: Mean absolute outputs, of shape (widths, 1 + steps, layers); step 0 is
            before training.
        losses: Of each step, of shape (widths, steps).

    Examples:
    >>> import keras_inits, numpy as np
    >>> sizes = np.array([[[1.0]], [[2.0]]])  # twice the width, twice the size
    >>> check = keras_inits.recipes.CoordinateCheck(
    ...     (64, 128), ("hidden",), sizes, np.zeros((2, 0))
    ... )
    >>> {layer: round(slope, 2) for layer, slope in check.slopes().items()}
    {'hidden': 1.0}
    >>> figure = check.plot()
    """

    widths: tuple[int, ...]
    layers: tuple[str, ...]
    sizes: np.ndarray
    losses: np.ndarray

    def slopes(self, step: int = -1) -> dict[str, float]:
        """How sizes grow with the width: the exponent, by layer.

        0 is muP's. 0.5 and 1 are what the standard parametrization has: such a layer
        is `width ** slope` times as large.

        Args:
            step: From 0, before training, to the last; negative ones count from it.

        Returns:
            Slopes of log size against log width by least squares; nan for a layer with
            a size of zero, or one that is not finite.
        """
        x = np.log(np.array(self.widths, "float64"))
        x -= x.mean()
        with np.errstate(divide="ignore", invalid="ignore"):
            y = np.log(self.sizes[:, step])
            found = x @ (y - y.mean(axis=0)) / (x @ x)
        return {
            layer: float(slope) if math.isfinite(slope) else math.nan
            for layer, slope in zip(self.layers, found, strict=True)
        }

    def plot(self) -> Any:
        """A picture: a panel for each step, sizes against widths.

        Returns:
            A `matplotlib.figure.Figure`: show it in a notebook by naming it last in a
            cell, or write it by its `savefig`.

        Raises:
            MissingExtra: If matplotlib is not installed.
        """
        extras.require("CoordinateCheck.plot", ["matplotlib"], "plots")
        # It imports matplotlib.
        from keras_inits.models.recipes import coordinate_picture

        return coordinate_picture.figure(self)

    def __rich__(self) -> Group:
        table = Table(show_edge=False, pad_edge=False)
        for name in ("layer", *map(str, self.widths), "slope", "slope at the start"):
            table.add_column(name, justify="left" if name == "layer" else "right")
        slopes, first = self.slopes(), self.slopes(0)
        for number, layer in enumerate(self.layers):
            sizes = [f"{size:.3g}" for size in self.sizes[:, -1, number]]
            both = (slopes[layer], first[layer])
            shown = ("" if math.isnan(slope) else f"{slope:+.2f}" for slope in both)
            cells = (layer, *sizes, *shown)
            table.add_row(*map(Text, cells))
        steps = self.sizes.shape[1] - 1
        known = {layer: s for layer, s in slopes.items() if not math.isnan(s)}
        steepest = max(known, key=lambda layer: abs(known[layer]), default="")
        said = f"Mean |output| by width after {steps} steps."
        if steepest:
            said += f" Steepest: {steepest}, width to the {known[steepest]:+.2f}."
        return Group(table, "", said)

    def __repr__(self) -> str:
        return f"<CoordinateCheck: {len(self.layers)} layers, widths {self.widths}>"
