"""Small programs with a fault of head, loss or labels, each with its correction.

And programs that use every kind of head and loss rightly, which nobody may accuse.
"""

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


def _sparse(**options: Any) -> Any:
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

HEADS = [
    Program(
        "softmax over one unit, binary",
        ONE,
        "error",
        (1, "softmax", BCE, BINARY),
        YES_NO,
        'keras.layers.Dense(1, activation="sigmoid", name="head")',
        True,
    ),
    Program(
        "softmax over one unit, squared error",
        ONE,
        "error",
        (1, "softmax", "mse", AMOUNTS),
        AMOUNT,
        'keras.layers.Dense(1, activation="linear", name="head")',
    ),
    Program(
        "softmax over one unit, several classes",
        ONE,
        "error",
        (1, "softmax", BCE, LABELS),
        GOOD,
        'Dense(3, activation="softmax", name="head")',
    ),
    Program(
        "softmax over one unit, a layer of its own",
        ONE,
        "error",
        (1, None, BCE, BINARY, layers.Softmax(name="last")),
        YES_NO,
        'keras.layers.Activation("sigmoid", name="last")',
        None,
    ),
    Program(
        "categorical over one sigmoid",
        UNFIT,
        "error",
        (1, "sigmoid", ROWS, BINARY),
        YES_NO,
        'loss="binary_crossentropy"',
        True,
    ),
    Program(
        "sparse categorical over one sigmoid",
        UNFIT,
        "error",
        (1, "sigmoid", SPARSE, BINARY),
        YES_NO,
        'loss="binary_crossentropy"',
    ),
    Program(
        "logits as probabilities, sparse",
        UNFIT,
        "error",
        (3, None, SPARSE, LABELS),
        (3, None, _sparse(from_logits=True), LABELS),
        "SparseCategoricalCrossentropy(from_logits=True)",
        None,
    ),
    Program(
        "logits as probabilities, rows",
        UNFIT,
        "error",
        (3, None, losses.CategoricalCrossentropy(), ONE_HOT),
        (3, None, losses.CategoricalCrossentropy(from_logits=True), ONE_HOT),
        "CategoricalCrossentropy(from_logits=True)",
    ),
    Program(
        "tanh under a categorical cross entropy",
        UNFIT,
        "error",
        (3, "tanh", ROWS, ONE_HOT),
        (3, "softmax", ROWS, ONE_HOT),
        'Dense(3, activation="softmax", name="head")',
    ),
    Program(
        "logits as probabilities, binary",
        UNFIT,
        "warning",
        (1, None, BCE, BINARY),
        (1, None, losses.BinaryCrossentropy(from_logits=True), BINARY),
        "BinaryCrossentropy(from_logits=True)",
    ),
    Program(
        "tanh under a binary cross entropy",
        UNFIT,
        "warning",
        (1, "tanh", BCE, BINARY),
        YES_NO,
        'Dense(1, activation="sigmoid", name="head")',
    ),
    Program(
        "ReLU under a binary cross entropy",
        UNFIT,
        "warning",
        (1, "relu", losses.BinaryCrossentropy, BINARY),
        YES_NO,
        'Dense(1, activation="sigmoid", name="head")',
    ),
    Program(
        "ReLU under a categorical cross entropy",  # 0 / 0 where no unit is on
        UNFIT,
        "error",
        (3, "relu", ROWS, ONE_HOT),
        (3, "softmax", ROWS, ONE_HOT),
        'Dense(3, activation="softmax", name="head")',
    ),
    Program(
        "probabilities as logits, sparse",
        UNFIT,
        "warning",
        (3, "softmax", _sparse(from_logits=True), LABELS),
        GOOD,
        'loss="sparse_categorical_crossentropy"',
    ),
    Program(
        "probabilities as logits, binary",
        UNFIT,
        "warning",
        (1, "sigmoid", losses.BinaryCrossentropy(from_logits=True), BINARY),
        YES_NO,
        'loss="binary_crossentropy"',
    ),
    Program(
        "probabilities as logits, softmax by an operation",
        UNFIT,
        "warning",
        (
            3,
            None,
            _sparse(from_logits=True),
            LABELS,
            layers.Lambda(lambda x: keras.ops.softmax(x), name="last"),
        ),
        GOOD,
        'loss="sparse_categorical_crossentropy"',
    ),
    Program(
        "softmax over classes under a binary cross entropy",
        UNFIT,
        "warning",
        (3, "softmax", BCE, ONE_HOT),
        (3, "softmax", ROWS, ONE_HOT),
        'loss="categorical_crossentropy"',
    ),
    Program(
        "several labels at once, softmax",
        UNFIT,
        "warning",
        (3, "softmax", ROWS, SEVERAL),
        (3, "sigmoid", BCE, SEVERAL),
        'Dense(3, activation="sigmoid", name="head")',
    ),
    Program(
        "sigmoid under a divergence",
        UNFIT,
        "warning",
        (3, "sigmoid", "kl_divergence", ONE_HOT),
        (3, "softmax", "kl_divergence", ONE_HOT),
        'Dense(3, activation="softmax", name="head")',
    ),
    Program(
        "linear under a divergence",
        UNFIT,
        "error",
        (3, None, "kl_divergence", ONE_HOT),
        (3, "softmax", "kl_divergence", ONE_HOT),
        'Dense(3, activation="softmax", name="head")',
    ),
    Program(
        "linear under Poisson",
        UNFIT,
        "error",
        (1, None, "poisson", COUNTS),
        (1, "exponential", "poisson", COUNTS),
        'Dense(1, activation="exponential", name="head")',
    ),
    Program(
        "ReLU for targets of both signs",
        BEYOND,
        "error",
        (1, "relu", "mse", AMOUNTS),
        AMOUNT,
        'Dense(1, activation="linear", name="head")',
        True,
    ),
    Program(
        "ReLU layer for targets of both signs",
        BEYOND,
        "error",
        (1, None, "mae", AMOUNTS, layers.ReLU(name="last")),
        AMOUNT,
        'Activation("linear", name="last")',
    ),
    Program(
        "sigmoid for amounts",
        BEYOND,
        "error",
        (1, "sigmoid", "mse", 5 * AMOUNTS),
        (1, None, "mse", AMOUNTS),
        'Dense(1, activation="linear", name="head")',
    ),
    Program(
        "sigmoid for pixels",
        BEYOND,
        "error",
        (1, "sigmoid", "mse", PIXELS),
        (1, "sigmoid", "mse", PIXELS / 255),
        "y = y / 255",
    ),
    Program(
        "tanh for amounts",
        BEYOND,
        "error",
        (1, "tanh", "huber", 10 * AMOUNTS),
        AMOUNT,
        'Dense(1, activation="linear", name="head")',
        True,
    ),
    Program(
        "softmax for amounts",
        BEYOND,
        "error",
        (3, "softmax", "mse", 2 * X[:, :3]),
        (3, None, "mse", 2 * X[:, :3]),
        'Dense(3, activation="linear", name="head")',
    ),
    Program(
        "sigmoid for signs",
        BEYOND,
        "warning",
        (1, "sigmoid", "mse", SIGNS),
        (1, "tanh", "mse", SIGNS),
        'Dense(1, activation="linear", name="head")',
    ),
    Program(
        "sigmoid under hinge",
        BEYOND,
        "warning",
        (1, "sigmoid", "hinge", SIGNS),
        (1, "tanh", "hinge", SIGNS),
        'Dense(1, activation="tanh", name="head")',
    ),
]

LABELLED = [
    Program(
        "labels from 1",
        MISFIT,
        "error",
        (3, "softmax", SPARSE, LABELS + 1),
        GOOD,
        "y = y - 1",
    ),
    Program(
        "a label too large",
        MISFIT,
        "error",
        (2, "softmax", SPARSE, LABELS),
        GOOD,
        'Dense(3, activation="softmax", name="head")',
    ),
    Program(
        "labels from 1, and a unit too few",
        MISFIT,
        "error",
        (2, "softmax", SPARSE, LABELS + 1),
        GOOD,
        'y = y - 1\nkeras.layers.Dense(3, activation="softmax", name="head")',
    ),
    Program(
        "labels from -1",
        MISFIT,
        "error",
        (3, "softmax", SPARSE, LABELS - 1),
        GOOD,
        "y = y + 1",
    ),
    Program(
        "signs as classes",
        MISFIT,
        "error",
        (2, "softmax", SPARSE, SIGNS[:, 0].astype(int)),
        (2, "softmax", SPARSE, BINARY[:, 0].astype(int)),
        "y = (y + 1) // 2",
    ),
    Program(
        "a missing label",
        MISFIT,
        "error",
        (3, "softmax", SPARSE, np.where(np.arange(SAMPLES) % 9, LABELS, -7)),
        GOOD,
        "SparseCategoricalCrossentropy(ignore_class=-7)",
    ),
    Program(
        "one-hot under sparse",
        MISFIT,
        "error",
        (3, "softmax", SPARSE, ONE_HOT),
        (3, "softmax", ROWS, ONE_HOT),
        'loss="categorical_crossentropy"',
    ),
    Program(
        "one-hot under sparse, logits",
        MISFIT,
        "error",
        (3, None, _sparse(from_logits=True), ONE_HOT),
        (3, None, losses.CategoricalCrossentropy(from_logits=True), ONE_HOT),
        "loss=keras.losses.CategoricalCrossentropy(from_logits=True)",
    ),
    Program(
        "class numbers under rows",
        MISFIT,
        "error",
        (3, "softmax", ROWS, LABELS),
        GOOD,
        'loss="sparse_categorical_crossentropy"',
    ),
    Program(
        "class numbers in a column under rows",
        MISFIT,
        "error",
        (3, "softmax", ROWS, LABELS[:, None]),
        GOOD,
        'loss="sparse_categorical_crossentropy"',
    ),
    Program(
        "one-hot of another width",
        MISFIT,
        "error",
        (4, "softmax", ROWS, ONE_HOT),
        (3, "softmax", ROWS, ONE_HOT),
        'Dense(3, activation="softmax", name="head")',
    ),
    Program(
        "class numbers under a binary cross entropy",
        MISFIT,
        "error",
        (3, "softmax", BCE, LABELS),
        GOOD,
        'loss="sparse_categorical_crossentropy"',
    ),
    Program(
        "class numbers under a squared error",
        MISFIT,
        "error",
        (3, "softmax", "mse", LABELS),
        GOOD,
        'loss="sparse_categorical_crossentropy"',
    ),
    Program(
        "signs under a binary cross entropy",
        MISFIT,
        "error",
        (1, "sigmoid", BCE, SIGNS),
        YES_NO,
        "y = (y + 1) / 2",
    ),
    Program(
        "classes 1 and 2 under a binary cross entropy",
        MISFIT,
        "error",
        (1, "sigmoid", BCE, BINARY + 1),
        YES_NO,
        "y = y - 1",
    ),
    Program(
        "three classes for one sigmoid",
        MISFIT,
        "error",
        (1, "sigmoid", BCE, LABELS[:, None]),
        GOOD,
        'Dense(3, activation="softmax", name="head")',
    ),
    Program(
        "pixels under a binary cross entropy",
        MISFIT,
        "error",
        (1, "sigmoid", BCE, PIXELS),
        (1, "sigmoid", BCE, PIXELS / 255),
        "y = y / 255",
    ),
    Program(
        "amounts under a binary cross entropy",
        MISFIT,
        "error",
        (1, "sigmoid", BCE, AMOUNTS),
        AMOUNT,
        'loss="mean_squared_error"',
    ),
    Program(
        "three columns for one unit",
        MISFIT,
        "error",
        (1, None, "mse", X[:, :3]),
        (3, None, "mse", X[:, :3]),
        'Dense(3, activation="linear", name="head")',
    ),
    Program(
        "one column for three units",
        MISFIT,
        "error",
        (3, None, "mse", AMOUNTS),
        AMOUNT,
        'Dense(1, activation="linear", name="head")',
    ),
    Program(
        "one-hot for one sigmoid",
        MISFIT,
        "error",
        (1, "sigmoid", BCE, np.eye(2)[BINARY[:, 0].astype(int)]),
        YES_NO,
        'Dense(2, activation="softmax", name="head")',
    ),
    Program(
        "classes under hinge",
        MISFIT,
        "error",
        (1, None, "hinge", LABELS[:, None]),
        (1, None, "hinge", SIGNS),
        "",
    ),
    Program(
        "sorted",
        "labels all the same",
        "warning",
        (3, "softmax", SPARSE, np.sort(LABELS)),
        GOOD,
        "permutation",
    ),
    Program(
        "sorted, one-hot",
        "labels all the same",
        "warning",
        (3, "softmax", ROWS, np.eye(3)[np.sort(LABELS)]),
        (3, "softmax", ROWS, ONE_HOT),
        "permutation",
    ),
    Program(
        "the same for all",
        "labels all the same",
        "warning",
        (1, "sigmoid", BCE, np.ones((SAMPLES, 1))),
        YES_NO,
        "",
    ),
]


class Quantile(losses.Loss):
    """A loss that Keras does not know."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        off = keras.ops.cast(y_true, y_pred.dtype) - y_pred
        return keras.ops.mean(keras.ops.maximum(0.9 * off, -0.1 * off), -1)


def ordinal(y: Any, p: Any) -> Any:
    """Binary cross entropies of `class > k`, of logits."""
    steps = keras.ops.cast(y > np.arange(2, dtype="float32"), p.dtype)
    return keras.ops.mean(keras.ops.softplus(p) - steps * p, -1)


def contrastive(y: Any, distance: Any) -> Any:
    near = keras.ops.square(distance)
    far = keras.ops.square(keras.ops.maximum(1.0 - distance, 0.0))
    return keras.ops.mean(y * near + (1 - y) * far, -1)


HEALTHY: dict[str, tuple[Any, ...]] = {
    "binary": YES_NO,
    "binary, labels (n,)": (1, "sigmoid", losses.BinaryCrossentropy(), BINARY[:, 0]),
    "binary, whole numbers": (1, "sigmoid", BCE, BINARY.astype("int64")),
    "binary, logits": (
        1,
        None,
        losses.BinaryCrossentropy(from_logits=True),
        BINARY,
    ),
    "binary, focal": (1, "sigmoid", losses.BinaryFocalCrossentropy(), BINARY),
    "binary, smoothed": (
        1,
        "sigmoid",
        losses.BinaryCrossentropy(label_smoothing=0.1),
        BINARY,
    ),
    "binary, a squared error": (1, "sigmoid", "mse", BINARY),
    "several labels": (3, "sigmoid", BCE, SEVERAL),
    "classes": GOOD,
    "classes in a column": (3, "softmax", SPARSE, LABELS[:, None]),
    "classes as floats": (3, "softmax", SPARSE, LABELS.astype("float32")),
    "classes, more units": (5, "softmax", SPARSE, LABELS),
    "classes, logits": (3, None, _sparse(from_logits=True), LABELS),
    "classes, a class ignored": (
        3,
        "softmax",
        _sparse(ignore_class=255),
        np.where(np.arange(SAMPLES) % 9, LABELS, 255),
    ),
    "rows": (3, "softmax", ROWS, ONE_HOT),
    "rows, whole numbers": (3, "softmax", ROWS, ONE_HOT.astype(int)),
    "rows, smoothed": (
        3,
        "softmax",
        losses.CategoricalCrossentropy(label_smoothing=0.1),
        ONE_HOT,
    ),
    "rows, soft targets": (3, "softmax", ROWS, SOFT),
    "rows, soft targets under binary": (3, "sigmoid", BCE, SOFT),
    "rows, logits": (
        3,
        None,
        losses.CategoricalCrossentropy(from_logits=True),
        ONE_HOT,
    ),
    "rows, focal": (3, "softmax", losses.CategoricalFocalCrossentropy(), ONE_HOT),
    "rows, a squared error": (3, "softmax", "mse", ONE_HOT),
    "softmax layer": (3, None, SPARSE, LABELS, layers.Softmax()),
    "activation layer": (3, None, SPARSE, LABELS, layers.Activation("softmax")),
    "softmax, reshaped": (
        3,
        "softmax",
        "mse",
        ONE_HOT[..., None],
        layers.Reshape((3, 1)),
    ),
    "divergence": (3, "softmax", "kl_divergence", SOFT),
    "logarithms of probabilities": (
        3,
        "log_softmax",
        _sparse(from_logits=True),
        LABELS,
    ),
    "amounts": AMOUNT,
    "amounts, absolute": (1, None, "mae", AMOUNTS[:, 0]),
    "amounts, Huber": (1, None, losses.Huber(), AMOUNTS),
    "amounts, log cosh": (1, None, losses.LogCosh(), AMOUNTS),
    "amounts above zero, ReLU": (1, "relu", "mse", abs(AMOUNTS)),
    "amounts above zero, softplus": (1, "softplus", "mse", abs(AMOUNTS)),
    "amounts from -1 to 1, tanh": (1, "tanh", "mse", np.tanh(AMOUNTS)),
    "counts, Poisson": (1, "exponential", "poisson", COUNTS),
    "counts, Poisson, softplus": (1, "softplus", "poisson", COUNTS),
    "signs, hinge": (1, "tanh", "hinge", SIGNS),
    "signs, hinge, linear": (1, None, losses.SquaredHinge(), SIGNS),
    "yes and no, hinge": (1, "tanh", "hinge", BINARY),
    "classes, hinge": (3, None, "categorical_hinge", ONE_HOT),
    "cosine": (3, None, losses.CosineSimilarity(), X[:, :3]),
    "dice": (3, "sigmoid", losses.Dice(), SEVERAL),
    "autoencoder": (FEATURES, "sigmoid", BCE, IMAGES),
    "autoencoder, squared error": (FEATURES, "sigmoid", "mse", IMAGES),
    "quantile": (1, None, Quantile(), AMOUNTS),
    "ordinal": (2, None, ordinal, LABELS[:, None].astype("float32")),
    "contrastive": (1, "relu", contrastive, BINARY),
    "somebody's own scale": (1, "sigmoid", Quantile(), 100 * AMOUNTS),
}
