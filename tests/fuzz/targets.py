"""What is tried on hostile bytes, and the files that changes start from.

- `configs`: `keras.saving.deserialize_keras_object` of a JSON text, then a look at what
  came of it: its config, its text, a copy, a small tensor.
- `files`: `keras_inits.portable` and the packages of a `.keras` file or JSON, which a
  first byte of 0 or 1 tells.
- `h5`: the same of an `.h5` file. These are read in a process each, so they are few.
- `models`: `keras.saving.load_model`, in safe mode, of a `.keras` file whose kernel's
  and bias's initializers are the JSON text.
"""

import json
import os
import pathlib
import tempfile
import zipfile

import keras
import numpy as np

import keras_inits
from fuzz import mutations
from keras_inits.files import portable as portable_module
from keras_inits.initializers import descriptions

FORMATS = ["keras", "json", "h5"]
UNITS = 4
NAMES = {start + name for name in keras_inits.names() for start in ("", "keras_inits>")}
_folder = pathlib.Path(tempfile.mkdtemp(prefix="fuzz-"))


def _schemes():
    """Each registered scheme's example, as files have it."""
    made = [descriptions.example_scheme(name) for name in keras_inits.names()]
    made = [x for x in made if type(x).__module__.startswith("keras_inits.")]
    made += [keras_inits.per_gate("he_normal", 2)]
    made += [keras_inits.get("scaled", initializer=made[0], factor=2.0)]
    made += [keras_inits.HeFanIn(seed=keras.random.SeedGenerator(7))]
    return [keras.saving.serialize_keras_object(x) for x in made]


def _model():
    bias = keras_inits.Constant(0.5)
    dense = keras.layers.Dense(
        UNITS, kernel_initializer="he_fan_in", bias_initializer=bias, name="dense"
    )
    return keras.Sequential([keras.Input((3,)), dense], name="small")


SCHEMES = _schemes()
MODEL = _model()
_saved = {form: _folder / f"saved.{form}" for form in FORMATS}
MODEL.save(_saved["keras"])
MODEL.save(_saved["h5"])
_saved["json"].write_text(MODEL.to_json())
with zipfile.ZipFile(_saved["keras"]) as _archive:
    _members = {name: _archive.read(name) for name in _archive.namelist()}


def _parsed(data):
    try:
        return True, json.loads(data)
    except (ValueError, RecursionError):  # which is JSON's to say
        return False, None


def _is_ours(value):
    """Whether it names a scheme; about anything else Keras alone decides."""
    if isinstance(value, str):
        return value in NAMES
    if not isinstance(value, dict) or not {"class_name", "config"} <= set(value):
        return False
    if str(value["class_name"]).startswith("__"):
        return False
    names = [value.get(key) for key in ("registered_name", "class_name")]
    return any(isinstance(name, str) and name in NAMES for name in names)


def _look_at(scheme):
    """What a program does with a scheme that it was handed."""
    again = type(scheme).from_config(json.loads(json.dumps(scheme.get_config())))
    assert len(repr(again)) < 10**6
    for shape in (scheme.example_shape, (3, UNITS)):
        scheme.expected_std(shape)
        assert tuple(scheme(shape).shape) == shape


def configs(data):
    """The target of that name."""
    is_json, value = _parsed(data)
    if not is_json or not _is_ours(value):
        return
    found = keras.saving.deserialize_keras_object(value)
    if isinstance(found, keras_inits.Initializer):
        _look_at(found)


def _format(data):
    """Of an input of `files`."""
    return FORMATS[data[0] % 2] if data else "json"


def files(data):
    """The target of that name."""
    _make_portable(_format(data), data[1:])


def h5(data):
    """The target of that name."""
    _make_portable("h5", data)


def _make_portable(form, data):
    source, target = _folder / f"in.{form}", _folder / f"out.{form}"
    source.write_bytes(data)
    before = set(os.listdir(_folder))
    try:
        keras_inits.portable(source, target, overwrite=True)
        str(portable_module.packages(target))
    finally:
        target.unlink(missing_ok=True)
        left = set(os.listdir(_folder)) - before - {target.name}
        assert not left, left


def models(data):
    """The target of that name."""
    is_json, value = _parsed(data)
    if not is_json or not isinstance(value, list) or len(value) != 2:
        return
    if not all(map(_is_ours, value)):
        return
    config = json.loads(_members["config.json"])
    dense = config["config"]["layers"][1]["config"]
    dense["kernel_initializer"], dense["bias_initializer"] = value
    path = _folder / "loaded.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in _members.items():
            is_config = name == "config.json"
            archive.writestr(name, json.dumps(config) if is_config else content)
    model = keras.saving.load_model(path, compile=False)
    for one, two in zip(model.get_weights(), MODEL.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def seeds(target):
    """The inputs that changes of a target start from, by name."""
    if target == "h5":
        return {"h5": _saved["h5"].read_bytes()}
    if target == "files":
        return {
            form: bytes([number]) + _saved[form].read_bytes()
            for number, form in enumerate(FORMATS[:2])
        }
    found = {s["registered_name"].partition(">")[2]: s for s in SCHEMES}
    if target == "models":
        ours = [f"keras_inits>{name}" for name in ("he_normal", "orthogonal")]
        found = {name: [s, s] for name, s in found.items()} | {"names": ours}
    return {name: json.dumps(value).encode() for name, value in found.items()}


def mutate(target, data, generator, change_bytes):
    """An input of a target with a few changes.

    Args:
        target: The target's name.
        data: The input.
        generator: A `random.Random`.
        change_bytes: From bytes to others, of any kind.
    """
    rest = generator, SCHEMES, change_bytes
    if target == "h5":
        return mutations.change_h5(data, *rest)
    if target != "files":
        return mutations.change_text(data, *rest)
    archive = _format(data) == "keras"
    by_form = mutations.change_archive if archive else mutations.change_text
    return (data[:1] or b"\x01") + by_form(data[1:], *rest)


# A file that makes HDF5 hang is given up after 3 s, and a process has to start before.
SECONDS = {"h5": 20}
TARGETS = {"configs": configs, "files": files, "h5": h5, "models": models}
