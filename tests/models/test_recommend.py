"""`recommend` says in rules what "auto" would do, and the rules do it."""

import re

import keras
import numpy as np
import pytest
from keras import layers

import keras_inits
from keras_inits.models.initialize import initialize
from keras_inits.models.recommend import recommend


def convolutional():
    """Kernels of three schemes, auto-named layers, and names that look alike."""
    x = inputs = keras.Input((8, 8, 3))
    for number in range(3):
        x = layers.Conv2D(6, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        kind = "gelu" if number == 1 else "relu"
        x = layers.SeparableConv2D(5 + number, 3, activation=kind, name=f"s_{number}")(
            x
        )
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(4, "softmax", name="head")(x))


def transformer():
    inputs = keras.Input((6,), dtype="int32")
    x = layers.Embedding(11, 8)(inputs)
    for block in range(2):
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(2, 4, name=f"block_{block}_attention")(y, y)
        y = layers.Dense(16, "gelu", name=f"block_{block}_up")(
            layers.LayerNormalization()(x)
        )
        x = x + layers.Dense(8, name=f"block_{block}_down")(y)
    return keras.Model(inputs, layers.Dense(3)(layers.LSTM(5)(x)))


def frozen_below():
    model = convolutional()
    for layer in model.layers[:5]:
        layer.trainable = False
    return model


def starred():
    """A name that, taken for a glob, means other layers, too."""
    model = keras.Sequential([keras.Input((7,))])
    model.add(layers.Dense(6, "relu", name="a1"))
    model.add(layers.Dense(5, "relu", name="a2"))
    model.add(layers.Dense(4, "tanh", name="a*"))
    return model


def one_scheme():
    return keras.Sequential([keras.Input((7,)), layers.Dense(6, "selu")])


MODELS = [convolutional, transformer, frozen_below, starred, one_scheme]


def values(model):
    return [keras.ops.convert_to_numpy(weight) for weight in model.variables]


@pytest.mark.parametrize("build", MODELS)
def test_rules_and_code_give_the_weights_that_auto_gives(build, monkeypatch):
    monkeypatch.setattr(keras_inits, "initialize", initialize, raising=False)
    model = build()
    found = recommend(model)
    initialize(model, "auto", seed=0)
    expected = values(model)
    for apply in (
        lambda: exec(found.code, {"model": model}),
        lambda: initialize(model, found.rules, seed=0),
    ):
        initialize(model, "ones", seed=0)
        assert any(
            not np.array_equal(a, b)
            for a, b in zip(values(model), expected, strict=True)
        )
        apply()
        for ours, theirs in zip(values(model), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("build", MODELS)
def test_it_changes_nothing(build):
    model = build()
    before, state = values(model), np.random.get_state()[1].copy()
    recommend(model)
    for old, new in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_rules_are_few_and_every_kernel_is_counted_once():
    model = convolutional()
    found = recommend(model)
    kernels = [row for row in initialize(model, seed=0).rows if row.role == "kernel"]
    assert sum(found.kernels.values()) == len(kernels) == 10
    assert list(found.rules) == [
        "*/depthwise_kernel",
        "head",
        "s_1/pointwise_kernel",
        "*",
    ]
    assert found.kernels["*/depthwise_kernel"] == 3
    schemes = {row.path: row.scheme for row in kernels}
    assert repr(found.rules["head"]) == schemes["head/kernel"]
    assert repr(found.rules["*"]) == schemes["conv2d[1]/kernel"]


def test_layers_that_look_alike_share_a_rule():
    found = recommend(transformer())
    assert found.kernels["block_*_up"] == 2
    assert found.reasons["block_*_up"].startswith("gelu follows")


def test_a_name_with_a_star_gets_a_pattern_of_its_own():
    found = recommend(starred())
    special = [pattern for pattern in found.rules if isinstance(pattern, re.Pattern)]
    assert [pattern.pattern for pattern in special] == [r"^a\*/kernel$"]
    assert found.code.startswith("import re\n")


def test_text_has_patterns_schemes_counts_and_reasons():
    printed = str(recommend(convolutional()))
    assert printed.startswith("10 kernels, 4 rules:\n")
    lines = printed.splitlines()
    assert re.search(r"'head' +GlorotUniform\(\) +1 kernel +softmax follows", lines[2])
    assert re.search(r"'\*' +HeFanIn\(\) +5 kernels +relu follows", lines[4])


def test_a_model_that_is_not_built_is_refused():
    with pytest.raises(ValueError, match="build"):
        recommend(keras.Sequential([layers.Dense(3)]))
