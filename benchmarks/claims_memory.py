"""Claims about recurrent networks: what their start lets them remember."""

from typing import Any

import keras
import numpy as np
import short_training as training
from claim import Measured, bars, claim, curves, rounded

import keras_inits

SYMBOLS = 8
BATCH = 64


def adding(samples: int, length: int, seed: int) -> Any:
    """Sequences of a number and a mark; the target is the sum of the two marked."""
    random = np.random.default_rng(seed)
    numbers = random.uniform(size=(samples, length))
    marks = np.zeros((samples, length))
    rows = np.arange(samples)
    first = random.integers(0, length // 2, samples)
    second = random.integers(length // 2, length, samples)
    marks[rows, first] = marks[rows, second] = 1
    sums = numbers[rows, first] + numbers[rows, second]
    x = np.stack([numbers, marks], axis=-1).astype("float32")
    return x, sums[:, None].astype("float32")


def first_symbol(samples: int, length: int, seed: int) -> Any:
    """Sequences of a symbol, one-hot, and zeros; the target is the symbol."""
    symbols = np.random.default_rng(seed).integers(0, SYMBOLS, samples)
    x = np.zeros((samples, length, SYMBOLS), "float32")
    x[np.arange(samples), 0, symbols] = 1
    return x, symbols.astype("int32")


def trainer(
    cell: keras.layers.Layer, outputs: int, make: Any, sizes: Any, **options: float
) -> Any:
    """A model of one recurrent layer, its trainer by Adam, and the test's targets.

    Args:
        cell: The recurrent layer.
        outputs: Of the head.
        make: Draws data, a sequence once in the training.
        sizes: Steps of the training, length of the sequences.
        **options: Of `short_training.compiled`.
    """
    steps, length = sizes
    x, y = make(steps * BATCH, length, 1)
    x_test, y_test = make(500, length, 2)
    inputs = keras.Input((length, x.shape[-1]))
    model = keras.Model(inputs, keras.layers.Dense(outputs)(cell(inputs)))
    order = np.arange(steps * BATCH, dtype="int32").reshape(steps, BATCH)
    loss = training.squared_error if outputs == 1 else training.cross_entropy
    return model, training.trainer(model, loss, x, y, order, x_test, **options), y_test


@claim(
    paper="Le 2015, 1504.00941",
    published="A ReLU network whose recurrent kernel is the identity solves the adding "
    "problem, where tanh networks do not.",
    setting="adding problem of 100 steps, 64 units, Adam .001, gradients of norm at "
    "most 1, 1500 batches of 64; mean squared error on 500 fresh sequences, 2 seeds "
    "(.17 by guessing the mean); kernels from the inputs glorot_uniform, and once, as "
    "in the paper, of std .001",
    rule="greatest error of IRNN < .25 least error of tanh",
    quantity="greatest error of IRNN / least error of tanh",
    tried="Fails after 700 batches of 60 steps, tried first, without a limit to "
    "gradients: .18 from either.",
)
def irnn(quick: bool) -> Measured:
    """The identity as a recurrent kernel."""
    sizes = (3, 10) if quick else (1500, 100)
    identity = {"*/recurrent_kernel": "identity", "*": "auto"}
    small = {"rnn/cell/kernel": keras_inits.RandomNormal(stddev=0.001)}
    figures: dict[str, list[float]] = {}
    lines = {}
    for activation, starts in (
        ("relu", {"IRNN": identity, "IRNN, inputs of std .001": small | identity}),
        ("tanh", {"tanh": "auto"}),
    ):
        cell = keras.layers.SimpleRNN(64, activation, name="rnn")
        model, train, y_test = trainer(cell, 1, adding, sizes, clip=1.0)
        for name, rules in starts.items():
            figures[name] = []
            for seed in range(1 if quick else 2):
                keras_inits.initialize(model, rules, seed=seed)
                found = train(1e-3)
                lines.setdefault(name, found.losses)
                figures[name].append(float(((found.outputs - y_test) ** 2).mean()))
    ratio = max(figures["IRNN"]) / min(figures["tanh"])
    plot = curves(lines, "squared error, seed 0", "step")
    return Measured(rounded(figures, 3), ratio < 0.25, ratio, plot)


def remembered(
    biases: dict[str, Any], length: int, steps: int, seeds: int, rate: float
) -> dict[str, list[float]]:
    """Accuracy at the first symbol, by the bias of an LSTM of 32 units, a seed each."""
    cell = keras.layers.LSTM(32, name="memory")
    model, train, y_test = trainer(cell, SYMBOLS, first_symbol, (steps, length))
    found: dict[str, list[float]] = {name: [] for name in biases}
    for seed in range(seeds):
        for name, bias in biases.items():
            rules = {"memory/cell/bias": bias, "*": "auto"}
            keras_inits.initialize(model, rules, seed=seed)
            found[name].append(training.accuracy(train(rate).outputs, y_test))
    return found


@claim(
    paper="Jozefowicz 2015",
    published="A forget bias of 1 or 2 lets an LSTM learn long dependencies that a "
    "bias of 0 hides.",
    setting="one of 8 symbols, then 49 empty steps, LSTM of 32 units, Adam .003, 300 "
    "batches of 64; seeds of 5 whose accuracy on fresh sequences is above .5",
    rule="b = 1: at least 3 seeds; b = 0: at most 1",
    quantity="seeds of 5 that learn with b = 1",
    tried="With random symbols in place of empty steps, tried first, b = 1 fails: 2 "
    "seeds; b = 2: 5.",
)
def forget_bias(quick: bool) -> Measured:
    """Forget gates that start open."""
    sizes = (10, 2, 1) if quick else (50, 300, 5)
    biases = {f"b = {b}": keras_inits.UnitForgetBias(float(b)) for b in (0, 1, 2)}
    found = remembered(biases, *sizes, rate=3e-3)
    learn = {name: sum(one > 0.5 for one in found[name]) for name in biases}
    figures = {
        name: {"seeds that learn": learn[name], "accuracy": rounded(found[name], 3)}
        for name in biases
    }
    passed = learn["b = 1"] >= 3 and learn["b = 0"] <= 1
    return Measured(figures, passed, learn["b = 1"], bars(found, "accuracy"))


@claim(
    paper="Tallec 2018, 1804.11188",
    published="Biases for the range of dependencies that is expected let an LSTM learn "
    "long ones fast; a forget bias of 1 does not.",
    setting="one of 8 symbols, then 99 empty steps, LSTM of 32 units, Adam .003, 300 "
    "batches of 64; accuracy on fresh sequences, 5 seeds",
    rule="mean with chrono - mean with b = 1 > .4",
    quantity="mean accuracy with chrono - with b = 1",
    tried="Fails with random symbols in place of empty steps, tried first: .19 against "
    ".12.",
)
def chrono(quick: bool) -> Measured:
    """Gates that remember for as long as the task asks."""
    sizes = (10, 2, 1) if quick else (100, 300, 5)
    biases = {
        "chrono": keras_inits.Chrono(timesteps=sizes[0]),
        "b = 1": keras_inits.UnitForgetBias(1.0),
    }
    found = remembered(biases, *sizes, rate=3e-3)
    difference = float(np.mean(found["chrono"]) - np.mean(found["b = 1"]))
    figures = found | {"difference of means": difference}
    plot = bars(found, "accuracy")
    return Measured(rounded(figures, 3), difference > 0.4, difference, plot)
