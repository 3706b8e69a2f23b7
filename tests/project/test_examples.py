"""Every program of `examples/` says what it should, in a process of its own.

A program prints lines of `what: number`; a wrong start stands beside the right one, so
that its figures are tested for their difference, too.
"""

import ast
import importlib.util
import re
import sys

import keras
import pytest

from support import fresh

FOLDER = fresh.ROOT / "examples"
PROGRAMS = {path.name: path for path in sorted(FOLDER.glob("*.py"))}
LONGEST = 40  # lines
CHANCE = 0.1  # of ten digits
# Accuracies are of 397 digits: a standard error of at most 0.025. Starts that learn are
# held to much less than they reach, those that do not to five of these above chance.
LUCK = CHANCE + 5 * (CHANCE * (1 - CHANCE) / 397) ** 0.5


def figures(name, folder, **environment):
    """The numbers behind the names that a program prints."""
    printed = fresh.python(PROGRAMS[name], folder=folder, **environment)
    found = re.findall(r"^(.+?): (.*)$", printed, re.MULTILINE)
    return {name: numbers(text) for name, text in found}


def numbers(text):
    """The numbers of a line."""
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?", text)]


def needs(package):
    """Skips where a package is not installed; `keras_tuner` imports TensorFlow."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"needs {package}")


@pytest.mark.slow
def test_relu_mlp(tmp_path):
    found = figures("relu_mlp.py", tmp_path)
    assert found["he_fan_in"][0] > 0.6
    assert found["glorot_uniform"][0] < 0.4


def test_attention_fans(tmp_path):
    found = figures("attention_fans.py", tmp_path)
    assert found["full key"] == [256, 256]
    assert found["full attention_output"] == [256, 256]
    assert found["grouped key"] == [256, 64]  # 2 groups of 32
    (ratio,) = found["fused, drawn as three over drawn as one"]
    # Xavier: 2 / (256 + 256) over 2 / (256 + 768). Each std is that of 256 * 768
    # uniform values, of relative standard error sqrt(0.2 / n); five of both.
    assert abs(ratio / 2**0.5 - 1) < 5 * (2 * 0.2 / (256 * 768)) ** 0.5


@pytest.mark.slow
def test_depthwise_net(tmp_path):
    found = figures("depthwise_net.py", tmp_path)
    lost, not_learned = found["Keras's he_normal"]
    kept, learned = found["initialize"]
    # He's variance for 9 * 64 inputs gives a sum of 9 a factor 2 * 9 / (9 * 64);
    # the pointwise kernel's 2 and the half of ReLU cancel: 1 / 32 a block, over seven.
    assert 1 / 5 < lost / 32**-3.5 < 5
    assert 0.1 < kept < 10
    assert not_learned < LUCK
    assert learned > 0.5


@pytest.mark.slow
def test_transformer_without_layernorm(tmp_path):
    found = figures("transformer_without_layernorm.py", tmp_path)
    assert found["t_fixup"][0] > 0.5
    assert found["xavier_uniform"][0] < 0.4


@pytest.mark.slow
def test_siren_photograph(tmp_path):
    found = figures("siren_photograph.py", tmp_path)
    assert found["siren"][0] > 30 > found["glorot_uniform"][0]


@pytest.mark.slow
def test_chrono_lstm(tmp_path):
    found = figures("chrono_lstm.py", tmp_path)
    assert found["chrono"][0] > 0.6
    assert found["unit_forget_bias"][0] < 0.4  # chance is 1 / 8


def test_own_vectors(tmp_path):
    found = figures("own_vectors.py", tmp_path)
    # No weights are drawn or trained: the figure is one of scikit-learn's data.
    assert found["nearest vector"] == [pytest.approx(0.849, abs=0.003)]
    short, long = numbers(str(found["in the config"]))
    assert short < 400 < 10 * short < long
    assert found["loaded again, they differ by"] == [0]


@pytest.mark.slow
@pytest.mark.backend("tensorflow")
def test_tuner_over_names(tmp_path):
    needs("keras_tuner")
    found = figures("tuner_over_names.py", tmp_path)
    assert found["he_fan_in"][0] > 0.6
    assert found["lora_b"][0] < LUCK
    best = max(found, key=lambda name: found.get(name) or [0])
    assert best == "he_fan_in"


def test_how_my_model_starts(tmp_path):
    """As a user runs it: by pytest, with none of this project's options."""
    alone = "-q", "-p", "no:cacheprovider", "-c", tmp_path / "none.ini"
    (tmp_path / "none.ini").write_text("[pytest]\n")
    program = PROGRAMS["test_how_my_model_starts.py"]
    printed = fresh.python("-m", "pytest", *alone, program, folder=tmp_path)
    assert "2 passed" in printed


@pytest.mark.slow
@pytest.mark.backend("tensorflow")
def test_one_seed_two_backends(tmp_path):
    installed = [b for b in ("jax", "torch") if importlib.util.find_spec(b)]
    if not installed:
        pytest.skip("needs a second backend")
    found = figures("one_seed_two_backends.py", tmp_path)
    assert found["different"] == [0]
    assert {*installed, keras.backend.backend()} <= set(found)


def test_each_program_is_short_and_has_a_test_and_a_line_in_the_list():
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert len(PROGRAMS) == 10
    for name, path in PROGRAMS.items():
        source = path.read_text(encoding="utf-8")
        assert len(source.splitlines()) <= LONGEST, name
        assert ast.get_docstring(ast.parse(source)), name
        assert f"({name})" in listed, name
        assert hasattr(
            sys.modules[__name__], f"test_{path.stem.removeprefix('test_')}"
        ), name
