"""Opens saved models in a process of its own, and predicts.

`python reopen.py FOLDER MODEL ...` reads `examples.npy` in the folder and writes the
predictions of the models to `0.npy`, `1.npy` and so on.
"""

import pathlib
import sys

import keras
import numpy as np

import keras_inits  # noqa: F401  the one line that opening such models takes


def main(folder: str, *models: str) -> None:
    """Predicts with each model.

    Args:
        folder: Where the examples are and the predictions go.
        *models: Files in Keras's format.
    """
    examples = np.load(pathlib.Path(folder, "examples.npy"))
    for number, path in enumerate(models):
        model = keras.saving.load_model(path)
        predicted = keras.ops.convert_to_numpy(model(examples, training=False))
        np.save(pathlib.Path(folder, f"{number}.npy"), predicted)


if __name__ == "__main__":
    main(*sys.argv[1:])
