"""Bases of schemes whose entries are no independent draws of one distribution.

`Deterministic` has values that follow from the shape; `Computed` puts several draws
together, in NumPy on the host or in a program that is traced.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, Protocol

import keras
import numpy as np

from keras_inits import sampling
from keras_inits._utils.tensor_std import tensor_std
from keras_inits._utils.types import Layout, Shape, Tensor
from keras_inits.initializers.base import Initializer
from keras_inits.sampling.threads import in_parallel


class Draw(Protocol):
    """Draws float32 values: of a distribution, a shape, and from a named stream."""

    def __call__(
        self, distribution: sampling.Distribution, shape: Shape, stream: str = ""
    ) -> Any: ...


class Deterministic(Initializer):
    """A scheme that draws nothing and fills any dtype."""

    is_random = False
    family = "constant"

    def values(self, shape: Shape) -> Any:
        """A number, or a NumPy array of the shape."""
        raise NotImplementedError

    def _values(self, shape: Shape) -> Any:
        return np.zeros(shape) if 0 in shape else self.values(shape)

    def expected_std(self, shape: Shape) -> float | None:
        values = self._values(shape)
        return tensor_std(values) if isinstance(values, np.ndarray) else 0.0

    def compute(
        self, shape: Shape, dtype: str, key: sampling.Key, layout: Layout
    ) -> Tensor:
        return sampling.filled(self._values(shape), shape, dtype, layout)


def drawer(key: sampling.Key, draw: Callable[..., Any]) -> Draw:
    """What draws from a key's streams, by `sampling.draw` or `draw_on_host`."""

    def drawn(
        distribution: sampling.Distribution, shape: Shape, stream: str = ""
    ) -> Any:
        own = sampling.substream(key, stream) if stream else key
        return draw(distribution, shape, "float32", own)

    return drawn


class Computed(Initializer):
    """A scheme that computes its entries from one or more draws.

    A subclass implements `values`, with functions that NumPy and `keras.ops` share.
    """

    on_host = False  # whether it needs NumPy: a factorization, or the order of values

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        """The entries.

        Args:
            shape: Of the tensor, without an axis of size 0.
            draw: Returns float32 arrays of NumPy's, or tensors of the backend.
            ops: `numpy`, or `keras.ops`.

        Returns:
            A new array or tensor of the shape; it may be of float64.
        """
        raise NotImplementedError

    def expected_std(self, shape: Shape) -> float | None:
        return None

    def compute(
        self, shape: Shape, dtype: str, key: sampling.Key, layout: Layout
    ) -> Tensor:
        if 0 in shape:
            return sampling.filled(0.0, shape, dtype, layout)
        tracing = sampling.is_tracing()
        if tracing and not self.on_host:
            draw = drawer(key, sampling.draw)
            result = self.values(shape, draw, keras.ops)
            return sampling.finished(keras.ops.cast(result, "float32"), dtype, layout)
        if not isinstance(key.k0, int):
            raise ValueError(
                f"{type(self).__name__} computes its values on the host, which a "
                f"compiled program cannot. Received: seed={self.seed!r} inside one. "
                "Use an integer, such as seed=7, or build the layer outside."
            )
        result = self.values(shape, drawer(key, sampling.draw_on_host), np)
        if tracing:
            result = keras.ops.convert_to_tensor(result.astype("float32"))
        else:
            result = np.ascontiguousarray(result, dtype="float32")
        return sampling.finished(result, dtype, layout)


PIECE = 16_384  # values whose float64 intermediates stay in a core's cache


def precisely(formula: Callable[[Any], Any], x: Any, ops: ModuleType) -> Any:
    """A formula that loses digits, of each entry: in float64 on the host.

    Args:
        formula: Of `x`, entry by entry.
        x: A draw; on the host the result takes its place.
        ops: `numpy`, or `keras.ops`.

    Returns:
        float32, of the shape of `x`.
    """
    if ops is not np:
        return formula(x)
    flat = x.reshape(-1)

    def task(start: int) -> None:
        piece = flat[start : start + PIECE]
        piece[:] = formula(piece.astype("float64"))

    in_parallel(task, range(0, flat.size, PIECE))
    return flat.reshape(x.shape)
