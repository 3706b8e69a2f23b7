"""Schemes that need a depth or a place get it from the model's graph, or ask for it."""

import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import values

layers = keras.layers
WIDTH = 24


def stack(blocks, normalized=True):
    """Pre-norm blocks of attention and an MLP, with a head."""
    x = inputs = keras.Input((5, WIDTH))
    for n in range(blocks):
        y = layers.LayerNormalization()(x) if normalized else x
        y = layers.MultiHeadAttention(3, 8, name=f"attention_{n}")(y, y)
        x = layers.Add()([x, y])
        y = layers.Dense(4 * WIDTH, "gelu", name=f"wide_{n}")(x)
        y = layers.Dense(WIDTH, name=f"narrow_{n}")(y)
        x = layers.Add()([x, y])
    return keras.Model(inputs, layers.Dense(3, name="head")(x))


def schemes(report):
    """From path to scheme, for kernels."""
    return {row.path: row.scheme for row in report.rows if row.fan_in}


@pytest.mark.parametrize("blocks", [1, 3, 8])
@pytest.mark.parametrize("given", ["gpt2_residual", keras_inits.Gpt2Residual])
def test_blocks_are_counted(given, blocks):
    """Two branches to a block; twin: another depth draws another std."""
    model = stack(blocks)
    report = keras_inits.initialize(model, {"*": given}, seed=7)
    assert set(schemes(report).values()) == {f"Gpt2Residual(layers={blocks})"}
    std = 0.02 / math.sqrt(2 * blocks)
    kernel = values(model.get_layer("wide_0").kernel)
    assert abs(kernel.std() / std - 1) < 5 / math.sqrt(2 * kernel.size)
    (why,) = {row.why for row in report.rows if row.fan_in}
    assert why == f"{2 * blocks} residual branches, two to a block"


def test_each_kernel_knows_its_block():
    """`ds_init` counts from 1; the head is in the last."""
    found = schemes(keras_inits.initialize(stack(3), "ds_init", seed=7))
    for n in range(3):
        for path in (f"attention_{n}/query/kernel", f"wide_{n}/kernel"):
            assert found[path] == f"DsInit(layer={n + 1})"
    assert found["head/kernel"] == "DsInit(layer=3)"


def test_branches_are_counted_for_fixup():
    found = schemes(keras_inits.initialize(stack(2), "fixup", seed=7))
    assert set(found.values()) == {"Fixup(branches=4)"}


def test_what_a_person_gives_is_kept():
    found = schemes(keras_inits.initialize(stack(2), keras_inits.Gpt2Residual(9)))
    assert set(found.values()) == {"Gpt2Residual(layers=9)"}


def test_a_model_without_branches_asks_for_the_number_and_writes_nothing():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(2)])
    before = [values(weight) for weight in model.weights]
    call = r"Type keras_inits\.Gpt2Residual\(layers=\.\.\.\)"
    with pytest.raises(ValueError, match=rf"layers, and no residual.*{call}"):
        keras_inits.initialize(model, "gpt2_residual", seed=7)
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, values(new))


@pytest.mark.parametrize("name", ["chrono", "mup", "deepnorm"])
def test_what_no_graph_tells_is_asked_for_by_name(name):
    with pytest.raises(ValueError, match=r"needs `\w+`.*Type keras_inits\."):
        keras_inits.initialize(stack(1), name, seed=7)


def product(model, n):
    """Of value and output, summed over the heads: what attention to itself adds."""
    attention = model.get_layer(f"attention_{n}")
    value, output = (
        values(attention._value_dense.kernel),
        values(attention._output_dense.kernel),
    )
    return np.einsum("dnh,nhe->de", value, output)


def test_mimetic_kernels_come_in_pairs():
    """Each layer its own; twin: of two layers' halves nothing is left of the rule."""
    model = stack(2)
    rules = {layers.MultiHeadAttention: "mimetic", "*": "auto"}
    report = keras_inits.initialize(model, rules, seed=7)
    for n in range(2):
        found = np.trace(product(model, n)) / WIDTH
        assert abs(found + 0.4) < 5 * 0.4 / WIDTH
    one, other = (model.get_layer(f"attention_{n}") for n in range(2))
    mixed = np.einsum(
        "dnh,nhe->de",
        values(one._value_dense.kernel),
        values(other._output_dense.kernel),
    )
    assert abs(np.trace(mixed) / WIDTH + 0.4) > 0.2
    assert {r.why for r in report.rows if "Mimetic" in r.scheme} == {
        "one draw for a layer's pairs"
    }
    before = product(model, 0)
    keras_inits.initialize(model, rules, seed=8)
    assert abs(product(model, 0) - before).max() > 0.01
    keras_inits.initialize(model, rules, seed=7)
    np.testing.assert_array_equal(product(model, 0), before)


def test_mimetic_for_other_kernels_is_refused():
    with pytest.raises(ValueError, match=r"'wide_0/kernel' is not.*'mimetic', '\*'"):
        keras_inits.initialize(stack(1), "mimetic", seed=7)
