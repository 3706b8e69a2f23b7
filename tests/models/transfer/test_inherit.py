"""`inherit`: one choice of units for each width, along the whole graph."""

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.models.transfer import inherit as module
from support.widths import (
    convolutions,
    mlp,
    outputs,
    recurrent,
    scrambled,
    transformer,
    values,
)

layers = keras.layers
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(5, 8)).astype("float32")


@pytest.mark.parametrize(
    ("large", "small", "picked"),
    [
        (8, 4, [0, 2, 4, 6]),
        (9, 3, [0, 3, 6]),
        (10, 4, [0, 3, 6, 9]),
        (7, 3, [0, 3, 6]),
        (5, 5, [0, 1, 2, 3, 4]),
        (6, 1, [0]),
    ],
)
def test_units_are_evenly_spaced(large, small, picked):
    assert module.evenly(large, small).tolist() == picked


def alive(model, widths):
    """The model with only those units alive that the smaller widths choose."""
    for layer, (small, large) in zip(model.layers, widths, strict=False):
        dead = np.setdiff1d(np.arange(large), module.evenly(large, small))
        kernel, bias = (keras.ops.convert_to_numpy(x).copy() for x in layer.weights)
        kernel[:, dead], bias[dead] = 0, 0
        layer.set_weights([kernel, bias])
    return model


@pytest.mark.parametrize("widths", [[(4, 16), (6, 12)], [(4, 10), (5, 13)]])
def test_a_teacher_whose_dropped_units_are_dead_is_reproduced(widths, monkeypatch):
    small = mlp(*(a for a, _ in widths))
    large = alive(mlp(*(b for _, b in widths)), widths)
    expected = outputs(large, X)
    report = keras_inits.inherit(small, large)
    np.testing.assert_allclose(outputs(small, X), expected, atol=1e-4)
    assert len(report.rows) == 6
    assert report.seed is None
    # The twin: rows chosen otherwise than columns.
    kernel = small.layers[1].kernel
    kernel.assign(np.roll(keras.ops.convert_to_numpy(kernel), 1, 0))
    assert np.abs(outputs(small, X) - expected).max() > 0.05


def test_the_first_layers_and_the_head_of_a_deeper_model():
    small, large = mlp(4, 4), mlp(8, 8, 8, 8)
    report = keras_inits.inherit(small, large)
    after, given = values(small), values(large)
    for path in ("dense[1]/kernel", "dense[1]/bias"):
        cut = tuple(slice(None, None, 2) for _ in after[path].shape)
        assert (after[path] == given[path][cut]).all()
    assert (after["head/kernel"] == given["head/kernel"][::2]).all()
    assert report.rows[2].why == "4×4 of 8×8"


def test_a_head_without_a_name_is_the_last_layer_still():
    small, large = mlp(4, name=None), mlp(8, 8, 8, name=None)
    report = keras_inits.inherit(small, large)
    after, given = values(small), values(large)
    assert (after["dense[1]/kernel"] == given["dense[3]/kernel"][::2]).all()
    assert report.rows[2].note == "from dense[3]/kernel"


def test_blocks_of_a_transformer_and_what_follows_them():
    small = transformer(4, heads=2, size=3, blocks=1)
    large = transformer(8, heads=4, size=6, blocks=3)
    report = keras_inits.inherit(small, large)
    after, given = values(small), values(large)
    query = given["multi_head_attention[0]/query/kernel"][::2, ::2, ::2]
    assert (after["multi_head_attention[0]/query/kernel"] == query).all()
    # The normalization behind the last block, not the next block's first.
    last = given["layer_normalization[6]/gamma"][::2]
    assert (after["layer_normalization[2]/gamma"] == last).all()
    assert (after["head/kernel"] == given["head/kernel"][::2]).all()
    assert not report.left_alone


def test_names_lead_to_their_like():
    """Of keras_hub's blocks, each of which has a number in its name."""
    hub = pytest.importorskip("keras_hub")

    def make(blocks, width):
        keras.utils.set_random_seed(blocks)
        return hub.models.BertBackbone(
            30, blocks, 2, width, 2 * width, max_sequence_length=10
        )

    small, large = make(1, 8), make(3, 16)
    scrambled(large)
    report = keras_inits.inherit(small, large)
    assert all(not row.note for row in report.rows)
    after, given = values(small), values(large)
    for path, value in after.items():
        cut = tuple(
            slice(None, None, a // b)
            for a, b in zip(given[path].shape, value.shape, strict=True)
        )
        assert (value == given[path][cut]).all(), path


def test_flattened_channels_keep_their_places():
    small, large = convolutions(2), convolutions(4, between=2)
    keras_inits.inherit(small, large)
    after, given = values(small), values(large)
    kernel = given["dense[0]/kernel"].reshape(3, 2, 16, 10)[:, :, ::2, ::2]
    assert (after["dense[0]/kernel"] == kernel.reshape(48, 5)).all()


def test_gates_are_chosen_alike():
    small, large = recurrent(3), recurrent(6)
    keras_inits.inherit(small, large)
    after, given = values(small), values(large)
    path = "lstm[0]/lstm_cell/recurrent_kernel"
    path = path if path in after else next(p for p in after if "recurrent_kernel" in p)
    kernel = given[path].reshape(6, 4, 6)[::2, :, ::2]
    assert (after[path] == kernel.reshape(3, 12)).all()


def test_other_classes_keep_their_head():
    small, large = mlp(4, classes=5), mlp(8)
    before = values(small)
    report = keras_inits.inherit(small, large)
    left = {one.path: one.why for one in report.left_alone}
    assert set(left) == {"head/kernel", "head/bias"}
    assert left["head/bias"] == "predicts other things than 'head/bias'"
    after = values(small)
    assert all((before[path] == after[path]).all() for path in left)


def joined(width):
    """Two widths side by side: no evenly spaced choice of the whole is theirs."""
    keras.utils.set_random_seed(0)
    x = keras.Input((8,))
    parts = [layers.Dense(width, "relu")(x), layers.Dense(width + 1, "relu")(x)]
    y = layers.Dense(5, "relu")(layers.Concatenate()(parts))
    return scrambled(keras.Model(x, layers.Dense(3)(y)))


@pytest.mark.parametrize(
    ("make_small", "make_large", "received"),
    [
        (lambda: mlp(8), lambda: mlp(4), "8 of 4"),
        (lambda: mlp(4, 4), lambda: mlp(8), "first that differ"),
        (lambda: mlp(4), lambda: mlp(8, inputs=16), "(16,)"),
        (lambda: recurrent(3), lambda: recurrent(5), "made of several widths"),
        (lambda: joined(3), lambda: joined(5), "made of several widths"),
        (lambda: mlp(4), lambda: transformer(8), "first that differ"),
    ],
)
def test_what_does_not_fit_is_refused(make_small, make_large, received):
    small, large = make_small(), make_large()
    before = values(small)
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the parts are checked here
        keras_inits.inherit(small, large)
    message = str(caught.value)
    assert received in message
    assert "Received" in message
    assert "othing was written" in message
    after = values(small)
    assert all((before[path] == after[path]).all() for path in before)
