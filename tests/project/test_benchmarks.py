"""The benchmarks run, and what they write is complete; how fast is not asked."""

import json
import os

import keras
import numpy as np
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


def test_random_networks_are_trained_once_and_summed_up(tmp_path):
    pytest.importorskip("jax")
    pytest.importorskip("sklearn")
    lines, file = tmp_path / "lines.jsonl", tmp_path / "result.json"
    arguments = ["--quick", "--arms", "own,auto,fixes", "--first", 2, "--networks", 2]
    arguments += ["--out", lines, "--output", file]
    printed = json.loads(run("trainability.py", *arguments))
    assert json.loads(file.read_text()) == printed
    assert set(printed["arms"]) == {"own", "auto", "fixes"}
    for arm in printed["arms"].values():
        assert arm["networks"] == 2
        assert 0 <= arm["learn"] <= 2
        assert not arm["errors"]
    written = lines.read_bytes()
    assert len(written.splitlines()) == 6  # two networks, three starts
    again = json.loads(run("trainability.py", *arguments))
    assert lines.read_bytes() == written
    assert again["arms"] == printed["arms"]
    merged = json.loads(run("trainability.py", "--merge", lines))
    assert merged["arms"] == printed["arms"]
    told = json.loads(run("foretelling.py", "--merge", lines))
    assert told["networks"] == 2
    assert told["learn"] == printed["arms"]["own"]["learn"]
    assert sum(entry["networks"] for entry in told["verdicts"].values()) == 2
    chart = tmp_path / "chart.svg"
    run("trainability_chart.py", file, "--output", chart)
    assert b"<svg" in chart.read_bytes()


def test_a_random_network_is_a_function_of_its_seed(monkeypatch):
    monkeypatch.syspath_prepend(str(fresh.ROOT / "benchmarks"))
    import random_networks

    model, what = random_networks.network(3)
    again, same = random_networks.network(3)
    assert what == same
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert {random_networks.describe(seed)["kind"] for seed in range(40)} == set(
        random_networks.KINDS
    )


def test_the_area_counts_ties_half(monkeypatch):
    monkeypatch.syspath_prepend(str(fresh.ROOT / "benchmarks"))
    import trainability_summary as summary

    assert summary.area([3, 0, 2], [False, True, True]) == 1
    assert summary.area([0, 3, 2], [False, True, True]) == 0
    assert summary.area([1, 1], [False, True]) == 0.5
    assert summary.area([1, 1], [True, True]) is None


def test_the_check_of_a_timed_call_refuses_another_distribution(monkeypatch):
    """Twin: what is timed must also be right."""
    monkeypatch.syspath_prepend(str(fresh.ROOT / "benchmarks"))
    import peers

    calls = peers.calls("he_normal", (256, 300))
    peers.check("he_normal", (256, 300), calls)
    with pytest.raises(RuntimeError, match="drew no uniform"):
        peers.check("uniform", (256, 300), calls)


def test_claims_are_measured_beside_what_was_published(tmp_path):
    pytest.importorskip("jax")
    pytest.importorskip("sklearn")
    file, names = tmp_path / "claims.json", ["delta_orthogonal", "between_layer"]
    printed = json.loads(run("claims.py", "--only", *names, "--output", file))
    assert json.loads(file.read_text()) == printed
    assert [one["name"] for one in printed["claims"]] == names
    for one in printed["claims"]:
        for field in ("paper", "published", "setting", "rule", "quantity"):
            assert one[field], field
        assert one["plot"]["values"]
        assert one["passed"] is True
        assert one["figures"]
    spread = printed["claims"][1]["figures"]
    assert spread["between_layer"] < 1.01 < spread["within_layer"]
    assert spread["inverse ratio"] > spread["within_layer"]  # twin
    again = json.loads(run("claims.py", "--only", names[1], "--output", file))
    assert again["claims"][0] == printed["claims"][0]  # that of another claim stays


def test_two_claims_of_one_name_are_refused(monkeypatch):
    monkeypatch.syspath_prepend(str(fresh.ROOT / "benchmarks"))
    import claim

    monkeypatch.setattr(claim, "CLAIMS", {})
    names = ("paper", "published", "setting", "rule", "quantity")
    fields = dict.fromkeys(names, "some")

    def halved(quick):
        plot = claim.bars({"found": 1 / 3}, "share")
        return claim.Measured({"found": claim.rounded(1 / 3)}, quick, 1 / 3, plot)

    claim.claim(**fields)(halved)
    assert claim.CLAIMS["halved"].run(True)["figures"] == {"found": 0.3333}
    assert claim.CLAIMS["halved"].run(False)["passed"] is False
    with pytest.raises(ValueError, match="Two claims are called halved"):
        claim.claim(**fields)(halved)
    assert claim.rounded([float("nan"), 12, True, "a"]) == [None, 12, True, "a"]


def test_long_curves_become_means(monkeypatch):
    monkeypatch.syspath_prepend(str(fresh.ROOT / "benchmarks"))
    import claim

    plot = claim.curves({"a": range(99), "b": [float("nan"), 2]}, "loss", "step")
    assert plot["values"]["a"]["at"] == list(range(1, 100, 2))
    assert plot["values"]["a"]["values"][:2] == [0.5, 2.5]
    assert plot["values"]["a"]["values"][-1] == 98
    assert plot["values"]["b"]["values"] == [None, 2]
    widths = claim.curves({"a": [1, 2]}, "size", "width", at=(128, 512))
    assert widths["values"]["a"]["at"] == [128, 512]


def test_weights_of_one_seed_are_compared_between_backends(tmp_path):
    for package in ("tensorflow", "jax", "torch"):
        pytest.importorskip(package)
    file = tmp_path / "equal_weights.json"
    printed = json.loads(run("equal_weights.py", "--quick", "--output", file))
    assert json.loads(file.read_text()) == printed
    assert set(printed["places"]) == {"PyTorch", "JAX"}
    for place in printed["places"].values():
        for group in ("schemes", "models"):
            assert place[group]["within 1e-5"] == place[group]["tensors"] > 10
        baseline = place["Keras's initializers"]  # twin: what is not equal is seen
        assert baseline["bit-equal"] < baseline["tensors"]


def test_scale_is_measured_once_and_goes_on_where_it_was_stopped(tmp_path):
    if BACKEND != "jax":
        pytest.skip("its virtual devices are JAX's")
    file = tmp_path / "scale.json"
    arguments = ["--quick", "--backends", "jax", "--output", file]
    first = json.loads(run("scale.py", *arguments, "--ways", "ours"))
    assert len(first["cases"]) == 4  # two types, on one device and on eight
    printed = json.loads(run("scale.py", *arguments, "--ways", "ours", "fill"))
    assert json.loads(file.read_text()) == printed
    assert first["cases"].items() <= printed["cases"].items()
    assert not printed["left out"]
    for one in printed["cases"].values():
        parts = {"fill"} if one["case"]["way"] == "fill" else {"build", "initialize"}
        for clock in ("seconds", "cpu", "nanoseconds a parameter"):
            assert set(one[clock]) == parts
        assert one["seconds"][min(parts)]["median"] > 0
        if "fill" not in parts:
            assert one["model"] == one["counted"]  # the model is what the size says
            assert set(one["memory by model"]) == parts
