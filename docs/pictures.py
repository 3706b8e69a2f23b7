"""Draws a picture of each scheme for its family's page: `python docs/pictures.py`.

Left its values as an image, or as a curve for a vector; in the middle its singular
values, or a histogram for a vector; right what ten dense layers of it, with ReLU where
the scheme is He's and without elsewhere, do to the std of a signal. The width is 64.
"""

import sys
from pathlib import Path

import keras
import matplotlib
import numpy as np

import keras_inits
from keras_inits.initializers import descriptions, registry

matplotlib.use("Agg")
from matplotlib import pyplot
from PIL import Image

FOLDER = Path(__file__).parent / "catalogue"
WIDTH, LAYERS = 64, 10
SHAPES = {  # where a square matrix is no kernel of theirs
    "affine_identity": (12,),
    "chrono": (4 * WIDTH,),
    "linspace_bias": (4 * WIDTH,),
    "mimetic": (WIDTH, 4, WIDTH // 4),
    "power_law_bias": (4 * WIDTH,),
    "stft": (WIDTH, 1, WIDTH // 2 + 1),
    "uniform_gates": (4 * WIDTH,),
    "unit_forget_bias": (4 * WIDTH,),
}
SHAPES |= dict.fromkeys(
    ("bilinear_upsampling", "binomial_blur", "dirac", "linear_downsampling"),
    (5, 5, 8, 8),
)
SHAPES |= dict.fromkeys(
    ("conv_orthogonal", "convolution_aware", "delta_orthogonal", "icnr"), (3, 3, 8, 8)
)
SHAPES |= dict.fromkeys(
    ("layer_scale", "log_uniform_step", "lru", "rg_lru", "torch_bias"), (WIDTH,)
)
SHAPES |= dict.fromkeys(("nguyen_widrow_bias", "prior_bias"), (WIDTH,))
NONE = {"from_function", "from_array", "masked", "nan_fill"}  # nothing of their own


def made(name: str, seed: int) -> object:
    """The scheme with the arguments that `show` types, and a seed."""
    cls = registry.scheme(name)
    space = {"keras_inits": keras_inits}
    text = f"dict({cls.usage_arguments})"
    arguments = eval(text, space)
    if "seed" in cls._arguments:
        arguments["seed"] = seed
    return cls(**arguments)


def array(name: str, seed: int = 7) -> np.ndarray:
    """What the scheme draws in its shape."""
    shape = SHAPES.get(name, (WIDTH, WIDTH))
    return np.array(keras.ops.convert_to_numpy(made(name, seed)(shape)), "float64")


def matrix(name: str, kernel: np.ndarray) -> np.ndarray:
    """A kernel as a matrix of inputs, and window, by outputs."""
    outputs = kernel.shape[1:] if name == "mimetic" else kernel.shape[-1:]
    return kernel.reshape(-1, int(np.prod(outputs)))


def stds(name: str) -> list[float]:
    """The std of a white signal behind each of ten layers."""
    x = np.random.default_rng(0).standard_normal((256, WIDTH))
    found = [float(x.std())]
    for layer in range(LAYERS):
        x = x @ array(name, layer)
        if name.startswith(("he_", "kaiming", "fixup", "random_walk")):
            x = np.maximum(x, 0)
        found.append(float(np.sqrt((x**2).mean())))
    return found


def draw(name: str) -> None:
    """Writes the picture of a scheme."""
    kernel = array(name)
    figure, axes = pyplot.subplots(1, 3, figsize=(7.2, 2.1), layout="constrained")
    if kernel.ndim > 1:
        flat = matrix(name, kernel)
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
