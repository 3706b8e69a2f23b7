"""Claims about very deep residual networks and very wide ones."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import short_training as training
from claim import Measured, claim, curves, rounded
from claims_start import flat_digits

import keras_inits


def drawn(scheme: Any, layers: int, shape: tuple[int, int], seed: int = 0) -> Any:
    """Kernels of equal layers, one on the other, each from a seed of its own."""
    if isinstance(scheme, str):
        return jnp.stack(
            [keras_inits.get(scheme, seed=seed + i)(shape) for i in range(layers)]
        )
    return jnp.stack([scheme(seed + i)(shape) for i in range(layers)])


def fixup_outputs(weights: Any, x: Any) -> Any:
    """Residual blocks of two layers with scalar biases and a multiplier each."""

    def block(x: Any, own: Any) -> Any:
        first, second, biases, multiplier = own
        hidden = jax.nn.relu((x + biases[0]) @ first + biases[1])
        return x + multiplier * ((hidden + biases[2]) @ second) + biases[3], None

    blocks = tuple(weights[key] for key in ("first", "second", "biases", "multiplier"))
    x, _ = jax.lax.scan(block, x @ weights["stem"], blocks)
    return jax.nn.relu(x) @ weights["head"] + weights["bias"]


@claim(
    paper="Zhang 2019, 1901.09321",
    published="Fixup trains residual networks of 10,000 layers without normalization, "
    "at the rate of shallow ones.",
    setting="10, 100 and 1000 residual blocks of two layers of width 32, digits, SGD "
    ".05, scalars at a tenth of it, 100 batches of 64; accuracy on the test digits; "
    "He: all kernels he_normal, first loss",
    rule="accuracy at 1000 blocks >= .9 of that at 10; first loss is ln 10 within 1e-6",
    quantity="accuracy, 1000 blocks / 10 blocks",
)
def fixup(quick: bool) -> Measured:
    """Depth without normalization."""
    x, y, x_test, y_test = flat_digits()
    order = training.batches(len(x), 64, 3 if quick else 100)
    depths = (10, 100) if quick else (10, 100, 1000)
    accuracies, firsts, he, lines = [], [], [], {}
    for depth in depths:
        shape = (32, 32)
        weights = {
            "stem": drawn("he_normal", 1, (64, 32), seed=5000)[0],
            "first": drawn(
                lambda seed, n=depth: keras_inits.Fixup(branches=n, seed=seed),
                depth,
                shape,
            ),
            "second": jnp.zeros((depth, *shape)),
            "biases": jnp.zeros((depth, 4)),
            "multiplier": jnp.ones(depth),
            "head": jnp.zeros((32, 10)),
            "bias": jnp.zeros(10),
        }
        rates = dict.fromkeys(weights, 0.05) | {"biases": 0.005, "multiplier": 0.005}
        data = (training.cross_entropy, x, y, order, x_test)
        found = training.compiled(fixup_outputs, weights, *data, momentum=0.0)(
            weights, rates
        )
        accuracies.append(training.accuracy(found.outputs, y_test))
        firsts.append(float(found.losses[0]))
        lines[f"{depth} blocks"] = found.losses
        kernels = {
            "first": drawn("he_normal", depth, shape),
            "second": drawn("he_normal", depth, shape, seed=2000),
            "head": drawn("he_normal", 1, (32, 10), seed=6000)[0],
        }
        outputs = fixup_outputs(weights | kernels, x[order[0]])
        he.append(float(training.cross_entropy(outputs, y[order[0]])))
    off = max(abs(first - math.log(10)) for first in firsts)
    figures = {
        "accuracy": accuracies,
        "first loss off by": off,
        "first loss from He": he,
    }
    kept = accuracies[-1] / accuracies[0]
    passed = kept >= 0.9 and off < 1e-6
    return Measured(rounded(figures, 3), passed, kept, curves(lines, "loss", "step"))


def residual_outputs(kind: str) -> Any:
    """A function from weights and inputs to outputs, by the kind of a block."""

    def block(x: Any, own: Any) -> Any:
        kernel, bias, alpha = own
        change = jax.nn.relu(x @ kernel + bias)
        if kind == "plain":
            return change, None
        x = x + (alpha * change if kind == "ReZero" else change)
        if kind == "residual, LayerNorm":
            x = x - x.mean(axis=-1, keepdims=True)
            x = x / jnp.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5)
        return x, None

    def outputs(weights: Any, x: Any) -> Any:
        blocks = (weights["kernels"], weights["biases"], weights["alphas"])
        x, _ = jax.lax.scan(block, x @ weights["stem"], blocks)
        return x @ weights["head"] + weights["bias"]

    return outputs


@claim(
    paper="Bachlechner 2020, 2003.04887",
    published="With residual branches multiplied by zero at the start (ReZero), a "
    "ResNet of 56 layers trains 32 % faster, a Transformer of 12 56 %, and deep "
    "networks of dense layers 15 times as fast.",
    setting="64 ReLU layers of width 128, he_normal, digits, Adam .001, 120 batches of "
    "64; mean loss of the last 10 steps",
    rule="ReZero / plain < .2",
    quantity="loss, ReZero / plain",
)
def rezero(quick: bool) -> Measured:
    """Branches that start at zero."""
    x, y, x_test, _ = flat_digits()
    order = training.batches(len(x), 64, 3 if quick else 120)
    weights = {
        "stem": drawn("he_normal", 1, (64, 128), seed=5000)[0],
        "kernels": drawn("he_normal", 64, (128, 128)),
        "biases": jnp.zeros((64, 128)),
        "alphas": jnp.zeros(64),
        "head": drawn("lecun_normal", 1, (128, 10), seed=6000)[0],
        "bias": jnp.zeros(10),
    }
    figures, lines = {}, {}
    for kind in ("plain", "residual", "residual, LayerNorm", "ReZero"):
        data = (training.cross_entropy, x, y, order, x_test)
        found = training.compiled(residual_outputs(kind), weights, *data)(weights, 1e-3)
        figures[kind] = float(found.losses[-10:].mean())
        lines[kind] = found.losses
    ratio = figures["ReZero"] / figures["plain"]
    figures["ReZero / plain"] = ratio
    plot = curves(lines, "loss", "step", range(1, 121), log=True)
    return Measured(rounded(figures, 3), ratio < 0.2, ratio, plot)


def hidden(weights: Any, x: Any) -> Any:
    """Pre-activations of the second layer."""
    return jax.nn.relu(x @ weights["input"]) @ weights["hidden"]


def wide_outputs(weights: Any, x: Any) -> Any:
    """Three layers."""
    return jax.nn.relu(hidden(weights, x)) @ weights["output"]


@claim(
    paper="Yang 2022, 2203.03466",
    published="In muP activations keep their size in training whatever the width; in "
    "the standard parametrization they grow with it.",
    setting="3 layers, digits, Adam .01 (muP: hidden and output divided by width / "
    "128), 4 batches of 64; root mean square of pre-activations then, width 2048 over "
    "width 128, mean of 3 seeds; standard: lecun_normal, one rate",
    rule="muP: hidden and output in (1 / 1.2, 1.2); standard: both > 2",
    quantity="size of the output with muP, width 2048 / width 128",
    expected=1,
)
def mup(quick: bool) -> Measured:
    """Activations over widths."""
    x, y, x_test, _ = flat_digits()
    order = training.batches(len(x), 64, 4)
    widths = (128, 256) if quick else (128, 512, 2048)
    figures: dict[str, list[float]] = {}
    for name in ("muP", "standard"):
        sizes = []
        for width in widths:
            shapes = {
                "input": (64, width),
                "hidden": (width, width),
                "output": (width, 10),
            }
            rates = dict.fromkeys(shapes, 0.01)
            if name == "muP":
                rates |= dict.fromkeys(("hidden", "output"), 0.01 * 128 / width)
            train, found = None, []
            for seed in range(1 if quick else 3):
                weights = {}
                for number, (kind, shape) in enumerate(shapes.items()):
                    scheme: Any = keras_inits.LecunNormal(seed=3 * seed + number)
                    if name == "muP":
                        base = {} if kind == "input" else {"base_fan_in": 128}
                        scheme = keras_inits.Mup(kind, seed=3 * seed + number, **base)
                    weights[kind] = scheme(shape)
                data = (training.cross_entropy, x, y, order, x_test)
                train = train or training.compiled(wide_outputs, weights, *data)
                done = train(weights, rates)
                parts = (hidden(done.weights, x_test), done.outputs)
                found.append([float(jnp.sqrt((one**2).mean())) for one in parts])
            sizes.append(np.mean(found, axis=0))
        of_hidden, of_output = np.transpose(np.array(sizes) / sizes[0]).tolist()
        figures[f"{name}, hidden"] = of_hidden
        figures[f"{name}, output"] = of_output
    last = {name: found[-1] for name, found in figures.items()}
    passed = all(1 / 1.2 < last[f"muP, {one}"] < 1.2 for one in ("hidden", "output"))
    passed &= all(last[f"standard, {one}"] > 2 for one in ("hidden", "output"))
    plot = curves(figures, "size relative to width 128", "width", widths, log=True)
    return Measured(rounded(figures, 3), passed, last["muP, output"], plot)
