"""`Wrapper`: the base of schemes that change what another initializer draws."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import keras

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Seed, Shape, Tensor
from keras_inits.initializers import registry
from keras_inits.initializers.arguments import check_config, check_seed
from keras_inits.initializers.base import AXES, Initializer
from keras_inits.initializers.kernel import KernelInitializer


class NotAllowed(ValueError):
    """A config names a function of a module that nobody has allowed."""


def resolved(initializer: Any) -> Any:
    """The initializer that a name, an initializer or its config means.

    Names mean this package's schemes where there is one of the name.

    Raises:
        ValueError: If it means none.
    """
    if isinstance(initializer, str):
        bare = initializer.removeprefix(f"{registry.PACKAGE}>")
        if bare in registry.names():
            return registry.get(bare)
    found = None
    if isinstance(initializer, str | Mapping) or callable(initializer):
        try:
            found = keras.initializers.get(initializer)
        except NotAllowed:
            raise
        except Exception:  # unknown, or broken: Keras's errors are of any kind
            found = None
    if not callable(found):
        raise ValueError(
            "`initializer` fills each part and must be the name of an initializer, an "
            f"initializer or its config. Received: initializer={initializer!r}. "
            "For example initializer='orthogonal'."
        )
    return found


def seed_of(initializer: Any) -> Seed:
    """The seed as given; Keras's unseeded initializers show one that they made up."""
    seed = getattr(initializer, "seed", None)
    ours = isinstance(initializer, Initializer)
    if ours or isinstance(seed, keras.random.SeedGenerator):
        return seed
    return None if seed is None else initializer.get_config().get("seed")


def is_random(initializer: Any) -> bool:
    """Whether an initializer of anybody's draws its values."""
    return bool(getattr(initializer, "is_random", hasattr(initializer, "seed")))


def drawn_by(initializer: Any, shape: Shape, dtype: str, key: sampling.Key) -> Tensor:
    """What an initializer of anybody's draws from a given stream.

    Args:
        initializer: This package's, Keras's, or a function.
        shape: Of the tensor.
        dtype: For what is not random or is this package's. Keras's own cannot draw
            every scheme in every type; they draw float32.
        key: The stream. Keras's with a seed generator follow that.
    """
    if isinstance(initializer, Initializer):
        return initializer.drawn(shape, dtype, key)
    if not is_random(initializer):
        return initializer(shape, dtype=dtype)
    if not isinstance(getattr(initializer, "seed", None), keras.random.SeedGenerator):
        seed = {"seed": key.k0 >> 1}
        initializer = type(initializer).from_config(initializer.get_config() | seed)
    return initializer(shape, dtype="float32")


def std_of(initializer: Any, shape: Shape) -> float | None:
    """The std of what an initializer draws, where it knows it."""
    if isinstance(initializer, Initializer):
        return initializer.expected_std(shape)
    return None


def told(initializer: Any, axes: dict[str, Any]) -> Any:
    """An initializer of anybody's with the axes of a kernel, where it takes them."""
    given = any(value is not None for value in axes.values())
    if given and isinstance(initializer, KernelInitializer | Outer):
        return initializer._with_added(axes)
    return initializer


class Outer(Initializer, keras.initializers.VarianceScaling):
    """Base of schemes that hold others, and pass on what Keras tells them.

    Keras 3.15 tells a kernel's axes only to instances of its `VarianceScaling`, hence
    the second base, of which nothing is used.
    """

    family = "wrapper"
    _added: ClassVar = AXES

    @classmethod
    @checks.few_words()
    def from_config(cls, config: dict[str, Any]) -> Self:
        """As in `Initializer`; Keras adds a seed when it tells axes."""
        check_config(cls.__name__, config)
        known = {key: config[key] for key in config if key != "seed"}
        return super().from_config(config if "seed" in cls._arguments else known)

    def _held(self) -> Any:
        """The first initializer inside."""
        raise NotImplementedError

    @property
    def input_axes(self) -> Any:
        """The axes that the scheme inside was told; Keras asks before it tells."""
        return getattr(self._held(), "input_axes", None)

    @property
    def output_axes(self) -> Any:
        """As `input_axes`."""
        return getattr(self._held(), "output_axes", None)

    def _copy(self) -> Self:
        other: Self = object.__new__(type(self))
        other.__dict__ = dict(self.__dict__)
        return other


class Wrapper(Outer):
    """Base of schemes that change what another initializer draws, from its stream.

    Args:
        initializer: What is wrapped: a name, an initializer or its config. Names mean
            this package's schemes where there is one of the name.
        seed: As in `Initializer`; None for that of what is wrapped.

    Raises:
        ValueError: At construction, if `initializer` means none.
    """

    def __init__(self, initializer: Any, seed: Seed = None) -> None:
        self.inner = resolved(initializer)
        name = isinstance(initializer, str)
        self.initializer = initializer if name else self.inner
        self.is_random = is_random(self.inner)
        Initializer.__init__(self, check_seed(seed))
        if self.seed is None:
            self.seed = seed_of(self.inner)

    def block(self, shape: Shape, dtype: str, key: sampling.Key) -> Tensor:
        """What is wrapped, drawn from a given stream."""
        return drawn_by(self.inner, shape, dtype, key)

    def inner_std(self, shape: Shape) -> float | None:
        """The std of what is wrapped, or None if it is not known."""
        return std_of(self.inner, shape)

    def expected_std(self, shape: Shape) -> float | None:
        return None

    def _held(self) -> Any:
        return self.inner

    def _with_added(self, added: dict[str, Any]) -> Self:
        other = self._copy()
        other.inner = told(self.inner, added)
        if other.inner is not self.inner:
            other.initializer = other.inner
        return other
