"""A model's config, in which this package's initializers become Keras's own.

A config is what a file holds as JSON: nothing of it is run, and no layer is built.
"""

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import keras

from keras_inits.files import laws
from keras_inits.initializers import registry
from keras_inits.initializers.base import Initializer
from keras_inits.initializers.descriptions import layer_string
from keras_inits.initializers.wrappers.base import Outer
from keras_inits.initializers.wrappers.gates import PerGate

PREFIX = f"{registry.PACKAGE}>"
WITH_MATRICES = {"Dense", "Embedding"} | {
    name + suffix for name in ("SimpleRNN", "LSTM", "GRU") for suffix in ("", "Cell")
}
SEEDS = 2**32  # that Keras takes; ours go beyond
LONGEST = 80  # characters of an initializer in the report
LONGEST_PATH = 400  # characters of a place
DEEPEST = 4  # initializers inside each other, or numbers in a list, there
NOWHERE = {"None", "__main__", "builtins"}  # modules that cannot be imported again
KERAS = {"Custom", "keras", "tensorflow"}  # no packages to look for


@dataclasses.dataclass(frozen=True)
class Replacement:
    """An initializer that was replaced.

    Attributes:
        path: Its place in the model: layers by name, then the argument.
        before: The scheme, as code.
        after: Keras's own, as code.
    """

    path: str
    before: str
    after: str


def parsed(text: str | bytes) -> dict[str, Any]:
    """The config that a text holds.

    Raises:
        ValueError: If it is no JSON, no model, or nested too deep to be read.
    """
    try:
        config = json.loads(text)
    except RecursionError:
        raise ValueError("Its config is nested too deep to be a model's.") from None
    except ValueError as error:
        raise ValueError(f"Its config is no JSON: {error}.") from None
    if not isinstance(config, dict) or not {"class_name", "config"} <= set(config):
        raise ValueError(
            "There is no model in it. Save one by model.save('model.keras'), or its "
            "model.to_json()."
        )
    return config


def as_text(config: dict[str, Any]) -> str:
    """The JSON of a config that `parsed` has read.

    Raises:
        ValueError: If it is nested too deep.
    """
    try:
        return json.dumps(config)
    except RecursionError:
        raise ValueError("Its config is nested too deep to be a model's.") from None


def _shown(value: Any, depth: int) -> str:
    if isinstance(value, dict) and isinstance(value.get("class_name"), str):
        return _code(value["class_name"], value.get("config"), depth)
    inside = value if isinstance(value, dict | list) else ()
    if depth > DEEPEST or len(inside) > DEEPEST or isinstance(value, dict):
        return "..."
    return "..." if any(isinstance(x, dict | list) for x in inside) else repr(value)


def _code(name: str, arguments: Any, depth: int = 0) -> str:
    """An initializer as it is typed, of which the end or the inside may be left out."""
    found = arguments if isinstance(arguments, dict) and depth <= DEEPEST else {}
    inside = ", ".join(f"{k}={_shown(v, depth + 1)}" for k, v in found.items())
    text = f"{name}({inside})"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]}...)"


def _name(value: Any, key: str) -> str | None:
    """What this package calls an object in a config; None for anything else."""
    if isinstance(value, str):
        if value.startswith(PREFIX):
            return value.removeprefix(PREFIX)
        bare = key.endswith("initializer") and value in registry.names()
        return value if bare and layer_string(value) == value else None
    if not isinstance(value, dict) or not isinstance(value.get("class_name"), str):
        return None
    names = [value.get("registered_name"), value["class_name"]]
    for name in names:
        if isinstance(name, str) and name.startswith(PREFIX):
            return name.removeprefix(PREFIX)
    of_ours = f"{value.get('module')}.".startswith(f"{registry.PACKAGE}.")
    foreign = isinstance(names[0], str) and ">" in names[0]
    return value["class_name"] if of_ours and not foreign else None


Path = tuple["Path", str] | tuple[()]  # what is outside, and a name


def _text(path: Path) -> str:
    """A path as it is shown; its begin and end where it is longer than any model's."""
    names = []
    while path:
        path, name = path
        names.append(name)
    text = "/".join(reversed(names)).strip("/")
    half = LONGEST_PATH // 2
    return text if len(text) <= LONGEST_PATH else f"{text[:half]}...{text[-half:]}"


def _found(config: dict[str, Any]) -> Iterator[tuple[Any, Any, Any, Path, str]]:
    """All places in a config, outermost first, without calling itself.

    Paths share their beginnings: as texts, those of long names in a deep nesting would
    take many times the memory of the file.

    Yields:
        The container, the key in it, what is there, the path, and the class of the
        object whose argument it is.
    """
    stack: list[tuple[Any, Any, Path, str]] = [({"": config}, "", (), "")]
    while stack:
        container, key, path, owner = stack.pop()
        value = container[key]
        if isinstance(key, str) and key not in ("", "config", "layers"):
            path = (path, key)
        yield container, key, value, path, owner
        value = container[key]  # perhaps another now
        if isinstance(value, dict):
            inner = value.get("config")
            if isinstance(inner, dict) and "class_name" in value:
                owner = str(value["class_name"])
                name = inner.get("name")
                path = (path, name) if isinstance(name, str) else path
            places: Any = reversed(list(value))
        else:
            places = reversed(range(len(value))) if isinstance(value, list) else ()
        stack += [(value, place, path, owner) for place in places]


def _law(name: str, config: Any, is_bias: bool, is_matrix: bool) -> laws.Law | None:
    """Keras's own of an initializer of this package; None where there is none."""
    cls = keras.saving.get_registered_object(PREFIX + name)
    if not isinstance(config, dict) or not isinstance(cls, type):
        return None
    if cls is PerGate:
        found = _law_inside(config.get("initializer"), is_bias, is_matrix)
        return (
            found if found and laws.law_of_each_gate(found, is_bias=is_bias) else None
        )
    if not issubclass(cls, Initializer) or issubclass(cls, Outer):
        return None
    plain = {key: value for key, value in config.items() if key != "seed"}
    try:
        scheme = cls.from_config(plain)
    except Exception:  # a broken config, or one of a newer version
        return None
    return laws.law(scheme, is_bias=is_bias, is_matrix=is_matrix)


def _law_inside(inner: Any, is_bias: bool, is_matrix: bool) -> laws.Law | None:
    """The same of the initializer that a wrapper holds, which may be Keras's."""
    if not isinstance(inner, dict) or not isinstance(inner.get("config"), dict):
        return None
    if name := _name(inner, "initializer"):
        return _law(name, inner["config"], is_bias, is_matrix)
    if inner.get("module") != "keras.initializers":
        return None
    given = inner["config"].items()  # without axes, which older Keras does not take
    arguments = {k: v for k, v in given if k != "seed" and v is not None}
    return str(inner.get("class_name")), arguments


def _replacement(value: Any, law: laws.Law) -> dict[str, Any]:
    """What stands in a config for Keras's own, with the seed of what it replaces."""
    name, arguments = law
    given = value.get("config") if isinstance(value, dict) else {}
    seed = given.get("seed") if isinstance(given, dict) else None
    if name not in {"Zeros", "Ones", "Constant", "Identity", "STFT"}:
        whole = isinstance(seed, int) and not isinstance(seed, bool)
        arguments = {**arguments, "seed": seed % SEEDS if whole else None}  # type: ignore[operator]
    return {
        "module": "keras.initializers",
        "class_name": name,
        "config": arguments,
        "registered_name": None,
    }


def replace(config: dict[str, Any]) -> list[Replacement]:
    """Puts Keras's own in the place of this package's initializers.

    Those whose distribution Keras does not have become `Zeros`.

    Args:
        config: A model's; it is changed.

    Returns:
        What was replaced.

    Raises:
        ValueError: If something else of this package is in it.
    """
    done = []
    for container, key, value, path, owner in _found(config):
        argument = key if isinstance(key, str) else path[1] if path else ""
        name = _name(value, argument)
        if name is None:
            continue
        is_dict = isinstance(value, dict)
        cls = keras.saving.get_registered_object(PREFIX + name)
        known = isinstance(cls, type) and issubclass(cls, Initializer)
        if not known and "initializer" not in argument:
            if not is_dict:
                continue  # a text, about whatever it is
            raise ValueError(
                "Only initializers have a replacement in Keras. Received: "
                f"{value['class_name'][:LONGEST]!r} of {registry.PACKAGE} at "
                f"{_text(path)!r}. Save the model without it."
            )
        found = _law(
            name,
            value.get("config") if is_dict else {},
            is_bias="bias" in argument,
            is_matrix=owner in WITH_MATRICES,
        ) or ("Zeros", {})
        container[key] = new = _replacement(value, found)
        before = _code(value["class_name"], value.get("config")) if is_dict else value
        done.append(Replacement(_text(path), before, _code(found[0], new["config"])))
    return done


def packages(config: dict[str, Any]) -> list[str]:
    """The packages, besides Keras, that a model's classes come from; sorted."""
    found = set()
    for _, _, value, _, _ in _found(config):
        if isinstance(value, dict) and {"class_name", "config"} <= set(value):
            module = str(value.get("module")).partition(".")[0]
            name = value.get("registered_name") or value["class_name"]
            package, is_one, _ = str(name).partition(">")
            found.add(package if is_one and module in NOWHERE else module)
    return sorted(found - KERAS - NOWHERE)
