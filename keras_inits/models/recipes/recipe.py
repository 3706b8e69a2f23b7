"""`Recipe`: rules for the weights of one model, which print as a table and as code."""

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rich.console import Group
from rich.table import Table
from rich.text import Text

from keras_inits._utils import rich_text
from keras_inits.initializers.base import Initializer
from keras_inits.models.recipes.parts import Anatomy, Part, Place
from keras_inits.models.recommend import Covering, pattern_source
from keras_inits.models.rules import AUTO, label
from keras_inits.models.selection import is_frozen

NUMBER = re.compile(r"\d+")


class Row(NamedTuple):
    """What a recipe gives a weight.

    Attributes:
        place: The weight, and what it is for.
        scheme: An initializer, or "auto".
        depth: The factor by which the depth of the network changes its scale, in
            words; empty where it does not.
    """

    place: Place
    scheme: Any
    depth: str = ""

    @property
    def std(self) -> float | None:
        """Std that the scheme is expected to draw; None if unknown."""
        scheme, info = self.scheme, self.place.info
        if not isinstance(scheme, Initializer):
            return None
        if self.place.is_kernel and hasattr(scheme, "with_geometry"):
            scheme = scheme.with_geometry(info.weight.geometry)
        return scheme.expected_std(info.shape)


def _pattern(path: str) -> Any:
    """The pattern that means one weight, whatever its name has in it."""
    return re.compile(f"^{re.escape(path)}$") if {*path} & {*"*?"} else path


class Recipe(rich_text.Printed, Mapping[Any, Any]):
    """Rules for `initialize`: from the path of each weight of a model to its scheme.

    Print it to see what each kernel was found to be; `code()` is Python with the same
    rules. `{**recipe, "head/kernel": "zeros"}` changes one of them. `one | other`
    takes from both: the right one counts, but "auto" gives way, and two factors for
    the depth on one branch are warned of.

    Args:
        name: Of the recipe.
        found: The model.
        rows: What each weight gets; frozen ones are left out.
        notes: Sentences on what a person should know.

    Raises:
        ValueError: If nothing is left to set.

    Examples:
    >>> import keras, keras_inits
    >>> x = inputs = keras.Input((24,))
    >>> y = keras.layers.Dense(80, "gelu")(keras.layers.LayerNormalization()(x))
    >>> model = keras.Model(inputs, x + keras.layers.Dense(24, name="last")(y))
    >>> rules = keras_inits.recipes.gpt2(model)
    >>> {path: str(part) for path, part in rules.parts().items()}
    {'dense[0]/kernel': 'first of branch', 'last/kernel': 'last of branch'}
    >>> print(rules.code())
    import keras_inits
    <BLANKLINE>
    rules = {
        # first of branch, last of branch
        '*': keras_inits.RandomNormal(stddev=0.02),
    }
    keras_inits.initialize(model, rules, seed=0)
    >>> own = {**rules, "last/kernel": "zeros"}
    """

    def __init__(
        self,
        name: str,
        found: Anatomy,
        rows: Iterable[Row],
        notes: Iterable[str] = (),
    ) -> None:
        self.name, self.found = name, found
        self.rows = [row for row in rows if not is_frozen(row.place.info)]
        if not self.rows:
            raise ValueError(
                f"recipes.{name} found nothing to set: the model has no weight that is "
                "its business, or all are frozen. Set model.trainable = True, or use "
                "rules='auto'."
            )
        self.notes = tuple(dict.fromkeys(notes))
        self._rules = {_pattern(r.place.info.path): r.scheme for r in self.rows}

    def __getitem__(self, pattern: Any) -> Any:
        return self._rules[pattern]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    def parts(self) -> dict[str, Part]:
        """From the path of each weight that the recipe sets to what it is for."""
        return {row.place.info.path: row.place.part for row in self.rows}

    def __or__(self, other: Any) -> Any:
        if not isinstance(other, Recipe):
            return {**self, **other}
        rows = {row.place.info.path: row for row in self.rows}
        for row in other.rows:
            path = row.place.info.path
            if path not in rows or row.scheme != AUTO:
                rows[path] = row
        found = conflicts(rows.values())
        for sentence in found:
            warnings.warn(sentence, stacklevel=2)
        notes = [*self.notes, *other.notes, *found]
        return Recipe(f"{self.name} | {other.name}", self.found, rows.values(), notes)

    def __ror__(self, other: Any) -> Any:
        return {**other, **self}

    def code(self) -> str:
        """Python that gives a model `model` these rules, with seed 0."""
        wanted = {row.place.info.path: _source(row.scheme) for row in self.rows}
        kernels = {r.place.info.path for r in self.rows if r.place.is_kernel}
        usual = Counter(wanted[path] for path in kernels).most_common(1)
        rest = {path for path in kernels if usual and wanted[path] == usual[0][0]}
        own = {path: scheme for path, scheme in wanted.items() if path not in rest}
        covering = Covering(own, [place.info for place in self.found.places.values()])
        lines = []
        for scheme in dict.fromkeys(own.values()):
            lines.append(self._comment(path for path in own if own[path] == scheme))
            for pattern in covering.patterns(scheme):
                lines.append(f"    {pattern_source(pattern)}: {scheme},")
        if rest:
            shown = (path for path in wanted if path in rest)
            lines += [self._comment(shown), f"    '*': {usual[0][0]},"]
        imports = ["import re\n"] * any("re.compile(" in line for line in lines)
        head = [*imports, "import keras_inits\n", "rules = {"]
        end = ["}", "keras_inits.initialize(model, rules, seed=0)"]
        return "\n".join([*head, *lines, *end])

    def _comment(self, paths: Iterable[str]) -> str:
        """What weights were found to be, as a line of code."""
        parts = dict.fromkeys(self.found.places[path].part for path in paths)
        return f"    # {', '.join(parts)}"

    def _groups(self) -> list[tuple[str, ...]]:
        """The rows of the table: weights alike but for numbers are one."""
        groups: dict[Any, list[Row]] = {}
        for row in self.rows:
            info = row.place.info
            alike = NUMBER.sub("*", info.path), row.place.part, info.shape
            groups.setdefault((*alike, _source(row.scheme)), []).append(row)
        cells: list[tuple[str, ...]] = []
        for (path, part, shape, _), rows in groups.items():
            first = rows[0]
            blocks = [r.place.branch.block for r in rows if r.place.branch]
            spread = sorted(set(blocks))
            shown = (
                f"{spread[0]}-{spread[-1]}"
                if len(spread) > 1
                else f"{spread[0]}"
                if spread
                else ""
            )
            std = "" if first.std is None else f"{first.std:.4g}"
            name = first.place.info.path if len(rows) == 1 else path
            size = "×".join(map(str, shape)) or "scalar"
            scheme = label(first.scheme)
            cells.append(
                (part, shown, name, str(len(rows)), size, scheme, std, first.depth)
            )
        return cells

    def __rich__(self) -> Group:
        table = Table(show_edge=False, pad_edge=False)
        names = (
            "found to be",
            "block",
            "weights",
            "",
            "shape",
            "scheme",
            "std",
            "depth",
        )
        for name in names:
            table.add_column(name, overflow="fold")
        for cells in self._groups():
            table.add_row(*map(Text, cells))
        counts = Counter(row.place.part for row in self.rows)
        found = ", ".join(f"{count} {part}" for part, count in counts.items())
        last = [f"{self.name}: {found}. As code: print(rules.code())."]
        return Group(table, "", *last, *self.notes)

    def __repr__(self) -> str:
        return f"<Recipe {self.name}: {len(self.rows)} weights>"


def _source(scheme: Any) -> str:
    return repr(scheme) if isinstance(scheme, str) else f"keras_inits.{scheme!r}"


def conflicts(rows: Iterable[Row]) -> list[str]:
    """Sentences on branches whose scale the depth changes more than once."""
    found: dict[int, dict[str, Row]] = {}
    for row in rows:
        if row.depth and row.place.branch:
            found.setdefault(row.place.branch.number, {}).setdefault(row.depth, row)
    several: dict[tuple[str, ...], list[dict[str, Row]]] = {}
    for laws in found.values():
        if len(laws) > 1:
            several.setdefault(tuple(sorted(laws)), []).append(laws)
    return [
        f"Two factors for the depth on {len(branches)} branches: "
        + " beside ".join(
            f"{k} ({row.place.info.path})" for k, row in branches[0].items()
        )
        + ". Each alone is enough: leave one out."
        for branches in several.values()
    ]
