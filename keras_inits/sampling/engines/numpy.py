"""Drawing on the host: blocks that fit in cache, on a few threads, in NumPy or Numba.

Both write the same bits. Numba is some ten times faster and takes a while to load, so
it is loaded once a process has drawn enough for that to pay; where it cannot be
imported, NumPy goes on.
"""

import functools
import importlib
import math
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import ModuleType

import numpy as np

from keras_inits.sampling import bits
from keras_inits.sampling.distributions import (
    Distribution,
    Operations,
    numpy_dtype,
    placed,
    standard_values,
)

VALUES_OF_BLOCK = 2 * bits.BLOCK
NUMPY_BLOCKS = 8  # blocks in one NumPy call: few calls, and buffers that stay in L2
CHUNK = 256 * VALUES_OF_BLOCK  # values that one task of a thread fills
NUMBA_PAYS_FROM = 2**25  # values drawn in this process: about its loading time in NumPy
HUGE_PAGE = 2**21  # bytes
ALIGNMENT = 64  # bytes: what the backends ask of an array that they adopt uncopied


class NumpyOperations(Operations):
    """Words are uint32 arrays, which wrap by themselves."""

    def shift_right(self, words, bits):
        return words >> np.uint32(bits)

    def shift_left(self, words, bits):
        return words << np.uint32(bits)

    def to_float(self, words):
        return words.view(np.int32).astype(np.float32)

    def to_index(self, words):
        return words.view(np.int32)

    def take(self, table, index):
        return table.take(index)

    def bits_of(self, floats):
        return floats.view(np.uint32)

    def floats_of(self, words):
        return words.view(np.float32)

    def clip(self, floats, low, high):
        return np.clip(floats, low, high, out=floats)

    def rotate(self, words, bits):
        wrapped = words >> np.uint32(32 - bits)
        words <<= np.uint32(bits)
        words |= wrapped
        return words


def _fill_with_numpy(
    distribution: Distribution, key: bits.Key, first: int, out: np.ndarray
) -> None:
    """Fills `out` with the float32 values from index `first`, a multiple of a block."""
    ops = NumpyOperations()
    added = [np.uint32(word) for word in bits.schedule(key)]
    step = NUMPY_BLOCKS * VALUES_OF_BLOCK
    for start in range(0, out.size, step):
        part = out[start : start + step]
        blocks = -(-part.size // VALUES_OF_BLOCK)
        counter = (first + start) // 2
        width = bits.BLOCK if part.size > bits.BLOCK else part.size
        low = np.arange(blocks * width, dtype=np.uint32)
        low += np.uint32(counter & bits.WORD)
        # A block never straddles 2**32, but a step of several may.
        high = np.full(low.shape, counter >> 32, np.uint32)
        high[low < np.uint32(counter & bits.WORD)] += np.uint32(1)
        x0, x1 = bits.threefry(added, low, high, ops.rotate)
        words = np.stack([x0.reshape(blocks, width), x1.reshape(blocks, width)], axis=1)
        words = words.reshape(-1)[: part.size]
        part[:] = placed(
            distribution, standard_values(distribution, words, ops), "float32", ops
        )


@functools.cache
def _numba_kernels() -> ModuleType | None:
    try:
        kernels = importlib.import_module("keras_inits.sampling.engines.numba")
        return None if kernels.numba.config.DISABLE_JIT else kernels
    except ImportError:
        return None


class _Drawn:
    """Counts this process's values, to load Numba when it pays."""

    values = 0


Fill = Callable[[Distribution, bits.Key, int, np.ndarray], None]


# Held while Numba loads or compiles: a process must not fork in the midst of it.
_loading = threading.Lock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_loading.acquire,
        after_in_parent=_loading.release,
        after_in_child=_loading.release,
    )


def _filler(distribution: Distribution, size: int) -> Fill:
    """What fills a tensor of this size: Numba where it pays, else NumPy."""
    _Drawn.values += size
    if _Drawn.values >= NUMBA_PAYS_FROM:
        with _loading:
            kernels = _numba_kernels()
            if kernels is not None:
                kernels.prepare(distribution)
                return kernels.fill
    return _fill_with_numpy


def threads() -> int:
    """How many threads share a large draw; results do not depend on it."""
    return (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else (os.cpu_count() or 1)
    )


class _Pool:
    """A small pool of this process's own; a fork starts without it."""

    lock = threading.Lock()
    executor: ThreadPoolExecutor | None = None
    process: int | None = None

    @classmethod
    def get(cls) -> ThreadPoolExecutor:
        with cls.lock:
            if cls.executor is None or cls.process != os.getpid():
                cls.executor = ThreadPoolExecutor(threads(), "keras_inits")
                cls.process = os.getpid()
            return cls.executor


def _forget_pool() -> None:
    # The lock may have been held by a thread that a forked child does not have.
    _Pool.lock, _Pool.executor = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def _in_turn(task: Callable[[int], None], starts: range) -> None:
    for start in starts:
        task(start)


def _in_parallel(task: Callable[[int], None], starts: range) -> None:
    if len(starts) == 1 or threads() == 1:
        _in_turn(task, starts)
        return
    left = deque(starts)
    ended: SimpleQueue[BaseException | None] = SimpleQueue()

    def work() -> None:
        while True:
            try:
                start = left.popleft()
            except IndexError:
                return
            try:
                task(start)
            except BaseException as error:
                ended.put(error)
            else:
                ended.put(None)

    try:
        for _ in range(min(threads(), len(starts)) - 1):
            _Pool.get().submit(work)
    except RuntimeError:  # no more threads, or the interpreter is shutting down
        pass
    work()  # this thread fills too, so that all is filled whatever became of the others
    # Every task has ended, also those of a thread that `submit` has lost sight of.
    for error in [ended.get() for _ in starts]:
        if error is not None:
            raise error


def aligned_empty(size: int, dtype: np.dtype) -> np.ndarray:
    """A vector whose memory a backend can adopt without a copy."""
    length = size * dtype.itemsize
    # Two threads that first touch one huge page would both clear it.
    alignment = ALIGNMENT if length < 2 * HUGE_PAGE else HUGE_PAGE
    raw = np.empty(length + alignment, np.uint8)
    start = -raw.ctypes.data % alignment
    return raw[start : start + length].view(dtype)


def empty(shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
    """An array that `to_array` and the backends take as it is."""
    return aligned_empty(math.prod(shape), numpy_dtype(dtype)).reshape(shape)


def draw(
    distribution: Distribution,
    shape: tuple[int, ...],
    dtype: str,
    key: bits.Key,
) -> np.ndarray:
    """Draws a tensor on the host.

    Besides the result, it needs a bounded block of memory a thread.

    Args:
        distribution: The distribution of the entries.
        shape: Shape of the tensor.
        dtype: Name of a floating-point type; values are drawn in float32.
        key: Two Python ints of 32 bits.

    Returns:
        A new array, aligned so that the backends can adopt it.
    """
    size = math.prod(shape)
    out = aligned_empty(size, numpy_dtype(dtype))
    fill = _filler(distribution, size)
    if dtype == "float32":

        def task(start: int) -> None:
            fill(distribution, key, start, out[start : start + CHUNK])
    else:
        low, high = distribution.limits(dtype)

        def task(start: int) -> None:
            part = out[start : start + CHUNK]
            values = np.empty(part.size, np.float32)
            fill(distribution, key, start, values)
            part[:] = np.clip(values, low, high, out=values)

    if size:
        _in_parallel(task, range(0, size, CHUNK))
    return out.reshape(shape)


def to_array(values: np.ndarray, dtype: str, owned: bool = False) -> np.ndarray:
    """A contiguous and aligned array of the dtype.

    Args:
        values: Any array.
        dtype: Name of a type.
        owned: Whether nobody else holds `values`, so that it may be the result.
    """
    right = values.dtype == numpy_dtype(dtype) and values.flags.c_contiguous
    if owned and right and values.ctypes.data % ALIGNMENT == 0:
        return values
    array = empty(values.shape, dtype)
    array[...] = values
    return array
