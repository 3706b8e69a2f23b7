"""`expected_std` is the std of the published distribution, for every scheme."""

import math

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.initializers.recurrent.forget_bias import ForgetBias
from support.distributions import Fixed, Orthonormal, values
from support.scheme_examples import ALL, SCHEMES, make


@pytest.mark.parametrize(("cls", "example"), ALL)
def test_it_is_that_of_the_published_distribution(cls, example):
    """Written down in the examples on their own; of an orthogonal kernel, as drawn."""
    distribution = example.distribution(*example.fans)
    initializer = make(cls, example, seed=7)
    if isinstance(distribution, Orthonormal):  # its squares add up to a whole number
        expected = math.sqrt(np.square(values(initializer(example.shape))).mean())
    elif isinstance(distribution, Fixed):
        expected = np.broadcast_to(distribution.array, example.shape).std()
    else:
        expected = distribution.std
    found = initializer.expected_std(example.shape)
    assert expected is None or found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["he_normal", "orthogonal", "random_uniform", "zeros"])
def test_each_gate_has_its_own(name):
    """Fans are those of one gate, so the std is larger than that of the whole."""
    gates = keras_inits.per_gate(name, gates=4)
    expected = keras_inits.get(name).expected_std((20, 30))
    assert gates.expected_std((20, 120)) == expected
    assert values(gates((20, 120))).std() == pytest.approx(expected, rel=0.1)
    with pytest.raises(ValueError, match="equal gates"):
        gates.expected_std((20, 121))


def test_that_of_a_forget_bias_is_that_of_its_values():
    biases = ForgetBias(keras_inits.Constant(-1.0))
    assert biases.expected_std((8,)) == pytest.approx(np.std([-1, 1, -1, -1]))


def test_where_nobody_knows_it_is_none():
    """No formula, or no values."""

    class Unknown(keras_inits.Initializer):
        def compute(self, shape, dtype, key, layout):
            return keras.ops.zeros(shape, dtype)

    assert Unknown().expected_std((3, 4)) is None
    gates = keras_inits.per_gate(keras.initializers.HeNormal(), 2)
    assert gates.expected_std((3, 4)) is None
    assert keras_inits.Constant(np.zeros((0, 3))).expected_std((0, 3)) is None


def test_a_shape_that_a_scheme_cannot_fill_has_none():
    for name in ("orthogonal", "identity"):
        with pytest.raises(ValueError, match="two axes"):
            keras_inits.get(name).expected_std((4,))


def test_every_exported_scheme_has_a_family():
    """From which tables are made; a user's own scheme is `custom`."""
    families = {"variance", "random", "orthogonal", "constant", "wrapper"}
    families |= {"structure", "sparse", "recurrent", "state space", "embedding"}
    families |= {"transformer", "coordinates", "width", "adapter", "scale law"}
    assert {cls.family for cls in SCHEMES.values()} <= families
    assert type(keras_inits.per_gate("zeros", 3)).family == "wrapper"
    assert keras_inits.Initializer.family == "custom"
