"""The command line judges and repairs saved models, and runs nothing from a file."""

import json
import pathlib

import keras
import numpy as np
import pytest

from keras_inits import cli
from keras_inits._utils import extras
from keras_inits.models.initialize import initialize
from support.diagnosed import examples

pytestmark = pytest.mark.filterwarnings(  # Keras's own, where it saves on TensorFlow
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Saved models and data."""
    path = tmp_path_factory.mktemp("models")
    examples.network(examples.he(), name="sound").save(path / "sound.keras")
    examples.network(examples.he() / 10, name="small").save(path / "small.keras")
    # What training from it would find suspicious, but no error: a head that is sure.
    model = examples.network(examples.he(), name="sure", depth=2)
    model.layers[-1].kernel.assign(12 * np.array(model.layers[-1].kernel))
    model.save(path / "sure.keras")
    x, y = examples.data()
    np.savez(path / "data.npz", x=x, y=y)
    return path


def run(capsys, *argv):
    """Exit code, standard output, standard error."""
    code = cli.main([str(word) for word in argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_diagnosis_is_printed(folder, capsys):
    code, out, _ = run(
        capsys, "diagnose", folder / "small.keras", "--data", folder / "data.npz"
    )
    assert code == 0  # nobody asked to fail
    assert "small: unhealthy" in out
    assert "hidden_11" in out
    assert "keras_inits.initialize(model" in out
    assert "32 samples" in out


def test_weights_of_samples_are_read(folder, tmp_path, capsys):
    x, y = examples.data()
    np.savez(tmp_path / "data.npz", x=x, y=y, sample_weight=np.zeros(len(x)))
    found = run(
        capsys, "diagnose", folder / "sound.keras", "--data", tmp_path / "data.npz"
    )
    assert "every sample has a weight of zero" in found[1]


@pytest.mark.parametrize(
    ("model", "fail_on", "code"),
    [
        ("sound", "warning", 0),
        ("sure", "error", 0),
        ("sure", "warning", 1),
        ("small", "error", 1),
        ("small", "warning", 1),
    ],
)
def test_the_exit_code_says_how_grave_it_is(model, fail_on, code, folder, capsys):
    arguments = ["--data", folder / "data.npz", "--fail-on", fail_on]
    found, out, _ = run(capsys, "diagnose", folder / f"{model}.keras", *arguments)
    assert found == code, out


def test_json_is_all_that_is_printed(folder, capsys):
    _, out, _ = run(capsys, "diagnose", folder / "small.keras", "--json")
    found = json.loads(out)
    assert found["verdict"] == "unhealthy"
    assert [record["name"] for record in found["records"]][-1] == "head"
    assert found["data"] == "white noise"


def test_a_page_is_written(folder, capsys, tmp_path):
    pytest.importorskip("plotly")
    page = tmp_path / "page.html"
    code, out, err = run(capsys, "diagnose", folder / "small.keras", "--html", page)
    assert code == 0
    assert "small: unhealthy" in page.read_text(encoding="utf-8")
    assert "small: unhealthy" in out
    assert str(page) in err


def inputs_by_name(path):
    one, two = keras.Input((3,), name="one"), keras.Input((4,), name="two")
    x = keras.layers.concatenate([one, two])
    keras.Model({"one": one, "two": two}, keras.layers.Dense(2)(x)).save(path)


def test_several_inputs_are_given_by_name(capsys, tmp_path):
    inputs_by_name(tmp_path / "model.keras")
    np.savez(tmp_path / "data.npz", one=np.ones((6, 3)), two=np.ones((6, 4)))
    arguments = [tmp_path / "model.keras", "--data", tmp_path / "data.npz"]
    code, out, err = run(capsys, "diagnose", *arguments)
    assert (code, err) == (0, "")
    assert "6 samples" in out


def unsafe(path):
    """A file whose opening would make another file, if its code were run."""
    trace = path.with_suffix(".run")
    code = f"lambda x: (open({str(trace)!r}, 'w').close(), x)[1]"
    model = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(eval(code))])
    trace.unlink(missing_ok=True)
    model.save(path)
    return trace


@pytest.mark.parametrize("command", ["diagnose", "initialize"])
def test_code_in_a_file_is_never_run(command, capsys, tmp_path):
    path = tmp_path / "model.keras"
    trace = unsafe(path)
    keras.saving.load_model(path, safe_mode=False)(np.ones((1, 3)))
    assert trace.exists()  # what it does to those who trust it
    trace.unlink()
    out = ["--out", tmp_path / "new.keras"] if command == "initialize" else []
    code, printed, err = run(capsys, command, path, *out)
    assert (code, printed) == (2, "")
    assert "Lambda" in err
    assert "never does" in err
    assert not trace.exists()
    assert not (tmp_path / "new.keras").exists()


def pickled(path):
    np.savez(path, x=np.array([{"not": "numbers"}], dtype=object))


def only_targets(path):
    np.savez(path, y=np.ones(3))


def wrong_shape(path):
    np.savez(path, x=np.ones((4, examples.WIDTH + 1)))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (pickled, "not data: Object arrays"),
        (only_targets, "no input in it, only y"),
        (wrong_shape, "The model could not run on `x`"),
        (lambda path: path.write_text("text"), "not data"),
        (lambda path: None, "there is no such file"),
    ],
)
def test_data_that_cannot_be_used_exit_with_2(make, words, folder, capsys, tmp_path):
    make(tmp_path / "data.npz")
    arguments = [folder / "sound.keras", "--data", tmp_path / "data.npz"]
    code, out, err = run(capsys, "diagnose", *arguments)
    assert (code, out) == (2, "")
    assert words in err


def damaged(path, folder):
    data = (folder / "sound.keras").read_bytes()
    path.write_bytes(data[: len(data) // 2])


def not_built(path, folder):
    with pytest.warns(UserWarning, match="not yet been built"):
        keras.Sequential([keras.layers.Dense(3)]).save(path)


@pytest.mark.parametrize("command", ["diagnose", "initialize"])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path, folder: None, "there is no such file"),
        (damaged, "not a .keras file"),
        (not_built, "build"),
    ],
)
def test_models_that_cannot_be_used_exit_with_2(
    command, make, words, folder, capsys, tmp_path
):
    path = tmp_path / "model.keras"
    make(path, folder)
    out = ["--out", tmp_path / "new.keras"] if command == "initialize" else []
    code, printed, err = run(capsys, command, path, *out)
    assert (code, printed) == (2, "")
    assert words in err
    assert not (tmp_path / "new.keras").exists()


def test_a_page_without_plotly_exits_with_2_and_the_command(
    folder, capsys, tmp_path, monkeypatch
):
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    arguments = [folder / "sound.keras", "--html", tmp_path / "page.html"]
    code, out, err = run(capsys, "diagnose", *arguments)
    assert (code, out) == (2, "")
    assert "pip install 'keras-inits[plots]'" in err


def weights(path):
    return keras.saving.load_model(path).get_weights()


def test_a_model_is_initialized_into_another_file(folder, capsys, tmp_path):
    source, new = folder / "small.keras", tmp_path / "new.keras"
    before = source.read_bytes()
    code, out, _ = run(capsys, "initialize", source, "--seed", 7, "--out", new)
    assert code == 0
    assert "HeFanIn()" in out
    assert "seed=7" in out
    assert source.read_bytes() == before
    model = keras.saving.load_model(source)
    initialize(model, "auto", seed=7)
    for ours, theirs in zip(weights(new), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert keras.saving.load_model(new).optimizer.name == model.optimizer.name
    data = ["--data", folder / "data.npz", "--fail-on", "warning"]
    assert run(capsys, "diagnose", new, *data)[0] == 0  # and it is healthy


def test_rules_name_a_scheme(folder, capsys, tmp_path):
    source, new = folder / "sound.keras", tmp_path / "new.keras"
    code, out, _ = run(
        capsys, "initialize", source, "--rules", "xavier_normal", "--out", new
    )
    assert code == 0
    assert "XavierNormal()" in out
    code, _, err = run(
        capsys, "initialize", source, "--rules", "he_nrmal", "--out", new, "--overwrite"
    )
    assert code == 2
    assert "Did you mean" in err


def test_a_file_that_is_there_is_replaced_by_force_only(folder, capsys, tmp_path):
    new = tmp_path / "new.keras"
    new.write_text("precious")
    arguments = ["initialize", folder / "sound.keras", "--out", new]
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert "--overwrite" in err
    assert new.read_text() == "precious"
    assert run(capsys, *arguments, "--overwrite")[0] == 0
    assert len(weights(new)) == 26
    assert [path.name for path in tmp_path.iterdir()] == ["new.keras"]


def test_a_file_that_cannot_be_finished_is_not_begun(
    folder, capsys, tmp_path, monkeypatch
):
    new = tmp_path / "new.keras"
    new.write_text("precious")

    def fails(self, path):
        pathlib.Path(path).write_text("half")
        raise OSError("disk full")

    monkeypatch.setattr(keras.Model, "save", fails)
    arguments = ["initialize", folder / "sound.keras", "--out", new, "--overwrite"]
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert "disk full" in err
    assert new.read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["new.keras"]


@pytest.mark.parametrize(
    ("out", "words"),
    [("new.h5", "must end in .keras"), ("nowhere/new.keras", "there is no folder")],
)
def test_an_impossible_target_exits_with_2(out, words, folder, capsys, tmp_path):
    arguments = ["initialize", folder / "sound.keras", "--out", tmp_path / out]
    code, printed, err = run(capsys, *arguments)
    assert (code, printed) == (2, "")
    assert words in err
