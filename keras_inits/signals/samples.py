"""A sample of a person's data, in one batch: for what is set by data."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import to_numpy
from keras_inits.signals import batches
from keras_inits.signals.batches import Batch


def _array(x: Any) -> Any:
    if hasattr(x, "detach"):
        x = x.detach().cpu()
    return to_numpy(x) if keras.ops.is_tensor(x) else np.asarray(x)


def _rows(structure: Any) -> int:
    flat = [x for x in keras.tree.flatten(structure) if x is not None]
    return len(flat[0])


def _shapes(structure: Any) -> list[Any]:
    return [np.shape(x)[1:] for x in keras.tree.flatten(structure) if x is not None]


def _joined(parts: list[Any], most: int) -> Any:
    """Structures of arrays, one behind the other, at most so many rows."""
    if parts[0] is None:
        return None
    return keras.tree.map_structure(
        lambda *arrays: np.concatenate(arrays)[:most], *parts
    )


def _spread(structure: Any, most: int) -> Any:
    """At most so many rows of all, evenly spaced: data may be sorted by class."""
    rows = _rows(structure)
    if rows <= most:
        return keras.tree.map_structure(_array, structure)
    picked = np.linspace(0, rows - 1, most).round().astype(int)
    return keras.tree.map_structure(lambda x: _array(x[picked]), structure)


def _several(found: Iterator[Batch], most: int) -> Batch:
    """Batches until there are enough rows; all of one shape."""
    xs: list[Any] = []
    ys: list[Any] = []
    count = 0
    for batch in found:
        x = keras.tree.map_structure(_array, batch.x)
        y = keras.tree.map_structure(_array, batch.y)
        if xs and _shapes(x) != _shapes(xs[0]):  # sentences of other lengths
            break
        xs.append(x)
        ys.append(y)
        count += _rows(x)
        if count >= most:
            break
    return Batch(_joined(xs, most), _joined(ys, most), None)


def sample(model: keras.Model, x: Any, y: Any, most: int, example: str) -> Batch:
    """At most so many rows of data as one batch of NumPy arrays.

    Args:
        model: A built model.
        x: Arrays, a dataset, a loader, a `PyDataset` or an iterable of batches.
        y: Targets, where `x` is arrays; or None.
        most: How many rows. Of arrays evenly spaced ones are taken, of all else the
            first batches.
        example: A call that would work, for errors.

    Returns:
        Inputs and targets; of arrays all targets, which cost nothing.

    Raises:
        ValueError: If `x` is none of these, has fewer than two rows or values that are
            not finite.
    """
    if x is None:
        raise ValueError(
            "`x` is the data that scales are measured on, a batch as in training. "
            f"Received: x=None for {model.name!r}. Pass some, as in {example}."
        )
    if batches.is_arrays(x):
        if y is not None and _rows(y) != _rows(x):
            raise ValueError(
                "`y` must have a row for each row of `x`. Received: x with "
                f"{_rows(x)} rows, y with {_rows(y)}. Pass y[:{_rows(x)}] or the "
                "right y."
            )
        targets = None if y is None else keras.tree.map_structure(_array, y)
        found = Batch(_spread(x, most), targets, None)
    else:
        found = _several(batches.stream(model, x, y, most, 1, 0), most)
    _check(found.x, example)
    return found


def _check(x: Any, example: str) -> None:
    rows = _rows(x)
    if rows < 2:
        raise ValueError(
            "`x` must have several samples, as variances are taken over them. "
            f"Received: {rows} sample. Pass more, as in {example}."
        )
    for array in keras.tree.flatten(x):
        array = np.asarray(array)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            bad = np.argwhere(~np.isfinite(array))
            where = tuple(int(n) for n in bad[0])
            raise ValueError(
                "`x` must be finite. Received: x with "
                f"{len(bad)} values that are not, the first at {where}. Clean the "
                "data, for example with numpy.nan_to_num(x)."
            )
