"""Fixed transitions of states that keep the past as coefficients of polynomials."""

import math
from typing import Any

import numpy as np

from keras_inits._utils import checks
from keras_inits._utils.types import Shape
from keras_inits.initializers.computed import Deterministic
from keras_inits.initializers.registry import register

__all__ = ["HippoLegs", "Lmu", "S4d"]

PARTS = ["A", "B"]


def _states(part: str, shape: Shape, name: str) -> int:
    """Number of states of a square A, or of a column or vector B.

    Raises:
        ValueError: If the shape is neither.
    """
    if part == "A" and len(shape) == 2 and shape[0] == shape[1]:
        return shape[0]
    if part == "B" and (len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)):
        return shape[0]
    raise ValueError(
        f"{name} has a square A and a vector B. Received: part={part!r} for "
        f"shape={shape}. Use (64, 64) for part='A', (64,) or (64, 1) for part='B'."
    )


@register("hippo_legs")
class HippoLegs(Deterministic):
    """HiPPO's scaled Legendre memory: states that keep the whole past.

    Formula: A = -sqrt((2n + 1)(2k + 1)) below the diagonal, -(n + 1) on it, 0 above; B
    = sqrt(2n + 1); rows n and columns k from 0.

    Use for: A and B of a layer of state spaces that is to remember all that came.
    For a window of fixed length use `lmu`, for a diagonal A `s4d`.

    Args:
        part: "A" (N, N), or "B" (N,) or (N, 1).

    Raises:
        ValueError: At construction, if `part` is neither; when called, if the shape
            does not fit.

    Examples:
    >>> import keras, keras_inits
    >>> a = keras_inits.HippoLegs("A")((3, 3))
    >>> [round(float(value), 2) for value in a[2]]
    [-2.24, -3.87, -3.0]

    Reference: Gu et al. (2020), "HiPPO: Recurrent Memory with Optimal Polynomial
    Projections", arXiv 2008.07669.
    """

    usage = 'keras.Variable({}, shape=(64, 64), dtype="float32")'
    family = "state space"

    def __init__(self, part: str = "A") -> None:
        super().__init__()
        self.part = checks.choice("part", part, PARTS, meaning="the matrix")

    def values(self, shape: Shape) -> Any:
        root = np.sqrt(2.0 * np.arange(_states(self.part, shape, "HippoLegs")) + 1)
        if self.part == "B":
            return root.reshape(shape)
        below = np.tril(-np.outer(root, root), -1)
        return below - np.diag(np.arange(1.0, len(root) + 1))


@register("lmu")
class Lmu(Deterministic):
    """The Legendre memory unit: states that keep a window of the past.

    Both are to be divided by the length of the window.

    Formula: A = (2i + 1) times -1 for i < j, else (-1)^(i - j + 1); B = (2i + 1)
    (-1)^i; rows i and columns j from 0.

    Use for: cells that keep a window of known length, by which A and B are then
    divided. To keep the whole past use `hippo_legs`.

    Args:
        part: "A" (N, N), or "B" (N,) or (N, 1).

    Raises:
        ValueError: At construction, if `part` is neither; when called, if the shape
            does not fit.

    Examples:
    >>> import keras, keras_inits
    >>> keras.ops.convert_to_numpy(keras_inits.Lmu("A")((2, 2))).tolist()
    [[-1.0, -1.0], [3.0, -3.0]]

    Reference: Voelker, Kajić, Eliasmith (2019), "Legendre Memory Units: Continuous-Time
    Representation in Recurrent Neural Networks", NeurIPS.
    """

    usage = 'keras.Variable({}, shape=(64, 64), dtype="float32")'
    family = "state space"

    def __init__(self, part: str = "A") -> None:
        super().__init__()
        self.part = checks.choice("part", part, PARTS, meaning="the matrix")

    def values(self, shape: Shape) -> Any:
        row = np.arange(_states(self.part, shape, "Lmu"))
        if self.part == "B":
            return ((2 * row + 1) * (1.0 - 2 * (row % 2))).reshape(shape)
        i, j = row[:, None], row[None, :]
        signs = np.where(i < j, -1.0, 1.0 - 2 * ((i - j + 1) % 2))
        return (2 * i + 1) * signs


@register("s4d")
class S4d(Deterministic):
    """Diagonal state spaces: S4D and Mamba.

    Formula: mode n, from 0 along the last axis: "lin" -1/2 + i pi n; "inv" -1/2 + i
    (N / pi)(N / (2n + 1) - 1), N twice the number of modes; "real" -(n + 1), as in
    Mamba. "log_real" is log(-real part), "imaginary" the imaginary part.

    Use for: the diagonal A of S4D, by "lin" or "inv", and of Mamba, by "real". For
    a full matrix use `hippo_legs`.

    Args:
        kind: "lin", "inv" or "real".
        part: "log_real" or "imaginary".

    Raises:
        ValueError: At construction, if an argument is none of these; when called, if
            the shape has no axis.

    Examples:
    Mamba's `A_log`, the same in every row:

    >>> import keras, keras_inits
    >>> a_log = keras_inits.S4d("real")((2, 4))
    >>> keras.ops.convert_to_numpy(keras.ops.exp(a_log)).round(3).tolist()
    [[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]]

    Reference: Gu, Gupta, Goel, Ré (2022), "On the Parameterization and Initialization
    of Diagonal State Space Models", arXiv 2206.11893; Gu, Dao (2023), "Mamba", arXiv
    2312.00752.
    """

    usage = 'keras.Variable({}, shape=(64, 64), dtype="float32")'
    family = "state space"

    def __init__(self, kind: str = "lin", part: str = "log_real") -> None:
        super().__init__()
        self.kind = checks.choice(
            "kind", kind, ["lin", "inv", "real"], meaning="the rule of the modes"
        )
        self.part = checks.choice(
            "part", part, ["log_real", "imaginary"], meaning="what is returned"
        )

    def values(self, shape: Shape) -> Any:
        if not shape:
            raise ValueError(
                "Modes lie along the last axis. Received: shape=(). Use (64,), or "
                "(256, 16) for 16 modes of each of 256 channels."
            )
        modes = np.arange(shape[-1])
        size = 2 * shape[-1]
        real = modes + 1.0 if self.kind == "real" else np.full(shape[-1], 0.5)
        imaginary = {
            "lin": math.pi * modes,
            "inv": size / math.pi * (size / (2 * modes + 1) - 1),
            "real": 0.0 * modes,
        }[self.kind]
        found = np.log(real) if self.part == "log_real" else imaginary
        return np.broadcast_to(found, shape)
