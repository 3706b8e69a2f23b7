"""Drawing on PyTorch: host arrays for the CPU, tensor operations on other devices."""

import math

import ml_dtypes
import numpy as np
import torch

from keras_inits._utils.keras_private import torch_device_getter
from keras_inits._utils.types import Layout, Shape
from keras_inits.sampling import bits
from keras_inits.sampling.bits import Key
from keras_inits.sampling.distributions import Distribution
from keras_inits.sampling.engines.base import Engine
from keras_inits.sampling.values import Operations, scaled, standard_values

BLOCKS = 128  # blocks in one step: few calls, and what is worked on stays in L2
get_device = torch_device_getter()


class TorchOperations(Operations):
    """Words are int32 tensors, whose sums wrap; shifts to the right are masked."""

    def shift_right(self, words: torch.Tensor, bits: int) -> torch.Tensor:
        return (words >> bits).bitwise_and_((1 << (32 - bits)) - 1)

    def shift_left(self, words: torch.Tensor, bits: int) -> torch.Tensor:
        return words << bits

    def to_float(self, words: torch.Tensor) -> torch.Tensor:
        return words.to(torch.float32)

    def to_index(self, words: torch.Tensor) -> torch.Tensor:
        return words

    def take(self, table: np.ndarray, index: torch.Tensor) -> torch.Tensor:
        return torch.index_select(_on_device(table, index.device), 0, index)

    def bits_of(self, floats: torch.Tensor) -> torch.Tensor:
        return floats.view(torch.int32)

    def floats_of(self, words: torch.Tensor) -> torch.Tensor:
        return words.view(torch.float32)

    def clip(
        self, floats: torch.Tensor, low: np.float32, high: np.float32
    ) -> torch.Tensor:
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


def _signed(word: int) -> int:
    return (word & bits.WORD ^ 0x80000000) - 0x80000000


def draw_on_device(
    distribution: Distribution,
    shape: Shape,
    dtype: str,
    key: Key,
    device: torch.device | str,
) -> torch.Tensor:
    """Draws with tensor operations on a device."""
    out = torch.empty(math.prod(shape), dtype=getattr(torch, dtype), device=device)
    _fill(distribution, key, out, dtype)
    return out.view(shape)


def _fill(distribution: Distribution, key: Key, out: torch.Tensor, dtype: str) -> None:
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
            values = scaled(distribution, standard, dtype, OPS)
            blocks[:, i] = values.view(BLOCKS, bits.BLOCK)
        part = out[start : start + 2 * half]
        part.copy_(blocks.view(-1)[: part.numel()])


class TorchEngine(Engine):
    """Draws on Keras's current device."""

    def adopt(self, array: np.ndarray) -> torch.Tensor:
        if array.dtype == ml_dtypes.bfloat16:
            tensor = torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        else:
            tensor = torch.from_numpy(array)
        return tensor.to(get_device())

    def draw(
        self,
        distribution: Distribution,
        shape: Shape,
        dtype: str,
        key: Key,
        layout: Layout = None,
    ) -> torch.Tensor:
        device = get_device()
        if torch.device(device).type in ("cpu", "meta"):
            return super().draw(distribution, shape, dtype, key)
        return draw_on_device(distribution, shape, dtype, key, device)


ENGINE = TorchEngine()
