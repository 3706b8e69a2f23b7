"""The demo judges by `diagnose`, trains, saves, reopens and draws."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
import rich.console

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

import keras
import matplotlib.colors
import matplotlib.image

import keras_inits
from keras_inits import cli
from keras_inits.demo import main, picture, training

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(  # Keras's own, where it saves on TensorFlow
        "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    ),
]

VERDICTS = {  # of both networks, unless one is named
    "zeros": "unhealthy: vanishing signal, no gradient,",
    "too-small normal": "unhealthy: vanishing signal",
    "random uniform": "suspicious: vanishing signal",
    "Xavier": "healthy",
    "He": "healthy",
    "orthogonal": "healthy",
    ("relu", "too-large normal"): "suspicious: exploding signal, confident head",
    ("relu", "standard normal"): "suspicious: exploding signal, confident head",
    ("tanh", "too-large normal"): "suspicious: saturated activation",
    ("tanh", "standard normal"): "suspicious: exploding gradient, saturated",
}


def names(folder):
    return {path.name for path in folder.iterdir()}


def some(monkeypatch, *starts, networks=("relu", "tanh")):
    """Leaves a part of the demo, for speed."""
    kept = {start: training.STARTS[start] for start in starts}
    for module in (training, main, picture):
        monkeypatch.setattr(module, "STARTS", kept)
        own = {key: training.NETWORKS[key] for key in networks}
        monkeypatch.setattr(module, "NETWORKS", own, raising=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The whole demo: its folder, exit code, and rows of its table by network."""
    folder = tmp_path_factory.mktemp("demo") / "new" / "folder"
    printed = io.StringIO()
    console = rich.console.Console(file=printed, width=120)
    code = main.run(folder, 0, 10, console)
    text = printed.getvalue()
    _, relu, tanh = re.split(r"^ *(?:ReLU|tanh) network *$", text, flags=re.MULTILINE)
    return folder, code, text, {"relu": relu, "tanh": tanh}


def row(whole, activation, start):
    """Cells of one row of the table."""
    lines = whole[3][activation].splitlines()
    (line,) = [line for line in lines if line.startswith(f"  {start} ")]
    return [cell.strip() for cell in re.split(r" {2,}", line.strip())]


@pytest.mark.slow
@pytest.mark.parametrize("activation", training.NETWORKS)
@pytest.mark.parametrize("start", training.STARTS)
def test_the_verdict_before_training_tells_what_training_makes(
    start, activation, whole
):
    _, loss, _, _, halved, accuracy, verdict = row(whole, activation, start)
    expected = VERDICTS.get((activation, start)) or VERDICTS[start]
    assert verdict == expected
    right = float(accuracy.removesuffix("%"))
    if verdict.startswith("unhealthy"):
        assert right < 15  # of ten digits
        assert halved == ("diverged" if "exploding" in verdict else "never")
    if verdict == "healthy":
        assert right > 90
        assert 1 <= int(halved) <= 7
    if "vanishing" in verdict or verdict == "healthy":
        assert float(loss) < 4  # guessing costs ln 10 = 2.30
    if verdict.startswith("suspicious") and "signal" in verdict:
        assert right < 15  # by SGD; Adam may make up for it
    elif verdict.startswith("suspicious"):
        assert 15 < right < 90
        assert float(loss) > 4


@pytest.mark.slow
def test_what_vanishes_and_explodes_shows_in_the_std_of_the_last_layer(whole):
    def growth(activation, start):
        first, last = (float(cell) for cell in row(whole, activation, start)[2:4])
        return last / first

    assert growth("relu", "too-small normal") < 1e-7
    assert 0.3 < growth("relu", "He") < 3
    assert growth("relu", "standard normal") > 1e4
    assert row(whole, "tanh", "zeros")[2:4] == ["0", "0"]


@pytest.mark.slow
def test_every_model_and_the_picture_are_written_and_nothing_else(whole):
    folder, code, text, _ = whole
    assert code == 0
    models = {
        f"{activation}-{start.lower().replace(' ', '-')}.keras"
        for activation in training.NETWORKS
        for start in training.STARTS
    }
    assert len(models) == 16
    assert names(folder) == models | {"picture.png"}
    assert "all 16 models predict what they did" in text
    assert str(folder / "picture.png") in text.replace("\n", "")


@pytest.mark.slow
def test_a_saved_model_is_the_trained_one(whole):
    x, y = training.digits(0)[2:]
    model = keras.saving.load_model(whole[0] / "tanh-he.keras")
    assert type(model.layers[0].kernel_initializer) is keras_inits.HeFanIn
    right = np.mean(keras.ops.convert_to_numpy(model(x)).argmax(axis=-1) == y)
    assert f"{right:.1%}" == row(whole, "tanh", "He")[5]


@pytest.mark.slow
def test_the_picture_shows_every_start_in_its_colour(whole):
    pixels = matplotlib.image.imread(whole[0] / "picture.png")
    assert pixels.shape == (1600, 1700, 4)
    colours = (pixels[..., :3] * 255).round().astype(int)
    third = len(colours) // 3
    for _, colour in training.STARTS.values():
        wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
        same = (abs(colours - wanted) < 3).all(axis=-1)
        for part in (same[:third], same[third : 2 * third], same[2 * third :]):
            assert part.sum() > 100, colour


def test_a_run_is_judged_by_diagnose_as_a_user_would_call_it():
    x, y, *_ = training.digits(0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    keras.utils.set_random_seed(5)
    model = training.network("tanh", keras_inits.HeFanIn())
    expected = keras_inits.diagnose(model, x, y, loss=loss, batches=8)
    with pytest.MonkeyPatch.context() as patch:
        some(patch, "He", networks=["tanh"])
        (run,) = training.every_run(training.digits(0), 5, 1)
    assert run.diagnosis.findings == expected.findings
    assert run.losses[0] == pytest.approx(expected.loss)
    assert run.hidden[-1].std() == pytest.approx(expected.records[7].out.std, rel=1e-3)
    assert run.losses[1] < run.losses[0]


def test_training_starts_anew_for_each_start(monkeypatch):
    """One compiled model trains them all; the second must not go on from the first."""
    some(monkeypatch, "He", networks=["tanh"])
    he = training.STARTS["He"]
    monkeypatch.setattr(training, "STARTS", {"one": he, "two": he})
    one, two = training.every_run(training.digits(0), 0, 1)
    np.testing.assert_allclose(one.losses, two.losses, rtol=1e-4)
    np.testing.assert_allclose(one.logits, two.logits, rtol=1e-3, atol=1e-3)


def test_the_digits_are_split_without_overlap_and_scaled_by_the_training_part():
    x, y, x_test, y_test = training.digits(seed=0)
    assert (x.shape, x_test.shape) == ((1437, 64), (360, 64))
    assert (y.shape, y_test.shape) == ((1437,), (360,))
    assert abs(x.mean(axis=0)).max() < 1e-5
    assert not np.array_equal(training.digits(seed=1)[3], y_test)
    rows = {row.tobytes() for row in np.concatenate([x, x_test])}
    assert len(rows) == 1797  # no digit is there twice


@pytest.mark.parametrize(
    ("found", "equal"),
    [
        ([1000.0, 1.0, np.nan], True),
        ([1000.005, 1.0, np.nan], True),  # threads add in another order
        ([1000.02, 1.0, np.nan], False),
        ([1000.0, 1.0, 0.0], False),
        ([1000.0, np.nan, np.nan], False),
        ([np.inf, 1.0, np.nan], False),
    ],
)
def test_predictions_are_the_same_or_not(found, equal):
    assert main.same(np.array([1000.0, 1.0, np.nan]), np.array(found)) is equal


@pytest.mark.slow
def test_a_model_that_changed_on_disk_or_does_not_open_is_found(
    tmp_path, monkeypatch, capsys
):
    some(monkeypatch, "Xavier", "He", networks=["relu"])
    data = training.digits(0)
    runs = list(training.every_run(data, 0, 1))
    for one in runs:
        one.model.save(tmp_path / one.file)
    tampered = keras.saving.load_model(tmp_path / "relu-he.keras")
    tampered.layers[3].kernel.assign(tampered.layers[3].kernel * 1.01)
    tampered.save(tmp_path / "relu-he.keras")
    assert main.changed(runs, tmp_path, data[2]) == ["relu-he.keras"]
    (tmp_path / "relu-xavier.keras").write_bytes(b"nothing")
    assert main.changed(runs, tmp_path, data[2]) == [one.file for one in runs]
    assert "relu-xavier.keras" in capsys.readouterr().err


def test_the_demo_fails_where_a_prediction_differs(tmp_path, monkeypatch, capsys):
    some(monkeypatch, "He")
    monkeypatch.setattr(main, "changed", lambda runs, folder, x: ["relu-he.keras"])
    assert cli.main(["demo", "--out", str(tmp_path), "--epochs", "1"]) == 1
    printed = capsys.readouterr().out
    assert "1 of 2 models do not predict what they did: ['relu-he.keras']" in printed


@pytest.mark.parametrize("stopped", ["training", "saving", "drawing"])
def test_a_run_that_is_stopped_leaves_no_half_file(stopped, tmp_path, monkeypatch):
    some(monkeypatch, "He")

    def stops(*args, **kwargs):
        raise KeyboardInterrupt

    def half(self, path, *args, **kwargs):
        if stopped == "saving" and "tanh" in Path(path).name:
            Path(path).write_bytes(b"half")
            raise KeyboardInterrupt
        save(self, path, *args, **kwargs)

    def half_drawn(runs):
        figure = draw(runs)
        figure.savefig = lambda path: (path.write_bytes(b"half"), stops())
        return figure

    save, draw = keras.Model.save, picture.figure
    monkeypatch.setattr(keras.Model, "save", half)
    if stopped == "training":
        monkeypatch.setattr(keras.Model, "fit", stops)
    if stopped == "drawing":
        monkeypatch.setattr(picture, "figure", half_drawn)
    console = rich.console.Console(file=io.StringIO())
    with pytest.raises(KeyboardInterrupt):
        main.run(tmp_path, 0, 1, console)
    written = {"training": [], "saving": ["relu-he"], "drawing": ["relu-he", "tanh-he"]}
    assert names(tmp_path) == {f"{name}.keras" for name in written[stopped]}
    for path in tmp_path.iterdir():
        keras.saving.load_model(path)  # whole


def test_the_picture_has_a_histogram_for_each_hidden_layer(monkeypatch):
    some(monkeypatch, "zeros", "too-small normal", networks=["tanh"])
    runs = list(training.every_run(training.digits(0), 0, 1))
    drawn = picture.figure(runs)
    dead, small = drawn.subfigs[1].axes
    assert [text.get_text() for text in dead.texts] == ["all 0"] * training.DEPTH
    assert not dead.collections
    assert len(small.collections) == training.DEPTH
    spans = []
    for place, filled in enumerate(small.collections):
        colour = matplotlib.colors.to_rgb(training.STARTS["too-small normal"][1])
        assert tuple(filled.get_facecolor()[0, :3]) == colour
        outline = filled.get_paths()[0].vertices
        assert outline[:, 1].min() == -place  # one below the other
        assert outline[:, 1].max() == pytest.approx(0.9 - place)
        raised = outline[outline[:, 1] > -place + 1e-9, 0]
        spans.append(raised.max() - raised.min())
    assert spans[0] > 0.2 > 0.05 > spans[-1]  # the signal vanishes
