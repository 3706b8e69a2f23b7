"""A model with one layer per scheme, saved in every format, and its reading elsewhere.

The writer runs in the test's own process. The reader is a script for a process that has
done `import keras_inits` and nothing else: it loads each file, and returns weights,
predictions, what the reloaded initializers draw, and whether training goes on.
"""

import json
import pickle

import keras
import numpy as np

from support.distributions import values
from support.scheme_examples import CLASSIC, EXAMPLES, FIXED, SCHEMES, snake_case

ROWS, COLUMNS = 6, 5
X = np.linspace(-1, 1, 4 * ROWS, dtype="float32").reshape(4, ROWS)
ARRAY = np.linspace(-2, 3, ROWS * COLUMNS).reshape(ROWS, COLUMNS)
FORMATS = ["keras", "h5", "json"]


def off_defaults(name):
    """A scheme with every argument off its default that a Dense kernel allows."""
    if name == "Constant":
        return SCHEMES[name](ARRAY)
    chosen = {}
    for example in EXAMPLES[name]:
        chosen |= example.arguments
    for name_of_cut in ("batch_axes", "groups", "gates"):
        chosen.pop(name_of_cut, None)
    if "input_axes" in chosen:
        chosen |= {"input_axes": [-2], "output_axes": [-1]}
    if name not in FIXED:
        chosen["seed"] = -(2**50)
    return SCHEMES[name](**chosen)


def initializers():
    """One per scheme, and one with a seed generator."""
    found = {snake_case(name): off_defaults(name) for name in sorted(CLASSIC)}
    generator = keras.random.SeedGenerator(7)
    found["he_fan_in_generator"] = SCHEMES["HeFanIn"](0.5, seed=generator)
    return found


def compiled(model):
    """Compiled with objects, as files of the old format do not bring strings back."""
    loss = keras.losses.MeanSquaredError()
    model.compile(keras.optimizers.Adam(0.01), loss, run_eagerly=True)
    return model


def model_of(all_initializers):
    """One Dense layer per initializer, side by side."""
    inputs = keras.Input((ROWS,))
    outputs = [
        keras.layers.Dense(COLUMNS, kernel_initializer=initializer, name=name)(inputs)
        for name, initializer in all_initializers.items()
    ]
    return compiled(keras.Model(inputs, keras.layers.Concatenate()(outputs)))


def kernels(model):
    """Kernels by the name of the scheme."""
    named = {layer.name: layer for layer in model.layers}
    return {name: values(named[name].kernel) for name in initializers()}


def draws(model):
    """What each layer's initializer draws now, outside any layer."""
    named = {layer.name: layer for layer in model.layers}
    return {
        name: values(named[name].kernel_initializer((ROWS, COLUMNS)))
        for name in initializers()
    }


def write(model, folder):
    """Every format of the model, and its initializers by themselves."""
    model.save(folder / "model.keras")
    (folder / "model.json").write_text(model.to_json())
    model.save_weights(folder / "model.weights.h5")
    own = {
        layer.name: getattr(layer, "kernel_initializer", None) for layer in model.layers
    }
    own = {name: initializer for name, initializer in own.items() if initializer}
    (folder / "initializers.pickle").write_bytes(pickle.dumps(own))
    np.save(folder / "x.npy", X)
    if keras.backend.backend() == "tensorflow":
        model.export(folder / "served", verbose=False)
    model.save(folder / "model.h5")  # last: Keras then forgets how it was compiled


READER = """
    import keras_inits
    import json, pathlib, pickle, sys
    import keras, numpy as np

    folder = pathlib.Path(sys.argv[1])
    x = np.load(folder / "x.npy")
    found = {}

    def array(tensor):
        tensor = keras.ops.reshape(tensor, tensor.shape)
        return keras.ops.convert_to_numpy(tensor).tolist()

    def owners(model):
        return [layer for layer in model.layers if hasattr(layer, "kernel")]

    def read(model):
        report = {
            "kernels": {layer.name: array(layer.kernel) for layer in owners(model)},
            "draws": {
                layer.name: array(layer.kernel_initializer((6, 5)))
                for layer in owners(model)
            },
            "config": {
                layer.name: layer.kernel_initializer.get_config()
                for layer in owners(model)
            },
            "predictions": array(model(x)),
        }
        loss = keras.losses.MeanSquaredError()
        model.compile(keras.optimizers.Adam(0.01), loss, run_eagerly=True)
        y = np.zeros(model.output_shape[1:])[None].repeat(len(x), 0)
        losses = model.fit(x, y, epochs=3, verbose=0).history["loss"]
        report["learns"] = losses[0] > losses[-1]
        return report

    found["keras"] = read(keras.saving.load_model(folder / "model.keras"))
    found["h5"] = read(keras.saving.load_model(folder / "model.h5"))
    model = keras.models.model_from_json((folder / "model.json").read_text())
    found["json fresh"] = {layer.name: array(layer.kernel) for layer in owners(model)}
    model.load_weights(folder / "model.weights.h5")
    found["json"] = read(model)
    found["pickle"] = {
        name: array(initializer((6, 5)))
        for name, initializer in pickle.loads(
            (folder / "initializers.pickle").read_bytes()).items()
    }
    if (folder / "served").exists():
        import tensorflow as tf
        served = tf.saved_model.load(folder / "served")
        found["served"] = served.serve(tf.constant(x)).numpy().tolist()
    (folder / "found.json").write_text(json.dumps(found))
"""


def loads_found(folder):
    """What the reader wrote."""
    return json.loads((folder / "found.json").read_text())
