"""Texts of a page: heading, findings, and the table of layers."""

import math
from html import escape

from keras_inits.diagnosis.report import (
    SEVERITIES,
    Finding,
    LayerRecord,
    Report,
)
from keras_inits.diagnosis.show.text import heading
from keras_inits.diagnosis.wording import number, percent

# Heading, what it means, and whether it is a number.
COLUMNS = (
    ("#", "order of execution", True),
    ("Layer", "name, and which call", False),
    ("Class", "class of the layer", False),
    ("Activation", "its nonlinearity", False),
    ("Out std", "standard deviation of the output", True),
    ("Out mean", "mean of the output", True),
    ("Pre std", "standard deviation of what the activation is given", True),
    ("÷ first", "output std by that of the first layer", True),
    ("Dead", "units that are zero for every sample", True),
    ("Flat", "values where the activation is saturated", True),
    ("Corr", "mean cosine between different samples", True),
    ("Rank", "effective rank of the representation", True),
    ("Grad std", "standard deviation of the gradient by the output", True),
    ("Grad ÷ first", "gradient std by that of the first layer", True),
)

Cell = tuple[str, float | str | None]  # as shown, and to sort by


def _number(value: float | None) -> Cell:
    return number(value), value


def _cells(record: LayerRecord, index: int | None) -> list[Cell]:
    out, gradient = record.out, record.gradient
    activation = record.activation or ""
    return [
        ("" if index is None else str(index + 1), -1 if index is None else index),
        (record.label, record.label),
        (record.layer, record.layer),
        (activation, activation),
        _number(out.std),
        _number(out.mean),
        _number(None if record.pre is None else record.pre.std),
        _number(record.ratio),
        (percent(out.dead), out.dead),
        (percent(out.saturated), out.saturated),
        _number(out.correlation),
        ("·" if out.rank is None else f"{out.rank:.0f}/{out.rank_limit}", out.rank),
        _number(None if gradient is None else gradient.std),
        _number(record.gradient_ratio),
    ]


def _sortable(value: float | str | None) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return escape(str(value))


def _row(record: LayerRecord, index: int | None, severity: str) -> str:
    cells = []
    for (shown, value), (_, _, numeric) in zip(
        _cells(record, index), COLUMNS, strict=True
    ):
        kind = ' class="number"' if numeric else ""
        cells.append(f'<td{kind} data-sort="{_sortable(value)}">{escape(shown)}</td>')
    label = escape(record.label)
    return f'<tr data-severity="{severity}" data-layer="{label}">{"".join(cells)}</tr>'


def _finding(finding: Finding) -> str:
    layer = f" in <code>{escape(finding.layer)}</code>" if finding.layer else ""
    tried = f"<p><b>Tried:</b> {escape(finding.tried)}</p>" if finding.tried else ""
    return (
        f'<article class="finding {finding.severity}" '
        f'data-severity="{finding.severity}">'
        f'<h3><span class="severity">{finding.severity}</span> '
        f"{escape(finding.kind)}{layer}</h3>"
        f"<p>{escape(finding.message)}</p>"
        f"<p><b>Why:</b> {escape(finding.cause)}</p>"
        f'<div class="fix"><pre><code>{escape(finding.fix)}</code></pre>'
        '<button type="button" class="copy">Copy</button></div>'
        f"{tried}</article>"
    )


def _filters(diagnosis: Report) -> str:
    counts = {
        severity: sum(finding.severity == severity for finding in diagnosis.findings)
        for severity in SEVERITIES
    }
    buttons = [("all", len(diagnosis.findings)), *counts.items()]
    return "".join(
        f'<button type="button" data-filter="{name}" '
        f'aria-pressed="{"true" if name == "all" else "false"}"'
        f"{'' if count or name == 'all' else ' disabled'}>{name} ({count})</button>"
        for name, count in buttons
    )


def parts(diagnosis: Report) -> dict[str, str]:
    """The texts by the marks of the template."""
    severities: dict[str, str] = {}
    owners = {weight.name: weight.owner for weight in diagnosis.weights}
    for finding in diagnosis.findings:  # the most severe first
        layer = owners.get(finding.layer, finding.layer)
        severities.setdefault(layer, finding.severity)
    rows = [_row(record, None, "") for record in diagnosis.inputs]
    rows += [
        _row(record, record.index, severities.get(record.name, ""))
        for record in diagnosis.records
    ]
    head = "".join(
        f'<th scope="col" title="{escape(meaning)}"{" class=number" * numeric}>'
        f'<button type="button">{escape(name)}</button></th>'
        for name, meaning, numeric in COLUMNS
    )
    first, _, second = heading(diagnosis).partition("\n")
    findings = "".join(map(_finding, diagnosis.findings))
    return {
        "title": escape(f"{diagnosis.model}: {diagnosis.verdict}"),
        "verdict": diagnosis.verdict,
        "heading": escape(first),
        "subheading": escape(f"{second}; {diagnosis.backend}"),
        "notes": "".join(f"<li>{escape(note)}</li>" for note in diagnosis.notes),
        "filters": _filters(diagnosis),
        "findings": findings or "<p>Nothing was found.</p>",
        "head": head,
        "rows": "\n".join(rows),
    }
