"""14 blocks of a Transformer without LayerNorm and without warm-up: T-Fixup."""

import keras
import numpy as np
from sklearn.datasets import load_digits

import keras_inits

x, y = load_digits(return_X_y=True)
x = ((x - x.mean()) / x.std()).astype("float32").reshape(-1, 8, 8)  # 8 tokens: the rows
x = np.concatenate([x, np.broadcast_to(np.eye(8, dtype="float32"), x.shape)], axis=-1)
WIDTH, BLOCKS = 32, 14

inputs = keras.Input((8, 16))
stream = keras.layers.Dense(WIDTH, name="rows_and_places")(inputs)
for i in range(BLOCKS):
    attention = keras.layers.MultiHeadAttention(4, 8, name=f"attention{i}")
    stream = stream + attention(stream, stream)
    hidden = keras.layers.Dense(2 * WIDTH, "relu", name=f"mlp{i}_in")(stream)
    stream = stream + keras.layers.Dense(WIDTH, name=f"mlp{i}_out")(hidden)
outputs = keras.layers.Dense(10)(keras.layers.GlobalAveragePooling1D()(stream))
model = keras.Model(inputs, outputs)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(
    keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"], jit_compile=False
)

scaled = keras_inits.TFixup("encoder", layers=BLOCKS)
paths = ("*/value/kernel", "*/attention_output/kernel", "mlp*/kernel")
for name, rules in {
    "xavier_uniform": {},
    "t_fixup": dict.fromkeys(paths, scaled),
}.items():
    keras_inits.initialize(model, {**rules, "*": "xavier_uniform"}, seed=1)
    model.fit(x[:1400], y[:1400], batch_size=50, epochs=4, shuffle=False, verbose=0)
    right = model.evaluate(x[1400:], y[1400:], verbose=0)[1]
    print(f"{name}: {right:.3f} of new digits are named right")
