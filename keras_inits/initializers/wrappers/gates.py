"""`per_gate`: any initializer, applied to each fused gate on its own.

An LSTM keeps the kernels of its four gates side by side, a GRU those of its three. An
initializer that sees them as one kernel counts all of them as outputs, and makes them
orthogonal to each other instead of each by itself.
"""

import dataclasses
from typing import Any

import keras

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Layout
from keras_inits.initializers import registry
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.wrappers.base import Wrapper

__all__ = ["per_gate"]


@keras.saving.register_keras_serializable(registry.PACKAGE, "per_gate")
class PerGate(Wrapper):
    """Any initializer, applied to each fused gate on its own: for LSTM and GRU.

    Formula: the last axis is cut into `gates` equal blocks; each is drawn as if it were
    the whole tensor, from a stream of its own. So fans are those of one gate, and every
    block of an orthogonal kernel is orthogonal.

    Args:
        initializer: What fills a block: a name, an initializer or its config. Names
            mean this package's schemes where there is one of the name. The stream
            follows its seed; a function must see for itself that its values differ.
        gates: Number of blocks; int, >= 1. LSTM and ConvLSTM layers have 4, GRU has 3.
            The last axis of a kernel, recurrent kernel or bias is `gates * units`.

    Raises:
        ValueError: At construction, if an argument is not of its kind; when called, if
            the last axis does not divide.

    Examples:
    Each gate of the LSTM's recurrent kernel (3, 12) is orthogonal:

    >>> import keras, keras_inits, numpy as np
    >>> orthogonal = keras_inits.per_gate("orthogonal", 4)
    >>> layer = keras.layers.LSTM(3, recurrent_initializer=orthogonal)
    >>> layer.build((None, 7, 5))
    >>> kernel = keras.ops.convert_to_numpy(layer.cell.recurrent_kernel.value)
    >>> np.linalg.svd(kernel[:, 3:6], compute_uv=False).round(4).tolist()
    [1.0, 1.0, 1.0]

    Reference: Vorontsov, Trabelsi, Kadoury, Pal (2017), "On orthogonality and learning
    recurrent networks with long term dependencies", arXiv 1702.00071, for orthogonal
    recurrent matrices; that each gate is one of them is our choice.
    """

    family = "wrapper"

    def __init__(self, initializer: Any, gates: int) -> None:
        super().__init__(initializer)
        self.initializer = self.inner  # as files have it
        self.gates = checks.whole(
            "gates",
            gates,
            meaning="the number of kernels side by side",
            instead="An LSTM has gates=4, a GRU gates=3.",
        )

    def _part(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of one gate."""
        if not shape or shape[-1] % self.gates:
            raise ValueError(
                "The last axis must hold equal gates. Received: "
                f"gates={self.gates} for shape={shape}. Use 4 in an LSTM, 3 in a GRU."
            )
        return (*shape[:-1], shape[-1] // self.gates)

    def expected_std(self, shape: tuple[int, ...]) -> float | None:
        return self.inner_std(self._part(shape))

    def compute(
        self, shape: tuple[int, ...], dtype: str, key: sampling.Key, layout: Layout
    ) -> Any:
        part, inner = self._part(shape), self.inner
        if isinstance(inner, KernelInitializer) and _ends_in_outputs(inner, shape):
            own = inner.geometry
            fused = dataclasses.replace(own, gates=own.gates * self.gates)
            return inner.with_geometry(fused).compute(shape, dtype, key, layout)
        blocks = [
            self.block(part, dtype, sampling.substream(key, "gate", gate))
            for gate in range(self.gates)
        ]
        whole = keras.ops.concatenate(blocks, axis=-1)
        return sampling.finished(whole, dtype, layout)


def _ends_in_outputs(initializer: KernelInitializer, shape: tuple[int, ...]) -> bool:
    """Whether the initializer's own gates lie along the last axis, too."""
    if len(shape) < 2:
        return initializer.input_axes is None
    return initializer.geometry.axes(shape)[1][-1:] == [len(shape) - 1]


def per_gate(initializer: Any, gates: int) -> PerGate:
    """An initializer that fills each of the fused gates on its own.

    Args:
        initializer: What fills a gate: a name, an initializer or its config.
        gates: Number of gates: 4 in LSTM and ConvLSTM layers, 3 in GRU.

    Returns:
        A `PerGate`, which layers take and files keep.

    Raises:
        ValueError: If an argument is not of its kind.

    Examples:
    Fans are those of one gate, 64 and 32, not 64 and 4 * 32:

    >>> import keras_inits
    >>> gates = keras_inits.per_gate("xavier_uniform", gates=4)
    >>> round(gates.expected_std((64, 4 * 32)), 4), round((2 / (64 + 32)) ** 0.5, 4)
    (0.1443, 0.1443)
    >>> round(keras_inits.get("xavier_uniform").expected_std((64, 4 * 32)), 4)
    0.1021
    """
    return PerGate(initializer, gates)
