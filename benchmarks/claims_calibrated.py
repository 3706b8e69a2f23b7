"""Claims about kernels that are scaled by what data do to them."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from claim import Measured, bars, claim, curves, rounded
from claims_start import chain, flat_digits

import keras_inits
from keras_inits.signals.projection import direction

# The magnitude is a maxout of two pieces, one the negative of the other.
LSUV = ("relu", "leaky_relu", "elu", "gelu", "tanh", keras.ops.abs)


def variances(model: keras.Sequential, x: np.ndarray) -> np.ndarray:
    """Of each dense layer's pre-activations, all units together."""
    found = []
    for layer in model.layers:
        before = x @ np.asarray(layer.kernel)
        if layer.use_bias:
            before = before + np.asarray(layer.bias)
        found.append(before.var(dtype="float64"))
        x = np.asarray(layer.activation(jnp.asarray(before)))
    return np.array(found)


def rescaled_once(activation: Any) -> tuple[dict[str, Any], bool, np.ndarray, Any]:
    """20 layers after one pass of LSUV.

    Args:
        activation: Of the layers.

    Returns:
        Figures, whether the rule holds, each layer's variance before and after.
    """
    x, *_ = flat_digits()
    batch, fresh = x[:256], x[256:512]
    model = chain(activation, 20, 64, use_bias=False)
    keras_inits.initialize(model, "orthogonal", seed=0)
    before = variances(model, batch)
    alone = abs(before - 1).max()
    report = keras_inits.calibrate(model, batch, method="lsuv", seed=0)
    changed = {row.path for row in report.rows if row.factor != 1}
    paths = [f"{layer.name}/kernel" for layer in model.layers]
    rescaled = np.array([path in changed for path in paths])
    after = variances(model, batch)
    off = abs(after - 1)
    worst = off[rescaled].max(initial=0)
    again = abs(variances(model, fresh) - 1).max()
    figures = {
        "rescaled kernels": int(rescaled.sum()),
        "they are off by": worst,
        "all": off.max(),
        "fresh batch": again,
        "orthogonal alone": alone,
    }
    passed = worst < 1e-5 and off.max() < 0.1 and again < 0.15 and alone > 0.1
    return rounded(figures, 2), bool(passed and rescaled.any()), before, after


def farthest(variances: np.ndarray) -> float:
    """The one that is farthest from 1."""
    return float(variances[abs(variances - 1).argmax()])


LSUV_FIELDS = {
    "rule": "rescaled kernels: |variance - 1| < 1e-5; all within .1, on a fresh "
    "batch within .15; orthogonal alone is off by more than .1",
    "quantity": "the layer's variance that is farthest from 1, after one pass",
}


@claim(
    paper="Mishkin 2016, 1511.06422",
    published="One rescaling per layer gives each layer an output variance of 1, "
    "with the ReLU family, tanh and maxout.",
    setting="20 layers of width 64 without bias, digits, six activations, orthogonal "
    "start, one pass, which rescales where the variance is off by more than .1; "
    "variances over the batch of the pass and over a fresh one of 256",
    expected=1,
    **LSUV_FIELDS,
)
def lsuv(quick: bool) -> Measured:
    """Layer-sequential unit variance."""
    figures: dict[str, Any] = {}
    holds, afters = [], []
    for activation in LSUV[:2] if quick else LSUV:
        name = getattr(activation, "__name__", activation)
        figures[name], passed, _, after = rescaled_once(activation)
        holds.append(passed)
        afters.append(after)
    columns = ("orthogonal alone", "all", "fresh batch")
    plot = {
        name: {column: found[column] for column in columns}
        for name, found in figures.items()
    }
    of = "largest |variance - 1| (all: after one pass)"
    ours = farthest(np.concatenate(afters))
    return Measured(figures, all(holds), ours, bars(plot, of, log=True))


@claim(
    paper="beyond Mishkin 2016",
    published="Not in the paper: the same with sigmoids.",
    setting="as lsuv, with sigmoids",
    **LSUV_FIELDS,
)
def lsuv_sigmoid(quick: bool) -> Measured:
    """One rescaling per layer, where means outweigh spreads."""
    figures, passed, before, after = rescaled_once("sigmoid")
    lines = {"orthogonal alone": before, "after one pass": after}
    plot = curves(lines, "variance before the activation", "layer")
    return Measured(figures, passed, farthest(after), plot)


def relative_gradients(model: keras.Model, x: np.ndarray, seed: int = 0) -> np.ndarray:
    """Root mean squares of each kernel's gradient over those of its entries.

    The loss is a random direction of the outputs; that of seed 0 is the package's own.
    """
    along = math.prod(direction(model(x).shape, seed))
    weights = [v.value for v in model.trainable_variables]

    def loss(weights: Any) -> Any:
        return (model.stateless_call(weights, [], x)[0] * along).sum()

    gradients = jax.grad(loss)(weights)
    kernels = [(g, w) for g, w in zip(gradients, weights, strict=True) if w.ndim > 1]
    return np.array(
        [float(jnp.sqrt((g**2).mean() / (w**2).mean())) for g, w in kernels]
    )


def over_directions(model: Any, x: Any, seeds: range) -> Any:
    """The same over several directions: roots of mean squares."""
    squares = [relative_gradients(model, x, seed) ** 2 for seed in seeds]
    return np.sqrt(np.mean(squares, axis=0))


@claim(
    paper="Krähenbühl 2016, 1511.06856",
    published="After the step between layers all layers have the same relative "
    "gradient, and a ReLU network computes what it did before.",
    setting="8 ReLU layers of width 96, digits; largest over smallest root of "
    "mean(gradient²) / mean(kernel²), over the ten random directions of the outputs "
    "that calibrate takes; twin: kernels multiplied by the inverse ratios",
    rule="between_layer < 1.01, outputs within 1e-4 of those before, twin > the start",
    quantity="largest / smallest relative gradient after between_layer",
    expected=1,
)
def between_layer(quick: bool) -> Measured:
    """Equal relative gradients."""
    x, *_ = flat_digits()
    x = x[:256]
    model = chain("relu", 8, 96)
    keras_inits.initialize(model, "glorot_uniform", seed=0)
    own = model.get_weights()
    keras_inits.calibrate(model, x, method="within_layer")
    within = over_directions(model, x, range(10))
    outputs, set_within = np.asarray(model(x)), model.get_weights()
    model.set_weights(own)
    keras_inits.calibrate(model, x, method="between_layer")
    between = over_directions(model, x, range(10))
    others = over_directions(model, x, range(10, 20))
    changed = abs(np.asarray(model(x)) - outputs).max() / outputs.std()
    model.set_weights(set_within)
    inverse, so_far = np.sqrt(np.exp(np.log(within).mean()) / within), 1.0
    for layer, factor in zip(model.layers, inverse, strict=True):
        so_far *= float(factor)
        layer.kernel.assign(layer.kernel * float(factor))
        layer.bias.assign(layer.bias * so_far)
    wrong = over_directions(model, x, range(10))
    spread = {
        "within_layer": within.max() / within.min(),
        "between_layer": between.max() / between.min(),
        "inverse ratio": wrong.max() / wrong.min(),
    }
    passed = spread["between_layer"] < 1.01 and changed < 1e-4
    passed &= spread["inverse ratio"] > spread["within_layer"]
    figures = spread | {
        "between_layer, over 10 other directions": others.max() / others.min()
    }
    figures |= {"outputs changed by, relative": changed}
    lines = {"within_layer": within, "between_layer": between, "inverse ratio": wrong}
    plot = curves(lines, "relative gradient", "layer", range(1, 10), log=True)
    return Measured(rounded(figures), passed, spread["between_layer"], plot)
