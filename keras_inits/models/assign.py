"""Writes to variables: to all of them, or to none."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras

from keras_inits import sampling
from keras_inits._utils import variable_starts

Write = Callable[[Any, Any], None]


def refuse_tracing(function: str, received: str) -> None:
    """Refuses a call inside a traced program, whose writes would stay there.

    Raises:
        ValueError: If a program is traced.
    """
    if sampling.is_tracing():
        raise ValueError(
            f"`{function}` writes to variables, so a program that is traced cannot "
            f"call it. Received: {received} inside one. Call it before, outside "
            "tf.function and jax.jit."
        )


def _kept(variable: keras.Variable) -> Any:
    """The variable's value, which later writing does not change."""
    value = variable.value
    if keras.backend.backend() == "torch":  # written in place
        return value.detach().clone()
    if keras.backend.backend() == "tensorflow":  # a variable of TensorFlow's
        return keras.ops.copy(value)
    return value


class _Kept:
    """A variable as it is, to be put back: its value, and whether `skip` left it out.

    Args:
        variable: What is to be written.
    """

    def __init__(self, variable: keras.Variable) -> None:
        self.variable, self.value = variable, _kept(variable)
        self.mark = variable_starts.mark_of(variable)

    def put_back(self) -> None:
        self.variable.assign(self.value)
        variable_starts.put_mark(self.variable, self.mark)


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Control-C does nothing; only the main thread can arrange that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def all_or_nothing() -> Iterator[Write]:
    """Context that gives a function of (variable, value).

    When an exception, such as KeyboardInterrupt, leaves the context, every variable
    that was written gets its old value back, and the exception goes on.
    """
    written: list[_Kept] = []

    def write(variable: keras.Variable, value: Any) -> None:
        written.append(_Kept(variable))
        variable.assign(value)

    try:
        yield write
    except BaseException as error:
        with _deaf_to_interrupts():
            for one in reversed(written):
                try:
                    one.put_back()
                except BaseException as failure:  # the others get theirs all the same
                    error.add_note(f"{one.variable.path} may be changed: {failure}")
        raise


@contextlib.contextmanager
def restored(variables: Iterable[Any]) -> Iterator[None]:
    """Context after which variables have the values that they had before.

    Args:
        variables: What may be written inside the context.
    """
    kept = [_Kept(variable) for variable in variables]
    try:
        yield
    finally:
        with _deaf_to_interrupts():
            for one in kept:
                one.put_back()
