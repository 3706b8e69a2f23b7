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
