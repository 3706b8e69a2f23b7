"""Recomputes the saturation of gates and attention, which hooks cannot see.

Both are computed once more, for a part. Gates of the last step, from what the layer was
given and what it returned: its last hidden state stands for the one before. Rows of
attention from a few queries and keys, masks left out.
"""

from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import numpy_view
from keras_inits._utils.types import Tensor


def _last(x: Tensor) -> Any:
    return x[:, -1] if len(x.shape) == 3 else x


def saturated_gates(layer: keras.layers.Layer, given: Any, output: Tensor) -> Any:
    """Whether each gate is open or shut so far that its slope is a tenth of the best.

    Args:
        layer: Any layer.
        given: What it was given, (samples, steps, features).
        output: What it returned.

    Returns:
        A tensor of zeros and ones, (samples, gates · units, 2): as the gates are, and
        as they would be without the bias. None for a layer that is no LSTM or GRU, or
        whose gates are no sigmoids.
    """
    if not isinstance(layer, keras.layers.LSTM | keras.layers.GRU) or given is None:
        return None
    cell, ops = layer.cell, keras.ops
    if getattr(cell.recurrent_activation, "__name__", "") != "sigmoid":
        return None
    x, h = _last(given), _last(keras.tree.flatten(output)[0])
    dtype = layer.compute_dtype
    kernels = [ops.cast(k, dtype) for k in (cell.kernel, cell.recurrent_kernel)]
    z = ops.matmul(x, kernels[0]) + ops.matmul(h, kernels[1])
    driven = z
    if cell.bias is not None:
        bias = ops.cast(cell.bias, dtype)
        z = z + (ops.sum(bias, axis=0) if len(bias.shape) == 2 else bias)
    both = ops.stack([z, driven], axis=-1)
    parts = ops.split(both, z.shape[-1] // cell.units, axis=1)
    candidate = 2  # of both: (i, f, candidate, o) and (z, r, candidate)
    gates = [part for place, part in enumerate(parts) if place != candidate]
    gate = ops.sigmoid(ops.concatenate(gates, axis=1))
    return ops.cast(gate * (1 - gate) < 0.025, "float32")


SAMPLES, QUERIES, KEYS = 8, 64, 512  # of attention, that are looked at
ONE_HOT = 0.99  # probability above which a row of attention is one key's


def _first(x: Tensor, steps: int) -> Any:
    x = numpy_view(x)[:SAMPLES, :steps]
    is_near = isinstance(x, np.ndarray)
    return x.astype("float32") if is_near else keras.ops.cast(x, "float32")


def one_hot_rows(query: Tensor, key: Any) -> Any:
    """Whether each query attends to a single key.

    Args:
        query: (samples, steps, heads, size), before it is scaled by 1/sqrt(size).
        key: The same, of as many heads or a divisor of their number.

    Returns:
        An array or tensor of zeros and ones, (samples, heads, queries).
    """
    query, key = _first(query, QUERIES), _first(key, KEYS)
    ops = np if isinstance(query, np.ndarray) else keras.ops
    size, groups = query.shape[-1], query.shape[2] // key.shape[2]
    if groups > 1:
        key = ops.repeat(key, groups, axis=2)
    rows, columns = ops.transpose(query, (0, 2, 1, 3)), ops.transpose(key, (0, 2, 3, 1))
    scores = ops.matmul(rows, columns) / size**0.5
    # The largest of a softmax, all of whose terms are divided by their largest.
    total = ops.sum(ops.exp(scores - ops.max(scores, axis=-1, keepdims=True)), axis=-1)
    return ops.where(total < 1 / ONE_HOT, 1.0, 0.0)
