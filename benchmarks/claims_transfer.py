"""Claims about starts from weights that exist, on the digits."""

from typing import Any

import keras
import numpy as np
from claim import Measured, bars, claim, curves, rounded
from claims_start import flat_digits

import keras_inits

SEEDS = 3


def perceptron(width: int) -> keras.Model:
    """64-width-width-10, ReLU."""
    hidden = [keras.layers.Dense(width, "relu") for _ in range(2)]
    return keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(10)])


def losses(model: keras.Model, optimizer: Any, x: Any, y: Any, steps: int) -> list:
    """Of each step on batches of 64, before it."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss)
    random = np.random.default_rng(0)
    rows = (random.permutation(len(x))[:64] for _ in range(steps))
    return [float(model.train_on_batch(x[some], y[some])) for some in rows]


def right(model: keras.Model, x: Any, y: Any) -> float:
    """Share of right guesses."""
    return float((model.predict(x, verbose=0).argmax(-1) == y).mean())


def taught(width: int, seed: int, quick: bool) -> keras.Model:
    """A network that has learned the digits."""
    model = perceptron(width)
    keras_inits.initialize(model, "auto", seed=seed)
    x, y, *_ = flat_digits()
    losses(model, keras.optimizers.Adam(1e-3), x, y, 5 if quick else 200)
    return model


@claim(
    paper="Xu 2024, 2311.18823",
    published="Small models learn faster and better from a selection of a large "
    "trained model's weights than from random ones.",
    setting="digits; teacher 64-256-256-10, 200 steps of Adam .001; student "
    "64-64-64-10 by inherit or by he_normal, 30 steps of SGD .02, batches of 64; "
    "3 seeds",
    rule="accuracy after 30 steps: selection > random + .15 at each seed",
    quantity="mean gain in accuracy",
    tried="SGD .05, tried first, by which random weights get .80 in 30 steps: gains "
    "of .07 to .09.",
)
def weight_selection(quick: bool) -> Measured:
    """`inherit` against He's."""
    x, y, x_test, y_test = flat_digits()
    found: dict[str, list[float]] = {"inherit": [], "he_normal": []}
    for seed in range(1 if quick else SEEDS):
        teacher, student = taught(256, seed, quick), perceptron(64)
        for name, reached in found.items():
            keras_inits.initialize(student, "keras_inits>he_normal", seed=seed)
            if name == "inherit":
                keras_inits.inherit(student, teacher)
            losses(student, keras.optimizers.SGD(0.02), x, y, 3 if quick else 30)
            reached.append(right(student, x_test, y_test))
    gains = np.subtract(*found.values())
    figures = found | {"least gain": gains.min()}
    plot = bars(found, "accuracy after 30 steps")
    passed = gains.min() > 0.15
    return Measured(rounded(figures, 3), bool(passed), gains.mean(), plot)


@claim(
    paper="Meng 2024, 2404.02948",
    published="PiSSA, whose factors are the kernel's leading singular vectors, "
    "converges faster than LoRA, whose B is zero.",
    setting="64-128-128-10 taught the digits, then the same images turned by 90 "
    "degrees: LoRA of rank 4, alpha 4, on its three kernels, 60 steps of SGD .01 or "
    "Adam .001, batches of 64; lora's 'gaussian' and 'pissa'; 3 seeds",
    rule="by both, at each seed, mean loss of the last 20 steps: PiSSA < LoRA",
    quantity="mean loss of the last 20 steps by SGD, PiSSA / LoRA",
    tried="SGD .05, tried first: ratios of .79, 1.06 and 1.12.",
)
def pissa(quick: bool) -> Measured:
    """The two starts of the factors."""
    x, y, *_ = flat_digits()
    turned = np.rot90(x.reshape(-1, 8, 8), axes=(1, 2)).reshape(-1, 64)
    optimizers = {"SGD": keras.optimizers.SGD, "Adam": keras.optimizers.Adam}
    seeds = range(1 if quick else SEEDS)
    teachers = [taught(128, seed, quick).get_weights() for seed in seeds]
    rates, steps = {"SGD": 0.01, "Adam": 1e-3}, 5 if quick else 60
    figures: dict[str, Any] = {}
    lines: dict[str, list[float]] = {}
    ratios: dict[str, list[float]] = {}
    for name, optimizer in optimizers.items():
        for seed in seeds:
            ends = []
            for method in ("pissa", "gaussian"):
                model = perceptron(128)
                model.set_weights(teachers[seed])
                for layer in model.layers:
                    layer.enable_lora(4)
                keras_inits.lora(model, method, seed=seed)
                line = losses(model, optimizer(rates[name]), turned, y, steps)
                lines.setdefault(f"{method}, {name}", line)
                ends.append(float(np.mean(line[-20:])))
                figures.setdefault(f"{method}, {name}", []).append(ends[-1])
            ratios.setdefault(name, []).append(ends[0] / ends[1])
    passed = all(ratio < 1 for each in ratios.values() for ratio in each)
    figures |= {f"ratios, {name}": each for name, each in ratios.items()}
    plot = curves(lines, "loss, seed 0", "step")
    return Measured(rounded(figures, 3), passed, float(np.mean(ratios["SGD"])), plot)
