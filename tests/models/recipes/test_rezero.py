"""ReZero's rule on branches of any shape: off at the start, and learning from there.

A branch is off if a factor of zero is on each of its paths. It learns if no path has
two: the gradient of one is a product with the other.
"""

import keras
import numpy as np
import pytest
from keras import layers

import keras_inits
from keras_inits import recipes
from support.recipe_models import Scalar

WIDTH = 12


def model_of(branch, blocks=2):
    x = inputs = keras.Input((WIDTH,))
    for n in range(blocks):
        x = layers.Add()([x, branch(x, n)])
    return keras.Model(inputs, x)


def dense(x, name):
    return layers.Dense(WIDTH, "tanh", name=name)(x)


def in_a_row(x, n):
    return Scalar(name=f"outer_{n}")(Scalar(name=f"inner_{n}")(dense(x, f"d{n}")))


def side_by_side(x, n):
    ways = [Scalar(name=f"{k}_{n}")(dense(x, f"d{k}{n}")) for k in "ab"]
    return layers.Add()(ways)


def gains_side_by_side(x, n):
    ways = [
        layers.BatchNormalization(name=f"{k}_{n}")(dense(x, f"d{k}{n}")) for k in "ab"
    ]
    return layers.Add()(ways)


def factor_and_gain(x, n):
    """Beside a factor and a gain in a row, a gain alone."""
    y = layers.BatchNormalization(name=f"inner_{n}")(dense(x, f"da{n}"))
    z = layers.BatchNormalization(name=f"b_{n}")(dense(x, f"db{n}"))
    return layers.Add()([Scalar(name=f"outer_{n}")(y), z])


def normalized_last(x, n):
    """The normalization would divide the factor away."""
    return layers.BatchNormalization(name=f"b_{n}")(
        Scalar(name=f"inner_{n}")(dense(x, f"d{n}"))
    )


def starts_at_zero(x, n):
    y = layers.BatchNormalization(gamma_initializer="zeros", name=f"inner_{n}")(
        dense(x, f"d{n}")
    )
    return Scalar(name=f"outer_{n}")(y)


def gated(x, n):
    gate = layers.Dense(WIDTH, "sigmoid", name=f"gate_{n}")(x)
    y = Scalar(name=f"outer_{n}")(dense(x, f"d{n}"))
    return layers.Multiply()([y, gate])


ZERO = {
    in_a_row: ["outer_{n}/factor"],
    side_by_side: ["a_{n}/factor", "b_{n}/factor"],
    gains_side_by_side: ["a_{n}/gamma", "b_{n}/gamma"],
    factor_and_gain: ["outer_{n}/factor", "b_{n}/gamma"],
    normalized_last: ["b_{n}/gamma"],
    starts_at_zero: ["outer_{n}/factor"],
    gated: ["outer_{n}/factor"],
}


@pytest.mark.parametrize("branch", ZERO, ids=lambda one: one.__name__)
def test_each_path_is_off_and_learns(branch):
    keras.utils.set_random_seed(0)
    model = model_of(branch)
    rules = recipes.rezero(model)
    expected = {path.replace("{n}", str(n)) for path in ZERO[branch] for n in range(2)}
    assert {path for path, one in rules.items() if str(one) == "Zeros()"} == expected
    keras_inits.initialize(model, rules, seed=0)
    x = np.random.default_rng(0).normal(size=(32, WIDTH)).astype("float32")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(x)), x)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.train_on_batch(x, np.roll(x, 1, axis=1))
    for path in expected:
        layer, name = path.split("/")
        value = keras.ops.convert_to_numpy(getattr(model.get_layer(layer), name))
        assert np.all(value != 0), path


def test_a_factor_that_starts_at_zero_beside_the_chosen_is_one():
    rules = recipes.rezero(model_of(starts_at_zero))
    assert [str(rules[f"inner_{n}/gamma"]) for n in range(2)] == ["Ones()"] * 2


class AddedToOne(layers.Layer):
    """Divides by the root mean square, and multiplies by a gain that is added to 1."""

    def build(self, shape):
        self.scale = self.add_weight(shape[-1:], initializer="zeros", name="scale")

    def call(self, x):
        size = keras.ops.sqrt(keras.ops.mean(x**2, axis=-1, keepdims=True) + 1e-6)
        return x / size * (1 + self.scale)


def test_a_gain_that_is_added_to_one_is_off_at_minus_one():
    """Beside a factor it stays at 0, which multiplies by one."""

    def branch(x, n):
        return AddedToOne(name=f"gain_{n}")(dense(x, f"d{n}"))

    model = model_of(branch)
    keras_inits.initialize(model, recipes.rezero(model), seed=0)
    x = np.random.default_rng(0).normal(size=(8, WIDTH)).astype("float32")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(x)), x)
    both = model_of(lambda x, n: Scalar(name=f"s_{n}")(branch(x, n)))
    keras_inits.initialize(both, recipes.rezero(both), seed=0)
    assert not keras.ops.convert_to_numpy(both.get_layer("gain_0").scale).any()
    assert not float(keras.ops.convert_to_numpy(both.get_layer("s_0").factor))


def one_way_without(x, n):
    way = Scalar(name=f"a_{n}")(dense(x, f"da{n}"))
    return layers.Add()([way, dense(x, f"db{n}")])


def twice(x, n):
    scalar = Scalar(name=f"scalar_{n}")
    return scalar(scalar(dense(x, f"d{n}")))


def frozen(x, n):
    scalar = Scalar(name=f"scalar_{n}")
    y = scalar(dense(x, f"d{n}"))
    scalar.trainable = False
    return y


@pytest.mark.parametrize(
    ("branch", "said"),
    [
        (one_way_without, r"branch 1 of 2 .* neither a factor nor a gain follows, on"),
        (twice, r"branch 1 of 2 .* 2 factors of zero in a row, of which none"),
        (frozen, r"branch 1 of 2 .* neither a factor nor a gain follows"),
    ],
)
def test_what_cannot_be_off_and_learn_is_refused(branch, said):
    with pytest.raises(ValueError, match=said):
        recipes.rezero(model_of(branch))
