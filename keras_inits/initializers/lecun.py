"""LeCun's initializers and PyTorch's default: variance inverse to fan_in."""

from typing import Any

from keras_inits.initializers.registry import register
from keras_inits.initializers.variance_scaling import VarianceScaling


@register("lecun_normal")
class LecunNormal(VarianceScaling):
    """The distribution of Keras's `lecun_normal`: for SELU and linear layers.

    Formula: w ~ N(0, s²) cut at ±2 s, with s such that the variance after the cut is
    1 / fan_in.

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
    >>> keras_inits.LecunNormal(seed=7)((3, 3, 16, 8)).shape == (3, 3, 16, 8)
    True

    Reference: LeCun, Bottou, Orr, Müller (1998), "Efficient BackProp", sec. 4.6;
    Klambauer et al. (2017), "Self-Normalizing Neural Networks", arXiv 1706.02515, for
    SELU.
    """

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", **geometry_and_seed)


@register("lecun_uniform")
class LecunUniform(VarianceScaling):
    """The distribution of Keras's `lecun_uniform`: for SELU and linear layers.

    Formula: w ~ U(-a, a), a = sqrt(3 / fan_in).

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
    >>> keras_inits.LecunUniform(seed=7)((3, 3, 16, 8)).shape == (3, 3, 16, 8)
    True

    Reference: LeCun, Bottou, Orr, Müller (1998), "Efficient BackProp", sec. 4.6;
    Klambauer et al. (2017), "Self-Normalizing Neural Networks", arXiv 1706.02515, for
    SELU.
    """

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(1.0, "fan_in", "uniform", **geometry_and_seed)


@register("torch_default")
class TorchDefault(VarianceScaling):
    """What `torch.nn.Linear` and `torch.nn.Conv*d` start their weights from.

    Formula: w ~ U(-a, a), a = 1 / sqrt(fan_in); variance 1 / (3 * fan_in), a third of
    LeCun's. PyTorch spells it `kaiming_uniform_(w, a=sqrt(5))`.

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
    >>> keras_inits.TorchDefault(seed=7)((3, 3, 16, 8)).shape == (3, 3, 16, 8)
    True

    Reference: PyTorch, `torch.nn.Linear.reset_parameters`. Its biases use the same
    bounds with the kernel's fan_in, which a bias's own shape does not tell.
    """

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(1 / 3, "fan_in", "uniform", **geometry_and_seed)
