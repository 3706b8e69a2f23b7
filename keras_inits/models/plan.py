"""What `initialize` will do to each weight of a model, before it does anything."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras

from keras_inits.geometry import Geometry
from keras_inits.geometry.roles import KERNEL_ROLES, Role
from keras_inits.graph.layer_defaults import (
    LayerDefaults,
    is_keras_s,
    present,
    translated,
)
from keras_inits.graph.weights import WeightInfo, layers_with_paths, weights_of
from keras_inits.initializers import Ones, Zeros
from keras_inits.initializers.base import Initializer, KernelInitializer
from keras_inits.models import patterns, rules

DEFAULTS: dict[str, Callable[[], Initializer]] = {
    Role.BIAS: Zeros,
    Role.GAIN: Ones,
    Role.SLOPE: Zeros,
    Role.MEAN: Zeros,
    Role.VARIANCE: Ones,
    Role.LORA_B: Zeros,
}
OWN, DEFAULT = "the layer's own", "default"


def joined(*notes: str) -> str:
    """Notes as one."""
    return "; ".join(filter(None, notes))


class Task(NamedTuple):
    """A weight and what it gets.

    Attributes:
        info: The weight.
        scheme: As it was given, for the report.
        filled_by: The same with the weight's geometry.
        rule: Which rule chose it.
        note: What else a person should know.
        target_std: What the scheme means the values' std to be; None if unknown.
    """

    info: WeightInfo
    scheme: Any
    filled_by: Any
    rule: str
    note: str
    target_std: float | None


class LeftAlone(NamedTuple):
    """A weight that keeps its values, or a layer without any yet, and why."""

    path: str
    layer: Any
    info: WeightInfo | None
    why: str


class Plan(NamedTuple):
    """What happens to each weight."""

    tasks: list[Task]
    left_alone: list[LeftAlone]


def _is_kernel(info: WeightInfo) -> bool:
    return info.weight.role in KERNEL_ROLES


def is_frozen(info: WeightInfo) -> bool:
    """Whether a person, or LoRA, has switched off the training of a weight."""
    if not all(layer.trainable for layer in (*info.parents, info.layer)):
        return True
    return not info.variable.trainable and info.weight.role not in (
        Role.MEAN,
        Role.VARIANCE,
        Role.STATE,
    )


class _Filter:
    """`include` and `exclude`: why a weight is left alone, if it is."""

    def __init__(self, include: Any, exclude: Any, infos: Sequence[WeightInfo]) -> None:
        self.includes = include is not None
        self.include = patterns.as_patterns("include", include)
        self.exclude = patterns.as_patterns("exclude", exclude)
        self.problems = []
        for argument in ("include", "exclude"):
            for pattern in getattr(self, argument):
                if not any(patterns.matches(pattern, info) for info in infos):
                    self.problems.append(
                        f"`{argument}` {patterns.shown(pattern)} matches no weight. "
                        + patterns.nearest(pattern, infos)
                    )

    def why_not(self, info: WeightInfo, rule: rules.Rule | None) -> str:
        """Empty if the weight is to be set."""
        if info.weight.role == Role.STATE and (
            rule is None or not keras.backend.is_float_dtype(info.variable.dtype)
        ):
            return info.weight.note or "no parameter"
        if any(patterns.matches(pattern, info) for pattern in self.exclude):
            return "excluded"
        if not self.includes:
            return "frozen" if is_frozen(info) else ""
        included = any(patterns.matches(pattern, info) for pattern in self.include)
        return "" if included else "not included"


def _not_built(model: keras.Model) -> list[LeftAlone]:
    """Layers that have weights only once they are called."""
    default = keras.layers.Layer.build
    return [
        LeftAlone(path, layer, None, "not built: it has no weights yet")
        for path, layer in layers_with_paths(model)
        if not layer.built and type(layer).build is not default
    ]


def _with_geometry(scheme: Any, info: WeightInfo) -> Any:
    """The scheme for a kernel's true fans, unless it was given a geometry itself."""
    if not _is_kernel(info) or not isinstance(scheme, KernelInitializer):
        return scheme
    if scheme.geometry != Geometry():
        return scheme
    return scheme.with_geometry(info.weight.geometry)


class Planner:
    """Decides about a model's weights, and collects all that is wrong.

    Args:
        model: The model.
        given: The rules, parsed.
        include: As in `initialize`.
        exclude: As in `initialize`.
    """

    def __init__(
        self,
        model: keras.Model,
        given: Sequence[rules.Rule],
        include: Any,
        exclude: Any,
    ) -> None:
        self.model = model
        self.defaults = LayerDefaults()
        self.infos = [self.defaults.corrected(info) for info in weights_of(model)]
        self.filter = _Filter(include, exclude, self.infos)
        decisions = rules.decide(given, self.infos)
        self.rule_of = decisions.by_path
        self.problems = [*decisions.problems, *self.filter.problems]
        self.given = given
        self._choices: dict[str, Any] | None = None

    def plan(self) -> Plan:
        """Every weight's fate.

        Raises:
            ValueError: With all problems, if there are any.
        """
        tasks: list[Task] = []
        left: list[LeftAlone] = []
        uncovered: list[str] = []
        for info in self.infos:
            rule = self.rule_of.get(info.path)
            if rule is not None and rule.scheme is rules.AUTO and not _is_kernel(info):
                rule = None  # its default is what "auto" means
            why = self.filter.why_not(info, rule)
            if why:
                left.append(LeftAlone(info.path, info.layer, info, why))
            elif rule is None and _is_kernel(info):
                uncovered.append(info.path)
            else:
                tasks.extend(self._task(info, rule))
        self.problems += self._idle_rules(left)
        if uncovered:
            self.problems.append(rules.uncovered(uncovered))
        if not tasks and not self.problems:
            whys = ", ".join(sorted({one.why for one in left}))
            self.problems.append(
                f"Every weight is left alone ({whys}). Set model.trainable = True, or "
                "name what to initialize by `include`, which reaches frozen weights."
            )
        refuse(self.problems)
        return Plan(tasks, left + _not_built(self.model))

    def _idle_rules(self, left: Sequence[LeftAlone]) -> list[str]:
        """Rules that reach frozen weights only: they would be silent."""
        frozen = {one.path for one in left if one.why == "frozen"}
        found = []
        for rule in self.given:
            paths = {p for p, chosen in self.rule_of.items() if chosen is rule}
            if paths and paths <= frozen and rule.pattern is not None:
                found.append(
                    f"Rule {rule.text} reaches frozen weights only. Name them by "
                    "`include`, which reaches frozen weights, or drop the rule."
                )
        return found

    def _choice(self, info: WeightInfo) -> Any:
        """What the automatic chooser says about a kernel."""
        from keras_inits.models import auto  # large, and needed for "auto" only

        if self._choices is None:
            self._choices = auto.choices(self.model, self.infos)
        return self._choices.get(info.path)

    def _task(self, info: WeightInfo, rule: rules.Rule | None) -> list[Task]:
        note = info.weight.note
        if rule is not None and rule.scheme is not rules.AUTO:
            scheme, text = rule.scheme, rule.text
        elif rule is not None:
            choice = self._choice(info)
            if choice is None:
                self.problems.append(
                    f"'auto' has no choice for {info.path!r}. Give it a rule of its "
                    f"own: {{{info.path!r}: 'he_normal', '*': 'auto'}}."
                )
                return []
            scheme, text = choice.scheme, f"auto: {choice.why}"
            note = joined(note, choice.note)
        else:
            scheme, text, added = self._default(info)
            note = joined(note, added)
            if scheme is None:
                return []
        if _is_kernel(info) and not isinstance(scheme, Initializer):
            note = joined(note, "not of this package: sees the shape only")
        filled_by = _with_geometry(scheme, info)
        ours = isinstance(filled_by, Initializer)
        try:
            target = filled_by.expected_std(info.shape) if ours else None
        except ValueError as error:
            self.problems.append(f"{info.path!r}: {error}")
            return []
        return [Task(info, scheme, filled_by, text, note, target)]

    def _default(self, info: WeightInfo) -> tuple[Any, str, str]:
        """Where no rule speaks: the layer's own start if it is fixed, or the role's.

        A role that was only assumed sets nothing: zeros would be the end of a network
        whose gains they are.
        """
        start, usual = self.defaults.start(info), DEFAULTS[info.weight.role]()
        if start is not None:
            return start, DEFAULT if repr(start) == repr(usual) else OWN, ""
        own, is_assumed = self.defaults.initializer(info), bool(info.weight.note)
        if own is not None and is_assumed:
            return translated(own), OWN, ""
        if own is not None:
            return usual, DEFAULT, f"its own {rules.label(own)} is not kept: it draws"
        if is_keras_s(info.layer):
            return usual, DEFAULT, ""
        found = present(info)
        if found is not None:
            return found, OWN, "as it is now: its layer does not tell"
        if is_assumed:
            self.problems.append(_unknown(info))
            return None, "", ""
        return usual, DEFAULT, "by its name: its layer does not tell"


def _unknown(info: WeightInfo) -> str:
    cls, name = type(info.layer).__name__, info.name
    return (
        f"The initial value of {info.path!r} ({cls}) is unknown. Give it a rule, "
        f"such as {{{info.path!r}: 'ones'}}, teach register_geometry({cls}, "
        f"{{{name!r}: 'gain'}}), or name it by `exclude`."
    )


def refuse(problems: Sequence[str]) -> None:
    """Raises one error for all problems.

    Raises:
        ValueError: If there are any.
    """
    if not problems:
        return
    if len(problems) == 1:
        raise ValueError(f"{problems[0]} Nothing was written.")
    listed = "\n".join(f"  - {problem}" for problem in problems)
    raise ValueError(f"{len(problems)} problems; nothing was written.\n{listed}")
