"""Xavier or Glorot: for tanh, sigmoid and linear layers.

Signals ask for variance 1 / fan_in, gradients for 1 / fan_out; the mean of both fans is
the compromise. `xavier_*` take a gain and, as in the paper and in PyTorch, are not
truncated; `glorot_*` are the distributions of Keras's classes of these names.
"""

from typing import Any

from keras_inits._utils import checks
from keras_inits.initializers.registry import register
from keras_inits.initializers.variance_scaling import VarianceScaling


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
            meaning="the factor of the standard deviation",
            instead="For tanh use gain=5/3, for linear layers gain=1.",
        )
        self.scale = self._gain**2


@register("xavier_uniform")
class XavierUniform(_WithGain):
    """Xavier's uniform kernels: for tanh, sigmoid and linear layers.

    Formula: w ~ U(-a, a), a = gain * sqrt(6 / (fan_in + fan_out)).

    Args:
        gain: Factor of the std; finite float, >= 0. `5 / 3` is customary for tanh.
        seed: Int (same values on every call), `keras.random.SeedGenerator` or None.
        **geometry: `input_axes`, `output_axes`, `batch_axes`, `kernel_format`,
            `groups`, `gates` and `stride` as in `VarianceScaling`.

    Call arguments:
        shape: `(*window, inputs, units)` unless the geometry is given; fan_in is the
            product of all but the last, fan_out of all but the last but one.

    Raises:
        ValueError: At construction, if `gain` is negative or not finite.

    Example:
    >>> import keras_inits
    >>> keras_inits.XavierUniform(seed=7)((3, 3, 16, 8)).shape == (3, 3, 16, 8)
    True

    Reference: Glorot, Bengio (2010), "Understanding the difficulty of training deep
    feedforward neural networks", AISTATS, eq. 16.
    """

    def __init__(self, gain: float = 1.0, **geometry_and_seed: Any) -> None:
        super().__init__(gain, "uniform", **geometry_and_seed)


@register("xavier_normal")
class XavierNormal(_WithGain):
    """Xavier's normal kernels: for tanh, sigmoid and linear layers.

    Formula: w ~ N(0, 2 * gain² / (fan_in + fan_out)), not truncated.

    Args:
        gain: Factor of the std; finite float, >= 0. `5 / 3` is customary for tanh.
        seed: Int (same values on every call), `keras.random.SeedGenerator` or None.
        **geometry: `input_axes`, `output_axes`, `batch_axes`, `kernel_format`,
            `groups`, `gates` and `stride` as in `VarianceScaling`.

    Call arguments:
        shape: `(*window, inputs, units)` unless the geometry is given; fan_in is the
            product of all but the last, fan_out of all but the last but one.

    Raises:
        ValueError: At construction, if `gain` is negative or not finite.

    Example:
    >>> import keras_inits
    >>> keras_inits.XavierNormal(seed=7)((3, 3, 16, 8)).shape == (3, 3, 16, 8)
    True

    Reference: Glorot, Bengio (2010), "Understanding the difficulty of training deep
    feedforward neural networks", AISTATS, eq. 12
    to 16 for the variance.
    """

    def __init__(self, gain: float = 1.0, **geometry_and_seed: Any) -> None:
        super().__init__(gain, "normal", **geometry_and_seed)


@register("glorot_uniform")
class GlorotUniform(VarianceScaling):
    """The distribution of Keras's `glorot_uniform`, its default for most kernels.

    Formula: w ~ U(-a, a), a = sqrt(6 / (fan_in + fan_out)).

    Args:
        seed: Int (same values on every call), `keras.random.SeedGenerator` or None.
        **geometry: `input_axes`, `output_axes`, `batch_axes`, `kernel_format`,
            `groups`, `gates` and `stride` as in `VarianceScaling`.

    Call arguments:
        shape: `(*window, inputs, units)` unless the geometry is given; fan_in is the
            product of all but the last, fan_out of all but the last but one.

    Raises:
        ValueError: At construction, if `seed` or an axis is not of its kind.

    Example:
    >>> import keras_inits
    >>> keras_inits.GlorotUniform(seed=7)((3, 3, 16, 8)).shape == (3, 3, 16, 8)
    True

    Reference: Glorot, Bengio (2010), "Understanding the difficulty of training deep
    feedforward neural networks", AISTATS, eq. 16.
    """

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(1.0, "fan_avg", "uniform", **geometry_and_seed)


@register("glorot_normal")
class GlorotNormal(VarianceScaling):
    """The distribution of Keras's `glorot_normal`: truncated.

    Formula: w ~ N(0, s²) cut at ±2 s, with s such that the variance after the cut is
    2 / (fan_in + fan_out).

    Args:
        seed: Int (same values on every call), `keras.random.SeedGenerator` or None.
        **geometry: `input_axes`, `output_axes`, `batch_axes`, `kernel_format`,
            `groups`, `gates` and `stride` as in `VarianceScaling`.

    Call arguments:
        shape: `(*window, inputs, units)` unless the geometry is given; fan_in is the
            product of all but the last, fan_out of all but the last but one.

    Raises:
        ValueError: At construction, if `seed` or an axis is not of its kind.

    Example:
    >>> import keras_inits
    >>> keras_inits.GlorotNormal(seed=7)((3, 3, 16, 8)).shape == (3, 3, 16, 8)
    True

    Reference: Glorot, Bengio (2010), "Understanding the difficulty of training deep
    feedforward neural networks", AISTATS, eq. 12
    to 16 for the variance. The truncation is Keras's.
    """

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", **geometry_and_seed)
