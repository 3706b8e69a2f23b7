"""Recurrent kernels with a known greatest eigenvalue."""

from types import ModuleType
from typing import Any

import numpy as np

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Seed, Shape
from keras_inits.initializers.computed import Computed, Draw
from keras_inits.initializers.registry import register

__all__ = ["EchoState", "PositiveDefiniteRnn"]


def _square(shape: Shape) -> int:
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(
            "A recurrent kernel maps a state to a state, and must be square. Received: "
            f"shape={shape}. Use (64, 64); for fused gates wrap it in "
            "keras_inits.per_gate(..., gates=4)."
        )
    return shape[0]


@register("positive_definite_rnn")
class PositiveDefiniteRnn(Computed):
    """A positive definite kernel of norm 1: for simple recurrent layers with ReLU.

    Eigenvalues are computed on the host, in float64; a compiled program can have it
    with an integer seed only.

    Formula: K / its greatest eigenvalue, K = AᵀA / u + 1, A of N(0, 1), u the units.

    Use for: simple recurrent layers with ReLU and long sequences. Not for LSTM and
    GRU, whose gates carry the state: use `orthogonal`.

    Args:
        seed: As in `Initializer`.

    Raises:
        ValueError: When called, if the kernel is not square.

    Examples:
    >>> import keras, keras_inits, numpy as np
    >>> kernel = keras_inits.PositiveDefiniteRnn(seed=7)((8, 8))
    >>> round(float(np.linalg.eigvalsh(keras.ops.convert_to_numpy(kernel)).max()), 4)
    1.0

    Reference: Talathi, Vartak (2015), "Improving performance of recurrent neural
    network with relu nonlinearity", arXiv 1511.03771.
    """

    usage = "keras.layers.SimpleRNN(64, recurrent_initializer={})"
    family = "recurrent"
    on_host = True

    def __init__(self, seed: Seed = None) -> None:
        super().__init__(seed)

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        size = _square(shape)
        drawn = draw(sampling.normal(0.0, 1.0), shape).astype("float64")
        kernel = drawn.T @ drawn / size + np.eye(size)
        return kernel / np.linalg.eigvalsh(kernel)[-1]


@register("echo_state")
class EchoState(Computed):
    """A sparse kernel whose echo fades at a known rate: for reservoirs.

    Eigenvalues are computed on the host, in float64; a compiled program can have it
    with an integer seed only.

    Formula: U(-1, 1), each entry kept with probability `connectivity`, scaled so that
    the greatest eigenvalue has the absolute value `spectral_radius`.

    Use for: reservoirs, whose recurrent kernel is fixed while only the readout
    learns. For a kernel that is trained use `orthogonal`.

    Args:
        spectral_radius: Finite float, > 0; below 1 the echo fades.
        connectivity: Share of entries that are not 0; float, 0 < connectivity <= 1.
        seed: As in `Initializer`.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if
            the kernel is not square, or what is kept has no eigenvalue but 0.

    Examples:
    >>> import keras, keras_inits, numpy as np
    >>> kernel = keras_inits.EchoState(spectral_radius=0.9, seed=7)((50, 50))
    >>> kernel = keras.ops.convert_to_numpy(kernel)
    >>> round(float(abs(np.linalg.eigvals(kernel)).max()), 3)
    0.9

    Reference: Jaeger (2001), "The 'echo state' approach to analysing and training
    recurrent neural networks", GMD report 148.
    """

    usage = "keras.layers.SimpleRNN(64, recurrent_initializer={})"
    family = "recurrent"
    on_host = True

    def __init__(
        self,
        spectral_radius: float = 0.9,
        connectivity: float = 0.1,
        seed: Seed = None,
    ) -> None:
        super().__init__(seed)
        self.spectral_radius = checks.number(
            "spectral_radius",
            spectral_radius,
            above=0,
            meaning="the greatest absolute eigenvalue",
            instead="For example spectral_radius=0.9.",
        )
        self.connectivity = checks.number(
            "connectivity",
            connectivity,
            above=0,
            maximum=1,
            meaning="the share of entries that are not 0",
            instead="For example connectivity=0.1.",
        )

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        _square(shape)
        drawn = draw(sampling.uniform(-1.0, 1.0), shape).astype("float64")
        coins = draw(sampling.uniform(0.0, 1.0), shape, "kept")
        kept = np.where(coins < self.connectivity, drawn, 0.0)
        radius = abs(np.linalg.eigvals(kept)).max()
        # Of a matrix without a cycle all eigenvalues are 0, up to rounding.
        if radius < 1e-6:
            raise ValueError(
                "Too few entries are kept for an echo. Received: "
                f"connectivity={self.connectivity} for shape={shape}. Use "
                f"connectivity={min(1.0, 10 / shape[0]):g}, or another seed."
            )
        return kept * (self.spectral_radius / radius)
