"""The figures of a page, as plotly's own description of them."""

import html
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from keras_inits.diagnosis.report import Report
from keras_inits.diagnosis.show import curves
from keras_inits.diagnosis.wording import number

TICKS = 16  # names under an axis, at most
LONGEST = 18  # characters of a name there
BLUE, RED, GREEN, GREY = "#3b8ed0", "#e0562d", "#1f9e75", "#8a949e"
BAND = "rgba(31, 158, 117, 0.16)"
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
BEYOND = 4.0  # zeros are drawn by this factor below all else, infinities above


def text(name: str) -> str:
    """A name as plotly has to get it, which takes `<b>` for bold."""
    return html.escape(name)


def _ticks(labels: Sequence[str]) -> dict[str, Any]:
    step = max(1, -(-len(labels) // TICKS))
    places = list(range(0, len(labels), step))
    short = [
        labels[p] if len(labels[p]) <= LONGEST else f"…{labels[p][1 - LONGEST :]}"
        for p in places
    ]
    return {
        "tickmode": "array",
        "tickvals": places,
        "ticktext": [text(name) for name in short],
        "tickangle": -60,
        "range": [-0.5, len(labels) - 0.5],
    }


def _off_scale(
    values: Sequence[float | None],
    known: Sequence[float],
    labels: Sequence[str],
    name: str,
) -> list[go.Scatter]:
    """Marks for what has no place on a log axis.

    Args:
        values: All, by place.
        known: What the axis has to show besides, for the marks to stand beyond.
        labels: Names of the places.
        name: What stands between a label and what is said of it; may be empty.
    """
    low, high = min(known, default=1.0) / BEYOND, max(known, default=1.0) * BEYOND
    zeros, others = curves.off_scale(values)
    return [
        go.Scatter(
            x=places,
            y=[height] * len(places),
            mode="markers",
            marker={"color": RED, "symbol": symbol, "size": 9},
            name=words,
            customdata=[text(labels[place]) for place in places],
            hovertemplate=f"%{{customdata}}{name}: {words}<extra></extra>",
        )
        for places, height, words, symbol in (
            (zeros, low, "zero", "triangle-down"),
            (others, high, "not finite", "x"),
        )
        if places
    ]


def _curve(
    figure: go.Figure, row: int, curve: curves.Curve, labels: list[str], name: str
) -> None:
    banded = [
        (place, low, high)
        for place, (low, high) in enumerate(curve.bands)
        if low is not None and high is not None
    ]
    if banded:
        places, lows, highs = zip(*banded, strict=True)
        edge: dict[str, Any] = {
            "x": list(places),
            "mode": "lines",
            "line": {"width": 0},
            "hoverinfo": "skip",
            "legendgroup": "band",
        }
        lower = go.Scatter(y=list(lows), showlegend=False, **edge)
        upper = go.Scatter(
            y=list(highs),
            fill="tonexty",
            fillcolor=BAND,
            name="healthy",
            showlegend=row == 1,
            **edge,
        )
        figure.add_trace(lower, row, 1)
        figure.add_trace(upper, row, 1)
    drawn = [v if curves.drawable(v) else None for v in curve.values]
    figure.add_trace(
        go.Scatter(
            x=list(range(len(drawn))),
            y=drawn,
            mode="lines+markers",
            marker={"color": BLUE, "size": 5},
            line={"color": BLUE, "width": 2},
            name=name,
            showlegend=False,
            customdata=[text(label) for label in labels],
            hovertemplate=f"%{{customdata}}<br>{name} %{{y:.3g}}<extra></extra>",
        ),
        row,
        1,
    )
    known = [v for v in drawn if v is not None]
    known += [edge for band in curve.bands for edge in band if edge is not None]
    for marks in _off_scale(curve.values, known, labels, f"<br>{name}"):
        marks.legendgroup = marks.name
        marks.showlegend = marks.name not in {trace.name for trace in figure.data}
        figure.add_trace(marks, row, 1)


def depth(diagnosis: Report) -> dict[str, Any]:
    """Forward and backward std by depth."""
    labels = [record.label for record in curves.layers(diagnosis)]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    _curve(figure, 1, curves.forward(diagnosis), labels, "output std")
    _curve(figure, 2, curves.backward(diagnosis), labels, "gradient std")
    lost = curves.lost(diagnosis)
    if lost is not None:
        line = {"color": RED, "dash": "dash", "width": 1}
        figure.add_vline(lost, line=line, row=1, col=1, annotation_text="lost")
        figure.add_vline(lost, line=line, row=2, col=1)
    figure.update_yaxes(type="log", exponentformat="power", dtick=None)
    figure.update_yaxes(title_text="output std", row=1, col=1)
    figure.update_yaxes(title_text="gradient std", row=2, col=1)
    figure.update_xaxes(**_ticks(labels))
    figure.update_layout(height=560, legend=LEGEND)
    return described(figure)


def gradients(diagnosis: Report) -> dict[str, Any]:
    """Norms of the gradients by the weights."""
    weights = curves.with_gradient(diagnosis)
    labels = [weight.path for weight in weights]
    norms = [w.gradient.norm for w in weights if w.gradient is not None]
    shown = [norm if curves.drawable(norm) else None for norm in norms]
    figure = go.Figure(
        go.Bar(
            x=list(range(len(norms))),
            y=shown,
            marker={"color": BLUE},
            name="norm",
            showlegend=False,
            customdata=[text(label) for label in labels],
            hovertemplate="%{customdata}<br>norm %{y:.3g}<extra></extra>",
        )
    )
    known = [norm for norm in shown if norm is not None]
    figure.add_traces(_off_scale(norms, known, labels, ""))
    figure.update_yaxes(type="log", exponentformat="power", title_text="gradient norm")
    figure.update_xaxes(**_ticks(labels))
    figure.update_layout(height=400, legend=LEGEND)
    return described(figure, top=32)


def histograms(diagnosis: Report) -> list[dict[str, Any]]:
    """What a histogram of each layer needs; the page draws the one that is chosen."""
    found = []
    for record in curves.with_histogram(diagnosis):
        counts = record.out.histogram
        low, high = record.out.edges
        width = (high - low) / len(counts)
        found.append(
            {
                "label": record.label,
                "title": f"{record.label}: mean {number(record.out.mean)}, "
                f"std {number(record.out.std)}",
                "x": [low + width * (p + 0.5) for p in range(len(counts))],
                "y": [100 * count / sum(counts) for count in counts],
            }
        )
    return found


def described(figure: go.Figure, top: int = 12) -> dict[str, Any]:
    """Plotly's description of a figure, with what all of a page have in common."""
    figure.update_layout(
        template=None, margin={"l": 64, "r": 12, "t": top, "b": 24}, hovermode="closest"
    )
    figure.update_xaxes(automargin=True)
    described: dict[str, Any] = figure.to_dict()
    return described
