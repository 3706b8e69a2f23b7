"""Writes to variables: to all of them, or to none."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras

from keras_inits import sampling
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
    written: dict[int, tuple[Any, Restore]] = {}

    def write(variable: keras.Variable, value: Any) -> None:
        if id(variable) not in written:  # later ones are not the model's
            written[id(variable)] = variable, old.keep(variable)
        variable.assign(value)

    try:
        yield write
    except BaseException as error:
        with _deaf_to_interrupts():
            for variable, restore in reversed(written.values()):
                try:
                    variable.assign(restore())
                except BaseException as failure:  # the others get theirs all the same
                    error.add_note(f"{variable.path} may be changed: {failure}")
        raise
    finally:
        old.close()


@contextlib.contextmanager
def restored(variables: Iterable[Any]) -> Iterator[None]:
    """Context after which variables have the values that they had before.

    Args:
        variables: What may be written inside the context.
    """
    kept = [(variable, in_memory(variable)) for variable in variables]
    try:
        yield
    finally:
        with _deaf_to_interrupts():
            for variable, value in kept:
                variable.assign(value)
