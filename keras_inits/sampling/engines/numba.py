"""The draw as machine code: `bits` and `values`, fused in cache.

The arithmetic is that of `bits.threefry`, `values.standard_values` and `values.scaled`,
bit for bit; tests compare them. Every word is kept a uint32 by hand: one promotion to
64 bits costs a factor of ten. The machine code is kept on disk.
The kernels release the GIL and start no threads of Numba's own, whose threading layers
abort a process that forks or draws from several threads.
"""

# Numba finds the types of what it compiles.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"

import functools
import math
import types
import zlib
from typing import Any

import numba
import numpy as np
from numba import float32, int32, uint32, uint64

from keras_inits.sampling import bits, tables
from keras_inits.sampling.bits import Key
from keras_inits.sampling.distributions import Distribution

BLOCK = bits.BLOCK
PARITY = bits.PARITY
MANTISSA_LOG2 = tables.MANTISSA_LOG2
SEGMENT_SHIFT = 32 - tables.SEGMENTS_LOG2
R = bits.ROTATIONS
COMMON_BOUND = 2.0


def _compiled(function):
    options = {"nogil": True, "error_model": "numpy", "boundscheck": False}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # nowhere to write: compile anew in each process
        return numba.njit(**options)(function)


@numba.njit(inline="always")
def _round(x0, x1, r):
    x0 = uint32(x0 + x1)
    x1 = uint32(uint32(x1 << uint32(r)) | uint32(x1 >> uint32(32 - r)))
    return x0, uint32(x1 ^ x0)


@numba.njit(inline="always")
def _four_rounds(x0, x1, r0, r1, r2, r3):
    x0, x1 = _round(x0, x1, r0)
    x0, x1 = _round(x0, x1, r1)
    x0, x1 = _round(x0, x1, r2)
    return _round(x0, x1, r3)


@numba.njit(inline="always")
def _words(k0, k1, counter, count, out0, out1):
    k2 = uint32(k0 ^ k1 ^ uint32(PARITY))
    low, high = uint32(counter), uint32(counter >> uint64(32))
    start1 = uint32(high + k1)
    for i in range(count):
        x0, x1 = uint32(uint32(low + uint32(i)) + k0), start1
        x0, x1 = _four_rounds(x0, x1, R[0][0], R[0][1], R[0][2], R[0][3])
        x0, x1 = uint32(x0 + k1), uint32(x1 + uint32(k2 + uint32(1)))
        x0, x1 = _four_rounds(x0, x1, R[1][0], R[1][1], R[1][2], R[1][3])
        x0, x1 = uint32(x0 + k2), uint32(x1 + uint32(k0 + uint32(2)))
        x0, x1 = _four_rounds(x0, x1, R[0][0], R[0][1], R[0][2], R[0][3])
        x0, x1 = uint32(x0 + k0), uint32(x1 + uint32(k1 + uint32(3)))
        x0, x1 = _four_rounds(x0, x1, R[1][0], R[1][1], R[1][2], R[1][3])
        x0, x1 = uint32(x0 + k1), uint32(x1 + uint32(k2 + uint32(4)))
        x0, x1 = _four_rounds(x0, x1, R[0][0], R[0][1], R[0][2], R[0][3])
        out0[i], out1[i] = uint32(x0 + k2), uint32(x1 + uint32(k0 + uint32(5)))


@numba.njit(inline="always")
def _uniform(w, entries):
    centred = float32(int32(w >> uint32(8))) - float32(8388607.5)
    return centred * float32(2.0**-23)


@numba.njit(inline="always")
def _value(entry, place):
    value = np.uint32(entry & uint64(0xFFFFFFFF)).view(np.float32)
    slope = np.uint32(entry >> uint64(32)).view(np.float32)
    return value + slope * place


@numba.njit(inline="always")
def _segments(w, entries):
    j = w >> uint32(SEGMENT_SHIFT)
    place = float32(int32((w >> uint32(8)) & uint32(0xFFF))) * float32(2.0**-12)
    size = _value(entries[j], place)
    return -size if w & uint32(1) else size


@numba.njit(inline="always")
def _tail(w, entries):
    tail = np.float32(int32((w >> uint32(1)) | uint32(1))).view(np.uint32)
    j = uint32(tail >> uint32(23 - MANTISSA_LOG2)) - uint32(127 << MANTISSA_LOG2)
    place = float32(int32((tail >> uint32(11 - MANTISSA_LOG2)) & uint32(0xFFF)))
    size = _value(entries[j], place * float32(2.0**-12))
    return -size if w & uint32(1) else size


# One look-up in `both` finds a value and its slope: a quarter faster than two. A table
# that the compiler knows cannot be written to, and so not by the stores of the
# loop that reads it, lets it read many entries at once: twice as fast. So the tables of
# the two common distributions are constants of their kernels.
PLAIN = tables.by_tail(math.inf).both
CUT = tables.by_probability(COMMON_BOUND).both
TABLES = zlib.crc32(PLAIN.tobytes() + CUT.tobytes())


@numba.njit(inline="always")
def _plain(w, entries):
    return _tail(w, PLAIN)


@numba.njit(inline="always")
def _cut(w, entries):
    return _segments(w, CUT)


@numba.njit(inline="always")
def _scaled(z, scaling):
    return z * scaling[0]


@numba.njit(inline="always")
def _shifted(z, scaling):
    _, scale_high, scale_low, shift, _, _ = scaling
    upper = np.uint32(np.float32(z).view(np.uint32) & uint32(0xFFFFF000))
    u = upper.view(np.float32)
    rest = z - u
    x = u * scale_high + shift
    return (x + (u * scale_low + rest * scale_high)) + rest * scale_low


def _place(standard, scaled):
    @numba.njit(inline="always")
    def place(words, out, entries, scaling):
        low, high = scaling[4], scaling[5]
        for i in range(out.size):
            x = scaled(standard(words[i], entries), scaling)
            x = x if x > low else low
            out[i] = x if x < high else high

    return place


place: Any = None  # what `_fill` calls; each kernel has its own


def _fill(k0, k1, counter, out, entries, scaling):
    words0, words1 = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint32)
    for start in range(0, out.size, 2 * BLOCK):
        left = out.size - start
        n0, n1 = min(left, BLOCK), max(min(left - BLOCK, BLOCK), 0)
        c = uint64(counter + uint64(start // 2))
        _words(k0, k1, c, n0, words0, words1)
        end = start + n0
        place(words0, out[start:end], entries, scaling)
        place(words1, out[end : end + n1], entries, scaling)


@functools.cache
def _kernel(standard, scaled):
    # The cache on disk goes by this file's date and the kernel's name, and the machine
    # code holds the tables: so their contents are part of the name.
    name = f"fill{standard.__name__}{scaled.__name__}_{TABLES}"
    place = _place(standard, scaled)
    # A global, not a closure: Numba's cache on disk never finds a closure again.
    fill = types.FunctionType(_fill.__code__, {**globals(), "place": place}, name)
    fill.__qualname__ = name
    return _compiled(fill)


COMMON = {
    ("uniform", math.inf): _uniform,
    ("tail", math.inf): _plain,
    ("segments", COMMON_BOUND): _cut,
}
GENERAL = {"segments": _segments, "tail": _tail}


def prepare(distribution: Distribution) -> None:
    """Compiles the distribution's kernel, or reads it from disk, once."""
    if not _kernel_of(distribution).signatures:
        fill(distribution, Key(0, 0), 0, np.empty(0, np.float32))


def _kernel_of(distribution):
    standard = (
        COMMON.get((distribution.kind, distribution.bound))
        or GENERAL[distribution.kind]
    )
    return _kernel(standard, _shifted if distribution.shift else _scaled)


def fill(distribution: Distribution, key: Key, first: int, out: np.ndarray) -> None:
    """Fills `out` with the float32 values from index `first`, a multiple of a block."""
    kernel = _kernel_of(distribution)
    k0, k1 = np.uint32(key.k0), np.uint32(key.k1)
    counter, entries = np.uint64(first // 2), distribution.table.both
    kernel(k0, k1, counter, out, entries, distribution.scaling())
