"""The contract that every scheme lives by.

The base owns seeds, dtypes, layouts, axes and configuration; a scheme states its law.
The configuration is what the constructor was given, so a scheme writes no `get_config`.
"""

import functools
import inspect
import numbers
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Self, cast

import keras
import numpy as np

from keras_inits import checks, geometry, sampling
from keras_inits.streams import current_stream

AXES = ("input_axes", "output_axes")  # Keras itself adds these to configurations


def check_seed(seed: Any) -> Any:
    """Returns `seed` as None, an int or a `keras.random.SeedGenerator`.

    Raises:
        ValueError: If it is none of these, or an integer outside 64 bits.
    """
    if isinstance(seed, Mapping):
        seed = keras.saving.deserialize_keras_object(dict(seed))
    if seed is None or isinstance(seed, keras.random.SeedGenerator):
        return seed
    whole = isinstance(seed, numbers.Integral) and not isinstance(seed, bool | np.bool_)
    if not whole or not -(2**63) <= int(seed) < 2**64:
        raise ValueError(
            "`seed` picks the random stream and must be an integer of at most 64 bits, "
            f"a `keras.random.SeedGenerator` or None. Received: seed={seed!r}. "
            "For other values on every call use seed=None."
        )
    return int(seed)


@functools.cache
def _constructor(cls: Hashable) -> dict[str, inspect.Parameter]:
    """The arguments of a scheme, those that it passes on by `**` included."""
    arguments: dict[str, inspect.Parameter] = {}
    for owner in inspect.getmro(cast(type, cls)):
        if "__init__" not in vars(owner):
            continue
        signature = inspect.signature(vars(owner)["__init__"])
        parameters = list(signature.parameters.values())[1:]
        passes_on = False
        for parameter in parameters:
            if parameter.kind is parameter.VAR_KEYWORD:
                passes_on = True
            elif parameter.kind is not parameter.VAR_POSITIONAL:
                arguments.setdefault(parameter.name, parameter)
        if not passes_on:
            break
    return arguments


def _plain(value: Any) -> Any:
    """`value` as JSON has it."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple | list):
        return [_plain(member) for member in value]
    if isinstance(value, str | numbers.Number | None | Mapping):
        return value
    return keras.saving.serialize_keras_object(value)


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default


def _rebuild(cls: type["Initializer"], config: dict[str, Any]) -> "Initializer":
    return cls.from_config(config)


class Initializer(keras.initializers.Initializer):
    """Base of all schemes; subclass it, or a scheme, for one of your own.

    A subclass implements `law`, or `compute` where entries are not independent, and
    passes `seed` on. `keras_inits.register` gives it a name.

    Args:
        seed: Int (the same values on every call), `keras.random.SeedGenerator`
            (advances on every call) or None (other values on every call, governed by
            `keras.utils.set_random_seed`). Integers of any sign and up to 64 bits.

    Raises:
        ValueError: At construction, if `seed` is none of these.

    Example:
    >>> import keras_inits
    >>> class Spread(keras_inits.Initializer):
    ...     def law(self, shape):
    ...         return keras_inits.sampling.uniform(-1 / shape[0], 1 / shape[0])
    >>> Spread(seed=7)((4, 2)).shape == (4, 2)
    True
    """

    draws = True  # whether values are random, in a floating-point type

    _arguments: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        signature = inspect.signature(self.__init__)  # the class's may be `__new__`'s
        try:
            given = dict(signature.bind(*args, **kwargs).arguments)
        except TypeError:  # `__init__` will say which argument is wrong
            given = {}
        for parameter in signature.parameters.values():
            if parameter.kind is parameter.VAR_KEYWORD:
                given |= given.pop(parameter.name, {})
        self._arguments = given
        return self

    def __init__(self, seed: Any = None) -> None:
        self.seed = check_seed(seed)

    def law(self, shape: tuple[int, ...]) -> sampling.Law:
        """The law of the entries of a tensor of this shape."""
        raise NotImplementedError(f"{type(self).__name__} must implement `law`.")

    def compute(
        self, shape: tuple[int, ...], dtype: str, key: sampling.Key, layout: Any
    ) -> Any:
        """The tensor itself; by default independent entries of `law(shape)`."""
        return sampling.draw(self.law(shape), shape, dtype, key, layout)

    def __call__(
        self, shape: Sequence[int], dtype: Any = None, layout: Any = None
    ) -> Any:
        """Draws a tensor.

        Args:
            shape: Shape of the tensor; axes may be of size 0.
            dtype: A floating-point type, or None for `keras.config.floatx()`. Values
                are computed in float32 and rounded to it once.
            layout: Sharding of the result; Keras passes it on JAX.

        Returns:
            A tensor of the backend.

        Raises:
            ValueError: If the scheme cannot fill the shape, or draws and `dtype` is
                not a floating-point type.
        """
        shape = self._checked_shape(shape)
        dtype = keras.backend.standardize_dtype(dtype or keras.config.floatx())
        if not self.draws:
            return self.compute(shape, dtype, sampling.Key(0, 0), layout)
        if not keras.backend.is_float_dtype(dtype):
            raise ValueError(
                f"{type(self).__name__} draws real numbers, so `dtype` must be a "
                f"floating-point type. Received: dtype={dtype!r}. Draw with "
                "dtype='float32' and cast the result."
            )
        key = sampling.key_from_seed(self.seed, shape, current_stream())
        return self.compute(shape, dtype, key, layout)

    def _checked_shape(self, shape: Any) -> tuple[int, ...]:
        try:
            checked = tuple(int(n) for n in shape)
        except TypeError:
            checked = (-1,)
        if any(n < 0 for n in checked):
            raise ValueError(
                "`shape` must be a sequence of sizes >= 0. "
                f"Received: shape={shape!r}. For a vector of 8 use shape=(8,)."
            )
        return checked

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments that are not the defaults, as plain JSON."""
        parameters = _constructor(cast(Hashable, type(self)))
        config = {}
        for name, value in self._arguments.items():
            parameter = parameters.get(name)
            default = parameter.default if parameter else inspect.Parameter.empty
            if not _same(value, default):
                config[name] = _plain(value)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The initializer that `get_config` describes.

        Raises:
            ValueError: If a key names no argument. `input_axes` and `output_axes`,
                which Keras adds when it rebuilds an initializer, are always accepted.
        """
        arguments = dict(config)
        known = _constructor(cast(Hashable, cls))
        axes = {k: arguments.pop(k) for k in AXES if k in arguments and k not in known}
        unknown = set(arguments) - set(known)
        if "seed" in unknown and arguments["seed"] is None:
            unknown.remove("seed")
            del arguments["seed"]
        if unknown:
            raise checks.unknown_key(cls.__name__, unknown, known)
        self = cls(**arguments)
        for name, value in axes.items():
            setattr(self, name, geometry.check_axes(name, value))
            if value is not None:
                self._arguments[name] = value
        return self

    def __reduce__(self) -> Any:
        # By configuration: variables inside seed generators cannot be pickled, and a
        # copy starts its generator anew, to draw what the original drew.
        return _rebuild, (type(self), self.get_config())

    def __repr__(self) -> str:
        arguments = (f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({', '.join(arguments)})"


class KernelInitializer(Initializer, keras.initializers.VarianceScaling):
    """Base of schemes that need to know which axes of a kernel are in- and outputs.

    Keras 3.15 tells that, for the kernels of EinsumDense and of attention, only to
    instances of its own `VarianceScaling`; hence the second base, of which nothing is
    used.

    Args:
        seed: As in `Initializer`.
        input_axes: Axes that are summed over, or None: the last but one, with all
            before it as receptive field.
        output_axes: Axes that index outputs, or None: the last. Given together with
            `input_axes`; axes in neither are the receptive field.

    Raises:
        ValueError: At construction, if an argument is not of its kind, or only one of
            the two is given.
    """

    def __init__(
        self, seed: Any = None, input_axes: Any = None, output_axes: Any = None
    ) -> None:
        Initializer.__init__(self, seed)
        self.input_axes = geometry.check_axes("input_axes", input_axes)
        self.output_axes = geometry.check_axes("output_axes", output_axes)
        if (self.input_axes is None) != (self.output_axes is None):
            raise ValueError(
                "`input_axes` and `output_axes` describe a kernel together. Received: "
                f"input_axes={input_axes!r}, output_axes={output_axes!r}. "
                "Give both, or neither for the last two axes."
            )

    def fans(self, shape: tuple[int, ...]) -> geometry.Fans:
        """Fans of a kernel of this shape, along this scheme's axes."""
        return geometry.fans_of_shape(shape, self.input_axes, self.output_axes)

    # Methods of the second base that must not win.
    get_config = Initializer.get_config
    from_config = Initializer.__dict__["from_config"]
    __call__ = Initializer.__call__
