"""Draws three pictures of each scheme: values, singular values, ten layers of it.

The third shows the root mean square of a white signal behind each of ten layers of
freshly drawn kernels, or ten steps of one recurrent kernel. Its scale is the same in
all pictures. Colours are such that they show on light and on dark pages.
"""

from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_inits.initializers import descriptions, registry

LAYERS = 10
NONE = {"from_function", "from_array", "nan_fill"}  # nothing of their own to show
NO_LAYERS = {"adapter", "embedding", "state space"}  # families that are never stacked
LINES = {  # activation, colour and marker
    "no activation": (lambda x: x, "#3b8ed0", "o"),
    "ReLU": (lambda x: np.maximum(x, 0), "#d2691e", "s"),
    "tanh": (np.tanh, "#2e8b57", "^"),
}
SINE = {"sin(30 x)": (lambda x: np.sin(30 * x), "#3b8ed0", "o")}
GREY = "#7d7d7d"
BOUNDS = 1e-3, 1e3  # of the third picture
SIZE = 2.45, 2.3  # inches: three beside each other in a column of text
PLAIN = {"Date": None}  # or each build would write other files
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "keras_inits",
    "font.size": 8,
    "axes.titlesize": 8,
    "image.interpolation": "none",
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor"), GREY),
    **dict.fromkeys(("xtick.color", "ytick.color"), GREY),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right"), False),
}


def _applied(kernel: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A layer without bias: dense, or a convolution of an image that repeats."""
    if kernel.ndim == 2:
        return x @ kernel
    axes = tuple(range(1, kernel.ndim - 1))
    spectrum = np.fft.fftn(kernel, x.shape[1:-1], axes=tuple(a - 1 for a in axes))
    product = np.einsum("n...i,...io->n...o", np.fft.fftn(x, axes=axes), spectrum)
    return np.fft.ifftn(product, axes=axes).real


def rms(name: str) -> dict[str, list[float]]:
    """Sizes of a signal before and behind each layer; none where that means nothing."""
    cls = registry.scheme(name)
    shape = cls.example_shape
    apt = len(shape) in (2, 4) and shape[-2] == shape[-1]
    if not apt or cls.family in NO_LAYERS or name in NONE | {"fourier_features"}:
        return {}
    steps = "recurrent_initializer" in cls.usage
    kernels = [descriptions.example(name, 0 if steps else n) for n in range(LAYERS)]
    size = (256,) if len(shape) == 2 else (8, 8, 8)
    start = np.random.default_rng(0).standard_normal((*size, shape[-2]))
    found = {}
    for activation, (function, *_) in (SINE if "siren" in name else LINES).items():
        x, sizes = start, [float(np.sqrt((start**2).mean()))]
        for kernel in kernels:
            x = function(_applied(kernel, x))
            sizes.append(float(np.sqrt((x**2).mean())))
        found[activation] = sizes
    return found


def _values(axes: Axes, kernel: np.ndarray, flat: np.ndarray | None) -> str:
    """The values as an image, or as points for a vector."""
    shape = " × ".join(map(str, kernel.shape))
    axes.set_title(f"values, {shape}")
    if flat is None:
        axes.plot(kernel, ".", color="#3b8ed0", markersize=4)
        axes.set_xlabel("place")
        return f"{len(kernel)} values, from {kernel.min():.3g} to {kernel.max():.3g}"
    if kernel.ndim == 4:  # each window whole, inputs down and outputs to the right
        high, wide, inputs, outputs = kernel.shape
        flat = kernel.transpose(2, 0, 3, 1).reshape(inputs * high, outputs * wide)
        axes.set_xticks(np.arange(0, outputs * wide, wide) - 0.5, [])
        axes.set_yticks(np.arange(0, inputs * high, high) - 0.5, [])
        axes.grid(color=GREY, linewidth=0.4)
        axes.tick_params(length=0)
    limit = abs(flat).max() or 1.0
    axes.imshow(flat, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    axes.set_xlabel("outputs")
    axes.set_ylabel("inputs")
    return f"values of a kernel of {shape}, between ±{limit:.3g}"


def _spread(axes: Axes, kernel: np.ndarray, flat: np.ndarray | None) -> str:
    """Singular values, or a histogram for a vector."""
    if flat is None:
        axes.hist(kernel, bins=24, color="#3b8ed0")
        axes.set_title("histogram")
        axes.set_xlabel("value")
        return f"a histogram of {len(kernel)} values"
    found = np.linalg.svd(flat, compute_uv=False)
    axes.plot(found, ".", color="#3b8ed0", markersize=4)
    axes.set_ylim(bottom=0, top=max(found.max(), 1e-9) * 1.1)
    axes.set_title("singular values")
    axes.set_xlabel("number")
    return f"singular values, from {found.max():.3g} down to {found.min():.3g}"


def _layers(axes: Axes, sizes: dict[str, list[float]], steps: bool) -> str:
    """The size of a signal, layer by layer."""
    what = "steps" if steps else "layers"
    for activation, found in sizes.items():
        _, color, marker = (LINES | SINE)[activation]
        shown = np.clip(found, *BOUNDS)
        axes.plot(shown, marker=marker, color=color, markersize=3.5, label=activation)
    axes.set_xticks(range(0, LAYERS + 1, 2))
    axes.set_yscale("log")
    axes.set_ylim(BOUNDS[0] / 2, BOUNDS[1] * 2)
    ticks = [1e-3, 1e-2, 0.1, 1, 10, 100, 1000]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.axhline(1, color=GREY, linewidth=0.6, linestyle=":")
    axes.set_title(f"rms of a signal, ten {what}")
    axes.set_xlabel(what)
    axes.legend(frameon=False, fontsize=7, loc="upper left", labelcolor=GREY)
    ends = ", ".join(f"{found[-1]:.2g} with {name}" for name, found in sizes.items())
    return f"root mean square of a white signal after ten {what}: {ends}"


def draw(name: str, folder: Path) -> dict[str, str]:
    """Writes the pictures of a scheme as SVG: three narrow ones, to wrap on a phone.

    Returns:
        From each file's name to what it shows, in words.
    """
    if name in NONE:
        return {}
    kernel = descriptions.example(name)
    flat = descriptions.example_matrix(name, kernel)
    steps = "recurrent_initializer" in registry.scheme(name).usage
    parts: dict[str, Callable[[Axes], str]] = {
        "values": lambda axes: _values(axes, kernel, flat),
        "spread": lambda axes: _spread(axes, kernel, flat),
    }
    if sizes := rms(name):
        parts["layers"] = lambda axes: _layers(axes, sizes, steps)
    said = {}
    with matplotlib.rc_context(STYLE):
        for part, drawn in parts.items():
            figure = Figure(figsize=SIZE)
            said[f"{name}.{part}.svg"] = drawn(figure.subplots())
            # Fixed margins: a layout that measures every text takes most of the time.
            figure.subplots_adjust(left=0.2, right=0.97, bottom=0.19, top=0.89)
            path = folder / f"{name}.{part}.svg"
            figure.savefig(path, format="svg", transparent=True, metadata=PLAIN)
    return said
