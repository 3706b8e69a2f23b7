"""Engines: what they save, in memory and in time, changes no figure."""

import gc
import weakref

import keras
import numpy as np
import pytest
from keras import layers

from keras_inits.diagnosis import diagnose

on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="a tape that keeps too much"
)
on_jax = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="steps that are compiled"
)


def spared():
    """A model of all that is computed again or summed at once, and its data."""
    start = keras.Input((6, 6, 3))
    x = layers.Conv2D(4, 3, padding="same")(start)
    x = side = layers.BatchNormalization(name="norm")(x)
    x = layers.Conv2D(4, 3, padding="same", activation="mish")(x)
    x = layers.Add()([layers.Activation("gelu")(layers.Conv2D(4, 1)(x)), side])
    x = layers.LayerNormalization()(x) + side
    x = layers.Dense(5, "gelu")(layers.GlobalAveragePooling2D()(x))
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(4, "silu")])
    model = keras.Model(start, [layers.Dense(3)(inner(x)), layers.Dense(2)(x)])
    random = np.random.default_rng(0)
    x = random.standard_normal((8, 6, 6, 3)).astype("float32")
    model.compile("sgd", ["mse", "mse"])
    return model, x, [random.standard_normal((8, n)) for n in (3, 2)]


@on_tensorflow
def test_thrift_changes_no_figure_and_is_used(monkeypatch):
    from keras_inits.diagnosis.engines import thrift

    keras.utils.set_random_seed(0)
    model, x, y = spared()
    moving = model.get_layer("norm").moving_mean
    # Away from where the gradient by an input of a normalization is simple.
    model.get_layer("norm").gamma.assign([0.5, 1.5, -1.0, 2.0])
    before = keras.ops.convert_to_numpy(moving)
    monkeypatch.setattr(thrift.Thrift, "save", lambda *_: None)
    plain = diagnose(model, x, y)
    monkeypatch.undo()
    monkeypatch.setattr(thrift, "LARGE", 0)
    used = []
    run = thrift.with_gradient
    monkeypatch.setattr(
        thrift, "with_gradient", lambda f, *a: used.append(f.__qualname__) or run(f, *a)
    )
    thrifty = diagnose(model, x, y)
    kinds = {name.split(".")[1] for name in used}
    assert kinds == {"again", "_sum", "_fused"}
    assert len(used) == 2 + 2 + 3  # normalizations, sums; gelu, gelu, mish, not silu
    # Sums of 300 products in another order: 1e-6 of the largest, and some to spare.
    np.testing.assert_allclose(thrifty.loss, plain.loss, rtol=1e-5)
    for one, other in zip(thrifty.records, plain.records, strict=True):
        assert one.name == other.name
        assert one.parents == other.parents
        np.testing.assert_allclose(one.out.std, other.out.std, rtol=1e-4)
        np.testing.assert_allclose(one.gradient.std, other.gradient.std, rtol=1e-4)
    for one, other in zip(thrifty.weights, plain.weights, strict=True):
        if other.gradient is not None:
            np.testing.assert_allclose(
                one.gradient.norm, other.gradient.norm, rtol=1e-3, atol=1e-6
            )
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(moving), before)


@on_tensorflow
def test_a_functional_model_drops_what_it_has_used():
    start = keras.Input((4,))
    seen, alive = [], []

    class Watch(layers.Layer):
        def call(self, x):
            gc.collect()
            alive.append(sum(reference() is not None for reference in seen))
            seen.append(weakref.ref(x))
            return -x  # of which a tape keeps nothing

    x = start
    for _ in range(5):
        x = Watch()(x)
    model = keras.Model(start, layers.Dense(2)(x))
    alive.clear()
    seen.clear()
    diagnose(model, np.ones((2, 4), "float32"))
    # What came in before is gone, but for the model's own input.
    assert max(alive) <= 1
    assert len(seen) == 5
    assert not any("fill_in" in vars(node.arguments) for node in nodes(model))


def nodes(model):
    return [node for depth in model._nodes_by_depth.values() for node in depth]


@on_tensorflow
def test_a_tape_keeps_no_output_of_a_probe():
    import tensorflow as tf

    from keras_inits.diagnosis.engines.thrift import with_gradient

    x = tf.constant([1.0, 2.0])
    seen = []

    def probe(x):
        y = tf.identity(x)
        seen.append(weakref.ref(y))
        return y, lambda gradient: gradient * 7.0

    with tf.GradientTape() as tape:
        tape.watch(x)
        z = with_gradient(probe, x)
    gc.collect()
    assert seen[0]() is None
    np.testing.assert_array_equal(tape.gradient(z, x), [7.0, 7.0])


def two_layers(activation="relu", units=6):
    hidden = layers.Dense(units, activation, name="hidden")
    return keras.Sequential([keras.Input((4,)), hidden, layers.Dense(3)])


@on_jax
def test_a_program_is_compiled_once_until_it_changes(monkeypatch):
    import jax

    from keras_inits.diagnosis.engines import on_jax

    on_jax._programs.clear()
    compiled = []
    compile_ = jax.stages.Lowered.compile
    monkeypatch.setattr(
        jax.stages.Lowered, "compile", lambda *a: compiled.append(1) or compile_(*a)
    )
    x = np.random.default_rng(0).standard_normal((8, 4)).astype("float32")
    keras.utils.set_random_seed(1)
    model = two_layers()
    first = diagnose(model, x)
    assert len(compiled) == 1
    kernel = model.get_layer("hidden").kernel
    kernel.assign(2 * kernel)
    second = diagnose(model, x)
    assert len(compiled) == 1
    # The same program, and yet the figures of the new weights: bias is zero.
    was, now = (d.record("hidden").pre.std for d in (first, second))
    np.testing.assert_allclose(now, 2 * was, rtol=1e-5)
    assert len(second.records) == len(first.records)
    model.get_layer("hidden").activation = keras.activations.tanh
    third = diagnose(model, x)
    assert len(compiled) == 2
    assert third.record("hidden").out.saturated is not None
    assert third.record("hidden").out.std < now
    diagnose(model, x[:5])
    assert len(compiled) == 3
    for units in range(7, 12):
        diagnose(two_layers(units=units), x)
    assert len(on_jax._programs) == on_jax.KEPT


@on_jax
def test_models_of_one_program_keep_their_own_unused_weights():
    class Half(layers.Layer):
        """Two fixed matrices, of which one is used."""

        def __init__(self, used):
            super().__init__(name="half")
            self.used = used

        def build(self, shape):
            self.pair = [
                self.add_weight(shape=(4, 4), name=f"fixed_{n}", trainable=False)
                for n in range(2)
            ]

        def call(self, x):
            return x @ self.pair[self.used]

    x = np.ones((8, 4), "float32")
    for used in (0, 1):
        model = keras.Sequential([keras.Input((4,)), Half(used), layers.Dense(2)])
        for n, kernel in enumerate(model.layers[0].pair):
            kernel.assign(np.full((4, 4), 1.0 + n))
        # Four inputs of one, weighted by one or by two.
        assert diagnose(model, x).record("half").out.mean == 4.0 * (1 + used)
