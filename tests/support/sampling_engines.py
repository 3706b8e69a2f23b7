"""Every way in which the package can fill a tensor, behind one signature.

An engine here is a function of (distribution, shape, dtype, key) that gives a tensor or
array.
"""

import contextlib
import math
from unittest import mock

import keras
import numpy as np

from keras_inits import sampling
from keras_inits.sampling import bits
from keras_inits.sampling import threads as pool
from keras_inits.sampling.engines import host
from keras_inits.sampling.engines.numpy import NumpyOperations
from keras_inits.sampling.values import scaled, standard_values
from support.distributions import has_float64 as has_float64
from support.distributions import values

BACKEND = keras.backend.backend()
DISTRIBUTIONS = {
    "uniform": sampling.uniform(-1.0, 1.0),
    "uniform, scaled": sampling.uniform(-0.3, 0.3),
    "uniform, shifted": sampling.uniform(0.1, 0.7),
    "uniform, lopsided": sampling.uniform(-1e-3, 5.0),
    "normal": sampling.normal(0.0, 0.05),
    "normal, shifted": sampling.normal(0.2, 0.7),
    "normal, far": sampling.normal(-1234.5, 1e-2),
    "truncated": sampling.truncated_normal(0.0, 0.02 / 0.87962566, 2.0),
    "truncated, shifted": sampling.truncated_normal(0.3, 0.7, 2.0),
    "truncated at one": sampling.truncated_normal(0.0, 0.7, 1.0),
    "truncated at three": sampling.truncated_normal(0.0, 0.7, 3.0),
    "truncated at three, shifted": sampling.truncated_normal(-3.3, 0.01, 3.0),
    "truncated near the middle": sampling.truncated_normal(0.0, 2.0, 1e-3),
}
DTYPES = ["float16", "bfloat16", "float32", "float64"]
KEY = sampling.Key(0x13198A2E, 0x03707344)


def raw(tensor):
    """The value of every entry, so that zeros of different signs differ."""
    return values(tensor).view(np.uint64)


def same_bits(one, other):
    """Whether two tensors are equal entry by entry, signs of zeros included."""
    one, other = raw(one), raw(other)
    return one.shape == other.shape and np.array_equal(one, other)


@contextlib.contextmanager
def numba_only():
    """Context in which the host's draws of every size use the compiled kernels."""
    with mock.patch.object(host, "NUMBA_PAYS_FROM", 0):
        yield


@contextlib.contextmanager
def numpy_only():
    """Context in which Numba cannot be imported."""
    with mock.patch.object(host, "_numba_kernels", return_value=None):
        yield


@contextlib.contextmanager
def threads(count):
    """Context with a pool of `count` threads."""
    with (
        mock.patch.object(pool, "count", return_value=count),
        mock.patch.object(pool._Pool, "executor", None),
    ):
        yield
        if pool._Pool.executor is not None:
            pool._Pool.executor.shutdown()


def on_numba(distribution, shape, dtype, key):
    """The host's compiled kernels."""
    with numba_only():
        return host.draw_on_host(distribution, shape, dtype, key)


def on_numpy(distribution, shape, dtype, key):
    """The host without Numba."""
    with numpy_only():
        return host.draw_on_host(distribution, shape, dtype, key)


def in_tf_function(distribution, shape, dtype, key):
    """A graph of TensorFlow's."""
    import tensorflow as tf

    return tf.function(lambda: sampling.draw(distribution, shape, dtype, key))()


def in_tf_function_of_xla(distribution, shape, dtype, key):
    """A program of XLA's, from TensorFlow."""
    import tensorflow as tf

    def call():
        return sampling.draw(distribution, shape, dtype, key)

    return tf.function(call, jit_compile=True)()


def in_jax_jit(distribution, shape, dtype, key):
    """A program of XLA's, from JAX."""
    import jax

    return jax.jit(lambda: sampling.draw(distribution, shape, dtype, key))()


def on_a_mesh_of_one(distribution, shape, dtype, key):
    """A layout with a single device."""
    import jax

    mesh = jax.make_mesh((1,), ("model",), axis_types=(jax.sharding.AxisType.Explicit,))
    spec = jax.sharding.PartitionSpec("model", *[None] * (len(shape) - 1))
    layout = jax.sharding.NamedSharding(mesh, spec)
    return sampling.draw(distribution, shape, dtype, key, layout)


def on_torch_device(distribution, shape, dtype, key):
    """Tensor operations of PyTorch's, on the device that every machine has."""
    from keras_inits.sampling.engines import torch as on_torch

    # Small tensors in steps of a block, so that they take several steps.
    blocks = 1 if math.prod(shape) < 2**18 else on_torch.BLOCKS
    with mock.patch.object(on_torch, "BLOCKS", blocks):
        return on_torch.draw_on_device(distribution, shape, dtype, key, device="cpu")


ON_BACKEND = {
    "tensorflow": [in_tf_function, in_tf_function_of_xla],
    "jax": [in_jax_jit, on_a_mesh_of_one],
    "torch": [on_torch_device],
}.get(BACKEND, [])
# What must equal `on_numpy`.
ENGINES = [on_numba, *ON_BACKEND]


def words_at(key, indices):
    """The words of single values, in Python's integers: what all engines must use.

    Value `i` is in block `i // 4096`, whose 2048 counters give first words to its first
    half and second words to its second half.
    """
    found = []
    for i in indices:
        block, place = divmod(int(i), 2 * bits.BLOCK)
        half, offset = divmod(place, bits.BLOCK)
        counter = block * bits.BLOCK + offset
        pair = bits.threefry_of_ints(key, (counter & bits.WORD, counter >> 32))
        found.append(pair[half])
    return np.array(found, np.uint32)


def values_of(distribution, words, dtype="float32"):
    """The values that words stand for, by NumPy, before the cast to `dtype`."""
    ops = NumpyOperations()
    return scaled(distribution, standard_values(distribution, words, ops), dtype, ops)
