"""A diagnosis as a table for the terminal."""

import math
from typing import Any

import rich.box
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from keras_inits.diagnosis.report import (
    ERROR,
    HEALTHY,
    UNHEALTHY,
    WARNING,
    LayerRecord,
    Report,
)
from keras_inits.diagnosis.wording import number, percent

WIDTH = 120  # columns where the output is no terminal
ROWS = 60  # layers shown; of more, every n-th
STYLES = {ERROR: "bold red", WARNING: "yellow", "info": "cyan"}
JUDGEMENTS = {HEALTHY: "bold green", UNHEALTHY: "bold red"}


def _cells(record: LayerRecord, styles: dict[str, str]) -> list[str]:
    out = record.out
    pre = number(record.pre.std) if record.pre is not None else "·"
    rank = "·" if out.rank is None else f"{out.rank:.0f}/{out.rank_limit}"
    name = escape(record.label)
    style = styles.get(record.name)
    dead = percent(out.dead) if out.dead else "·"
    return [
        f"[{style}]{name}[/]" if style else name,
        record.activation or "·",
        pre,
        number(out.std),
        number(out.mean),
        number(record.ratio),
        dead,
        percent(out.saturated),
        "·" if out.correlation is None else f"{out.correlation:.2f}",
        rank,
        number(None if record.gradient is None else record.gradient.std),
        number(record.gradient_ratio),
    ]


def _layers(diagnosis: Report) -> Table:
    table = Table(box=rich.box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("Layer", overflow="fold")
    table.add_column("Act")
    for heading in (
        "Pre\nstd",
        "Out\nstd",
        "Out\nmean",
        "÷ first",
        "Dead",
        "Flat",
        "Corr",
        "Rank",
        "Grad\nstd",
        "÷ first",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    styles: dict[str, str] = {}
    for finding in diagnosis.findings:
        styles.setdefault(finding.layer, STYLES[finding.severity])
    records = [*diagnosis.inputs, *diagnosis.records]
    step = math.ceil(len(records) / ROWS) if records else 1
    for place, record in enumerate(records):
        named = record.name in styles
        if place % step == 0 or place == len(records) - 1 or named:
            table.add_row(*_cells(record, styles))
    return table


def _findings(diagnosis: Report) -> list[Text]:
    lines = []
    for finding in diagnosis.findings:
        line = Text()
        line.append(f"{finding.severity}: ", STYLES[finding.severity])
        line.append(finding.message)
        line.append(f"\n  why: {finding.cause}")
        line.append(f"\n  fix: {finding.fix}", "italic")
        if finding.tried:
            line.append(f"\n  tried: {finding.tried}")
        lines.append(line)
    return lines


def heading(diagnosis: Report) -> str:
    """The verdict and what it rests on, in a line or two."""
    loss = f"loss {number(diagnosis.loss)} ({diagnosis.loss_kind})"
    if diagnosis.loss_kind == "projection":
        loss = "gradients of a random direction of the outputs"
    elif diagnosis.chance_loss is not None:
        loss += f", chance {number(diagnosis.chance_loss)}"
    lost = ""
    if diagnosis.lost_at is not None:
        record = diagnosis.records[diagnosis.lost_at]
        depth = f"{record.index + 1} of {len(diagnosis.records)}"
        lost = f"; lost at {record.label} ({depth})"
    return (
        f"{diagnosis.model}: {diagnosis.verdict}{lost}\n{diagnosis.data}, "
        f"{diagnosis.samples} samples; {loss}"
    )


def findings(diagnosis: Report) -> Any:
    """The verdict and the findings, without the layers, for rich.

    Args:
        diagnosis: What to show.
    """
    style = JUDGEMENTS.get(diagnosis.verdict, "bold yellow")
    return Group(Text(heading(diagnosis), style), *_findings(diagnosis))


def table(diagnosis: Report) -> Any:
    """All of a diagnosis, for rich.

    Args:
        diagnosis: What to show.
    """
    notes = [Text(f"note: {note}", "dim") for note in diagnosis.notes]
    head, *found = findings(diagnosis).renderables
    return Group(head, _layers(diagnosis), *found, *notes)
