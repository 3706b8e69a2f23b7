"""Width: scales with which rates of training carry over to wider networks."""

import math
from types import ModuleType
from typing import Any

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Shape
from keras_inits.initializers.computed import Computed, Draw
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.orthogonal import haar
from keras_inits.initializers.registry import register

__all__ = ["Mup", "Spectral"]

TABLES = (3, 8, 9)


@register("mup")
class Mup(KernelInitializer):
    """The maximal update parametrization: rates found on a small network stay right.

    Rates of training are the other half of it: for Adam, table 3 divides those of
    hidden and output kernels by m; table 8 multiplies the network's output by 1 / m.

    Formula: variance scale / fan_in, but for the output in table 3 scale / (fan_in m),
    in table 8 scale / base_fan_in, and for the input in table 9 scale / (fan_in m); m
    is the width over the base's: fan_in over base_fan_in, for inputs fan_out over
    base_fan_out.

    Use for: networks that are tuned small and trained wide, with learning rates by
    the same table. For a network of one width it brings nothing.

    Args:
        kind: "input", "hidden" or "output": which of its sides grow with the width.
        base_fan_in: The base network's fan_in of this kernel; finite float, > 0. For
            "hidden" and "output".
        base_fan_out: Its fan_out; finite float, > 0. For "input" in table 9.
        scale: Finite float, > 0.
        table: 3, 8 or 9 of the paper, one parametrization in three forms. 3 changes
            no architecture, 8 is for kernels that embeddings share.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is out of range, or the base of the
            kind is missing.

    Examples:
    Four times as wide as the base, the output's std is 4 times smaller, not 2:

    >>> import keras_inits
    >>> mup = keras_inits.Mup("output", base_fan_in=256)
    >>> mup.expected_std((256, 10)), mup.expected_std((1024, 10))
    (0.0625, 0.015625)

    Reference: Yang et al. (2022), "Tensor Programs V: Tuning Large Neural Networks via
    Zero-Shot Hyperparameter Transfer", arXiv 2203.03466.
    """

    usage_arguments = 'kind="hidden", base_fan_in=64'
    family = "width"

    def __init__(
        self,
        kind: str,
        base_fan_in: float | None = None,
        base_fan_out: float | None = None,
        scale: float = 1.0,
        table: int = 3,
        **geometry_and_seed: Any,
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.kind = checks.choice(
            "kind",
            kind,
            ["input", "hidden", "output"],
            meaning="which sides of the kernel grow",
        )
        if table not in TABLES or isinstance(table, bool):
            raise ValueError(
                "`table` is the paper's form of the parametrization, 3, 8 or 9. "
                f"Received: table={table!r}. Use table=3."
            )
        self.table = int(table)
        needed = {"input": "base_fan_out"}.get(kind, "base_fan_in")
        bases = {"base_fan_in": base_fan_in, "base_fan_out": base_fan_out}
        for name, base in bases.items():
            wanted = name == needed and not (kind == "input" and table != 9)
            if base is not None or wanted:
                bases[name] = checks.number(
                    name,
                    base,
                    above=0,
                    meaning="the base network's, for its width,",
                    instead=f"For a base of width 256 use {name}=256.",
                )
        self.base_fan_in = bases["base_fan_in"]
        self.base_fan_out = bases["base_fan_out"]
        self.scale = checks.number(
            "scale",
            scale,
            above=0,
            meaning="the variance times fan_in",
            instead="For ReLU use scale=2.0.",
        )

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        fan_in, fan_out = self.fans(shape)
        variance = self.scale / fan_in
        if self.kind == "output" and self.base_fan_in and self.table != 9:
            inverse = self.base_fan_in / fan_in
            variance = (
                self.scale / self.base_fan_in
                if self.table == 8
                else (variance * inverse)
            )
        if self.kind == "input" and self.base_fan_out and self.table == 9:
            variance *= self.base_fan_out / fan_out
        return sampling.normal(0.0, math.sqrt(variance))


@register("spectral")
class Spectral(Computed, KernelInitializer):
    """Kernels whose norm is that of the maximal update parametrization, at any width.

    Formula: N(0, s²), s = gain * min(1, sqrt(outputs / inputs)) / sqrt(inputs), whose
    norm is near gain * sqrt(outputs / inputs); orthogonal: a Haar matrix of exactly
    that norm. Inputs include the window.

    Use for: networks of which the width is varied, by one rule for all kernels and
    no base network. `mup` has the learning rates of its paper as a table.

    Args:
        gain: Finite float.
        orthogonal: Whether all singular values are equal.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `gain` is not a finite number; when called, if
            the shape has fewer than two axes.

    Examples:
    >>> import keras, keras_inits, numpy as np
    >>> kernel = keras_inits.Spectral(orthogonal=True, seed=7)((16, 64))
    >>> norm = np.linalg.norm(keras.ops.convert_to_numpy(kernel), 2)
    >>> float(norm.round(4)), (64 / 16) ** 0.5
    (2.0, 2.0)

    Reference: Yang, Simon, Bernstein (2023), "A Spectral Condition for Feature
    Learning", arXiv 2310.17813.
    """

    family = "width"

    def __init__(
        self, gain: float = 1.0, orthogonal: bool = False, **geometry_and_seed: Any
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.gain = checks.number(
            "gain", gain, meaning="the factor of the norm", instead="Use gain=1.0."
        )
        self.orthogonal = bool(orthogonal)

    def _std(self, shape: Shape) -> float:
        # The window joins the inputs, as in the matrix whose norm is meant.
        _, fan_in, fan_out = self.geometry.blocks(shape)
        fan_in, fan_out = max(fan_in, 1), max(fan_out, 1)
        return (
            abs(self.gain) * min(1.0, math.sqrt(fan_out / fan_in)) / math.sqrt(fan_in)
        )

    def expected_std(self, shape: Shape) -> float:
        if not self.orthogonal:
            return self._std(shape)
        _, rows, columns = self.geometry.blocks(shape)
        return abs(self.gain) * math.sqrt(
            max(columns, 1) / max(rows, 1) / max(rows, columns, 1)
        )

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        if not self.orthogonal:
            return draw(sampling.normal(0.0, self._std(shape)), shape)
        blocks, rows, columns = self.geometry.blocks(shape)
        drawn = haar.matrices((blocks, rows, columns), draw, ops)
        scaled = self.gain * math.sqrt(columns / rows) * drawn
        return self.geometry.assembled(scaled, shape, ops)
