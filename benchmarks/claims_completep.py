"""A claim about depth and learning rates, on the digits."""

from typing import Any

import keras
import numpy as np
from claim import Measured, claim, curves, rounded
from claims_start import flat_digits

import keras_inits
from keras_inits import recipes

DEPTHS, BASE, STEPS, RATE = (2, 8, 32), 2, 4, 0.003


def network(blocks: int, width: int = 32) -> tuple[keras.Model, keras.Model]:
    """A pre-norm residual perceptron of ten classes, and its stream at the end."""
    layers = keras.layers
    inputs = keras.Input((64,))
    x = layers.Dense(width, name="first")(inputs)
    for _ in range(blocks):
        y = layers.Dense(2 * width, "gelu")(layers.LayerNormalization()(x))
        x = x + layers.Dense(width)(y)
    head = layers.Dense(10, name="head")(layers.LayerNormalization()(x))
    return keras.Model(inputs, head), keras.Model(inputs, x)


def changes(name: str, blocks: int, seed: int, x: Any, y: Any, steps: int) -> Any:
    """Rms of what a few steps change of the stream at the end, after each of them."""
    model, stream = network(blocks)
    rules: Any = {"*": "lecun_normal"}
    optimizer: Any = keras.optimizers.Adam(RATE, epsilon=1e-12)
    if name == "CompleteP":
        base, _ = network(BASE)
        rules = recipes.completep(model, base, start="lecun_normal")
        optimizer = keras_inits.scaled_optimizer(optimizer, rules.multipliers)
    keras_inits.initialize(model, rules, seed=seed)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, run_eagerly=True)  # compiling would take longer
    order = np.random.default_rng(seed).permutation(len(x))
    seen, found = x[order[-128:]], []
    start = np.asarray(stream(seen))
    for step in range(steps):
        rows = order[64 * step : 64 * (step + 1)]
        model.train_on_batch(x[rows], y[rows])
        change = np.asarray(stream(seen)) - start
        found.append(float((change**2).mean() ** 0.5))
    return found


@claim(
    paper="Dey 2025, 2505.01618",
    published="With CompleteP (alpha = 1) activations after a few steps do not depend "
    "on the depth; in the standard parametrization and in muP they grow with it.",
    setting="digits; pre-norm residual perceptrons of width 32, inner width 64, GELU, "
    f"2, 8 and 32 blocks; LeCun's normal, 4 steps of Adam {RATE} on batches of 64, one "
    "rate for all; rms of the change of the stream after the last block; CompleteP "
    "beside a base of 2 blocks (recipes.completep) and without; mean of 2 seeds",
    rule="32 blocks / 2 blocks: with CompleteP in [1/1.5, 1.5], without > 4",
    quantity="with CompleteP, 32 blocks / 2 blocks",
    expected=1,
)
def completep(quick: bool) -> Measured:
    """What four steps change, over depths."""
    x, y, *_ = flat_digits()
    depths, steps = (DEPTHS[:2], 1) if quick else (DEPTHS, STEPS)
    figures: dict[str, Any] = {}
    for name in ("CompleteP", "without"):
        figures[name] = []
        for blocks in depths:
            seeds = range(1 if quick else 2)
            found = [changes(name, blocks, seed, x, y, steps) for seed in seeds]
            figures[name].append(float(np.mean([one[-1] for one in found])))
    growth = {name: found[-1] / found[0] for name, found in figures.items()}
    passed = 1 / 1.5 < growth["CompleteP"] < 1.5 and growth["without"] > 4
    plot = curves(figures, "change of the stream (rms)", "blocks", depths, log=True)
    figures |= {f"{name}, ratio": one for name, one in growth.items()}
    return Measured(rounded(figures, 3), passed, growth["CompleteP"], plot)
