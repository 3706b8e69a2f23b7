"""The report: for people a table, for programs rows and plain JSON."""

import dataclasses
import io
import json
import math

import keras
import numpy as np
import pytest
from rich.console import Console

from keras_inits._utils.tensor_std import tensor_std
from keras_inits.models.initialize import initialize
from keras_inits.models.report import KeptWeight
from support.model_zoo import ZOO, dense, row, sequential, weights

layers = keras.layers
COLUMNS = [
    *("path", "layer", "role", "shape", "dtype", "fan_in", "fan_out"),
    *("scheme", "target_std", "drawn_std", "rule", "why", "note"),
    *("std_before", "std_after", "factor"),
]


@pytest.fixture(scope="module")
def report():
    """Of a model with a frozen layer and an optimizer."""
    model = sequential()
    model.layers[0].trainable = False
    model.compile("adam")
    return initialize(model, {"head": "lecun_normal", "*": "he_fan_in"}, seed=7)


def test_a_row_tells_all_about_a_weight(report):
    found = dataclasses.asdict(row(report, "depthwise_conv2d[0]/kernel"))
    assert list(found) == COLUMNS
    assert found.pop("drawn_std") == pytest.approx(math.sqrt(2 / 9), rel=0.5)
    assert found.pop("target_std") == pytest.approx(math.sqrt(2 / 9))
    assert found == {
        "path": "depthwise_conv2d[0]/kernel",
        "layer": "DepthwiseConv2D",
        "role": "kernel",
        "shape": (3, 3, 6, 2),
        "dtype": "float32",
        "fan_in": 9,
        "fan_out": 18,
        "scheme": "HeFanIn()",
        "rule": "'*'",
        "why": "",
        "note": "",
        "std_before": None,
        "std_after": None,
        "factor": None,
    }


def test_what_is_left_alone_says_why(report):
    assert report.left_alone[0] == KeptWeight(
        path="conv2d[0]/kernel",
        layer="Conv2D",
        role="kernel",
        shape=(3, 3, 4, 6),
        dtype="float32",
        why="frozen",
    )


def test_the_printed_table_has_every_weight_on_a_line(report):
    text = str(report)
    lines = text.splitlines()
    for one in report.rows + report.left_alone:
        assert sum(line.startswith(f"{one.path} ") for line in lines) == 1
    (line,) = [line for line in lines if line.startswith("head/kernel")]
    assert [cell.strip() for cell in line.split("│")] == [
        *("head/kernel", "Dense", "kernel", "5×3", "5 → 3", "LecunNormal()"),
        *("0.4472", f"{row(report, 'head/kernel').drawn_std:.4g}", "'head'"),
    ]
    parameters = sum(math.prod(one.shape) for one in report.rows)
    assert report.parameters == parameters
    assert lines[-1] == (
        f"10 weights, {parameters} parameters set; 2 left alone; "
        "optimizer reset: Adam; seed=7"
    )
    assert repr(report) == f"<InitializationReport: {lines[-1]}>"


def test_the_table_fits_a_narrow_terminal_and_loses_nothing(report):
    file = io.StringIO()
    Console(file=file, width=90).print(report)
    printed = file.getvalue()
    assert max(map(len, printed.splitlines())) <= 90
    assert "…" not in printed


def test_names_with_brackets_are_no_markup():
    """Rich would take `[bold]` for a style."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="a[bold]b")])
    assert "a[bold]b/kernel" in str(initialize(model, "he_normal", seed=7))


def test_a_dry_run_says_so():
    found = initialize(dense(5, 6), "he_normal", seed=7, dry_run=True)
    assert str(found).endswith(
        "2 weights, 36 parameters would be set (dry run); seed=7"
    )


def test_notebooks_show_a_table(report):
    html = report._repr_html_()
    assert html.startswith("<pre")
    assert "depthwise_conv2d[0]/kernel" in html.replace("</span>", "")


def test_a_reason_of_auto_is_a_field_and_stands_behind_it_in_the_table():
    found = initialize(dense(5, 6), "auto", seed=7)
    kernel = row(found, "dense[0]/kernel")
    assert (kernel.rule, kernel.why) == ("auto", "linear head")
    assert row(found, "dense[0]/bias").why == ""
    assert "auto: linear head" in str(found)


def test_rows_do_not_change(report):
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.rows[0].note = "other"


@pytest.mark.parametrize("name", ZOO)
def test_the_report_is_plain_json(name):
    found = initialize(ZOO[name](), "he_normal", seed=7)
    plain = found.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert set(plain) == {
        "rows",
        "left_alone",
        "seed",
        "optimizers",
        "dry_run",
        "notes",
    }
    assert len(plain["rows"]) == len(found.rows)


def test_rows_make_a_data_frame(report):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(report.rows)
    assert list(frame.columns) == COLUMNS
    assert frame.set_index("path").fan_in["head/kernel"] == 5


@pytest.mark.parametrize(
    "scheme",
    [
        *("he_normal", "he_uniform", "lecun_normal", "glorot_uniform", "orthogonal"),
        *("random_normal", "random_uniform", "truncated_normal", "torch_default"),
        *("standard_normal", "zeros", "ones"),
    ],
)
def test_the_target_is_what_is_drawn(scheme):
    """Five standard errors; those of a uniform are smaller. Twin: 3 % is noticed."""
    model = dense(150, 200, 170)
    found = initialize(model, scheme, seed=7)
    for kernel in ("dense[0]/kernel", "dense[1]/kernel"):
        told = row(found, kernel)
        error = 5 / math.sqrt(2 * math.prod(told.shape))
        assert error < 0.03
        assert told.drawn_std == pytest.approx(told.target_std, rel=error)
        exact = weights(model)[kernel].astype(np.float64).std()
        assert told.drawn_std == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("shift", [0.0, 0.01, 3.0, 1e4])
def test_the_std_of_values_is_right_whatever_their_mean(shift):
    array = np.random.RandomState(1).normal(shift, 1.0, (50, 40)).astype("float32")
    expected = array.astype(np.float64).std()
    assert tensor_std(keras.ops.convert_to_tensor(array)) == pytest.approx(
        expected, rel=1e-5
    )


def test_the_std_of_many_values_has_five_digits():
    """One float32 sum over all of them has four."""
    some = np.random.RandomState(1).normal(0.0, 1.0, 2**20).astype("float32")
    found = tensor_std(np.tile(some, 32))
    assert found == pytest.approx(some.astype(np.float64).std(), rel=1e-5)


def test_large_values_have_a_std():
    """Though their squares overflow."""
    values = keras.ops.convert_to_tensor(np.float32([1e30, -1e30]))
    assert tensor_std(values) == pytest.approx(1e30, rel=1e-6)


def test_no_values_have_no_std():
    assert tensor_std(keras.ops.zeros((0, 3))) is None
