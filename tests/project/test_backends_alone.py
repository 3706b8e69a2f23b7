"""One backend is enough: the others need not be installed."""

import importlib.util
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


@pytest.mark.parametrize("backend", ["jax", "torch", "numpy", "tensorflow"])
def test_a_backend_alone_is_enough_and_draws_the_same(backend):
    """With every other framework's import made to fail."""
    # The NumPy backend of Keras does its convolutions and resizes with JAX.
    needs = {backend, "jax"} if backend == "numpy" else {backend}
    for package in sorted(needs & FRAMEWORKS):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
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
