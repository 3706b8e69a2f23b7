"""The chart of networks that learn, from a result file of `trainability.py`.

Usage: `python benchmarks/trainability_chart.py [RESULT.json] [--output CHART.svg]`.
"""

from pathlib import Path
from typing import Any

import common

KINDS = {
    "dense": "#b5341f",
    "convolutional": "#4c5b6b",
    "recurrent": "#93a1ae",
    "Transformer": "#c9d1d8",
}
NAMES = {
    "own": "own start",
    "auto": 'initialize\n"auto"',
    "layer": "calibrate\nlayers",
    "unit": "calibrate\nunits",
    "auto+unit": '"auto", then\ncalibrate units',
    "fixes": "fix of\ndiagnose",
}


def draw(result: dict[str, Any], path: Path) -> None:
    """Writes the chart: percent that learn, a group of bars per start.

    Args:
        result: What `trainability.py` printed.
        path: File to write; its suffix says the format.
    """
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "keras_inits"  # the same file every time
    from matplotlib import pyplot

    arms = result["arms"]
    figure, panel = pyplot.subplots(figsize=(1.4 * len(arms) + 1.6, 3.6))
    for number, arm in enumerate(arms.values()):
        for place, (kind, colour) in enumerate(KINDS.items()):
            found = arm["kinds"].get(kind)
            if found:
                share = 100 * found["learn"] / found["networks"]
                x = number + 0.2 * (place - 1.5)
                label = f"{kind} ({found['networks']})" if number == 0 else None
                panel.bar(x, share, 0.19, color=colour, label=label)
        panel.plot([number - 0.4, number + 0.4], [arm["percent"]] * 2, "k", lw=1)
        panel.annotate(f"{arm['percent']:.0f} %", (number, 103), ha="center")
    names = [NAMES.get(name, name) for name in arms]
    panel.set_xticks(range(len(arms)), names, fontsize=8)
    panel.set_ylim(0, 110)
    panel.set_ylabel("networks that learn, percent\n(line: all kinds)")
    panel.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, fontsize=8, ncols=4, loc="lower center")
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    common.save(figure, path)


if __name__ == "__main__":
    common.charted(__doc__, "trainability", draw)
