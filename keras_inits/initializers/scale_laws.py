"""Further laws of scale: random walks, Nguyen and Widrow's, hypernetworks."""

import math
from types import ModuleType
from typing import Any

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Seed, Shape
from keras_inits.initializers.base import Initializer
from keras_inits.initializers.computed import Computed, Draw
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.registry import register

__all__ = ["Hyperfan", "NguyenWidrow", "NguyenWidrowBias", "RandomWalk"]


@register("random_walk")
class RandomWalk(KernelInitializer):
    """Kernels that keep the typical length of signals: for deep, narrow networks.

    He's keep the mean square, which few large signals carry; the typical one shrinks.

    Formula: N(0, g² / fan_in), g = sqrt(2) exp(1.2 / (max(n, 6) - 2.4)) for ReLU,
    exp(1 / (2 n)) without an activation; n the width.

    Use for: deep networks without normalization that are narrow, up to some 100
    units. In wide ones it is `he_fan_in`, nearly.

    Args:
        activation: "relu" or "linear".
        width: Units of the layer; finite float, > 0, or None for fan_out.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is out of range.

    Examples:
    >>> import keras_inits
    >>> walk, he = keras_inits.RandomWalk(), keras_inits.HeFanIn()
    >>> round(walk.expected_std((20, 20)) / he.expected_std((20, 20)), 3)
    1.071

    Reference: Sussillo, Abbott (2014), "Random Walk Initialization for Training Very
    Deep Feedforward Networks", arXiv 1412.6558.
    """

    family = "scale law"

    def __init__(
        self,
        activation: str = "relu",
        width: float | None = None,
        **geometry_and_seed: Any,
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.activation = checks.choice(
            "activation", activation, ["relu", "linear"], meaning="the layer's own"
        )
        if width is not None:
            width = checks.number(
                "width",
                width,
                above=0,
                meaning="the number of units",
                instead="For Dense(64) use width=64.",
            )
        self.width = width

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        fan_in, fan_out = self.fans(shape)
        width = self.width or fan_out
        if self.activation == "relu":
            gain = math.sqrt(2) * math.exp(1.2 / (max(width, 6) - 2.4))
        else:
            gain = math.exp(1 / (2 * width))
        return sampling.normal(0.0, gain / math.sqrt(fan_in))


def _slope(fan_in: float, units: float) -> float:
    return float(0.7 * units ** (1 / fan_in))


@register("nguyen_widrow")
class NguyenWidrow(Computed, KernelInitializer):
    """Tanh units spread evenly over the inputs: for one hidden layer, inputs in ±1.

    Its bias is `nguyen_widrow_bias`.

    Formula: U(-1, 1), each unit's incoming weights scaled to the length 0.7
    fan_out^(1 / fan_in).

    Use for: function approximation with one hidden layer of tanh and few inputs.
    Not for deep networks, nor for many inputs, where all units get a length near
    0.7.

    Args:
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: When called, if the shape has fewer than two axes.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.NguyenWidrow(seed=7)((2, 100))
    >>> length = keras.ops.sqrt(keras.ops.sum(kernel**2, axis=0))
    >>> round(float(length[0]), 3), round(float(length[1]), 3)
    (7.0, 7.0)

    Reference: Nguyen, Widrow (1990), "Improving the learning speed of 2-layer neural
    networks by choosing initial values of the adaptive weights", IJCNN.
    """

    family = "scale law"

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(**geometry_and_seed)

    def expected_std(self, shape: Shape) -> float | None:
        if 0 in shape:
            return None
        _, rows, columns = self.geometry.blocks(shape)
        return _slope(rows, columns) / math.sqrt(rows)

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        blocks, rows, columns = self.geometry.blocks(shape)
        if len(shape) > 2:
            raise ValueError(
                "The rule is for dense layers of tanh, whose kernels have no window. "
                f"Received: shape={shape}. Use (2, 100), or 'xavier_uniform'."
            )
        drawn = draw(sampling.uniform(-1.0, 1.0), (blocks, rows, columns))
        length = ops.sqrt(ops.sum(drawn * drawn, axis=1, keepdims=True))
        kernel = drawn * (_slope(rows, columns) / length)
        return self.geometry.assembled(kernel, shape, ops)


@register("nguyen_widrow_bias")
class NguyenWidrowBias(Initializer):
    """The biases beside `nguyen_widrow`, which spread the units over the inputs.

    Formula: U(±0.7 * units^(1 / fan_in)), units the bias's length.

    Use for: the bias beside `nguyen_widrow`, and no other.

    Args:
        fan_in: The kernel's, which the bias's shape does not tell; int, >= 1.
        seed: As in `Initializer`.

    Raises:
        ValueError: At construction, if `fan_in` is out of range.

    Examples:
    >>> import keras_inits
    >>> bias = keras_inits.NguyenWidrowBias(fan_in=2)
    >>> round(bias.expected_std((100,)) * 3**0.5, 4)  # the bound
    7.0

    Reference: Nguyen, Widrow (1990), "Improving the learning speed of 2-layer neural
    networks by choosing initial values of the adaptive weights", IJCNN.
    """

    example_shape = (64,)
    usage = "keras.layers.Dense(64, bias_initializer={})"
    usage_arguments = "fan_in=8"
    family = "scale law"

    def __init__(self, fan_in: int, seed: Seed = None) -> None:
        super().__init__(seed)
        self.fan_in = checks.whole(
            "fan_in",
            fan_in,
            meaning="the number of inputs of the kernel beside the bias",
            instead="For two features use fan_in=2.",
        )

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        bound = _slope(self.fan_in, max(1, math.prod(shape)))
        return sampling.uniform(-bound, bound)


@register("hyperfan")
class Hyperfan(KernelInitializer):
    """The last kernel of a hypernetwork, which generates another network's weights.

    Formula: uniform with variance gain² / (c fan e v), e this kernel's fan_in, v the
    variance of its inputs; c is 2 if a bias is generated too, else 1. For the generated
    bias: gain² / (2 e v) for fan_in, gain² max(0, 1 - fan_in / fan_out) / (e v) for
    fan_out.

    Use for: the last layer of a hypernetwork. Not for its other layers, nor for the
    main network's kernels, which are not drawn.

    Args:
        fan: fan_in of the generated kernel, or its fan_out to keep gradients; for a
            bias with both, see `fan_out`; finite float, > 0.
        gain: Of the generated kernel; finite float. For ReLU 2**0.5.
        input_variance: Of what the kernel is applied to; finite float, > 0.
        with_bias: Whether the hypernetwork generates a bias, too.
        role: "kernel" or "bias": what this kernel generates.
        fan_out: For role "bias" and gradients: the generated kernel's fan_out, `fan`
            being its fan_in; finite float, > 0, or None to keep signals.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is out of range.

    Examples:
    >>> import keras_inits
    >>> last = keras_inits.Hyperfan(fan=200)  # generates a kernel of fan_in 200
    >>> last.expected_std((50, 200 * 100))  # 1 / sqrt(200 * 50)
    0.01

    Reference: Chang, Flokas, Lipson (2020), "Principled Weight Initialization for
    Hypernetworks", ICLR.
    """

    usage_arguments = "fan=200"
    family = "scale law"

    def __init__(
        self,
        fan: float,
        gain: float = 1.0,
        input_variance: float = 1.0,
        with_bias: bool = False,
        role: str = "kernel",
        fan_out: float | None = None,
        **geometry_and_seed: Any,
    ) -> None:
        super().__init__(**geometry_and_seed)
        example = "For a generated kernel (200, 100) use fan=200."
        self.fan = checks.number(
            "fan", fan, above=0, meaning="the generated kernel's fan", instead=example
        )
        self.gain = checks.number(
            "gain", gain, meaning="the generated kernel's", instead="Use gain=1.0."
        )
        self.input_variance = checks.number(
            "input_variance",
            input_variance,
            above=0,
            meaning="the variance of what the kernel is applied to",
            instead="For standardized embeddings use input_variance=1.0.",
        )
        self.with_bias = bool(with_bias)
        self.role = checks.choice(
            "role", role, ["kernel", "bias"], meaning="what is generated"
        )
        if fan_out is not None:
            fan_out = checks.number(
                "fan_out",
                fan_out,
                above=0,
                meaning="the generated kernel's",
                instead=example,
            )
        self.fan_out = fan_out

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        variance = self.gain**2 / (self.fans(shape).fan_in * self.input_variance)
        if self.role == "kernel":
            variance /= self.fan * (2 if self.with_bias else 1)
        elif self.fan_out is None:
            variance /= 2
        else:
            variance *= max(0.0, 1 - self.fan / self.fan_out)
        bound = math.sqrt(3 * variance)
        return sampling.uniform(-bound, bound)
