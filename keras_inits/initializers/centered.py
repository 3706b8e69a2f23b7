"""`centered_variance_scaling`: kernels that a mean of their inputs does not reach."""

import math
from types import ModuleType
from typing import Any

from keras_inits._utils.types import Shape
from keras_inits.initializers.computed import Computed, Draw
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.registry import register
from keras_inits.initializers.variance_scaling import VarianceScaling

__all__ = ["CenteredVarianceScaling"]


@register("centered_variance_scaling")
class CenteredVarianceScaling(Computed, KernelInitializer):
    """Kernels of units whose weights sum to zero: behind sigmoid, softplus and exp.

    Outputs of these are far from zero in the mean, which a unit's weights add up to an
    offset that all samples share; ten such layers give all samples the same outputs.
    Weights that sum to zero take the mean off, and only what differs goes on.

    Formula: w = sqrt(n / (n - 1)) (v - mean of a unit's v), with v as in
    `VarianceScaling` and n a unit's weights. Var(w) = scale / n; to keep the variance
    of an activation f, scale = 1 / Var f(z), z ~ N(0, 1): 23.05 for a sigmoid.

    Use for: layers behind an activation whose outputs have a mean, such as sigmoid,
    softplus or exp: the sums of zero keep it out. Behind tanh `xavier_uniform`
    does.

    Args:
        scale: Factor of the variance; finite float, >= 0.
        mode: "fan_in", "fan_out", "fan_avg" or "fan_geo_avg".
        distribution: "normal", "truncated_normal" or "uniform", before the means go.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if a
            unit has one weight, or the shape no units.

    Examples:
    >>> import keras, keras_inits
    >>> def reaches(scheme):  # a mean of 1 in each of 64 inputs: the largest of 5 sums
    ...     sums = keras.ops.sum(scheme((64, 5)), 0)
    ...     return round(float(keras.ops.max(keras.ops.abs(sums))), 4) + 0.0
    >>> reaches(keras_inits.CenteredVarianceScaling(23.05, seed=7))
    0.0
    >>> reaches(keras_inits.VarianceScaling(23.05, seed=7))
    5.394

    Reference: Bingham, Miikkulainen (2023), "AutoInit: Analytic Signal-Preserving
    Weight Initialization for Neural Networks", arXiv 2109.08958, for the idea; the
    factor is our derivation.
    """

    family = "variance"

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        **geometry_and_seed: Any,
    ) -> None:
        KernelInitializer.__init__(self, **geometry_and_seed)
        plain = VarianceScaling(scale, mode, distribution)  # which checks them
        self.scale, self.mode = plain.scale, plain.mode
        self.distribution = plain.distribution

    def _uncentered(self) -> VarianceScaling:
        plain = VarianceScaling(self.scale, self.mode, self.distribution)
        return plain.with_geometry(self.geometry)

    def expected_std(self, shape: Shape) -> float | None:
        return self._uncentered().entry_distribution(shape).std

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        rows = self.geometry.matrix_view(shape).rows
        count = math.prod(shape[axis] for axis in rows)
        if count < 2:
            raise ValueError(
                "Weights that sum to zero need two of them in each unit. Received: "
                f"shape={shape}, with one. Use VarianceScaling({self.scale!r})."
            )
        drawn = draw(self._uncentered().entry_distribution(shape), shape)
        means = ops.mean(drawn, axis=rows, keepdims=True)
        return (drawn - means) * math.sqrt(count / (count - 1))
