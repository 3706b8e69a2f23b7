"""Every kind of head and loss, used rightly: nobody may accuse one of them."""

from typing import Any

import keras
import numpy as np
from keras import layers, losses

from support.diagnosed.program import (
    AMOUNT,
    AMOUNTS,
    BCE,
    BINARY,
    COUNTS,
    FEATURES,
    GOOD,
    IMAGES,
    LABELS,
    ONE_HOT,
    ROWS,
    SAMPLES,
    SEVERAL,
    SIGNS,
    SOFT,
    SPARSE,
    YES_NO,
    X,
    sparse,
)


class Quantile(losses.Loss):
    """A loss that Keras does not know."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        off = keras.ops.cast(y_true, y_pred.dtype) - y_pred
        return keras.ops.mean(keras.ops.maximum(0.9 * off, -0.1 * off), -1)


def ordinal(y: Any, p: Any) -> Any:
    """Binary cross entropies of `class > k`, of logits."""
    steps = keras.ops.cast(y > keras.ops.arange(2, dtype="float32"), p.dtype)
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
    "classes, logits": (3, None, sparse(from_logits=True), LABELS),
    "classes, a class ignored": (
        3,
        "softmax",
        sparse(ignore_class=255),
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
        sparse(from_logits=True),
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
