"""Kernels that start as a copy, or almost: ZerO, IDInit and one for deep tanh."""

import math
import warnings
from types import ModuleType
from typing import Any

import numpy as np

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Layout, Shape, Tensor
from keras_inits.initializers.computed import Computed, Deterministic, Draw
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.registry import register
from keras_inits.initializers.structure.filters import middle_tap, one_tap

__all__ = ["HadamardZero", "Idinit", "IdinitZero", "TanhFixedPoint"]


def _hadamard(rows: int, columns: int) -> np.ndarray:
    """The first rows and columns of Sylvester's matrix of ones and minus ones."""
    both = np.arange(rows)[:, None] & np.arange(columns)
    odd = np.zeros(both.shape, dtype=np.int64)
    while both.any():
        odd ^= both & 1
        both = both >> 1
    return 1.0 - 2 * odd


@register("hadamard_zero")
class HadamardZero(Deterministic, KernelInitializer):
    """ZerO: the identity, widened by a Hadamard matrix, without a random number.

    It does not break every symmetry: where the number of outputs is no power of two,
    units may start with equal kernels.

    Formula: 1 on the diagonal for at most as many outputs as inputs; else gain * H /
    sqrt(p), H the first rows and columns of Sylvester's Hadamard matrix of size p, the
    power of two at or above the outputs. In a window, at the tap (k - 1) // 2.

    Use for: residual networks that should start without chance. Not as the only
    source of variety: in most shapes that widen, two units have equal incoming
    weights.

    Args:
        gain: Factor of the Hadamard matrix; finite float. The paper's printed constant
            is 2**0.5 times its authors' code, which is 1.
        **geometry: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `gain` is not a finite number; when called, if
            the shape has fewer than two axes.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.HadamardZero()((2, 4))
    >>> keras.ops.convert_to_numpy(kernel).tolist()
    [[0.5, 0.5, 0.5, 0.5], [0.5, -0.5, 0.5, -0.5]]

    Reference: Zhao, Schäfer, Anandkumar (2022), "ZerO Initialization: Initializing
    Neural Networks with only Zeros and Ones", arXiv 2110.12661.
    """

    family = "structure"

    def __init__(self, gain: float = 1.0, **geometry: Any) -> None:
        KernelInitializer.__init__(self, None, **geometry)
        self.gain = checks.number(
            "gain",
            gain,
            meaning="the factor of the Hadamard matrix",
            instead="For an isometry use gain=1.",
        )

    def values(self, shape: Shape) -> Any:
        geometry = self.geometry
        flat = one_tap(geometry, shape)
        blocks, rows, columns = geometry.blocks(flat)
        if columns <= rows:
            matrix = np.eye(rows, columns)
        else:
            power = 2 ** math.ceil(math.log2(columns))
            matrix = self.gain * _hadamard(rows, columns) / math.sqrt(power)
        matrices = np.broadcast_to(matrix, (blocks, rows, columns))
        return geometry.assembled(matrices, flat, np) * middle_tap(geometry, shape)


def _tiled(rows: int, columns: int, dtype: str = "float64") -> np.ndarray:
    """Ones where row and column are equal modulo the shorter side."""
    shorter = min(rows, columns)
    same = np.arange(rows)[:, None] % shorter == np.arange(columns) % shorter
    return np.array(same, dtype=dtype)


@register("idinit")
class Idinit(Computed, KernelInitializer):
    """A tiled identity with a little noise: for deep networks with residual branches.

    After Pan et al., whose figure shows the tiling; the order of the window's taps is
    a choice of ours.

    Formula: w = tau + noise * N(0, 1) where row and column of the matrix of window and
    inputs by outputs are equal modulo its shorter side, else 0.

    Use for: kernels of residual branches, but for the last, which is `idinit_zero`.
    Not in half precision, which rounds away what keeps units apart.

    Args:
        tau: The tiled diagonal; finite float. For ReLU use 2**0.5.
        noise: Std of what keeps copies of a unit apart; float, >= 0. Half precision
            rounds 1e-6 away, and the copies then get equal gradients for ever.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if
            the shape has fewer than two axes.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.Idinit(noise=0.0)((4, 2))
    >>> keras.ops.convert_to_numpy(kernel).tolist()
    [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]

    Reference: Pan et al. (2025), "IDInit: A Universal and Stable Initialization Method
    for Neural Network Training", arXiv 2503.04626.
    """

    family = "structure"

    def __init__(
        self, tau: float = 1.0, noise: float = 1e-6, **geometry_and_seed: Any
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.tau = checks.number(
            "tau", tau, meaning="the tiled diagonal", instead="For example tau=1.0."
        )
        self.noise = checks.number(
            "noise",
            noise,
            minimum=0,
            meaning="the std of the noise on the diagonal",
            instead="For example noise=1e-6.",
        )

    def expected_std(self, shape: Shape) -> float | None:
        if 0 in shape:
            return None
        _, rows, columns = self.geometry.blocks(shape)
        share = 1 / min(rows, columns)
        square = share * (self.tau**2 + self.noise**2)
        return math.sqrt(square - (share * self.tau) ** 2)

    def compute(
        self, shape: Shape, dtype: str, key: sampling.Key, layout: Layout
    ) -> Tensor:
        if dtype in ("float16", "bfloat16") and 0 < self.noise < 1e-3 * abs(self.tau):
            warnings.warn(
                f"{dtype} rounds the noise of Idinit away, so that copies of a unit "
                f"stay equal for ever. Received: noise={self.noise!r}. Keep weights in "
                "float32 (dtype='mixed_float16'), or use noise=1e-2.",
                stacklevel=3,
            )
        return super().compute(shape, dtype, key, layout)

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        blocks, rows, columns = self.geometry.blocks(shape)
        tiles = _tiled(rows, columns, "float32")
        # One value for each row or column of the longer side: all that is not 0.
        shape_of_noise = (blocks, rows, 1) if rows > columns else (blocks, 1, columns)
        noise = draw(sampling.normal(0.0, self.noise), shape_of_noise)
        return self.geometry.assembled(tiles * (self.tau + noise), shape, ops)


@register("idinit_zero")
class IdinitZero(Deterministic, KernelInitializer):
    """A tiled identity of nearly zero: for the last kernel of a residual branch.

    Formula: w = epsilon where row and column of the matrix of window and inputs by
    outputs are equal modulo its shorter side, else 0.

    Use for: the last kernel of a residual branch, beside `idinit`. Not in a stack
    without residual connections, through which no signal would pass.

    Args:
        epsilon: The tiled diagonal; finite float.
        **geometry: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `epsilon` is not a finite number; when called,
            if the shape has fewer than two axes.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.IdinitZero(epsilon=0.5)((2, 3))
    >>> keras.ops.convert_to_numpy(kernel).tolist()
    [[0.5, 0.0, 0.5], [0.0, 0.5, 0.0]]

    Reference: Pan et al. (2025), "IDInit", arXiv 2503.04626.
    """

    family = "structure"

    def __init__(self, epsilon: float = 1e-6, **geometry: Any) -> None:
        KernelInitializer.__init__(self, None, **geometry)
        self.epsilon = checks.number(
            "epsilon",
            epsilon,
            meaning="the tiled diagonal",
            instead="For example epsilon=1e-6.",
        )

    def values(self, shape: Shape) -> Any:
        blocks, rows, columns = self.geometry.blocks(shape)
        matrix = self.epsilon * _tiled(rows, columns)
        matrices = np.broadcast_to(matrix, (blocks, rows, columns))
        return self.geometry.assembled(matrices, shape, np)


@register("tanh_fixed_point")
class TanhFixedPoint(Computed, KernelInitializer):
    """A copy of the inputs with noise: for deep networks of tanh, of any width.

    Xavier's kernels lose the signal in deep and narrow ones; these bring it to a size
    that no longer depends on the depth.

    Formula: w = D + N(0, alpha² / fan_in); D is 1 where the output's number is the
    input's modulo fan_in, else 0.

    Use for: deep networks of tanh, with widths that change from layer to layer. Not
    for ReLU, which has no such fixed point: use `he_fan_in`.

    Args:
        alpha: Std of what the noise adds to a unit, relative to the rms of its inputs;
            finite float, > 0. 0.085 is the paper's.
        **geometry_and_seed: As in `VarianceScaling`. Axes of a window must be of size
            1, as in `Identity`.

    Raises:
        ValueError: At construction, if `alpha` is out of range; when called, if the
            shape has fewer than two axes or a window of more than one tap.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.TanhFixedPoint(alpha=1e-4, seed=7)((2, 4))
    >>> keras.ops.convert_to_numpy(kernel > 0.5).astype(int).tolist()
    [[1, 0, 1, 0], [0, 1, 0, 1]]

    Reference: Lee, Choi, Kim (2025), "Robust Weight Initialization for Tanh Neural
    Networks with Fixed Point Analysis", arXiv 2410.02242.
    """

    family = "structure"

    def __init__(self, alpha: float = 0.085, **geometry_and_seed: Any) -> None:
        super().__init__(**geometry_and_seed)
        self.alpha = checks.number(
            "alpha",
            alpha,
            above=0,
            meaning="the size of the noise beside the copy",
            instead="For example alpha=0.085.",
        )

    def expected_std(self, shape: Shape) -> float | None:
        if 0 in shape:
            return None
        _, rows, _ = self.geometry.blocks(shape)
        return math.sqrt((1 - 1 / rows + self.alpha**2) / rows)  # a one in each column

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        blocks, rows, columns = self.geometry.blocks(shape)
        if any(shape[axis] > 1 for axis in self.geometry.window(shape)):
            raise ValueError(
                "The scheme copies inputs to units: besides axes of size 1 the kernel "
                f"must have two axes, (inputs, units). Received: shape={shape}. Use it "
                "in Dense; for a convolution use 'dirac'."
            )
        std = self.alpha / math.sqrt(rows)
        kernel = draw(sampling.normal(0.0, std), (blocks, rows, columns))
        outputs = np.arange(columns)
        inputs = outputs % rows
        if ops is np:
            kernel[:, inputs, outputs] += np.float32(1)
        else:
            copied = np.arange(rows)[:, None] == inputs
            kernel = kernel + copied.astype("float32")
        return self.geometry.assembled(kernel, shape, ops)
