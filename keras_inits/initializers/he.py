"""He's (Kaiming's) initializers: for ReLU and its variants.

ReLU drops half of a symmetric signal's second moment, a leaky one (1 - a²) / 2 of it.
The factor 2 / (1 + a²) puts it back. `he_fan_in`, `he_fan_out` and their uniform
counterparts draw as PyTorch's `kaiming_normal_` and `kaiming_uniform_` do, without
truncation; `he_normal` and `he_uniform` are the distributions of Keras's classes of
these names.
"""

from typing import Any

from keras_inits._utils import checks
from keras_inits.initializers.registry import register
from keras_inits.initializers.variance_scaling import VarianceScaling

__all__ = [
    "HeFanIn",
    "HeFanOut",
    "HeNormal",
    "HeUniform",
    "HeUniformFanIn",
    "HeUniformFanOut",
    "KaimingNormal",
    "KaimingUniform",
]


class _ForRelu(VarianceScaling):
    """Kernels with the factor 2 / (1 + a²), `a` the slope below zero."""

    def __init__(
        self, negative_slope: float, mode: str, distribution: str, **geometry: Any
    ) -> None:
        super().__init__(2.0, mode, distribution, **geometry)
        self.negative_slope = negative_slope

    @property
    def negative_slope(self) -> float:
        """Slope of the activation below zero; the scale follows it."""
        return self._negative_slope

    @negative_slope.setter
    def negative_slope(self, slope: float) -> None:
        self._negative_slope = checks.number(
            "negative_slope",
            slope,
            above=-1e150,  # squares are finite
            below=1e150,
            meaning="the slope of the activation below zero",
            instead="For ReLU use negative_slope=0.",
        )
        self.scale = 2 / (1 + self._negative_slope**2)


@register("he_fan_in")
class HeFanIn(_ForRelu):
    """Normal kernels that keep the variance of signals: for ReLU networks.

    Formula: w ~ N(0, 2 / ((1 + a²) * fan_in)), a the negative slope, not truncated;
    what PyTorch's `kaiming_normal_(w, a, mode="fan_in")` draws.

    Use for: dense layers and convolutions followed by ReLU or a leaky ReLU. For
    GELU and SiLU `gain` has the factor, for tanh use `xavier_uniform`, for SELU
    `lecun_normal`.

    Args:
        negative_slope: Slope of the activation below zero; finite float. 0 is ReLU;
            Keras's LeakyReLU has 0.3, its `leaky_relu` 0.2.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `negative_slope` is not a finite number.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.HeFanIn(seed=7)((3, 3, 64, 128))  # fan_in 3 * 3 * 64
    >>> round(float(keras.ops.std(kernel)), 3), round((2 / 576) ** 0.5, 3)
    (0.059, 0.059)

    Reference: He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", arXiv
    1502.01852, eq. 10; the slope as in its eq. 15.
    """

    def __init__(self, negative_slope: float = 0.0, **geometry_and_seed: Any) -> None:
        super().__init__(negative_slope, "fan_in", "normal", **geometry_and_seed)


@register("he_fan_out")
class HeFanOut(_ForRelu):
    """Normal kernels that keep the variance of gradients: for ReLU networks.

    Formula: w ~ N(0, 2 / ((1 + a²) * fan_out)), a the negative slope, not truncated;
    what PyTorch's `kaiming_normal_(w, a, mode="fan_out")` draws.

    Use for: ReLU networks with normalization, which sets the signals' size:
    residual networks, for example. Without it signals change where widths do: use
    `he_fan_in`.

    Args:
        negative_slope: As in `HeFanIn`.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `negative_slope` is not a finite number.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.HeFanOut(seed=7)((3, 3, 64, 128))  # fan_out 3 * 3 * 128
    >>> round(float(keras.ops.std(kernel)), 3), round((2 / 1152) ** 0.5, 3)
    (0.042, 0.042)

    Reference: He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", arXiv
    1502.01852, eq. 14; the slope as in its eq. 15.
    """

    def __init__(self, negative_slope: float = 0.0, **geometry_and_seed: Any) -> None:
        super().__init__(negative_slope, "fan_out", "normal", **geometry_and_seed)


@register("he_uniform_fan_in")
class HeUniformFanIn(_ForRelu):
    """Uniform kernels that keep the variance of signals: for ReLU networks.

    Formula: w ~ U(-b, b), b = sqrt(6 / ((1 + a²) * fan_in)), a the negative slope.

    Use for: the layers of `he_fan_in`, when no weight may be far out. For tanh use
    `xavier_uniform`.

    Args:
        negative_slope: As in `HeFanIn`.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `negative_slope` is not a finite number.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.HeUniformFanIn(seed=7)((3, 3, 64, 128))  # fan_in 576
    >>> round(float(keras.ops.max(kernel)), 3), round((6 / 576) ** 0.5, 3)
    (0.102, 0.102)

    Reference: He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", arXiv
    1502.01852, eq. 10 for the variance; the slope as in its eq. 15.
    """

    def __init__(self, negative_slope: float = 0.0, **geometry_and_seed: Any) -> None:
        super().__init__(negative_slope, "fan_in", "uniform", **geometry_and_seed)


@register("he_uniform_fan_out")
class HeUniformFanOut(_ForRelu):
    """Uniform kernels that keep the variance of gradients: for ReLU networks.

    Formula: w ~ U(-b, b), b = sqrt(6 / ((1 + a²) * fan_out)), a the negative slope.

    Use for: the layers of `he_fan_out`, when no weight may be far out. Without
    normalization use `he_uniform_fan_in`.

    Args:
        negative_slope: As in `HeFanIn`.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `negative_slope` is not a finite number.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.HeUniformFanOut(seed=7)((256, 512))  # fan_out 512
    >>> round(float(keras.ops.max(kernel)), 3), round((6 / 512) ** 0.5, 3)
    (0.108, 0.108)

    Reference: He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", arXiv
    1502.01852, eq. 14 for the variance; the slope as in its eq. 15.
    """

    def __init__(self, negative_slope: float = 0.0, **geometry_and_seed: Any) -> None:
        super().__init__(negative_slope, "fan_out", "uniform", **geometry_and_seed)


@register("he_normal")
class HeNormal(VarianceScaling):
    """Keras's `he_normal`, a truncated normal: for ReLU networks.

    Formula: w ~ N(0, s²) cut at ±2 s, with s such that the variance after the cut is
    2 / fan_in.

    Use for: ReLU networks that should draw from Keras's own distribution.
    `he_fan_in` has the same variance, no cut tails and a slope.

    Args:
        **geometry_and_seed: As in `VarianceScaling`.

    Examples:
    The variance is that of `he_fan_in`, but nothing is beyond 2.27 std:

    >>> import keras, keras_inits
    >>> kernel = keras_inits.HeNormal(seed=7)((3, 3, 64, 128))  # fan_in 576
    >>> std = float(keras.ops.std(kernel))
    >>> round(std, 3), round((2 / 576) ** 0.5, 3)
    (0.059, 0.059)
    >>> round(float(keras.ops.max(kernel)) / std, 2)
    2.27

    Reference: He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", arXiv
    1502.01852, eq. 10. The truncation is Keras's.
    """

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", **geometry_and_seed)


@register("he_uniform")
class HeUniform(VarianceScaling):
    """Keras's `he_uniform`: for ReLU networks.

    Formula: w ~ U(-b, b), b = sqrt(6 / fan_in).

    Use for: ReLU networks that should draw from Keras's own distribution. For leaky
    ReLU use `he_uniform_fan_in`, which has a slope.

    Args:
        **geometry_and_seed: As in `VarianceScaling`.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.HeUniform(seed=7)((256, 512))  # fan_in 256
    >>> round(float(keras.ops.max(kernel)), 3), round((6 / 256) ** 0.5, 3)
    (0.153, 0.153)

    Reference: He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", arXiv
    1502.01852, eq. 10 for the variance.
    """

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(2.0, "fan_in", "uniform", **geometry_and_seed)


@register("kaiming_normal")
class KaimingNormal(HeFanIn):
    """Another name for `he_fan_in`, as in PyTorch: for ReLU networks.

    Formula: w ~ N(0, 2 / ((1 + a²) * fan_in)), a the negative slope.

    Use for: models ported from PyTorch that call `kaiming_normal_`. PyTorch's
    layers themselves start from `torch_default`.

    Args:
        negative_slope: As in `HeFanIn`.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `negative_slope` is not a finite number.

    Examples:
    Identity and ReLU, slopes 1 and 0, differ by a factor of sqrt(2):

    >>> import keras_inits
    >>> for slope in (1.0, 0.3, 0.0):
    ...     scheme = keras_inits.KaimingNormal(negative_slope=slope)
    ...     print(round(scheme.expected_std((100, 50)), 4))
    0.1
    0.1355
    0.1414

    Reference: He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", arXiv
    1502.01852, eq. 10; the name is PyTorch's, after the first author's given name.
    """


@register("kaiming_uniform")
class KaimingUniform(HeUniformFanIn):
    """Another name for `he_uniform_fan_in`, as in PyTorch: for ReLU networks.

    Formula: w ~ U(-b, b), b = sqrt(6 / ((1 + a²) * fan_in)), a the negative slope.

    Use for: models ported from PyTorch that call `kaiming_uniform_`. PyTorch's
    layers themselves start from `torch_default`.

    Args:
        negative_slope: As in `HeFanIn`.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `negative_slope` is not a finite number.

    Examples:
    PyTorch's own default has the slope sqrt(5), which is `torch_default`:

    >>> import keras_inits
    >>> kaiming = keras_inits.KaimingUniform(negative_slope=5**0.5)
    >>> round(kaiming.expected_std((256, 64)), 4)
    0.0361
    >>> round(keras_inits.TorchDefault().expected_std((256, 64)), 4)
    0.0361

    Reference: He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", arXiv
    1502.01852, eq. 10 for the variance; the name is PyTorch's.
    """
