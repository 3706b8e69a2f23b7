"""The page of evidence says what the committed results say, of every claim."""

import ast
import copy
import inspect
import json
import re
import shutil

import pytest

from support import fresh

pytest.importorskip("matplotlib")
RESULTS = fresh.ROOT / "benchmarks" / "results"
LOAD = """
import json
import sys
sys.path.insert(0, sys.argv[1])
import claims
print(json.dumps([one.texts() for one in claims.load().values()]))
"""


def committed(name="claims"):
    """A committed result."""
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def evidence(monkeypatch):
    """The module that writes the page, without pictures."""
    monkeypatch.syspath_prepend(str(fresh.ROOT / "docs"))
    import evidence

    monkeypatch.setattr(
        evidence.evidence_plots, "draw", lambda plot, folder, name: ["a.svg", "b.svg"]
    )
    return evidence


def test_every_claim_of_the_code_has_a_result_of_its_present_setting():
    pytest.importorskip("jax")
    pytest.importorskip("sklearn")
    code = json.loads(fresh.run(LOAD, fresh.ROOT / "benchmarks").splitlines()[-1])
    kept = committed()
    assert kept["quick"] is False
    assert [one["name"] for one in kept["claims"]] == [one["name"] for one in code]
    for one, texts in zip(kept["claims"], code, strict=True):
        assert {name: one[name] for name in texts} == texts


TWICE = {"ours", "expected", "passed"}


def leaves(value, path=()):
    """Paths of all numbers and verdicts below a value."""
    if isinstance(value, (dict, list)):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in parts:
            yield from leaves(one, (*path, key))
    elif isinstance(value, (int, float)):
        yield path


def changed(value, path):
    """A copy with one number or verdict changed."""
    found = inner = copy.deepcopy(value)
    for key in path[:-1]:
        inner = inner[key]
    old = inner[path[-1]]
    inner[path[-1]] = (not old) if isinstance(old, bool) else old * 1.5 + 1
    return found


def shown(name, path):
    """Whether a figure of a result is one of those that the page shows."""
    words = {str(part) for part in path}
    if name == "claims":
        return bool(words & {"figures", *TWICE})
    if name == "equal_weights":
        ours = words & {"schemes", "models"} or "largest difference" not in words
        return "places" in words and "within 1e-5" not in words and bool(ours)
    if name == "trainability":
        lists = words & {"learned before, not now", "do not learn", "errors"}
        return "arms" in words and not lists and bool(words & {"learn", "percent"})
    return path[0] == "verdicts"


@pytest.mark.parametrize(
    "name", ["claims", "equal_weights", "trainability", "foretelling"]
)
def test_a_figure_of_the_results_is_one_of_the_page(evidence, tmp_path, name):
    results = tmp_path / "results"
    shutil.copytree(RESULTS, results, ignore=shutil.ignore_patterns("*.svg"))
    before, result = evidence.page(tmp_path, results).splitlines(), committed(name)
    for path in filter(lambda path: shown(name, path), leaves(result)):
        (results / f"{name}.json").write_text(json.dumps(changed(result, path)))
        after = evidence.page(tmp_path, results).splitlines()
        lines = sum(map(str.__ne__, after, before))
        # The overview's figures stand in the section, too.
        assert lines >= 1 + (path[-1] in TWICE), path


def test_no_figure_is_typed_by_hand(evidence):
    """Twin of the test above: words of the page's own have no digits."""
    tree = ast.parse(inspect.getsource(evidence))
    ignored = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FormattedValue) and node.format_spec:
            ignored |= {id(one) for one in ast.walk(node.format_spec)}
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "re.sub":
            ignored |= {id(one) for one in ast.walk(node)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in ignored
    ]
    assert len(texts) > 50
    assert not [text for text in texts if re.search(r"\d", text) and text != "utf-8"]


def test_every_claim_is_told_whole(evidence, tmp_path):
    text = evidence.page(tmp_path)
    result = committed()
    for one in result["claims"]:
        _, _, section = text.partition(f"### {evidence.heading(one)}\n")
        section = section.partition("\n### ")[0]
        assert f"claims.py --only {one['name']}\n" in section
        for field in ("published", "setting", "rule", "quantity", "tried"):
            assert one[field] in section, (one["name"], field)
        assert f"**{evidence.VERDICT[one['passed']]}**" in section
        assert f": here {evidence.text(one['ours'])}; the paper" in section
        if one["expected"] is not None:
            assert f"the paper's {evidence.text(one['expected'])}, ratio" in section
        assert f"](#{evidence.anchor(evidence.heading(one))})" in text
    passed = sum(one["passed"] for one in result["claims"])
    assert f"\n{passed} of {len(result['claims'])} pass." in text


def test_plots_are_drawn_from_the_results(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(fresh.ROOT / "docs"))
    import evidence_plots

    curves = {"a": {"at": [1, 2, 3], "values": [1.0, None, 3.0]}}
    plot = {"kind": "curves", "of": "loss", "along": "step", "log": True}
    light, dark = evidence_plots.draw(plot | {"values": curves}, tmp_path, "one")
    first = (tmp_path / light).read_bytes()
    assert b"loss" in first
    assert (tmp_path / dark).read_bytes() != first
    evidence_plots.draw(plot | {"values": curves}, tmp_path, "one")
    assert (tmp_path / light).read_bytes() == first
    curves["a"]["values"][0] = 2.0
    evidence_plots.draw(plot | {"values": curves}, tmp_path, "one")
    assert (tmp_path / light).read_bytes() != first
    for values in ({"a": 1.0, "b": [1.0, 2.0]}, {"a": {"x": 1.0, "y": 2.0}}):
        bars = {"kind": "bars", "of": "accuracy", "log": False, "values": values}
        light, _ = evidence_plots.draw(bars, tmp_path, "two")
        assert b"accuracy" in (tmp_path / light).read_bytes()
