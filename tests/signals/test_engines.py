"""Engines: what they save, in memory and in time, changes no figure."""

import gc
import weakref

import keras
import numpy as np
import pytest
from keras import layers

from keras_inits.diagnosis import diagnose

on_tensorflow = pytest.mark.backend("tensorflow")  # a tape that keeps too much
on_jax = pytest.mark.backend("jax")  # steps that are compiled


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
    from keras_inits.signals.engines import recompute as recompute

    keras.utils.set_random_seed(0)
    model, x, y = spared()
    moving = model.get_layer("norm").moving_mean
    # Away from where the gradient by an input of a normalization is simple.
    model.get_layer("norm").gamma.assign([0.5, 1.5, -1.0, 2.0])
    before = keras.ops.convert_to_numpy(moving)
    monkeypatch.setattr(recompute.Recompute, "save", lambda *_: None)
    plain = diagnose(model, x, y, try_fixes=False)
    monkeypatch.undo()
    monkeypatch.setattr(recompute, "LARGE", 0)
    used = []
    run = recompute.with_gradient
    monkeypatch.setattr(
        recompute,
        "with_gradient",
        lambda f, *a: used.append(f.__qualname__) or run(f, *a),
    )
    thrifty = diagnose(model, x, y, try_fixes=False)
    kinds = {name.split(".")[1] for name in used}
    assert kinds == {"again", "_sum", "_run"}
    # Normalizations, sums; gelu, gelu, mish, not silu; and behind the first step again.
    assert len(used) == 2 * (2 + 2 + 3)
    assert_same_figures(thrifty, plain)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(moving), before)


def assert_same_figures(one, other):
    """Up to sums in another order: 1e-6 of the largest of some hundred, and spare."""
    np.testing.assert_allclose(one.loss, other.loss, rtol=1e-5)
    for ours, theirs in zip(one.records, other.records, strict=True):
        assert (ours.name, ours.parents) == (theirs.name, theirs.parents)
        for seen in ("pre", "out", "gradient"):
            a, b = getattr(ours, seen), getattr(theirs, seen)
            assert (a is None) == (b is None)
            if a is not None:
                np.testing.assert_allclose(a.std, b.std, rtol=1e-4)
    for ours, theirs in zip(one.weights, other.weights, strict=True):
        assert (ours.gradient is None) == (theirs.gradient is None)
        if ours.gradient is None:
            continue
        a, b = ours.gradient.norm, theirs.gradient.norm
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)


def many_alike():
    """A model of all kinds of layers that are compiled where they are many."""
    start = keras.Input((5, 6))
    x = start
    for activation in ("gelu", "tanh"):
        x = layers.MultiHeadAttention(2, 3)(layers.LayerNormalization()(x), x)
        x = layers.RMSNormalization()(layers.Dense(6, activation)(x))
        x = layers.GroupNormalization(3)(layers.Dense(6, use_bias=False)(x))
    model = keras.Model(start, layers.EinsumDense("abc,cd->ad", 3)(x))
    for variable in model.trainable_variables:
        variable.assign_add(0.1 * np.random.default_rng(1).random(variable.shape))
    random = np.random.default_rng(0)
    return model, random.standard_normal((70, 5, 6)).astype("float32")


@on_tensorflow
def test_alike_layers_are_compiled_once_and_change_no_figure(monkeypatch):
    from keras_inits.signals.engines import compiled
    from keras_inits.signals.engines import recompute as recompute

    keras.utils.set_random_seed(0)
    model, x = many_alike()
    model.layers[2].trainable = False
    compiled.layer.cache_clear()
    plain = diagnose(model, x, batches=3)  # the last has fewer rows
    assert compiled.layer.cache_info().misses == 0
    monkeypatch.setattr(recompute, "MANY", 0)
    quick = diagnose(model, x, batches=3)
    assert_same_figures(quick, plain)
    # LayerNormalization, RMS-, Group-; query, key and value are alike, their output,
    # Dense with bias whatever its activation, without, the head.
    info = compiled.layer.cache_info()
    assert info.misses == 8
    # A pass has 2 · (3 + 4 + 2) layers and the head.
    assert info.hits == 3 * 19 - 8
    monkeypatch.setattr(recompute, "MANY", 2 * x[:32].size + 1)
    compiled.layer.cache_clear()
    diagnose(model, x)
    # Two alike layers are too few, six are not.
    assert compiled.layer.cache_info().misses == 1


@on_tensorflow
def test_what_is_compiled_keeps_no_model_alive(monkeypatch):
    from keras_inits.signals.engines import recompute as recompute

    monkeypatch.setattr(recompute, "MANY", 0)
    model, x = many_alike()
    diagnose(model, x)
    layer = weakref.ref(model.layers[-1])
    del model
    gc.collect()
    assert layer() is None


@on_tensorflow
def test_a_layer_with_a_call_of_its_own_is_not_compiled(monkeypatch):
    from keras_inits.signals.engines import recompute as recompute

    monkeypatch.setattr(recompute, "MANY", 0)
    layer = layers.Dense(3)
    model = keras.Sequential([keras.Input((4,)), layer])
    x = np.ones((2, 4), "float32")
    layer.__dict__["call"] = lambda x, training=None: x[:, :3] * 2.0
    assert diagnose(model, x).records[0].out.rms == pytest.approx(2.0)


@on_tensorflow
def test_layers_of_mixed_types_and_with_adapters_are_not_compiled():
    from keras_inits.signals.engines.compiled import configuration

    def built(**kwargs):
        layer = layers.Dense(3, **kwargs)
        layer.build((None, 4))
        return layer

    adapted = built()
    adapted.enable_lora(2)
    quantized = built()
    quantized.quantize("int8")
    assert configuration(built(activation="tanh")) == configuration(built())
    assert configuration(built(use_bias=False)) != configuration(built())
    for layer in (adapted, quantized, built(dtype="mixed_bfloat16")):
        assert configuration(layer) is None


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
    diagnose(model, np.ones((2, 4), "float32"), try_fixes=False)
    # What came in before is gone, but for the model's own input.
    assert max(alive[-5:]) <= 1
    assert not any("fill_in" in vars(node.arguments) for node in nodes(model))


def nodes(model):
    return [node for depth in model._nodes_by_depth.values() for node in depth]


@on_tensorflow
def test_a_tape_keeps_no_output_of_a_probe():
    import tensorflow as tf

    from keras_inits.signals.engines.recompute import with_gradient

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

    from keras_inits.signals.engines import jax as on_jax

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
