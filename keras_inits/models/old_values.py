"""The values that variables had, until all new ones are written.

They wait in memory while there is room. Those of a model that fills more of it than
that go into a file without a name, which the system drops with the last that holds it:
so a model may be set that is larger than half of the memory, and still goes back.
"""

import contextlib
import functools
import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import keras
import numpy as np

from keras_inits import sampling
from keras_inits._utils.host_array import host_parts
from keras_inits.sampling.arrays import empty_on_host, numpy_dtype

# What old values may take of the memory that is free before the first is overwritten:
# as much again is left for the new ones of backends that do not write in place.
IN_MEMORY = 0.4
FOLDER = Path("/var/tmp")  # on a disk, where `/tmp` may itself be memory

Restore = Callable[[], Any]


def free_memory() -> float:
    """Bytes that this machine's programs can still take; infinite if it hides that."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("inf")
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return float("inf")


def in_memory(variable: keras.Variable) -> Restore:
    """A function that gives the variable's value, whatever is written later."""
    value = variable.value
    if keras.backend.backend() == "torch":  # written in place
        value = value.detach().clone()
    elif keras.backend.backend() == "tensorflow":  # a variable of TensorFlow's
        value = keras.ops.copy(value)
    return lambda: value


def _on_host(value: Any) -> bool:
    """Whether a value lies in the memory that `free_memory` counts."""
    if keras.backend.backend() == "torch":
        return bool(value.device.type == "cpu")
    if keras.backend.backend() == "jax":
        return all(device.platform == "cpu" for device in value.devices())
    return "GPU" not in getattr(value, "device", "")


class OldValues:
    """Keeps values, each in memory or in a file."""

    def __init__(self) -> None:
        self.room = IN_MEMORY * free_memory()
        self.file: Any = None

    def keep(self, variable: keras.Variable) -> Restore:
        """Keeps a variable's value.

        Returns:
            A function that gives the value, as the variable takes it.
        """
        dtype = keras.backend.standardize_dtype(variable.dtype)
        size = math.prod(variable.shape) * numpy_dtype(dtype).itemsize
        if size > self.room and _on_host(variable.value):
            # No room there either: in memory, or not at all.
            with contextlib.suppress(OSError):
                return self._in_file(variable, dtype)
        self.room -= size
        return in_memory(variable)

    def close(self) -> None:
        """Drops the file; what waits in it cannot be given any more."""
        if self.file is not None:
            self.file.close()

    def _in_file(self, variable: keras.Variable, dtype: str) -> Restore:
        self.file = self.file or _new_file()
        value = variable.value
        places: dict[str, tuple[int, Any]] = {}
        for where, array in host_parts(value).items():
            start = self.file.seek(0, os.SEEK_END)
            flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
            self.file.write(flat)
            places[where] = start, array.shape
        self.file.flush()
        sharding = getattr(value, "sharding", None)
        return functools.partial(
            self._restored, places, tuple(variable.shape), dtype, sharding
        )

    def _restored(
        self,
        places: dict[str, tuple[int, Any]],
        shape: tuple[int, ...],
        dtype: str,
        sharding: Any,
    ) -> Any:
        arrays = {where: self._read(*at, dtype) for where, at in places.items()}
        if sharding is None or len(sharding.device_set) == 1:
            (array,) = arrays.values()
            return sampling.finished(array.reshape(shape), dtype)
        import jax

        return jax.make_array_from_callback(
            shape, sharding, lambda index: arrays[str(index)]
        )

    def _read(self, start: int, shape: Any, dtype: str) -> np.ndarray:
        array = empty_on_host(shape, dtype)
        self.file.seek(start)
        if self.file.readinto(array.reshape(-1).view(np.uint8)) != array.nbytes:
            raise OSError("The file of old values ended early.")
        return array


def _new_file() -> IO[bytes]:
    """A file without a name, on a disk where there is one."""
    usable = FOLDER.is_dir() and os.access(FOLDER, os.W_OK)
    chosen = None if os.environ.get("TMPDIR") or not usable else FOLDER
    return tempfile.TemporaryFile(dir=chosen)
