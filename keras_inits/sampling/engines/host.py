"""Drawing on the host: blocks that fit in cache, on a few threads, in NumPy or Numba.

Both write the same bits. Numba is some ten times faster and takes a while to load, so
it is loaded once a process has drawn enough for that to pay; where it cannot be
imported, NumPy goes on.
"""

import contextlib
import functools
import gc
import importlib
import math
from collections.abc import Callable, Iterator
from types import ModuleType

import numpy as np

from keras_inits._utils.types import Shape
from keras_inits.sampling import bits, threads
from keras_inits.sampling.arrays import empty_on_host
from keras_inits.sampling.distributions import Distribution
from keras_inits.sampling.engines import numpy

CHUNK = 64 * numpy.VALUES_OF_BLOCK  # values that one task of a thread fills
NUMBA_PAYS_FROM = 2**25  # values drawn in this process: about its loading time in NumPy


@functools.cache
def _numba_kernels() -> ModuleType | None:
    try:
        kernels = importlib.import_module("keras_inits.sampling.engines.numba")
        return None if kernels.numba.config.DISABLE_JIT else kernels
    except ImportError:
        return None


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Stops the search for garbage, for Numba's load: it makes many objects and drops
    none, and the search would take half of the time, or two thirds beside PyTorch.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Drawn:
    """Counts this process's values, to load Numba when it pays."""

    values = 0


Fill = Callable[[Distribution, bits.Key, int, np.ndarray], None]


def _filler(distribution: Distribution, size: int) -> Fill:
    """What fills a tensor of this size: Numba where it pays, else NumPy."""
    _Drawn.values += size
    if _Drawn.values >= NUMBA_PAYS_FROM:
        with threads.no_fork, _no_collection():
            kernels = _numba_kernels()
            if kernels is not None:
                kernels.prepare(distribution)
                fill: Fill = kernels.fill
                return fill
    return numpy.fill


def draw_on_host(
    distribution: Distribution,
    shape: Shape,
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
    out = empty_on_host((size,), dtype)
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

    if size > CHUNK:
        threads.in_parallel(task, range(0, size, CHUNK))
    elif size:
        task(0)
    return out.reshape(shape)
