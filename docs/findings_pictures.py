"""Draws what was measured of a faulty program beside its mended twin."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from findings_panels import (
    FAULT,
    GREY,
    MARKS,
    NAMES,
    WELL,
    Drawn,
    both,
    by_depth,
    histogram,
    line,
    side_by_side,
)
from keras_inits.diagnosis.show import curves
from keras_inits.diagnosis.wording import number

TONES = {"light": "#3b3f45", "dark": "#c8ccd2"}  # colours of what is written
STYLE = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "keras_inits",
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
INKED = ("axes.edgecolor", "axes.labelcolor", "text.color", "xtick.color")
INKED += ("ytick.color", "axes.titlecolor")
POINTS = 21  # along a step


def draw(picture: str, finding: Any, faulty: Any, mended: Any, path: Path) -> str:
    """Writes `path`-light.svg and `path`-dark.svg.

    Args:
        picture: Name of one of the functions here.
        finding: What was found.
        faulty, mended: Programs that were run, as `findings.run` returns them.
        path: Where to, without the ending.

    Returns:
        What is to be seen, in a sentence.
    """
    paint, words = PICTURES[picture](finding, faulty, mended)
    ink = TONES["light"]
    with matplotlib.rc_context({**STYLE, **dict.fromkeys(INKED, ink)}):
        figure = Figure(figsize=(6.4, 2.6), layout="constrained")
        paint(figure)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    for tone, other in TONES.items():
        drawn = file.getvalue().replace(ink, other)
        Path(f"{path}-{tone}.svg").write_text(drawn, encoding="utf-8")
    return words


def gradients(finding: Any, faulty: Any, mended: Any) -> Drawn:
    """Norms of the gradients by the weights."""

    def norms(one: Any) -> list[Any]:
        return [
            w.gradient.norm if w.gradient is not None else 0.0
            for w in one.diagnosis.weights
            if not w.name.rsplit("/", 1)[-1].startswith("moving_")
        ]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.set_yscale("log")
        for colour, one in both(faulty, mended):
            values = norms(one)
            line(axes, range(1, len(values) + 1), values, colour, joined=False)
        axes.set_xlabel("weight, in the order of the model")
        axes.set_ylabel("norm of gradient, log scale")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()

    told = [
        f"{NAMES[c]} {sum(v == 0 for v in norms(one))} of {len(norms(one))}"
        for c, one in both(faulty, mended)
    ]
    return paint, f"Weights without a gradient: {', '.join(told)}."


def data(finding: Any, faulty: Any, mended: Any) -> Drawn:
    """The rows of x as an image, gaps in it crossed out."""

    def paint_one(axes: Any, one: Any, colour: str) -> None:
        values = np.array(one.names["x"], "float64")
        limit = np.nanmax(np.abs(values)) or 1.0
        shown = axes.imshow(
            values, "RdBu_r", vmin=-limit, vmax=limit, aspect="auto", rasterized=True
        )
        axes.figure.colorbar(shown, ax=axes)
        rows, columns = np.nonzero(np.isnan(values))
        axes.plot(columns, rows, "kX", ms=9)
        axes.set_xlabel("feature")
        axes.set_ylabel("sample")

    told = []
    for colour, one in both(faulty, mended):
        values = np.array(one.names["x"], "float64")
        low, high = (number(float(f(values))) for f in (np.nanmin, np.nanmax))
        missing = int(np.isnan(values).sum())
        gaps = f" with {missing} not a number" if missing else ""
        fixed = int((values.std(axis=0) == 0).sum())
        same = f", {fixed} of {values.shape[1]} features constant" if fixed else ""
        told.append(f"{NAMES[colour]} {low} to {high}{gaps}{same}")
    return side_by_side(faulty, mended, paint_one, f"The data x: {'; '.join(told)}.")


def sizes(finding: Any, faulty: Any, mended: Any) -> Drawn:
    """Root mean squares of the features."""

    def rms(one: Any) -> Any:
        values = np.array(one.names["x"], "float64")
        return np.sqrt((values**2).mean(axis=0))

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.set_yscale("log")
        for colour, one in both(faulty, mended):
            line(axes, range(len(rms(one))), list(rms(one)), colour)
        axes.set_xlabel("feature")
        axes.set_ylabel("root mean square, log scale")
        axes.legend()

    told = [
        f"{NAMES[c]} {number(float(rms(one).min()))} to {number(float(rms(one).max()))}"
        for c, one in both(faulty, mended)
    ]
    return paint, f"Root mean squares of the features: {', '.join(told)}."


def _bars(
    axes: Any, spans: Sequence[tuple[str, Any, str]], low: float, high: float
) -> None:
    """Ranges below each other."""
    for place, (_, span, colour) in enumerate(spans):
        left, right = (min(max(end, low), high) for end in span)
        axes.plot(
            [left, right], [-place] * 2, lw=8, color=colour, solid_capstyle="butt"
        )
        axes.plot([left, right], [-place] * 2, "o", color=colour, ms=7)
    axes.set_yticks([-p for p in range(len(spans))], [name for name, *_ in spans])
    axes.set_ylim(0.6 - len(spans), 0.6)


def ranges(finding: Any, faulty: Any, mended: Any) -> Drawn:
    """What an output can give, gave, and should give."""

    def shown(one: Any) -> list[tuple[str, Any, str]]:
        (found,) = curves.ranges(one.diagnosis)
        first = "classes" if found.numbered else "can give"
        spans = [(first, found.possible, GREY), ("targets", found.targets, WELL)]
        if found.given is not None and not found.numbered:
            spans.insert(1, ("gave", found.given, FAULT))
        return spans

    def paint_one(axes: Any, one: Any, colour: str) -> None:
        (found,) = curves.ranges(one.diagnosis)
        _bars(axes, shown(one), *curves.view(found))
        axes.xaxis.set_major_locator(MaxNLocator(3))
        axes.set_xlabel("value")

    told = [
        f"{NAMES[c]}, "
        + ", ".join(
            f"{name} {number(low)} to {number(high)}"
            for name, (low, high), _ in shown(one)
        )
        for c, one in both(faulty, mended)
    ]
    return side_by_side(faulty, mended, paint_one, f"Ranges: {'; '.join(told)}.")


def swapped(finding: Any, faulty: Any, mended: Any) -> Drawn:
    """Of two outputs: what the loss takes, and the targets."""

    def spans(one: Any) -> list[tuple[str, Any, str]]:
        found = []
        for output in one.diagnosis.outputs:
            y = output.targets
            crossed = output.loss == "binary_crossentropy"
            takes = (0.0, 1.0) if crossed else (-3.0, 3.0)
            short = "cross entropy" if crossed else "squared error"
            found.append((f"{output.name}: {short} takes", takes, GREY))
            found.append((f"{output.name}: targets", (y.low, y.high), WELL))
        return found

    def paint(figure: Figure) -> None:
        panels = figure.subplots(2, 1, sharex=True)
        for axes, (colour, one) in zip(panels, both(faulty, mended), strict=True):
            _bars(axes, spans(one), -3, 3)
            axes.set_title(NAMES[colour], color=colour)

    age = faulty.diagnosis.outputs[1].targets
    words = "A binary cross entropy takes 0 to 1. "
    words += f"Faulty, it is given the targets of age, {number(age.low)} to "
    return paint, words + f"{number(age.high)}; mended, those of sick, 0 to 1."


def kernels(finding: Any, faulty: Any, mended: Any) -> Drawn:
    """Two kernels in a row as images: units, or tensors, that are equal."""

    def two(one: Any) -> Any:
        model = one.names["model"]
        found = [np.array(layer.kernel) for layer in model.layers if layer.weights]
        square = [kernel for kernel in found if kernel.shape == (32, 32)]
        return np.concatenate([*square[:1], np.full((32, 2), np.nan), *square[1:2]], 1)

    def paint_one(axes: Any, one: Any, colour: str) -> None:
        values = two(one)
        limit = np.nanmax(np.abs(values))
        axes.imshow(values, "RdBu_r", vmin=-limit, vmax=limit, rasterized=True)
        axes.set_xlabel("units")
        axes.set_ylabel("inputs")

    def distinct(one: Any) -> str:
        values = two(one)
        columns = values[:, ~np.isnan(values[0])]
        return f"{len(np.unique(columns, axis=1).T)} of {columns.shape[1]}"

    told = [f"{NAMES[c]} {distinct(one)}" for c, one in both(faulty, mended)]
    words = f"Kernels of hidden layers. Units that differ: {', '.join(told)}."
    return side_by_side(faulty, mended, paint_one, words)


def _along(one: Any) -> tuple[Any, list[float]]:
    """Losses of all data along the first step of the optimizer."""
    model, x, y = (one.names[name] for name in ("model", "x", "y"))
    model.jit_compile = False
    before = [np.array(w) for w in model.get_weights()]
    model.train_on_batch(x, y)
    after = [np.array(w) for w in model.get_weights()]
    parts, losses = np.linspace(0, 1, POINTS), []
    for part in parts:
        pairs = zip(before, after, strict=True)
        model.set_weights([a + part * (b - a) for a, b in pairs])
        inputs, targets = keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)
        given = model(inputs, training=True)
        losses.append(float(model.compute_loss(inputs, targets, given)))
    model.set_weights(before)
    return parts, losses


def step(finding: Any, faulty: Any, mended: Any) -> Drawn:
    """The loss along the first step."""
    lines = [(colour, *_along(one)) for colour, one in both(faulty, mended)]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for colour, parts, losses in lines:
            axes.plot(
                parts, losses, MARKS[colour], color=colour, ms=4, label=NAMES[colour]
            )
        axes.set_xlabel("part of the first step")
        axes.set_ylabel("loss")
        axes.legend()

    told = [f"{NAMES[c]} from {v[0]:.6g} to {v[-1]:.6g}" for c, _, v in lines]
    return paint, f"Loss along the first step: {', '.join(told)}."


def ids(finding: Any, faulty: Any, mended: Any) -> Drawn:
    """Token ids, and the rows that there are."""
    most = int(faulty.names["ids"].max())

    def rows(one: Any) -> int:
        return next(f.ids[0].rows for f in one.diagnosis.features if f.ids)

    def paint_one(axes: Any, one: Any, colour: str) -> None:
        counts = np.bincount(one.names["ids"].ravel(), minlength=most + 1)
        shown = np.arange(most - 8, most + 1)
        axes.bar(shown, counts[shown], color=colour)
        axes.axvline(rows(one) - 0.5, color=GREY, ls="--")
        axes.set_xlabel("token id")
        axes.set_ylabel("times")

    told = [f"{NAMES[c]} {rows(one)} rows" for c, one in both(faulty, mended)]
    words = f"The largest token id is {most}: {', '.join(told)}, up to the dashed line."
    return side_by_side(faulty, mended, paint_one, words)


def mixed(finding: Any, faulty: Any, mended: Any) -> Drawn:
    """By how much each sample's output moves if the first sample is another."""

    def moved(one: Any) -> Any:
        model, x = one.names["model"], one.names["x"][:16]
        other = np.concatenate([-x[:1], x[1:]])
        a, b = (np.array(model(keras.ops.convert_to_tensor(v))) for v in (x, other))
        return np.abs(a - b).max(axis=1)

    def paint_one(axes: Any, one: Any, colour: str) -> None:
        axes.bar(range(16), moved(one), color=colour)
        axes.set_xlabel("sample")
        axes.set_ylabel("change of its output")

    told = [
        f"{NAMES[c]} {sum(moved(one)[1:] > 1e-6)}" for c, one in both(faulty, mended)
    ]
    words = "Sample 0 is exchanged. Others whose output changes, of 15: "
    return side_by_side(faulty, mended, paint_one, words + f"{', '.join(told)}.")


def _two_bars(
    read: Callable[[Any], dict[str, float]], what: str
) -> Callable[..., Drawn]:
    """A few numbers of each program."""

    def picture(finding: Any, faulty: Any, mended: Any) -> Drawn:
        def paint_one(axes: Any, one: Any, colour: str) -> None:
            values = read(one)
            bars = axes.bar(list(values), list(values.values()), 0.5, color=colour)
            axes.bar_label(bars, [number(v) for v in values.values()])
            axes.set_ylim(0, 1.1)
            axes.set_ylabel(what)

        told = [
            f"{NAMES[c]}, "
            + ", ".join(f"{name} {number(v)}" for name, v in read(one).items())
            for c, one in both(faulty, mended)
        ]
        words = f"{what}: {'; '.join(told)}.".capitalize()
        return side_by_side(faulty, mended, paint_one, words)

    return picture


def _kept(one: Any) -> dict[str, float]:
    return {d.name: d.kept for d in one.diagnosis.dropouts}


def _stuck(one: Any) -> dict[str, float]:
    """What part of gates, or of queries, is at a limit."""
    records = one.diagnosis.records
    found = {r.name: r.gates for r in records if r.gates is not None}
    return found or {r.name: r.attention for r in records if r.attention is not None}


def _tiny(record: Any) -> Any:
    return 0.0 if record.gradient is None else record.gradient.tiny


def _odds(one: Any) -> dict[str, float]:
    (found,) = one.diagnosis.classes
    return {
        "labels": found.counts[1] / sum(found.counts),
        "first guess": found.guess[1],
    }


def _gradient(record: Any) -> Any:
    return None if record.gradient is None else record.gradient.std


PICTURES: dict[str, Callable[..., Drawn]] = {
    "forward": by_depth(lambda r: r.out.std, "std of outputs"),
    "backward": by_depth(_gradient, "std of gradients"),
    "apart": by_depth(lambda r: r.out.difference, "1 − cosine of samples"),
    "before": histogram("pre"),
    "outputs": histogram("out"),
    "gradients": gradients,
    "data": data,
    "sizes": sizes,
    "ranges": ranges,
    "swapped": swapped,
    "kernels": kernels,
    "step": step,
    "ids": ids,
    "mixed": mixed,
    "kept": _two_bars(_kept, "part of variance left"),
    "stuck": _two_bars(_stuck, "part at a limit"),
    "tiny": by_depth(_tiny, "gradients without all digits", "linear"),
    "odds": _two_bars(_odds, "part in class 1"),
}
