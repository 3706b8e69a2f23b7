"""`from_array` and `from_function`: values and code that a config does not hold."""

import importlib
import math
from typing import Any, Self

import keras
import numpy as np

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Layout, Shape, Tensor
from keras_inits.initializers.arguments import check_config, check_shape
from keras_inits.initializers.base import AXES, Initializer
from keras_inits.initializers.computed import Deterministic
from keras_inits.initializers.registry import register
from keras_inits.initializers.wrappers.base import NotAllowed
from keras_inits.initializers.wrappers.scaling import digest

__all__ = [
    "FromArray",
    "FromFunction",
    "allow_functions",
    "from_array",
    "from_function",
]


@register("from_array")
class FromArray(Deterministic):
    """Given values, of which a saved model keeps a hash instead of a copy.

    `Constant` keeps the values themselves. Rebuilt from a config this scheme fills NaN
    until the array is attached, so that a model without its weights shows; a file's
    weights take their place.

    Formula: w = value.

    Use for: pretrained embeddings and other large arrays. A model that is rebuilt
    from its configuration alone has NaN there until `attach`, or until its weights
    are loaded.

    Args:
        value: Array of floating-point numbers, of exactly the variable's shape.

    Raises:
        ValueError: At construction, if `value` is not of real floating-point numbers;
            when called, if the shapes differ or the type is not a floating-point one.

    Examples:
    >>> import keras_inits
    >>> scheme = keras_inits.from_array([[1.5, 2.0], [0.0, 4.0]])
    >>> float(scheme((2, 2))[1, 1]), sorted(scheme.get_config())
    (4.0, ['dtype', 'sha256', 'shape'])

    Reference: none; values are the user's own.
    """

    example_shape = (8, 64)
    usage_arguments = "value=[[0.5] * 64] * 8"
    family = "wrapper"
    only_floats = True

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value: np.ndarray | None
        self.value = self._checked(value)
        self.shape = list(self.value.shape)
        self.dtype = self.value.dtype.name
        self.sha256 = digest(self.value)

    @staticmethod
    def _checked(value: Any) -> np.ndarray:
        try:
            tensor = keras.ops.is_tensor(value)
            array = np.array(keras.ops.convert_to_numpy(value) if tensor else value)
            fits = array.dtype.kind == "f" or array.dtype.name == "bfloat16"
        except ValueError:  # ragged
            fits = False
        if not fits:
            raise ValueError(
                "`value` fills the tensor and must be an array of floating-point "
                f"numbers. Received: value={value!r}. For example "
                "value=np.ones((3, 4), 'float32')."
            )
        return array

    def attach(self, value: Any) -> None:
        """Gives a scheme that was rebuilt from a config its values.

        Raises:
            ValueError: If they are not those of the config.
        """
        array = self._checked(value)
        if digest(array) != self.sha256:
            raise ValueError(
                "These are not the values of the config. Received: an array of shape "
                f"{array.shape}, type {array.dtype.name} and hash {digest(array)[:8]} "
                f"for shape {tuple(self.shape)}, type {self.dtype} and hash "
                f"{self.sha256[:8]}. Use the array that the scheme was made with."
            )
        self.value = array

    def get_config(self) -> dict[str, Any]:
        return {"shape": self.shape, "dtype": self.dtype, "sha256": self.sha256}

    @classmethod
    @checks.few_words()
    def from_config(cls, config: dict[str, Any]) -> Self:
        check_config(cls.__name__, config)
        kinds: dict[str, Any] = {"shape": (list, tuple), "dtype": str, "sha256": str}
        names = list(kinds)
        if unknown := set(config) - {*names, *AXES}:
            raise checks.unknown_key(cls.__name__, unknown, names)
        if missing := [n for n in names if not isinstance(config.get(n), kinds[n])]:
            raise checks.missing_argument(
                f"The config of {cls.__name__}",
                missing,
                "the array into keras_inits.from_array(value)",
            )
        self = cls(np.zeros((), "float32"))
        self.value = None
        self.shape = list(check_shape(config["shape"]))
        self.dtype = keras.backend.standardize_dtype(config["dtype"])
        self.sha256 = config["sha256"]
        return self

    def _values(self, shape: Shape) -> Any:
        return self.values(shape)

    def expected_std(self, shape: Shape) -> float | None:
        return None if self.value is None else super().expected_std(shape)

    def values(self, shape: Shape) -> Any:
        if list(shape) != self.shape:
            raise ValueError(
                "`value` must have exactly the variable's shape. Received: value of "
                f"shape {tuple(self.shape)} for shape={shape}. Use an array of {shape}."
            )
        return math.nan if self.value is None else self.value


def from_array(value: Any) -> FromArray:
    """A scheme that fills in given values, of which a saved model keeps a hash.

    Args:
        value: Array of floating-point numbers, of exactly the variable's shape.

    Raises:
        ValueError: If `value` is not of real floating-point numbers.

    Examples:
    >>> import keras_inits
    >>> float(keras_inits.from_array([0.5, 0.25])((2,))[1])
    0.25
    """
    return FromArray(value)


_allowed: set[str] = set()


def allow_functions(*modules: str) -> None:
    """Allows configs to name functions of these modules, in this process.

    A config that names another's function is refused, and nothing of it is imported.
    Whoever can write a file can then run these functions: allow your own modules only.

    Args:
        *modules: Full names.

    Raises:
        ValueError: If a name is not that of a module, such as "my_package.starts".

    Examples:
    >>> import keras_inits
    >>> keras_inits.allow_functions("my_package.starts")
    """
    for module in modules:
        if not isinstance(module, str) or not all(
            part.isidentifier() for part in module.split(".")
        ):
            raise ValueError(
                "`modules` are full names of modules. Received: "
                f"{module!r}. For example 'my_package.starts'."
            )
    _allowed.update(modules)


@register("from_function")
class FromFunction(Initializer):
    """A function of your own, by its name, so that files keep the name.

    Who opens a file with it has to call `allow_functions` first: files cannot run what
    nobody allowed.

    Formula: what the function returns for (shape, dtype=dtype).

    Use for: a function in a module that can be imported, used in models that are
    saved. Not for lambdas, which have no name to save; a class of its own takes
    arguments: see `register`.

    Args:
        function: "module:function"; it is imported.

    Raises:
        ValueError: At construction, if there is no such function; from a config, if its
            module is not allowed; when called, if it returns another shape.

    Examples:
    >>> import keras_inits
    >>> scheme = keras_inits.from_function("keras.ops:ones")
    >>> float(scheme((2, 3))[0, 0])
    1.0

    Reference: none; the values are the user's own.
    """

    usage_arguments = 'function="keras.ops:ones"'
    family = "wrapper"
    is_random = False

    def __init__(self, function: str) -> None:
        super().__init__()
        module, _, name = (
            function.partition(":") if isinstance(function, str) else "   "
        )
        found = None
        if module.strip() and name.isidentifier():
            try:
                found = getattr(importlib.import_module(module), name, None)
            except ImportError:
                found = None
        if not callable(found):
            raise ValueError(
                "`function` names a function that can be imported. Received: "
                f"function={function!r}. For example 'my_package.starts:ramp'."
            )
        self.function = function
        self._call = found

    @classmethod
    @checks.few_words()
    def from_config(cls, config: dict[str, Any]) -> Self:
        check_config(cls.__name__, config)
        function = config.get("function")
        module = function.partition(":")[0] if isinstance(function, str) else ""
        if module not in _allowed:
            raise NotAllowed(
                "A config may only name functions of modules that were allowed in this "
                f"process. Received: function={function!r}. If you trust the file, "
                f"call keras_inits.allow_functions({module!r}) first."
            )
        return super().from_config(config)

    def compute(
        self, shape: Shape, dtype: str, key: sampling.Key, layout: Layout
    ) -> Tensor:
        result = keras.ops.convert_to_tensor(self._call(shape, dtype=dtype))
        if tuple(result.shape) != shape:
            raise ValueError(
                "The function must return a tensor of the shape that it is given. "
                f"Received: shape {tuple(result.shape)} of {self.function} for "
                f"shape={shape}. Return np.broadcast_to(value, shape)."
            )
        return sampling.finished(result, dtype, layout)

    def expected_std(self, shape: Shape) -> None:
        return None


def from_function(function: str) -> FromFunction:
    """A scheme that calls a function of your own, and keeps its name in files.

    Args:
        function: "module:function".

    Raises:
        ValueError: If there is no such function.

    Examples:
    >>> import keras_inits
    >>> keras_inits.from_function("keras.ops:zeros")
    FromFunction(function='keras.ops:zeros')
    """
    return FromFunction(function)
