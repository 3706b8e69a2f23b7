"""The base classes of all initializers: seeds, dtypes, axes, configs.

A subclass states the distribution of its entries and keeps every argument of its
constructor as an attribute of the same name, as Keras and scikit-learn do. The config
is read from these attributes, so that a subclass writes no `get_config`.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import keras

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.keras_private import current_stream
from keras_inits._utils.tensor_std import tensor_std
from keras_inits._utils.types import Layout
from keras_inits.geometry import check_axes
from keras_inits.initializers.arguments import (
    arguments_of,
    check_config,
    check_dtype,
    check_seed,
    check_shape,
    plain,
    required,
    same,
)

AXES = {"input_axes": None, "output_axes": None}  # Keras itself adds these to configs


def _rebuild(cls: type["Initializer"], config: dict[str, Any]) -> "Initializer":
    return cls.from_config(config)


class Initializer(keras.initializers.Initializer):
    """Base of all initializers here; subclass it, or one, for one of your own.

    A subclass implements `entry_distribution`, or `compute` where entries are not
    independent. It keeps each argument of its constructor as an attribute of the same
    name and passes `seed` on; a constructor may take `**geometry_and_seed` for what it
    only passes on. `keras_inits.register` gives it a name.

    Args:
        seed: Int (the same values on every call), `keras.random.SeedGenerator`
            (advances on every call) or None (other values on every call, governed by
            `keras.utils.set_random_seed`). Integers of any sign and up to 64 bits.

    Raises:
        ValueError: At construction, if `seed` is none of these.

    Examples:
    >>> import keras_inits
    >>> class WithinFanIn(keras_inits.Initializer):
    ...     def entry_distribution(self, shape):
    ...         return keras_inits.sampling.uniform(-1 / shape[0], 1 / shape[0])
    >>> scheme = WithinFanIn(seed=7)
    >>> scheme((4, 2)).shape == (4, 2), round(scheme.expected_std((4, 2)), 3)
    (True, 0.144)
    """

    family: ClassVar[str] = "custom"  # under which tables list it
    is_random = True  # whether values are random, in a floating-point type
    takes_complex = False  # whether it fills complex types, too
    only_floats = False  # whether others are refused though nothing is drawn
    usage: ClassVar[str] = "keras.layers.Dense(64, kernel_initializer={})"
    example_shape: ClassVar[tuple[int, ...]] = (64, 64)  # that it fills, to be shown
    usage_arguments: ClassVar[str] = ""  # where it cannot do without
    needs: ClassVar[tuple[str, ...]] = ()  # what no shape tells, and `initialize` may

    _passed_on: ClassVar[dict[str, Any]] = {"seed": None}  # what `**` stands for
    _added: ClassVar[dict[str, Any]] = AXES  # keys of configs that may be no arguments
    _renamed: ClassVar[dict[str, str]] = {}  # keys of old files, and what they are now

    _arguments: ClassVar[dict[str, Any]] = {"seed": None}  # with their defaults

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._arguments = arguments_of(cls, cls._passed_on)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if unknown := {k: kwargs[k] for k in kwargs if k not in cls._arguments}:
            raise checks.unknown_argument(cls.__name__, unknown, cls._arguments)
        given = {*list(cls._arguments)[: len(args)], *kwargs}
        if missing := [name for name in required(cls) if name not in given]:
            shown = ", ".join(f"{name}=..." for name in required(cls))
            call = f"keras_inits.{cls.__name__}({shown})"
            raise checks.missing_argument(cls.__name__, missing, call)
        self: Self = super().__new__(cls)
        return self

    def __init__(self, seed: Any = None) -> None:
        self.seed = check_seed(seed)

    def entry_distribution(self, shape: tuple[int, ...]) -> sampling.Distribution:
        """The distribution of the entries of a tensor of this shape.

        Examples:
        >>> import keras_inits
        >>> keras_inits.get("random_normal", stddev=0.02).entry_distribution((3, 4)).std
        0.02
        """
        raise NotImplementedError(
            f"{type(self).__name__} must implement `entry_distribution`."
        )

    def compute(
        self, shape: tuple[int, ...], dtype: str, key: sampling.Key, layout: Layout
    ) -> Any:
        """The tensor; by default independent draws of `entry_distribution(shape)`.

        Examples:
        A scheme of your own that draws nothing:

        >>> import keras, keras_inits, numpy as np
        >>> class Ramp(keras_inits.Initializer):
        ...     is_random = False
        ...     def compute(self, shape, dtype, key, layout):
        ...         ramp = np.linspace(0, 1, shape[0])
        ...         return keras_inits.sampling.filled(ramp, shape, dtype, layout)
        >>> keras.ops.convert_to_numpy(Ramp()((5,)))
        array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
        """
        return sampling.draw(self.entry_distribution(shape), shape, dtype, key, layout)

    def expected_std(self, shape: tuple[int, ...]) -> float | None:
        """The standard deviation of a tensor's entries, by the formula.

        Args:
            shape: Shape of the tensor.

        Returns:
            Of all entries together; for a scheme that draws nothing, that of its
            values. None if it is not known.

        Raises:
            ValueError: If the scheme cannot fill the shape.

        Examples:
        >>> import keras_inits
        >>> keras_inits.get("he_fan_in").expected_std((3, 3, 32, 64))  # fan_in 288
        0.08333333333333333
        """
        if not self.is_random:
            return tensor_std(self.drawn(shape, "float32", sampling.Key(0, 0)))
        try:
            return self.entry_distribution(shape).std
        except NotImplementedError:
            return None

    def __call__(
        self, shape: Sequence[int], dtype: Any = None, layout: Layout = None
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
        shape, dtype = check_shape(shape), check_dtype(dtype, self)
        key = sampling.Key(0, 0)
        if self.is_random:
            key = sampling.key_from_seed(self.seed, shape, current_stream())
        return self.compute(shape, dtype, key, layout)

    def drawn(
        self, shape: Sequence[int], dtype: Any, key: sampling.Key, layout: Layout = None
    ) -> Any:
        """Draws a tensor from a given stream, whatever the seed.

        Args:
            shape: As in a call.
            dtype: As in a call.
            key: The stream, as `sampling.key_from_seed` makes it.
            layout: As in a call.

        Returns:
            A tensor of the backend.

        Raises:
            ValueError: As in a call.

        Examples:
        The stream decides, not the seed:

        >>> import keras, keras_inits
        >>> key = keras_inits.sampling.Key(1, 2)
        >>> one = keras_inits.HeFanIn(seed=1).drawn((4, 2), "float32", key)
        >>> two = keras_inits.HeFanIn(seed=2).drawn((4, 2), "float32", key)
        >>> bool(keras.ops.all(keras.ops.equal(one, two)))
        True
        """
        shape, dtype = check_shape(shape), check_dtype(dtype, self)
        return self.compute(shape, dtype, key, layout)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments that are not the defaults, as plain JSON.

        Raises:
            ValueError: If the class keeps an argument under another name, or nowhere.

        Examples:
        >>> import keras_inits
        >>> keras_inits.HeFanIn(negative_slope=0.3, groups=1).get_config()
        {'negative_slope': 0.3}
        """
        arguments = self._arguments
        for name in arguments:
            if not hasattr(self, name):
                raise ValueError(
                    "A scheme keeps each argument of its constructor as an attribute, "
                    "from which files are written. Received: "
                    f"{type(self).__name__} without the attribute {name!r}. "
                    f"Write self.{name} = {name} in its constructor."
                )
        added = {k: v for k, v in self._added.items() if hasattr(self, k)}
        return {
            name: plain(value)
            for name, default in (arguments | added | arguments).items()
            if (value := getattr(self, name)) is not default
            and not same(value, default)
        }

    @classmethod
    @checks.few_words()
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The initializer that `get_config` describes.

        Raises:
            ValueError: If it is no such config, or a key names no argument.
                `input_axes` and `output_axes`, which Keras adds when it rebuilds an
                initializer, are always accepted.

        Examples:
        >>> import keras_inits
        >>> keras_inits.HeFanIn.from_config({"negative_slope": 0.3})
        HeFanIn(negative_slope=0.3)
        """
        check_config(cls.__name__, config)
        arguments = {cls._renamed.get(key, key): config[key] for key in config}
        known = cls._arguments
        names = [name for name in cls._added if name in arguments and name not in known]
        added = {name: arguments.pop(name) for name in names}
        unknown = set(arguments) - set(known)
        if "seed" in unknown and arguments["seed"] is None:
            unknown.remove("seed")
            del arguments["seed"]
        if unknown:
            raise checks.unknown_key(cls.__name__, unknown, known)
        self = cls(**arguments)
        return self._with_added(added) if added else self

    def _with_added(self, added: dict[str, Any]) -> Self:
        """Itself, with axes that the constructor does not take."""
        for name, value in added.items():
            setattr(self, name, check_axes(name, value))
        return self

    def __reduce__(self) -> Any:
        # By configuration: variables inside seed generators cannot be pickled, and a
        # copy starts its generator anew, to draw what the original drew.
        return _rebuild, (type(self), self.get_config())

    def __repr__(self) -> str:
        arguments = (f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({', '.join(arguments)})"
