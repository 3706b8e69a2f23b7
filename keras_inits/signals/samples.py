"""A sample of a person's data, in one batch: for what is set by data."""

import math
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import to_numpy
from keras_inits.signals import batches
from keras_inits.signals.batches import Batch

ROWS = 512  # variances of units are then known to 6 %
FEWEST_ROWS = 64  # of large inputs, whose many positions count, too
NUMBERS = 2**24  # in the inputs: 111 images of 224 x 224
EXAMPLE = "keras_inits.calibrate(model, x_train[:256])"


def _array(x: Any) -> Any:
    if hasattr(x, "detach"):
        x = x.detach().cpu()
    return to_numpy(x) if keras.ops.is_tensor(x) else np.asarray(x)


def _rows(structure: Any) -> int:
    flat = [x for x in keras.tree.flatten(structure) if x is not None]
    return len(flat[0]) if flat and np.ndim(flat[0]) else 0


def _shapes(structure: Any) -> list[Any]:
    return [np.shape(x)[1:] for x in keras.tree.flatten(structure) if x is not None]


def _joined(parts: list[Any], most: int) -> Any:
    """Structures of arrays, one behind the other, at most so many rows."""
    return keras.tree.map_structure(
        lambda *arrays: np.concatenate(arrays)[:most], *parts
    )


def _spread(structure: Any, most: int) -> Any:
    """At most so many rows of all, evenly spaced: data may be sorted by class."""
    rows = _rows(structure)
    if rows <= most:
        return keras.tree.map_structure(_array, structure)
    picked = ((np.arange(most) + 0.5) * rows / most).astype(int)
    return keras.tree.map_structure(lambda x: _array(x[picked]), structure)


def _several(found: Iterator[Batch], most: int | None) -> Batch:
    """Batches until there are enough rows; all of one shape."""
    xs: list[Any] = []
    ys: list[Any] = []
    count, limit = 0, ROWS
    for batch in found:
        x = keras.tree.map_structure(_array, batch.x)
        if any(np.ndim(array) == 0 for array in keras.tree.flatten(x)):
            raise ValueError(
                "`x` must be arrays whose first axis counts samples, or batches of "
                f"them. Received: a batch x={batch.x!r}. Pass some, as in {EXAMPLE}."
            )
        if xs and _shapes(x) != _shapes(xs[0]):  # sentences of other lengths
            break
        limit = most or enough(x)
        xs.append(x)
        if batch.y is not None:
            ys.append(keras.tree.map_structure(_array, batch.y))
        count += _rows(x)
        if count >= limit:
            break
    targets = _joined(ys, limit) if len(ys) == len(xs) else None
    return Batch(_joined(xs, limit), targets, None)


def enough(x: Any) -> int:
    """How many rows of arrays are enough."""
    size = sum(math.prod(shape) for shape in _shapes(x))
    return int(min(ROWS, max(FEWEST_ROWS, NUMBERS // max(1, size))))


def sample(model: keras.Model, x: Any, y: Any = None, most: int | None = None) -> Batch:
    """At most so many rows of data as one batch of NumPy arrays.

    Args:
        model: A built model.
        x: Arrays, a dataset, a loader, a `PyDataset` or an iterable of batches.
        y: Targets, where `x` is arrays; or None.
        most: How many rows; None for what is enough. Of arrays evenly spaced ones are
            taken, of all else the first batches.

    Returns:
        Inputs and targets; of arrays all targets, which cost nothing.

    Raises:
        ValueError: If `x` is none of these, has fewer than two rows or values that are
            not finite.
    """
    if x is None:
        raise ValueError(
            "`x` is the data that scales are measured on, a batch as in training. "
            f"Received: x=None for {model.name!r}. Pass some, as in {EXAMPLE}."
        )
    if batches.is_arrays(x):
        if y is not None and _rows(y) != _rows(x):
            raise ValueError(
                "`y` must have a row for each row of `x`. Received: x with "
                f"{_rows(x)} rows, y with {_rows(y)}. Pass y[:{_rows(x)}] or the "
                "right y."
            )
        targets = None if y is None else keras.tree.map_structure(_array, y)
        found = Batch(_spread(x, most or enough(x)), targets, None)
    else:
        found = _several(batches.stream(model, x, y, most or ROWS, 1, 0), most)
    _check("x", found.x)
    if found.y is not None:
        _check("y", found.y)
    return found


def _check(name: str, given: Any) -> None:
    """Refuses data that scales cannot be measured on.

    Args:
        name: "x" or "y".
        given: Arrays, in the structure of the model's inputs or outputs.
    """
    paths = [
        (".".join(map(str, path)), np.asarray(array))
        for path, array in keras.tree.flatten_with_path(given)
    ]
    shown = ", ".join(str(array.shape) for _, array in paths)
    if not paths or any(array.ndim == 0 for _, array in paths):
        raise ValueError(
            f"`{name}` must be arrays whose first axis counts samples. Received: "
            f"{name}={given!r}. Pass some, as in {EXAMPLE}."
        )
    if name == "x" and len(paths[0][1]) < 2:
        raise ValueError(
            "`x` must have several samples, as variances are taken over them. "
            f"Received: x of shape {shown}. Pass more, as in {EXAMPLE}."
        )
    for path, array in paths:
        if array.dtype.kind != "f" or np.isfinite(array).all():
            continue
        bad = np.argwhere(~np.isfinite(array))
        where = f"{name}[{path!r}]" if path else name
        raise ValueError(
            f"`{name}` must hold numbers that are finite, as scales are measured on "
            f"them. Received: {where} with {len(bad)} values that are not, the first "
            f"at {tuple(int(n) for n in bad[0])}. Clean the data, for example with "
            "numpy.nan_to_num."
        )
