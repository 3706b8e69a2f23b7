"""A depthwise kernel connects 9 inputs to a unit, not 9 times the channels."""

import keras
import numpy as np
from sklearn.datasets import load_digits

import keras_inits

x, y = load_digits(return_X_y=True)
x = ((x - x.mean()) / x.std()).astype("float32").reshape(-1, 8, 8, 1)

keras.utils.set_random_seed(1)
model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(64, 1)])
for i in range(8):
    he = {"depthwise_initializer": "he_normal", "pointwise_initializer": "he_normal"}
    model.add(
        keras.layers.SeparableConv2D(64, 3, padding="same", name=f"block{i}", **he)
    )
    model.add(keras.layers.ReLU())
model.add(keras.layers.GlobalAveragePooling2D())
model.add(keras.layers.Dense(10))
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
features = keras.Model(
    model.inputs[0], [model.get_layer(f"block{i}").output for i in (0, 7)]
)


def try_it(name):
    first, last = (np.std(keras.ops.convert_to_numpy(a)) for a in features(x[:256]))
    model.fit(x[:1400], y[:1400], batch_size=50, epochs=4, verbose=0)
    right = model.evaluate(x[1400:], y[1400:], verbose=0)[1]
    print(f"{name}: {last / first:.2g} of the signal is left, {right:.3f} read")


print(keras_inits.fans(model.get_layer("block3"), "depthwise_kernel"))
try_it("Keras's he_normal")
keras_inits.initialize(model, "auto", seed=1)
try_it("initialize")
