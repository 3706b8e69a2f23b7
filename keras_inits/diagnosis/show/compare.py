"""Two diagnoses of one network, side by side."""

import dataclasses
from typing import Any

import rich.box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from keras_inits._utils import rich_text
from keras_inits.diagnosis.report import LayerRecord, Report
from keras_inits.diagnosis.show.text import WIDTH
from keras_inits.diagnosis.wording import number


@dataclasses.dataclass(frozen=True)
class Row:
    """A layer in both.

    Attributes:
        layer: Its label in the first, or in the second where the first has no such.
        first: Its record in the first; None where it has no such.
        second: Its record in the second; None where it has no such.
    """

    layer: str
    first: LayerRecord | None
    second: LayerRecord | None


def _key(record: LayerRecord) -> tuple[str, int]:
    # Default names have numbers in them that differ from model to model; paths do not.
    return record.path or record.name, record.call


def _figures(record: LayerRecord | None) -> dict[str, Any]:
    if record is None:
        return dict.fromkeys(("std", "mean", "dead", "correlation", "gradient"))
    out, gradient = record.out, record.gradient
    return {
        "std": out.std,
        "mean": out.mean,
        "dead": out.dead,
        "correlation": out.correlation,
        "gradient": None if gradient is None else gradient.std,
    }


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two diagnoses, layer by layer. Print it, or take `to_dict`.

    Attributes:
        first: The one that `compare` was called on.
        second: The other.
        rows: The layers, in the order of execution.
    """

    first: Report
    second: Report
    rows: tuple[Row, ...]

    def to_dict(self) -> dict[str, Any]:
        """Judgements, findings and figures as plain data."""
        return {
            **{
                side: {
                    "model": diagnosis.model,
                    "verdict": diagnosis.verdict,
                    "loss": diagnosis.loss,
                    "findings": [finding.message for finding in diagnosis.findings],
                }
                for side, diagnosis in (("first", self.first), ("second", self.second))
            },
            "layers": [
                {
                    "layer": row.layer,
                    "first": _figures(row.first),
                    "second": _figures(row.second),
                }
                for row in self.rows
            ],
        }

    def __rich__(self) -> Any:
        table = Table(box=rich.box.SIMPLE_HEAD, padding=(0, 1))
        table.add_column("Layer", overflow="fold")
        for heading in ("Out std", "Out mean", "Corr", "Grad std"):
            for side in ("1", "2"):
                table.add_column(f"{heading}\n{side}", justify="right", no_wrap=True)
        for row in self.rows:
            sides = _figures(row.first), _figures(row.second)
            table.add_row(
                Text(row.layer),
                *(
                    number(side[name])
                    for name in ("std", "mean", "correlation", "gradient")
                    for side in sides
                ),
            )
        return Group(Text(_line(1, self.first)), Text(_line(2, self.second)), table)

    def __str__(self) -> str:
        return rich_text.as_text(self, WIDTH).rstrip()


def _line(place: int, diagnosis: Report) -> str:
    kinds = dict.fromkeys(finding.kind for finding in diagnosis.findings)
    found = ", ".join(kinds) or "no findings"
    return (
        f"{place}  {diagnosis.model}: {diagnosis.verdict}, "
        f"loss {number(diagnosis.loss)}; {found}"
    )


def compare(first: Report, second: Report) -> Comparison:
    """Puts two diagnoses side by side: see `Report.compare`."""
    if not isinstance(second, Report):
        raise ValueError(
            "`other` must be a Diagnosis. Received: "
            f"other={second!r}. Type d.compare(keras_inits.diagnose(model))."
        )
    others = {_key(record): record for record in second.records}
    rows = [Row(r.label, r, others.pop(_key(r), None)) for r in first.records]
    rows += [Row(r.label, None, r) for r in others.values()]
    return Comparison(first, second, tuple(rows))
