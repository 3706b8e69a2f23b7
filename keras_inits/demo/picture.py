"""One picture: how the loss falls, and where activations stand before it does.

ReLU's activations span twenty orders of magnitude, so their histograms are over the
logarithm, where zeros, half of what it puts out, have no place. Those of tanh are over
-1 ... 1, where vanishing is a spike in the middle and saturation two at the ends.
"""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from keras_inits.demo import network
from keras_inits.demo.train import Run

COLOURS = dict(  # told apart by the colour-blind too
    zip(
        network.STARTS,
        (
            "#7f7f7f",
            "#56b4e9",
            "#d55e00",
            "#0072b2",
            "#e69f00",
            "#cc79a7",
            "#009e73",
            "#000000",
        ),
        strict=True,
    )
)
DECADES = (-12, 8)  # of ReLU's activations that are shown
BINS = 120
LOSSES = (1e-3, 1e2)  # shown; what lies outside is written out


def figure(runs: Sequence[Run], classes: int) -> Figure:
    """The picture of all runs.

    Args:
        runs: One for each network and start.
        classes: How many classes there are to tell.

    Returns:
        A figure with a panel of loss curves for each network and, for each network and
        start, the histograms of its hidden layers.
    """
    by_network = {
        activation: [run for run in runs if run.activation == activation]
        for activation in network.ACTIVATIONS
    }
    drawn = Figure(figsize=(17, 16), dpi=100, layout="constrained")
    top, *below = drawn.subfigures(
        1 + len(by_network),
        height_ratios=[1.15] + [1.0] * len(by_network),
        hspace=0.04,
    )
    panels = top.subplots(1, len(by_network), sharey=True, squeeze=False)[0]
    for panel, (activation, own) in zip(panels, by_network.items(), strict=True):
        _losses(panel, own, classes)
        panel.set_title(f"{network.ACTIVATIONS[activation]} network", fontsize=14)
    panels[0].set_ylabel("training loss: cross-entropy in nats, log scale")
    top.suptitle("The same network from eight starts: what it learns", fontsize=17)
    handles, labels = panels[0].get_legend_handles_labels()
    top.legend(
        handles, labels, loc="outside right center", title="start of the kernels"
    )
    for part, (activation, own) in zip(below, by_network.items(), strict=True):
        _histograms(part, own, bounded=activation == "tanh")
        part.suptitle(
            f"{network.ACTIVATIONS[activation]} network before training: histograms of "
            "each hidden layer's activations",
            fontsize=17,
        )
    return drawn


def _losses(panel: Axes, runs: Sequence[Run], classes: int) -> None:
    low, high = LOSSES
    notes = []
    thickness = 7.0  # curves that stay where they are lie on each other
    for run in runs:
        losses = np.asarray(run.losses)
        known = int(np.isfinite(losses).sum())
        diverged = known < len(losses)
        width = 2.0
        if run.halved is None and not diverged:
            width, thickness = thickness, max(2.0, thickness - 2.2)
        colour, shown = COLOURS[run.start], np.clip(losses, low, high)
        order = 3 - width / 10
        panel.plot(shown, color=colour, lw=width, label=run.start, zorder=order)
        if diverged and known and losses[known - 1] <= high:
            panel.plot(known - 1, losses[known - 1], "X", color=colour, markersize=11)
        if diverged or losses[0] > high:
            note = f"{run.start}: {losses[0]:.2g} at the start"
            note += ", then not a number" if diverged else ""
            notes.append((f"↑ {note}" if losses[0] > high else note, colour))
    for place, (note, colour) in enumerate(notes):
        height = 0.96 - 0.06 * place
        where = {"transform": panel.transAxes, "ha": "right", "va": "top"}
        panel.text(0.97, height, note, color=colour, **where)
    unknowing = math.log(classes)
    panel.text(
        1.01,
        unknowing,
        f"ln {classes}",
        va="center",
        color="0.3",
        transform=panel.get_yaxis_transform(),
    )
    panel.set_yscale("log")
    panel.set_ylim(low, high * 1.5)
    panel.set_xlabel("epoch (0: before training; later the mean over the epoch)")
    panel.grid(alpha=0.25)


def _histograms(part: SubFigure, runs: Sequence[Run], bounded: bool) -> None:
    panels = part.subplots(1, len(runs), sharex=True, sharey=True, squeeze=False)[0]
    for panel, run in zip(panels, runs, strict=True):
        _ridges(panel, run, bounded)
        words = f"{run.finding.start}, {run.figures.accuracy:.0%}"
        panel.set_title(f"{run.start}\n{words}", color=COLOURS[run.start], fontsize=12)
        panel.tick_params(left=False)
        for side in ("left", "right", "top"):
            panel.spines[side].set_visible(False)
    depth = len(runs[0].activations)
    panels[0].set_yticks(
        [-place for place in range(depth)],
        [f"layer {place + 1}" for place in range(depth)],
    )
    panels[0].set_ylim(-depth + 0.8, 1.05)
    if bounded:
        panels[0].set_xticks([-1, 0, 1])
        words = "activation"
    else:
        ticks = [tick for tick in range(*DECADES) if tick % 5 == 0]
        panels[0].set_xticks(ticks, [f"$10^{{{tick}}}$" for tick in ticks])
        words = "activation, log scale (zeros are not drawn)"
    part.supxlabel(
        f"{words}; above each panel: how the signal starts, and the accuracy on "
        "held-out digits after training",
        fontsize=11,
    )


def _ridges(panel: Axes, run: Run, bounded: bool) -> None:
    colour = COLOURS[run.start]
    edges = np.linspace(*((-1, 1) if bounded else DECADES), BINS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    panel.axvline(0, color="0.85", linewidth=1, zorder=0)
    for place, activations in enumerate(run.activations):
        values = activations[activations != 0].astype("float64")
        if not len(values):
            panel.axhline(-place, color=colour, linewidth=0.8)
            panel.text(
                0,
                0.2 - place,
                "all 0",
                ha="center",
                color=colour,
                backgroundcolor="white",
            )
            continue
        if not bounded:
            values = np.log10(np.abs(values))
        counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
        heights = 0.9 * counts / counts.max() - place
        panel.fill_between(middles, -place, heights, color=colour, alpha=0.5, lw=0)
        panel.plot(middles, heights, color=colour, linewidth=0.8)
