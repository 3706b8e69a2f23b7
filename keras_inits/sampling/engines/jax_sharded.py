"""A draw on JAX in which each device computes its own shard and no other entries."""

import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from keras_inits._utils.types import Layout, Shape
from keras_inits.sampling import bits
from keras_inits.sampling.bits import Key
from keras_inits.sampling.distributions import Distribution
from keras_inits.sampling.engines import staged
from keras_inits.sampling.engines.jax_operations import OPS
from keras_inits.sampling.values import scaled, standard_values


def _axes_names(spec: jax.sharding.PartitionSpec, rank: int) -> list[tuple[str, ...]]:
    """For each axis of the tensor, the axes of the mesh that it is cut along."""
    entries = [() if e is None else e if isinstance(e, tuple) else (e,) for e in spec]
    return entries + [()] * (rank - len(entries))


def _flat_index(
    shape: Shape, local: Shape, devices: list[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    """Low and high words of the index in the whole tensor, for a shard's entries."""
    low = jnp.zeros((), jnp.uint32)
    high = jnp.zeros((), jnp.uint32)
    stride = math.prod(shape)
    for axis, size in enumerate(shape):
        stride //= size
        place = jax.lax.broadcasted_iota(jnp.uint32, local, axis)
        # A shard's own offset and its device's: apart, as their sum may be 2**32.
        for index, step in ((place, stride), (devices[axis], stride * local[axis])):
            upper, lower = _product(index, step)
            total = low + lower
            high = high + upper + (total < low).astype(jnp.uint32)
            low = total
    return low, high


def _product(word: jax.Array, factor: int) -> tuple[jax.Array, jax.Array]:
    """High and low words of a word times an int below 2**64, modulo 2**64."""
    w0, w1 = word & 0xFFFF, word >> 16
    f0, f1 = np.uint32(factor & 0xFFFF), np.uint32(factor >> 16 & 0xFFFF)
    middle = w0 * f1 + (w0 * f0 >> 16)
    carried = w1 * f0 + (middle & 0xFFFF)
    high = w1 * f1 + (middle >> 16) + (carried >> 16)
    high += word * np.uint32(factor >> 32 & bits.WORD)
    return high, word * np.uint32(factor & bits.WORD)


@functools.lru_cache(maxsize=256)
def filling(shape: Shape, layout: Layout) -> Callable[..., jax.Array]:
    """A program that spreads a value over the shards of a tensor.

    One for all tensors of a shape: a model has hundreds of biases.
    """

    def spread(value: jax.Array) -> jax.Array:
        return jnp.broadcast_to(value, shape)

    compiled: Callable[..., jax.Array] = jax.jit(spread, out_shardings=layout)
    return compiled


def _check_even(shape: Shape, cuts: list[int], layout: Layout) -> None:
    for axis, (size, cut) in enumerate(zip(shape, cuts, strict=True)):
        if size % cut:
            raise ValueError(
                "A layout cuts each axis of a tensor into equal parts. Received: "
                f"shape={shape}, whose axis {axis} of {size} is cut into {cut} by "
                f"layout={layout}. Cut another axis, or round the size up to "
                f"{size + -size % cut}."
            )


@functools.lru_cache(maxsize=256)
def program(
    distribution: Distribution, shape: Shape, dtype: str, layout: Layout
) -> Callable[..., jax.Array]:
    """A program in which each device computes its shard's entries and no others."""
    mesh = layout.mesh
    names = _axes_names(layout.spec, len(shape))
    cuts = [math.prod(mesh.shape[name] for name in along) for along in names]
    _check_even(shape, cuts, layout)
    local = tuple(size // cut for size, cut in zip(shape, cuts, strict=True))

    def shard(k0: jax.Array, k1: jax.Array) -> jax.Array:
        devices = [jax.lax.axis_index(along) if along else 0 for along in names]
        devices = [jnp.asarray(device, jnp.uint32) for device in devices]
        low, high = _flat_index(shape, local, devices)
        # Index to counter: the block's number without the bit that picks the word.
        is_second = (low >> staged.BLOCK_LOG2) & 1
        block = low >> (staged.BLOCK_LOG2 + 1) | high << (31 - staged.BLOCK_LOG2)
        counter = block << staged.BLOCK_LOG2 | low & (bits.BLOCK - 1)
        above = block >> (32 - staged.BLOCK_LOG2)
        added = bits.schedule(Key(k0, k1), word=lambda sum_: sum_)
        x0, x1 = bits.threefry(added, counter, above, OPS.rotate)
        words = jnp.where(is_second == 1, x1, x0)
        words = jax.lax.optimization_barrier(words)
        values = scaled(
            distribution, standard_values(distribution, words, OPS), dtype, OPS
        )
        return OPS.cast(values, dtype)

    none = jax.sharding.PartitionSpec()
    mapped = jax.shard_map(
        shard, mesh=mesh, in_specs=(none, none), out_specs=layout.spec
    )
    compiled: Callable[..., jax.Array] = jax.jit(mapped)
    return compiled
