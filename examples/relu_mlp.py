"""Do 20 layers of ReLU learn to read digits? From He's kernels, by name, they do."""

import keras
from sklearn.datasets import load_digits

import keras_inits

x, y = load_digits(return_X_y=True)
x = ((x - x.mean()) / x.std()).astype("float32")
assert "he_fan_in" in keras_inits.names()  # importing the package made it a name


def accuracy(kernel):
    keras.utils.set_random_seed(1)
    hidden = [
        keras.layers.Dense(128, "relu", kernel_initializer=kernel) for _ in range(20)
    ]
    model = keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01), loss, metrics=["accuracy"])
    model.fit(x[:1400], y[:1400], batch_size=50, epochs=8, verbose=0)
    return model.evaluate(x[1400:], y[1400:], verbose=0)[1]


for name in ("he_fan_in", "glorot_uniform"):  # the second is Keras's default
    print(f"{name}: {accuracy(name):.3f} of new digits are named right")
