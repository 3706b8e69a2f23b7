"""The directions that a layer's inputs vary in, over data: for EVA."""

import math
import re
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import to_numpy
from keras_inits.models.transfer.adapters import Adapter, signed
from keras_inits.signals.batches import Batch, tensors
from keras_inits.signals.forward import Visit, forward

NUMBERS = 2**23  # of a matrix of inputs that is held at once


def _einsum_inputs(layer: Any, x: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Inputs of EinsumDense, (rows, inputs), in the order of the kernel's axes."""
    left, kernel = re.sub(r"\s", "", layer.equation).split("->")[0].split(",")
    kernel = kernel.replace("...", "")
    before = left.split("...")[0]
    free = x.ndim - len(left.replace("...", ""))
    letters = [*before, *[""] * free, *left[len(before) :].replace("...", "")]
    places = [letters.index(kernel[axis]) for axis in axes]
    x = np.moveaxis(x, places, range(-len(places), 0))
    return x.reshape(-1, math.prod(x.shape[-len(places) :]))


def _patches(layer: Any, x: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """What a convolution's kernel is multiplied with, (rows, window and channels).

    A convolution whose kernel is the identity copies each patch to its outputs.
    """
    size = math.prod(shape[:-1])
    identity = np.eye(size, dtype="float32").reshape(*shape[:-1], size)
    kernel = keras.ops.convert_to_tensor(np.tile(identity, layer.groups))
    padding = layer.padding
    if padding == "causal":  # of Conv1D only
        steps = 2 if layer.data_format == "channels_first" else 1
        width = [(0, 0)] * 3
        width[steps] = (layer.dilation_rate[0] * (shape[0] - 1), 0)
        x, padding = np.pad(x, width), "valid"
    patches = keras.ops.conv(
        keras.ops.convert_to_tensor(x),
        kernel,
        strides=list(layer.strides),
        padding=padding,
        data_format=layer.data_format,
        dilation_rate=layer.dilation_rate,
    )
    found = to_numpy(patches)
    if layer.data_format == "channels_first":
        found = np.moveaxis(found, 1, -1)
    return found.reshape(-1, size)


def _rows(one: Adapter, x: np.ndarray) -> np.ndarray:
    if isinstance(one.layer, keras.layers.EinsumDense):
        axes = one.a.weight.geometry.axes(one.a.shape)[0]
        return _einsum_inputs(one.layer, x, sorted(axes))
    if isinstance(one.layer, keras.layers.Dense):
        return x.reshape(-1, x.shape[-1])
    return _patches(one.layer, x, one.a.shape)


def _gram(one: Adapter, x: np.ndarray) -> np.ndarray:
    """Sum over rows of the products of inputs, a few samples at a time."""
    overlap = max(1, math.prod(one.a.shape[:-1]) // x.shape[-1])  # of windows
    step = max(1, NUMBERS // max(1, overlap * math.prod(x.shape[1:])))
    total: Any = 0.0
    for start in range(0, len(x), step):
        rows = _rows(one, x[start : start + step]).astype("float64")
        total = total + rows.T @ rows
    return np.asarray(total)


def _placed(one: Adapter, vectors: np.ndarray) -> np.ndarray:
    """The vectors (inputs, rank) in the shape of A; the same for all its outputs."""
    shape = one.a.shape
    _, outputs, _ = one.a.weight.geometry.axes(shape)
    shared = [axis for axis in outputs if axis != len(shape) - 1]
    sizes = [1 if axis in shared else n for axis, n in enumerate(shape)]
    whole = np.broadcast_to(vectors.reshape(sizes), shape)
    return np.ascontiguousarray(whole).reshape(-1, one.rank)


def leading_inputs(
    model: keras.Model, batch: Batch, chosen: Sequence[Adapter]
) -> dict[str, tuple[np.ndarray, str]]:
    """The factors A that span the leading right singular vectors of layers' inputs.

    Args:
        model: Built.
        batch: Data, as arrays.
        chosen: The layers.

    Returns:
        From the path of A to A as a matrix, and a note; layers that the pass does not
        reach are missing.
    """
    by_layer = {id(one.layer): one for one in chosen}
    grams: dict[int, np.ndarray] = {}  # summed over the calls of a shared layer

    def reached(visit: Visit) -> None:
        one = by_layer.get(id(visit.layer))
        if one is None or not visit.args:
            return
        x = to_numpy(keras.ops.cast(visit.args[0], "float32"))
        known = grams.get(id(one.layer))
        gram = _gram(one, x)
        grams[id(one.layer)] = gram if known is None else known + gram

    forward(model, tensors(batch.x), reached, every_call=True)
    return {
        one.a.path: _leading(one, grams[id(one.layer)])
        for one in chosen
        if id(one.layer) in grams
    }


def _leading(one: Adapter, gram: np.ndarray) -> tuple[np.ndarray, str]:
    """A as a matrix, and a note, from the sum of the products of inputs."""
    values, vectors = np.linalg.eigh(gram)
    leading = signed(vectors[:, ::-1][:, : one.rank])
    count = int((values > values[-1] * len(values) * 1e-12).sum())
    note = "" if count >= one.rank else f"its inputs fill {count} directions only"
    return _placed(one, leading), note
