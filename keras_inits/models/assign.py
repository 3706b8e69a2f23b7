"""Writes to variables: to all of them, or to none."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras

from keras_inits import sampling
from keras_inits._utils import variable_starts
from keras_inits.models.old_values import OldValues, Restore, in_memory

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


class _Kept:
    """A variable as it is, to be put back: its value, and whether `skip` left it out.

    Args:
        variable: What is to be written.
        restore: Gives its value.
    """

    def __init__(self, variable: keras.Variable, restore: Restore) -> None:
        self.variable, self.restore = variable, restore
        self.mark = variable_starts.mark_of(variable)

    def put_back(self) -> None:
        self.variable.assign(self.restore())
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
    old = OldValues()
    written: dict[int, _Kept] = {}

    def write(variable: keras.Variable, value: Any) -> None:
        if id(variable) not in written:  # later ones are not the model's
            written[id(variable)] = _Kept(variable, old.keep(variable))
        variable.assign(value)

    try:
        yield write
    except BaseException as error:
        with _deaf_to_interrupts():
            for one in reversed(written.values()):
                try:
                    one.put_back()
                except BaseException as failure:  # the others get theirs all the same
                    error.add_note(f"{one.variable.path} may be changed: {failure}")
        raise
    finally:
        old.close()


@contextlib.contextmanager
def restored(variables: Iterable[Any]) -> Iterator[None]:
    """Context after which variables have the values that they had before.

    Args:
        variables: What may be written inside the context.
    """
    kept = [_Kept(variable, in_memory(variable)) for variable in variables]
    try:
        yield
    finally:
        with _deaf_to_interrupts():
            for one in kept:
                one.put_back()
