"""An embedding from vectors of your own; the saved model does not keep them twice."""

import json
import tempfile

import keras
import numpy as np
from sklearn.datasets import load_digits

import keras_inits

x, y = load_digits(return_X_y=True)
x = (x - x.mean(axis=0)).astype("float32")
vectors = np.stack([x[:1400][y[:1400] == digit].mean(axis=0) for digit in range(10)])
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

own = keras_inits.from_array(vectors)
embedding = keras.layers.Embedding(10, 64, embeddings_initializer=own)
model = keras.Sequential([keras.Input((), dtype="int32"), embedding])
scores = x[1400:] @ keras.ops.convert_to_numpy(model(np.arange(10))).T
print(
    f"nearest vector: {np.mean(scores.argmax(axis=1) == y[1400:]):.3f} are named right"
)

saved = json.dumps(keras.saving.serialize_keras_object(own))
plain = json.dumps({"value": vectors.tolist()})
print(f"in the config: {len(saved)} characters; the values written out: {len(plain)}")

with tempfile.TemporaryDirectory() as folder:
    model.save(f"{folder}/model.keras")
    again = keras.saving.load_model(f"{folder}/model.keras")
difference = np.abs(again.get_weights()[0] - vectors).max()
print(f"loaded again, they differ by: {difference:g}")
