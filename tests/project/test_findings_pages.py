"""The pages of the kinds of findings: each program has what its page says of it."""

import json
import re
import sys

import pytest

from keras_inits.diagnosis.findings import KINDS
from support import fresh

DOCS = fresh.ROOT / "docs"
LINES = 14  # of a program, besides what all begin with
pytestmark = pytest.mark.filterwarnings("ignore:You are using a softmax:UserWarning")


@pytest.fixture(scope="module")
def pages():
    """The module that writes them."""
    pytest.importorskip("matplotlib")
    sys.path.insert(0, str(DOCS))
    try:
        import findings

        yield findings
    finally:
        sys.path.remove(str(DOCS))


def test_every_kind_that_the_library_reports_has_a_page(pages):
    assert set(pages.KINDS) == set(KINDS)
    assert len({pages.slug(kind) for kind in KINDS}) == len(KINDS)
    index = pages.index()
    for kind in KINDS:
        linked = index.count(f"[{kind}]({pages.slug(kind)}.md)")
        assert linked == 1 + len(pages.KINDS[kind]["symptoms"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_says_what_it_means_and_has_a_small_program(pages, kind):
    told = pages.KINDS[kind]
    assert told["group"] in pages.DATA["groups"]
    assert told["symptoms"]
    assert set(told["symptoms"]) <= set(pages.DATA["symptoms"])
    assert 1 <= len(re.findall(r"[.:](\s|$)", told["means"])) <= 4
    for sign in (pages.FAULTY, pages.MENDED):
        code, _ = pages.program(kind, sign)
        assert len(code.splitlines()) <= len(pages.DATA["begin"].splitlines()) + LINES
        assert max(map(len, code.splitlines())) <= 88
    assert pages.program(kind, pages.FAULTY) != pages.program(kind, pages.MENDED)
    assert pages.TRAINED[kind].keys() in ({"error"}, {"losses"}, {"losses", "accuracy"})


def test_a_symptom_of_no_movement_was_seen(pages):
    """Where the loss is said not to move, it fell by a fifth at most."""
    for kind, told in pages.KINDS.items():
        found = pages.TRAINED[kind].get("losses")
        if "still" in told["symptoms"] and found:
            first, last = map(float, found)
            assert last >= 0.8 * first, (kind, json.dumps(found))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_faulty_program_has_it_and_the_mended_one_has_not(pages, kind, tmp_path):
    """Else `page` raises; and the picture is there for the light and the dark."""
    page = pages.page(kind, tmp_path)
    for tone in ("light", "dark"):
        drawn = (tmp_path / f"{pages.slug(kind)}-{tone}.svg").read_text("utf-8")
        assert pages.pictures.TONES[tone] in drawn
    (alt, other) = re.findall(r":alt: (.+)", page)
    assert alt == other
    assert len(alt) > 30
    assert "nan" not in alt


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sign", "words"), [("-", "has it, too"), ("+", "not have it")]
)
def test_a_page_with_a_wrong_program_is_not_written(
    pages, sign, words, tmp_path, monkeypatch
):
    whole = pages.run
    monkeypatch.setattr(pages, "run", lambda kind, _: whole(kind, sign))
    with pytest.raises(AssertionError, match=words):
        pages.page("softmax over one unit", tmp_path)
