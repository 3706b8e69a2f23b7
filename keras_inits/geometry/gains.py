"""Gains: the factor of a kernel's std that makes up for an activation.

For z ~ N(0, 1), the gain of f is E[f(z)²]^(-1/2): kernels of std gain / sqrt(fan_in)
keep the second moment of pre-activations. It is exact for every scale if f is
homogeneous (the ReLU family), else for pre-activations of variance 1.
"""

import functools
import math
from collections.abc import Callable
from typing import TypeAlias

import keras
import numpy as np

from keras_inits._utils import checks
from keras_inits._utils.types import Tensor

Function: TypeAlias = Callable[[Tensor], Tensor]
Activation: TypeAlias = str | Function | keras.layers.Layer | None

REACH = 12.0  # std; the normal distribution beyond has mass 4e-33
CELLS_LOG2 = 13  # cells in a unit: kinks and jumps at multiples of it fall on edges

TORCH = {  # what `torch.nn.init.calculate_gain` has decided
    "linear": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 0.75,
}


@functools.cache
def normal_nodes() -> tuple[np.ndarray, np.ndarray]:
    """Midpoints of equal cells, and the normal distribution's mass of each."""
    cells = int(REACH * 2**CELLS_LOG2)
    z = (np.arange(-cells, cells) + 0.5) / 2**CELLS_LOG2
    density = np.exp(-(z**2) / 2)
    return z, density / density.sum()


def second_moment(function: Function) -> float:
    """E[f(z)²] of a function of tensors, for z ~ N(0, 1).

    The midpoint rule on cells of 2**-13 has an error below 1e-8 for functions with
    kinks, and for those with jumps at multiples of a cell.
    """
    z, mass = normal_nodes()
    values = function(keras.ops.convert_to_tensor(z.astype("float32")))
    values = keras.ops.convert_to_numpy(values).astype("float64")
    return float(np.sum(mass * values**2))


def _activation(activation: Activation) -> Function:
    if isinstance(activation, keras.layers.Layer):
        return lambda x: activation(x)
    try:
        function: Function = keras.activations.get(activation)
    except (ValueError, TypeError):
        known = [n for n in dir(keras.activations) if n[0].islower()]
        raise ValueError(
            "`activation` must be the name of a Keras activation, a function of "
            f"tensors, a layer or None. Received: activation={activation!r}. "
            f"{checks.did_you_mean(activation, known)}"
        ) from None
    return function


def gain(
    activation: Activation,
    *,
    negative_slope: float | None = None,
    convention: str = "quadrature",
) -> float:
    """The factor of a kernel's std that undoes an activation.

    Args:
        activation: Name of a Keras activation, a function of tensors, an activation
            layer, or None for linear.
        negative_slope: Slope of "leaky_relu" below zero, where Keras's default of 0.2
            is not meant (PyTorch's is 0.01); finite float.
        convention: "quadrature" for E[f(z)²]^(-1/2), z ~ N(0, 1), exact to 1e-6; or
            "torch" for the table of `torch.nn.init.calculate_gain`, which has other
            numbers for tanh, sigmoid and selu and knows few names.

    Returns:
        The gain, > 0.

    Raises:
        ValueError: If an argument is unknown, or the activation is zero or not finite
            under the normal distribution.

    Examples:
    >>> import keras_inits
    >>> round(keras_inits.gain("gelu"), 6)
    1.53353
    >>> keras_inits.gain("tanh", convention="torch")
    1.6666666666666667

    Reference: He et al. (2015), arXiv 1502.01852, sec. 2.2, for ReLU; Brock et al.
    (2021), arXiv 2101.08692, for the idea of a table by quadrature.
    """
    checks.choice(
        "convention", convention, ("quadrature", "torch"), meaning="whose gains"
    )
    if negative_slope is not None:
        slope = checks.number(
            "negative_slope",
            negative_slope,
            meaning="the slope below zero",
            instead="For ReLU use gain('relu').",
        )
        if activation != "leaky_relu":
            raise ValueError(
                "`negative_slope` belongs to 'leaky_relu'. Received: "
                f"activation={activation!r}, negative_slope={negative_slope!r}. "
                "Type gain('leaky_relu', negative_slope=...)."
            )
        return math.sqrt(2 / (1 + slope**2))
    if convention == "torch":
        if activation == "leaky_relu":
            return math.sqrt(2 / (1 + 0.01**2))
        name = "linear" if activation is None else activation
        checks.choice("activation", name, TORCH, meaning="a name of PyTorch's table")
        return TORCH[str(name)]
    moment = second_moment(_activation(activation))
    if not 0 < moment < math.inf:
        raise ValueError(
            "`activation` must be finite and not zero for standard normal inputs. "
            f"Received: activation={activation!r}, with E[f(z)²]={moment}. Use gain=1."
        )
    return 1 / math.sqrt(moment)
