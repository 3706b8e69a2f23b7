"""Starts of PyTorch's recurrent layers, and of the biases of all its layers."""

import math
from types import ModuleType
from typing import Any

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Seed, Shape
from keras_inits.initializers.base import Initializer
from keras_inits.initializers.computed import Computed, Draw
from keras_inits.initializers.recurrent.biases import checked_gates, units_of
from keras_inits.initializers.registry import register

__all__ = ["TorchBias", "TorchRnn"]


@register("torch_rnn")
class TorchRnn(Computed):
    """Kernels and biases of recurrent layers as PyTorch starts them.

    Formula: U(±1 / sqrt(u)), u the units, which are the last axis over the gates; with
    two biases the sum of two such draws.

    Use for: recurrent models ported from PyTorch that must start as they did there.
    Otherwise `orthogonal` for the recurrent kernel.

    Args:
        gates: Gates side by side on the last axis; 4 for LSTM, 3 for GRU.
        biases: 1; or 2 for PyTorch's two biases of an LSTM in Keras's one. Keras's GRU
            with `reset_after` keeps both, as rows, and needs 1.
        seed: As in `Initializer`.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if
            the last axis does not hold equal gates.

    Examples:
    The std for 64 units is their inverse square root over that of 3:

    >>> import keras_inits
    >>> round(keras_inits.TorchRnn(gates=4).expected_std((20, 256)), 4)
    0.0722

    Reference: Paszke et al. (2019), "PyTorch: An Imperative Style, High-Performance
    Deep Learning Library", arXiv 1912.01703; `torch.nn.RNNBase.reset_parameters`.
    """

    usage = "keras.layers.LSTM(64, kernel_initializer={})"
    usage_arguments = "gates=4"
    family = "recurrent"

    def __init__(self, gates: int = 1, biases: int = 1, seed: Seed = None) -> None:
        super().__init__(seed)
        self.gates = checked_gates(gates)
        self.biases = checks.whole(
            "biases",
            biases,
            meaning="how many biases are added",
            instead="For PyTorch's LSTM use biases=2.",
        )
        if self.biases > 2:
            raise ValueError(
                "`biases` is 1 or 2. Received: "
                f"biases={biases!r}. For PyTorch's LSTM use biases=2."
            )

    def _bound(self, shape: Shape) -> float:
        return 1 / math.sqrt(max(1, units_of(shape, self.gates)))

    def expected_std(self, shape: Shape) -> float:
        return self._bound(shape) * math.sqrt(self.biases / 3)

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        bound = self._bound(shape)
        distribution = sampling.uniform(-bound, bound)
        first = draw(distribution, shape)
        return (
            first if self.biases == 1 else first + draw(distribution, shape, "second")
        )


@register("torch_bias")
class TorchBias(Initializer):
    """Biases of dense layers and convolutions as PyTorch starts them.

    Formula: U(±1 / sqrt(fan_in)), of the kernel beside it.

    Use for: models ported from PyTorch that must start as they did there. Otherwise
    `zeros`.

    Args:
        fan_in: The kernel's, which the bias's shape does not tell; finite float, > 0.
        seed: As in `Initializer`.

    Raises:
        ValueError: At construction, if `fan_in` is out of range.

    Examples:
    >>> import keras_inits
    >>> round(keras_inits.TorchBias(fan_in=64).expected_std((10,)), 4)  # 1 / sqrt(192)
    0.0722

    Reference: Paszke et al. (2019), "PyTorch", arXiv 1912.01703;
    `torch.nn.Linear.reset_parameters`.
    """

    example_shape = (64,)
    usage = "keras.layers.Dense(64, bias_initializer={})"
    usage_arguments = "fan_in=8"
    family = "recurrent"

    def __init__(self, fan_in: float, seed: Seed = None) -> None:
        super().__init__(seed)
        self.fan_in = checks.number(
            "fan_in",
            fan_in,
            above=0,
            meaning="the number of inputs of the kernel beside the bias",
            instead="For Dense on 64 features use fan_in=64.",
        )

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        bound = 1 / math.sqrt(self.fan_in)
        return sampling.uniform(-bound, bound)
