"""The demo's picture: how the loss falls, and the activations before training.

ReLU's span twenty orders of magnitude: their histograms are over the logarithm.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from keras_inits.demo.training import CHANCE, DEPTH, NETWORKS, STARTS, Run

LOWEST, HIGHEST = 1e-3, 1e2  # losses that are shown; a higher start is written out


def figure(runs: Sequence[Run]) -> Figure:
    """Curves of the loss for each network, and histograms for each of its starts."""
    drawn = Figure(figsize=(17, 16), dpi=100, layout="constrained")
    top, *below = drawn.subfigures(1 + len(NETWORKS), hspace=0.04)
    top.suptitle("The same network from eight starts: what it learns", fontsize=17)
    panels = top.subplots(1, len(NETWORKS), sharey=True, squeeze=False)[0]
    for panel, part, (key, name) in zip(panels, below, NETWORKS.items(), strict=True):
        own = [run for run in runs if run.activation == key]
        panel.set_title(name, fontsize=14)
        _losses(panel, own)
        part.suptitle(f"{name} before training: activations by layer", fontsize=17)
        _histograms(part, own, bounded=key == "tanh")
    panels[0].set_ylabel("training loss: cross-entropy in nats, log scale")
    handles, names = panels[0].get_legend_handles_labels()
    top.legend(handles, names, loc="outside right center", title="start of the kernels")
    return drawn


def _losses(panel: Axes, runs: Sequence[Run]) -> None:
    thickness = 7.0  # curves that stay at ln 10 lie on each other
    for run in runs:
        colour, losses = STARTS[run.start][1], run.losses
        stays = max(losses) < CHANCE + 0.1 and run.halved == "never"
        width = max(thickness, 2.0) if stays else 2.0
        thickness -= 2.0 * stays
        shown = np.clip(losses, LOWEST, HIGHEST)
        panel.plot(shown, color=colour, lw=width, label=run.start, zorder=3 - width / 9)
        if losses[0] > HIGHEST:
            note = f"↑ {run.start}: {losses[0]:.2g} at first, {losses[-1]:.2g} at last"
            at = {"xy": (0.97, 0.95 - 0.06 * len(panel.texts)), "ha": "right"}
            panel.annotate(note, xycoords="axes fraction", color=colour, **at)
    at_right = panel.get_yaxis_transform()
    panel.text(1.01, CHANCE, "ln 10", va="center", color="0.3", transform=at_right)
    panel.set(yscale="log", ylim=(LOWEST, HIGHEST * 1.5))
    panel.set_xlabel("epoch (0: before training; later the mean over the epoch)")
    panel.grid(alpha=0.25)


def _histograms(part: SubFigure, runs: Sequence[Run], bounded: bool) -> None:
    panels = part.subplots(1, len(runs), sharex=True, sharey=True, squeeze=False)[0]
    edges = np.linspace(*((-1, 1) if bounded else (-12, 8)), 121)
    for panel, run in zip(panels, runs, strict=True):
        colour = STARTS[run.start][1]
        title = f"{run.start}\n{[*run.kinds, 'healthy'][0]}\n{run.accuracy:.0%} right"
        panel.set_title(title, color=colour, fontsize=12)
        panel.axvline(0, color="0.85", linewidth=1, zorder=0)
        for place, activations in enumerate(run.hidden):
            values = activations[activations != 0].astype("float64")
            if not len(values):
                panel.axhline(-place, color=colour, linewidth=0.8)
                panel.text(0, 0.2 - place, "all 0", color=colour, ha="center")
                continue
            values = np.clip(values if bounded else np.log10(values), *edges[[0, -1]])
            counts = np.histogram(values, edges)[0]
            heights = 0.9 * counts / counts.max() - place
            panel.fill_between(edges[1:], -place, heights, color=colour, alpha=0.5)
            panel.plot(edges[1:], heights, color=colour, linewidth=0.8)
        panel.tick_params(left=False)
        panel.spines[["left", "right", "top"]].set_visible(False)
    panels[0].set_yticks(-np.arange(DEPTH), [f"layer {n + 1}" for n in range(DEPTH)])
    panels[0].set_ylim(0.8 - DEPTH, 1.05)
    ticks = [-1, 0, 1] if bounded else [-10, -5, 0, 5]
    panels[0].set_xticks(ticks, ticks if bounded else [f"$10^{{{n}}}$" for n in ticks])
    words = "activation" if bounded else "activation, log scale (zeros are not drawn)"
    words += "; above: what `diagnose` finds before training, and what is right after"
    part.supxlabel(words, fontsize=11)
