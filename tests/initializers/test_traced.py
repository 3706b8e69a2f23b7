"""The same weights whether a call is eager or compiled into a program."""

import keras
import numpy as np
import pytest

from support.catalogue_rows import Spread
from support.distributions import Orthonormal, values
from support.scheme_examples import EACH, EXAMPLES, SCHEMES, make

BACKEND = keras.backend.backend()
pytestmark = pytest.mark.backend("tensorflow", "jax")  # elsewhere nothing is compiled
every = pytest.mark.parametrize(("cls", "example"), EACH)


def compiled(call):
    """`call` as a compiled program of the backend, if there is such a thing."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return [tf.function(call), tf.function(call, jit_compile=True)]
    if BACKEND == "jax":
        import jax

        return [jax.jit(call)]
    pytest.skip(f"keras on {BACKEND} compiles no functions")


@every
def test_a_traced_call_equals_an_eager_one(cls, example):
    """Bit for bit; orthogonal kernels, which are products of matrices, to 1e-5."""
    initializer = make(cls, example, seed=7)
    eager = values(initializer(example.small))
    for call in compiled(lambda: initializer(example.small)):
        traced = values(call())
        if isinstance(example.distribution(*example.fans), Orthonormal | Spread):
            assert abs(traced - eager).max() <= 1e-5 * max(1, abs(eager).max())
        else:
            np.testing.assert_array_equal(traced, eager)


DISTRIBUTIONS = ["RandomUniform", "RandomNormal", "TruncatedNormal", "Constant"]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_traced_call_rounds_as_an_eager_one_does(name, dtype):
    """Once, at the end, in every type; one scheme for each distribution."""
    initializer = make(SCHEMES[name], EXAMPLES[name][0], seed=7)
    eager = values(initializer((50, 40), dtype=dtype))
    for call in compiled(lambda: initializer((50, 40), dtype=dtype)):
        np.testing.assert_array_equal(values(call()), eager)
