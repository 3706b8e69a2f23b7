"""Claims about a network before its first step: variances, gradients, Jacobians."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from claim import Measured, claim, rounded

import keras_inits
from keras_inits.signals.projection import direction

# The magnitude is a maxout of two pieces, one the negative of the other.
LSUV = ("relu", "leaky_relu", "elu", "gelu", "tanh", keras.ops.abs)


def chain(
    activation: Any, layers: int, width: int, inputs: int = 64, **kernel: Any
) -> keras.Sequential:
    """A chain of dense layers and a head of ten units."""
    stack = [
        keras.layers.Dense(width, activation, name=f"hidden{i}", **kernel)
        for i in range(layers)
    ]
    head = keras.layers.Dense(10, name="head", **kernel)
    return keras.Sequential([keras.Input((inputs,)), *stack, head])


def flat_digits() -> Any:
    """x, y to train on; x, y to test: standardized digits as vectors."""
    import digit_training

    x, y, x_test, y_test = digit_training.digits("standardized")
    return x.reshape(-1, 64), y, x_test.reshape(-1, 64), y_test


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


def rescaled_once(activation: Any) -> Any:
    """Figures of 20 layers after one pass of LSUV, and whether its rule holds."""
    x, *_ = flat_digits()
    batch, fresh = x[:256], x[256:512]
    model = chain(activation, 20, 64, use_bias=False)
    keras_inits.initialize(model, "orthogonal", seed=0)
    alone = abs(variances(model, batch) - 1).max()
    report = keras_inits.calibrate(model, batch, method="lsuv", seed=0)
    changed = {row.path for row in report.rows if row.factor != 1}
    paths = [f"{layer.name}/kernel" for layer in model.layers]
    rescaled = np.array([path in changed for path in paths])
    off = abs(variances(model, batch) - 1)
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
    return rounded(figures, 2), bool(passed and rescaled.any())


LSUV_FIELDS = {
    "rule": "rescaled kernels: |variance - 1| < 1e-5; all within .1, on a fresh "
    "batch within .15; orthogonal alone is off by more than .1",
}


@claim(
    paper="Mishkin 2016, 1511.06422",
    published="One rescaling per layer gives each layer an output variance of 1, "
    "with the ReLU family, tanh and maxout.",
    setting="20 layers of width 64 without bias, digits, six activations, orthogonal "
    "start, one pass, which rescales where the variance is off by more than .1; "
    "variances over the batch of the pass and over a fresh one of 256",
    **LSUV_FIELDS,
)
def lsuv(quick: bool) -> Measured:
    """Layer-sequential unit variance."""
    figures: dict[str, Any] = {}
    holds = []
    for activation in LSUV[:2] if quick else LSUV:
        name = getattr(activation, "__name__", activation)
        figures[name], passed = rescaled_once(activation)
        holds.append(passed)
    return Measured(figures, all(holds))


@claim(
    paper="beyond Mishkin 2016",
    published="Not in the paper: the same with sigmoids.",
    setting="as lsuv, with sigmoids: units become constant over the batch, and layers "
    "of nothing but such units are left alone",
    **LSUV_FIELDS,
)
def lsuv_sigmoid(quick: bool) -> Measured:
    """One rescaling per layer does not save sigmoids."""
    return Measured(*rescaled_once("sigmoid"))


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
    return Measured(rounded(figures), passed)


@claim(
    paper="Glorot 2010",
    published="Mean singular value of layer Jacobians about .8 with the normalized "
    "initialization, .5 with the standard one.",
    setting="5 tanh layers of width 1000, inputs U(-1, 1), last layer's Jacobian, mean "
    "over 2 inputs; standard: U(±1/sqrt(fan_in))",
    rule="ratio of the two in [1.5, 1.75]",
)
def glorot_jacobians(quick: bool) -> Measured:
    """Normalized against standard initialization."""
    width = 200 if quick else 1000
    x = np.random.default_rng(0).uniform(-1, 1, (2, width)).astype("float32")
    schemes = {
        "normalized": "glorot_uniform",
        "standard": keras_inits.VarianceScaling(1 / 3, "fan_in", "uniform"),
    }
    figures = {}
    for name, scheme in schemes.items():
        model = chain("tanh", 5, width, width)
        keras_inits.initialize(model, scheme, seed=0)
        z, means = x, []
        for layer in model.layers[:-1]:
            z = np.asarray(layer(z))
        kernel = np.asarray(model.layers[-2].kernel)
        for row in z:
            jacobian = (kernel * (1 - row**2)).astype("float64")
            squares = np.linalg.eigvalsh(jacobian.T @ jacobian)  # faster than an SVD
            means.append(np.sqrt(np.maximum(squares, 0)).mean())
        figures[name] = float(np.mean(means))
    figures["ratio"] = figures["normalized"] / figures["standard"]
    return Measured(rounded(figures), 1.5 <= figures["ratio"] <= 1.75)


@claim(
    paper="Xiao 2018, 1806.05393",
    published="Delta-orthogonal convolutions at criticality keep gradients equal over "
    "thousands of layers without normalization.",
    setting="200 tanh convolutions 3x3 of 16 channels, 4x4 images, circular, gain 1; "
    "norms of the first and the last kernel's gradient, 5 seeds, geometric mean of "
    "first / last and its extremes; Gauss: variance 1 / fan_in",
    rule="delta-orthogonal: first / last in [.5, 2] for each seed, and one convolution "
    "keeps the norm within 1e-2",
)
def delta_orthogonal(quick: bool) -> Measured:
    """Deep convolutional chains."""
    depth, shape = 20 if quick else 200, (3, 3, 16, 16)

    def convolution(x: Any, kernel: Any) -> Any:
        x = jnp.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="wrap")
        dimensions = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(
            x, kernel, (1, 1), "VALID", dimension_numbers=dimensions
        )

    @jax.jit
    def gradients(kernels: Any, x: Any, direction: Any) -> Any:
        def loss(kernels: Any) -> Any:
            def layer(x: Any, kernel: Any) -> Any:
                return jnp.tanh(convolution(x, kernel)), None

            return (jax.lax.scan(layer, x, kernels)[0] * direction).mean()

        return jnp.sqrt((jax.grad(loss)(kernels) ** 2).sum(axis=(1, 2, 3, 4)))

    schemes = {
        "delta-orthogonal": keras_inits.DeltaOrthogonal,
        "Gauss": keras_inits.LecunNormal,
    }
    figures: dict[str, Any] = {}
    for name, scheme in schemes.items():
        ratios, kept, last = [], [], []
        for seed in range(1 if quick else 5):
            random = np.random.default_rng(seed)
            x, direction = random.normal(size=(2, 8, 4, 4, 16)).astype("float32")
            drawn = [scheme(seed=1000 * seed + i)(shape) for i in range(depth)]
            norms = np.asarray(gradients(jnp.stack(drawn), x, direction))
            ratios.append(norms[0] / norms[-1])
            last.append(norms[-1])
            kept.append(float(jnp.linalg.norm(convolution(x, drawn[0]))))
            kept[-1] /= np.linalg.norm(x)
        ratios = np.array(ratios)
        figures[name] = {
            "first / last gradient": np.exp(np.log(ratios).mean()),
            "least": ratios.min(),
            "most": ratios.max(),
            "last gradient": np.exp(np.log(last).mean()),
            "norm after one convolution": np.mean(kept),
        }
        if name == "delta-orthogonal":
            passed = ratios.min() >= 0.5 and ratios.max() <= 2
            passed &= bool(np.all(abs(np.array(kept) - 1) < 1e-2))
    return Measured(rounded(figures), passed)
