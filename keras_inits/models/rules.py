"""Which scheme a model's weights get: the first rule that reaches them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras

from keras_inits._utils import checks
from keras_inits.geometry.roles import KERNEL_ROLES
from keras_inits.graph.weights import WeightInfo
from keras_inits.initializers import registry
from keras_inits.initializers.base import Initializer
from keras_inits.models import needs, patterns

AUTO = "auto"
Scheme = Any  # an Initializer, a foreign callable of (shape, dtype), or AUTO


class Rule(NamedTuple):
    """One line of the rules.

    Attributes:
        pattern: Which weights; None: all kernels.
        scheme: What they get.
        text: As it was typed, for reports.
    """

    pattern: Any
    scheme: Scheme
    text: str


def _named(name: str) -> Scheme:
    """This package's scheme of that name, else Keras's."""
    others = {registry.scheme(one).__name__: one for one in registry.names()}
    bare = (others | registry.ALIASES).get(name, name)
    try:
        cls = registry.scheme(bare)
        return needs.Needy(cls) if needs.is_countable(cls) else cls()
    except checks.MissingArgument:
        raise
    except ValueError as unknown:
        try:
            return keras.initializers.get(name)
        except ValueError:
            raise unknown from None


def scheme_of(value: Any) -> Scheme:
    """What a rule's right side stands for.

    A name, and a class's name, mean this package's scheme where Keras has one, too.

    Raises:
        ValueError: If it is neither a name, a scheme nor a function of (shape, dtype).
    """
    if isinstance(value, str):
        return AUTO if value == AUTO else _named(value)
    if needs.is_countable(value):
        return needs.Needy(value)
    if isinstance(value, type) and issubclass(value, keras.initializers.Initializer):
        return value()
    if callable(value) and not isinstance(value, type | keras.layers.Layer):
        return value
    raise ValueError(
        "A rule's scheme must be a name, an initializer or 'auto'. "
        f"Received: {value!r}. For example 'he_normal', or Constant({value!r}) for a "
        "number; what shall keep its values is named by `exclude`."
    )


def label(scheme: Scheme) -> str:
    """A scheme in a few words."""
    if isinstance(scheme, str):
        return scheme
    if isinstance(scheme, Initializer | needs.Needy):
        return repr(scheme)
    if isinstance(scheme, keras.initializers.Initializer):
        return f"keras.initializers.{type(scheme).__name__}"
    return getattr(scheme, "__name__", type(scheme).__name__)


def parse(rules: Any) -> list[Rule]:
    """The rules, in their order.

    Args:
        rules: A scheme for all kernels, or a mapping from patterns to schemes.

    Raises:
        ValueError: If there is none, or one is malformed.
    """
    if not isinstance(rules, Mapping):
        return [Rule(None, scheme := scheme_of(rules), label(scheme))]
    if not rules:
        raise ValueError(
            "`rules` must give every kernel a scheme. Received: rules={}. "
            "Use rules='auto', or a mapping that ends with '*': 'auto'."
        )
    found = []
    for pattern, value in rules.items():
        members = pattern if isinstance(pattern, tuple) else (pattern,)
        for member in members:
            patterns.check("rules", member)
        text = " or ".join(map(patterns.shown, members))
        found.append(Rule(members, scheme_of(value), text))
    return found


def reaches(rule: Rule, info: WeightInfo) -> bool:
    """Whether a rule is about a weight.

    Rules are about kernels. A bias, a gain, a statistic or a state is reached only by
    a pattern on its name, so that "head/*" leaves the biases their defaults.
    """
    is_kernel = info.weight.role in KERNEL_ROLES
    if rule.pattern is None:
        return is_kernel
    test = patterns.matches if is_kernel else patterns.means_its_name
    return any(test(pattern, info) for pattern in rule.pattern)


class Decisions(NamedTuple):
    """What the rules say about a model.

    Attributes:
        by_path: The rule of each weight that one reaches.
        problems: Sentences about rules that do nothing.
    """

    by_path: dict[str, Rule]
    problems: list[str]


class _ByPlace:
    """The weights at each path of a layer or a weight: many rules name just one."""

    def __init__(self, infos: Sequence[WeightInfo]) -> None:
        self.infos = infos
        self.found: dict[str, list[WeightInfo]] = {}
        for info in infos:
            for place in patterns.places(info.path):
                self.found.setdefault(place, []).append(info)

    def candidates(self, rule: Rule) -> Sequence[WeightInfo]:
        """Weights that a rule may reach: all, unless it only names places."""
        if rule.pattern is None or not all(map(patterns.is_place, rule.pattern)):
            return self.infos
        return [info for place in rule.pattern for info in self.found.get(place, ())]


def decide(rules: Sequence[Rule], infos: Sequence[WeightInfo]) -> Decisions:
    """The first rule that reaches each weight, and the rules that are in vain."""
    by_path: dict[str, Rule] = {}
    by_place = _ByPlace(infos)
    reached: list[set[str]] = []
    numbers: dict[str, list[int]] = {}  # of the rules that reach a path
    for number, rule in enumerate(rules):
        candidates = by_place.candidates(rule)
        paths = {info.path for info in candidates if reaches(rule, info)}
        reached.append(paths)
        for path in paths:
            by_path.setdefault(path, rule)
            numbers.setdefault(path, []).append(number)
    problems = []
    for number, rule in enumerate(rules):
        if rule.pattern is None:
            continue
        paths = reached[number]
        if not paths:
            problems.append(_in_vain(rule, infos))
            continue
        # What reaches all of a rule's paths reaches any one of them.
        before = (i for i in numbers[next(iter(paths))] if i < number)
        wider = next((i for i in before if reached[i] > paths), None)
        if wider is not None:
            problems.append(
                f"Rule {rule.text} never applies: {rules[wider].text} before it "
                "reaches all of its weights and more. Put it first."
            )
    return Decisions(by_path, problems)


def _in_vain(rule: Rule, infos: Sequence[WeightInfo]) -> str:
    matched = [p for p in infos for one in rule.pattern if patterns.matches(one, p)]
    if matched:
        return (
            f"Rule {rule.text} reaches no kernel, only {matched[0].path!r} and the "
            "like, which keep their defaults unless a pattern says their name. "
            f"Type '*/{matched[0].name}' or {matched[0].path!r} to mean them."
        )
    return f"Rule {rule.text} matches no weight. " + patterns.nearest(
        rule.pattern[0], infos
    )


def uncovered(paths: Sequence[str]) -> str:
    """A sentence about kernels that no rule reaches."""
    listed = ", ".join(map(repr, paths[:10]))
    more = f" and {len(paths) - 10} more" if len(paths) > 10 else ""
    return (
        f"No rule covers {listed}{more}. End the rules with '*': 'auto', or name what "
        "shall keep its values by `exclude`."
    )
