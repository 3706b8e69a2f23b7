"""`initialize(only=...)` sets those weights alone, to what they get with all others."""

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits import initialize
from support.model_zoo import same, weights

layers = keras.layers


def build():
    inputs = keras.Input((6, 8))
    x = layers.MultiHeadAttention(2, 4, name="attention")(inputs, inputs)
    x = layers.LayerNormalization(name="norm")(x + inputs)
    x = layers.LSTM(5, name="lstm")(x)
    x = layers.Dense(7, "relu", name="body")(x)
    return keras.Model(inputs, layers.Dense(3, name="head")(x))


def values(model):
    rows = initialize(model, "auto", seed=0, dry_run=True).rows
    by_path = {info.path: info for info in keras_inits.graph.weights.weights_of(model)}
    return {
        row.path: np.array(keras.ops.convert_to_numpy(by_path[row.path].variable))
        for row in rows
    }


RULES = [
    "auto",
    "orthogonal",
    {keras.layers.MultiHeadAttention: "mimetic", "*": "auto"},
    {"attention": "ds_init", "*": "he_normal"},
]


@pytest.mark.parametrize("rules", RULES, ids=str)
def test_each_weight_gets_what_a_whole_initialization_gives_it(rules):
    whole, part = build(), build()
    initialize(whole, rules, seed=7)
    expected, before = values(whole), values(part)
    chosen = list(expected)[::2]
    report = initialize(part, rules, seed=7, only=chosen)
    assert [row.path for row in report.rows] == chosen
    assert report.left_alone == []
    for path, value in values(part).items():
        source = expected if path in chosen else before
        assert np.array_equal(value, source[path]), path
    changed = [path for path in chosen if (expected[path] != before[path]).any()]
    assert changed


def test_it_takes_variables_and_frozen_weights():
    model = build()
    head = model.get_layer("head")
    head.trainable = False
    report = initialize(model, "he_normal", seed=7, only=iter([head.kernel]))
    assert [row.path for row in report.rows] == ["head/kernel"]


def test_rules_need_to_cover_no_more_than_that():
    report = initialize(build(), {"head": "zeros"}, seed=7, only=["head/kernel"])
    assert report.rows[0].scheme == "Zeros()"


def test_nothing_to_set_is_no_error_and_leaves_the_optimizer_alone():
    model = build()
    model.compile("adam")
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(5)
    before = weights(model)
    report = initialize(model, seed=7, only=[])
    assert report.rows == report.optimizers == []
    assert int(keras.ops.convert_to_numpy(model.optimizer.iterations)) == 5
    assert same(before, weights(model))


@pytest.mark.parametrize(
    ("only", "message"),
    [
        (["head/kernel", "haed/bias"], "'haed/bias', which is none.*'head/bias'"),
        ("head/kernel", "list of paths.*Received: only='head/kernel'.*include"),
        ([3], "Received: 3"),
    ],
)
def test_what_names_no_weight_is_refused_and_nothing_written(only, message):
    model = build()
    before = weights(model)
    with pytest.raises(ValueError, match=message):
        initialize(model, seed=7, only=only)
    assert same(before, weights(model))


def test_variables_of_another_model_and_layers_are_refused():
    model = build()
    with pytest.raises(ValueError, match="which is none"):
        initialize(model, seed=7, only=[build().get_layer("head").kernel])
    with pytest.raises(ValueError, match="use `include`"):
        initialize(model, seed=7, only=model.get_layer("head"))


def test_only_and_include_together_are_refused():
    """They could contradict each other, and nothing would be set."""
    with pytest.raises(ValueError, match="Give one of them"):
        initialize(build(), "auto", only=["head/kernel"], include="other")


def test_one_variable_is_no_list_of_them():
    """The message shows its path, not its values."""
    model = build()
    variable = model.layers[-1].kernel
    with pytest.raises(ValueError, match="a list of paths or variables") as caught:
        initialize(model, "auto", only=variable)
    assert variable.path in str(caught.value)
    assert len(str(caught.value)) < 300
