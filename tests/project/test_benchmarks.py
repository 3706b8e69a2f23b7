"""The benchmarks run, and what they write is complete; how fast is not asked."""

import json
import os

import keras
import pytest

from support import fresh

BACKEND = keras.backend.backend()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.backend("tensorflow", "jax", "torch"),  # no benchmarks on NumPy
]


def run(script, *arguments):
    """The standard output of a benchmark."""
    path = fresh.ROOT / "benchmarks" / script
    return fresh.python(path, *arguments, PYTHONWARNINGS="ignore")


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A file that `sampling.py` wrote, and what it printed."""
    file = tmp_path_factory.mktemp("results") / "sampling.json"
    groups = ["eager", "without_numba" if BACKEND == "torch" else "traced"]
    arguments = ["--quick", "--laps", 2, "--backends", BACKEND, "--output", file]
    printed = run("sampling.py", *arguments, "--groups", *groups)
    return file, json.loads(printed), groups


def test_the_file_holds_what_was_printed(result):
    file, printed, _ = result
    assert json.loads(file.read_text()) == printed
    assert not list(file.parent.glob("*.part"))


def test_machine_and_versions_are_told(result):
    _, printed, _ = result
    assert printed["quick"] is True
    assert printed["machine"]["cores"] >= 1
    assert printed["machine"]["processor"]
    assert printed["versions"]["keras"] == keras.version()
    assert os.uname().nodename not in json.dumps(printed["machine"])


def test_every_peer_is_timed_in_every_case(result):
    """First and later calls apart, with a ratio to each peer."""
    _, printed, groups = result
    (found,) = printed["backends"].values()
    assert set(found) == set(groups)
    for group in groups:
        for entry in found[group].values():
            assert {"keras_inits", "keras"} <= set(entry["seconds"])
            assert set(entry["ratios"]) == set(entry["seconds"]) - {"keras_inits"}
            for times in entry["seconds"].values():
                assert 0 < times["min"] <= times["median"] <= times["max"]
                assert times["laps"] == 2
                assert times["first"] > 0
    assert "memory fill" in next(iter(found["eager"].values()))["seconds"]


def test_a_chart_is_drawn_from_the_file(result, tmp_path):
    pytest.importorskip("matplotlib")
    chart = tmp_path / "chart.svg"
    run("chart.py", result[0], "--output", chart)
    first = chart.read_bytes()
    assert b"<svg" in first
    for text in ("million values a second", "keras_inits", "Keras on"):
        assert text.encode() in first, text
    run("chart.py", result[0], "--output", chart)
    assert chart.read_bytes() == first


def test_the_check_of_a_timed_call_refuses_another_distribution(monkeypatch):
    """Twin: what is timed must also be right."""
    monkeypatch.syspath_prepend(str(fresh.ROOT / "benchmarks"))
    import peers

    calls = peers.calls("he_normal", (256, 300))
    peers.check("he_normal", (256, 300), calls)
    with pytest.raises(RuntimeError, match="drew no uniform"):
        peers.check("uniform", (256, 300), calls)
