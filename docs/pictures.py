"""Draws a picture of each scheme for its family's page: `python docs/pictures.py`.

Left its values as an image, or as a curve for a vector; in the middle its singular
values, or a histogram for a vector; right what ten dense layers of it, with ReLU where
the scheme is He's and without elsewhere, do to the std of a signal. The width is 64.
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np

from keras_inits.initializers import descriptions

matplotlib.use("Agg")
from matplotlib import pyplot
from PIL import Image

FOLDER = Path(__file__).parent / "catalogue"
WIDTH, LAYERS = 64, 10
NONE = {"from_function", "from_array", "masked", "nan_fill"}  # nothing of their own


def stds(name: str) -> list[float]:
    """The std of a white signal behind each of ten layers."""
    x = np.random.default_rng(0).standard_normal((256, WIDTH))
    found = [float(x.std())]
    for layer in range(LAYERS):
        x = x @ descriptions.example(name, layer)
        if name.startswith(("he_", "kaiming", "fixup", "random_walk")):
            x = np.maximum(x, 0)
        found.append(float(np.sqrt((x**2).mean())))
    return found


def draw(name: str) -> None:
    """Writes the picture of a scheme."""
    kernel = descriptions.example(name)
    figure, axes = pyplot.subplots(1, 3, figsize=(7.2, 2.1), layout="constrained")
    flat = descriptions.example_matrix(name, kernel)
    if flat is not None:
        window = kernel.ndim == 4
        shown = kernel[:, :, 0, 0] if window else flat
        limit = abs(shown).max() or 1.0
        axes[0].imshow(shown, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
        axes[0].set_xlabel("window, first input and output" if window else "outputs")
        axes[0].set_ylabel("window" if window else "inputs")
        values = np.linalg.svd(flat, compute_uv=False)
        axes[1].plot(values, ".", color="#1f4e79")
        axes[1].set_ylim(bottom=0)
        axes[1].set_title("singular values", fontsize=8)
    else:
        axes[0].plot(kernel, ".", color="#1f4e79", markersize=3)
        axes[1].hist(kernel, bins=24, color="#1f4e79")
        axes[1].set_title("histogram", fontsize=8)
    axes[0].set_title("values of " + str(kernel.shape), fontsize=8)
    if kernel.shape == (WIDTH, WIDTH):
        axes[2].plot(stds(name), ".-", color="#b03a2e")
        axes[2].set_yscale("log")
        low, high = axes[2].get_ylim()
        axes[2].set_ylim(min(low, 0.1), max(high, 10))
        axes[2].set_xlabel("layers")
        axes[2].set_title("rms of a signal", fontsize=8)
    else:
        axes[2].axis("off")
    for one in axes:
        one.tick_params(labelsize=7)
        one.xaxis.label.set_size(7)
        one.yaxis.label.set_size(7)
    path = FOLDER / f"{name}.png"
    figure.savefig(path, dpi=72, metadata={"Software": None})
    pyplot.close(figure)
    # Few colours: noise does not compress.
    Image.open(path).convert("RGB").quantize(32).save(path, optimize=True)


def main() -> int:
    """Draws all, or those that are named."""
    FOLDER.mkdir(exist_ok=True)
    names = sys.argv[1:] or [
        name for names in descriptions.by_family().values() for name in names
    ]
    for name in names:
        if name not in NONE:
            draw(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
