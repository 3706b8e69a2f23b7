"""Tables and output biases: what models with them predict before training."""

import json
import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import Normal, values

VOCABULARY, WIDTH = 4001, 61
COUNTS = [7, 120, 1, 33, 5]


def drawn(name, shape, **arguments):
    """A scheme's values as float64."""
    return values(keras_inits.get(name, **arguments)(shape, dtype="float32"))


def given(array):
    """An initializer by hand: this array, whatever the shape asked for."""
    return lambda shape, dtype=None: np.reshape(array, shape).astype("float32")


# ---------------------------------------------------------------- embedding_normal


def table_of(initializer, **arguments):
    """The table of a real layer."""
    layer = keras.layers.Embedding(
        VOCABULARY, WIDTH, embeddings_initializer=initializer, **arguments
    )
    layer.build((None, 5))
    return values(layer.embeddings)


def length_error(table):
    """How far the mean squared row length is from 1, in units of the tolerance."""
    return abs((table**2).sum(axis=1).mean() - 1) / (5 * math.sqrt(2 / table.size))


def logit_error(table):
    """The same of the variance of the logits that white hidden vectors have."""
    hidden = np.random.default_rng(3).standard_normal((503, WIDTH))
    logits = hidden @ table.T
    relative = 2 / table.size + 2 / hidden.size + 2 / logits.size
    return abs((logits**2).mean() - 1) / (5 * math.sqrt(relative))


def test_embeddings_have_rows_of_length_one_and_tied_logits_of_variance_one(figure):
    """Twins: Glorot over the table, and unit entries."""
    table = table_of(keras_inits.get("embedding_normal", seed=7))
    assert Normal(0, 1 / math.sqrt(WIDTH)).complaints(table) == []
    noise = np.random.default_rng(7).standard_normal(table.shape)
    glorot = noise * math.sqrt(2 / (VOCABULARY + WIDTH))
    for what, error in ("rows' lengths", length_error), ("tied logits", logit_error):
        what = f"mean square of {what}, over its tolerance"
        for twin in (glorot, noise):
            figure("embedding_normal", what, error(table), 1, error(twin), beyond=10)


@pytest.mark.parametrize("row", [0, 3, VOCABULARY - 1])
def test_the_padding_row_alone_is_zero(row):
    """And the others are those of the table without one."""
    padded = keras_inits.get("embedding_normal", padding_row=row, seed=7)
    table = table_of(padded, mask_zero=row == 0)
    assert [n for n in range(VOCABULARY) if not table[n].any()] == [row]
    others = np.delete(table, row, axis=0)
    assert Normal(0, 1 / math.sqrt(WIDTH)).complaints(others) == []


# ------------------------------------------------------------ sinusoidal_positions


def positional_error(table):
    """Of rows' length d/2 and of products that know their distance alone.

    Over the tolerances, 1e-5 of the length and 1e-4.
    """
    length, width = table.shape
    gram = table @ table.T
    lengths = abs(np.diag(gram) / (width / 2) - 1).max() / 1e-5
    distance = abs(np.subtract.outer(np.arange(length), np.arange(length)))
    return max(lengths, abs(gram - gram[0][distance]).max() / 1e-4)


@pytest.mark.parametrize("interleaved", [True, False])
@pytest.mark.parametrize(("length", "width"), [(101, 34), (13, 62), (7, 2)])
def test_positions_differ_by_their_distance_alone(length, width, interleaved, figure):
    """Twins: cosines of another frequency, and independent noise."""
    positions = keras_inits.get("sinusoidal_positions", interleaved=interleaved)
    layer = keras.layers.Embedding(length, width, embeddings_initializer=positions)
    layer.build((None, 5))
    found = positional_error(values(layer.embeddings))
    angles = np.arange(length)[:, None] / 1e4 ** (np.arange(width) / width)
    unequal = np.where(np.arange(width) % 2, np.cos(angles), np.sin(angles))
    noise = np.random.default_rng(7).standard_normal((length, width))
    what = "rows' lengths and products, over their tolerances"
    for twin in (unequal, noise):
        figure("sinusoidal_positions", what, found, 1, positional_error(twin))


def test_positions_are_sines_and_cosines_in_turn_or_side_by_side():
    """Of p / base^(2j/d), exact far out; twin: angles in float32."""
    angles = np.arange(30_011)[:, None] / 500.0 ** (np.arange(0, 6, 2) / 6)
    turns = drawn("sinusoidal_positions", (30_011, 6), base=500.0)
    assert abs(turns[:, 0::2] - np.sin(angles)).max() < 1e-6
    assert abs(turns[:, 1::2] - np.cos(angles)).max() < 1e-6
    side = drawn("sinusoidal_positions", (30_011, 6), base=500.0, interleaved=False)
    np.testing.assert_array_equal(side[:, :3], turns[:, 0::2])
    np.testing.assert_array_equal(side[:, 3:], turns[:, 1::2])
    assert abs(np.sin(angles.astype("float32")) - np.sin(angles)).max() > 1e-5


# ---------------------------------------------------------------------- prior_bias


def head(bias, units, activation):
    """What a layer with a zero kernel predicts."""
    layer = keras.layers.Dense(
        units,
        kernel_initializer="zeros",
        bias_initializer=bias,
        activation=activation,
    )
    return values(layer(np.ones((1, 3), "float32")))[0]


@pytest.mark.parametrize("prior", [0.01, 0.3, 1 / 1001, 0.97])
def test_a_sigmoid_predicts_the_prior(prior, figure):
    """In every unit; twins: the other sign, and zero."""
    bias = keras_inits.get("prior_bias", prior=prior)

    def error(bias):
        return abs(head(bias, 7, "sigmoid") / prior - 1).max()

    what = "probability predicted, relative to the prior"
    figure("prior_bias", what, error(bias), 1e-5, error("zeros"), beyond=0.4)
    logit = math.log(prior / (1 - prior))
    assert error(given(np.full(7, -logit))) > 0.5


def test_minus_log_of_the_classes_is_a_prior_too():
    """timm's bias for C classes is that of 1/(1 + C)."""
    bias = drawn("prior_bias", (5,), prior=1 / 1001)
    assert abs(bias + math.log(1000)).max() < 1e-5


def first_loss(bias):
    """Of a softmax over the labels of `COUNTS`, before training."""
    predicted = head(bias, len(COUNTS), "softmax")
    return -(np.array(COUNTS) / sum(COUNTS) * np.log(predicted)).sum()


def test_a_softmax_starts_at_the_entropy_of_the_labels():
    """And any other bias has a larger loss; twins: the other sign, and zero."""
    share = np.array(COUNTS) / sum(COUNTS)
    entropy = -(share * np.log(share)).sum()
    labels = np.random.default_rng(7).permutation(np.repeat(np.arange(5), COUNTS))
    from_labels = keras_inits.PriorBias.from_labels(labels, 5)
    for bias in (from_labels, keras_inits.get("prior_bias", counts=COUNTS)):
        assert abs(first_loss(bias) - entropy) < 1e-6
    written = values(from_labels((5,)))
    for step in np.random.default_rng(7).standard_normal((9, 5)):
        assert first_loss(given(written + 0.1 * step)) > entropy + 1e-5
    assert first_loss(given(-written)) > entropy + 0.5
    assert first_loss("zeros") > entropy + 0.5


def test_sigmoids_of_several_labels_predict_their_shares():
    """logit p in place of log p; twin: the softmax's."""
    share = np.array(COUNTS) / sum(COUNTS)

    def error(bias):
        return abs(head(bias, 5, "sigmoid") / share - 1).max()

    sigmoid = keras_inits.get("prior_bias", counts=COUNTS, activation="sigmoid")
    softmax = keras_inits.get("prior_bias", counts=COUNTS, activation="softmax")
    assert error(sigmoid) < 1e-5
    assert error(softmax) > 0.1
    default = keras_inits.get("prior_bias", counts=COUNTS)
    np.testing.assert_array_equal(values(default((5,))), values(softmax((5,))))


def test_smoothing_makes_an_unseen_class_finite():
    """It is added to every count; twin: to none."""
    bias = drawn("prior_bias", (3,), counts=[3, 0, 5], smoothing=1.0)
    assert abs(np.exp(bias) - np.array([4, 1, 6]) / 11).max() < 1e-6
    assert abs(np.exp(bias) - np.array([3, 0, 5]) / 8).max() > 0.05


def test_the_config_of_a_prior_keeps_counts_and_no_labels():
    """A class never seen counts 0; the config is plain JSON and comes back."""
    labels = np.array([2, 0, 2, 2, 1, 0])
    bias = keras_inits.PriorBias.from_labels(labels, 3)
    config = json.loads(json.dumps(bias.get_config()))
    assert config["counts"] == [2, 1, 3]
    again = keras_inits.PriorBias.from_config(config)
    np.testing.assert_array_equal(values(again((3,))), values(bias((3,))))
    assert "labels" not in config


# -------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("prior_bias", {"prior": 0.0}),
        ("prior_bias", {"prior": 1.0}),
        ("prior_bias", {"prior": -0.1}),
        ("prior_bias", {"prior": math.nan}),
        ("prior_bias", {"activation": "relu"}),
        ("prior_bias", {"counts": [3, 0, 5]}),
        ("prior_bias", {"counts": [3, -1, 5], "smoothing": 0.5}),
    ],
)
def test_arguments_out_of_range_are_refused(name, arguments):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.get(name, **arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("embedding_normal", {"padding_row": 5}, (5, 3)),
        ("embedding_normal", {"padding_row": -6}, (5, 3)),
        ("sinusoidal_positions", {}, (6, 5)),
        ("sinusoidal_positions", {}, (6,)),
        ("prior_bias", {"counts": COUNTS}, (4,)),
        ("prior_bias", {"counts": COUNTS}, (1,)),
    ],
)
def test_arguments_that_do_not_fit_the_shape_are_refused(name, arguments, shape):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.get(name, **arguments)(shape, dtype="float32")
