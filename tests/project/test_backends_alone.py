"""One backend is enough: the others need not be installed."""

import json

import numpy as np
import pytest

import keras_inits
from support import fresh
from support.distributions import values

FRAMEWORKS = {"tensorflow", "jax", "torch"}
CODE = """
    import json, sys
    import keras
    with_keras = set(sys.modules)
    import keras_inits
    imported = {name.split(".")[0] for name in set(sys.modules) - with_keras}
    layer = keras.layers.Dense(4, kernel_initializer="he_fan_in")
    layer.build((None, 3))
    drawn = {
        name: keras.ops.convert_to_numpy(keras_inits.get(name, seed=7)((5, 4))).tolist()
        for name in ("he_fan_in", "xavier_uniform", "truncated_normal", "orthogonal")
    }
    print(json.dumps([keras.backend.backend(), sorted(imported), drawn]))
"""


def alone(backend, needs):
    """A case for the run in which what it needs is certainly installed."""
    return pytest.param(backend, {needs}, marks=pytest.mark.backend(needs), id=backend)


@pytest.mark.parametrize(
    ("backend", "needs"),
    [
        alone("tensorflow", "tensorflow"),
        alone("jax", "jax"),
        alone("torch", "torch"),
        alone("numpy", "jax"),  # with which Keras does NumPy's convolutions
    ],
)
def test_a_backend_alone_is_enough_and_draws_the_same(backend, needs):
    """With every other framework's import made to fail."""
    text = fresh.run(CODE, blocked=sorted(FRAMEWORKS - needs), KERAS_BACKEND=backend)
    name, imported, drawn = json.loads(text.splitlines()[-1])
    assert name == backend
    assert not FRAMEWORKS & set(imported)
    for scheme, kernel in drawn.items():
        here = values(keras_inits.get(scheme, seed=7)((5, 4))).tolist()
        if scheme == "orthogonal":
            np.testing.assert_allclose(kernel, here, atol=1e-5)
        else:
            assert kernel == here, scheme


def test_a_blocked_import_fails():
    """Twin: the process of the test above really cannot import what is blocked."""
    code = """
        try:
            import colorsys
        except ModuleNotFoundError as error:
            print(error)
    """
    assert "No module named 'colorsys'" in fresh.run(code, blocked=["colorsys"])
    assert fresh.run(code) == ""
