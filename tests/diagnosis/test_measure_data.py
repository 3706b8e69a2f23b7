"""What a diagnosis is measured on: batches, targets, noise; or what is refused."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_inits.diagnosis import diagnose

X = np.random.default_rng(0).standard_normal((12, 5)).astype("float32")


def two_layers():
    """Dense layers of unequal sizes with a rectifier between."""
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(7, "relu", bias_initializer="normal", name="first"),
            layers.Dense(3, name="second"),
        ]
    )
    random = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(random.standard_normal(weight.shape))
    return model


def close(figure, expected):
    assert figure == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_batches_are_merged():
    """Moments of two batches are those of all rows; gradients are of each batch."""
    whole = diagnose(two_layers(), X, batch_size=12).records
    parts = diagnose(two_layers(), X, batches=3, batch_size=4)
    assert (parts.batches, parts.samples) == (3, 12)
    for one, other in zip(whole, parts.records, strict=True):
        close(other.out.mean, one.out.mean)
        close(other.out.std, one.out.std)
        close(other.out.skew, one.out.skew)
        assert other.out.dead == one.out.dead
    fewer = diagnose(two_layers(), X, batches=2, batch_size=8)
    assert (fewer.batches, fewer.samples) == (2, 12)  # the last batch is smaller


def sources():
    """The same two batches, in every form."""
    yield "list of batches", lambda: [(X[:8],), (X[8:],)]
    yield "generator", lambda: (X[start : start + 8] for start in (0, 8))

    class Sequence(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return (X[index * 8 : index * 8 + 8],)

    yield "PyDataset", Sequence

    def dataset():
        import tensorflow as tf

        return tf.data.Dataset.from_tensor_slices(X).batch(8)

    def loader():
        import torch

        data = torch.utils.data.TensorDataset(torch.from_numpy(X))
        return torch.utils.data.DataLoader(data, batch_size=8)

    yield "tf.data", dataset
    yield "DataLoader", loader


@pytest.mark.parametrize(("name", "make"), list(sources()), ids=lambda v: str(v)[:12])
def test_every_source_gives_the_same_figures(name, make):
    if name == "tf.data":
        pytest.importorskip("tensorflow")
    if name == "DataLoader":
        pytest.importorskip("torch")
    model = two_layers()
    expected = diagnose(model, X, batches=2, batch_size=8)
    measured = diagnose(model, make(), batches=2)
    assert measured.records == expected.records
    assert measured.weights == expected.weights


def test_targets_come_with_the_batches():
    model = two_layers()
    model.compile("sgd", "mse")
    y = np.ones((12, 3), "float32")
    expected = diagnose(model, X, y)
    measured = diagnose(model, [(X, y)])
    assert measured.loss == expected.loss
    assert measured.loss_kind == "compiled"
    halved = diagnose(model, [(X, y, np.full(12, 0.5, "float32"))])
    close(halved.loss, expected.loss / 2)


def test_what_is_noise_fits_the_inputs():
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    mask = keras.Input((None,), dtype="int32", name="padding_mask")
    picture = keras.Input((None, None, 3), name="picture")
    x = layers.Embedding(11, 4, name="table")(tokens)
    x = x * keras.ops.expand_dims(keras.ops.cast(mask, "float32"), -1)
    y = layers.Conv2D(4, 3, name="conv")(picture)
    x = layers.GlobalAveragePooling1D()(x)
    y = layers.GlobalAveragePooling2D()(y)
    model = keras.Model(
        {"tokens": tokens, "padding_mask": mask, "picture": picture}, x + y
    )
    diagnosis = diagnose(model)
    assert diagnosis.record("table").out.shape == (32, 16, 4)
    assert diagnosis.record("conv").out.shape == (32, 62, 62, 4)
    assert diagnosis.data == "white noise"
    assert any("16" in note for note in diagnosis.notes)
    assert any("64" in note for note in diagnosis.notes)


def test_noise_is_white_behind_a_rescaling():
    start = keras.Input((5,))
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="scaled")(start)
    model = keras.Model(start, layers.Dense(2)(x))
    stats = diagnose(model, seed=3).record("scaled").out
    assert stats.mean == pytest.approx(0, abs=5 / np.sqrt(160))
    assert stats.std == pytest.approx(1, abs=5 / np.sqrt(320))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (lambda m: (m, X[:, :4]), ["shape (12, 4)", "Pass x"]),
        (lambda m: (m, X, np.ones((5, 3))), ["12 rows", "5"]),
        (lambda m: (m, None, np.ones((5, 3))), ["x=None"]),
        (lambda m: (m, iter([])), ["at least one batch"]),
        (lambda m: (m, 3), ["x=3"]),
        (lambda m: (m, iter([X]), X), ["Let x yield"]),
        (lambda m: (keras.Sequential([layers.Dense(2)]),), ["built"]),
    ],
)
def test_what_does_not_fit_is_refused_with_a_way_out(arguments, words):
    with pytest.raises(ValueError, match="Received") as error:
        diagnose(*arguments(two_layers()))
    for word in words:
        assert word in str(error.value)


def test_a_loss_without_targets_and_a_number_of_batches_of_none_are_refused():
    with pytest.raises(ValueError, match="`y` is needed"):
        diagnose(two_layers(), X, loss="mse")
    with pytest.raises(ValueError, match="batches"):
        diagnose(two_layers(), X, batches=0)


def test_a_model_whose_inputs_are_not_known_asks_for_data():
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.table = layers.Embedding(9, 4)

        def call(self, ids):
            return self.table(ids)

    model = Net()
    model(np.zeros((2, 3), "int32"))
    with pytest.raises(ValueError, match=r"diagnose\(model, x"):
        diagnose(model)
    assert diagnose(model, np.zeros((2, 3), "int32")).records


class Two(keras.Model):
    """Takes the second of its inputs first."""

    def __init__(self):
        super().__init__()
        self.second, self.first = layers.Dense(8, name="of_b"), layers.Dense(8)
        self.head = layers.Dense(1)

    def call(self, x):
        a, b = (x["a"], x["b"]) if isinstance(x, dict) else x
        return self.head(self.second(b) + self.first(a))


@pytest.mark.parametrize("form", [dict, list, tuple])
def test_the_inputs_of_a_model_in_code_are_told_apart(form):
    random = np.random.default_rng(0)
    parts = {"a": random.standard_normal((64, 4)), "b": random.standard_normal((64, 6))}

    def found(parts):
        model = Two()
        model.compile("adam", "mse")
        given = parts if form is dict else form(parts.values())
        return diagnose(model, given, parts["a"][:, :1])

    assert found(parts).verdict == "healthy"
    diagnosis = found(parts | {"b": 1e4 * parts["b"]})
    assert [f.takers for f in diagnosis.features][1] == ("of_b",)
    first = diagnosis.findings[0]
    assert (first.kind, first.layer) == ("data not standardized", "input 1")
    assert "parts[1]" in first.fix
