"""Deterministic initializers: zeros, ones, a given array, the identity.

Zeros are right for biases. In a kernel any constant leaves the units of a layer
symmetric: they compute the same and get the same gradient for ever.
"""

from typing import Any

import keras
import numpy as np

from keras_inits._utils import checks
from keras_inits.initializers.computed import Deterministic
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.registry import register

__all__ = ["Constant", "Identity", "Ones", "Zeros"]


@register("zeros")
class Zeros(Deterministic):
    """All entries 0: for biases, and for the last kernel of a residual branch.

    A hidden kernel of zeros never breaks the symmetry between its units.

    Formula: w = 0.

    Use for: biases, and the last kernel of a residual branch. Not for other
    kernels: no gradient passes them, and their units stay equal.

    Examples:
    >>> import keras_inits
    >>> float(keras_inits.Zeros()((2, 3))[0, 0])
    0.0

    Reference: Goodfellow, Bengio, Courville (2016), "Deep Learning", sec. 8.4.
    """

    def __init__(self) -> None:
        super().__init__()

    def values(self, shape: tuple[int, ...]) -> Any:
        return 0


@register("ones")
class Ones(Deterministic):
    """All entries 1: for the gains of normalization layers.

    Formula: w = 1.

    Use for: gains of normalization layers, and other factors that begin without
    effect. Not for kernels, whose units would stay equal.

    Examples:
    >>> import keras_inits
    >>> float(keras_inits.Ones()((3,))[0])
    1.0

    Reference: Ioffe, Szegedy (2015), "Batch Normalization", arXiv 1502.03167.
    """

    def __init__(self) -> None:
        super().__init__()

    def values(self, shape: tuple[int, ...]) -> Any:
        return 1


@register("constant")
class Constant(Deterministic):
    """A given number everywhere, or a given array: for biases and known weights.

    Formula: w = value.

    Use for: biases with a known start, and small known arrays. Not for kernels,
    whose units would stay equal; for large arrays use `from_array`, which saves no
    copy.

    Args:
        value: A number; or an array (nested lists, NumPy array or tensor) of exactly
            the variable's shape. Arrays are never broadcast, and are stored whole in a
            saved model's configuration.

    Raises:
        ValueError: At construction, if `value` is not numeric; when called, if the
            shapes differ.

    Examples:
    >>> import keras_inits
    >>> float(keras_inits.Constant(0.5)((2,))[1])
    0.5
    >>> float(keras_inits.Constant([[1, 2, 3], [4, 5, 6]])((2, 3))[1, 0])
    4.0

    Reference: Lin et al. (2017), "Focal Loss for Dense Object Detection", arXiv
    1708.02002, sec. 4.1, for a bias set to a class's prior.
    """

    def __init__(self, value: Any = 0.0) -> None:
        super().__init__()
        try:
            array = np.asarray(
                keras.ops.convert_to_numpy(value)
                if keras.ops.is_tensor(value)
                else value
            )
            numeric = array.dtype.kind in "biuf" or array.dtype.name == "bfloat16"
        except ValueError:  # ragged
            numeric = False
        if not numeric:
            raise ValueError(
                "`value` fills the tensor and must be a number or a rectangular array "
                f"of numbers. Received: value={value!r}. For example value=0.1."
            )
        self.value = array.item() if array.ndim == 0 else array

    def _values(self, shape: tuple[int, ...]) -> Any:
        return self.values(shape)

    def values(self, shape: tuple[int, ...]) -> Any:
        if not isinstance(self.value, np.ndarray):
            return self.value
        empty = self.value.size == 0 and 0 in shape  # JSON keeps no shape of nothing
        if self.value.shape != shape and not empty:
            raise ValueError(
                "`value` must have exactly the variable's shape; it is not broadcast. "
                f"Received: value of shape {self.value.shape} for shape={shape}. "
                f"Type np.broadcast_to(value, {shape}) if that is what you mean."
            )
        return self.value.reshape(shape)


@register("identity")
class Identity(Deterministic, KernelInitializer):
    """The identity, square or not: for recurrent kernels that keep their state.

    Formula: w[i, j] = gain if i == j else 0, in each of the kernel's matrices: one for
    each group, each gate and each place along the batch axes.

    Use for: recurrent kernels of layers with ReLU, and dense layers that should
    begin as a copy. For the window of a convolution use `dirac`.

    Args:
        gain: The diagonal; finite float.
        **geometry: As in `VarianceScaling`. Inputs and units need not be equal; axes
            of a window must be of size 1, as a larger one has no tap that copies.

    Raises:
        ValueError: At construction, if `gain` is not a finite number; when called, if
            the shape has fewer than two axes or a window of more than one tap.

    Examples:
    >>> import keras_inits
    >>> import keras
    >>> kernel = keras_inits.Identity(gain=2.0)((2, 3))
    >>> keras.ops.convert_to_numpy(kernel).tolist()
    [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]

    Reference: Le, Jaitly, Hinton (2015), "A Simple Way to Initialize Recurrent
    Networks of Rectified Linear Units", arXiv 1504.00941.
    """

    def __init__(self, gain: float = 1.0, **geometry: Any) -> None:
        KernelInitializer.__init__(self, None, **geometry)
        self.gain = checks.number(
            "gain", gain, meaning="the diagonal", instead="For the identity use gain=1."
        )

    def values(self, shape: tuple[int, ...]) -> Any:
        blocks, rows, columns = self.geometry.blocks(shape)
        window = [shape[axis] for axis in self.geometry.window(shape)]
        if any(taps > 1 for taps in window):
            raise ValueError(
                "The identity is a matrix: besides axes of size 1 the kernel must have "
                f"two axes, (inputs, units). Received: shape={shape}. Use it in Dense "
                "or as a recurrent kernel; for other kernels use 'orthogonal'."
            )
        matrices = np.broadcast_to(np.eye(rows, columns), (blocks, rows, columns))
        return self.geometry.assembled(self.gain * matrices, shape, np)
