"""`ScaledRecipe`: a recipe with multipliers for the optimizer beside its rules."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from keras_inits.models.multipliers import Multiplier
from keras_inits.models.recipes.growth import Growth
from keras_inits.models.recipes.parts import Anatomy, Place
from keras_inits.models.recipes.recipe import NUMBER, Recipe, Row
from keras_inits.models.rules import label

COLUMNS = (
    *("found to be", "width", "inputs", "outputs", "weights", "", "shape"),
    *("scheme", "std", "rate", "decay"),
)
IMPORTS = "import keras\nimport keras_inits"
OPTIMIZERS = {"adam": "Adam", "sgd": "SGD"}


class ScaledRecipe(Recipe):
    """Rules for `initialize`, and multipliers for `scaled_optimizer`.

    Args:
        name: Of the recipe.
        found: The model.
        rows: What each weight gets; frozen ones are left out.
        growths: By path, how each weight grows.
        by_path: By path, its multiplier; frozen ones are left out.
        outputs: By path of a head, what its predictions are to be multiplied by.
        optimizer: "adam" or "sgd", for the code.
        notes: Sentences on what a person should know.

    Attributes:
        multipliers: From the `path` of each variable to its `Multiplier`, where that is
            not 1 throughout.
        outputs: As the argument.

    Examples:
    >>> import keras, keras_inits
    >>> def build(width):
    ...     hidden = keras.layers.Dense(width, "relu", name="hidden")
    ...     head = keras.layers.Dense(3, name="head")
    ...     return keras.Sequential([keras.Input((5,)), hidden, head], name="net")
    >>> rules = keras_inits.recipes.mup(build(64), build(16))
    >>> {path: str(part) for path, part in rules.parts().items()}
    {'hidden/kernel': 'kernel', 'head/kernel': 'head'}
    >>> "'net/head/kernel': (0.25, 4.0)" in rules.code()  # of learning rate, of decay
    True
    """

    def __init__(
        self,
        name: str,
        found: Anatomy,
        rows: Iterable[Row],
        growths: Mapping[str, Growth],
        by_path: Mapping[str, Multiplier],
        outputs: Mapping[str, float],
        optimizer: str,
        notes: Iterable[str],
    ) -> None:
        super().__init__(name, found, rows, notes)
        self.growths, self.outputs = dict(growths), dict(outputs)
        self._by_path, self._optimizer = dict(by_path), OPTIMIZERS[optimizer]
        self.multipliers = {
            found.places[path].info.variable.path: one
            for path, one in by_path.items()
            if one != Multiplier()
        }

    def __or__(self, other: Any) -> Any:
        if not isinstance(other, Recipe):
            return super().__or__(other)  # a mapping: rules alone
        raise ValueError(
            f"recipes.{self.name} scales what another recipe starts with, and is not "
            f"joined to one by `|`. Received: {other.name}. Pass "
            f"start=keras_inits.recipes.{other.name} to it."
        )

    def __ror__(self, other: Any) -> Any:
        return self | other if isinstance(other, Recipe) else super().__ror__(other)

    def code(self) -> str:
        """Python with the same rules and multipliers, for a model `model`."""
        named = "of learning rate, of decay" + ", of epsilon" * self._has_epsilons()
        lines = [super().code(), "", f"multipliers = {{  # {named}"]
        for path, one in self.multipliers.items():
            shown = ", ".join(repr(float(f"{value:.6g}")) for value in one.short())
            lines.append(f"    {path!r}: ({shown}),")
        lines += [
            "}",
            f"optimizer = keras.optimizers.{self._optimizer}()  # yours",
            "optimizer = keras_inits.scaled_optimizer(optimizer, multipliers)",
        ]
        return "\n".join(lines).replace("import keras_inits\n", f"{IMPORTS}\n", 1)

    def _has_epsilons(self) -> bool:
        return any(one.epsilon != 1 for one in self.multipliers.values())

    def _shown(self) -> list[tuple[Place, Row | None]]:
        """The weights of the table: those with a rule, and others with a multiplier."""
        rows = {row.place.info.path: row for row in self.rows}
        return [
            (place, rows.get(path))
            for path, place in self.found.places.items()
            if path in rows or self._by_path.get(path, Multiplier()) != Multiplier()
        ]

    def __rich__(self) -> Group:
        table = Table(show_edge=False, pad_edge=False)
        columns = [*COLUMNS, "epsilon"] if self._has_epsilons() else COLUMNS
        for name in columns:
            table.add_column(name, overflow="fold")
        groups: dict[tuple[str, ...], list[str]] = {}
        for place, row in self._shown():
            path = place.info.path
            grown = self.growths[path]
            one = self._by_path.get(path, Multiplier())
            std = None if row is None else row.std
            cells = (  # of a column each, but for that of the number of weights
                *(place.part, grown.kind, f"×{grown.into:.4g}", f"×{grown.out:.4g}"),
                NUMBER.sub("*", path),
                "×".join(map(str, place.info.shape)) or "scalar",
                "" if row is None else label(row.scheme),
                "" if std is None else f"{std:.4g}",
                *(f"×{value:.4g}" for value in one),
            )[: len(columns) - 1]
            groups.setdefault(cells, []).append(path)
        for cells, paths in groups.items():
            name = paths[0] if len(paths) == 1 else cells[4]
            shown = (*cells[:4], name, str(len(paths)), *cells[5:])
            table.add_row(*map(Text, shown))
        counts = Counter(
            self.growths[place.info.path].kind for place, _ in self._shown()
        )
        found = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        last = f"{self.name}: {found}. As code: print(rules.code())."
        use = "keras_inits.scaled_optimizer(optimizer, rules.multipliers)"
        return Group(table, "", last, f"Train by {use}.", *self.notes)
