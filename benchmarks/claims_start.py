"""Claims about a network before its first step: variances, gradients, Jacobians."""

from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from claim import Measured, bars, claim, curves, rounded

import keras_inits


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


@claim(
    paper="Glorot 2010",
    published="Mean singular value of layer Jacobians about .8 with the normalized "
    "initialization, .5 with the standard one.",
    setting="5 tanh layers of width 1000, inputs U(-1, 1), last layer's Jacobian, mean "
    "over 2 inputs; standard: U(±1/sqrt(fan_in))",
    rule="ratio of the two in [1.5, 1.75]",
    quantity="normalized / standard",
    expected=1.6,
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
    ratio = figures["normalized"] / figures["standard"]
    plot = {name: {"here": found} for name, found in figures.items()}
    for name, published in (("normalized", 0.8), ("standard", 0.5)):
        plot[name]["published"] = published
    of = "mean singular value"
    figures["ratio"] = ratio
    return Measured(rounded(figures), 1.5 <= ratio <= 1.75, ratio, bars(plot, of))


@claim(
    paper="Xiao 2018, 1806.05393",
    published="Delta-orthogonal convolutions at criticality keep gradients equal over "
    "thousands of layers without normalization.",
    setting="200 tanh convolutions 3x3 of 16 channels, 4x4 images, circular, gain 1; "
    "norms of the first and the last kernel's gradient, 5 seeds, geometric mean of "
    "first / last and its extremes; Gauss: variance 1 / fan_in",
    rule="delta-orthogonal: first / last in [.5, 2] for each seed, and one convolution "
    "keeps the norm within 1e-2",
    quantity="first / last gradient, delta-orthogonal",
    expected=1,
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
    lines = {}
    for name, scheme in schemes.items():
        ratios, kept, last = [], [], []
        for seed in range(1 if quick else 5):
            random = np.random.default_rng(seed)
            x, direction = random.normal(size=(2, 8, 4, 4, 16)).astype("float32")
            drawn = [scheme(seed=1000 * seed + i)(shape) for i in range(depth)]
            norms = np.asarray(gradients(jnp.stack(drawn), x, direction))
            lines.setdefault(name, norms)
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
    ours = figures["delta-orthogonal"]["first / last gradient"]
    plot = curves(lines, "norm of the kernel's gradient, seed 0", "layer")
    return Measured(rounded(figures), passed, ours, plot)


@claim(
    paper="Sussillo 2014, 1412.6558",
    published="The logarithm of a signal's length does a random walk through the "
    "layers. From He's variance it drifts by -1.2 / (width - 2.4) a layer with ReLU; "
    "with a factor for the width it does not drift.",
    setting="2500 ReLU layers without bias of width 20, 50 and 120, one white input; "
    "mean change of log length a layer, and its standard error",
    rule="random_walk: drift within 4 standard errors + .004 of 0 at each width; He at "
    "width 20: below -.04",
    quantity="drift from He's variance at width 20",
    expected=-1.2 / 17.6,
)
def random_walk(quick: bool) -> Measured:
    """The typical length of a signal instead of its mean square."""
    layers, widths = 100 if quick else 2500, (20, 50, 120)
    figures: dict[str, Any] = {}
    drifts: dict[str, list[float]] = {}
    passed = True
    for width in widths:
        for name, scheme in (
            ("He", keras_inits.HeFanIn(seed=width)),
            ("random_walk", keras_inits.RandomWalk(width=width, seed=width)),
        ):
            drawn = np.asarray(scheme((width, layers * width)))  # fan_in is the width
            x = np.random.default_rng(0).normal(size=width)
            changes = []
            for kernel in np.split(drawn.astype("float64"), layers, axis=1):
                z = np.maximum(x / np.linalg.norm(x) @ kernel, 0)
                changes.append(np.log(np.linalg.norm(z)))
                x = z
            mean, error = np.mean(changes), np.std(changes) / np.sqrt(layers)
            figures[f"{name}, width {width}"] = {"drift": mean, "standard error": error}
            drifts.setdefault(name, []).append(float(mean))
            if name == "random_walk":
                passed &= bool(abs(mean) < 4 * error + 0.004)
    ours = drifts["He"][0]
    plot = curves(drifts, "change of log length a layer", "width", widths)
    return Measured(rounded(figures, 3), passed and ours < -0.04, ours, plot)


@claim(
    paper="Aitken 2017, 1707.02937",
    published="A sub-pixel convolution whose kernel is copied over each square of "
    "pixels (ICNR) starts without checkerboard artifacts.",
    setting="convolution 3x3 from 8 to 64 channels, white input of 32x32 pixels, "
    "depth_to_space by 2; variance within squares of 2x2 pixels over all variance",
    rule="ICNR < 1e-6, he_fan_in > .5",
    quantity="share of the variance within squares, ICNR",
    expected=0,
)
def icnr(quick: bool) -> Measured:
    """Kernels that start as nearest-neighbour upsampling."""
    del quick  # fast anyway
    x = np.random.default_rng(0).normal(size=(4, 32, 32, 8)).astype("float32")
    figures = {}
    for name in ("icnr", "he_fan_in"):
        kernel = keras_inits.get(name, seed=7)((3, 3, 8, 64))
        z = np.asarray(keras.ops.conv(x, kernel, padding="same"), "float64")
        z = z.reshape(4, 32, 32, 4, 16)  # as depth_to_space: the square, channels
        figures[name] = z.var(axis=3).mean() / z.var()
    passed = figures["icnr"] < 1e-6 and figures["he_fan_in"] > 0.5
    of = "share of the variance within squares"
    return Measured(rounded(figures, 3), passed, figures["icnr"], bars(figures, of))
