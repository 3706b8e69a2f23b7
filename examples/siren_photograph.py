"""A network of sines learns a photograph by heart, if it starts as SIREN says."""

import keras
import numpy as np
from sklearn.datasets import load_sample_image

import keras_inits

image = load_sample_image("flower.jpg").mean(axis=-1)[190:222, 300:332] / 127.5 - 1
along = np.linspace(-1, 1, 32)
x = np.stack(np.meshgrid(along, along, indexing="ij"), axis=-1).reshape(-1, 2)
x, y = x.astype("float32"), image.reshape(-1, 1).astype("float32")


class Sine(keras.layers.Layer):
    def call(self, z):
        return keras.ops.sin(30.0 * z)


model = keras.Sequential([keras.Input((2,))])
for name in ("first", "second", "third"):
    model.add(keras.layers.Dense(64, name=name))
    model.add(Sine())
model.add(keras.layers.Dense(1, name="grey"))
model.compile(keras.optimizers.Adam(1e-3), "mse")

for name, rules in {
    "siren": {"first/*": "siren_first", "*": "siren_hidden"},
    "glorot_uniform": "glorot_uniform",
}.items():
    keras_inits.initialize(model, rules, seed=7)
    model.fit(x, y, batch_size=1024, epochs=100, shuffle=False, verbose=0)
    error = model.evaluate(x, y, batch_size=1024, verbose=0)
    print(f"{name}: {10 * np.log10(4 / error):.1f} dB")  # grey is in -1 to 1
