"""Fourier transforms, identities in a bias, sums of one, and weights to find."""

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Shape
from keras_inits.initializers.computed import Computed, Deterministic, Draw
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.registry import register

__all__ = ["AffineIdentity", "NanFill", "PositiveUnitball", "Stft"]

WINDOWS: dict[str, Callable[[int], np.ndarray]] = {
    "bartlett": np.bartlett,
    "blackman": np.blackman,
    "hamming": np.hamming,
    "hann": np.hanning,
}
SCALINGS: dict[str | None, Callable[[np.ndarray], float]] = {
    "density": lambda window: math.sqrt(np.square(window).sum()),
    "spectrum": lambda window: abs(window).sum(),
    None: lambda window: 1.0,
}


@register("stft")
class Stft(Deterministic):
    """A short-time Fourier transform: for a strided Conv1D that makes a spectrogram.

    Formula: cos (real) or sin (imag) of -2 pi t f / F, times the window at t, over its
    scaling; t along the frame, f the frequency, F = 2 (frequencies - 1).

    Use for: networks that take raw audio: two convolutions that are not trained,
    one real and one imaginary, strided by the hop.

    Args:
        side: "real" or "imag".
        window: "hann", "hamming", "blackman", "bartlett", or None for no window.
        scaling: "density" divides by the root of the window's sum of squares,
            "spectrum" by its sum, None by nothing. Without a window nothing is divided.
        periodic: Whether the window is one period, of which the last point is left out.

    Raises:
        ValueError: At construction, if an argument is none of these; when called, if
            the shape is not (frame, 1, frequencies).

    Examples:
    The cosine of the second of four frequencies, over a frame of four:

    >>> import keras, keras_inits
    >>> kernel = keras_inits.Stft(window=None)((4, 1, 3))
    >>> keras.ops.convert_to_numpy(kernel)[:, 0, 1].round(6).tolist()
    [1.0, 0.0, -1.0, -0.0]

    Reference: Oppenheim, Schafer (2009), "Discrete-Time Signal Processing", sec. 10.3;
    Keras's `STFT`.
    """

    example_shape = (64, 1, 33)
    usage = "keras.layers.Conv1D(257, 400, 160, kernel_initializer={})"
    family = "structure"

    def __init__(
        self,
        side: str = "real",
        window: str | None = "hann",
        scaling: str | None = "density",
        periodic: bool = False,
    ) -> None:
        super().__init__()
        self.side = checks.choice(
            "side", side, ["real", "imag"], meaning="the part of the transform"
        )
        if window is not None:
            checks.choice("window", window, WINDOWS, meaning="the window of a frame")
        if scaling is not None:
            names = [name for name in SCALINGS if name]
            checks.choice("scaling", scaling, names, meaning="what is divided by")
        self.window, self.scaling, self.periodic = window, scaling, bool(periodic)

    def values(self, shape: Shape) -> Any:
        if len(shape) != 3 or shape[1] != 1 or shape[2] < 2:
            raise ValueError(
                "A Fourier kernel has the axes (frame, 1, frequencies), and at least "
                f"two frequencies. Received: shape={shape}. For a frame of 400 and 257 "
                "frequencies use (400, 1, 257)."
            )
        frame, _, frequencies = shape
        turns = np.arange(frame)[:, None] * np.arange(frequencies)
        angles = -2 * math.pi * turns / (2 * (frequencies - 1))
        kernel = np.cos(angles) if self.side == "real" else np.sin(angles)
        if self.window is not None:
            window = WINDOWS[self.window](frame + self.periodic)[:frame]
            kernel = kernel * window[:, None] / SCALINGS[self.scaling](window)
        return kernel[:, None, :]


@register("nan_fill")
class NanFill(Deterministic):
    """All entries NaN: to find the weights that nothing has set.

    Formula: w = NaN.

    Use for: tests: what is still NaN after weights were loaded or assigned was
    forgotten. Not for training.

    Raises:
        ValueError: When called, if `dtype` is not a floating-point type.

    Examples:
    >>> import keras, keras_inits
    >>> int(keras.ops.sum(keras.ops.isnan(keras_inits.NanFill()((2, 3)))))
    6

    Reference: Tokui et al. (2019), "Chainer", arXiv 1908.00213, whose `NaN` it is.
    """

    family = "structure"
    only_floats = True

    def __init__(self) -> None:
        super().__init__()

    def values(self, shape: Shape) -> Any:
        return math.nan

    def expected_std(self, shape: Shape) -> None:
        return None


@register("affine_identity")
class AffineIdentity(Deterministic):
    """The identity as a vector: for the bias that sets a spatial transformer's start.

    Formula: the rows of the identity one after the other: D by D + 1 for a vector of D
    (D + 1) entries, such as 6 or 12, and D by D for one of D², such as 4 or 9. No
    number is both.

    Use for: the bias of the last layer of a localization network, beside a kernel
    of zeros: the first transform then moves nothing. Not for other biases, whose
    lengths it refuses.

    Raises:
        ValueError: When called, if the shape is not one of these vectors.

    Examples:
    >>> import keras, keras_inits
    >>> bias = keras_inits.AffineIdentity()((6,))
    >>> keras.ops.convert_to_numpy(bias).tolist()
    [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]

    Reference: Jaderberg et al. (2015), "Spatial Transformer Networks", arXiv
    1506.02025; Qi et al. (2017), "PointNet", arXiv 1612.00593, for D².
    """

    example_shape = (12,)
    usage = "keras.layers.Dense(6, kernel_initializer='zeros', bias_initializer={})"
    family = "structure"

    def __init__(self) -> None:
        super().__init__()

    def values(self, shape: Shape) -> Any:
        size = shape[0] if len(shape) == 1 else 0
        side = math.isqrt(size)
        if side and size == side**2:
            return np.eye(side).ravel()
        if side and size == side * (side + 1):
            return np.eye(side, side + 1).ravel()
        raise ValueError(
            "An identity as a vector has D * (D + 1) or D * D entries. Received: "
            f"shape={shape}. Use (6,) or (12,) for an affine map of two or three "
            "dimensions, (4,) or (9,) for a linear one."
        )


@register("positive_unitball")
class PositiveUnitball(Computed, KernelInitializer):
    """Weights above zero that sum to 1 for every output: for averages.

    Formula: U(0, 1), divided for each output by the sum over its inputs and window.

    Use for: layers that average, with weights that stay readable as shares. Not for
    hidden layers at large: with many inputs all units are nearly the same average.

    Args:
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: When called, if the shape has fewer than two axes.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.PositiveUnitball(seed=7)((4, 3))
    >>> keras.ops.convert_to_numpy(kernel).sum(axis=0).round(5).tolist()
    [1.0, 1.0, 1.0]

    Reference: Jia et al. (2014), "Caffe: Convolutional Architecture for Fast Feature
    Embedding", arXiv 1408.5093, whose `positive_unitball` it is.
    """

    family = "structure"

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(**geometry_and_seed)

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        drawn = draw(sampling.uniform(0.0, 1.0), self.geometry.blocks(shape))
        kernel = drawn / ops.sum(drawn, axis=1, keepdims=True)
        return self.geometry.assembled(kernel, shape, ops)
