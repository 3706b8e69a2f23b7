"""How Keras's variables start, and whether one has been written since.

Both are private to Keras, and tested beside the rest that is. Where a later Keras has
another name for the start, variables start as ever.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from keras_inits._utils.host_array import raw_bytes

WRITE = "_direct_assign"  # through which Keras writes every value


class _Start:
    """What stands in for a variable's start, in the threads that ask for it."""

    lock = threading.Lock()
    threads = 0  # inside the context, each nesting counted
    here = threading.local()
    restore: Callable[[], None]

    @classmethod
    def enter(cls) -> None:
        with cls.lock:
            if cls.threads == 0:
                cls.restore = cls.replaced()
            cls.threads += 1

    @classmethod
    def leave(cls) -> None:
        with cls.lock:
            cls.threads -= 1
            if cls.threads == 0:
                cls.restore()

    @classmethod
    def replaced(cls) -> Callable[[], None]:
        """Puts a method in the place of Keras's; returns what puts that back."""
        owner, name = keras.Variable, "_initialize_with_initializer"
        original = getattr(owner, name, None)
        if original is None:  # a later Keras: variables start as ever
            return lambda: None
        is_own = name in vars(owner)

        def initialize(variable: Any, initializer: Any) -> None:
            start = getattr(cls.here, "start", None)
            if start is None:
                original(variable, initializer)
            else:
                start(variable, initializer, lambda x: original(variable, x))

        setattr(owner, name, initialize)
        return lambda: (
            setattr(owner, name, original) if is_own else delattr(owner, name)
        )


@contextlib.contextmanager
def starting_variables(start: Callable[..., None]) -> Iterator[None]:
    """Context in which a function starts the variables that this thread makes.

    Args:
        start: Of a variable, the initializer that it was given, and the function of an
            initializer that fills the variable.
    """
    before = getattr(_Start.here, "start", None)
    _Start.enter()
    _Start.here.start = start
    try:
        yield
    finally:
        _Start.here.start = before
        _Start.leave()


class SkipMark:
    """The mark of a weight that nobody has set, and its first writing.

    It stands in the place of the variable's own `_direct_assign`, until it is called.

    Args:
        variable: The weight.
        start: The initializer that filled it, which draws nothing.
    """

    def __init__(self, variable: Any, start: Any) -> None:
        self.variable, self.start = variable, start

    def __call__(self, value: Any) -> None:
        # On JAX, Keras's loops take the values away and give them back at their end.
        is_given_back = self.variable._value is None
        getattr(type(self.variable), WRITE)(self.variable, value)
        if not (is_given_back and self._holds_its_start()):
            put_mark(self.variable, None)

    def still_holds(self) -> bool:
        """Whether nothing has written the weight past Keras, as its values tell.

        JAX's arrays never change: no need to look.
        """
        return keras.backend.backend() == "jax" or self._holds_its_start()

    def _holds_its_start(self) -> bool:
        variable = self.variable
        dtype = keras.backend.standardize_dtype(variable.dtype)
        start = keras.ops.convert_to_tensor(self.start(variable.shape, dtype=dtype))
        return np.array_equal(raw_bytes(start), raw_bytes(variable.value))


def mark_of(variable: Any) -> SkipMark | None:
    """A variable's mark; None where it has none."""
    found = vars(variable).get(WRITE)
    return found if isinstance(found, SkipMark) else None


def put_mark(variable: Any, mark: SkipMark | None) -> None:
    """Gives a variable a mark, or none."""
    if mark is not None:
        vars(variable)[WRITE] = mark
    elif mark_of(variable) is not None:
        del vars(variable)[WRITE]
