"""A diagnosis as one picture, by matplotlib."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from keras_inits._utils.picture import Picture
from keras_inits.diagnosis.report import (
    ERROR,
    HEALTHY,
    UNHEALTHY,
    LayerRecord,
    Report,
)
from keras_inits.diagnosis.show import curves
from keras_inits.diagnosis.show.text import heading
from keras_inits.diagnosis.wording import number

HISTOGRAMS, COLUMNS = 12, 6  # at most, and in a row
LABELS = 32  # names of layers under an axis, at most
LONGEST = 22  # characters of a name
BLUE, RED, GREEN, GREY, AMBER = "#0072b2", "#d55e00", "#009e73", "#7f7f7f", "#b8860b"
COLOURS = {HEALTHY: GREEN, UNHEALTHY: RED}


def figure(diagnosis: Report) -> Picture:
    """The picture: see `Report.plot`."""
    shown = curves.spread(curves.with_histogram(diagnosis), HISTOGRAMS)
    rows = -(-len(shown) // COLUMNS)
    drawn = Picture(figsize=(11, 10 + 1.4 * rows), dpi=72, layout="constrained")
    drawn.suptitle(
        heading(diagnosis).replace("$", r"\$"),
        color=COLOURS.get(diagnosis.verdict, AMBER),
        fontsize=12,
    )
    top, middle, bottom = drawn.subfigures(
        3, height_ratios=[5.6, 0.4 + 1.5 * max(rows, 1), 3.2]
    )
    panels = top.subplots(2, 1, sharex=True)
    _depth(panels[0], diagnosis, curves.forward(diagnosis), "std of outputs")
    _depth(panels[1], diagnosis, curves.backward(diagnosis), "std of gradients")
    _name_layers(panels[1], [record.label for record in curves.layers(diagnosis)])
    panels[0].set_title("Forward and backward, layer by layer", fontsize=11)
    _histograms(middle, shown, rows)
    _norms(bottom.subplots(), diagnosis)
    return drawn


def short(name: str) -> str:
    """The end of a name, which tells layers apart."""
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"


def _name_layers(panel: Axes, labels: list[str]) -> None:
    step = max(1, -(-len(labels) // LABELS))
    places = range(0, len(labels), step)
    names = [short(labels[place]) for place in places]
    panel.set_xticks(list(places), names, rotation=60, ha="right", fontsize=7)
    panel.set_xlim(-0.5, max(len(labels), 1) - 0.5)


def _depth(panel: Axes, diagnosis: Report, curve: curves.Curve, name: str) -> None:
    drawn = [
        (place, value)
        for place, value in enumerate(curve.values)
        if value is not None and curves.drawable(value)
    ]
    known: list[Any] = [
        (place, low, high)
        for place, (low, high) in enumerate(curve.bands)
        if low is not None and high is not None
    ]
    panel.set_yscale("log")
    if known:
        if len(known) == 1:  # a band has a width
            ((place, *edges),) = known
            known = [(place - 0.4, *edges), (place + 0.4, *edges)]
        places, lows, highs = zip(*known, strict=True)
        panel.fill_between(
            places, lows, highs, color=GREEN, alpha=0.15, lw=0, label="healthy"
        )
    if drawn:
        places, values = zip(*drawn, strict=True)
        panel.plot(places, values, ".-", color=BLUE, label=name)
    _off_scale(panel, curve.values)
    lost = curves.lost(diagnosis)
    if lost is not None:
        panel.axvline(lost, color=RED, ls="--", lw=1, label="lost")
    panel.set_ylabel(f"{name}, log scale")
    panel.grid(alpha=0.25)
    if panel.get_legend_handles_labels()[0]:
        panel.legend(fontsize=8)


def _off_scale(panel: Axes, values: Sequence[float | None]) -> None:
    """Marks at the lower edge for zeros, at the upper one for what is not finite."""
    transform = panel.get_xaxis_transform()
    zeros, others = curves.off_scale(values)
    for places, height, marker, label in (
        (zeros, 0.03, "v", "zero"),
        (others, 0.97, "X", "not finite"),
    ):
        if places:
            panel.plot(
                places,
                [height] * len(places),
                marker,
                color=RED,
                transform=transform,
                label=label,
            )


def _histograms(part: SubFigure, shown: list[LayerRecord], rows: int) -> None:
    part.suptitle("Outputs: histograms, each with its own axes", fontsize=11)
    if not shown:
        part.text(0.5, 0.4, "no finite values", ha="center")
        return
    panels = part.subplots(rows, COLUMNS, squeeze=False).ravel()
    for panel, record in zip(panels, shown, strict=False):
        out = record.out
        low, high = out.edges
        width = (high - low) / len(out.histogram)
        edges = [low + width * place for place in range(len(out.histogram) + 1)]
        share = [100 * count / sum(out.histogram) for count in out.histogram]
        if width > 0:
            panel.stairs(share, edges, fill=True, color=BLUE)
        else:
            panel.text(0.5, 0.5, f"all {number(low)}", ha="center", va="center")
        panel.set_title(short(record.label), fontsize=8)
        panel.set_yticks([])
        ends = [low, high] if width > 0 else []
        panel.set_xticks(ends, labels=[number(end) for end in ends])
        panel.tick_params(labelsize=7)
    for panel in panels[len(shown) :]:
        panel.set_visible(False)


def _norms(panel: Axes, diagnosis: Report) -> None:
    weights = curves.with_gradient(diagnosis)
    norms: list[Any] = [w.gradient.norm for w in weights if w.gradient is not None]
    panel.set_yscale("log")
    places = [place for place, norm in enumerate(norms) if curves.drawable(norm)]
    panel.bar(places, [norms[place] for place in places], color=GREY)
    _off_scale(panel, norms)
    blamed = {v.layer for v in diagnosis.findings if v.severity == ERROR}
    for place in places:
        if weights[place].owner in blamed:
            panel.patches[places.index(place)].set_color(RED)
    _name_layers(panel, [weight.path for weight in weights])
    panel.set_ylabel("norm of gradient, log scale")
    panel.set_title("Gradients by the weights", fontsize=11)
    panel.grid(alpha=0.25, axis="y")
    if panel.get_legend_handles_labels()[0]:
        panel.legend(fontsize=8)
