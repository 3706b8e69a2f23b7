"""`variance_scaling`: kernels with a std that follows from their fans.

A sum of `n` products has `n` times the variance of one. Entries of variance `scale / n`
undo that, with `n` the fan that is to be kept: inputs for signals, outputs for
gradients, or a mean of both.
"""

import math
from collections.abc import Callable
from typing import Any

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Layout, Shape, Tensor
from keras_inits.geometry import Fans
from keras_inits.initializers import complexes
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.registry import register

__all__ = ["VarianceScaling"]

MODES: dict[str, Callable[[Fans], float]] = {
    "fan_in": lambda fans: fans.fan_in,
    "fan_out": lambda fans: fans.fan_out,
    "fan_avg": lambda fans: (fans.fan_in + fans.fan_out) / 2,
    "fan_geo_avg": lambda fans: math.sqrt(fans.fan_in * fans.fan_out),
}
BOUND = 2.0  # where the truncated normal is cut, in units of its std before the cut

DISTRIBUTIONS: dict[str, Callable[[float], sampling.Distribution]] = {
    "normal": lambda std: sampling.normal(0.0, std),
    "truncated_normal": lambda std: sampling.truncated_normal(
        0.0, std / sampling.truncated_std(BOUND), BOUND
    ),
    "untruncated_normal": lambda std: sampling.normal(0.0, std),
    "uniform": lambda std: sampling.uniform(-math.sqrt(3) * std, math.sqrt(3) * std),
}


@register("variance_scaling")
class VarianceScaling(KernelInitializer):
    """Kernels whose variance is inverse to a fan: any of He's, Xavier's, LeCun's.

    Formula: Var(w) = scale / n, mean 0, with n = fan_in, fan_out, their mean
    (fan_in + fan_out) / 2 or their geometric mean sqrt(fan_in * fan_out).

    Use for: activations of which you know the gain, as scale=gain**2: see `gain`.
    Where a scheme has a name, such as `he_fan_in`, the name says more.

    Args:
        scale: Factor of the variance; finite float, >= 0. A gain g is scale=g**2.
        mode: "fan_in", "fan_out", "fan_avg" or "fan_geo_avg".
        distribution: "normal" (Keras's "untruncated_normal", which works too);
            "truncated_normal", cut at two std and widened so that
            the variance holds after the cut; or "uniform", on ±sqrt(3 * scale / n).
        seed: As in `Initializer`.
        input_axes: Axes of the kernel that are summed over, or None: as the format
            says.
        output_axes: Axes that index outputs, or None: as the format says. Axes in
            neither are the window and multiply both fans.
        batch_axes: Axes along which the kernel is many independent ones, such as that
            of experts, or None: as the format says. They count in no fan.
        kernel_format: Order of the axes where they are not given: "default" `(*window,
            inputs, units)`; "transpose" `(*window, units, inputs)`, of transposed
            convolutions; "depthwise" `(*window, channels, multiplier)`; "embedding"
            `(vocabulary, units)`, with fan_in 1; "experts" `(experts, inputs, units)`.
        groups: Number of groups that cut the last output axis; int, >= 1.
        gates: Number of fused gates that lie side by side along it; int, >= 1.
        stride: Product of the strides that share out the window's taps; int, >= 1. It
            divides fan_in in the format "transpose" and fan_out in others; 1, as is
            customary, counts every tap.

    Call arguments:
        shape: `(*window, inputs, units)` unless the geometry is given; fan_in is the
            product of all but the last, fan_out of all but the last but one. A vector
            counts its length as both.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if an
            axis is outside the shape, or groups and gates do not divide it.

    Examples:
    The std of a kernel with fan_in 3 * 3 * 64 and fan_out 3 * 3 * 128:

    >>> import keras_inits
    >>> for mode in ("fan_in", "fan_avg", "fan_out"):
    ...     scheme = keras_inits.VarianceScaling(2.0, mode, "normal")
    ...     print(mode, round(scheme.expected_std((3, 3, 64, 128)), 4))
    fan_in 0.0589
    fan_avg 0.0481
    fan_out 0.0417

    Complex types have E|w|² = scale / n: normal parts, a disk, or a modulus of at most
    two std.

    Reference: Trabelsi et al. (2017), "Deep Complex Networks", arXiv 1705.09792, for
    complex ones; Glorot, Bengio (2010), "Understanding the difficulty of training deep
    feedforward neural networks"; He, Zhang, Ren, Sun (2015), arXiv 1502.01852; the
    geometric mean is a choice of JAX's.
    """

    family = "variance"
    takes_complex = True

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Any = None,
        output_axes: Any = None,
        batch_axes: Any = None,
        kernel_format: str = "default",
        groups: int = 1,
        gates: int = 1,
        stride: int = 1,
    ) -> None:
        super().__init__(
            seed,
            input_axes,
            output_axes,
            batch_axes,
            kernel_format,
            groups,
            gates,
            stride,
        )
        self.scale = checks.number(
            "scale",
            scale,
            minimum=0,
            meaning="the factor of the variance",
            instead="A gain g is scale=g**2, for example scale=2.0.",
        )
        self.mode = checks.choice("mode", mode, MODES, meaning="the fan that is kept")
        self.distribution = checks.choice(
            "distribution",
            distribution,
            DISTRIBUTIONS,
            meaning="the distribution of the entries",
        )

    def entry_distribution(self, shape: tuple[int, ...]) -> sampling.Distribution:
        std = math.sqrt(self.scale / MODES[self.mode](self.fans(shape)))
        return DISTRIBUTIONS[self.distribution](std)

    def compute(
        self, shape: Shape, dtype: str, key: sampling.Key, layout: Layout
    ) -> Tensor:
        if dtype not in complexes.TYPES:
            return super().compute(shape, dtype, key, layout)
        complexes.check_key(key, self.seed)
        drawn = complexes.circular(self.entry_distribution(shape), shape, key)
        return complexes.finished(drawn, dtype, layout)
