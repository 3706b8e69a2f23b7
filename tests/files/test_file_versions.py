"""The page that says which files open in which Keras has no hole.

What its cells say is measured by `.ci/file_versions.py`, which compares it, too.
"""

import re

import keras
import pytest

import keras_inits
from keras_inits.initializers import registry
from support import fresh

PAGE = (fresh.ROOT / "docs" / "file_versions.md").read_text(encoding="utf-8")


def tables(text):
    """Of each heading, the head and rows of the table below it."""
    found = {}
    for part in text.split("\n## ")[1:]:
        rows = [x[1:].rstrip("| ") for x in part.splitlines() if x[:1] == "|"]
        lines = [[cell.strip() for cell in row.split(" | ")] for row in rows]
        found[part.partition("\n")[0]] = lines[0], lines[2:]
    return found


def holes(text):
    """What is missing from the page."""
    found, missing = tables(text), []
    (_, schemes), (_, layers) = found["Each scheme"], found["Layers of Keras"]
    shipped = {
        name
        for name in keras_inits.names()
        if registry.scheme(name).__module__.startswith("keras_inits.")
    }
    missing += sorted(shipped ^ {row[0].strip("`") for row in schemes} - {"per_gate"})
    for head, rows in found.values():
        missing += [row[0] for row in rows if len(row) != len(head)]
    for row in [*schemes, *layers]:
        good = [cell == "yes" or len(cell.partition(": ")[2]) > 3 for cell in row[1:]]
        missing += [row[0]] * (not all(good))
    return missing


def minors():
    """The versions of Keras that the page tells of."""
    head, _ = tables(PAGE)["Schemes, between versions"]
    return [int(minor) for minor in re.findall(r"read by 3\.(\d+)", " ".join(head))]


def test_every_scheme_is_there_and_every_refusal_has_a_reason():
    assert holes(PAGE) == []


def test_every_version_since_the_oldest_that_is_supported_is_there():
    oldest = re.search(r"keras>=3\.(\d+)", (fresh.ROOT / "setup.cfg").read_text())[1]
    assert minors() == list(range(int(oldest), minors()[-1] + 1))
    assert minors()[0] <= int(keras.version().split(".")[1])


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        ("| `he_fan_in` |", "| `he_fan_out_of_all` |", "he_fan_in"),
        ("| `he_fan_in` | yes |", "| `he_fan_in` | no |", "`he_fan_in`"),
        ("| `he_fan_in` | yes |", "| `he_fan_in` |", "`he_fan_in`"),
    ],
)
def test_a_hole_is_seen(old, new, missing):
    """Twin: a scheme, a reason or a cell that is missing."""
    assert old in PAGE
    assert missing in holes(PAGE.replace(old, new))
