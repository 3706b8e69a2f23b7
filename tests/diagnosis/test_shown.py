"""Diagnoses as data, side by side, and in TensorBoard's files."""

import dataclasses
import json
import math

import numpy as np
import pytest

from keras_inits.diagnosis.show import tensorboard
from support.diagnosed import examples


def test_json_holds_every_figure_also_those_that_json_has_not():
    diagnosis = examples.broken()
    found = json.loads(diagnosis.to_json(), parse_constant=pytest.fail)
    assert found["verdict"] == "unhealthy"
    assert found["loss"] == "NaN"
    assert math.isnan(float(found["loss"]))
    for record, row in zip(diagnosis.records, found["records"], strict=True):
        assert row["name"] == record.name
        assert row["out"]["shape"] == list(record.out.shape)
        assert float(row["out"]["mean"]) == pytest.approx(record.out.mean, nan_ok=True)
    assert len(found["weights"]) == len(diagnosis.weights)
    assert found["findings"][0]["fix"] == diagnosis.findings[0].fix
    infinite = dataclasses.replace(diagnosis, loss=-math.inf)
    assert json.loads(infinite.to_json(indent=None))["loss"] == "-Infinity"


def test_a_dict_holds_plain_values():
    found = examples.vanishing().to_dict()
    assert found["records"][0]["out"]["std"] == examples.vanishing().records[0].out.std
    assert found["verdict"] == "unhealthy"


def test_repr_is_a_line_and_notebooks_get_the_table():
    diagnosis = examples.vanishing()
    count = len(diagnosis.findings)
    assert repr(diagnosis).startswith(
        f"<Diagnosis of 'vanishing': unhealthy, {count} find"
    )
    assert "hidden_11" in diagnosis._repr_html_()
    assert "<script>" not in examples.broken()._repr_html_()


def test_two_are_compared_layer_by_layer(monkeypatch):
    ill, sound = examples.vanishing(), examples.healthy()
    found = ill.compare(sound)
    assert [row.layer for row in found.rows] == [r.label for r in ill.records]
    for row in found.rows:
        assert row.first.name == row.second.name == row.layer
    plain = found.to_dict()
    assert plain["first"]["verdict"] == "unhealthy"
    assert plain["second"]["verdict"] == "healthy"
    assert plain["layers"][3]["first"]["std"] == ill.records[3].out.std
    assert plain["layers"][3]["second"]["gradient"] == sound.records[3].gradient.std
    monkeypatch.setenv("FORCE_COLOR", "1")  # as notebooks do
    printed = str(found)
    assert "\x1b" not in printed + str(ill)
    assert "1  vanishing: unhealthy" in printed
    assert "2  healthy: healthy" in printed
    row = next(line for line in printed.splitlines() if " hidden_0 " in line)
    stds = [float(cell) for cell in row.split()[1:3]]
    expected = [d.records[0].out.std for d in (ill, sound)]
    assert stds == pytest.approx(expected, rel=0.1, abs=0.01)


def test_layers_of_one_side_only_are_compared_with_nothing():
    found = examples.healthy().compare(examples.zeros())
    assert len(found.rows) == examples.DEPTH + 1
    alone = [row.layer for row in found.rows if row.second is None]
    assert alone == [f"hidden_{place}" for place in range(3, examples.DEPTH)]
    back = examples.zeros().compare(examples.healthy())
    assert [row.layer for row in back.rows if row.first is None] == alone
    assert back.to_dict()["layers"][-1]["first"]["std"] is None


def test_only_diagnoses_are_compared():
    with pytest.raises(ValueError, match="`other` must be a Diagnosis"):
        examples.healthy().compare("healthy")


def test_event_files_hold_scalars_histograms_and_findings(tmp_path):
    event_accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    make_ndarray = pytest.importorskip("tensorboard.util.tensor_util").make_ndarray
    diagnosis = examples.vanishing()
    diagnosis.log(tmp_path, step=7)
    events = event_accumulator.EventAccumulator(str(tmp_path)).Reload()
    (std,) = events.Tensors("output_std/hidden_3")
    value = make_ndarray(std.tensor_proto)
    assert std.step == 7
    assert value == pytest.approx(diagnosis.record("hidden_3").out.std, rel=1e-6)
    (text,) = events.Tensors("findings")
    words = make_ndarray(text.tensor_proto)
    assert diagnosis.findings[0].message in words.item().decode()
    (drawn,) = events.Tensors("output/hidden_3")
    bins = make_ndarray(drawn.tensor_proto)
    assert bins[:, 2].sum() == sum(diagnosis.record("hidden_3").out.histogram)


def test_histograms_are_rebuilt_bin_by_bin():
    out = examples.healthy().record("head").out
    counts, _ = np.histogram(tensorboard.values(out), len(out.histogram), out.edges)
    assert tuple(counts) == out.histogram
