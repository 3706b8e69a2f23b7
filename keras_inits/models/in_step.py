"""Several processes that share a model, on JAX: all change it, or none does.

Each process runs the same program, and what they compute together they must all reach.
So what a process alone can be wrong about, its arguments and its data, is compared
before, and what may fail in one process alone, the writing, is told to all after it.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import keras
import numpy as np

from keras_inits._utils.keras_private import loss_arguments
from keras_inits.models.assign import Write
from keras_inits.signals.arrays import dense

T = TypeVar("T")
WORDS = 8  # of a digest of 32 bytes
ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of an object, another in each process


def is_shared(model: Any) -> bool:
    """Whether a model's weights lie in several processes."""
    if keras.backend.backend() != "jax":
        return False
    weights = getattr(model, "weights", ())
    return any(not getattr(w.value, "is_fully_addressable", True) for w in weights)


def _exchanged(row: np.ndarray) -> np.ndarray:
    """The rows of all processes, in their order."""
    from jax.experimental import multihost_utils

    return np.asarray(multihost_utils.process_allgather(row))


def _told(
    call: str, error: BaseException | None, words: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of all processes, in their order, whether they failed, and their words.

    Args:
        call: What this process does, for example "initialize, writing".
        error: Why it failed, or None.
        words: What else is told.

    Raises:
        BaseException: `error`, once the others have heard of it.
        ValueError: If processes do different things.
    """
    row = [error is not None, zlib.crc32(call.encode()), *words]
    rows = _exchanged(np.array(row, np.uint32))
    if error is not None:
        raise error
    other = rows[:, 1] != rows[0, 1]
    if other.any():
        raise ValueError(
            "Several processes share this model, and all must make the same calls in "
            f"the same order. Received: `{call.partition(',')[0]}` here, and process "
            f"{_processes(other)} in another call than process 0. Make the same calls "
            "in all of them."
        )
    return rows[:, 0].astype(bool), rows[:, 2:]


def _array_bytes(part: Any) -> Iterator[bytes]:
    yield repr((tuple(part.shape), str(part.dtype))).encode()
    if not getattr(part, "is_fully_addressable", True):
        return  # no process has it all
    array = np.asarray(part)
    if array.dtype == object:
        yield from _bytes_of(array.ravel().tolist())
    else:
        yield np.ascontiguousarray(array).tobytes()


def _config_bytes(part: Any) -> Iterator[bytes]:
    cls = type(part)
    yield f"{cls.__module__}.{cls.__qualname__}".encode()
    try:
        config = part.get_config()
    except Exception:  # anybody's class: its name must do
        return
    # Some of Keras's losses leave their settings out of their configuration.
    yield from _bytes_of([config, loss_arguments(part)])


def _bytes_of(part: Any) -> Iterator[bytes]:
    """What tells a part from others, and is the same in each process of a program."""
    if isinstance(part, Mapping):
        if part.get("class_name") == "__lambda__":  # its code has no fixed bytes
            part = {"class_name": "__lambda__"}
        for key in sorted(part, key=repr):
            yield repr(key).encode()
            yield from _bytes_of(part[key])
    elif isinstance(part, list | tuple):
        yield f"{type(part).__name__} of {len(part)}".encode()
        for member in part:
            yield from _bytes_of(member)
    elif isinstance(part, set | frozenset):
        yield from _bytes_of(sorted(map(repr, part)))
    elif hasattr(part, "shape") and hasattr(part, "dtype"):
        yield from _array_bytes(dense(part))
    elif hasattr(part, "get_config") and not isinstance(part, type):
        yield from _config_bytes(part)
    elif hasattr(part, "__qualname__"):
        yield f"{part.__module__}.{part.__qualname__}".encode()
    else:
        yield ADDRESS.sub("", repr(part)).encode()


def _digest(parts: Any) -> np.ndarray:
    found = hashlib.blake2b(digest_size=4 * WORDS)
    for piece in _bytes_of(parts):
        found.update(len(piece).to_bytes(8, "big"))
        found.update(piece)
    return np.frombuffer(found.digest(), np.uint32)


def _processes(which: np.ndarray) -> str:
    return ", ".join(str(number) for number in np.flatnonzero(which))


def agreed(
    model: Any, name: str, prepare: Callable[[], T], parts: Callable[[T], Any]
) -> T:
    """What each process prepares, once all have prepared the same.

    Args:
        model: If it is one process's own, nothing is compared.
        name: Of the public function, for the message.
        prepare: Reads and checks arguments and data. It must compute nothing together
            with other processes.
        parts: Of what was prepared, what must be the same: arrays, numbers, strings,
            functions by their names, and what has a configuration by that.

    Raises:
        ValueError: In all processes, if one refuses its arguments, or they differ.
    """
    if not is_shared(model):
        return prepare()
    error, found, digest = None, None, np.zeros(WORDS, np.uint32)
    try:
        found = prepare()
        digest = _digest(parts(found))
    except BaseException as caught:  # the others must hear of it before it goes on
        error = caught
    failed, digests = _told(name, error, digest)
    if failed.any():
        raise ValueError(
            f"Several processes share this model, and `{name}` was refused in another "
            f"of them. Received: a failure in process {_processes(failed)}. Nothing "
            "was written in any; see the error there."
        )
    other = (digests != digests[0]).any(1)
    if other.any():
        raise ValueError(
            "Several processes share this model, and each must get the same arguments "
            f"and data. Received: `{name}` with others in process "
            f"{_processes(other)} than in process 0. Nothing was written. Load the "
            "same rows in all of them, and give the same seed."
        )
    return found  # type: ignore[return-value]


def same_int(model: Any, name: str, number: int) -> int:
    """Process 0's, where several processes share a model; below 2**63.

    Args:
        model: If it is one process's own, the number is.
        name: Of the public function.
        number: This process's.
    """
    if not is_shared(model):
        return number
    words = np.zeros(WORDS, np.uint32)
    words[:2] = number & 0xFFFFFFFF, number >> 32
    first = [int(word) for word in _told(f"{name}, seed", None, words)[1][0]]
    return first[0] | first[1] << 32


def _converted(variable: keras.Variable, value: Any) -> Any:
    """A value as a tensor of its variable's type, which takes no other process."""
    if getattr(variable, "_layout", None) is None:
        return value
    return keras.ops.convert_to_tensor(value, dtype=variable.dtype)


def _placed(variable: keras.Variable, value: Any) -> Any:
    """A value where its variable lies, so that writing it takes no other process."""
    layout = getattr(variable, "_layout", None)
    if layout is None:
        return value
    return keras.distribution.distribute_tensor(value, layout)


def write_all(
    model: Any, name: str, write: Write, values: Iterable[tuple[Any, Any]]
) -> None:
    """Writes values to variables; what fails in one process fails in all.

    Args:
        model: The one that is written to.
        name: Of the public function.
        write: Of `all_or_nothing`, which undoes what was written before a failure.
        values: Variables and their values.

    Raises:
        ValueError: In the processes in which all went well, if another has no values.
        RuntimeError: In them, if another cannot write its values.
    """
    if not is_shared(model):
        for variable, value in values:
            write(variable, value)
        return
    ready = agreed(
        model,
        name,
        lambda: [(variable, _converted(variable, value)) for variable, value in values],
        lambda found: [tuple(variable.shape) for variable, _ in found],
    )
    # Placing takes all processes, so nobody writes before all is placed.
    ready = [(variable, _placed(variable, value)) for variable, value in ready]
    error = None
    try:
        for variable, value in ready:
            write(variable, value)
    except BaseException as caught:  # the others must hear of it before it goes on
        error = caught
    failed, _ = _told(f"{name}, writing", error, np.zeros(WORDS, np.uint32))
    if failed.any():
        raise RuntimeError(
            "Several processes share this model, and it is changed in all of them or "
            f"in none. Writing failed in process {_processes(failed)}, so the model is "
            "as it was; see the error there."
        )
