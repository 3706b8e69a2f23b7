"""`docs/choosing.md`: what page and selects offer is what the library chooses."""

import json
import math
import sys

import keras
import numpy as np
import pytest

import keras_inits
from support import fresh

sys.path.insert(0, str(fresh.ROOT / "docs"))
import choices

DATA = json.loads(choices.DATA.read_text(encoding="utf-8").partition("= ")[2][:-2])
LINES = DATA["lines"]
PLAIN = [key for key in LINES if key.endswith("|none")]
SEQUENCE = (None, 5, 64)
SHAPES = {"MultiHeadAttention": [SEQUENCE, SEQUENCE], "Embedding": [(None, 5)]}
SHAPES |= {"LSTM": [SEQUENCE], "GRU": [SEQUENCE]}


def built(key):
    """The layer of a line, and its kernels."""
    layer = eval(LINES[key]["exact"], {"keras": keras, "keras_inits": keras_inits})
    kind = key.partition("|")[0]
    shape = (
        (None, *choices.KINDS[kind]["input"]) if kind in choices.KINDS else (None, 64)
    )
    layer.build(*SHAPES.get(kind, [shape]))
    return layer, [w for w in layer.weights if "bias" not in w.path]


@pytest.mark.slow
def test_page_and_data_are_what_the_library_says():
    page = choices.PAGE.read_text(encoding="utf-8")
    assert choices.written(page) == page
    assert choices.choices() == LINES


@pytest.mark.parametrize("key", PLAIN)
def test_a_line_has_the_std_of_the_true_fans(key):
    """As `initialize` draws it: 5 standard errors of a std, at most."""
    kind, activation, norm = key.split("|")
    layer, (kernel,) = built(key)
    name = kernel.path.rpartition("/")[2]
    fans = tuple(map(int, keras_inits.fans(layer, name)))
    expected = choices.advised(kind, activation, norm).expected_std(fans)
    values = keras.ops.convert_to_numpy(kernel)
    assert abs(values.std() / expected - 1) < 5 / math.sqrt(2 * values.size)


@pytest.mark.parametrize("kind", choices.FIXED)
def test_a_line_without_activation_builds(kind):
    _, kernels = built(kind)
    assert all(np.std(keras.ops.convert_to_numpy(kernel)) > 0 for kernel in kernels)


def test_every_choice_has_a_line():
    for kind in DATA["layers"]:
        keys = [kind]
        if kind in choices.KINDS:
            norms = DATA["normalizations"]
            keys = [f"{kind}|{a}|{n}" for a in DATA["activations"] for n in norms]
        assert all("exact" in LINES[key] for key in keys)
