"""Drawing on PyTorch: host arrays for the CPU, tensor operations on other devices."""

import math
from typing import Any

import keras
import ml_dtypes
import numpy as np
import torch
from keras.src.backend.torch.core import get_device

from keras_inits.sampling import bits
from keras_inits.sampling.distributions import Law, Operations, placed, standard_values

BLOCKS = 64  # blocks in one step: bounds the extra memory


class TorchOperations(Operations):
    """Words are int32 tensors, whose sums wrap; shifts are masked to be logical."""

    def shift_right(self, words, bits):
        return (words >> bits) & ((1 << (32 - bits)) - 1)

    def shift_left(self, words, bits):
        return words << bits

    def to_float(self, words):
        return words.to(torch.float32)

    def to_index(self, words):
        return words

    def take(self, table, index):
        # A copy: tables are read-only, which torch cannot express.
        return torch.from_numpy(table.copy()).to(index.device)[index]

    def bits_of(self, floats):
        return floats.view(torch.int32)

    def floats_of(self, words):
        return words.view(torch.float32)

    def clip(self, floats, low, high):
        return floats.clamp_(float(low), float(high))

    def rotate(self, words, bits):
        wrapped = words >> (32 - bits)
        wrapped &= (1 << bits) - 1
        words <<= bits
        words |= wrapped
        return words


OPS = TorchOperations()


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


fill = None  # on the host NumPy is faster than PyTorch's operations on int32


def draw_on_device(
    law: Law, shape: tuple[int, ...], dtype: str, key: bits.Key, device: Any = None
) -> torch.Tensor:
    """Draws with tensor operations, on Keras's current device or the given one."""
    device = device or get_device()
    out = torch.empty(math.prod(shape), dtype=getattr(torch, dtype), device=device)
    added = [_signed(word) for word in bits.schedule(key)]
    step = BLOCKS * 2 * bits.BLOCK
    place = torch.arange(BLOCKS * bits.BLOCK, dtype=torch.int32, device=device)
    for start in range(0, out.numel(), step):
        counter = start // 2
        # A step starts at a multiple of its own length, so no step straddles 2**32.
        low = place + _signed(counter)
        high = torch.full_like(place, _signed(counter >> 32))
        x0, x1 = bits.threefry(added, low, high, OPS.rotate)
        words = torch.stack([x0.view(BLOCKS, -1), x1.view(BLOCKS, -1)], 1).view(-1)
        part = out[start : start + step]
        values = standard_values(law, words[: part.numel()], OPS)
        part.copy_(placed(law, values, dtype, OPS))
    return out.view(shape)
