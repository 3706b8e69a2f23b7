"""The plan of `initialize`: what each weight gets and why, before anything is drawn."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras

from keras_inits.geometry.roles import KERNEL_ROLES, Role
from keras_inits.graph.layer_defaults import (
    LayerDefaults,
    is_keras_s,
    present,
    translated,
)
from keras_inits.graph.weights import WeightInfo, layers_with_paths, weights_of
from keras_inits.initializers import Ones, Zeros
from keras_inits.initializers.base import Initializer
from keras_inits.initializers.kernel import DEFAULT_GEOMETRY, KernelInitializer
from keras_inits.models import auto, needs, rules
from keras_inits.models.adjustments import Choice, outweighing
from keras_inits.models.selection import NOT_ASKED_FOR, Selection, paths_of

DEFAULTS: dict[str, type[Zeros] | type[Ones]] = {
    Role.BIAS: Zeros,
    Role.GAIN: Ones,
    Role.SLOPE: Zeros,
    Role.MEAN: Zeros,
    Role.VARIANCE: Ones,
    Role.LORA_B: Zeros,
}
OWN, DEFAULT = "the layer's own", "default"


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))


class Task(NamedTuple):
    """A weight and what it gets.

    Attributes:
        info: The weight.
        scheme: As it was given, for the report.
        filled_by: The same with the weight's geometry.
        rule: Which rule chose it.
        why: The reason, if the rule is "auto".
        note: What else a person should know.
        target_std: Std that the scheme is expected to draw; None if unknown.
    """

    info: WeightInfo
    scheme: Any
    filled_by: Any
    rule: str
    why: str
    note: str
    target_std: float | None


class LeftAlone(NamedTuple):
    """A weight that keeps its values, or a layer without any yet, and why."""

    path: str
    layer: Any
    info: WeightInfo | None
    why: str


class Plan(NamedTuple):
    """What happens to each weight.

    Attributes:
        infos: All weights of the model.
        tasks: Those that are set.
        left_alone: Those that are not, and layers that are not built.
    """

    infos: list[WeightInfo]
    tasks: list[Task]
    left_alone: list[LeftAlone]


class _Start(NamedTuple):
    """What a weight starts with, and what the report says of that."""

    scheme: Any
    rule: str
    why: str = ""
    note: str = ""


class _Problem(Exception):
    """A sentence on why a weight cannot be set."""


def make_plan(
    model: keras.Model,
    given: Sequence[rules.Rule],
    include: Any,
    exclude: Any,
    seed: int = 0,
    only: Any = None,
) -> Plan:
    """Decides about every weight of a model.

    Args:
        model: Built.
        given: The rules, parsed.
        include: As in `initialize`.
        exclude: As in `initialize`.
        seed: The model's, for kernels that come in pairs.
        only: As in `initialize`.

    Raises:
        ValueError: With all problems, if there are any.
    """
    defaults = LayerDefaults()
    infos = defaults.corrected(weights_of(model))
    asked_for = paths_of(only, infos)
    selection = Selection(include, exclude, asked_for)
    decisions = rules.decide(given, infos)
    problems = [*decisions.problems, *selection.problems(infos)]

    left: list[LeftAlone] = []
    uncovered: list[str] = []
    to_set: list[tuple[WeightInfo, rules.Rule | None]] = []
    by_path = _rules_that_count(decisions.by_path, infos)
    whys = selection.left_alone(infos, by_path)
    for info in infos:
        rule = by_path.get(info.path)
        if info.path in whys:
            left.append(LeftAlone(info.path, info.layer, info, whys[info.path]))
        elif rule is None and info.weight.role in KERNEL_ROLES:
            uncovered.append(info.path)
        else:
            to_set.append((info, rule))

    asks_auto = any(rule and rule.scheme is rules.AUTO for _, rule in to_set)
    choices = auto.choices(model, infos) if asks_auto else {}
    needy = [
        (info.path, rule.scheme)
        for info, rule in to_set
        if rule and isinstance(rule.scheme, needs.Needy)
    ]
    counted: dict[str, Initializer] = {}
    whys_counted: dict[str, str] = {}
    if needy:
        counted, whys_counted, unknown = needs.filled(model, infos, needy, seed)
        problems += unknown
    tasks: list[Task] = []
    for info, rule in to_set:
        if rule and isinstance(rule.scheme, needs.Needy) and info.path not in counted:
            continue  # said above
        try:
            if rule is None:
                start = _default(info, defaults)
            elif info.path in counted:
                why = whys_counted[info.path]
                start = _Start(counted[info.path], rule.text, why)
            else:
                start = _by_rule(info, rule, choices)
            tasks.append(_task(info, start))
        except _Problem as problem:
            problems.append(str(problem))

    problems += _idle_rules(given, decisions.by_path, left)
    if uncovered:
        problems.append(rules.uncovered(uncovered))
    left = [one for one in left if one.why != NOT_ASKED_FOR]
    if not tasks and not problems and asked_for is None:
        listed = ", ".join(sorted({one.why for one in left}))
        problems.append(
            f"Every weight is left alone ({listed}). Set model.trainable = True, or "
            "name what to initialize by `include`, which reaches frozen weights."
        )
    refuse(problems)
    return Plan(infos, tasks, left + _not_built(model))


def _rules_that_count(
    by_path: Mapping[str, rules.Rule], infos: Sequence[WeightInfo]
) -> dict[str, rules.Rule]:
    """The rule of each weight; of what is no kernel, "auto" means the default."""
    kernels = {info.path for info in infos if info.weight.role in KERNEL_ROLES}
    return {
        path: rule
        for path, rule in by_path.items()
        if path in kernels or rule.scheme is not rules.AUTO
    }


def _by_rule(
    info: WeightInfo, rule: rules.Rule, choices: Mapping[str, Choice]
) -> _Start:
    """What a rule gives a weight."""
    if rule.scheme is not rules.AUTO:
        return _Start(rule.scheme, rule.text)
    choice = choices.get(info.path)
    if choice is None:
        raise _Problem(
            f"'auto' has no choice for {info.path!r}. Give it a rule of its "
            f"own: {{{info.path!r}: 'he_normal', '*': 'auto'}}."
        )
    return _Start(choice.scheme, rules.AUTO, choice.why, choice.note)


def _default(info: WeightInfo, defaults: LayerDefaults) -> _Start:
    """Where no rule speaks: the layer's own start if it is fixed, or the role's.

    A role that was only assumed sets nothing: zeros would be the end of a network
    whose gains they are.
    """
    start, usual = defaults.start(info), DEFAULTS[info.weight.role]
    if start is not None:
        return _Start(start, DEFAULT if type(start) is usual else OWN)
    own, is_assumed = defaults.initializer(info), bool(info.weight.note)
    if own is not None and is_assumed:
        return _Start(translated(own), OWN)
    if own is not None:
        note = f"its own {rules.label(own)} is not kept: it draws"
        return _Start(usual(), DEFAULT, note=note)
    if is_keras_s(info.layer):
        return _Start(usual(), DEFAULT)
    found = present(info)
    if found is not None:
        return _Start(found, OWN, note="as it is now: its layer does not tell")
    if is_assumed:
        cls, name = type(info.layer).__name__, info.name
        raise _Problem(
            f"The initial value of {info.path!r} ({cls}) is unknown. Give it a rule, "
            f"such as {{{info.path!r}: 'ones'}}, teach register_geometry({cls}, "
            f"{{{name!r}: 'gain'}}), or name it by `exclude`."
        )
    return _Start(usual(), DEFAULT, note="by its name: its layer does not tell")


def _task(info: WeightInfo, start: _Start) -> Task:
    """The task, with the scheme for the weight's true fans."""
    scheme = start.scheme
    heavy = outweighing(info, scheme) if start.rule in (OWN, DEFAULT) else ""
    note = _joined(info.weight.note, start.note, heavy)
    if info.weight.role in KERNEL_ROLES:
        if not isinstance(scheme, Initializer):
            note = _joined(note, "not of this package: sees the shape only")
        elif (
            isinstance(scheme, KernelInitializer)
            and scheme.geometry == DEFAULT_GEOMETRY
        ):
            scheme = scheme.with_geometry(info.weight.geometry)
    try:
        ours = isinstance(scheme, Initializer)
        target = scheme.expected_std(info.shape) if ours else None
    except ValueError as error:
        raise _Problem(f"{info.path!r}: {error}") from error
    return Task(info, start.scheme, scheme, start.rule, start.why, note, target)


def _idle_rules(
    given: Sequence[rules.Rule],
    by_path: Mapping[str, rules.Rule],
    left: Sequence[LeftAlone],
) -> list[str]:
    """Rules that reach frozen weights only: they would be silent."""
    frozen = {one.path for one in left if one.why == "frozen"}
    reached: dict[int, set[str]] = {}
    for path, chosen in by_path.items():
        reached.setdefault(id(chosen), set()).add(path)
    found = []
    for rule in given:
        paths = reached.get(id(rule), set())
        if paths and paths <= frozen and rule.pattern is not None:
            found.append(
                f"Rule {rule.text} reaches frozen weights only. Name them by "
                "`include`, which reaches frozen weights, or drop the rule."
            )
    return found


def _not_built(model: keras.Model) -> list[LeftAlone]:
    """Layers that have weights only once they are called."""
    default = keras.layers.Layer.build
    return [
        LeftAlone(path, layer, None, "not built: it has no weights yet")
        for path, layer in layers_with_paths(model)
        if not layer.built and type(layer).build is not default
    ]


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
