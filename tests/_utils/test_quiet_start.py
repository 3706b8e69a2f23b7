"""A command says nothing on standard error at its start, and hides no failure."""

import os
import subprocess
import sys

import keras
import pytest

from keras_inits._utils import quiet_start


@pytest.mark.parametrize(
    ("argv", "whole", "expected"),
    [
        (["-m"], ["python", "-m", "keras_inits", "list"], True),
        (["/home/me/.venv/bin/keras-inits", "list"], [], True),
        (["keras-inits.exe"], [], True),
        (["-m"], ["python", "-m", "pytest"], False),
        (["train.py", "keras_inits"], ["python", "train.py", "keras_inits"], False),
        (["-c"], ["python", "-c", "import keras_inits"], False),
        ([""], ["python"], False),
        ([], [], False),
    ],
)
def test_only_the_command_line_is_quiet(argv, whole, expected):
    assert quiet_start.is_command(argv, whole) is expected


def python(*arguments, **variables):
    """A process without the level of TensorFlow's messages that tests may have set."""
    environment = dict(os.environ)
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment | variables,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow  # processes
def test_a_command_starts_without_a_word_on_standard_error():
    done = python("-m", "keras_inits", "show", "he_fan_in")
    assert "he_fan_in" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="says nothing")
def test_tensorflow_is_heard_where_the_user_asks_and_in_programs():
    """What the test above would miss if TensorFlow had nothing to say."""
    arguments = "-m", "keras_inits", "show", "he_fan_in"
    assert "oneDNN" in python(*arguments, TF_CPP_MIN_LOG_LEVEL="0").stderr
    assert "oneDNN" in python("-c", "import keras_inits").stderr


def test_a_backend_that_cannot_be_imported_is_told_in_full():
    done = python("-m", "keras_inits", "list", KERAS_BACKEND="nonsense")
    assert done.returncode != 0
    assert "nonsense" in done.stderr


def test_what_was_written_shows_where_the_import_fails(capfd):
    def fails():
        with quiet_start.quiet_stderr():
            os.write(2, b"no such instruction")
            raise ImportError("tensorflow")

    with pytest.raises(ImportError):
        fails()
    with quiet_start.quiet_stderr():
        os.write(2, b"oneDNN is on")
    os.write(2, b", after")
    assert capfd.readouterr().err == "no such instruction, after"
