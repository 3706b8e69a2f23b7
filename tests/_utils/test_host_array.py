"""Tensors as arrays of NumPy: equal values, and the same memory where that can be."""

import keras
import numpy as np
import pytest

from keras_inits._utils.host_array import all_finite, numpy_view, rms, to_numpy

VALUES = np.arange(12, dtype="float32").reshape(3, 4)


def test_a_tensor_is_seen_where_it_lies():
    """In both directions: a copy would have an address of its own."""
    tensor = keras.ops.convert_to_tensor(VALUES)
    one, two = numpy_view(tensor), numpy_view(tensor)
    assert isinstance(one, np.ndarray)
    np.testing.assert_array_equal(one, VALUES)
    assert np.shares_memory(one, two)


def test_an_array_is_itself():
    assert numpy_view(VALUES) is VALUES
    assert to_numpy(VALUES) is VALUES


@pytest.mark.backend("tensorflow")
def test_a_variable_is_seen_too():
    import tensorflow as tf

    np.testing.assert_array_equal(numpy_view(tf.Variable(VALUES)), VALUES)


@pytest.mark.backend("tensorflow", "jax")
def test_a_symbol_is_left_as_it_is():
    """While a program is traced there are no values to look at."""
    seen = []

    def traced(x):
        seen.append(numpy_view(x) is x)
        return x

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.function(traced)(tf.constant(VALUES))
    else:
        import jax

        jax.jit(traced)(VALUES)
    assert seen == [True]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "int32", "bool"])
def test_every_type_has_its_values(dtype):
    tensor = keras.ops.cast(keras.ops.convert_to_tensor(VALUES), dtype)
    found = to_numpy(tensor)
    assert isinstance(found, np.ndarray)
    expected = VALUES.astype(bool) if dtype == "bool" else VALUES
    np.testing.assert_array_equal(found.astype("float32"), expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("size", [12, 2**16])
def test_one_value_that_is_not_finite_is_noticed(bad, size):
    values = np.ones(size, "float32")
    assert all_finite(values)
    values[7] = bad
    assert not all_finite(values)


@pytest.mark.parametrize("size", [12, 2**16])
def test_values_whose_sum_overflows_are_finite(size):
    """Twin: a sum alone would say that they are not."""
    values = np.full(size, np.finfo("float32").max)
    with np.errstate(over="ignore"):
        assert np.isinf(values.sum(dtype="float32"))
    assert all_finite(values)
    opposite = np.array([np.inf, -np.inf], "float32")
    assert not all_finite(opposite)


def test_the_size_of_a_tensor_is_that_of_its_array():
    assert rms(VALUES) == pytest.approx((sum(n * n for n in range(12)) / 12) ** 0.5)
    tensor = keras.ops.convert_to_tensor(VALUES)
    assert rms(tensor) == pytest.approx(rms(VALUES), rel=1e-6)
