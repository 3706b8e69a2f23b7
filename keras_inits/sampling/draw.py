"""Make tensors: `draw` random ones, fill constant ones, finish computed ones."""

import numpy as np

from keras_inits._utils.types import Layout, Shape, Tensor
from keras_inits.sampling.bits import Key
from keras_inits.sampling.distributions import Distribution
from keras_inits.sampling.engines.choose import engine


def is_tracing() -> bool:
    """Whether the backend is staging a program, so that values do not exist yet."""
    return engine().is_tracing()


def draw(
    distribution: Distribution,
    shape: Shape,
    dtype: str,
    key: Key,
    layout: Layout = None,
) -> Tensor:
    """Draws a tensor of independent entries.

    Args:
        distribution: The distribution of the entries.
        shape: Shape of the tensor.
        dtype: Name of a floating-point type. Values are drawn in float32 and cast once.
        key: The key, of Python ints or of scalars of the program being traced.
        layout: None, or the sharding that the JAX backend asks for; then each device
            draws its own shard.

    Returns:
        A tensor of the backend: the same values on every backend, eager or traced.

    Examples:
    >>> from keras_inits import sampling
    >>> drawn = sampling.draw(
    ...     sampling.uniform(-1, 1), (3,), "float32", sampling.Key(1, 2)
    ... )
    >>> [round(float(value), 4) for value in drawn]
    [-0.7071, 0.0577, 0.1769]
    """
    return engine().draw(distribution, shape, dtype, key, layout)


def filled(
    value: float | np.ndarray, shape: Shape, dtype: str, layout: Layout = None
) -> Tensor:
    """A constant tensor.

    Args:
        value: A number, or a NumPy array of the shape.
        shape: Shape of the tensor.
        dtype: Name of any type.
        layout: As in `draw`.

    Examples:
    >>> import keras
    >>> from keras_inits import sampling
    >>> keras.ops.convert_to_numpy(sampling.filled(0.5, (2, 3), "float32"))
    array([[0.5, 0.5, 0.5],
           [0.5, 0.5, 0.5]], dtype=float32)
    """
    return engine().filled(value, shape, dtype, layout)


def finished(tensor: Tensor | np.ndarray, dtype: str, layout: Layout = None) -> Tensor:
    """A computed tensor as its caller wants it.

    Args:
        tensor: A float32 array of NumPy's, which nobody else holds, or the backend's.
        dtype: Name of the type to round to.
        layout: None, or the sharding that the JAX backend asks for.

    Examples:
    Rounded once, at the end:

    >>> import numpy as np
    >>> from keras_inits import sampling
    >>> third = np.full((2,), 1 / 3, "float32")
    >>> [float(value) for value in sampling.finished(third, "float16")]
    [0.333251953125, 0.333251953125]
    """
    return engine().finished(tensor, dtype, layout)
