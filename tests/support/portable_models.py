"""Models with this package's initializers in them, and their reading without it."""

import keras
import numpy as np

import keras_inits
from keras_inits.initializers import descriptions
from support.distributions import values

CLASSES = """
    import json, pathlib, sys
    import keras, numpy as np

    @keras.saving.register_keras_serializable("others")
    class Gain(keras.layers.Layer):
        # Another package's, with an initializer as it is, by name and in a list.
        def __init__(self, start, name_of_start="ones", starts=(), **keywords):
            super().__init__(**keywords)
            self.start = keras.initializers.get(start)
            self.name_of_start = name_of_start
            self.starts = [keras.initializers.get(each) for each in starts]
        def build(self, shape):
            self.gain = self.add_weight(shape=shape[-1:], initializer=self.start)
        def call(self, x):
            return x * self.gain
        def get_config(self):
            own = {"start": keras.initializers.serialize(self.start)}
            own["name_of_start"] = self.name_of_start
            own["starts"] = [keras.initializers.serialize(x) for x in self.starts]
            return super().get_config() | own
"""
READER = (
    CLASSES
    + """
    assert "keras_inits" not in sys.modules
    folder, suffix = pathlib.Path(sys.argv[1]), sys.argv[2]
    for path in sorted(folder.glob(f"*.portable.{suffix}")):
        name = path.name.split(".")[0]
        if suffix == "json":
            model = keras.models.model_from_json(path.read_text())
            model.load_weights(folder / f"{name}.weights.h5")
        else:
            model = keras.saving.load_model(path)
        found = {f"w{n}": w for n, w in enumerate(model.get_weights())}
        if suffix == "keras":
            state = model.optimizer.variables
            found |= {f"o{n}": np.array(v) for n, v in enumerate(state)}
        inputs = np.load(folder / f"{name}.npz")
        x = [inputs[i.name] for i in model.inputs]
        outputs = model(x if len(x) > 1 else x[0])
        outputs = outputs if isinstance(outputs, list) else [outputs]
        outputs = map(keras.ops.convert_to_numpy, map(keras.ops.stop_gradient, outputs))
        found |= {f"p{n}": p for n, p in enumerate(outputs)}
        np.savez(folder / f"{name}.found.{suffix}.npz", **found)
    try:
        import keras_inits
    except ImportError:
        print("without the package")
"""
)


def layer_with(initializer, shape, name):
    """A layer of Keras's whose one variable the initializer fills, and its input."""
    if len(shape) == 1:
        layer = keras.layers.Dense(*shape, bias_initializer=initializer, name=name)
        return layer, keras.Input((3,), name=f"{name}_in")
    *window, inputs, outputs = shape
    if not window:
        layer = keras.layers.Dense(
            outputs, use_bias=False, kernel_initializer=initializer, name=name
        )
        return layer, keras.Input((inputs,), name=f"{name}_in")
    cls = getattr(keras.layers, f"Conv{len(window)}D")
    layer = cls(
        outputs, window, use_bias=False, kernel_initializer=initializer, name=name
    )
    return layer, keras.Input((*window, inputs), name=f"{name}_in")


def of_every_scheme():
    """Side by side, each in a layer that its example fits."""
    starts = {name: descriptions.example_scheme(name) for name in keras_inits.names()}
    starts = {k: v for k, v in starts.items() if type(v).__module__.startswith("keras")}
    starts["generator"] = keras_inits.HeFanIn(seed=keras.random.SeedGenerator(7))
    starts["far_seed"] = keras_inits.HeNormal(seed=-(2**50))
    starts["gates"] = keras_inits.per_gate(keras_inits.HeNormal(seed=5), 4)
    made = {k: layer_with(v, v.example_shape, k) for k, v in starts.items()}
    outputs = [keras.layers.Flatten()(layer(x)) for layer, x in made.values()]
    return keras.Model([x for _, x in made.values()], outputs, name="schemes")


def nested(gain):
    """Wrappers, attention, a model in a model and another package's layer; trained.

    Args:
        gain: The class `Gain`.
    """
    start = keras_inits.HeFanIn(0.1, seed=3)
    first = keras.layers.Dense(6, kernel_initializer=start, name="inside")
    lstm = keras.layers.LSTM(
        4,
        kernel_initializer=keras_inits.per_gate("he_normal", 4),
        recurrent_initializer=keras_inits.per_gate("orthogonal", 4),
        bias_initializer="unit_forget_bias",
    )
    inner = keras.Sequential(
        [
            keras.Input((4, 6)),
            keras.layers.TimeDistributed(first, name="time_distributed"),
            keras.layers.Bidirectional(lstm),
            gain(
                keras_inits.Constant(2.0),
                "keras_inits>he_normal",
                [keras_inits.HeUniform(), keras.initializers.Ones()],
                name="gain",
            ),
        ],
        name="inner",
    )
    x = keras.Input((4, 6), name="x")
    attention = keras.layers.MultiHeadAttention(
        2, 3, kernel_initializer="he_fan_in", name="attention"
    )
    # One initializer object in two layers, which Keras notes in the file.
    shared = keras_inits.XavierUniform(seed=5)
    einsum = keras.layers.EinsumDense("abc,cd->abd", (None, 6), name="einsum")
    einsum.kernel_initializer = shared
    y = inner(einsum(attention(x, x)))
    y = keras.layers.Dense(3, kernel_initializer=shared, name="head")(y)
    model = keras.Model(x, y, name="outer")
    loss, metric = keras.losses.MeanSquaredError(), keras.metrics.MeanAbsoluteError()
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=[metric])
    model.fit(np.ones((8, 4, 6)), np.ones((8, 3)), verbose=0)
    return model


def write(model, folder):
    """The model in every format, and what it predicts."""
    generator = np.random.default_rng(0)
    x = {i.name: generator.normal(size=(3, *i.shape[1:])) for i in model.inputs}
    x = {name: value.astype("float32") for name, value in x.items()}
    np.savez(folder / f"{model.name}.npz", **x)
    ordered = [x[i.name] for i in model.inputs]
    outputs = model(ordered if len(x) > 1 else ordered[0])
    model.save(folder / f"{model.name}.keras")
    (folder / f"{model.name}.json").write_text(model.to_json())
    model.save_weights(folder / f"{model.name}.weights.h5")
    state = [np.array(v) for v in getattr(model.optimizer, "variables", ())]
    model.save(folder / f"{model.name}.h5")
    found = {f"w{n}": w for n, w in enumerate(model.get_weights())}
    found |= {f"o{n}": w for n, w in enumerate(state)}
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return found | {f"p{n}": values(p) for n, p in enumerate(outputs)}
