"""Weights with identical, negated or constant content, where they should differ.

Units that start alike stay alike, since they get the same gradients. It happens when
one initializer with a seed serves several kernels (query, key and value of an attention
layer), when an instance is shared between layers, and where a hidden kernel is zero.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_inits._utils.host_array import to_numpy
from keras_inits.geometry.roles import KERNEL_ROLES, Role
from keras_inits.graph.layer_defaults import LayerDefaults
from keras_inits.graph.weights import WeightInfo, weights_of
from keras_inits.sampling import Key

VECTORS = (Role.BIAS, Role.GAIN, Role.SLOPE)
GLANCE = 64  # entries that tell most weights apart


class Duplicate(NamedTuple):
    """Weights of one content.

    Attributes:
        kind: "equal"; "negated", if one is another times -1; or "constant", a kernel
            all of whose entries are one number.
        paths: Their places in the model, in its order.
        value: The number, if constant.
    """

    kind: str
    paths: tuple[str, ...]
    value: float | None = None

    def __str__(self) -> str:
        names = ", ".join(self.paths)
        if self.kind == "constant":
            return f"all entries are {self.value:g}: {names}"
        return f"{self.kind}: {names}"


def _flat(variable: keras.Variable) -> np.ndarray:
    values = to_numpy(variable.value).reshape(-1)
    if values.dtype.kind != "f" or values.dtype.itemsize < 4:  # bfloat16, float16
        values = values.astype("float32")
    return values


def _content(values: np.ndarray) -> tuple[bytes, bool]:
    """What the entries are but for the sign of all, and whether that is flipped.

    Zeros have no sign, and one NaN is like another.
    """
    numbers = values + values.dtype.type(0)  # -0 becomes 0
    missing = np.isnan(numbers)
    numbers[missing] = np.nan
    signed = np.flatnonzero((numbers != 0) & ~missing)
    is_flipped = bool(len(signed) and numbers[signed[0]] < 0)
    if is_flipped:
        numbers = np.where(missing, numbers, 0 - numbers)
    return numbers.tobytes(), is_flipped


def _is_constant(values: np.ndarray) -> bool:
    return bool((values[:GLANCE] == values[0]).all() and (values == values[0]).all())


def _is_drawn(values: np.ndarray) -> bool:
    """Whether there are more than two values: identities are alike by design."""
    if len(np.unique(values[:GLANCE])) > 2:
        return True
    return not ((values == values.min()) | (values == values.max())).all()


def _alike(weights: Iterable[tuple[str, Any]]) -> Iterator[list[tuple[str, bool]]]:
    """Groups of weights, given by path and variable, equal but for the sign of all.

    Each is a list of paths, and whether the sign is flipped.
    """
    glances: dict[Any, list[tuple[str, Any]]] = {}
    for path, variable in weights:
        values = _flat(variable)
        # Most weights differ from all others at a glance; only the rest is read.
        key = values.dtype.str, values.size, _content(values[:GLANCE])[0]
        glances.setdefault(key, []).append((path, variable))
    for group in glances.values():
        if len(group) == 1:
            continue
        contents: dict[bytes, list[tuple[str, bool]]] = {}
        for path, variable in group:
            content, is_flipped = _content(_flat(variable))
            digest = hashlib.blake2b(content).digest()
            contents.setdefault(digest, []).append((path, is_flipped))
        yield from (alike for alike in contents.values() if len(alike) > 1)


def _is_default(info: WeightInfo, defaults: LayerDefaults) -> bool:
    """Whether a weight still holds what its own layer fills in without drawing.

    The biases of two LSTMs start at the same zeros and ones, and are meant to.
    """
    start = defaults.start(info)
    if start is None:
        return False
    dtype = keras.backend.standardize_dtype(info.variable.dtype)
    filled = to_numpy(start.drawn(info.shape, dtype, Key(0, 0)))
    return bool((filled == to_numpy(info.variable.value)).all())


def equal_kernels(found: list[WeightInfo]) -> tuple[tuple[str, ...], ...]:
    """Groups of paths of kernels that hold the same values, more than two of them."""
    compared = [
        (info.path, info.variable)
        for info in found
        if info.weight.role in KERNEL_ROLES
        and np.prod(info.variable.shape) > 1
        and _is_drawn(_flat(info.variable))
    ]
    groups = [
        tuple(path for path, flipped in alike if flipped == sign)
        for alike in _alike(compared)
        for sign in (False, True)
    ]
    return tuple(group for group in groups if len(group) > 1)


def duplicates(model: keras.Model) -> list[Duplicate]:
    """Weights of a model that have the same content without being one variable.

    Content is compared exactly, entry by entry in the order of memory, so a kernel and
    the same numbers in another shape are equal, and a kernel and its transpose are not.
    Compared are kernels, embeddings, biases, gains and slopes that hold more than one
    number and other values than their layer itself fills in without drawing (an LSTM's
    biases are zeros and ones). Moving statistics and states are left out.

    Args:
        model: Built.

    Returns:
        Groups of equal or negated weights, in the model's order, and then the kernels
        that are constant, by their value. Each prints as a sentence; an empty list
        means that all weights differ.

    Raises:
        ValueError: If the model is not built.

    Examples:
    >>> import keras, keras_inits
    >>> same = keras_inits.HeNormal(seed=7)
    >>> model = keras.Sequential([keras.Input((4,)),
    ...     keras.layers.Dense(4, name="a"), keras.layers.Dense(4, name="b"),
    ...     keras.layers.Dense(2, "relu", kernel_initializer="zeros", name="c")])
    >>> for layer in model.layers[:2]:
    ...     layer.set_weights([same((4, 4)), keras.ops.zeros(4)])
    >>> for group in keras_inits.graph.duplicates.duplicates(model):
    ...     print(group)
    equal: a/kernel, b/kernel
    all entries are 0: c/kernel
    """
    compared: dict[str, WeightInfo] = {}
    constants: dict[float, list[str]] = {}
    for info in weights_of(model):
        role, size = info.weight.role, int(np.prod(info.variable.shape))
        if role not in (*KERNEL_ROLES, *VECTORS) or size < 2:
            continue
        values = _flat(info.variable)
        if not _is_constant(values):
            compared[info.path] = info
        elif role in KERNEL_ROLES:
            constants.setdefault(float(values[0]) + 0.0, []).append(info.path)
    found, defaults = [], LayerDefaults()
    for group in _alike((path, info.variable) for path, info in compared.items()):
        alike = [m for m in group if not _is_default(compared[m[0]], defaults)]
        if len(alike) < 2:
            continue
        paths, flips = zip(*alike, strict=True)
        kind = "negated" if len({*flips}) > 1 else "equal"
        found.append(Duplicate(kind, paths))
    return found + [Duplicate("constant", tuple(p), v) for v, p in constants.items()]
