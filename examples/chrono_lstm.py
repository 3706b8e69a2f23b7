"""What was the first of 100 symbols? An LSTM whose gates start slow remembers it."""

import keras
import numpy as np

import keras_inits

SYMBOLS, STEPS, BATCHES = 8, 100, 200


def sequences(samples, seed):
    """A symbol, and then silence; the target is the symbol."""
    symbols = np.random.default_rng(seed).integers(0, SYMBOLS, samples)
    x = np.zeros((samples, STEPS, SYMBOLS), "float32")
    x[np.arange(samples), 0, symbols] = 1
    return x, symbols


memory = keras.layers.LSTM(32, name="memory")
stack = [keras.Input((STEPS, SYMBOLS)), memory, keras.layers.Dense(SYMBOLS)]
model = keras.Sequential(stack)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
for name, bias in {
    "chrono": keras_inits.Chrono(timesteps=STEPS),
    "unit_forget_bias": keras_inits.UnitForgetBias(),
}.items():
    keras_inits.initialize(model, {"memory/*/bias": bias, "*": "auto"}, seed=0)
    model.fit(*sequences(64 * BATCHES, seed=1), batch_size=64, shuffle=False, verbose=0)
    right = model.evaluate(*sequences(500, seed=2), verbose=0)[1]
    print(f"{name}: {right:.3f} of first symbols are remembered")
