"""`docs/porting.md`: both sides of a row draw from one distribution."""

import re

import keras
import numpy as np
import pytest

import keras_inits
from project import test_porting
from support import fresh

NUMBERS = {"a": 0.11, "c": 0.4, "g": 1.3, "s": 0.07}
NUMBERS |= {"mode": "fan_avg", "law": "uniform"}
FIXED = {"delta_orthogonal": (3, 5, 16, 24), "dirac": (3, 5, 16, 24)}
# Classes and numbers; what counts zeros along the other axis.
NOT_DRAWS = ("torch.nn.", "calculate_gain", "sparse_")


def rows():
    """Framework, line there, line here: of each pair of code in the two tables."""
    text = (fresh.ROOT / "docs" / "porting.md").read_text("utf-8")
    for framework in ("PyTorch", "JAX"):
        section = text.split(f"\n## {framework}\n")[1].split("\n## ")[0]
        for row in section.splitlines():
            cells = [re.findall("`([^`]+)`", cell) for cell in row.split("|")[1:3]]
            if len(cells) < 2 or not cells[0] or not cells[1]:
                continue
            theirs, ours = cells
            if theirs[0].startswith(NOT_DRAWS) or theirs[0] == "w" or "layer" in row:
                continue
            if framework == "JAX" and theirs == ["jax.nn.initializers"]:
                continue
            both = len(theirs) == len(ours)
            pairs = (
                zip(theirs, ours, strict=True)
                if both
                else [(left, right) for left in theirs for right in ours]
            )
            for left, right in pairs:
                yield framework, left, right


ROWS = list(rows())


def drawn_there(framework, line, shape):
    """By the other framework, in Keras's order of axes."""
    if framework == "PyTorch":
        return test_porting.theirs(filled(f"torch.nn.init.{line}"), "torch", shape)
    return test_porting.theirs(filled(f"jax.nn.initializers.{line}"), "jax", shape)


def filled(line):
    """A line with numbers for the letters that stand for any."""
    letters = "|".join(NUMBERS)
    return re.sub(
        rf"(?<![\w.\"])({letters})(?=[,)])", lambda m: repr(NUMBERS[m[1]]), line
    )


def drawn_here(line, shape):
    """By this package: a name, or an expression."""
    scheme = eval(filled(line), {"keras_inits": keras_inits})
    return keras.ops.convert_to_numpy(keras.initializers.get(scheme)(shape))


def test_the_tables_are_read():
    """All rows but those of layers, of gains and of `sparse_`."""
    assert len(ROWS) >= 36
    assert {row[0] for row in ROWS} == {"PyTorch", "JAX"}


@pytest.mark.parametrize(("framework", "left", "right"), ROWS)
def test_both_sides_of_a_row_draw_alike(framework, left, right):
    name = re.sub(r"\W.*", "", left).rstrip("_")
    shape = FIXED.get(name, test_porting.KERNEL)
    there, here = drawn_there(framework, left, shape), drawn_here(right, shape)
    if name == "delta_orthogonal":  # zeros away from one tap
        there, here = there[1, 2], here[1, 2]
        assert np.allclose(there @ there.T, here @ here.T, atol=1e-5)
    elif name == "eye":
        assert np.array_equal(there, here)
    else:
        assert test_porting.agree(here, there), (left, right)
