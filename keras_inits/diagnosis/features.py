"""What is known of each of a model's inputs, feature by feature.

Of arrays a sample of all rows is looked at, not only the batches that are measured: a
feature that is constant in 32 rows may be a rare one, and an id may be out of range
once in a thousand.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import to_numpy
from keras_inits.diagnosis import columns
from keras_inits.graph.entrances import Entrance
from keras_inits.signals.batches import is_arrays

NUMBERS = 2**19  # of an input that are looked at
IDS = 2**26  # of token ids, whose smallest and largest are asked for


@dataclasses.dataclass(frozen=True)
class Ids:
    """Token ids that an embedding is given.

    Attributes:
        layer: Name of the embedding.
        rows: How many it has.
        low: The smallest id.
        high: The largest.
        beyond: Fraction of the ids that it has no row for.
        whole: Whether it takes the whole input, and not a part of it.
        code: The embedding as a line, with {rows} to fill in.
    """

    layer: str
    rows: int
    low: int
    high: int
    beyond: float
    whole: bool
    code: str


@dataclasses.dataclass(frozen=True)
class FeatureRecord:
    """One input of a model. A feature is a place on its last axis, or a channel.

    Attributes:
        name: As in `Report.inputs`: "input", or "input 0" of several.
        number: Its place among all inputs.
        dtype: Type of its numbers, as they were given.
        shape: Shape of what was looked at, samples first.
        image: Whether it has the rank of images.
        takers: Names of the layers that take it with a kernel.
        scalings: Names of the layers that scale or normalize it before.
        scaled: Whether one of them does so on every way.
        normalized: Whether one does so by what it has measured, on every way.
        absorbed: Whether normalizations take all that the first kernels make of it.
        trained: Whether one of the kernels is trained.
        given_rms: What the first kernel is given; None if not known.
        mean, std, rms, low, high: Of all its numbers that are finite.
        zero: Fraction of them that are zero.
        features: How many it has.
        constant: How many have one value.
        constant_zero: How many of these are zero.
        repeated: How many repeat another, but for size and sign, among those of more
            than two values.
        ratio: Size of the largest by that of the smallest, zeros left aside, among
            those of more than two values; None of fewer than two of them.
        extremes: Places of the smallest and the largest.
        non_finite: Fraction of the numbers that are infinite or not a number.
        bad: Places of the features with such numbers; of many the first.
        bad_count: How many these are.
        padding: Fraction of samples that a mask leaves nothing of; None without one.
        masked: The value that is masked; None without one, or of a part of the input.
        ids: For each embedding that takes it, what it is given.
    """

    name: str
    number: int
    dtype: str
    shape: tuple[int, ...]
    image: bool
    takers: tuple[str, ...]
    scalings: tuple[str, ...]
    scaled: bool
    normalized: bool
    absorbed: bool
    trained: bool
    given_rms: float | None
    mean: float
    std: float
    rms: float
    low: float
    high: float
    zero: float
    features: int
    constant: int
    constant_zero: int
    repeated: int
    ratio: float | None
    extremes: tuple[int, int] | None
    non_finite: float
    bad: tuple[int, ...]
    bad_count: int
    padding: float | None
    masked: float | None
    ids: tuple[Ids, ...]


def _spread(array: Any, most: int) -> np.ndarray:
    """At most so many numbers: evenly spaced rows."""
    if len(array.shape) == 0:
        array = array.reshape(1)
    rows = int(array.shape[0])
    size = max(1, math.prod(int(n) for n in array.shape[1:]))
    kept = max(1, min(rows, most // size))
    if kept < rows:
        step = rows / kept
        array = _taken(array, [int((place + 0.5) * step) for place in range(kept)])
    return _array(array)


def _array(array: Any) -> np.ndarray:
    if hasattr(array, "detach"):
        array = array.detach().cpu()
    return to_numpy(array) if keras.ops.is_tensor(array) else np.asarray(array)


def _taken(array: Any, places: list[int]) -> Any:
    """Rows of an array of any library."""
    if hasattr(array, "iloc"):
        return array.iloc[places]
    if keras.ops.is_tensor(array):
        return keras.ops.take(array, np.array(places), axis=0)
    return (_array(array) if hasattr(array, "numpy") else array)[places]


class Rows:
    """Rows of each input: of arrays from all of them, else those of the batches.

    Args:
        x: What `diagnose` was given.
    """

    def __init__(self, x: Any) -> None:
        self.parts: list[list[np.ndarray]] = []
        self.sizes: list[int] = []
        self.whole = x is not None and is_arrays(x)
        if self.whole:
            self._add(x, NUMBERS)
        self.given = keras.tree.flatten(x) if self.whole else []

    def _add(self, x: Any, most: int) -> None:
        for number, array in enumerate(keras.tree.flatten(x)):
            if number == len(self.parts):
                self.parts.append([])
                self.sizes.append(0)
            if self.sizes[number] >= NUMBERS or getattr(array, "sparse", False):
                continue
            try:
                found = _spread(array, most)
            except Exception:  # sparse or ragged: of them the passes say enough
                found = np.zeros((0,), "float32")
            if (
                self.parts[number]
                and found.shape[1:] != self.parts[number][0].shape[1:]
            ):
                continue  # sentences of another length
            if not found.ndim:
                continue  # a sparse matrix
            self.parts[number].append(found)
            self.sizes[number] += found.size

    def see(self, x: Any) -> None:
        """Takes rows of a batch, where they are not known yet."""
        if not self.whole:
            self._add(x, NUMBERS)

    def of(self, number: int) -> np.ndarray:
        """The rows of an input."""
        parts = self.parts[number] if number < len(self.parts) else []
        return np.concatenate(parts) if parts else np.zeros((0,), "float32")

    def ids(self, number: int) -> np.ndarray:
        """All there are of an input of integers, if they are not too many."""
        whole = self.given[number] if number < len(self.given) else None
        if isinstance(whole, np.ndarray) and whole.size <= IDS:
            return whole
        return self.of(number)


def _padding(
    values: np.ndarray, entrance: Entrance
) -> tuple[float | None, float | None]:
    """Fraction of samples that a mask leaves nothing of, and the masked value."""
    found: list[tuple[float, float | None]] = []
    for layer in entrance.maskings:
        if values.ndim > 1 and len(values):
            hidden = values == layer.mask_value
            part = float(hidden.reshape(len(values), -1).all(1).mean())
            found.append((part, float(layer.mask_value)))
    for lookup in entrance.lookups:
        ids = lookup.ids(values)
        if lookup.layer.mask_zero and len(ids):
            hidden = np.asarray(ids) == 0
            part = float(hidden.reshape(len(ids), -1).all(1).mean())
            found.append((part, None if lookup.keys else 0.0))
    return max(found, key=lambda pair: pair[0], default=(None, None))


def _ids(values: np.ndarray, entrance: Entrance, names: dict[int, str]) -> list[Ids]:
    found = []
    for lookup in entrance.lookups:
        ids = np.asarray(lookup.ids(values))
        if not ids.size or not np.isfinite(low := ids.min()):
            continue
        high, rows = ids.max(), int(lookup.layer.input_dim)
        beyond = 0.0
        if low < 0 or high >= rows:
            beyond = float(np.mean((ids < 0) | (ids >= rows)))
        name = names.get(id(lookup.layer), lookup.layer.name)
        options = ", mask_zero=True" if lookup.layer.mask_zero else ""
        code = f"keras.layers.Embedding({{rows}}, {lookup.layer.output_dim}{options}, "
        code += f'name="{lookup.layer.name}")'
        whole = not lookup.keys
        found.append(Ids(name, rows, int(low), int(high), beyond, whole, code))
    return found


def records(
    rows: Rows,
    doors: Sequence[Entrance],
    names: dict[int, str],
    layers: Sequence[Any],
) -> tuple[FeatureRecord, ...]:
    """A record for each input.

    Args:
        rows: Of the inputs.
        doors: Where each input goes.
        names: Of layers, by their identity.
        layers: Records of the calls of layers.
    """
    found = []
    calls = {r.name: r for r in reversed(layers)}
    for number, door in enumerate(doors):
        values = rows.of(number)
        if not values.size or values.dtype.kind not in "biuf":
            continue
        takers = [names.get(id(layer), layer.name) for layer in door.kernels]
        first = [calls[name] for name in takers if name in calls]
        given = [r.input_rms for r in first if r.input_rms is not None]
        formats = {getattr(layer, "data_format", None) for layer in door.kernels}
        ids = _ids(rows.ids(number), door, names) if door.lookups else []
        padding, masked = _padding(values, door)
        found.append(
            FeatureRecord(
                name=f"input {number}" if len(doors) > 1 else "input",
                number=number,
                dtype=str(values.dtype),
                shape=tuple(values.shape),
                image=values.ndim > 3,
                takers=tuple(takers),
                scalings=tuple(names.get(id(s), s.name) for s in door.scalings),
                scaled=door.is_scaled,
                normalized=door.is_normalized,
                absorbed=bool(first) and all(r.normalized for r in first),
                trained=any(layer.trainable for layer in door.kernels),
                given_rms=max(given, default=None),
                padding=padding,
                masked=masked,
                ids=tuple(ids),
                **columns.figures(values, formats == {"channels_first"}),
            )
        )
    return tuple(found)
