"""He or Kaiming: for ReLU and its variants.

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
            meaning="the slope of the activation below zero",
            instead="For ReLU use negative_slope=0.",
        )
        self.scale = 2 / (1 + self._negative_slope**2)


@register("he_fan_in")
class HeFanIn(_ForRelu):
    """He's normal kernels that keep the variance of signals: for ReLU networks.

    Formula: w ~ N(0, 2 / ((1 + a²) * fan_in)), a the negative slope, not truncated;
    what PyTorch's `kaiming_normal_(w, a, mode="fan_in")` draws.

    Args:
        negative_slope: Slope of the activation below zero; finite float. 0 is ReLU;
            Keras's LeakyReLU has 0.3, its `leaky_relu` 0.2.
        seed: Int (same values on every call), `keras.random.SeedGenerator` or None.
        **geometry: `input_axes`, `output_axes`, `batch_axes`, `kernel_format`,
            `groups`, `gates` and `stride` as in `VarianceScaling`.

    Call arguments:
        shape: `(*window, inputs, units)` unless the geometry is given; fan_in is the
            product of all but the last, fan_out of all but the last but one.

    Raises:
        ValueError: At construction, if `negative_slope` is not a finite number.

    Example:
    >>> import keras_inits
    >>> keras_inits.HeFanIn(seed=7)((3, 3, 16, 8)).shape == (3, 3, 16, 8)
    True

    Reference: He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", arXiv
    1502.01852, eq. 10; the slope as in its eq. 15.
    """

    def __init__(self, negative_slope: float = 0.0, **geometry_and_seed: Any) -> None:
        super().__init__(negative_slope, "fan_in", "normal", **geometry_and_seed)


@register("he_fan_out")
class HeFanOut(_ForRelu):
    """He's normal kernels that keep the variance of gradients.

    Formula: w ~ N(0, 2 / ((1 + a²) * fan_out)), a the negative slope, not truncated;
    what PyTorch's `kaiming_normal_(w, a, mode="fan_out")` draws.

    Args:
        negative_slope: Slope of the activation below zero; finite float. 0 is ReLU;
            Keras's LeakyReLU has 0.3, its `leaky_relu` 0.2.
        seed: Int (same values on every call), `keras.random.SeedGenerator` or None.
        **geometry: `input_axes`, `output_axes`, `batch_axes`, `kernel_format`,
            `groups`, `gates` and `stride` as in `VarianceScaling`.

    Call arguments:
        shape: `(*window, inputs, units)` unless the geometry is given; fan_in is the
            product of all but the last, fan_out of all but the last but one.

    Raises:
        ValueError: At construction, if `negative_slope` is not a finite number.

    Example:
    >>> import keras_inits
    >>> keras_inits.HeFanOut(seed=7)((3, 3, 16, 8)).shape == (3, 3, 16, 8)
    True

    Reference: He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", arXiv
    1502.01852, eq. 14; the slope as in its eq. 15.
    """

    def __init__(self, negative_slope: float = 0.0, **geometry_and_seed: Any) -> None:
        super().__init__(negative_slope, "fan_out", "normal", **geometry_and_seed)


@register("he_uniform_fan_in")
class HeUniformFanIn(_ForRelu):
    """He's uniform kernels that keep the variance of signals.

    Formula: w ~ U(-b, b), b = sqrt(6 / ((1 + a²) * fan_in)), a the negative slope.

    Args:
        negative_slope: Slope of the activation below zero; finite float. 0 is ReLU;
            Keras's LeakyReLU has 0.3, its `leaky_relu` 0.2.
        seed: Int (same values on every call), `keras.random.SeedGenerator` or None.
        **geometry: `input_axes`, `output_axes`, `batch_axes`, `kernel_format`,
            `groups`, `gates` and `stride` as in `VarianceScaling`.

    Call arguments:
        shape: `(*window, inputs, units)` unless the geometry is given; fan_in is the
            product of all but the last, fan_out of all but the last but one.

    Raises:
        ValueError: At construction, if `negative_slope` is not a finite number.

    Example:
    >>> import keras_inits
    >>> keras_inits.HeUniformFanIn(seed=7)((3, 3, 16, 8)).shape == (3, 3, 16, 8)
    True

    Reference: He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", arXiv
    1502.01852, eq. 10 for the variance; the slope as in its eq. 15.
    """

    def __init__(self, negative_slope: float = 0.0, **geometry_and_seed: Any) -> None:
        super().__init__(negative_slope, "fan_in", "uniform", **geometry_and_seed)


@register("he_uniform_fan_out")
class HeUniformFanOut(_ForRelu):
    """He's uniform kernels that keep the variance of gradients.

    Formula: w ~ U(-b, b), b = sqrt(6 / ((1 + a²) * fan_out)), a the negative slope.

    Args:
        negative_slope: Slope of the activation below zero; finite float. 0 is ReLU;
            Keras's LeakyReLU has 0.3, its `leaky_relu` 0.2.
        seed: Int (same values on every call), `keras.random.SeedGenerator` or None.
        **geometry: `input_axes`, `output_axes`, `batch_axes`, `kernel_format`,
            `groups`, `gates` and `stride` as in `VarianceScaling`.

    Call arguments:
        shape: `(*window, inputs, units)` unless the geometry is given; fan_in is the
            product of all but the last, fan_out of all but the last but one.

    Raises:
        ValueError: At construction, if `negative_slope` is not a finite number.

    Example:
    >>> import keras_inits
    >>> keras_inits.HeUniformFanOut(seed=7)((3, 3, 16, 8)).shape == (3, 3, 16, 8)
    True

    Reference: He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", arXiv
    1502.01852, eq. 14 for the variance; the slope as in its eq. 15.
    """

    def __init__(self, negative_slope: float = 0.0, **geometry_and_seed: Any) -> None:
        super().__init__(negative_slope, "fan_out", "uniform", **geometry_and_seed)


@register("he_normal")
class HeNormal(VarianceScaling):
    """The distribution of Keras's `he_normal`: truncated.

    Formula: w ~ N(0, s²) cut at ±2 s, with s such that the variance after the cut is
    2 / fan_in.

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
    >>> keras_inits.HeNormal(seed=7)((3, 3, 16, 8)).shape == (3, 3, 16, 8)
    True

    Reference: He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", arXiv
    1502.01852, eq. 10. The truncation is Keras's.
    """

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", **geometry_and_seed)


@register("he_uniform")
class HeUniform(VarianceScaling):
    """The distribution of Keras's `he_uniform`.

    Formula: w ~ U(-b, b), b = sqrt(6 / fan_in).

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
    >>> keras_inits.HeUniform(seed=7)((3, 3, 16, 8)).shape == (3, 3, 16, 8)
    True

    Reference: He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", arXiv
    1502.01852, eq. 10 for the variance.
    """

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(2.0, "fan_in", "uniform", **geometry_and_seed)


@register("kaiming_normal")
class KaimingNormal(HeFanIn):
    """Another name for `he_fan_in`: He's normal kernels, not truncated.

    Formula: w ~ N(0, 2 / ((1 + a²) * fan_in)), a the negative slope.

    Args:
        negative_slope: Slope of the activation below zero; finite float.
        seed: Int (same values on every call), `keras.random.SeedGenerator` or None.
        **geometry: `input_axes`, `output_axes`, `batch_axes`, `kernel_format`,
            `groups`, `gates` and `stride` as in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `negative_slope` is not a finite number.

    Example:
    >>> import keras_inits
    >>> keras_inits.KaimingNormal(seed=7)((16, 8)).shape == (16, 8)
    True

    Reference: He, Zhang, Ren, Sun (2015), arXiv 1502.01852, eq. 10; the name is
    PyTorch's, after the first author's given name.
    """


@register("kaiming_uniform")
class KaimingUniform(HeUniformFanIn):
    """Another name for `he_uniform_fan_in`: He's uniform kernels.

    Formula: w ~ U(-b, b), b = sqrt(6 / ((1 + a²) * fan_in)), a the negative slope.

    Args:
        negative_slope: Slope of the activation below zero; finite float.
        seed: Int (same values on every call), `keras.random.SeedGenerator` or None.
        **geometry: `input_axes`, `output_axes`, `batch_axes`, `kernel_format`,
            `groups`, `gates` and `stride` as in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `negative_slope` is not a finite number.

    Example:
    >>> import keras_inits
    >>> keras_inits.KaimingUniform(seed=7)((16, 8)).shape == (16, 8)
    True

    Reference: He, Zhang, Ren, Sun (2015), arXiv 1502.01852, eq. 10 for the variance;
    the name is PyTorch's, after the first author's given name.
    """
