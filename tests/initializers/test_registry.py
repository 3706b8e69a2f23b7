"""Names: what each string means, and that Keras's own strings keep their meaning."""

import inspect
import json
import re
from pathlib import Path

import keras
import pytest

import keras_inits
from keras_inits.initializers import registry
from support.scheme_examples import BARE, SCHEMES, snake_case

KINDS = (
    "initializers",
    "activations",
    "losses",
    "metrics",
    "optimizers",
    "regularizers",
    "constraints",
)


def test_names_are_sorted_snake_case_and_of_every_scheme():
    """One name for each class, made of the class's."""
    names = keras_inits.names()
    assert names == sorted(set(names))
    assert set(names) >= {snake_case(name) for name in SCHEMES}
    for name, cls in SCHEMES.items():
        assert registry.scheme(snake_case(name)) is cls


def issued():
    """The names that any release has written into files, as `golden/` keeps them."""
    files = (Path(__file__).parents[1] / "golden" / "configs").glob("*.json")
    found = {
        entry["saved"]["registered_name"]
        for file in files
        for entry in json.loads(file.read_text(encoding="utf-8"))["initializers"]
    }
    return sorted(name.removeprefix("keras_inits>") for name in found)


ISSUED = [name for name in issued() if name != "per_gate"]  # made by a function
ISSUED_BARE = [name for name in ISSUED if name in map(snake_case, BARE)]


def test_the_record_of_names_has_those_of_the_first_release():
    assert len(ISSUED) >= 25
    assert {"he_fan_in", "xavier_uniform", "torch_default", "zeros"} <= set(ISSUED)
    assert {snake_case(name) for name in SCHEMES} <= set(ISSUED)


@pytest.mark.parametrize("name", ISSUED_BARE)
def test_names_once_given_stay(name):
    """Files say these; a rename must keep the old one loading."""
    assert name in keras_inits.names()
    by_keras = keras.initializers.get(f"keras_inits>{name}")
    assert type(by_keras) is type(keras_inits.get(name))
    assert type(keras_inits.get(f"keras_inits>{name}")) is type(by_keras)
    wrapped = keras.saving.serialize_keras_object(by_keras)
    assert wrapped["registered_name"] == f"keras_inits>{name}"


def keras_strings():
    """Every string that one of Keras's tables of objects might answer to."""
    found = {
        "normal",
        "uniform",
        "one",
        "zero",
        "mse",
        "adam",
        "relu",
        "l2",
        "accuracy",
    }
    for kind in KINDS:
        module = getattr(keras, kind)
        found |= {name for name in dir(module) if not name.startswith("_")}
        source = inspect.getmodule(module.get)  # private tables, where there are any
        for table in vars(source).values():
            if isinstance(table, dict) and all(isinstance(key, str) for key in table):
                found |= {key for key in table if re.fullmatch(r"\w+", key)}
    split = {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() for name in found}
    return sorted(found | split)


def shadowed(strings):
    """Strings of Keras's that give something of ours, by the kind of object."""
    lost = []
    for string in strings:
        for kind in KINDS:
            try:
                given = getattr(keras, kind).get(string)
            except Exception:
                continue
            cls = given if inspect.isclass(given) else type(given)
            if "keras_inits" in f"{cls.__module__} {getattr(given, '__module__', '')}":
                lost.append((kind, string))
    return lost


def test_no_string_of_keras_is_shadowed():
    """Asked of every kind of object, as all kinds share one table of custom ones."""
    strings = keras_strings()
    assert len(strings) > 300
    assert {"he_normal", "HeNormal", "normal", "mean_squared_error", "gelu"} <= set(
        strings
    )
    assert not set(strings) & set(keras.saving.get_custom_objects())
    assert shadowed(strings) == []


def test_the_check_notices_a_shadowed_name():
    """Twin: with our `he_normal` among the custom objects, Keras's is gone."""
    with keras.saving.custom_object_scope({"he_normal": keras_inits.HeNormal}):
        assert ("initializers", "he_normal") in shadowed(keras_strings())


def test_the_full_name_means_ours_where_the_bare_one_means_keras():
    """`he_normal` is Keras's, `keras_inits>he_normal` is ours, `get` too."""
    assert type(keras.initializers.get("he_normal")) is keras.initializers.HeNormal
    assert type(keras.initializers.get("keras_inits>he_normal")) is keras_inits.HeNormal
    assert type(keras_inits.get("he_normal")) is keras_inits.HeNormal


def test_get_passes_arguments_on():
    """And gives a new instance each time."""
    made = keras_inits.get("he_fan_in", seed=7, negative_slope=0.5)
    assert made.get_config() == {"seed": 7, "negative_slope": 0.5}
    assert keras_inits.get("he_fan_in") is not keras_inits.get("he_fan_in")


def test_a_name_that_needs_an_argument_says_what_to_type():
    """As a layer's string, and as a class without it."""
    call = r"keras_inits\.Chrono\(timesteps=\.\.\.\)"
    with pytest.raises((TypeError, ValueError), match=call):
        keras.layers.Dense(4, bias_initializer="chrono")
    with pytest.raises(ValueError, match=rf"needs `timesteps`.*Received.*{call}"):
        keras_inits.get("chrono", cell="gru")
    assert keras_inits.Chrono(9.0, seed=7).timesteps == 9
