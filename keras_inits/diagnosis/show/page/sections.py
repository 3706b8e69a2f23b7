"""Sections that not every page has: ranges of the outputs, the loss along a step."""

import math
from html import escape
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from keras_inits.diagnosis.report import Report
from keras_inits.diagnosis.show import curves
from keras_inits.diagnosis.show.page import figures
from keras_inits.diagnosis.show.page.figures import BLUE, GREEN, GREY, RED
from keras_inits.diagnosis.wording import number

OUTPUTS = 12  # whose ranges are drawn, at most; all are said in words
ROW, GAP = 96, 64  # pixels of the ranges of one output, and between two


def _bar(shown: curves.Span, view: curves.Span, height: int, colour: str) -> go.Scatter:
    """A range as a thick line; where it is cut, it points on."""
    low, high = max(shown[0], view[0]), min(shown[1], view[1])
    cut = shown[0] < view[0], shown[1] > view[1]
    symbols = [
        symbol if beyond else "circle"
        for beyond, symbol in zip(cut, ("triangle-left", "triangle-right"), strict=True)
    ]
    words = f"{number(shown[0])} to {number(shown[1])}"
    return go.Scatter(
        x=[low, high],
        y=[height, height],
        mode="lines+markers",
        line={"color": colour, "width": 10},
        marker={"color": colour, "symbol": symbols, "size": [10 + 6 * c for c in cut]},
        showlegend=False,
        hovertemplate=f"{words}<extra></extra>",
    )


def _outputs(diagnosis: Report) -> dict[str, Any] | None:
    """Ranges of outputs and targets, each output on an axis of its own."""
    found = curves.ranges(diagnosis)[:OUTPUTS]
    if not found:
        return None
    height = ROW * len(found) + GAP * (len(found) - 1)
    figure = make_subplots(
        rows=len(found),
        cols=1,
        vertical_spacing=GAP / height,
        subplot_titles=[figures.text(shown.output) for shown in found],
    )
    for row, shown in enumerate(found, 1):
        low, high = view = curves.view(shown)
        bars = [("classes" if shown.numbered else "can give", shown.possible, GREY)]
        if shown.given and not shown.numbered:
            bars.append(("gave", shown.given, BLUE))
        bars.append(("targets", shown.targets, GREEN))
        for place, (_, span, colour) in enumerate(bars):
            figure.add_trace(_bar(span, view, place, colour), row, 1)
        figure.update_yaxes(
            tickmode="array",
            tickvals=list(range(len(bars))),
            ticktext=[name for name, _, _ in bars],
            range=[len(bars) - 0.5, -0.5],  # the first one above
            row=row,
            col=1,
        )
        room = (high - low) / 16 or abs(high) / 16 or 1.0
        figure.update_xaxes(range=[low - room, high + room], row=row, col=1)
    figure.update_xaxes(exponentformat="power")
    figure.update_layout(height=height + 32 + 24)
    return figures.described(figure, top=32)


def _step(diagnosis: Report) -> dict[str, Any] | None:
    """Loss along the first step, and the slope that the gradient promises."""
    points, record = curves.along(diagnosis), diagnosis.step
    if not points or record is None:
        return None
    known = [(place, loss) for place, loss in points if math.isfinite(loss)]
    low, high = (pick(loss for _, loss in known) for pick in (min, max))
    figure = go.Figure()
    if math.isfinite(record.predicted):
        # A promise far beyond what was measured is cut, not to flatten all else.
        room = high - low or abs(record.predicted) or 1.0
        promised = record.loss + record.predicted
        low, high = (
            max(min(low, promised), low - room),
            min(max(high, promised), high + room),
        )
        figure.add_scatter(
            x=[0, 1],
            y=[record.loss, promised],
            mode="lines",
            line={"color": GREY, "width": 2, "dash": "dash"},
            name="promised by the gradient",
            hovertemplate="promised: %{y:.6g}<extra></extra>",
        )
    figure.add_scatter(
        x=[place for place, _ in known],
        y=[loss for _, loss in known],
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"color": BLUE, "size": 8},
        name="measured",
        hovertemplate="%{x} of the step: loss %{y:.6g}<extra></extra>",
    )
    room = (high - low) / 12 or abs(high) / 12 or 1.0
    lost = [place for place, loss in points if not math.isfinite(loss)]
    if lost:
        figure.add_scatter(
            x=lost,
            y=[high] * len(lost),
            mode="markers",
            marker={"color": RED, "symbol": "x", "size": 9},
            name="not finite",
            hovertemplate="%{x} of the step: not finite<extra></extra>",
        )
    figure.update_xaxes(
        title_text="part of the step", tickvals=[0, 0.1, 0.5, 1], range=[-0.05, 1.05]
    )
    figure.update_yaxes(
        title_text="loss", exponentformat="power", range=[low - room, high + room]
    )
    figure.update_layout(height=320, legend=figures.LEGEND, showlegend=True)
    return figures.described(figure)


def _range(span: curves.Span) -> str:
    low, high = span
    if math.isinf(low) and math.isinf(high):
        return "any value"
    if math.isinf(low):
        return f"{number(high)} and less"
    if math.isinf(high):
        return f"{number(low)} and more"
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def _figure(name: str, title: str, meaning: str, lines: list[str]) -> str:
    """A section with a figure, and in words what is drawn there."""
    said = "".join(f"<li>{line}</li>" for line in lines)
    return (
        f'<section aria-labelledby="{name}-title">\n'
        f'<h2 id="{name}-title">{title}</h2>\n<p>{meaning}</p>\n'
        f'<figure aria-labelledby="{name}-title">'
        f'<div id="{name}" class="figure"></div>\n'
        f'<figcaption id="{name}-said"><ul>{said}</ul></figcaption></figure>\n'
        "</section>"
    )


def _outputs_section(diagnosis: Report) -> str:
    """Section of the ranges of outputs; empty where nothing is known of targets."""
    lines = []
    for shown in curves.ranges(diagnosis):
        can = f"classes {_range(shown.possible)}"
        gave = "" if shown.given is None else f"gave scores {_range(shown.given)}; "
        if not shown.numbered:
            can = f"can give {_range(shown.possible)}"
            gave = gave.replace("scores ", "") or "gave nothing finite; "
        lines.append(
            f"<code>{escape(shown.output)}</code>: {can}; "
            f"{gave}targets {_range(shown.targets)}"
        )
    meaning = (
        "Targets outside of what an output can give are never met. Targets that number "
        "classes are compared with the classes that there are."
    )
    return _figure("outputs", "Outputs and targets", meaning, lines) if lines else ""


def _step_section(diagnosis: Report) -> str:
    """Section of the loss along the first step; empty where it is not known."""
    points, record = curves.along(diagnosis), diagnosis.step
    if not points or record is None:
        return ""
    names = {0.0: "before the step", 0.1: "after a tenth of it", 1.0: "after it"}
    losses = ", ".join(f"{loss:.6g} {names[place]}" for place, loss in points)
    lines = [
        f"{escape(record.optimizer)} at rate {record.learning_rate:.3g}",
        f"loss {losses}",
        f"the gradient promises a change of {number(record.predicted)}; "
        f"it is {number(record.loss_after - record.loss)}",
    ]
    lines += [
        f"tried: rate {rate:.3g} gives loss {loss:.6g}, "
        f"{'below' if loss < record.loss else 'not below'} that before the step"
        for rate, loss in record.tried
    ]
    meaning = (
        "A step that fits follows the dashed line at first. "
        "All losses are of the first batch."
    )
    return _figure("step", "The loss along the first step", meaning, lines)


def parts(diagnosis: Report) -> dict[str, str]:
    """The sections by the marks of the template; empty where there is none."""
    return {
        "outputs": _outputs_section(diagnosis),
        "step": _step_section(diagnosis),
    }


def data(diagnosis: Report) -> dict[str, dict[str, Any]]:
    """What plotly draws in them, by their names."""
    found = {"outputs": _outputs(diagnosis), "step": _step(diagnosis)}
    return {name: figure for name, figure in found.items() if figure is not None}
