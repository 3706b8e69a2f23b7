"""`python -m keras_inits fingerprint`: the hash of a saved model's weights."""

import keras
import pytest

import keras_inits
from keras_inits import cli


def run(capsys, *argv):
    """Exit code, standard output, standard error."""
    code = cli.main([str(word) for word in argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_it_prints_what_the_function_returns(tmp_path, capsys):
    """And nothing else, so that a script can compare it."""
    path = tmp_path / "small.keras"
    dense = keras.layers.Dense(3, kernel_initializer="he_fan_in", name="dense")
    model = keras.Sequential([keras.Input((4,)), dense])
    model.save(path)
    expected = keras_inits.fingerprint(model)
    assert run(capsys, "fingerprint", path) == (0, f"{expected}\n", "")
    dense.bias.assign([0.0, 1.0, 0.0])
    model.save(path)
    assert run(capsys, "fingerprint", path)[1] != f"{expected}\n"


@pytest.mark.parametrize("content", [None, b"no model"], ids=["none", "damaged"])
def test_what_is_no_model_is_refused(content, tmp_path, capsys):
    path = tmp_path / "other.keras"
    if content:
        path.write_bytes(content)
    code, out, err = run(capsys, "fingerprint", path)
    assert (code, out) == (2, "")
    assert "other.keras" in err
    assert "Traceback" not in err
