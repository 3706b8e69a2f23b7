"""`recommend`: the rules that `initialize(model, "auto")` follows, as code to edit."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import keras

from keras_inits.geometry.roles import KERNEL_ROLES
from keras_inits.graph.weights import WeightInfo
from keras_inits.models import rules as ruling
from keras_inits.models.plan import make_plan
from keras_inits.models.selection import is_frozen

NUMBER = re.compile(r"\d+")
MOST_REASONS = 3  # in the words behind a rule


@dataclasses.dataclass(frozen=True)
class Recommendation:
    """Rules for the kernels of a model: print it, paste `code`, or pass on `rules`.

    Attributes:
        rules: From pattern to scheme, as `initialize` takes them.
        reasons: From pattern to why, in words.
        kernels: From pattern to how many kernels it decides about.
    """

    rules: Mapping[Any, Any]
    reasons: Mapping[Any, str]
    kernels: Mapping[Any, int]

    @property
    def code(self) -> str:
        """Python that does to `model` what "auto" would do, with seed 0."""
        lines = [
            f"    # {self.reasons[pattern]}\n"
            f"    {pattern_source(pattern)}: keras_inits.{scheme!r},"
            for pattern, scheme in self.rules.items()
        ]
        imports = ["import keras_inits"]
        if any(isinstance(pattern, re.Pattern) for pattern in self.rules):
            imports.insert(0, "import re\n")
        return "\n".join(
            [
                *imports,
                "",
                "rules = {",
                *lines,
                "}",
                "keras_inits.initialize(model, rules, seed=0)",
            ]
        )

    def __str__(self) -> str:
        total = sum(self.kernels.values())
        heading = f"{_many(total, 'kernel')}, {_many(len(self.rules), 'rule')}:"
        rows = [
            (
                pattern_source(pattern),
                repr(scheme),
                _many(self.kernels[pattern], "kernel"),
            )
            for pattern, scheme in self.rules.items()
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [
            "  "
            + "  ".join(
                cell.ljust(width) for cell, width in zip(row, widths, strict=True)
            )
            + f"  {self.reasons[pattern]}"
            for row, pattern in zip(rows, self.rules, strict=True)
        ]
        last = (
            "Other weights start where their layer starts them, or at 0 and 1. "
            "As code: print(recommendation.code)."
        )
        return "\n".join([heading, *lines, last])


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def pattern_source(pattern: Any) -> str:
    if isinstance(pattern, re.Pattern):
        return f"re.compile({pattern.pattern!r})"
    return repr(pattern)


def _candidates(path: str) -> Iterator[Any]:
    """Patterns that mean a weight, and perhaps others that look like it."""
    seen: dict[str, None] = {}
    for text in (path, NUMBER.sub("*", path)):
        names = text.split("/")
        for start in range(len(names)):
            for end in range(start + 1, len(names) + 1):
                if start and end < len(names):
                    continue  # from the model down, or from the weight up
                seen["*/" * bool(start) + "/".join(names[start:end])] = None
    yield from seen


def _only(path: str) -> Any:
    """The pattern that means one weight, for a name that has a star in it."""
    return re.compile(f"^{re.escape(path)}$")


def _rank(pattern: Any) -> tuple[bool, int, int]:
    """Of patterns that mean the same weights, the plainest comes first."""
    if isinstance(pattern, re.Pattern):
        return True, 0, 0
    return False, pattern.count("*"), len(pattern)


class Covering:
    """Finds few patterns that give every kernel the scheme it should have.

    Args:
        wanted: Scheme, as text, by path.
        infos: All weights of the model that are not frozen.
    """

    def __init__(self, wanted: Mapping[str, str], infos: Sequence[WeightInfo]) -> None:
        self.wanted, self.infos = wanted, infos
        self._reach: dict[Any, frozenset[str]] = {}
        self._under: dict[str, list[WeightInfo]] = {}  # by names that follow each other
        for info in infos:
            names = info.path.split("/")
            for start, end in combinations(range(len(names) + 1), 2):
                part = "*/" * bool(start) + "/".join(names[start:end])
                self._under.setdefault(part, []).append(info)

    def _within(self, pattern: Any) -> Sequence[WeightInfo]:
        """The weights that a pattern may mean; few where its only star comes first."""
        is_text = isinstance(pattern, str)
        if is_text and not {*"*?"} & {*pattern.removeprefix("*/")}:
            return self._under.get(pattern, ())
        return self.infos

    def reach(self, pattern: Any) -> frozenset[str]:
        """Paths of the weights that a rule with this pattern would set."""
        if pattern not in self._reach:
            rule = ruling.Rule((pattern,), None, "")
            found = (p.path for p in self._within(pattern) if ruling.reaches(rule, p))
            self._reach[pattern] = frozenset(found)
        return self._reach[pattern]

    def patterns(self, scheme: str) -> list[Any]:
        """Patterns that reach all kernels of a scheme, and no other weight."""
        paths = [path for path, own in self.wanted.items() if own == scheme]
        allowed, left, found = set(paths), set(paths), []
        pure = {
            pattern: self.reach(pattern)
            for path in paths
            for pattern in _candidates(path)
            if self.reach(pattern) <= allowed
        }
        for path in paths:
            if path not in pure:
                pure[_only(path)] = frozenset({path})
        while left:
            best = min(
                pure, key=lambda pattern: (-len(pure[pattern] & left), _rank(pattern))
            )
            found.append(best)
            left -= pure[best]
        return found


def _reason(whys: Sequence[str]) -> str:
    counts = Counter(whys)
    shown = [why for why, _ in counts.most_common(MOST_REASONS)]
    rest = len(counts) - len(shown)
    return "; or: ".join([*shown, _many(rest, "other reason")] if rest else shown)


def recommend(model: keras.Model) -> Recommendation:
    """The rules by which `initialize(model, "auto")` would choose.

    Nothing is drawn and nothing is changed. A rule decides about kernels, recurrent
    kernels and embeddings; other weights start where their layer starts them, or at
    0 and 1. Frozen weights are left out, as `initialize` leaves them alone.

    Args:
        model: A built model, or a layer.

    Returns:
        A `Recommendation`.

    Raises:
        ValueError: As `initialize` does, for a model that is not built, or has nothing
            to initialize.

    Examples:
    >>> import keras
    >>> from keras_inits.models.recommend import recommend
    >>> model = keras.Sequential([
    ...     keras.Input((64,)),
    ...     keras.layers.Dense(32, "relu"),
    ...     keras.layers.Dense(32, "relu"),
    ...     keras.layers.Dense(10, name="head"),
    ... ])
    >>> print(recommend(model).code)
    import keras_inits
    <BLANKLINE>
    rules = {
        # linear head
        'head': keras_inits.GlorotUniform(),
        # relu follows
        '*': keras_inits.HeFanIn(),
    }
    keras_inits.initialize(model, rules, seed=0)
    """
    plan = make_plan(model, ruling.parse(ruling.AUTO), None, None)
    tasks = [t for t in plan.tasks if t.info.weight.role in KERNEL_ROLES]
    schemes = {repr(task.scheme): task.scheme for task in tasks}
    wanted = {task.info.path: repr(task.scheme) for task in tasks}
    whys = {task.info.path: task.why for task in tasks}
    covering = Covering(wanted, [p for p in plan.infos if not is_frozen(p)])
    usual = Counter(wanted.values()).most_common(1)[0][0] if wanted else ""
    found = [
        (pattern, scheme)
        for scheme in schemes
        if scheme != usual
        for pattern in covering.patterns(scheme)
    ]
    if usual:
        found.append(("*", usual))
    rules, reasons, kernels, decided = {}, {}, {}, set[str]()
    for pattern, scheme in found:
        own = [p for p in wanted if p in covering.reach(pattern) and p not in decided]
        decided.update(own)
        rules[pattern] = schemes[scheme]
        reasons[pattern] = _reason([whys[path] for path in own])
        kernels[pattern] = len(own)
    return Recommendation(rules, reasons, kernels)
