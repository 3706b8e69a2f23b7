"""The report of `initialize`: a table when printed, and a record of each weight."""

import dataclasses
import math
from typing import Any

import keras
from rich.console import Group
from rich.table import Table
from rich.text import Text

from keras_inits._utils import rich_text
from keras_inits.geometry.roles import KERNEL_ROLES
from keras_inits.graph.weights import WeightInfo

COLUMNS = {  # of the printed table, and how they are justified
    "path": "left",
    "layer": "left",
    "role": "left",
    "shape": "left",
    "fans": "right",
    "scheme": "left",
    "target std": "right",
    "drawn std": "right",
    "std before": "right",
    "std after": "right",
    "factor": "right",
    "chosen by": "left",
}


@dataclasses.dataclass(frozen=True)
class InitializedWeight:
    """A weight that was set, or would be in a dry run.

    Attributes:
        path: Place in the model's structure.
        layer: Class of the layer that owns it.
        role: What it is for, such as "kernel" or "bias".
        shape: Of the variable.
        dtype: Of the variable.
        fan_in: Inputs of a unit; None where the weight is no kernel.
        fan_out: Outputs of an input; None where the weight is no kernel.
        scheme: The initializer, as code.
        target_std: Std that the scheme is expected to draw; None if unknown.
        drawn_std: Std of the values; None in a dry run.
        rule: What chose the scheme: a pattern, "auto", "default" or "the layer's own".
        why: The reason, if "auto" chose.
        note: What else there is to know; empty if nothing.
        std_before: Of the kernel's pre-activations before `calibrate` set it, with all
            layers before it set; None elsewhere.
        std_after: The same after it.
        factor: By which `calibrate` multiplied the kernel, root mean square.
    """

    path: str
    layer: str
    role: str
    shape: tuple[int, ...]
    dtype: str
    fan_in: float | None
    fan_out: float | None
    scheme: str
    target_std: float | None
    drawn_std: float | None
    rule: str
    why: str
    note: str
    std_before: float | None = None
    std_after: float | None = None
    factor: float | None = None


@dataclasses.dataclass(frozen=True)
class KeptWeight:
    """A weight that kept its values, or a layer that has no weights yet.

    Attributes:
        path: Place in the model's structure.
        layer: Class of the layer that owns it.
        role: What it is for; empty for a layer without weights.
        shape: Of the variable; None for a layer without weights.
        dtype: Of the variable; empty for a layer without weights.
        why: Why it was left alone.
    """

    path: str
    layer: str
    role: str
    shape: tuple[int, ...] | None
    dtype: str
    why: str


def weight_row(
    info: WeightInfo, geometry: Any = None, **rest: Any
) -> InitializedWeight:
    """The row of a weight that is set.

    Args:
        info: The weight.
        geometry: That its fans are counted by; None for its own.
        **rest: Attributes of the row that the weight does not tell; None or empty if
            they are left out.
    """
    fans: tuple[float | None, float | None] = (None, None)
    if info.weight.role in KERNEL_ROLES:
        fans = (geometry or info.weight.geometry).fans(info.shape)
    return InitializedWeight(
        path=info.path,
        layer=type(info.layer).__name__,
        role=info.weight.role,
        shape=info.shape,
        dtype=keras.backend.standardize_dtype(info.variable.dtype),
        fan_in=fans[0],
        fan_out=fans[1],
        **{"scheme": "", "target_std": None, "why": "", "note": ""} | rest,
    )


def kept_row(info: WeightInfo, why: str) -> KeptWeight:
    """The row of a weight that is left alone."""
    dtype = keras.backend.standardize_dtype(info.variable.dtype)
    layer = type(info.layer).__name__
    return KeptWeight(info.path, layer, info.weight.role, info.shape, dtype, why)


def _shape(shape: tuple[int, ...] | None) -> str:
    return "" if shape is None else "×".join(map(str, shape)) or "scalar"


def _std(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _cells(row: InitializedWeight) -> list[str]:
    fans = "" if row.fan_in is None else f"{row.fan_in:g} → {row.fan_out:g}"
    rule = ": ".join(filter(None, [row.rule, row.why]))
    return [
        *(row.path, row.layer, row.role, _shape(row.shape), fans, row.scheme),
        *(_std(row.target_std), _std(row.drawn_std)),
        *(_std(row.std_before), _std(row.std_after), _std(row.factor)),
        "; ".join(filter(None, [rule, row.note])),
    ]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class InitializationReport(rich_text.Printed):
    """What `initialize` or `calibrate` did to each weight. Printing it shows a table.

    Attributes:
        rows: An `InitializedWeight` for each weight that was set.
            `pandas.DataFrame(report.rows)` takes them.
        left_alone: A `KeptWeight` for each weight that kept its values.
        seed: What repeats the weights; None where none was drawn.
        optimizers: Names of the optimizers whose state was reset.
        dry_run: Whether nothing was done.
        notes: Sentences about the rules as a whole, such as a recipe's.

    Examples:
    >>> import keras
    >>> from keras_inits.models.initialize import initialize
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> report = initialize(model, "he_normal", seed=7)
    >>> kernel = report.rows[0]
    >>> kernel.path, kernel.fan_in, kernel.target_std, report.seed
    ('dense[0]/kernel', 4, 0.7071067811865476, 7)
    >>> report.parameters, report.summary
    (15, '2 weights, 15 parameters set; seed=7')
    >>> report.to_dict()["rows"][0]["shape"]
    [4, 3]
    """

    rows: list[InitializedWeight]
    left_alone: list[KeptWeight]
    seed: int | None
    optimizers: list[str]
    dry_run: bool = False
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The report as plain JSON: shapes are lists."""
        found = dataclasses.asdict(self)
        for kind in ("rows", "left_alone"):
            found[kind] = [
                {name: _plain(value) for name, value in row.items()}
                for row in found[kind]
            ]
        return found | {"notes": list(self.notes)}

    @property
    def parameters(self) -> int:
        """How many numbers were set."""
        return sum(math.prod(row.shape) for row in self.rows)

    @property
    def summary(self) -> str:
        """One line: how much was set, and how to repeat it."""
        verb = "would be set (dry run)" if self.dry_run else "set"
        parts = [f"{len(self.rows)} weights, {self.parameters:,} parameters {verb}"]
        if self.left_alone:
            parts.append(f"{len(self.left_alone)} left alone")
        if self.optimizers:
            parts.append(f"optimizer reset: {', '.join(self.optimizers)}")
        parts += [] if self.seed is None else [f"seed={self.seed}"]
        return "; ".join(parts)

    def __rich__(self) -> Group:
        table = Table(show_edge=False, pad_edge=False)
        rows = [_cells(row) for row in self.rows]
        # Those of `calibrate` are empty for `initialize`, and the other way round.
        used = [n for n, _ in enumerate(COLUMNS) if any(row[n] for row in rows)]
        for number, (name, justify) in enumerate(COLUMNS.items()):
            if number in used:
                # Typed as rich's literal; a fold loses nothing in a narrow terminal.
                table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
        for cells in rows:
            table.add_row(*(Text(cells[n]) for n in used))
        parts: list[Any] = [table]
        if self.left_alone:
            other = Table(show_edge=False, pad_edge=False)
            for name in ("left alone", "layer", "role", "shape", "why"):
                other.add_column(name, overflow="fold")
            for kept in self.left_alone:
                cells = [kept.path, kept.layer, kept.role, _shape(kept.shape), kept.why]
                other.add_row(*map(Text, cells))
            parts += ["", other]
        return Group(*parts, "", *self.notes, self.summary)

    def __repr__(self) -> str:
        return f"<InitializationReport: {self.summary}>"
