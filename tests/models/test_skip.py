"""Inside `skip` nothing is drawn, and `missing` names what nobody has set since."""

import json
import threading

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits import missing, skip
from support import fresh

layers = keras.layers
ALL = [
    *("a/kernel", "a/bias"),
    *("norm/gamma", "norm/beta", "norm/moving_mean", "norm/moving_variance"),
    *("b/kernel", "b/bias"),
]


def build(units=2):
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(3, name="a"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.5, seed=7),
            layers.Dense(units, kernel_initializer="he_fan_in", name="b"),
        ]
    )


def skipped(units=2):
    with skip():
        return build(units)


def array(variable):
    return np.array(keras.ops.convert_to_numpy(variable.value))


class Forbidden(keras.initializers.RandomNormal):
    """Keras's own kind of initializer, which must not be asked."""

    def __call__(self, shape, dtype=None):
        raise AssertionError("drawn")


def forbidden(shape, dtype=None):
    raise AssertionError("drawn")


@pytest.mark.parametrize("initializer", [Forbidden(), forbidden])
def test_nothing_is_drawn(initializer):
    """Twin: outside, the same layer is."""
    layer = layers.Dense(3, kernel_initializer=initializer)
    with pytest.raises(AssertionError, match="drawn"):
        layer.build((None, 4))
    layer = layers.Dense(3, kernel_initializer=initializer)
    with skip():
        layer.build((None, 4))
    assert not array(layer.kernel).any()


def test_what_would_be_drawn_is_zero_and_constants_are_what_they_are():
    model, drawn = skipped(), build()
    for one, other in zip(model.weights, drawn.weights, strict=True):
        if one.name == "kernel":
            assert not array(one).any()
            assert array(other).all()
        else:
            assert np.array_equal(array(one), array(other))
    assert array(model.get_layer("norm").moving_variance).all()


def test_a_new_model_misses_all_and_one_built_outside_nothing():
    assert missing(skipped()) == ALL
    assert missing(build()) == []


def test_seeds_start_as_ever():
    def state(model):
        return array(model.layers[2].seed_generator.state)

    assert np.array_equal(state(skipped()), state(build()))


def by_file(model, source, folder):
    source.save_weights(folder / "model.weights.h5")
    model.load_weights(folder / "model.weights.h5")


def by_set_weights(model, source, folder):
    model.set_weights(source.get_weights())


def by_assign(model, source, folder):
    for one, other in zip(model.weights, source.weights, strict=True):
        one.assign(other)


def by_initialize(model, source, folder):
    keras_inits.initialize(model, "he_normal", seed=7)


@pytest.mark.parametrize("load", [by_file, by_set_weights, by_assign, by_initialize])
def test_a_weight_that_is_set_is_not_missing(load, tmp_path):
    """Biases of zeros, which the file has as well, too."""
    model = skipped()
    load(model, build(), tmp_path)
    assert missing(model) == []


def test_a_partial_load_leaves_the_rest(tmp_path):
    build(2).save_weights(tmp_path / "model.weights.h5")
    model = skipped(5)
    with pytest.warns(UserWarning, match="could not be loaded"):
        model.load_weights(tmp_path / "model.weights.h5", skip_mismatch=True)
    assert missing(model) == ["b/kernel", "b/bias"]


@pytest.mark.parametrize("change", ["assign_add", "assign_sub"])
def test_one_variable_is_taken_from_the_list(change):
    model = skipped()
    getattr(model.get_layer("a").kernel, change)(keras.ops.ones((4, 3)))
    assert missing(model) == ALL[1:]


def test_a_new_value_in_a_stateless_scope_is_none_of_the_variable():
    model = skipped()
    with keras.StatelessScope():
        model.get_layer("a").kernel.assign(keras.ops.ones((4, 3)))
    assert missing(model) == ALL


def test_it_can_be_nested_and_left_by_an_error():
    with skip():
        with pytest.raises(RuntimeError), skip():
            raise RuntimeError
        assert missing(build()) == ALL
    assert missing(build()) == []
    own = vars(keras.Variable).get("_initialize_with_initializer")
    assert "variable_starts" not in str(getattr(own, "__module__", ""))


def test_other_threads_draw():
    found = {}
    thread = threading.Thread(target=lambda: found.update(there=missing(build())))
    with skip():
        thread.start()
        thread.join(60)
        found["here"] = missing(build())
    assert found == {"there": [], "here": ALL}


class Own(keras.Model):
    """Its layers get their weights at its first call."""

    def __init__(self):
        super().__init__()
        self.inner = layers.Dense(3)

    def call(self, x):
        return self.inner(x)


def test_layers_that_are_built_by_a_call():
    late = Own()
    with skip():
        early = Own()
        early(keras.ops.ones((2, 4)))
        symbolic = Own()
        keras.Model(x := keras.Input((4,)), symbolic(x))
        Own()
    late(keras.ops.ones((2, 4)))
    assert missing(early) == missing(symbolic) == ["inner/kernel", "inner/bias"]
    assert missing(late) == []


def test_within_replacing_builtins_and_with_an_optimizer():
    with skip(), keras_inits.replacing_builtins():
        model = build()
        model.compile("adam", "mse", metrics=["mae"])
        model.optimizer.build(model.trainable_variables)
    assert missing(model) == ALL
    assert float(array(model.optimizer.learning_rate)) == pytest.approx(0.001)


@pytest.mark.parametrize("policy", ["float16", "bfloat16", "mixed_bfloat16", "int8"])
def test_every_type_of_weights(policy):
    policy = "int8_from_float32" if policy == "int8" else policy
    layer = layers.Dense(3, dtype=policy)
    with skip():
        layer.build((None, 4))
    scale = ["kernel_scale"] if policy.startswith("int8") else []
    assert sorted(missing(layer)) == ["bias", "kernel", *scale]
    layer.set_weights(layer.get_weights())
    assert missing(layer) == []


def test_an_interrupted_initialization_leaves_them_missing(monkeypatch):
    model = skipped()
    last = model.weights[-1]

    def interrupt(value):
        raise KeyboardInterrupt

    monkeypatch.setattr(last, "assign", interrupt)
    with pytest.raises(KeyboardInterrupt):
        keras_inits.initialize(model, "he_normal", seed=7)
    assert missing(model) == ALL


def test_running_a_model_sets_nothing_and_training_it_does():
    model = skipped()
    model.compile("sgd", "mse")
    x, y = np.ones((4, 4), "float32"), np.ones((4, 2), "float32")
    model.predict(x, verbose=0)
    model.evaluate(x, y, verbose=0)
    assert missing(model) == ALL
    model.fit(x, y, verbose=0)
    assert "norm/moving_variance" not in missing(model)
    assert "b/bias" not in missing(model)


@pytest.mark.backend("torch")
def test_a_state_dict_of_pytorch_is_seen_by_its_values():
    """All but biases of zeros and gains of one, which stay as they were."""
    model, source = skipped(), build()
    state = dict(zip(model.state_dict(), source.state_dict().values(), strict=True))
    model.load_state_dict(state)
    assert not {"a/kernel", "b/kernel"} & set(missing(model))


@pytest.mark.backend("tensorflow")
def test_a_checkpoint_of_tensorflow_is_seen_by_its_values(tmp_path):
    import tensorflow as tf

    path = tf.train.Checkpoint(build()).save(str(tmp_path / "point"))
    model = skipped()
    tf.train.Checkpoint(model).restore(path)
    assert not {"a/kernel", "b/kernel"} & set(missing(model))


SHARDED = """
import json
import keras
import keras_inits

mesh = keras.distribution.DeviceMesh((1, 4), ("batch", "model"))
layout = keras.distribution.LayoutMap(mesh)
layout[".*kernel"] = (None, "model")
parallel = keras.distribution.ModelParallel(layout_map=layout, batch_dim_name="batch")

def build():
    return keras.Sequential([keras.Input((16,)), keras.layers.Dense(24)])

with parallel.scope(), keras_inits.skip():
    model = build()
whole = build()
kernel = model.layers[0].kernel.value
found = {
    "part": kernel.addressable_shards[0].data.shape,
    "any": bool(kernel.any()),
    "missing": keras_inits.missing(model),
}
for one in (model, whole):
    keras_inits.initialize(one, "he_fan_in", seed=7)
found["left"] = keras_inits.missing(model)
found["equal"] = keras_inits.fingerprint(model) == keras_inits.fingerprint(whole)
print(json.dumps(found))
"""


@pytest.mark.backend("jax")
def test_sharded_weights_are_born_sharded_and_have_one_fingerprint():
    flags = "--xla_force_host_platform_device_count=4"
    there = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    assert json.loads(fresh.run(SHARDED, **there).splitlines()[-1]) == {
        "part": [16, 6],
        "any": False,
        "missing": ["dense[0]/kernel", "dense[0]/bias"],
        "left": [],
        "equal": True,
    }
