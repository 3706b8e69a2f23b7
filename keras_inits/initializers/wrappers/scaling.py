"""`scaled` and `masked`: another scheme's draw, times a number or a mask."""

import hashlib
import math
import weakref
from typing import Any, ClassVar, Self

import keras
import numpy as np

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Layout, Shape, Tensor
from keras_inits.geometry import Geometry
from keras_inits.initializers.arguments import check_config, check_shape
from keras_inits.initializers.base import AXES
from keras_inits.initializers.registry import register
from keras_inits.initializers.wrappers.base import Wrapper

__all__ = ["Masked", "Scaled", "masked", "scaled"]


@register("scaled")
class Scaled(Wrapper):
    """Exactly a multiple of what another scheme draws.

    Formula: factor times the scheme's draw, from the same stream.

    Use for: any scheme at another size, such as the last kernel of a branch at a
    tenth. Where a scheme has a `gain` or `scale` of its own, that says more.

    Args:
        initializer: A name, an initializer or its config.
        factor: Finite float.

    Raises:
        ValueError: At construction, if an argument is not of its kind.

    Examples:
    >>> import keras_inits
    >>> keras_inits.scaled("he_fan_in", 0.5).expected_std((32, 8))  # half of 0.25
    0.125

    Reference: De, Smith (2020), "Batch Normalization Biases Residual Blocks Towards the
    Identity Function in Deep Networks", arXiv 2002.10444, for scaled branches.
    """

    usage_arguments = 'initializer="he_fan_in", factor=0.5'

    def __init__(self, initializer: Any, factor: float) -> None:
        super().__init__(initializer)
        self.factor = checks.number(
            "factor",
            factor,
            meaning="what the draw is multiplied by",
            instead="For example factor=0.5.",
        )

    def expected_std(self, shape: Shape) -> float | None:
        inner = self.inner_std(shape)
        return None if inner is None else abs(self.factor) * inner

    def compute(
        self, shape: Shape, dtype: str, key: sampling.Key, layout: Layout
    ) -> Tensor:
        drawn = self.factor * self.block(shape, "float32", key)
        return sampling.finished(drawn, dtype, layout)


def scaled(initializer: Any, factor: float) -> Scaled:
    """A scheme that draws a multiple of what another draws.

    Args:
        initializer: A name, an initializer or its config.
        factor: Finite float.

    Raises:
        ValueError: If an argument is not of its kind.

    Examples:
    >>> import keras_inits
    >>> keras_inits.scaled("zeros", 2.0)
    Scaled(initializer='zeros', factor=2.0)
    """
    return Scaled(initializer, factor)


def digest(array: np.ndarray) -> str:
    """A hash of an array's values, type and shape, not of its order in memory."""
    text = f"{array.dtype.name} {array.shape}".encode()
    return hashlib.sha256(text + np.ascontiguousarray(array).tobytes()).hexdigest()


class _Mask:
    """An array that can be found while somebody holds it."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array


_alive: "weakref.WeakValueDictionary[str, _Mask]" = weakref.WeakValueDictionary()


@register("masked")
class Masked(Wrapper):
    """Another scheme's draw with some entries zero, such as a pruned network's.

    A config holds shape and hash of the mask, not the mask: rebuilt from one, the
    scheme fills NaN until the mask is attached. A file's weights take its place.

    Formula: the scheme's draw where the mask is 1, else 0; with `preserve_variance`
    each output's weights times sqrt(fan_in / those kept).

    Use for: pruned networks and lottery tickets that are trained anew. It sets the
    start alone: to keep zeros zero, the layer has to mask its kernel.

    Args:
        initializer: A name, an initializer or its config.
        mask: Array of zeros and ones, or of booleans, of exactly the kernel's shape.
        preserve_variance: Whether outputs keep the variance that they have without the
            mask.

    Raises:
        ValueError: At construction, if the mask has other values, or an output without
            an input is to keep its variance; when called, if the shapes differ.

    Examples:
    >>> import keras, keras_inits
    >>> scheme = keras_inits.masked("ones", [[1, 0, 1], [0, 0, 1]])
    >>> keras.ops.convert_to_numpy(scheme((2, 3))).tolist()
    [[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]

    Reference: Evci et al. (2022), "Gradient Flow in Sparse Neural Networks and How
    Lottery Tickets Win", arXiv 2010.03533, for the variance of each output.
    """

    example_shape = (8, 64)
    usage_arguments = 'initializer="he_fan_in", mask=[[1, 0] * 32] * 8'
    _added: ClassVar = {**AXES, "shape": None, "sha256": None}

    def __init__(
        self, initializer: Any, mask: Any, preserve_variance: bool = False
    ) -> None:
        super().__init__(initializer)
        self.preserve_variance = bool(preserve_variance)
        self._set(mask)

    def _set(self, mask: Any) -> None:
        try:
            array = np.asarray(mask)
            fits = array.dtype.kind in "biuf" and np.isin(array, (0, 1)).all()
        except ValueError:  # ragged
            fits = False
        if not fits:
            raise ValueError(
                "`mask` says which entries stay and must be zeros and ones. "
                f"Received: mask={mask!r}. For example mask=np.abs(kernel) > 0.01."
            )
        array = array.astype(bool)
        self.shape: list[int] = list(array.shape)
        self.sha256 = digest(array)
        self._factors: np.ndarray | None = array.astype("float32")
        if self.preserve_variance and array.size:
            geometry = getattr(self.inner, "geometry", Geometry())
            rows = geometry.matrix_view(array.shape).rows
            kept = array.sum(axis=rows, keepdims=True)
            if not kept.all():
                raise ValueError(
                    "An output without an input cannot keep its variance. Received: a "
                    f"mask of shape {array.shape} that leaves {(kept == 0).sum()} "
                    "outputs without one. Use preserve_variance=False."
                )
            inputs = math.prod(array.shape[axis] for axis in rows)
            self._factors = self._factors * np.sqrt(inputs / kept).astype("float32")
        self._mask = _alive.setdefault(self.sha256, _Mask(array))

    def attach(self, mask: Any) -> None:
        """Gives a scheme that was rebuilt from a config its mask.

        Raises:
            ValueError: If it is not the mask of the config.
        """
        other = type(self)(self.inner, mask, self.preserve_variance)
        if (other.shape, other.sha256) != (self.shape, self.sha256):
            raise ValueError(
                "This is not the mask of the config. Received: a mask of shape "
                f"{tuple(other.shape)} and hash {other.sha256[:8]} for shape "
                f"{tuple(self.shape)} and hash {self.sha256[:8]}. Use the one that the "
                "scheme was made with."
            )
        self._set(mask)

    def get_config(self) -> dict[str, Any]:
        config = {"shape": self.shape, "sha256": self.sha256}
        self.mask = None  # its place in the config is the hash's
        own = super().get_config()
        own.pop("mask", None)
        return own | config

    @classmethod
    @checks.few_words()
    def from_config(cls, config: dict[str, Any]) -> Self:
        check_config(cls.__name__, config)
        arguments = {key: config[key] for key in config if key != "seed"}
        shape, sha256 = arguments.pop("shape", None), arguments.pop("sha256", None)
        added = {name: arguments.pop(name) for name in AXES if name in arguments}
        whole = isinstance(shape, list | tuple) and isinstance(sha256, str)
        if not whole or "initializer" not in arguments:
            raise checks.missing_argument(
                f"The config of {cls.__name__}",
                ["initializer", "shape", "sha256"],
                "the mask into keras_inits.masked(initializer, mask)",
            )
        unknown = set(arguments) - {"initializer", "preserve_variance"}
        if unknown:
            raise checks.unknown_key(cls.__name__, unknown, cls._arguments)
        self = cls(arguments["initializer"], np.zeros((0, 2)))
        self.preserve_variance = bool(arguments.get("preserve_variance", False))
        self.shape, self.sha256 = list(check_shape(shape)), sha256
        self._factors = None
        # Keras rebuilds a scheme in order to tell it axes: that one keeps its mask.
        held = _alive.get(sha256) if added else None
        if held is not None:
            self._set(held.array)
        return self._with_added(added) if added else self

    def compute(
        self, shape: Shape, dtype: str, key: sampling.Key, layout: Layout
    ) -> Tensor:
        if list(shape) != self.shape:
            raise ValueError(
                "`mask` must have exactly the kernel's shape. Received: a mask of "
                f"shape {tuple(self.shape)} for shape={shape}. Make it for {shape}."
            )
        if self._factors is None:
            return sampling.filled(math.nan, shape, dtype, layout)
        drawn = self.block(shape, "float32", key)
        kept = keras.ops.convert_to_tensor(self._factors)
        nothing = keras.ops.zeros_like(kept)
        result = keras.ops.where(kept > 0, drawn * kept, nothing)
        return sampling.finished(result, dtype, layout)


def masked(initializer: Any, mask: Any, preserve_variance: bool = False) -> Masked:
    """A scheme whose draw has some entries zero.

    Args:
        initializer: A name, an initializer or its config.
        mask: Array of zeros and ones of exactly the kernel's shape.
        preserve_variance: Whether outputs keep their variance.

    Raises:
        ValueError: If an argument is not of its kind.

    Examples:
    >>> import keras_inits
    >>> float(keras_inits.masked("ones", [[1, 0]])((1, 2))[0, 1])
    0.0
    """
    return Masked(initializer, mask, preserve_variance)
