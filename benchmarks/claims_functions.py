"""Claims about the functions that networks can reach: images, and ranks of kernels."""

from typing import Any

import keras
import numpy as np
import short_training as training
from claim import Measured, claim, curves, rounded
from claims_start import flat_digits

import keras_inits


def relative_values(matrix: np.ndarray) -> np.ndarray:
    """Singular values over the largest."""
    values = np.linalg.svd(matrix, compute_uv=False)
    return values / values[0]


@claim(
    paper="Zhao 2022, 2110.12661",
    published="Where layers widen, training from the identity padded with zeros keeps "
    "the rank of what a kernel learns at that of the inputs; from Hadamard matrices "
    "(ZerO) it does not.",
    setting="16 inputs (digits, means of 2x2 pixels), ReLU layers of 16, 128 and 128 "
    "units without bias, SGD .1, batches of 64, 4000 steps; rank of the third kernel "
    "minus the identity, singular values above a thousandth of the largest",
    rule="rank from ZerO > 16 >= rank from the padded identity",
    quantity="rank from ZerO, with 16 inputs",
    tried="With a head of zeros, tried first, ZerO's rank is 16 too.",
)
def zero_rank(quick: bool) -> Measured:
    """Identity against Hadamard."""
    x, y, x_test, y_test = flat_digits()
    x, x_test = (
        one.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)
        for one in (x, x_test)
    )
    order = training.batches(len(x), 64, 5 if quick else 4000)
    widths = (16, 128, 128)
    stack = [keras.layers.Dense(n, "relu", use_bias=False) for n in widths]
    head = keras.layers.Dense(10, use_bias=False, name="head")
    model = keras.Sequential([keras.Input((16,)), *stack, head])
    loss = training.cross_entropy
    train = training.trainer(model, loss, x, y, order, x_test, momentum=0.0)
    figures: dict[str, Any] = {}
    ranks, lines = {}, {}
    for name, scheme in (("padded identity", "identity"), ("ZerO", "hadamard_zero")):
        keras_inits.initialize(model, scheme, seed=0)
        found = train(0.1)
        learned = found.weights[2] - np.eye(128, dtype="float32")
        lines[name] = relative_values(learned)
        ranks[name] = int((lines[name] > 1e-3).sum())
        accuracy = training.accuracy(found.outputs, y_test)
        figures[name] = {"rank": ranks[name], "accuracy": rounded(accuracy, 3)}
    lines = {name: values[:40] for name, values in lines.items()}
    plot = curves(lines, "singular value / the largest", "number")
    passed = ranks["ZerO"] > 16 >= ranks["padded identity"]
    return Measured(figures, passed, ranks["ZerO"], plot | {"log": True})


class Sine(keras.layers.Layer):
    """sin(omega x)."""

    def __init__(self, omega: float) -> None:
        super().__init__()
        self.omega = omega

    def call(self, x: Any) -> Any:
        return keras.ops.sin(self.omega * x)


@claim(
    paper="Sitzmann 2020, 2006.09661",
    published="Networks of sines with their own initialization fit images that ReLU "
    "networks only blur.",
    setting="64x64 pixels from the middle of scikit-learn's china.jpg, grey, 3 layers "
    "of width 128, Adam .0005, 250 steps over all pixels; PSNR in dB",
    rule="SIREN is more than 20 dB above sines with Glorot and ReLU with He",
    quantity="SIREN's PSNR above the better of the others, dB",
)
def siren(quick: bool) -> Measured:
    """Sines and their scales."""
    from sklearn.datasets import load_sample_image

    image = load_sample_image("china.jpg").mean(axis=-1)
    top, left = image.shape[0] // 2 - 32, image.shape[1] // 2 - 32
    y = (image[top : top + 64, left : left + 64] / 127.5 - 1).reshape(-1, 1)
    along = np.linspace(-1, 1, 64)
    x = np.stack(np.meshgrid(along, along, indexing="ij"), axis=-1).reshape(-1, 2)
    x, y = x.astype("float32"), y.astype("float32")
    order = np.tile(np.arange(len(x), dtype="int32"), (3 if quick else 250, 1))
    starts: dict[str, tuple[bool, Any]] = {
        "SIREN": (True, {"first": "siren_first", "*": "siren_hidden"}),
        "sines with Glorot": (True, "glorot_uniform"),
        "ReLU with He": (False, "he_normal"),
    }
    figures, lines = {}, {}
    for name, (sines, rules) in starts.items():
        stack: list[Any] = [keras.Input((2,))]
        for i in range(3):
            stack.append(keras.layers.Dense(128, name=f"hidden{i}" if i else "first"))
            stack.append(Sine(30.0) if sines else keras.layers.ReLU())
        model = keras.Sequential([*stack, keras.layers.Dense(1, name="head")])
        keras_inits.initialize(model, rules, seed=0)
        loss = training.squared_error
        found = training.trainer(model, loss, x, y, order, x)(5e-4)
        error = float(((found.outputs - y) ** 2).mean())
        figures[name] = 10 * np.log10(4 / error)  # values have a range of 2
        lines[name] = 10 * np.log10(4 / found.losses)
    above = figures["SIREN"] - max(list(figures.values())[1:])
    plot = curves(lines, "PSNR, dB", "step")
    return Measured(rounded(figures, 3), above > 20, above, plot)
