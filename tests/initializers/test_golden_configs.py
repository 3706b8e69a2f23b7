"""Files once written open for ever: the configs kept in `golden/configs/` still load.

One file a release; new schemes are added until it is released. Each entry is what
`keras.saving` wrote into a saved model then, names of modules included, beside the
arguments that made it. `python -m tests.golden --write` adds the file of the present
version, or to it.
"""

import copy
import json
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import values
from support.scheme_examples import EXAMPLES, FIXED, SCHEMES, arguments_of

FOLDER = Path(__file__).parents[1] / "golden" / "configs"
PRESENT = FOLDER / f"{keras_inits.__version__}.json"
RENAMED = {"layout": "kernel_format"}  # arguments, and what they are called now
SEEDS = [7, -(2**40), {"generator": 11}]


def today(arguments):
    """The same arguments by the names that they have now."""
    return {RENAMED.get(key, key): value for key, value in arguments.items()}


def made(name, arguments):
    """An initializer of the arguments that an entry has; seeds may be generators."""
    arguments = today(arguments)
    if isinstance(arguments.get("seed"), dict):
        generator = arguments["seed"]["generator"]
        arguments["seed"] = keras.random.SeedGenerator(generator)
    if name == "PerGate":
        return keras_inits.per_gate(**arguments)
    return SCHEMES[name](**arguments)


def arguments_to_keep():
    """Every scheme's name with its defaults, and off them with each kind of seed."""
    for name, examples in EXAMPLES.items():
        seeds = [{}] if name in FIXED else [{}, *({"seed": seed} for seed in SEEDS)]
        for number, example in enumerate(examples):
            # One kind of seed for each example; every example without one, too.
            for seed in sorted({0, (number + 1) % len(seeds)}):
                yield name, example.arguments | seeds[seed]
    yield "PerGate", {"initializer": "orthogonal", "gates": 4}
    yield "PerGate", {"initializer": "glorot_uniform", "gates": 3}


def serialized(thing):
    """As a file has it."""
    return json.loads(json.dumps(keras.saving.serialize_keras_object(thing)))


def model():
    """A model whose layers rebuild their initializers, hold several, or wrap others."""
    gates = keras_inits.per_gate(keras_inits.XavierUniform(gain=2.0, seed=3), 4)
    inner = keras.layers.LSTM(
        3,
        kernel_initializer=gates,
        recurrent_initializer=keras_inits.Orthogonal(gates=4, seed=5),
        return_sequences=True,
        name="inner",
    )
    x = inputs = keras.Input((6, 4), name="sequence")
    x = keras.layers.Bidirectional(inner, name="both")(x)
    attention = keras.layers.MultiHeadAttention(
        2, 5, kernel_initializer=keras_inits.HeFanIn(seed=9), name="attention"
    )
    x = keras.layers.Dense(7, kernel_initializer="he_fan_in", name="dense")(
        attention(x, x)
    )
    return keras.Model(inputs, x, name="kept")


def record():
    """What this version's file holds."""
    entries = [
        {"name": n, "arguments": a, "saved": serialized(made(n, a))}
        for n, a in arguments_to_keep()
    ]
    return {"initializers": entries, "model": json.loads(model().to_json())}


def extended(kept):
    """A version's file with the schemes that it lacks; what it has stays as it is."""
    found = record()
    if kept is None:
        return found

    def key(entry):
        return entry["name"], json.dumps(today(entry["arguments"]), sort_keys=True)

    old = set(map(key, kept["initializers"]))
    new = [entry for entry in found["initializers"] if key(entry) not in old]
    entries = [*kept["initializers"], *new]
    order = list(dict.fromkeys(entry["name"] for entry in found["initializers"]))
    return kept | {
        "initializers": sorted(entries, key=lambda e: order.index(e["name"]))
    }


def load(file):
    """What a file holds."""
    return json.loads(file.read_text(encoding="utf-8"))


def without_modules(thing):
    """By today's names, without our modules and the numbers of generators."""
    if isinstance(thing, dict):
        ours = str(thing.get("registered_name", "")).startswith("keras_inits>")
        given = ours or thing.get("class_name") == "SeedGenerator"
        return {
            RENAMED.get(key, key): without_modules(value)
            for key, value in thing.items()
            # A generator's name has a number that depends on the process.
            if not (given and key == "module")
            and not str(value).startswith("seed_generator")
        }
    if isinstance(thing, list):
        return [without_modules(member) for member in thing]
    return thing


def of_ours(thing):
    """The configs of this package's initializers in a file's JSON, in order."""
    if isinstance(thing, dict):
        inner = [found for value in thing.values() for found in of_ours(value)]
        is_ours = str(thing.get("registered_name", "")).startswith("keras_inits>")
        return [without_modules(thing), *inner] if is_ours else inner
    if isinstance(thing, list):
        return [found for value in thing for found in of_ours(value)]
    return []


FILES = sorted(FOLDER.glob("*.json"))
ENTRIES = [
    pytest.param(entry, id=f"{file.stem}-{number}-{entry['name']}")
    for file in FILES
    for number, entry in enumerate(load(file)["initializers"])
]
OF_FILE = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def shape_for(entry):
    """A shape that the entry's scheme can fill: that of its example."""
    given = {k: v for k, v in today(entry["arguments"]).items() if k != "seed"}
    for example in EXAMPLES.get(entry["name"], []):
        if {k: v for k, v in example.arguments.items() if k != "seed"} == given:
            return example.small
    return (5, 24)


def complaints(entry):
    """What is wrong with what a kept config gives today."""
    saved, expected = entry["saved"], made(entry["name"], entry["arguments"])
    loaded = keras.saving.deserialize_keras_object(copy.deepcopy(saved))
    found = []
    if type(loaded) is not type(expected):
        found.append(f"a {type(loaded).__name__}")
    if without_modules(serialized(loaded)) != without_modules(saved):
        found.append(f"its config is now {loaded.get_config()}")
    if entry["arguments"].get("seed") is not None or entry["name"] in FIXED:
        shape = shape_for(entry)
        pair = values(loaded(shape)), values(expected(shape))
        if not np.array_equal(*pair, equal_nan=True):
            found.append("it draws other values")
    return found


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_config_that_was_ever_saved_loads_and_means_the_same(entry):
    assert complaints(entry) == []


def test_another_argument_is_noticed():
    """Twin: a kept config that says another slope, gain or class."""
    name = "HeFanIn"
    entry = {"name": name, "arguments": {"negative_slope": 0.5, "seed": 7}}
    good = entry | {"saved": serialized(made(name, entry["arguments"]))}
    assert complaints(good) == []
    other = serialized(made(name, {"negative_slope": 0.25, "seed": 7}))
    assert complaints(entry | {"saved": other}) == ["it draws other values"]
    assert complaints(entry | {"saved": serialized(keras_inits.HeFanOut(0.5, seed=7))})
    unknown = copy.deepcopy(good)
    unknown["saved"]["config"]["slope"] = 1
    with pytest.raises(ValueError, match="slope"):
        complaints(unknown)


@OF_FILE
def test_every_scheme_of_a_release_is_kept_in_its_file(file):
    """With defaults and, where it takes arguments, off them."""
    entries = load(file)["initializers"]
    if file == PRESENT:
        kept = {name for name, _ in arguments_to_keep()}
        assert kept == {entry["name"] for entry in entries}
    for name in {entry["name"] for entry in entries} - {"PerGate"}:
        tried = [e["arguments"] for e in entries if e["name"] == name]
        assert any(tried) or not arguments_of(SCHEMES[name])


@OF_FILE
def test_a_model_of_every_release_opens_with_its_initializers(file):
    """Its initializers sit in wrappers, in attention's copies, and inside others."""
    kept = load(file)["model"]
    opened = keras.models.model_from_json(json.dumps(kept))
    ours = of_ours(json.loads(opened.to_json()))
    assert ours == of_ours(kept)
    assert len(ours) == 8  # three in each direction, one for attention, one for dense
    assert all(np.isfinite(values(weight)).all() for weight in opened.weights)


def test_writing_adds_new_schemes_and_changes_no_other():
    kept = load(PRESENT)
    assert extended(kept) == kept
    without = [e for e in kept["initializers"] if e["name"] != "HeFanOut"]
    without[0] = without[0] | {"saved": "as it was"}
    added = extended(kept | {"initializers": without})
    assert added["initializers"][0]["saved"] == "as it was"
    assert without_modules(added["initializers"][1:]) == without_modules(
        kept["initializers"][1:]
    )


def test_the_file_of_this_version_is_what_it_writes():
    """Until a release, what is saved stays what it was; modules may have moved."""

    found, kept = record()["initializers"], load(PRESENT)["initializers"]
    assert without_modules(found) == without_modules(kept)
