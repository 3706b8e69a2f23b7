"""Complex entries: circular distributions, and unitary matrices.

Computed on the host, in float64, as backends differ in what complex operations they
have; in a compiled program with an integer seed only.
"""

import math

import keras
import numpy as np

from keras_inits import sampling
from keras_inits._utils.types import Layout, Shape, Tensor

TYPES = ("complex64", "complex128")
CUT = math.exp(-4)  # chance of a modulus beyond two std
SHRUNK = math.sqrt(1 - 4 * CUT / (1 - CUT))  # std of a modulus cut there


def _draw(
    distribution: sampling.Distribution, shape: Shape, key: sampling.Key, name: str
) -> np.ndarray:
    own = sampling.substream(key, name)
    return sampling.draw_on_host(distribution, shape, "float32", own).astype("float64")


def circular(
    distribution: sampling.Distribution, shape: Shape, key: sampling.Key
) -> np.ndarray:
    """Complex entries with independent phases, and the real distribution's variance.

    The mean of |w|² is the variance: normal parts of half of it each; for a uniform
    distribution a disk, for a truncated normal a modulus of at most two std.
    """
    std = distribution.std
    if distribution.kind != "uniform" and math.isinf(distribution.bound):
        half = sampling.normal(0.0, std / math.sqrt(2))
        return _draw(half, shape, key, "real") + 1j * _draw(half, shape, key, "imag")
    share = _draw(sampling.uniform(0.0, 1.0), shape, key, "modulus")
    if distribution.kind == "uniform":
        modulus = std * np.sqrt(2 * share)
    else:
        modulus = std / SHRUNK * np.sqrt(-np.log1p(-(1 - CUT) * share))
    phase = _draw(sampling.uniform(0.0, 2 * math.pi), shape, key, "phase")
    return np.array(modulus * np.exp(1j * phase))


def unitary(shape: tuple[int, int, int], key: sampling.Key) -> np.ndarray:
    """Matrices whose shorter side's vectors are orthonormal, Haar-distributed.

    The phases of R's diagonal go into Q, without which it is not Haar-distributed.

    Args:
        shape: Number of matrices, their rows and their columns.
        key: The stream.
    """
    number, rows, columns = shape
    tall = number, max(rows, columns), min(rows, columns)
    normal = sampling.normal(0.0, 1.0)
    ginibre = _draw(normal, tall, key, "real") + 1j * _draw(normal, tall, key, "imag")
    q, r = np.linalg.qr(ginibre)
    diagonal = np.diagonal(r, axis1=-2, axis2=-1)
    found = q * (diagonal / abs(diagonal))[:, None, :]
    return np.swapaxes(found, -1, -2) if rows < columns else found


def check_key(key: sampling.Key, seed: object) -> None:
    """Refuses a key that is known only when a compiled program runs.

    Raises:
        ValueError: If its words are no ints.
    """
    if not isinstance(key.k0, int):
        raise ValueError(
            "Complex values are computed on the host, which a compiled program cannot. "
            f"Received: seed={seed!r} inside one. Use an integer, such as seed=7."
        )


def finished(array: np.ndarray, dtype: str, layout: Layout) -> Tensor:
    """The backend's tensor of complex values."""
    tensor = keras.ops.convert_to_tensor(array.astype(dtype))
    given = keras.backend.standardize_dtype(tensor.dtype)
    return sampling.finished(tensor, given, layout)
