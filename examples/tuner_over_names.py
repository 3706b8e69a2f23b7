"""KerasTuner chooses among initializers: a name is a hyperparameter like any other."""

import tempfile

import keras
import keras_tuner
from sklearn.datasets import load_digits

import keras_inits

x, y = load_digits(return_X_y=True)
x = ((x - x.mean()) / x.std()).astype("float32")
NAMES = ["he_fan_in", "xavier_uniform", "torch_default", "lora_b"]  # the last: zeros
assert set(NAMES) <= set(keras_inits.names())


def build(hp):
    kernel = {"kernel_initializer": hp.Choice("kernel", NAMES)}
    layers = [keras.layers.Dense(64, "relu", **kernel) for _ in range(12)]
    model = keras.Sequential([keras.Input((64,)), *layers, keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.02), loss, metrics=["accuracy"])
    return model


with tempfile.TemporaryDirectory() as folder:
    how = {"objective": "val_accuracy", "seed": 1, "directory": folder}
    tuner = keras_tuner.GridSearch(build, overwrite=True, **how)
    data = {"x": x[:1400], "y": y[:1400], "validation_data": (x[1400:], y[1400:])}
    tuner.search(**data, epochs=6, verbose=0)
    trials = tuner.oracle.get_best_trials(len(NAMES))
for trial in trials:
    print(f"{trial.hyperparameters.get('kernel')}: {trial.score:.3f}")
print(f"best: {trials[0].hyperparameters.get('kernel')}")
