"""A diagnosis leaves everything as it was."""

import random

import keras
import numpy as np
import pytest
from keras import layers

from keras_inits.diagnosis import diagnose


class Restless(layers.Layer):
    """A custom layer with state, a loss of its own, and every source of chance."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], shape[-1]), name="kernel")
        self.count = self.add_weight(
            shape=(), initializer="zeros", trainable=False, name="count"
        )
        self.seeds = keras.random.SeedGenerator(3)

    def call(self, x):
        self.count.assign(self.count + 1)
        self.add_loss(keras.ops.mean(x**2))
        random.random()
        np.random.random()
        noise = keras.random.normal(keras.ops.shape(x), seed=self.seeds)
        return keras.ops.matmul(x, self.kernel) + 0.1 * noise


def everything():
    """A compiled and trained model with all kinds of state, and its data."""
    keras.utils.set_random_seed(5)
    start = keras.Input((6, 6, 3))
    x = layers.Conv2D(8, 3, activation="relu")(start)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.5)(x)
    x = layers.Flatten()(layers.SpatialDropout2D(0.2)(x))
    x = Restless()(x)
    frozen = layers.Dense(8, "tanh")
    x = frozen(x)
    frozen.trainable = False
    model = keras.Model(start, layers.Dense(4)(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # Without jit: JAX would compile every model anew, for half a minute.
    model.compile("adam", loss, metrics=["accuracy"], jit_compile=False)
    x = np.random.standard_normal((16, 6, 6, 3)).astype("float32")
    y = np.random.randint(0, 4, 16)
    model.fit(x, y, epochs=1, batch_size=8, verbose=0)
    return model, x, y


def state(model):
    """All that a person could notice."""
    variables = [*model.variables, *model.optimizer.variables]
    for metric in model.metrics:
        variables += metric.variables
    found = {
        f"{number} {v.path}": keras.ops.convert_to_numpy(v.value).copy()
        for number, v in enumerate(variables)
    }
    for layer in model._flatten_layers():
        names = sorted(n for n in vars(layer) if n not in ("_losses", "_loss_ids"))
        found[f"{layer.name} attributes"] = np.array(" ".join(names))
        found[f"{layer.name} trainable"] = np.array(layer.trainable)
        activation = vars(layer).get("activation")
        found[f"{layer.name} activation"] = np.array(id(activation))
    found["python"] = np.array(hash(random.getstate()))
    found["numpy"] = np.array(np.random.get_state()[1])
    found["position"] = np.array(np.random.get_state()[2])
    if keras.backend.backend() == "torch":
        import torch

        found["torch"] = torch.random.get_rng_state().numpy().copy()
    return found


def same(before, after):
    assert before.keys() == after.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(value, after[name], err_msg=name)


@pytest.mark.parametrize("with_targets", [True, False])
def test_nothing_is_changed(with_targets):
    model, x, y = everything()
    before = state(model)
    diagnosis = diagnose(model, x, y if with_targets else None, batches=2, batch_size=8)
    assert diagnosis.loss_kind == ("compiled" if with_targets else "projection")
    assert diagnosis.batches == 2
    same(before, state(model))


def test_the_check_sees_what_a_step_of_training_changes():
    model, x, y = everything()
    before = state(model)
    model.train_on_batch(x, y)
    with pytest.raises(AssertionError):
        same(before, state(model))


def test_training_goes_on_as_if_nothing_had_been():
    losses = []
    for look in (False, True):
        model, x, y = everything()
        if look:
            diagnose(model, x, y)
        losses.append(model.fit(x, y, epochs=2, verbose=0).history["loss"])
    assert losses[0] == losses[1]


def test_an_unbuilt_compiled_loss_stays_unbuilt():
    """Keras builds it, with metrics, in the first step of training."""
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    model.compile("sgd", "mse")
    diagnose(model, np.ones((4, 3), "float32"), np.ones((4, 2), "float32"))
    assert not model._compile_loss.built


class Breaking(layers.Layer):
    def call(self, x):
        if getattr(self, "armed", False):
            raise RuntimeError("on purpose")
        return x


def test_an_error_inside_a_layer_leaves_no_hook():
    breaking = Breaking()
    first = layers.Dense(4, "relu")
    model = keras.Sequential([keras.Input((3,)), first, breaking])
    before = state_of_hooks(model)
    breaking.armed = True
    with pytest.raises(ValueError, match="on purpose"):
        diagnose(model)
    assert state_of_hooks(model) == before
    assert "call" not in vars(first)
    assert first.activation is keras.activations.relu


def state_of_hooks(model):
    return [
        sorted(set(vars(layer)) - {"armed", "_losses", "_loss_ids", "_called"})
        for layer in model._flatten_layers()
    ]


def test_seeds_of_the_backend_are_as_before():
    """What is drawn after a diagnosis is what would have been drawn without."""
    draws = []
    for look in (False, True):
        model, x, y = everything()
        if look:
            diagnose(model, x, y)
        drawn = keras.random.normal((4,))
        draws.append(keras.ops.convert_to_numpy(drawn))
    np.testing.assert_array_equal(draws[0], draws[1])


@pytest.mark.backend("tensorflow")
def test_a_layer_that_draws_from_tensorflow_leaves_its_generators_as_they_were():
    import tensorflow as tf

    class Drawing(layers.Layer):
        def call(self, x):
            noise = tf.random.get_global_generator().normal(tf.shape(x))
            return x + noise + tf.random.normal(tf.shape(x))

    model = keras.Sequential([keras.Input((3,)), layers.Dense(4), Drawing()])
    draws = []
    for look in (False, True):
        tf.random.set_seed(3)
        tf.random.set_global_generator(tf.random.Generator.from_seed(5))
        first = tf.random.normal((4,))  # its kernel is kept, and goes on
        if look:
            diagnose(model)
        again = tf.random.normal((4,)), tf.random.get_global_generator().normal((4,))
        draws.append(np.array([first, *again]))
    np.testing.assert_array_equal(draws[0], draws[1])
