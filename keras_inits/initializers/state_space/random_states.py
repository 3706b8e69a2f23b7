"""Random steps and decays of state-space layers, in the form that they train."""

import math
from types import ModuleType
from typing import Any

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Seed, Shape
from keras_inits.initializers.computed import Computed, Draw, precisely
from keras_inits.initializers.registry import register

__all__ = ["LogUniformStep", "Lru", "RgLru"]


def _range(low: Any, high: Any, meaning: str, example: str) -> tuple[float, float]:
    first = checks.number("low", low, above=0, meaning=meaning, instead=example)
    last = checks.number("high", high, above=first, meaning=meaning, instead=example)
    return first, last


@register("log_uniform_step")
class LogUniformStep(Computed):
    """Time steps over orders of magnitude: for the bias of S4's and Mamba's steps.

    Formula: dt = exp U(log low, log high), at least floor; dt + log(1 - exp(-dt)),
    whose softplus is dt, or log dt.

    Use for: the step sizes of S4, S4D and Mamba, one for each channel. `inverse`
    has to fit the function that the layer applies.

    Args:
        low: Shortest step; finite float, > 0.
        high: Longest step; finite float, > low.
        floor: No step is shorter; finite float, > 0.
        inverse: "softplus" or "log": the function that a layer applies undoes it.
        seed: As in `Initializer`.

    Raises:
        ValueError: At construction, if an argument is out of range.

    Examples:
    >>> import keras, keras_inits
    >>> steps = keras.ops.softplus(keras_inits.LogUniformStep(seed=7)((1000,)))
    >>> round(float(keras.ops.exp(keras.ops.mean(keras.ops.log(steps)))), 2)
    0.01

    Reference: Gu, Dao (2023), "Mamba: Linear-Time Sequence Modeling with Selective
    State Spaces", arXiv 2312.00752; Gu et al. (2022), arXiv 2206.11893.
    """

    example_shape = (64,)
    usage = 'keras.Variable({}, shape=(64, ), dtype="float32")'
    family = "state space"

    def __init__(
        self,
        low: float = 1e-3,
        high: float = 1e-1,
        floor: float = 1e-4,
        inverse: str = "softplus",
        seed: Seed = None,
    ) -> None:
        super().__init__(seed)
        example = "For example low=0.001, high=0.1."
        self.low, self.high = _range(low, high, "the range of the step", example)
        self.floor = checks.number(
            "floor",
            floor,
            above=0,
            meaning="the shortest step allowed",
            instead="For example floor=1e-4.",
        )
        self.inverse = checks.choice(
            "inverse", inverse, ["softplus", "log"], meaning="what the layer undoes"
        )

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        logs = draw(sampling.uniform(math.log(self.low), math.log(self.high)), shape)

        def formula(logs: Any) -> Any:
            logs = ops.maximum(logs, math.log(self.floor))
            if self.inverse == "log":
                return logs
            steps = ops.exp(logs)
            # log(exp(dt) - 1) would lose four digits.
            return steps + ops.log(-ops.expm1(-steps))

        return precisely(formula, logs, ops)


@register("lru")
class Lru(Computed):
    """Eigenvalues spread evenly over a ring: for linear recurrent units.

    Formula: lambda = exp(-exp(nu) + i exp(theta)) with |lambda|² uniform on r_min² to
    r_max² and the phase uniform on 0 to max_phase; nu_log is nu, theta_log is theta.

    Use for: the two vectors of a linear recurrent unit's eigenvalues. For long
    sequences raise `r_min`. For the units of Griffin use `rg_lru`.

    Args:
        part: "nu_log" or "theta_log".
        r_min: Inner radius; float, 0 <= r_min < r_max.
        r_max: Outer radius; float, <= 1.
        max_phase: Largest phase in radians; finite float, > 0.
        seed: As in `Initializer`.

    Raises:
        ValueError: At construction, if an argument is out of range.

    Examples:
    >>> import keras, keras_inits
    >>> nu = keras_inits.Lru(r_min=0.9, r_max=0.999, seed=7)((100,))
    >>> radius = keras.ops.exp(-keras.ops.exp(nu))
    >>> round(float(keras.ops.min(radius)), 2), round(float(keras.ops.max(radius)), 2)
    (0.9, 1.0)

    Reference: Orvieto et al. (2023), "Resurrecting Recurrent Neural Networks for Long
    Sequences", arXiv 2303.06349.
    """

    example_shape = (64,)
    usage = 'keras.Variable({}, shape=(64, ), dtype="float32")'
    family = "state space"

    def __init__(
        self,
        part: str = "nu_log",
        r_min: float = 0.0,
        r_max: float = 1.0,
        max_phase: float = 2 * math.pi,
        seed: Seed = None,
    ) -> None:
        super().__init__(seed)
        self.part = checks.choice(
            "part", part, ["nu_log", "theta_log"], meaning="what is returned"
        )
        example = "For example r_min=0.9, r_max=0.999."
        self.r_min = checks.number(
            "r_min",
            r_min,
            minimum=0,
            below=1,
            meaning="the inner radius",
            instead=example,
        )
        self.r_max = checks.number(
            "r_max",
            r_max,
            above=self.r_min,
            maximum=1,
            meaning="the outer radius",
            instead=example,
        )
        self.max_phase = checks.number(
            "max_phase",
            max_phase,
            above=0,
            meaning="the largest phase",
            instead="For all phases use max_phase=2 * np.pi.",
        )

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        uniform = draw(sampling.uniform(0.0, 1.0), shape, self.part)

        def formula(uniform: Any) -> Any:
            if self.part == "theta_log":
                return ops.log(self.max_phase * uniform)
            # The distance of |lambda|² from 1, which is never 0.
            ring = self.r_max**2 - self.r_min**2
            distance = (1 - self.r_max**2) + ring * uniform
            return ops.log(-0.5 * ops.log1p(-distance))

        return precisely(formula, uniform, ops)


@register("rg_lru")
class RgLru(Computed):
    """Decays near 1: for the real gated linear recurrent units of Griffin.

    The authors' code draws r itself from this range, where the paper draws r^8; this
    is their code's.

    Formula: r² uniform on low² to high²; log(exp(-log r) - 1), whose softplus is -log
    r.

    Use for: the decays of Griffin's recurrent units. For units with complex
    eigenvalues use `lru`.

    Args:
        low: Smallest decay; finite float, > 0.
        high: Largest decay; finite float, > low, < 1.
        seed: As in `Initializer`.

    Raises:
        ValueError: At construction, if an argument is out of range.

    Examples:
    >>> import keras, keras_inits
    >>> drawn = keras_inits.RgLru(seed=7)((100,))
    >>> decay = keras.ops.exp(-keras.ops.softplus(drawn))
    >>> round(float(keras.ops.min(decay)), 2), round(float(keras.ops.max(decay)), 2)
    (0.9, 1.0)

    Reference: De et al. (2024), "Griffin: Mixing Gated Linear Recurrences with Local
    Attention for Efficient Language Models", arXiv 2402.19427.
    """

    example_shape = (64,)
    usage = 'keras.Variable({}, shape=(64, ), dtype="float32")'
    family = "state space"

    def __init__(
        self, low: float = 0.9, high: float = 0.999, seed: Seed = None
    ) -> None:
        super().__init__(seed)
        example = "For example low=0.9, high=0.999."
        self.low, self.high = _range(low, high, "the range of the decay", example)
        checks.number(
            "high", high, below=1, meaning="the largest decay", instead=example
        )

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        squares = draw(sampling.uniform(self.low**2, self.high**2), shape)
        return precisely(lambda x: ops.log(ops.expm1(-0.5 * ops.log(x))), squares, ops)
