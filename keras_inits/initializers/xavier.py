"""Xavier's (Glorot's) initializers: for tanh, sigmoid and linear layers.

Signals ask for variance 1 / fan_in, gradients for 1 / fan_out; the mean of both fans is
the compromise. `xavier_*` take a gain and, as in the paper and in PyTorch, are not
truncated; `glorot_*` are the distributions of Keras's classes of these names.
"""

from typing import Any

from keras_inits._utils import checks
from keras_inits.initializers.registry import register
from keras_inits.initializers.variance_scaling import VarianceScaling

__all__ = ["GlorotNormal", "GlorotUniform", "XavierNormal", "XavierUniform"]


class _WithGain(VarianceScaling):
    """Kernels that keep the mean of both fans, with std in proportion to a gain."""

    def __init__(self, gain: float, distribution: str, **geometry: Any) -> None:
        super().__init__(1.0, "fan_avg", distribution, **geometry)
        self.gain = gain

    @property
    def gain(self) -> float:
        """Factor of the std; the scale follows it."""
        return self._gain

    @gain.setter
    def gain(self, gain: float) -> None:
        self._gain = checks.number(
            "gain",
            gain,
            minimum=0,
            below=1e150,  # whose square is finite
            meaning="the factor of the standard deviation",
            instead="For tanh use gain=5/3, for linear layers gain=1.",
        )
        self.scale = self._gain**2


@register("xavier_uniform")
class XavierUniform(_WithGain):
    """Uniform kernels for tanh, sigmoid and linear layers, with a gain.

    Formula: w ~ U(-a, a), a = gain * sqrt(6 / (fan_in + fan_out)).

    Use for: layers with tanh, sigmoid, softmax or no activation, and attention.
    Through ReLU the variance halves with each layer: use `he_fan_in`.

    Args:
        gain: Factor of the std; finite float, >= 0. `5 / 3` is customary for tanh.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `gain` is negative or not finite.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.XavierUniform(gain=2.0, seed=7)((200, 400))
    >>> round(float(keras.ops.max(kernel)), 3), round(2 * (6 / 600) ** 0.5, 3)
    (0.2, 0.2)

    Reference: Glorot, Bengio (2010), "Understanding the difficulty of training deep
    feedforward neural networks", AISTATS, eq. 16; the gain is PyTorch's.
    """

    def __init__(self, gain: float = 1.0, **geometry_and_seed: Any) -> None:
        super().__init__(gain, "uniform", **geometry_and_seed)


@register("xavier_normal")
class XavierNormal(_WithGain):
    """Normal kernels for tanh, sigmoid and linear layers, with a gain.

    Formula: w ~ N(0, 2 * gain² / (fan_in + fan_out)), not truncated.

    Use for: the layers of `xavier_uniform`, when a normal distribution is wanted.
    Through ReLU the variance halves with each layer: use `he_fan_in`.

    Args:
        gain: As in `XavierUniform`.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `gain` is negative or not finite.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.XavierNormal(seed=7)((3, 3, 64, 128))  # fans 576, 1152
    >>> round(float(keras.ops.std(kernel)), 3), round((2 / (576 + 1152)) ** 0.5, 3)
    (0.034, 0.034)

    Reference: Glorot, Bengio (2010), "Understanding the difficulty of training deep
    feedforward neural networks", AISTATS, eq. 12
    to 16 for the variance; the gain is PyTorch's.
    """

    def __init__(self, gain: float = 1.0, **geometry_and_seed: Any) -> None:
        super().__init__(gain, "normal", **geometry_and_seed)


@register("glorot_uniform")
class GlorotUniform(VarianceScaling):
    """Keras's `glorot_uniform`, its default: for tanh, sigmoid, linear layers.

    Formula: w ~ U(-a, a), a = sqrt(6 / (fan_in + fan_out)).

    Use for: the layers of `xavier_uniform`, under Keras's name; what most of
    Keras's layers draw if told nothing. For ReLU use `he_fan_in`.

    Args:
        **geometry_and_seed: As in `VarianceScaling`.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.GlorotUniform(seed=7)((200, 400))
    >>> round(float(keras.ops.max(kernel)), 3), round((6 / 600) ** 0.5, 3)
    (0.1, 0.1)

    Reference: Glorot, Bengio (2010), "Understanding the difficulty of training deep
    feedforward neural networks", AISTATS, eq. 16.
    """

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(1.0, "fan_avg", "uniform", **geometry_and_seed)


@register("glorot_normal")
class GlorotNormal(VarianceScaling):
    """Keras's `glorot_normal`, truncated: for tanh, sigmoid, linear layers.

    Formula: w ~ N(0, s²) cut at ±2 s, with s such that the variance after the cut is
    2 / (fan_in + fan_out).

    Use for: the layers of `xavier_normal`, when Keras's own distribution is wanted.
    Through ReLU the variance halves with each layer: use `he_fan_in`.

    Args:
        **geometry_and_seed: As in `VarianceScaling`.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.GlorotNormal(seed=7)((200, 400))
    >>> round(float(keras.ops.std(kernel)), 3), round((2 / 600) ** 0.5, 3)
    (0.058, 0.058)

    Reference: Glorot, Bengio (2010), "Understanding the difficulty of training deep
    feedforward neural networks", AISTATS, eq. 12
    to 16 for the variance. The truncation is Keras's.
    """

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", **geometry_and_seed)
