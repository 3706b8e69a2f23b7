"""Drawing on PyTorch: host arrays for the CPU, tensor operations on other devices."""

import math
from typing import Any

import keras
import ml_dtypes
import numpy as np
import torch
from keras.src.backend.torch.core import get_device

from keras_inits.sampling import bits
from keras_inits.sampling.distributions import (
    Distribution,
    Operations,
    placed,
    standard_values,
)

BLOCKS = 128  # blocks in one step: few calls, and what is worked on stays in L2


class TorchOperations(Operations):
    """Words are int32 tensors, whose sums wrap; shifts to the right are masked."""

    def shift_right(self, words, bits):
        return (words >> bits).bitwise_and_((1 << (32 - bits)) - 1)

    def shift_left(self, words, bits):
        return words << bits

    def to_float(self, words):
        return words.to(torch.float32)

    def to_index(self, words):
        return words

    def take(self, table, index):
        return torch.index_select(_on_device(table, index.device), 0, index)

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
    _fill(distribution, key, out, dtype)
    return out.view(shape)


def _fill(
    distribution: Distribution, key: bits.Key, out: torch.Tensor, dtype: str
) -> None:
    added = [_signed(word) for word in bits.schedule(key)]
    half = BLOCKS * bits.BLOCK
    place = torch.arange(half, dtype=torch.int32, device=out.device)
    blocks = torch.empty(BLOCKS, 2, bits.BLOCK, device=out.device)
    for start in range(0, out.numel(), 2 * half):
        counter = start // 2
        # A step starts at a multiple of its own length, so no step straddles 2**32.
        x0 = place + _signed(counter)
        x1 = torch.full_like(place, _signed(counter >> 32))
        # First words and second ones apart: fewer numbers at a time stay in cache.
        for i, words in enumerate(bits.threefry(added, x0, x1, OPS.rotate)):
            standard = standard_values(distribution, words, OPS)
            values = placed(distribution, standard, dtype, OPS)
            blocks[:, i] = values.view(BLOCKS, bits.BLOCK)
        part = out[start : start + 2 * half]
        part.copy_(blocks.view(-1)[: part.numel()])
