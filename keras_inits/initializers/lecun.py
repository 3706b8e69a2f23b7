"""LeCun's initializers and PyTorch's default: variance inverse to fan_in."""

from typing import Any

from keras_inits.initializers.registry import register
from keras_inits.initializers.variance_scaling import VarianceScaling

__all__ = ["LecunNormal", "LecunUniform", "TorchDefault"]


@register("lecun_normal")
class LecunNormal(VarianceScaling):
    """Keras's `lecun_normal`, truncated: for SELU and linear layers.

    Formula: w ~ N(0, s²) cut at ±2 s, with s such that the variance after the cut is
    1 / fan_in.

    Use for: SELU, whose normalization by itself assumes this variance, and linear
    layers. For ReLU, which needs twice as much, use `he_fan_in`.

    Args:
        **geometry_and_seed: As in `VarianceScaling`.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.LecunNormal(seed=7)((3, 3, 64, 128))  # fan_in 576
    >>> round(float(keras.ops.std(kernel)), 4), round(576**-0.5, 4)
    (0.0417, 0.0417)

    Reference: LeCun, Bottou, Orr, Müller (1998), "Efficient BackProp", sec. 4.6;
    Klambauer et al. (2017), "Self-Normalizing Neural Networks", arXiv 1706.02515, for
    SELU.
    """

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", **geometry_and_seed)


@register("lecun_uniform")
class LecunUniform(VarianceScaling):
    """Keras's `lecun_uniform`: for SELU and linear layers.

    Formula: w ~ U(-a, a), a = sqrt(3 / fan_in).

    Use for: linear layers, when no weight may be far out. For ReLU use
    `he_uniform_fan_in`.

    Args:
        **geometry_and_seed: As in `VarianceScaling`.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.LecunUniform(seed=7)((300, 400))  # fan_in 300
    >>> round(float(keras.ops.max(kernel)), 3), round((3 / 300) ** 0.5, 3)
    (0.1, 0.1)

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

    Use for: models ported from PyTorch that must start as they did there. In deep
    networks without normalization signals fade: use `he_fan_in`.

    Args:
        **geometry_and_seed: As in `VarianceScaling`.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.TorchDefault(seed=7)((400, 300))  # fan_in 400
    >>> round(float(keras.ops.max(kernel)), 3), round(400**-0.5, 3)
    (0.05, 0.05)

    Reference: PyTorch, `torch.nn.Linear.reset_parameters`. Its biases use the same
    bounds with the kernel's fan_in, which a bias's own shape does not tell.
    """

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(1 / 3, "fan_in", "uniform", **geometry_and_seed)
