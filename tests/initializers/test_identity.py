"""The identity: one matrix for each group, gate and head; windows are refused."""

import inspect

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import Fixed, values
from support.layer_builds import TELLS_AXES, build


@pytest.mark.parametrize(
    ("arguments", "shape", "expected"),
    [
        ({}, (4, 6), np.eye(4, 6)),
        ({"gates": 3}, (4, 12), np.tile(np.eye(4), 3)),
        ({"groups": 2}, (1, 1, 2, 6), np.tile(np.eye(2, 3), 2)[None, None]),
        ({"kernel_format": "transpose"}, (1, 4, 3), np.eye(4, 3)[None]),
        ({"kernel_format": "experts"}, (5, 3, 4), np.tile(np.eye(3, 4), (5, 1, 1))),
        ({"kernel_format": "embedding"}, (7, 4), np.eye(7, 4)),
        (
            {"input_axes": (0,), "output_axes": (1, 2)},
            (6, 2, 3),
            np.eye(6).reshape(6, 2, 3),
        ),
    ],
)
def test_the_identity_is_one_in_every_matrix(arguments, shape, expected):
    """Times the gain; windows of one tap are no hindrance."""
    kernel = values(keras_inits.Identity(gain=2.0, **arguments)(shape))
    assert Fixed(2.0 * expected).complaints(kernel) == []


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({}, (3, 4, 4)),
        ({"kernel_format": "depthwise"}, (3, 4, 1)),
        ({"kernel_format": "transpose"}, (2, 4, 4)),
        ({"gates": 4}, (8,)),
        ({}, ()),
    ],
)
def test_the_identity_refuses_windows_and_vectors(arguments, shape):
    with pytest.raises(ValueError, match=r"two axes.*Received: shape=.*(Use|For) "):
        keras_inits.Identity(**arguments)(shape)


def test_the_identity_has_no_seed():
    """It draws nothing; Keras's layers may add an empty one to its config."""
    assert "seed" not in inspect.signature(keras_inits.Identity).parameters
    with pytest.raises(TypeError, match="seed"):
        keras_inits.Identity(seed=3)
    assert keras_inits.Identity.from_config({"seed": None}).get_config() == {}
    with pytest.raises(ValueError, match=r"config\['seed'\]"):
        keras_inits.Identity.from_config({"seed": 3})


@pytest.mark.skipif(not TELLS_AXES, reason="Keras tells the axes since 3.15")
def test_the_identity_copies_in_attention_projections():
    """The matrix is inputs by heads and units."""
    layer = keras.layers.MultiHeadAttention(
        2, 3, kernel_initializer="keras_inits>identity"
    )
    build(layer, [(2, 5, 6), (2, 5, 6)])
    query = values(layer.query_dense.kernel)
    np.testing.assert_array_equal(query, np.eye(6).reshape(6, 2, 3))
    output = values(layer.output_dense.kernel)
    np.testing.assert_array_equal(output, np.eye(6).reshape(2, 3, 6))
