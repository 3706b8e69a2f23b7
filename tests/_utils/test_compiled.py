"""Functions of libraries become one program on JAX; a person's own stay as they are."""

import keras
import numpy as np
import pytest

from keras_inits._utils.compiled import compiled

ON_JAX = keras.backend.backend() == "jax"


def test_a_library_s_function_is_compiled_once():
    """The same program for the same function, with the function's values."""
    program = compiled(keras.activations.gelu)
    assert program is compiled(keras.activations.gelu)
    assert (program is not keras.activations.gelu) == ON_JAX
    x = np.linspace(-3, 3, 7, dtype="float32")
    given, expected = (
        keras.ops.convert_to_numpy(f(keras.ops.convert_to_tensor(x)))
        for f in (program, keras.activations.gelu)
    )
    np.testing.assert_allclose(given, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kind", ["plain", "closure", "layer"])
def test_what_may_change_is_not_compiled(kind):
    """A program would keep what it saw the first time."""
    slope = 2.0
    function = {
        "plain": lambda x: x + 1,
        "closure": lambda x: slope * x,
        "layer": keras.layers.ReLU(),
    }[kind]
    assert compiled(function) is function
