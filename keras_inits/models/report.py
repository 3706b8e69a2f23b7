"""What `initialize` did, or would do: a table for people, rows for programs."""

import dataclasses
import math
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from keras_inits._utils import rich_text

COLUMNS = {  # of the printed table, and how they are justified
    "path": "left",
    "layer": "left",
    "role": "left",
    "shape": "left",
    "fans": "right",
    "scheme": "left",
    "target std": "right",
    "drawn std": "right",
    "chosen by": "left",
}


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "scalar"


def _std(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _cells(row: dict[str, Any]) -> list[str]:
    fans = "" if row["fan_in"] is None else f"{row['fan_in']:g} → {row['fan_out']:g}"
    by = "; ".join(filter(None, [row["rule"], row["note"]]))
    shape, std = _shape(row["shape"]), (_std(row["target_std"]), _std(row["drawn_std"]))
    scheme = row["scheme"]
    return [row["path"], row["layer"], row["role"], shape, fans, scheme, *std, by]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class InitializationReport:
    """What `initialize` did to each weight. Printing it shows a table.

    Attributes:
        rows: For each weight that was set a dictionary of path, layer (its class),
            role, shape, dtype, fan_in and fan_out (None where it is no kernel), scheme,
            target_std (None where it is not known), drawn_std (None in a dry run), rule
            and note. `pandas.DataFrame(report.rows)` takes them.
        left_alone: The same of path, layer, role, shape, dtype and why, for each weight
            that kept its values.
        seed: What repeats the weights.
        optimizers: Names of the optimizers whose state was reset.
        dry_run: Whether nothing was done.

    Example:
    >>> import keras
    >>> from keras_inits.models.initialize import initialize
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> report = initialize(model, "he_normal", seed=7)
    >>> report.rows[0]["path"], report.rows[0]["fan_in"], report.seed
    ('dense[0]/kernel', 4, 7)
    """

    rows: list[dict[str, Any]]
    left_alone: list[dict[str, Any]]
    seed: int
    optimizers: list[str]
    dry_run: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The report as plain JSON: shapes are lists."""
        found = dataclasses.asdict(self)
        for kind in ("rows", "left_alone"):
            found[kind] = [
                {name: _plain(value) for name, value in row.items()}
                for row in found[kind]
            ]
        return found

    @property
    def parameters(self) -> int:
        """How many numbers were set."""
        return sum(math.prod(row["shape"]) for row in self.rows)

    @property
    def summary(self) -> str:
        """One line: how much was set, and how to repeat it."""
        verb = "would be set (dry run)" if self.dry_run else "set"
        parts = [f"{len(self.rows)} weights, {self.parameters:,} parameters {verb}"]
        if self.left_alone:
            parts.append(f"{len(self.left_alone)} left alone")
        if self.optimizers:
            parts.append(f"optimizer reset: {', '.join(self.optimizers)}")
        return "; ".join([*parts, f"seed={self.seed}"])

    def __rich__(self) -> Group:
        table = Table(show_edge=False, pad_edge=False)
        for name, justify in COLUMNS.items():
            # Typed as rich's literal; a fold loses nothing in a narrow terminal.
            table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
        for row in self.rows:
            table.add_row(*map(Text, _cells(row)))
        parts: list[Any] = [table]
        if self.left_alone:
            other = Table(show_edge=False, pad_edge=False)
            for name in ("left alone", "layer", "role", "shape", "why"):
                other.add_column(name, overflow="fold")
            for row in self.left_alone:
                shape = "" if row["shape"] is None else _shape(row["shape"])
                cells = [row["path"], row["layer"], row["role"], shape, row["why"]]
                other.add_row(*map(Text, cells))
            parts += ["", other]
        return Group(*parts, "", self.summary)

    def __str__(self) -> str:
        # As wide as it needs to be: text goes into files, too.
        lines = rich_text.as_text(self, width=10_000).splitlines()
        return "\n".join(line.rstrip() for line in lines)

    def __repr__(self) -> str:
        return f"<InitializationReport: {self.summary}>"

    def _repr_html_(self) -> str:
        return rich_text.as_html(self, width=200)
