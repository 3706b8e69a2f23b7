"""`portable` refuses what it cannot do, and leaves a whole file at any moment."""

import json
import os
import pathlib
import shutil
import stat
import tracemalloc
import zipfile

import h5py
import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.files import configs, formats, h5_config
from support import fresh


def small():
    """A model with one scheme."""
    dense = keras.layers.Dense(3, kernel_initializer="he_fan_in", name="dense")
    return keras.Sequential([keras.Input((4,)), dense], name="small")


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    model = small()
    model.save(folder / "small.keras")
    model.save(folder / "small.h5")
    model.save_weights(folder / "only.weights.h5")
    (folder / "small.json").write_text(model.to_json())
    return folder


@pytest.fixture
def folder(originals, tmp_path):
    shutil.copytree(originals, tmp_path, dirs_exist_ok=True)
    return tmp_path


def dense_of(path):
    """The class of the initializer in a portable file of `small`."""
    if path.suffix == ".json":
        model = keras.models.model_from_json(path.read_text())
    else:
        model = keras.saving.load_model(path)
    return type(model.layers[0].kernel_initializer)


@pytest.mark.parametrize("suffix", ["keras", "h5", "json"])
def test_a_model_is_saved_portable(suffix, tmp_path):
    model, path = small(), tmp_path / f"new.{suffix}"
    report = keras_inits.portable(model, path)
    assert report.target == path
    assert [row.before for row in report.rows] == ["HeFanIn()"]
    assert dense_of(path) is keras.initializers.VarianceScaling
    assert os.listdir(tmp_path) == [path.name]
    assert type(model.layers[0].kernel_initializer) is keras_inits.HeFanIn
    if suffix != "json":
        opened = keras.saving.load_model(path).get_weights()
        for one, two in zip(opened, model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("suffix", ["keras", "h5", "json"])
def test_a_file_becomes_portable_in_place(suffix, folder):
    path = folder / f"small.{suffix}"
    path.chmod(0o640)
    names = sorted(os.listdir(folder))
    report = keras_inits.portable(path, overwrite=True)
    assert len(report.rows) == 1
    assert dense_of(path) is keras.initializers.VarianceScaling
    assert sorted(os.listdir(folder)) == names
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    before = path.stat()
    again = keras_inits.portable(path, overwrite=True)
    assert again.rows == []  # and so nothing is written
    assert path.stat() == before
    assert "0 initializers replaced" in str(again)


@pytest.mark.parametrize("suffix", ["keras", "h5", "json"])
def test_a_file_without_schemes_is_copied_byte_for_byte(suffix, folder):
    once, twice = folder / f"once.{suffix}", folder / f"twice.{suffix}"
    keras_inits.portable(folder / f"small.{suffix}", once)
    keras_inits.portable(once, twice)
    assert once.read_bytes() == twice.read_bytes()


def test_a_link_stays_one(folder):
    link = folder / "link.keras"
    link.symlink_to("small.keras")
    keras_inits.portable(link, overwrite=True)
    assert link.is_symlink()
    assert dense_of(folder / "small.keras") is keras.initializers.VarianceScaling


def members(path, extra=(), config=None):
    """A `.keras` file of its own making."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in ["metadata.json", *extra]:
            archive.writestr(name, b"as it is")
        if config is not None:
            archive.writestr("config.json", config)


def broken(folder, name):
    """Files that no model is in, or a broken one, by name."""
    path = folder / f"{name}.keras"
    deep = 100_000
    scheme = '{"class_name": "keras_inits>blocks", "config": {}}'
    texts = {
        "deep": '{"class_name": "M", "config": ' + "[" * deep + "]" * deep + "}",
        "deep_schemes": '{"class_name": "M", "config": '
        + '{"initializer": ' * deep
        + scheme
        + "}" * deep
        + "}",
        "list": "[1, 2]",
        "text": "no JSON",
        "bytes": b"\xff\xfe\xfa",
        "nothing": None,
        "no_model": '{"a": 1}',
    }
    if name in texts:
        members(path, config=texts[name])
    elif name == "truncated":
        path.write_bytes((folder / "small.keras").read_bytes()[:-200])
    elif name == "flipped":
        data = bytearray((folder / "small.keras").read_bytes())
        data[data.index(b"\x89HDF") + 100] ^= 1
        path.write_bytes(data)
    elif name == "twice":
        with pytest.warns(UserWarning, match="Duplicate name"):
            members(path, extra=["config.json"], config="{}")
    elif name == "bomb":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("config.json", b" " * (formats.LARGEST_CONFIG + 1))
    else:
        path.write_bytes(b"text")
    return path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("deep", "nested too deep"),
        ("deep_schemes", "nested too deep"),
        ("list", "no model in it"),
        ("no_model", "no model in it"),
        ("text", "no JSON"),
        ("bytes", "no JSON"),
        ("nothing", "0 members 'config.json'"),
        ("twice", "2 members 'config.json'"),
        ("truncated", "no archive, or a damaged one"),
        ("flipped", "damaged one: Bad CRC-32"),
        ("not_an_archive", "no archive"),
        ("bomb", "which no model's does"),
    ],
)
def test_a_file_that_is_broken_is_refused_in_few_words(name, words, folder):
    path = broken(folder, name)
    before, names = path.read_bytes(), sorted(os.listdir(folder))
    with pytest.raises(ValueError, match=words) as caught:
        keras_inits.portable(path, folder / "new.keras")
    assert len(str(caught.value)) < 300 + len(str(path))
    assert str(path) in str(caught.value)
    with pytest.raises(ValueError, match=words):
        keras_inits.portable(path, overwrite=True)
    assert path.read_bytes() == before
    assert sorted(os.listdir(folder)) == names


def test_names_with_path_characters_stay_names(folder):
    path, new = folder / "odd.keras", folder / "deep" / "new.keras"
    new.parent.mkdir()
    odd = ["../../escape", "/etc/escape", "a\\b", "..", "assets/", "ü/¬", "C:\\x"]
    members(path, odd, (folder / "small.json").read_text())
    keras_inits.portable(path, new)
    with zipfile.ZipFile(new) as archive, zipfile.ZipFile(path) as old:
        assert archive.namelist() == old.namelist()
        assert {archive.read(n) for n in odd if n != "assets/"} == {b"as it is"}
    assert os.listdir(new.parent) == ["new.keras"]
    assert not (folder.parent / "escape").exists()


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("small.keras", "small.keras", "would be replaced.*overwrite=True"),
        ("small.keras", None, "would be replaced.*overwrite=True"),
        ("small.h5", "there.h5", "is there already.*overwrite=True"),
        ("small.keras", "new.h5", "keeps its format"),
        ("small.keras", "new.txt", "in a .keras, .h5, .hdf5 or .json file"),
        ("small.keras", "nowhere/new.keras", "Make the folder first"),
        ("only.weights.h5", "new.h5", "only weights"),
        ("small.txt", "new.keras", "in a .keras, .h5, .hdf5 or .json file"),
    ],
)
def test_a_target_or_source_that_will_not_do_is_refused(source, target, words, folder):
    (folder / "there.h5").write_text("precious")
    target = target and folder / target
    names = sorted(os.listdir(folder))
    with pytest.raises(ValueError, match=words):
        keras_inits.portable(folder / source, target)
    assert sorted(os.listdir(folder)) == names
    assert (folder / "there.h5").read_text() == "precious"


def test_no_file_no_model_no_target(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        keras_inits.portable(tmp_path / "none.keras", tmp_path / "new.keras")
    with pytest.raises(ValueError, match="target=None"):
        keras_inits.portable(small())
    with pytest.raises(ValueError, match="source=7"):
        keras_inits.portable(7, tmp_path / "new.keras")


def test_deep_long_names_take_little_memory():
    """As texts, the paths of 400 levels of 2 kB would be 160 MB together."""
    config = {"class_name": "M", "config": {}}
    inside = config["config"]
    for level in range(400):
        inside["one"] = {}
        inside[f"{level}{'x' * 2000}"] = inside = {"two": "keras_inits>he_normal"}
    tracemalloc.start()
    try:
        (*_, last) = configs.replace(config)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert len(last.path) < 500


def test_an_h5_file_that_hangs_hdf5_is_ended(folder, monkeypatch):
    """Twin: what is ended is the time, not the file."""
    path = folder / "small.h5"
    assert h5_config.read(path)
    slow = pathlib.Path(h5_config.__file__).read_text()
    slow = slow.replace("SECONDS = 3", "SECONDS = 1")
    slow = slow.replace(
        "found = file.attrs.get(ATTRIBUTE)", "import time; time.sleep(9)"
    )
    (folder / "slow.py").write_text(slow)
    monkeypatch.setattr(h5_config, "__file__", str(folder / "slow.py"))
    with pytest.raises(ValueError, match="HDF5 found no end in it"):
        h5_config.read(path)


def test_an_error_on_the_way_leaves_the_old_file(folder, monkeypatch):
    path = folder / "small.keras"
    before, names = path.read_bytes(), sorted(os.listdir(folder))

    def fails(*_):
        raise OSError("disk full")

    monkeypatch.setattr(formats.shutil, "copyfileobj", fails)
    with pytest.raises(OSError, match="disk full"):
        keras_inits.portable(path, overwrite=True)
    assert path.read_bytes() == before
    assert sorted(os.listdir(folder)) == names


def test_a_large_config_fits_an_h5_file(folder):
    """HDF5 keeps short attributes only beside the object; Keras's are long."""
    path = folder / "large.h5"
    shutil.copy(folder / "small.h5", path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["padding"] = "x" * 200_000
        file.attrs["model_config"] = json.dumps(config).encode()
    keras_inits.portable(path, overwrite=True)
    assert dense_of(path) is keras.initializers.VarianceScaling


def test_the_function_keeps_its_name_when_modules_are_imported():
    fresh.run(
        """
        import keras_inits, importlib, pkgutil
        import keras_inits.files as files
        for module in pkgutil.walk_packages(files.__path__, "keras_inits.files."):
            importlib.import_module(module.name)
        assert type(keras_inits.portable).__name__ == "function"
        """
    )
