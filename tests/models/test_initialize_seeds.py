"""Which seed a weight of a model is drawn from, and which seeds are refused."""

import math
import random

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.models.initialize import initialize
from support.model_zoo import (
    dense,
    row,
    same,
    subclassed,
    weights,
)


class Foreign(keras.initializers.Initializer):
    """Another package's: the same values at every call, as Keras's own have it."""

    def __init__(self, seed=None):
        self.seed = seed

    def __call__(self, shape, dtype=None):
        drawn = np.random.RandomState(self.seed).normal(size=shape)
        return keras.ops.convert_to_tensor(drawn, dtype)

    def get_config(self):
        return {"seed": self.seed}


def test_a_scheme_s_own_seed_goes_before_the_model_s():
    model = dense(5, 6, 5, 6)
    rules = {"dense[0]": keras_inits.HeNormal(seed=3), "*": keras_inits.HeNormal()}
    initialize(model, rules, seed=7)
    before = weights(model)
    initialize(model, rules, seed=8)
    after = weights(model)
    assert np.array_equal(before["dense[0]/kernel"], after["dense[0]/kernel"])
    assert not np.array_equal(before["dense[2]/kernel"], after["dense[2]/kernel"])
    # The stream is the place's all the same.
    initialize(model, keras_inits.HeNormal(seed=3))
    after = weights(model)
    assert np.array_equal(before["dense[0]/kernel"], after["dense[0]/kernel"])
    assert not np.array_equal(after["dense[0]/kernel"], after["dense[2]/kernel"])


def test_without_a_seed_each_call_differs_and_the_report_tells_how_to_repeat():
    model = dense(5, 6)
    keras.utils.set_random_seed(1)
    first = initialize(model, "he_normal").seed
    before = weights(model)
    second = initialize(model, "he_normal").seed
    assert first != second
    assert not same(before, weights(model))
    initialize(model, "he_normal", seed=first)
    assert same(before, weights(model))
    keras.utils.set_random_seed(1)
    assert initialize(model, "he_normal").seed == first


def test_with_a_seed_no_global_state_is_touched():
    """Not even where a layer of a person's own is built once more."""
    model = subclassed()
    next_name = keras.layers.Dense(1).name
    state, legacy = random.getstate(), np.random.get_state()[1].copy()
    initialize(model, "he_normal", seed=7)
    assert random.getstate() == state
    assert np.array_equal(np.random.get_state()[1], legacy)
    number = int(next_name.rpartition("_")[2])
    assert keras.layers.Dense(1).name == f"dense_{number + 1}"


@pytest.mark.parametrize("seed", [0, -5, 2**63, np.int64(3)])
def test_any_integer_is_a_seed(seed):
    assert initialize(dense(5, 6), "he_normal", seed=seed).seed == seed


@pytest.mark.parametrize("seed", ["7", 1.0, True, 2**64])
def test_other_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="`seed` picks the random stream"):
        initialize(dense(5, 6), "he_normal", seed=seed)


def test_a_generator_is_no_seed_for_a_model():
    with pytest.raises(ValueError, match=r"`seed` names the whole.*an integer or None"):
        initialize(dense(5, 6), "he_normal", seed=keras.random.SeedGenerator(1))


def test_keras_s_initializers_are_used_as_they_are_with_a_seed_of_the_place():
    models = dense(5, 6, 5, 6), dense(5, 6, 5, 6)
    keras_s = keras.initializers.HeNormal()
    reports = [initialize(model, keras_s, seed=7) for model in models]
    one, other = map(weights, models)
    assert same(one, other)
    assert not np.array_equal(one["dense[0]/kernel"], one["dense[2]/kernel"])
    found = row(reports[0], "dense[0]/kernel")
    assert found.scheme == "keras.initializers.HeNormal"
    assert found.note == "not of this package: sees the shape only"
    assert found.target_std is None
    assert abs(found.drawn_std - math.sqrt(2 / 5)) < 5 * math.sqrt(2 / 5 / 60)


def test_a_function_that_repeats_itself_is_noted():
    model = dense(5, 6, 5, 6)
    generator = np.random.RandomState(1).normal(size=(5, 6))
    report = initialize(
        model,
        {
            "dense[1]": "zeros",
            "*": lambda shape, dtype: keras.ops.convert_to_tensor(generator, dtype),
        },
    )
    assert row(report, "dense[2]/kernel").note.endswith(
        "the same values as dense[0]/kernel"
    )
