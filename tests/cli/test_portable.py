"""`python -m keras_inits portable`, and what `diagnose` says of other packages."""

import keras
import pytest

from keras_inits import cli
from support import fresh


@pytest.fixture
def path(tmp_path):
    """A saved model with one scheme."""
    dense = keras.layers.Dense(3, kernel_initializer="he_fan_in", name="dense")
    path = tmp_path / "small.keras"
    keras.Sequential([keras.Input((4,)), dense], name="small").save(path)
    return path


def run(capsys, *argv):
    """Exit code, standard output, standard error."""
    code = cli.main([str(word) for word in argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_copy_is_written_and_shown(path, capsys):
    new = path.with_name("new.keras")
    code, out, err = run(capsys, "portable", path, new)
    assert (code, err) == (0, "")
    assert "small/dense/kernel_initializer" in out
    assert "HeFanIn()" in out
    assert "VarianceScaling(scale=2.0" in out
    assert "needsKerasalone" in "".join(out.split())  # wraps at the path's length
    reader = "import keras, sys; keras.saving.load_model(sys.argv[1])"
    fresh.run(reader, str(new), blocked=["keras_inits"])
    with pytest.raises(AssertionError, match="keras_inits"):
        fresh.run(reader, str(path), blocked=["keras_inits"])


def test_in_place_only_when_asked(path, capsys):
    before = path.read_bytes()
    code, out, err = run(capsys, "portable", path)
    assert (code, out) == (2, "")
    assert "type --overwrite" in err
    assert path.read_bytes() == before
    assert run(capsys, "portable", path, "--overwrite")[0] == 0
    assert path.read_bytes() != before


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("none.keras", "new.keras", "there is no such file"),
        ("small.keras", "new.h5", "keeps its format"),
        ("text.keras", "new.keras", "no archive"),
        ("small.keras", "nowhere/new.keras", "Make the folder first"),
    ],
)
def test_what_cannot_be_done_exits_with_2(source, target, words, path, capsys):
    path.with_name("text.keras").write_text("text")
    arguments = [path.with_name(source), path.parent / target]
    code, out, err = run(capsys, "portable", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


def test_diagnose_names_the_package_that_a_file_needs(tmp_path, capsys):
    @keras.saving.register_keras_serializable("my_package")
    class Own(keras.layers.Layer):
        def call(self, x):
            return x

    Own.__module__ = "my_package.layers"
    path = tmp_path / "own.keras"
    keras.Sequential([keras.Input((4,)), Own(), keras.layers.Dense(2)]).save(path)
    del keras.saving.get_custom_objects()["my_package>Own"]
    code, _, err = run(capsys, "diagnose", path)
    assert code == 2
    assert "import my_package; then keras.saving.load_model(path)" in err
