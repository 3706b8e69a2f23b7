"""What small programs of a head, a loss and targets are made of."""

import dataclasses
from typing import Any

import keras
import numpy as np
from keras import layers, losses

FEATURES, SAMPLES, CLASSES = 6, 96, 3
RANDOM = np.random.default_rng(3)
CENTRES = 2.0 * RANDOM.standard_normal((CLASSES, FEATURES))
LABELS = RANDOM.permutation(np.arange(SAMPLES) % CLASSES)
NOISE = RANDOM.standard_normal((SAMPLES, FEATURES))
X = (CENTRES[LABELS] + NOISE).astype("float32")
X = (X - X.mean(0)) / X.std(0)
ONE_HOT = np.eye(CLASSES, dtype="float32")[LABELS]
BINARY = (LABELS > 0).astype("float32")[:, None]
SIGNS = 2 * BINARY - 1
AMOUNTS = (X @ RANDOM.standard_normal((FEATURES, 1))).astype("float32")
AMOUNTS = (AMOUNTS - AMOUNTS.mean()) / AMOUNTS.std()
SEVERAL = (X[:, :CLASSES] > 0).astype("float32")
PIXELS = np.clip(128 + 60 * AMOUNTS, 0, 255).round()
COUNTS = np.maximum(0, np.round(2 + AMOUNTS))
SOFT = (0.9 * ONE_HOT + 0.1 / CLASSES).astype("float32")
IMAGES = (1 / (1 + np.exp(-X))).astype("float32")


def network(units: int, activation: Any = None, loss: Any = None, *more: Any) -> Any:
    """A hidden layer, a head, and layers behind it."""
    kernel = keras.initializers.HeNormal(seed=0)
    hidden = layers.Dense(16, "relu", kernel_initializer=kernel, name="hidden")
    kernel = keras.initializers.GlorotUniform(seed=1)
    head = layers.Dense(units, activation, kernel_initializer=kernel, name="head")
    model = keras.Sequential([keras.Input((FEATURES,)), hidden, head, *more])
    jit = "auto" if keras.backend.backend() == "jax" else False
    model.compile(keras.optimizers.Adam(0.02), loss, jit_compile=jit)
    return model


@dataclasses.dataclass(frozen=True)
class Program:
    """A head, a loss and targets: as they are, and as they should be.

    Attributes:
        name: What is wrong.
        kind, severity: Of the finding that names it.
        faulty, right: (units, activation, loss, y), and layers behind the head.
        fix: What the fix has in it.
        fails: Whether it is trained to see that it learns nothing.
    """

    name: str
    kind: str
    severity: str
    faulty: tuple[Any, ...]
    right: tuple[Any, ...]
    fix: str = ""
    fails: bool = False


def sparse(**options: Any) -> Any:
    return losses.SparseCategoricalCrossentropy(**options)


ONE = "softmax over one unit"
UNFIT = "head does not fit loss"
BEYOND = "outputs cannot reach targets"
MISFIT = "labels do not fit"
SPARSE, ROWS = "sparse_categorical_crossentropy", "categorical_crossentropy"
BCE = "binary_crossentropy"
GOOD = (3, "softmax", SPARSE, LABELS)
YES_NO = (1, "sigmoid", BCE, BINARY)
AMOUNT = (1, None, "mse", AMOUNTS)
