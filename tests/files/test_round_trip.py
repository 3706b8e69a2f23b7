"""Portable files open where the package is not, with the same weights."""

import json
import re
import textwrap
import zipfile

import h5py
import keras
import numpy as np
import pytest

import keras_inits
from support import fresh, portable_models

FORMATS = ["keras", "h5", "json"]
MODELS = ["schemes", "outer"]


def gain():
    space = {}
    exec(textwrap.dedent(portable_models.CLASSES), space)
    return space["Gain"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder, what each model holds and predicts, and the reports by file."""
    folder = tmp_path_factory.mktemp("portable")
    models = [portable_models.of_every_scheme(), portable_models.nested(gain())]
    models[0].compile("sgd", keras.losses.MeanSquaredError())
    held = {model.name: portable_models.write(model, folder) for model in models}
    reports = {
        (name, suffix): keras_inits.portable(
            folder / f"{name}.{suffix}", folder / f"{name}.portable.{suffix}"
        )
        for name in MODELS
        for suffix in FORMATS
    }
    return folder, held, reports


@pytest.fixture(scope="module", params=FORMATS)
def opened(request, written):
    """What a process without the package finds in the files of a format."""
    folder, held, _ = written
    blocked = ["keras_inits"]
    out = fresh.run(portable_models.READER, str(folder), request.param, blocked=blocked)
    assert "without the package" in out
    found = {
        name: np.load(folder / f"{name}.found.{request.param}.npz") for name in MODELS
    }
    return request.param, found, held


@pytest.mark.parametrize("name", MODELS)
def test_weights_and_predictions_are_those_of_the_model(opened, name):
    """Of every scheme, in every format."""
    suffix, found, held = opened
    kinds = "wop" if suffix == "keras" else "wp"
    expected = {k: v for k, v in held[name].items() if k[0] in kinds}
    assert set(found[name]) == set(expected)
    assert sum(k.startswith("w") for k in expected) > 15
    for key, value in expected.items():
        if key.startswith("p"):
            np.testing.assert_allclose(found[name][key], value, rtol=1e-5, atol=1e-6)
        else:
            np.testing.assert_array_equal(found[name][key], value)


def config(path):
    """The config in a file, as text."""
    if path.suffix == ".json":
        return path.read_text()
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            return file.attrs["model_config"]
    with zipfile.ZipFile(path) as archive:
        return archive.read("config.json").decode()


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", MODELS)
def test_no_name_of_the_package_is_left(written, name, suffix):
    folder, _, _ = written
    assert "keras_inits" in config(folder / f"{name}.{suffix}")
    assert "keras_inits" not in config(folder / f"{name}.portable.{suffix}")


@pytest.mark.parametrize("name", MODELS)
def test_all_else_in_an_archive_is_as_it_was(written, name):
    folder, _, _ = written
    with (
        zipfile.ZipFile(folder / f"{name}.keras") as old,
        zipfile.ZipFile(folder / f"{name}.portable.keras") as new,
    ):
        assert old.namelist() == new.namelist()
        for member in set(old.namelist()) - {"config.json"}:
            assert old.read(member) == new.read(member)


def test_of_an_h5_file_only_the_config_is_another(written):
    folder, _, _ = written
    with (
        h5py.File(folder / "outer.h5") as old,
        h5py.File(folder / "outer.portable.h5") as new,
    ):
        for name in set(old.attrs) | set(new.attrs):
            same = old.attrs[name] == new.attrs[name]
            assert same == (name != "model_config")
        assert list(old) == list(new)


def without_initializers(value):
    """A config in which whatever may be replaced is left out."""
    if isinstance(value, list):
        return [without_initializers(member) for member in value]
    if not isinstance(value, dict):
        return "one" if str(value).startswith("keras_inits>") else value
    if str(value.get("module")).startswith(("keras_inits", "keras.initializers")):
        return "one"
    if value.get("class_name") == "Zeros":
        return "one"
    kept = {k: without_initializers(v) for k, v in value.items()}
    return "one" if kept.get("registered_name") == "one" else kept


@pytest.mark.parametrize("suffix", FORMATS)
def test_nothing_else_in_a_config_is_changed(written, suffix):
    folder, _, _ = written
    old = json.loads(config(folder / f"outer.{suffix}"))
    new = json.loads(config(folder / f"outer.portable.{suffix}"))
    assert without_initializers(old) == without_initializers(new)
    assert old != new


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_report_names_each_place(written, suffix):
    _, _, reports = written
    report = reports["outer", suffix]
    rows = {row.path: (row.before, row.after) for row in report.rows}
    head = rows["outer/head/kernel_initializer"]
    assert head == ("XavierUniform(seed=5)", "GlorotUniform(seed=5)")
    before, after = rows["outer/inner/time_distributed/layer/inside/kernel_initializer"]
    assert before == "HeFanIn(negative_slope=0.1, seed=3)"
    assert "scale=1.9801980198" in after
    # Its name has a number where other tests have made such a layer before.
    (forward,) = (p for p in rows if re.search(r"/forward_lstm\w*/recurrent_init", p))
    assert rows[forward] == (
        "PerGate(initializer=Orthogonal(), gates=4)",
        "Zeros()",
    )
    assert rows["outer/inner/gain/start"] == (
        "Constant(value=2.0)",
        "Constant(value=2.0)",
    )
    assert rows["outer/inner/gain/name_of_start"][1] == "HeNormal(seed=None)"
    assert report.packages == ["others"]
    assert "also needs others" in str(report)


def test_each_scheme_is_in_the_report(written):
    _, _, reports = written
    paths = {row.path.split("/")[1] for row in reports["schemes", "keras"].rows}
    shipped = {
        name
        for name in keras_inits.names()
        if keras_inits.initializers.registry.scheme(name).__module__.startswith("keras")
    }
    assert paths == shipped | {"generator", "far_seed", "gates"}
