"""Data at fault, and the same mended: what is found, and what a fix brings."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_inits
from keras_inits import diagnose
from keras_inits.diagnosis.report import INFO
from support.diagnosed.examples import STEP

FEATURES, CLASSES, ROWS = 12, 3, 400
RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((ROWS, FEATURES)).astype("float32")
Y = (X @ RANDOM.standard_normal((FEATURES, CLASSES))).argmax(1)
IDS = RANDOM.integers(1, 41, (ROWS, 9))
WORDS = (IDS == 7).any(1).astype("float32")[:, None]


def net(*first, features=FEATURES, units=CLASSES, activation="relu", seed=1):
    """Two layers and a softmax, behind some that are given."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((features,)), *first])
    for _ in range(2):
        model.add(layers.Dense(32, activation))
    model.add(layers.Dense(units, "softmax"))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model


def reader(rows=41, mask_zero=False, embedding=None):
    """A model of token ids."""
    keras.utils.set_random_seed(1)
    embedding = embedding or layers.Embedding(
        rows, 8, mask_zero=mask_zero, name="words"
    )
    model = keras.Sequential(
        [
            keras.Input((9,), dtype="int32"),
            embedding,
            layers.GRU(8, name="gru"),
            layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return model


def column(place, function):
    x = X.copy()
    x[:, place] = function(x[:, place])
    return x


def severe(diagnosis):
    return {f.kind: f for f in diagnosis.findings if f.severity != INFO}


def pasted(finding, model, x):
    """The data and the model after a fix."""
    names = {"keras": keras, "keras_inits": keras_inits, "np": np}
    names |= {"model": model, "x": x}
    exec(compile(finding.fix, "fix", "exec"), names)
    return names["model"], names["x"]


def raw(x):
    """Whole numbers from 0 to 255, as files of pictures have them."""
    return (255 / (1 + np.exp(-2 * x))).astype("uint8")


ILL = {  # kind: a model, data and labels at fault, and data and labels mended
    "data not standardized": (net, raw(X), raw(X) / 127.5 - 1),
    "data not standardized, floats": (net, raw(X).astype("float32"), X),
    "data not standardized, tiny": (net, 1e-3 * X, X),
    "data not standardized, scaled twice": (
        lambda: net(layers.Rescaling(1 / 255)),
        raw(X) / 255 / 255,
        raw(X),
    ),
    "features of unequal size": (net, column(2, lambda c: 2e4 * c + 5e4), X),
    "constant feature": (net, np.where(np.arange(FEATURES) > 3, 1.5, X), X),
    "duplicated features": (net, X[:, [0, 1, 2, 3] * 3] * np.arange(1, 13), X),
    "not finite": (net, column(2, lambda c: np.where(c > 2.3, np.nan, c)), X),
    "token ids out of range": (reader, IDS + 1, IDS),
    "all samples masked": (lambda: reader(mask_zero=True), 0 * IDS, IDS),
}


def labels(x):
    return WORDS if x.shape[1] == 9 else Y


@pytest.mark.parametrize("kind", [*ILL][::STEP])
def test_data_at_fault_are_named_and_their_corrected_twin_is_not(kind):
    build, ill, well = ILL[kind]
    found = severe(diagnose(build(), ill, labels(ill)))
    assert kind.split(",")[0] in found
    healthy = diagnose(build(), well, labels(well))
    assert not severe(healthy), healthy


@pytest.mark.parametrize(
    "kind",
    [
        "data not standardized",
        "data not standardized, tiny",
        "features of unequal size",
        "not finite",
    ][::STEP],
)
def test_a_fix_of_the_data_heals(kind):
    """The finding is gone, and the model learns what it is given."""
    build, ill, _ = ILL[kind]
    model = build()
    finding = severe(diagnose(model, ill, Y))[kind.split(",")[0]]
    model, x = pasted(finding, model, ill)
    assert finding.kind not in severe(diagnose(model, x, Y))
    history = model.fit(x, Y, epochs=12, verbose=0).history["loss"]
    assert history[-1] < 0.5 * np.log(CLASSES)


@pytest.mark.parametrize("kind", ["constant feature", "duplicated features"])
def test_a_fix_of_features_leaves_those_that_say_something(kind):
    _, ill, _ = ILL[kind]
    _, x = pasted(severe(diagnose(net(), ill, Y))[kind], None, ill)
    assert x.shape == (ROWS, 4)
    assert not severe(diagnose(net(features=4), x, Y))


def test_unscaled_data_are_the_cause_of_what_weights_seem_to_do():
    """A tanh layer that large data saturate: drawing it anew would not help."""
    model, x = net(activation="tanh"), 15 * X  # below the size that is judged alone
    diagnosis = diagnose(model, x, Y)
    first, *rest = [f for f in diagnosis.findings if f.severity != INFO]
    assert [f.kind for f in rest] == ["saturated activation"]
    assert (first.kind, first.severity) == ("data not standardized", rest[0].severity)
    assert rest[0].cause.startswith("follows from 'data not standardized'")
    assert rest[0].fix == first.fix
    model, x = pasted(first, model, x)
    assert not severe(diagnose(model, x, Y))


def test_what_stays_with_mended_data_does_not_follow_from_them():
    model = net()
    for layer in model.layers[:2]:
        layer.kernel.assign(0 * layer.kernel)
    found = severe(diagnose(model, 1000 * X, Y))
    assert "data not standardized" in found
    assert not any("follows" in f.cause for f in found.values())
    assert "initialize" in found["no gradient"].fix


def test_raw_data_that_a_softmax_cuts_off_come_first():
    """Keras clips probabilities: behind a sure softmax no gradient is left."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((FEATURES,)), layers.Dense(CLASSES, "softmax")]
    )
    model.compile("adam", "categorical_crossentropy")
    x = 1e4 * abs(X) + 1e4
    diagnosis = diagnose(model, x, np.eye(CLASSES)[Y])
    assert diagnosis.findings[0].kind == "data not standardized"
    others = [f for f in diagnosis.findings[1:] if f.severity != INFO]
    assert all("follows from" in f.cause for f in others)


@pytest.mark.parametrize(
    "scale", [layers.Rescaling, layers.Normalization, layers.BatchNormalization]
)
def test_what_the_model_scales_itself_needs_no_scaling(scale):
    arguments = {
        "Rescaling": {"scale": 1 / 255},
        "Normalization": {"mean": 127.0, "variance": 70.0**2},
    }.get(scale.__name__, {})
    diagnosis = diagnose(net(scale(**arguments)), raw(X), Y)
    assert not diagnosis.findings, diagnosis
    assert diagnosis.features[0].dtype == "uint8"
    assert diagnosis.features[0].scaled
    assert diagnosis.features[0].takers == (diagnosis.records[1].name,)


@pytest.mark.parametrize("size", [1e6, 1e-6])
def test_sizes_are_not_those_of_data_that_a_normalization_scales(size):
    """All trains behind it; its input's size says nothing of what comes later."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((FEATURES,))])
    for _ in range(3):
        model.add(layers.Dense(32, use_bias=False))
        # Keras's epsilon of 1e-3 takes 1e-6 for nothing.
        model.add(layers.BatchNormalization(epsilon=1e-15))
        model.add(layers.ReLU())
    model.add(layers.Dense(CLASSES, "softmax"))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    found = severe(diagnose(model, size * X, Y))
    assert not found
    if size < 1:  # the same once more, and training takes long
        return
    history = model.fit(size * X, Y, epochs=12, verbose=0).history["loss"]
    assert history[-1] < 0.5 * np.log(CLASSES)


def test_columns_are_named():
    x = column(7, lambda c: np.where(c > 2.0, np.inf, c))
    found = severe(diagnose(net(), x, Y))["not finite"]
    assert "feature 7" in found.message
    found = severe(diagnose(net(), column(4, lambda c: 1e5 * c), Y))
    assert "feature 4" in found["features of unequal size"].message


def test_a_few_constant_or_repeated_features_are_no_fault():
    x = X.copy()
    x[:, 3], x[:, 8] = 1.0, -2 * x[:, 1]
    diagnosis = diagnose(net(), x, Y)
    assert diagnosis.verdict == "healthy"
    kinds = {f.kind for f in diagnosis.findings}
    assert kinds == {"constant feature", "duplicated features"}
    (feature,) = diagnosis.features
    assert (feature.constant, feature.repeated) == (1, 1)


def test_one_hot_rows_and_rare_words_are_healthy():
    one_hot = np.eye(30, dtype="float32")[RANDOM.integers(0, 25, 60)]
    words = RANDOM.poisson(0.02, (60, 300)).astype("float32")
    share = words / np.maximum(np.linalg.norm(words, axis=1, keepdims=True), 1)
    flags = (RANDOM.random((60, 20)) < 0.3).astype("float32")
    months = 2 * np.pi * RANDOM.integers(0, 12, (60, 1)) / 12
    waves = np.concatenate([np.sin(months), np.cos(months)], axis=1)
    for x in (one_hot, words, share, flags, waves):
        diagnosis = diagnose(net(features=x.shape[1]), x, Y[:60])
        assert diagnosis.verdict == "healthy", diagnosis


@pytest.mark.parametrize("backwards", [False, True])
def test_token_ids_are_named_before_the_backend_fails(backwards):
    x = IDS - 3 if backwards else IDS + 100
    diagnosis = diagnose(reader(), x, WORDS)
    first = diagnosis.findings[0]
    assert (first.kind, first.layer) == ("token ids out of range", "words")
    assert ("-2 to" if backwards else "to 140") in first.message
    assert any("nearest" in note for note in diagnosis.notes)
    assert np.isfinite(diagnosis.loss)
    if not backwards:
        assert first.fix == 'keras.layers.Embedding(141, 8, name="words")'
    model, x = reader(), x
    if backwards:
        model, x = pasted(first, model, x)
    else:  # the line takes the place of the model's
        model = reader(embedding=eval(first.fix, {"keras": keras}))
    assert "token ids out of range" not in severe(diagnose(model, x, WORDS))


def test_ids_beyond_both_ends_move_and_get_rows():
    x = 2 * IDS - 10
    finding = severe(diagnose(reader(), x, WORDS))["token ids out of range"]
    moved, line = finding.fix.split("\n")
    names = {"x": x}
    exec(moved, names)
    model = reader(embedding=eval(line, {"keras": keras}))
    assert "token ids out of range" not in severe(diagnose(model, names["x"], WORDS))


def test_two_columns_of_ids_go_to_the_embeddings_that_take_them():
    start = keras.Input((2,), dtype="int32")
    users = layers.Embedding(5, 4, name="users")(start[:, 0])
    items = layers.Embedding(50, 4, name="items")(start[:, 1])
    model = keras.Model(start, layers.Dense(1)(layers.Concatenate()([users, items])))
    x = np.stack([np.arange(40) % 5, np.arange(40)], axis=1)
    assert not severe(diagnose(model, x))
    found = severe(diagnose(model, x[:, ::-1]))
    assert found["token ids out of range"].layer == "users"


def test_weights_of_zero_leave_nothing():
    y = Y[:32]
    diagnosis = diagnose(net(), [(X[:32], y, np.zeros(32))])
    first, *rest = [f for f in diagnosis.findings if f.severity != INFO]
    assert first.kind == "all samples masked"
    assert rest
    assert all(f.cause.startswith("follows from") for f in rest)
    assert not severe(diagnose(net(), [(X[:32], y, np.ones(32))]))
