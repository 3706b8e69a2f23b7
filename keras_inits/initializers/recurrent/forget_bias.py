"""Initializers that only recurrent layers need: the LSTM's forget-gate bias."""

from typing import Any

import keras
import numpy as np

from keras_inits import sampling
from keras_inits._utils.types import Layout
from keras_inits.initializers.base import Initializer


class ForgetBias(Initializer):
    """Biases of an LSTM's four gates: 1 for the forget gate, the second of them.

    Formula: b = others, but b = 1 for the forget gate.

    Args:
        others: The initializer of the other gates' biases.

    Examples:
    >>> import keras_inits
    >>> from keras_inits.initializers.recurrent.forget_bias import ForgetBias
    >>> [float(b) for b in ForgetBias(keras_inits.Zeros())((8,))]
    [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]

    Reference: Jozefowicz, Zaremba, Sutskever (2015), "An Empirical Exploration of
    Recurrent Network Architectures", ICML; Keras's `unit_forget_bias`.
    """

    is_random = False
    family = "constant"

    def __init__(self, others: Initializer) -> None:
        super().__init__()
        self.others = others

    def compute(
        self, shape: tuple[int, ...], dtype: str, key: sampling.Key, layout: Layout
    ) -> Any:
        others = self.others.drawn(shape, "float32", key)
        gates = np.array(keras.ops.convert_to_numpy(others)).reshape(4, -1)
        gates[1] = 1
        return sampling.filled(gates.reshape(shape), shape, dtype, layout)

    def __repr__(self) -> str:
        return f"{self.others!r}, forget gate 1"
