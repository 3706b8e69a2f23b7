"""Random networks for the digits, of four kinds: some start well, some badly.

`network(seed)` draws a network as people build them, and often with what goes wrong:
great depth, no normalization, biases off zero, a kernel initializer that counts no
fans. It is a pure function of the seed: the same layers and the same weights each time.
Stacks of exponentials are not among them: their signals are a few huge values among
many small ones, and no start of weights made one of four learn.
"""

from typing import Any

import keras
import numpy as np

KINDS = {"dense": 0.4, "convolutional": 0.25, "recurrent": 0.15, "Transformer": 0.2}
DEPTHS = {  # log-uniform between the two, both included; Transformers: blocks
    "dense": (3, 40),
    "convolutional": (3, 24),
    "recurrent": (1, 8),
    "Transformer": (2, 12),
}
WIDTHS = {
    "dense": (32, 64, 128),
    "convolutional": (16, 24, 32),
    "recurrent": (16, 32, 64),
    "Transformer": (16, 32, 64),
}
ACTIVATIONS = {
    "relu": 4,
    "tanh": 2,
    "sigmoid": 2,
    "softplus": 2,
    "elu": 1,
    "selu": 1,
    "gelu": 2,
    "silu": 1,
    "softsign": 1,
    "leaky_relu": 1,
    "mish": 1,
}
KERNELS = {
    "glorot_uniform": 3,  # Keras's default
    "he_normal": 2,
    "lecun_normal": 1,
    "orthogonal": 1,
    "random_normal": 3,  # std 0.05
    "random_uniform": 2,  # from -0.05 to 0.05
    "standard_normal": 5,  # std 1
}
NORMALIZATIONS = {"none": 6, "batch": 1, "layer": 1}
BIASES = {"zeros": 2, "constant": 1, "normal": 1}
CELLS = ("SimpleRNN", "GRU", "LSTM")
MOMENTUM = 0.9  # of BatchNormalization: 0.99 remembers its start after 150 steps
LARGE_IMAGES = 2  # convolutions before the one pooling, at most


def _one(random: np.random.Generator, weights: dict[str, float]) -> str:
    """One of the keys, by their weights."""
    share = np.array(list(weights.values()), float)
    return list(weights)[int(random.choice(len(share), p=share / share.sum()))]


def describe(seed: int) -> dict[str, Any]:
    """What the network of a seed is like, in JSON's types."""
    random = np.random.default_rng(seed)
    kind = _one(random, KINDS)
    low, high = DEPTHS[kind]
    depth = int(np.exp(random.uniform(np.log(low), np.log(high + 1))))
    found: dict[str, Any] = {
        "kind": kind,
        "depth": depth,
        "width": int(random.choice(WIDTHS[kind])),
        "activation": _one(random, ACTIVATIONS),
        "kernels": _one(random, KERNELS),
        "normalization": _one(random, NORMALIZATIONS),
        "place": str(random.choice(["before", "after"])),
        "residual": bool(random.random() < (0.8 if kind == "Transformer" else 0.25)),
        "biases": _one(random, BIASES),
        "bias": round(float(np.exp(random.uniform(np.log(0.1), 0.0))), 3),
        "inputs": "raw" if random.random() < 0.15 else "standardized",
        "head": str(random.choice(["logits", "softmax"])),
        "pooled": bool(random.random() < 0.5),
    }
    cell = str(random.choice(CELLS))
    orthogonal = bool(random.random() < 0.5)
    if kind == "recurrent":
        found |= {"cell": cell, "recurrent": "orthogonal" if orthogonal else "own"}
    if kind in ("recurrent", "Transformer") and found["normalization"] == "batch":
        found["normalization"] = "layer"
    if found["normalization"] == "none":
        del found["place"]
    if found["biases"] == "zeros":
        del found["bias"]
    if kind in ("dense", "recurrent"):
        del found["pooled"]
    return found


class _Parts:
    """Layers of one network: each initializer has a seed of its own."""

    def __init__(self, seed: int, what: dict[str, Any]) -> None:
        self.seed, self.what = seed * 1000, what
        self.activation = what["activation"]
        self.before = what.get("place") == "before"

    def kernel(self, name: str | None = None) -> Any:
        """A kernel's initializer, with the next seed."""
        self.seed += 1
        name = name or self.what["kernels"]
        if name == "standard_normal":
            return keras.initializers.RandomNormal(stddev=1.0, seed=self.seed)
        made = keras.initializers.get(name)
        return type(made).from_config(made.get_config() | {"seed": self.seed})

    def shared(self) -> dict[str, Any]:
        """Arguments of a layer with kernel and bias."""
        return {"kernel_initializer": self.kernel(), "bias_initializer": self.bias()}

    def bias(self) -> Any:
        """A bias's initializer."""
        self.seed += 1
        if self.what["biases"] == "constant":
            return keras.initializers.Constant(self.what["bias"])
        if self.what["biases"] == "normal":
            return keras.initializers.RandomNormal(0.0, self.what["bias"], self.seed)
        return "zeros"

    def normalized(self, x: Any) -> Any:
        """The signal past the network's normalization, if it has one."""
        kind = self.what["normalization"]
        if kind == "batch":
            return keras.layers.BatchNormalization(momentum=MOMENTUM)(x)
        return x if kind == "none" else keras.layers.LayerNormalization()(x)

    def block(self, x: Any, layer: Any, **more: Any) -> Any:
        """A layer with its activation, normalization and sum."""
        if self.before:
            y = layer(**self.shared(), **more)(x)
            y = keras.layers.Activation(self.activation)(self.normalized(y))
        else:
            y = layer(activation=self.activation, **self.shared(), **more)(x)
            y = self.normalized(y)
        return self.sum(x, y)

    def sum(self, x: Any, y: Any) -> Any:
        """The branch, with the signal around it where the network has such sums."""
        fits = self.what["residual"] and x.shape == y.shape
        return keras.layers.Add()([x, y]) if fits else y


def _dense(parts: _Parts, x: Any) -> Any:
    x = keras.layers.Flatten()(x)
    for _ in range(parts.what["depth"]):
        x = parts.block(x, keras.layers.Dense, units=parts.what["width"])
    return x


def _convolutional(parts: _Parts, x: Any) -> Any:
    what = parts.what
    x = keras.layers.Reshape((8, 8, 1))(x)
    for number in range(what["depth"]):
        if number == min(LARGE_IMAGES, what["depth"] - 1):
            x = keras.layers.MaxPooling2D(2)(x)
        width = what["width"] if number >= LARGE_IMAGES else 16
        x = parts.block(
            x, keras.layers.Conv2D, filters=width, kernel_size=3, padding="same"
        )
    ending = keras.layers.GlobalAveragePooling2D if what["pooled"] else None
    return (ending or keras.layers.Flatten)()(x)


def _recurrent(parts: _Parts, x: Any) -> Any:
    what = parts.what
    layer = getattr(keras.layers, what["cell"])
    for number in range(what["depth"]):
        own = {} if what["cell"] != "SimpleRNN" else {"activation": parts.activation}
        name = "orthogonal" if what["recurrent"] == "orthogonal" else None
        y = layer(
            what["width"],
            return_sequences=number < what["depth"] - 1,
            recurrent_initializer=parts.kernel(name),
            **parts.shared(),
            **own,
        )(x)
        x = parts.sum(x, parts.normalized(y))
    return x


def _transformer(parts: _Parts, x: Any) -> Any:
    what = parts.what
    width = what["width"]
    heads = 2 if width < 64 else 4
    x = keras.layers.Dense(width, **parts.shared())(x)
    for _ in range(what["depth"]):
        y = parts.normalized(x) if parts.before else x
        attention = keras.layers.MultiHeadAttention(
            heads, width // heads, **parts.shared()
        )
        x = parts.sum(x, attention(y, y))
        x = x if parts.before else parts.normalized(x)
        y = parts.normalized(x) if parts.before else x
        y = keras.layers.Dense(2 * width, parts.activation, **parts.shared())(y)
        x = parts.sum(x, keras.layers.Dense(width, **parts.shared())(y))
        x = x if parts.before else parts.normalized(x)
    ending = keras.layers.GlobalAveragePooling1D if what["pooled"] else None
    return (ending or keras.layers.Flatten)()(x)


BODIES = {
    "dense": _dense,
    "convolutional": _convolutional,
    "recurrent": _recurrent,
    "Transformer": _transformer,
}


def network(seed: int) -> tuple[keras.Model, dict[str, Any]]:
    """A built network for digits of shape (8, 8), and what it is like.

    Args:
        seed: Int, >= 0. The same network, with the same weights, for the same seed.

    Returns:
        The model, not compiled, and its description in JSON's types. The model gives
        logits or, where "head" is "softmax", probabilities.
    """
    what = describe(seed)
    parts = _Parts(seed, what)
    x = keras.Input((8, 8))
    y = BODIES[what["kind"]](parts, x)
    end = "softmax" if what["head"] == "softmax" else None
    y = keras.layers.Dense(10, end, **parts.shared())(y)
    return keras.Model(x, y, name=f"network_{seed}"), what
