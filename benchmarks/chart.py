"""The README's chart, from a result file of `sampling.py`.

Usage: `python benchmarks/chart.py [results/sampling.json] [--output CHART.svg]`.
"""

from pathlib import Path
from typing import Any

import common

COLOURS = {
    "keras_inits": "#b5341f",
    "keras": "#4c5b6b",
    "torch.nn.init": "#93a1ae",
    "jax.nn.initializers": "#c9d1d8",
}
NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def draw(result: dict[str, Any], path: Path) -> None:
    """Writes the chart: values a second, one panel a backend.

    Args:
        result: What `sampling.py` printed, with the group `eager`.
        path: File to write; its suffix says the format.
    """
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "keras_inits"  # the same file every time
    from matplotlib import pyplot

    backends = [name for name in NAMES if "eager" in result["backends"].get(name, {})]
    figure, panels = pyplot.subplots(
        1, len(backends), figsize=(3.4 * len(backends) + 0.6, 3.6), sharey=True
    )
    panels = [panels] if len(backends) == 1 else panels
    for panel, backend in zip(panels, backends, strict=True):
        cases = result["backends"][backend]["eager"]
        for number, entry in enumerate(cases.values()):
            seconds = {k: v for k, v in entry["seconds"].items() if k in COLOURS}
            for place, (peer, times) in enumerate(seconds.items()):
                parts = ("median", "max", "min")
                rates = [entry["values"] / times[part] / 1e6 for part in parts]
                x = number + 0.2 * (place - (len(seconds) - 1) / 2)
                label = peer if number == 0 else None
                error = [[rates[0] - rates[1]], [rates[2] - rates[0]]]
                panel.bar(x, rates[0], 0.19, color=COLOURS[peer], label=label)
                panel.errorbar(x, rates[0], error, color="black", linewidth=0.6)
        labels = [case.replace(" ", "\n", 1).replace("_", "\n") for case in cases]
        panel.set_xticks(range(len(cases)), labels, fontsize=7)
        panel.set_title(f"Keras on {NAMES[backend]}", fontsize=10)
        panel.spines[["top", "right"]].set_visible(False)
        if backend == backends[0]:
            panel.set_ylabel("million values a second\n(median; lines: all laps)")
            panel.legend(frameon=False, fontsize=8)
    machine = result["machine"]
    figure.text(
        0.99,
        0.01,
        f"{machine['processor']}, {machine['cores']} cores, float32",
        ha="right",
        fontsize=6,
    )
    figure.tight_layout()
    common.save(figure, path)


if __name__ == "__main__":
    common.charted(__doc__, "sampling", draw)
