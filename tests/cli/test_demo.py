"""The demo's findings follow the figures, and its check of saved models can fail."""

import dataclasses
import io
import math

import numpy as np
import pytest
import rich.console

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

import keras

from keras_inits import cli, demo
from keras_inits._utils import atomic_file
from keras_inits.demo import (
    digits,
    judge,
    network,
    picture,
    reload,
    table,
    train,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(  # Keras's own, where it saves on TensorFlow
        "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    ),
]

STARTS = "zeros", "too-small normal", "standard normal", "He"
HEALTHY = judge.Figures(
    stds=(0.6, 0.5, 0.55),
    distinct=(64, 64),
    units=64,
    saturated=0.0,
    start_loss=2.4,
    end_loss=0.01,
    accuracy=0.97,
)


def start(**changes):
    return judge.judge(dataclasses.replace(HEALTHY, **changes)).start


def outcome(**changes):
    return judge.judge(dataclasses.replace(HEALTHY, **changes)).outcome


def test_healthy_figures_are_called_healthy():
    assert str(judge.judge(HEALTHY)) == "healthy (×0.96 a layer); learned"


@pytest.mark.parametrize(
    ("word", "ill", "well"),
    [
        ("symmetric", {"distinct": (1, 1)}, {"distinct": (2, 2)}),
        ("vanishing", {"stds": (1.0, 0.4, 0.2)}, {"stds": (1.0, 0.8, 0.7)}),
        ("vanishing", {"stds": (1.0, 0.4, 0.0)}, {"stds": (1.0, 0.8, 0.7)}),
        ("exploding", {"stds": (1.0, 2.0, 4.0)}, {"stds": (1.0, 2.0, 1.0)}),
        ("exploding", {"stds": (1.0, 2.0, math.nan)}, {"stds": (1.0, 1.0, 1.0)}),
        ("exploding", {"stds": (0.0, 0.0, 1.0)}, {"stds": (1.0, 1.0, 1.0)}),
        ("saturated", {"saturated": 0.4}, {"saturated": 0.1}),
        ("overconfident", {"start_loss": 8.0}, {"start_loss": 4.0}),
        ("overconfident", {"start_loss": math.nan}, {"start_loss": 2.3}),
        ("shrinking", {"stds": (1.0, 0.7, 0.4)}, {"stds": (1.0, 0.9, 0.8)}),
        ("growing", {"stds": (1.0, 1.5, 2.0)}, {"stds": (1.0, 1.1, 1.2)}),
    ],
)
def test_each_ill_has_its_word_and_its_healthy_twin_has_not(word, ill, well):
    assert start(**ill) == word
    assert start(**well) == "healthy"


def test_the_factor_of_a_layer_does_not_depend_on_depth():
    for depth in (2, 8, 30):
        stds = tuple(3.0 * 0.7**place for place in range(depth))
        assert judge.factor_per_layer(stds) == pytest.approx(0.7)


def test_outcomes_follow_loss_and_accuracy():
    assert outcome() == "learned"
    assert outcome(accuracy=0.5) == "learned in part"
    assert outcome(accuracy=0.1) == "did not learn"
    assert outcome(accuracy=0.1, end_loss=math.nan) == "diverged"
    assert outcome(accuracy=0.1, end_loss=math.inf) == "diverged"


def test_whether_symmetry_stays_is_told():
    stays = dataclasses.replace(HEALTHY, distinct=(1, 1))
    breaks = dataclasses.replace(HEALTHY, distinct=(1, 64))
    assert judge.judge(stays).reason == "64 units stay alike"
    assert judge.judge(breaks).reason == "64 units alike until trained"


def test_units_are_alike_only_if_they_agree_on_every_example():
    alike = np.tile(np.arange(5.0)[:, None], 3)
    assert judge.distinct_units(alike) == 1
    alike[4, 2] += 1e-6
    assert judge.distinct_units(alike) == 2


def test_the_loss_of_a_network_that_does_not_know_is_the_log_of_the_classes():
    labels = np.array([0, 3, 9])
    assert network.cross_entropy(np.zeros((3, 10)), labels) == pytest.approx(
        math.log(10)
    )
    sure = 1000.0 * np.eye(10, dtype="float32")[labels]
    assert network.cross_entropy(sure, labels) == 0.0
    assert network.cross_entropy(-sure, labels) == pytest.approx(1000 + math.log(9))


def test_the_digits_are_split_without_overlap_and_scaled_by_the_training_part():
    data = digits.load(seed=0)
    assert (data.x_train.shape, data.x_test.shape) == ((1437, 64), (360, 64))
    assert abs(data.x_train.mean(axis=0)).max() < 1e-5
    assert not np.array_equal(digits.load(seed=1).y_test, data.y_test)
    rows = {row.tobytes() for row in np.concatenate([data.x_train, data.x_test])}
    assert len(rows) == 1797  # no digit is there twice


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    atomic_file.write(path, lambda temporary: temporary.write_text("first"))

    def fails(temporary):
        temporary.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        atomic_file.write(path, fails)
    assert path.read_text() == "first"
    assert [found.name for found in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    ("actual", "equal"),
    [
        ([1000.0, 1.0, np.nan], True),
        ([1000.005, 1.0, np.nan], True),  # threads add in another order
        ([1000.02, 1.0, np.nan], False),
        ([1000.0, 1.0, 0.0], False),
        ([1000.0, np.nan, np.nan], False),
        ([np.inf, 1.0, np.nan], False),
        ([1000.0, 1.0], False),
    ],
)
def test_predictions_are_equal_or_not(actual, equal):
    expected = {"model": np.array([1000.0, 1.0, np.nan])}
    found = reload.differing(expected, {"model": np.array(actual)})
    assert found == ([] if equal else ["model"])


def test_a_model_that_did_not_open_counts_as_differing():
    assert reload.differing({"model": np.zeros(3)}, {}) == ["model"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder in which the demo ran with half of the starts, its exit code and what
    it printed."""
    folder = tmp_path_factory.mktemp("demo") / "new" / "folder"
    printed = io.StringIO()
    starts = {name: network.STARTS[name] for name in STARTS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "STARTS", starts)
        code = demo.run(folder, 3, 1, rich.console.Console(file=printed, width=140))
    return folder, code, printed.getvalue()


def test_the_demo_saves_every_model_and_a_picture_and_nothing_else(finished):
    folder, code, printed = finished
    assert code == 0
    models = {
        f"{activation}-{name.lower().replace(' ', '-')}.keras"
        for activation in network.ACTIVATIONS
        for name in STARTS
    }
    assert len(models) == 8
    assert {path.name for path in folder.iterdir()} == models | {"picture.png"}
    assert (folder / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert "all 8 models predict what they did" in printed
    assert str(folder / "picture.png") in printed.replace("\n", "")


def test_the_table_tells_the_ills_apart(finished):
    printed = finished[2]
    for words in (
        "symmetric (64 units stay alike)",
        "vanishing",
        "exploding",
        "healthy",
    ):
        assert words in printed
    for name in STARTS:
        assert printed.count(f"  {name} ") == 2


def test_there_are_eight_starts_of_the_kinds_that_people_meet():
    kinds = [type(start).__name__ for start in network.STARTS.values()]
    assert kinds == [
        "Zeros",
        "RandomNormal",
        "RandomNormal",
        "RandomUniform",
        "StandardNormal",
        "XavierNormal",
        "HeFanIn",
        "Orthogonal",
    ]
    assert set(picture.COLOURS) == set(network.STARTS)
    assert len(set(picture.COLOURS.values())) == 8


def test_a_tampered_model_and_one_that_is_broken_are_found(finished, tmp_path):
    folder, _, _ = finished
    x = digits.load(seed=3).x_test
    names = "tanh-he", "relu-he", "tanh-zeros"
    models = {name: folder / f"{name}.keras" for name in names}
    expected = {
        name: network.predict(keras.saving.load_model(path), x)
        for name, path in models.items()
    }
    tampered = keras.saving.load_model(models["relu-he"])
    kernel = tampered.layers[3].kernel
    kernel.assign(kernel * 1.01)
    models["relu-he"] = tmp_path / "tampered.keras"
    tampered.save(models["relu-he"])
    models["tanh-zeros"] = tmp_path / "broken.keras"
    models["tanh-zeros"].write_bytes(b"nothing")
    actual, complaint = reload.predictions(models, x)
    assert reload.differing(expected, actual) == ["relu-he", "tanh-zeros"]
    assert "broken.keras" in complaint


def test_the_demo_fails_where_a_prediction_differs(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(network, "STARTS", {"He": network.STARTS["He"]})
    monkeypatch.setattr(network, "ACTIVATIONS", {"relu": "ReLU"})
    monkeypatch.setattr(
        reload, "predictions", lambda models, x: ({"relu-he": np.zeros((360, 10))}, "")
    )
    assert cli.main(["demo", "--out", str(tmp_path), "--epochs", "1"]) == 1
    assert "1 of 1 models predict something else" in capsys.readouterr().out


def test_training_starts_from_the_weights_it_is_given_every_time():
    data = digits.load(seed=0)
    trainer = train.Trainer("tanh", data)
    histories = []
    for _ in range(2):
        keras.utils.set_random_seed(1)
        model = network.build("tanh", network.STARTS["Xavier"], 64, 10)
        histories.append(trainer.fit(model, 1, lambda epoch: None))
    np.testing.assert_allclose(histories[0], histories[1], rtol=1e-4)


def test_numbers_of_any_size_are_short():
    assert [table.number(value) for value in (0.0, 1e-11, 2.3026, 1.5e7, math.nan)] == [
        "0",
        "1.0e-11",
        "2.30",
        "1.5e+07",
        "nan",
    ]
