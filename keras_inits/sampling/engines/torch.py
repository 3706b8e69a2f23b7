"""Drawing on PyTorch: host arrays for the CPU, tensor operations on other devices."""

import math
from typing import Any

import keras
import ml_dtypes
import numpy as np
import torch
from keras.src.backend.torch.core import get_device

from keras_inits.sampling import bits, tables
from keras_inits.sampling.distributions import (
    HALF_OF_24_BITS,
    Distribution,
    Operations,
    placed,
)

BLOCKS = 128  # blocks in one step: few calls, and what is worked on stays in L2


class TorchOperations(Operations):
    """What `placed` needs; words are int32 tensors, and shifts are masked."""

    def shift_right(self, words, bits):
        return (words >> bits).bitwise_and_((1 << (32 - bits)) - 1)

    def shift_left(self, words, bits):
        return words << bits

    def bits_of(self, floats):
        return floats.view(torch.int32)

    def floats_of(self, words):
        return words.view(torch.float32)

    def clip(self, floats, low, high):
        return floats.clamp_(float(low), float(high))


OPS = TorchOperations()

_tables: dict[tuple[int, str], tuple[np.ndarray, torch.Tensor]] = {}


def _on_device(table: np.ndarray, device: torch.device) -> torch.Tensor:
    """A table of a distribution, which lives as long as the process, on the device."""
    place = id(table), str(device)
    if place not in _tables:
        # A copy: tables are read-only, which torch cannot express.
        _tables[place] = table, torch.from_numpy(table.copy()).to(device)
    return _tables[place][1]


def is_tracing() -> bool:
    """PyTorch draws eagerly."""
    return False


def is_symbolic(state: Any) -> bool:
    """PyTorch's states have values."""
    return False


def next_state(generator: keras.random.SeedGenerator) -> torch.Tensor:
    """The generator's state, which advances."""
    return generator.next()


def _signed(word: int) -> int:
    return (word & bits.WORD ^ 0x80000000) - 0x80000000


def supported(dtype: str) -> str:
    """The type that this backend gives for `dtype`."""
    return dtype


def adopt(array: np.ndarray) -> torch.Tensor:
    """The tensor of a new host array, uncopied on a CPU.

    The array must not be written to afterwards.
    """
    if array.dtype == ml_dtypes.bfloat16:
        tensor = torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    else:
        tensor = torch.from_numpy(array)
    return tensor.to(get_device())


def draws_on_device() -> bool:
    """Whether Keras's current device is not the host."""
    return torch.device(get_device()).type not in ("cpu", "meta")


def draw_on_device(
    distribution: Distribution,
    shape: tuple[int, ...],
    dtype: str,
    key: bits.Key,
    device: Any = None,
) -> torch.Tensor:
    """Draws with tensor operations, on Keras's current device or the given one."""
    device = device or get_device()
    out = torch.empty(math.prod(shape), dtype=getattr(torch, dtype), device=device)
    _fill(distribution, key, 0, out, dtype)
    return out.view(shape)


def _fill(
    distribution: Distribution, key: bits.Key, first: int, out: torch.Tensor, dtype: str
) -> None:
    added = [_signed(word) for word in bits.schedule(key)]
    half = BLOCKS * bits.BLOCK
    scratch = _Scratch(half, out.device)
    place = torch.arange(half, dtype=torch.int32, device=out.device)
    x0, x1 = torch.empty_like(place), torch.empty_like(place)
    blocks = torch.empty(BLOCKS, 2, bits.BLOCK, device=out.device)
    for start in range(0, out.numel(), 2 * half):
        counter = (first + start) // 2
        # A step starts at a multiple of its own length, so no step straddles 2**32.
        torch.add(place, _signed(counter), out=x0)
        x1.fill_(_signed(counter >> 32))
        bits.threefry(added, x0, x1, scratch.rotate)
        # First words and second ones apart: fewer numbers at a time stay in cache.
        for i, words in enumerate((x0, x1)):
            values = placed(
                distribution, scratch.standard_values(distribution, words), dtype, OPS
            )
            blocks[:, i] = values.view(BLOCKS, bits.BLOCK)
        part = out[start : start + 2 * half]
        part.copy_(blocks.view(-1)[: part.numel()])


class _Scratch:
    """`standard_values` in buffers that are made once.

    The memory of a new tensor may come from the system, and go back to it, at each
    operation, which takes longer than the operation.
    """

    def __init__(self, size: int, device: torch.device) -> None:
        self.word = torch.empty(size, dtype=torch.int32, device=device)
        self.index = torch.empty_like(self.word)
        self.floats = torch.empty(size, dtype=torch.float32, device=device)
        self.slopes, self.values = (torch.empty_like(self.floats) for _ in range(2))

    def rotate(self, words: torch.Tensor, bits: int) -> torch.Tensor:
        """Rotates left, in place."""
        self.shifted(words, 32 - bits, out=self.word)
        # The shift to the left and the union in one pass over memory.
        return torch.add(self.word, words, alpha=1 << bits, out=words)

    def shifted(self, words: torch.Tensor, bits: int, out: torch.Tensor) -> None:
        """Shifts right, zeros in."""
        torch.bitwise_right_shift(words, bits, out=out)
        out.bitwise_and_((1 << (32 - bits)) - 1)

    def standard_values(
        self, distribution: Distribution, words: torch.Tensor
    ) -> torch.Tensor:
        """As in `distributions`, step by step; the words are used up."""
        if distribution.kind == "uniform":
            self.shifted(words, 8, out=self.word)
            self.values.copy_(self.word).sub_(HALF_OF_24_BITS).mul_(2.0**-23)
            return self.values.clamp_(-1.0, 1.0)
        if distribution.kind == "segments":
            self.shifted(words, 32 - tables.SEGMENTS_LOG2, out=self.index)
            torch.bitwise_right_shift(words, 8, out=self.word)
        else:
            self.shifted(words, 1, out=self.word)
            tail = self.floats.copy_(self.word.bitwise_or_(1)).view(torch.int32)
            torch.bitwise_right_shift(tail, 23 - tables.MANTISSA_LOG2, out=self.index)
            self.index.sub_(127 << tables.MANTISSA_LOG2)
            torch.bitwise_right_shift(tail, 11 - tables.MANTISSA_LOG2, out=self.word)
        place = self.floats.copy_(self.word.bitwise_and_(0xFFF)).mul_(2.0**-12)
        knots, slopes = (
            _on_device(table, words.device) for table in distribution.table
        )
        torch.index_select(knots, 0, self.index, out=self.values)
        torch.index_select(slopes, 0, self.index, out=self.slopes)
        size = self.values.add_(self.slopes.mul_(place))
        size.view(torch.int32).bitwise_or_(words.bitwise_left_shift_(31))
        return size
