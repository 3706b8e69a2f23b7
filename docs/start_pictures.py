"""The three pictures of the start page: `site(folder)` writes them into `start/`.

The first is measured as it is drawn; the others are of `benchmarks/results/`.
"""

import json
from pathlib import Path

import matplotlib
import numpy as np

import keras_inits

matplotlib.use("Agg")
from matplotlib import pyplot

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
WIDTH, LAYERS = 512, 30
BLUE, RED, GREY = "#1f4e79", "#b03a2e", "#767676"
STARTS = {  # label, color, how far above the last point the label stands
    "glorot_uniform": ("Keras's default", GREY, -26),
    "random_normal": ("N(0, 0.1²)", RED, 6),
    "he_fan_in": ('"he_fan_in"', BLUE, 6),
}
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
DRAWN = {  # the cases of benchmarks/sampling.py that the picture shows
    "uniform 4096x4096": "uniform",
    "normal 4096x4096": "normal",
    "he_normal 4096x4096": "truncated normal",
}


def signal(name: str) -> list[float]:
    """The rms of a white signal behind each of thirty dense layers with ReLU."""
    x = np.random.default_rng(0).standard_normal((128, WIDTH))
    sizes = [1.0]
    for layer in range(LAYERS):
        arguments = {"stddev": 0.1} if name == "random_normal" else {}
        scheme = keras_inits.get(name, seed=layer, **arguments)
        x = np.maximum(x @ np.asarray(scheme((WIDTH, WIDTH)), dtype="float64"), 0)
        sizes.append(float(np.sqrt((x**2).mean())))
    return sizes


def draw_signal(axes) -> None:
    """The size of a signal in thirty layers, by three schemes."""
    for name, (label, color, above) in STARTS.items():
        sizes = signal(name)
        axes.plot(sizes, color=color, linewidth=2)
        axes.annotate(
            label,
            (LAYERS, sizes[-1]),
            (-2, above),
            color=color,
            ha="right",
            textcoords="offset points",
            fontweight="bold",
        )
    axes.set(yscale="log", xlabel="ReLU layers", ylabel="rms of the signal")
    axes.set_ylim(1e-8, 1e8)


def draw_speed(axes) -> None:
    """How many times longer Keras takes to draw 16.8 million values."""
    found = json.loads((RESULTS / "sampling.json").read_text())["backends"]
    colors = (BLUE, "#5b8fc7", "#a9c6e6")
    for row, backend in enumerate(BACKENDS):
        for bar, (case, label) in enumerate(DRAWN.items()):
            ratio = found[backend]["eager"][case]["ratios"]["keras"]
            place = row + 0.27 * (bar - 1)
            axes.barh(
                place, ratio, 0.25, color=colors[bar], label=label if not row else ""
            )
            axes.text(ratio + 0.4, place, f"{ratio:.1f}×", va="center", fontsize=9)
    axes.axvline(1, color=GREY, linewidth=1)
    axes.set_yticks(range(3), BACKENDS.values())
    axes.invert_yaxis()
    axes.set_xlim(0, 32)
    axes.set_xlabel("time of Keras ÷ time of this")
    place = {"loc": "lower center", "bbox_to_anchor": (0.35, 1), "ncols": 3}
    axes.legend(
        **place,
        frameon=False,
        fontsize=9,
        handlelength=0.8,
        columnspacing=0.8,
        handletextpad=0.4,
    )


def draw_learning(axes) -> None:
    """How many of 200 random networks learn, from three starts."""
    arms = json.loads((RESULTS / "trainability.json").read_text())["arms"]
    bars = {
        "as built": (arms["own"], GREY),
        'initialize\n"auto"': (arms["auto"], "#2f6eb0"),
        "calibrate": (arms["unit"], BLUE),
    }
    inside = {"ha": "center", "fontweight": "bold", "color": "white", "fontsize": 13}
    for label, (arm, color) in bars.items():
        axes.bar(label, arm["learn"], 0.6, color=color)
        axes.text(label, arm["learn"] - 16, arm["learn"], **inside)
    axes.axhline(200, color=GREY, linewidth=1, linestyle=":")
    axes.set(ylim=(0, 220), ylabel="networks of 200\nthat learn")


def site(folder: Path) -> None:
    """Writes the pictures.

    Args:
        folder: The pictures come into its folder `start/`.
    """
    (folder / "start").mkdir(exist_ok=True)
    style = {"font.size": 10.5, "svg.hashsalt": "start", "svg.fonttype": "path"}
    style |= {"axes.spines.top": False, "axes.spines.right": False}
    drawings = {"signal": draw_signal, "speed": draw_speed, "learning": draw_learning}
    for name, draw in drawings.items():
        with pyplot.rc_context(style):
            figure, axes = pyplot.subplots(figsize=(3.3, 2.9), layout="constrained")
            draw(axes)
            path = folder / "start" / f"{name}.svg"
            figure.savefig(path, metadata={"Date": None})
            pyplot.close(figure)
