"""`docs/properties.md`: each scheme of the catalogue has a figure; how it is made."""

import pytest

import keras_inits
from support import figures, fresh
from support.catalogue_examples import CATALOGUE
from support.scheme_examples import WRAPPERS, snake_case

PAGE = fresh.ROOT / "docs" / "properties.md"
WANTED = sorted(map(snake_case, {*CATALOGUE, *WRAPPERS}))


def missing(text):
    """Schemes without a row in a table."""
    return [name for name in WANTED if f"\n| `{name}` | " not in text]


def test_the_page_has_a_row_for_each_scheme_of_the_catalogue():
    text = PAGE.read_text(encoding="utf-8")
    assert missing(text) == []
    assert text.startswith(figures.HEAD)
    assert set(WANTED) < set(keras_inits.names())


def test_a_scheme_without_a_row_is_noticed():
    """Twin."""
    text = PAGE.read_text(encoding="utf-8")
    assert missing(text.replace("| `lru` |", "| `rlu` |")) == ["lru"]


class Node:
    """A test that keeps its figures."""

    def __init__(self):
        self.user_properties = []


def test_a_figure_is_kept():
    node = Node()
    figures.recorder(node)("lru", "error", 0.5, 1, twin=2.0)
    assert node.user_properties == [("figure", ["lru", "error", 0.5, 1.0, 2.0])]


@pytest.mark.parametrize(
    ("value", "tolerance", "twin", "beyond"),
    [
        (1.0, 1.0, None, 0),
        (1e-9, 0.0, None, 0),
        (float("nan"), 1.0, None, 0),
        (0.5, 1.0, 1.0, 0),
        (0.5, 1.0, float("nan"), 0),
        (0.5, 1.0, 2.0, 3.0),
        (0.0, 0.0, 0.0, 0),
    ],
)
def test_a_figure_or_a_twin_on_the_wrong_side_fails(value, tolerance, twin, beyond):
    """NaN too, and a twin that is not as far off as was asked."""
    with pytest.raises(AssertionError, match="lru: error"):
        figures.recorder(Node())("lru", "error", value, tolerance, twin, beyond)


def test_the_table_shows_the_cases_nearest_to_their_tolerance():
    rows = [
        ["sparse", "count", 0.0, 0.0, 3.0],
        ["lru", "error", 0.5, 1.0, 5.0],
        ["lru", "error", 0.75, 2.0, 6.0],
        ["lru", "error", 0.1, 1.0, None],
    ]
    assert figures.table(rows) == (
        f"{figures.HEAD}| `lru` | error | 0.5 | 1 | 6 (2) |\n"
        "| `sparse` | count | 0 | 0 | 3 |\n"
    )
