"""Krähenbühl's between-layer normalization: relative gradients of equal size."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_inits import calibrate
from support.calibrated import chain, data, same_start  # noqa: F401  a fixture
from support.model_zoo import same, values, weights
from support.refusals import refused

ROWS = 200


def spread_of_gradients(model, x):
    """Largest kernel's gradient over weight, by the smallest's: root mean squares.

    Over rows, entries and random linear functionals of outputs; for chains of ReLUs.
    """
    dense = [one for one in model.layers if one.weights]
    kernels = [values(one.kernel).astype(np.float64) for one in dense]
    heard, z = [], x.astype(np.float64)
    for number, kernel in enumerate(kernels):
        heard.append(np.maximum(z, 0) if number else z)
        z = heard[-1] @ kernel + values(dense[number].bias)
    squares = np.zeros(len(kernels))
    for direction in np.random.default_rng(3).normal(size=(200, z.shape[1])):
        back = np.broadcast_to(direction, z.shape)
        for n in reversed(range(len(kernels))):
            ratio = (heard[n] ** 2).T @ back**2 / (kernels[n] ** 2).mean()
            squares[n] += ratio.mean()
            back = back @ kernels[n].T * (heard[n] > 0)
    return np.sqrt(squares.max() / squares.min())


def test_between_layer_makes_relative_gradients_of_a_loss_equal():
    """Within 1 %, of a mean square error, by hand. Twin: not within layers alone."""
    x, model = data(ROWS, 7), chain(11, 13, 5, head=3)
    y = data(ROWS, 7)[:, :3]
    model.compile("sgd", "mean_squared_error")

    def spread():
        dense = [one for one in model.layers if one.weights]
        kernels = [values(one.kernel).astype(np.float64) for one in dense]
        heard, z = [], x.astype(np.float64)
        for number, kernel in enumerate(kernels):
            heard.append(np.maximum(z, 0) if number else z)
            z = heard[-1] @ kernel + values(dense[number].bias)
        back, found = z - y, []
        for n in reversed(range(len(kernels))):
            square = ((heard[n].T @ back) ** 2).mean()
            found.append(np.sqrt(square / (kernels[n] ** 2).mean()))
            back = back @ kernels[n].T * (heard[n] > 0)
        return max(found) / min(found)

    calibrate(model, x, y, method="within_layer")
    assert spread() > 1.1
    calibrate(model, x, y, method="between_layer")
    assert spread() < 1.01


@pytest.mark.parametrize("head", [1, 3])
def test_between_layer_makes_relative_gradients_equal(head):
    """Without a loss, over ten random directions: some 20 % of all directions.

    Outputs are those of within_layer. Twin: its gradients are unequal. The one
    functional of one output is known but for a factor, which cancels.
    """
    x, within = data(ROWS, 7), chain(11, 13, 5, head=head)
    between = keras.models.clone_model(within)
    between.set_weights(within.get_weights())
    calibrate(within, x, method="within_layer")
    calibrate(between, x, method="between_layer")
    one, other = map(ops.convert_to_numpy, (within(x), between(x)))
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
    assert spread_of_gradients(within, x) > 1.5
    assert spread_of_gradients(between, x) < 1.35


def test_between_layer_is_for_chains():
    """A model with a sum is refused, and stays as it was."""
    inputs = keras.Input((7,))
    x = layers.Dense(11, "relu")(inputs)
    x = layers.Add()([x, layers.Dense(11, "relu")(x)])
    model = keras.Model(inputs, layers.Dense(3)(x))
    before = weights(model)
    call = lambda: calibrate(model, data(ROWS, 7), method="between_layer")  # noqa: E731
    refused(call, "method", "between_layer")
    assert same(before, weights(model))
