"""Panels that pictures of findings share: by depth, side by side, histograms."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from keras_inits.diagnosis.show import curves
from keras_inits.diagnosis.wording import number

FAULT, WELL, GREY = "#d55e00", "#2f86c8", "#8a949e"
NAMES = {FAULT: "faulty", WELL: "mended"}
MARKS = {FAULT: "o-", WELL: "s--"}
Drawn = tuple[Callable[[Figure], None], str]


def both(faulty: Any, mended: Any) -> list[tuple[str, Any]]:
    """The programs, each with its colour."""
    return [(FAULT, faulty), (WELL, mended)]


def _ends(values: Sequence[Any]) -> str:
    known = [v for v in values if v is not None]
    return f"from {number(known[0])} to {number(known[-1])}" if known else "nothing"


def by_depth(
    read: Callable[[Any], Any], what: str, scale: str = "log"
) -> Callable[..., Drawn]:
    """Of each layer a figure; on a log axis, zeros at its lower edge."""

    def picture(finding: Any, faulty: Any, mended: Any) -> Drawn:
        lines = [
            (colour, [read(r) for r in curves.layers(one.diagnosis)])
            for colour, one in both(faulty, mended)
        ]

        def paint(figure: Figure) -> None:
            axes = figure.subplots()
            axes.set_yscale(scale)
            for colour, values in lines:
                places = range(1, len(values) + 1)
                if scale == "log":
                    line(axes, places, values, colour)
                else:
                    axes.plot(
                        places, values, MARKS[colour], c=colour, label=NAMES[colour]
                    )
            axes.set_xlabel("layer")
            axes.set_ylabel(f"{what}, log scale" if scale == "log" else what)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.legend()

        told = [f"{NAMES[colour]} {_ends(values)}" for colour, values in lines]
        return paint, f"{what}, first layer to last: {', '.join(told)}.".capitalize()

    return picture


def line(
    axes: Any, places: Any, values: Sequence[Any], colour: str, joined: bool = True
) -> None:
    """Values on a log axis, and marks for those that have no place on it."""
    style = MARKS[colour] if joined else MARKS[colour][0]
    seen = [v if curves.drawable(v) else math.nan for v in values]
    axes.plot(places, seen, style, color=colour, ms=4, label=NAMES[colour])
    zeros, others = curves.off_scale(values)
    for off, height, mark, name in (
        (zeros, 0.02, "v", "zero"),
        (others, 0.98, "X", "not finite"),
    ):
        axes.plot(
            [places[p] for p in off],
            [height] * len(off),
            mark,
            color=colour,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            label=f"{NAMES[colour]}: {name}" if off else None,
        )


def side_by_side(
    faulty: Any,
    mended: Any,
    paint_one: Callable[..., None],
    words: str,
    shared: bool = False,
) -> Drawn:
    """One panel for each program, of one x axis where it is shared."""

    def paint(figure: Figure) -> None:
        panels = figure.subplots(1, 2, sharex=shared)
        for axes, (colour, one) in zip(panels, both(faulty, mended), strict=True):
            paint_one(axes, one, colour)
            axes.set_title(NAMES[colour], color=colour)

    return paint, words


def histogram(part: str) -> Callable[..., Drawn]:
    """Of the layer that is named: before its activation, or what it returns."""
    what = "pre-activations" if part == "pre" else "outputs"

    def picture(finding: Any, faulty: Any, mended: Any) -> Drawn:
        index = faulty.diagnosis.record(finding.layer).index

        def stats(one: Any) -> Any:
            record = one.diagnosis.records[index]
            return (record.pre if part == "pre" else None) or record.out

        def paint_one(axes: Any, one: Any, colour: str) -> None:
            counts = stats(one).histogram
            edges = np.linspace(*stats(one).edges, len(counts) + 1)
            axes.stairs(
                np.array(counts) / sum(counts) * 100, edges, fill=True, fc=colour
            )
            axes.axvline(0, color=GREY, lw=1, ls="--")
            axes.set_xlabel(f"{what} of {finding.layer}")
            axes.set_ylabel("% of values")

        told = [
            f"{NAMES[c]} mean {number(s.mean)} and std {number(s.std)}"
            for c, s in ((c, stats(one)) for c, one in both(faulty, mended))
        ]
        words = f"{what} of {finding.layer}: {', '.join(told)}.".capitalize()
        return side_by_side(faulty, mended, paint_one, words, shared=True)

    return picture
