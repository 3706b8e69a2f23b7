"""Normalizations by moving statistics: those of such data, and those of others."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_inits import diagnose
from keras_inits.diagnosis.report import INFO

KIND = "statistics of other data"
RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((96, 12)).astype("float32")
Y = (X @ RANDOM.standard_normal((12, 3))).argmax(1)


def body():
    """A normalization of the data, and one of what a layer makes of them."""
    parts = [layers.BatchNormalization(name="of_data"), layers.Dense(16, name="hidden")]
    parts += [layers.BatchNormalization(name="norm"), layers.ReLU()]
    return keras.Sequential([keras.Input((12,)), *parts], name="base")


def network(trained=False):
    """A frozen body, and a head."""
    keras.utils.set_random_seed(1)
    base = body()
    base.trainable = trained
    start = keras.Input((12,))
    model = keras.Model(start, layers.Dense(3, "softmax")(base(start)))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model


class AtInference(keras.Model):
    """Calls its body as at inference, also in training."""

    def __init__(self, training):
        super().__init__()
        self.training, self.base = training, body()
        self.head = layers.Dense(3, "softmax")

    def call(self, x):
        return self.head(self.base(x, training=self.training))


def learned(model, x):
    """Gives the normalizations the statistics of data, one after the other."""
    for layer in model.get_layer("base").layers:
        if isinstance(layer, layers.BatchNormalization):
            given = keras.ops.convert_to_numpy(x)
            layer.moving_mean.assign(given.mean(0))
            layer.moving_variance.assign(given.var(0))
        x = layer(x)


def accused(model, x):
    found = diagnose(model, x, Y).findings
    return {f.kind: f for f in found if f.severity != INFO}.get(KIND)


@pytest.mark.parametrize("size", [1e3, 1e-3])
def test_frozen_statistics_of_other_data_are_named_and_the_fix_heals(size):
    model = network()
    finding = accused(model, size * X)
    assert finding.layer == "base/of_data"
    # Of standardized data a normalization by 0 and 1 gives what it is given.
    assert finding.figure == pytest.approx(size, rel=0.2)
    exec(finding.fix, {"model": model})
    assert accused(model, size * X) is None


@pytest.mark.parametrize("size", [1e3, 1e-3])
def test_statistics_of_such_data_are_not_accused(size):
    assert accused(network(trained=True), size * X) is None
    model = network()
    learned(model, size * X)
    assert accused(model, size * X) is None


def test_a_batch_smaller_than_epsilon_is_no_matter_of_moving_statistics():
    assert accused(network(trained=True), 1e-4 * X) is None


def test_frozen_statistics_as_they_start_fit_standardized_data():
    assert accused(network(), X) is None
    assert accused(network(), 8 * X) is None


def test_white_noise_says_nothing_of_statistics():
    model = network()
    learned(model, 1e3 * X)
    assert KIND not in {f.kind for f in diagnose(model).findings}


def test_a_call_as_at_inference_is_seen():
    for training, size in ((False, 1e3), (False, 1.0), (True, 1e3)):
        model = AtInference(training)
        model.compile("adam", "sparse_categorical_crossentropy")
        model(X[:2])
        finding = accused(model, size * X)
        assert bool(finding) == (training is False and size == 1e3)
        if finding:
            assert finding.fix.startswith("#")
