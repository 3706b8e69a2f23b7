"""`diagnose` takes what `fit` takes, and measures the loss that `fit` reports."""

import functools
import itertools

import keras
import numpy as np
import pytest
from keras import layers, losses, ops

from keras_inits import diagnose

RANDOM = np.random.Generator(np.random.PCG64(5))
ROWS, STEPS, INPUTS, CLASSES = 10, 7, 5, 3
X = RANDOM.standard_normal((ROWS, INPUTS)).astype("float32")
SERIES = RANDOM.standard_normal((ROWS, STEPS, INPUTS)).astype("float32")
SERIES[2, 4:] = SERIES[5, 1:] = 0.0  # padding
TOKENS = RANDOM.integers(1, 9, (ROWS, STEPS))
TOKENS[1, 3:] = TOKENS[4, 5:] = 0
BINARY = RANDOM.integers(0, 2, ROWS)
LABELS = RANDOM.integers(0, CLASSES, ROWS)
NUMBERS = RANDOM.standard_normal((ROWS, 2)).astype("float32")
WEIGHTS = RANDOM.uniform(0.1, 3.0, ROWS).astype("float32")
CLASS_WEIGHTS = {0: 0.5, 1: 4.0}  # none for the third class


def one_hot(labels):
    """A column for each class."""
    return np.eye(CLASSES, dtype="float32")[labels]


def head(units, activation=None, **more):
    """A model of one output, behind batch normalization and a dense layer."""
    return keras.Sequential(
        [
            keras.Input((INPUTS,)),
            layers.Dense(4, "tanh"),
            layers.BatchNormalization(),
            layers.Dense(units, activation, **more),
        ]
    )


def sequences(units, activation, mask="masking"):
    """A model of an output for each time step, with or without a mask."""
    if mask == "embedding":
        first = [keras.Input((STEPS,), dtype="int32")]
        first.append(layers.Embedding(9, 4, mask_zero=True))
    else:
        first = [keras.Input((STEPS, INPUTS))]
        first += [layers.Masking()] if mask == "masking" else []
    recurrent = layers.SimpleRNN(4, return_sequences=True)
    return keras.Sequential([*first, recurrent, layers.Dense(units, activation)])


def heads(form=list):
    """A model of three outputs: one binary, one of classes, one of two numbers."""
    start = keras.Input((INPUTS,))
    x = layers.Dense(4, "tanh")(start)
    outputs = {
        "yes": layers.Dense(1, "sigmoid", name="yes")(x),
        "kind": layers.Dense(CLASSES, "softmax", name="kind")(x),
        "at": layers.Dense(2, name="at")(x),
    }
    if form is tuple:
        named = outputs.values()
        yes, kind, at = named
        return keras.Model(start, [yes, (kind, at)])
    return keras.Model(start, outputs if form is dict else list(outputs.values()))


def compiled(model, loss, **more):
    """Compiled so that training changes no weight, and is not compiled twice."""
    model.compile(keras.optimizers.SGD(0.0), loss, run_eagerly=True, **more)
    return model


def fitted(model, x, y=None, **weights):
    """The loss that `fit` reports for one batch of all rows."""
    sizes = {"batch_size": ROWS} if isinstance(x, np.ndarray | list | dict) else {}
    history = model.fit(x, y, shuffle=False, verbose=0, **sizes, **weights)
    return history.history["loss"][0]


def check(model, x, y=None, **weights):
    """Compares what is measured before training with what is trained."""
    measured = diagnose(model, x, y, batch_size=ROWS, **weights)
    assert measured.loss_kind == "compiled"
    expected = fitted(model, x, y, **weights)
    assert measured.loss == pytest.approx(expected, rel=1e-5, abs=1e-7)
    assert measured.batches == 1
    return measured


# Heads of one unit.
ONE_UNIT = [
    *("binary_crossentropy", "bce", "binary_focal_crossentropy", "crossentropy"),
    *("hinge", "squared_hinge", "poisson", "kl_divergence", "kld"),
    *("mean_squared_error", "mse", "mae", "mape", "msle", "huber", "log_cosh"),
    losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
    losses.MeanSquaredError(reduction="sum"),
    losses.MeanAbsoluteError(reduction="mean"),
    losses.binary_focal_crossentropy,
    functools.partial(losses.binary_crossentropy, from_logits=True),
    lambda y, p: ops.mean(ops.square(y - p) * 3, axis=-1),
]
ONE_UNIT_LABELS = {
    "flat": BINARY,
    "column": BINARY[:, None],
    "float64": BINARY.astype("float64"),
    "bool": BINARY.astype(bool)[:, None],
}


def called(loss):
    """What a test of a loss is called."""
    return loss if isinstance(loss, str) else getattr(loss, "__name__", None)


@pytest.mark.parametrize("labels", ONE_UNIT_LABELS)
@pytest.mark.parametrize("loss", ONE_UNIT, ids=called)
def test_labels_of_one_unit(loss, labels):
    y = ONE_UNIT_LABELS[labels]
    check(compiled(head(1, "sigmoid"), loss), X, y)


@pytest.mark.parametrize("loss", ONE_UNIT[::3], ids=called)
@pytest.mark.parametrize("shape", [(ROWS,), (ROWS, 1)])
@pytest.mark.parametrize("kind", ["sample", "column", "class"])
def test_weights_of_one_unit(loss, shape, kind):
    weights = {
        "sample": {"sample_weight": WEIGHTS},
        "column": {"sample_weight": WEIGHTS[:, None]},
        "class": {"class_weight": CLASS_WEIGHTS},
    }[kind]
    check(compiled(head(1, "sigmoid"), loss), X, BINARY.reshape(shape), **weights)


SPARSE = ["sparse_categorical_crossentropy", "crossentropy"]
SPARSE += [losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=1)]
DENSE = ["categorical_crossentropy", "crossentropy", "kl_divergence"]
DENSE += ["categorical_hinge", "cosine_similarity", "categorical_focal_crossentropy"]
DENSE += ["binary_crossentropy", losses.CategoricalCrossentropy(label_smoothing=0.2)]
OF_CLASSES = [
    *itertools.product(SPARSE, [LABELS, LABELS[:, None], LABELS.astype("float32")]),
    *itertools.product(DENSE, [one_hot(LABELS), one_hot(LABELS).astype("int64")]),
]


@pytest.mark.parametrize("weights", [{}, "sample_weight", "class_weight"], ids=str)
@pytest.mark.parametrize(("loss", "y"), OF_CLASSES, ids=called)
def test_classes(loss, y, weights):
    given = {"sample_weight": WEIGHTS, "class_weight": CLASS_WEIGHTS}
    weights = {weights: given[weights]} if weights else {}
    check(compiled(head(CLASSES, "softmax"), loss), X, y, **weights)


# Sequences: masks, and weights of time steps.
BY_STEP = RANDOM.uniform(0.1, 3.0, (ROWS, STEPS)).astype("float32")
STEP_LABELS = RANDOM.integers(0, CLASSES, (ROWS, STEPS))


@pytest.mark.parametrize("mask", ["masking", "embedding", "none"])
@pytest.mark.parametrize("weight", [None, WEIGHTS, WEIGHTS[:, None], BY_STEP])
@pytest.mark.parametrize(
    ("units", "activation", "loss", "y"),
    [
        (CLASSES, "softmax", "sparse_categorical_crossentropy", STEP_LABELS),
        (CLASSES, "softmax", "crossentropy", STEP_LABELS[..., None]),
        (CLASSES, "softmax", "categorical_crossentropy", one_hot(STEP_LABELS)),
        (1, "sigmoid", "binary_crossentropy", STEP_LABELS % 2),
        (1, None, losses.MeanSquaredError(reduction="sum"), BY_STEP),
        (1, None, "mae", BY_STEP[..., None]),
    ],
)
def test_sequences(mask, weight, units, activation, loss, y):
    x = TOKENS if mask == "embedding" else SERIES
    check(compiled(sequences(units, activation, mask), loss), x, y, sample_weight=weight)


# Several outputs.
LOSSES = {"yes": "binary_crossentropy", "kind": "crossentropy", "at": "mse"}
FACTORS = {"yes": 0.5, "kind": 2.0, "at": 10.0}
TARGETS = {"yes": BINARY, "kind": LABELS, "at": NUMBERS}
BY_OUTPUT = {"yes": WEIGHTS, "kind": WEIGHTS[::-1].copy(), "at": WEIGHTS * 2}


def listed(parts):
    """In the order of the outputs."""
    return [parts[name] for name in LOSSES]


@pytest.mark.parametrize("outputs", [list, dict])
@pytest.mark.parametrize("loss", [listed(LOSSES), LOSSES, "mse"], ids=type)
@pytest.mark.parametrize("factors", [None, listed(FACTORS), FACTORS], ids=type)
@pytest.mark.parametrize("y", [listed(TARGETS), TARGETS], ids=type)
@pytest.mark.parametrize("weights", [None, "one", "each"])
def test_several_outputs(outputs, loss, factors, y, weights):
    if loss == "mse":
        factors = None
        y = {**TARGETS, "kind": one_hot(LABELS)}
    model = heads(outputs)
    try:
        compiled(model, loss, loss_weights=factors)
        form = y if loss != "mse" or outputs is dict else listed(y)
        given = {"one": WEIGHTS, "each": BY_OUTPUT}.get(weights)
        if weights == "each" and isinstance(form, list):
            given = listed(BY_OUTPUT)
        expected = fitted(model, X, form, sample_weight=given)
    except (ValueError, KeyError, AttributeError, TypeError):
        with pytest.raises(ValueError, match="Received"):  # what `fit` refuses, too
            diagnose(model, X, form, sample_weight=given)
        return
    model = keras.models.clone_model(model)
    check(compiled(model, loss, loss_weights=factors), X, form, sample_weight=given)
    assert np.isfinite(expected)


def test_nested_outputs():
    loss = ["binary_crossentropy", ("crossentropy", "mse")]
    y = [BINARY, (LABELS, NUMBERS)]
    check(compiled(heads(tuple), loss, loss_weights=[1.0, (2.0, 3.0)]), X, y)


@pytest.mark.parametrize("form", [list, dict])
def test_outputs_without_a_loss(form):
    loss = {"kind": "crossentropy"} if form is dict else [None, "crossentropy", None]
    y = {"kind": LABELS} if form is dict else listed(TARGETS)
    check(compiled(heads(form), loss), X, y if form is list else TARGETS)


# What layers add.
class Adds(layers.Layer):
    """Adds the mean square of its inputs to the loss."""

    def call(self, x):
        self.add_loss(3.0 * ops.mean(ops.square(x)))
        return x


def adding():
    """A model whose layers add penalties of all kinds to the loss."""
    start = keras.Input((INPUTS,))
    shared = layers.Dense(
        INPUTS,
        "tanh",
        kernel_regularizer=keras.regularizers.L2(0.3),
        bias_regularizer="l1",
        activity_regularizer=keras.regularizers.L1(0.2),
    )
    frozen = layers.Dense(INPUTS, kernel_regularizer="l2", trainable=False)
    x = Adds()(frozen(shared(shared(start))))
    return keras.Model(start, layers.Dense(2)(Adds()(x)))


def test_what_layers_add():
    model = compiled(adding(), "mse")
    assert diagnose(model, X, NUMBERS).loss > 1.5 * np.mean(NUMBERS**2)
    check(model, X, NUMBERS)


def test_what_layers_add_is_all_that_there_is():
    """Compiled without a loss, as autoencoders with `add_loss` are."""
    check(compiled(adding(), None), X)
    check(compiled(adding(), None), X, NUMBERS)


def test_what_layers_had_added_before_is_kept():
    model = compiled(adding(), "mse")
    model(X)
    before = [float(ops.convert_to_numpy(loss)) for loss in model.losses]
    assert len(before) == 6
    diagnose(model, X, NUMBERS)
    after = [float(ops.convert_to_numpy(loss)) for loss in model.losses]
    assert before == after


def test_penalties_are_not_taken_for_a_confident_head():
    """They raise the loss of a head that guesses as that of any other."""
    model = head(CLASSES, "softmax", kernel_regularizer=keras.regularizers.L2(100.0))
    plain = head(CLASSES, "softmax")
    plain.set_weights(model.get_weights())
    loss = "sparse_categorical_crossentropy"
    found = check(compiled(model, loss), X, LABELS)
    other = check(compiled(plain, loss), X, LABELS)
    assert found.loss > 10 * other.loss
    assert found.loss - found.chance_loss == pytest.approx(
        other.loss - other.chance_loss, abs=1e-3
    )


def test_chance_is_weighted_as_the_loss():
    loss = "sparse_categorical_crossentropy"
    model = compiled(head(CLASSES, "softmax", kernel_initializer="zeros"), loss)
    for weights in ({"sample_weight": WEIGHTS}, {"class_weight": CLASS_WEIGHTS}, {}):
        found = check(model, X, LABELS, **weights)
        assert found.chance_loss == pytest.approx(found.loss, rel=1e-4)
    summed = losses.SparseCategoricalCrossentropy(reduction="sum")
    found = check(compiled(model, summed), X, LABELS, sample_weight=WEIGHTS)
    assert found.chance_loss == pytest.approx(found.loss, rel=1e-4)


# Containers of data.
def inputs(form):
    """A model of two inputs, in a list, a dictionary or nested."""
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    taken = {"list": [a, b], "dict": {"a": a, "b": b}, "nested": [(a,), {"b": b}]}
    y = layers.Dense(2)(layers.Concatenate()([a, b]))
    return compiled(keras.Model(taken[form], y), "mse")


PARTS = {
    "list": [X[:, :2], X[:, 2:]],
    "dict": {"a": X[:, :2], "b": X[:, 2:]},
    "nested": [(X[:, :2],), {"b": X[:, 2:]}],
}


@pytest.mark.parametrize("form", PARTS)
def test_several_inputs(form):
    check(inputs(form), PARTS[form], NUMBERS, sample_weight=WEIGHTS)


def frames(x):
    return pytest.importorskip("pandas").DataFrame(x)


def torch_tensors(x):
    return pytest.importorskip("torch").from_numpy(np.array(x))


def tensorflow_tensors(x):
    return pytest.importorskip("tensorflow").convert_to_tensor(x)


def jax_arrays(x):
    return pytest.importorskip("jax").numpy.asarray(x)


def sparse(x):
    return pytest.importorskip("scipy.sparse").csr_matrix(x)


CONTAINERS = [frames, torch_tensors, tensorflow_tensors, jax_arrays]
CONTAINERS += [ops.convert_to_tensor, np.float64, np.float16, np.asfortranarray]


@pytest.mark.parametrize("container", CONTAINERS, ids=called)
def test_containers(container):
    model = compiled(head(2), "mse")
    check(model, container(X), container(NUMBERS), sample_weight=container(WEIGHTS))


def test_a_series_of_labels():
    series = pytest.importorskip("pandas").Series(BINARY, index=range(5, 5 + ROWS))
    model = compiled(head(1, "sigmoid"), "binary_crossentropy")
    check(model, frames(X), series, class_weight=CLASS_WEIGHTS)


def test_sparse_inputs():
    x = X * (X > 0.5)
    model = compiled(head(2), "mse")
    dense = diagnose(model, x, NUMBERS)
    assert diagnose(model, sparse(x), NUMBERS).loss == dense.loss
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        assert diagnose(model, tf.sparse.from_dense(x), NUMBERS).loss == dense.loss


def test_the_first_rows_are_the_first_batch():
    model = compiled(head(2), "mse")
    found = diagnose(model, frames(X), NUMBERS, batch_size=4, sample_weight=WEIGHTS)
    assert found.samples == 4
    expected = model.train_on_batch(X[:4], NUMBERS[:4], sample_weight=WEIGHTS[:4])
    assert found.loss == pytest.approx(float(expected), rel=1e-5)


class Batches(keras.utils.PyDataset):
    """One batch."""

    def __init__(self, batch):
        super().__init__()
        self.batch = batch

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.batch


class Rows:
    """A dataset of PyTorch's."""

    def __init__(self, batch):
        self.batch = batch

    def __len__(self):
        return ROWS

    def __getitem__(self, index):
        return keras.tree.map_structure(lambda a: a[index], self.batch)


def generator(batch):
    return (one for one in [batch])


def tensorflow_data(batch):
    data = pytest.importorskip("tensorflow").data.Dataset
    return data.from_tensor_slices(batch).batch(ROWS)


def loader(batch):
    data = pytest.importorskip("torch").utils.data
    return data.DataLoader(Rows(batch), batch_size=ROWS)


SOURCES = pytest.mark.parametrize(
    "source", [Batches, generator, tensorflow_data, loader], ids=called
)


def from_source(model, source, batch, **weights):
    """As `check`, where a source is used up."""
    measured = diagnose(model, source(batch), **weights)
    expected = fitted(model, source(batch), **weights)
    assert measured.loss == pytest.approx(expected, rel=1e-5)


@SOURCES
@pytest.mark.parametrize("weighted", [False, True])
def test_sources(source, weighted):
    batch = (X, BINARY.astype("float32"), WEIGHTS)[: 3 if weighted else 2]
    from_source(compiled(head(1, "sigmoid"), "binary_crossentropy"), source, batch)


@SOURCES
def test_sources_of_dictionaries(source):
    model = compiled(heads(dict), LOSSES, loss_weights=FACTORS)
    from_source(model, source, (X, TARGETS))
    from_source(model, source, (X, TARGETS, BY_OUTPUT))
    from_source(inputs("dict"), source, (PARTS["dict"], NUMBERS))


@pytest.mark.parametrize("source", [Batches, tensorflow_data])
@pytest.mark.parametrize("y", [LABELS, LABELS[:, None], one_hot(LABELS)])
def test_class_weights_of_sources(source, y):
    # TensorFlow's dataset knows classes up to the largest key.
    weights = {**CLASS_WEIGHTS, 2: 2.0}
    model = compiled(head(CLASSES, "softmax"), "crossentropy")
    from_source(model, source, (X, y), class_weight=weights)


# Losses that are given.
GIVEN = [
    ("binary_crossentropy", BINARY, 1),
    (losses.Poisson(), BINARY[:, None], 1),
    ("crossentropy", LABELS, CLASSES),
    (losses.categorical_crossentropy, one_hot(LABELS), CLASSES),
]


@pytest.mark.parametrize(("loss", "y", "units"), GIVEN)
@pytest.mark.parametrize("is_compiled", [False, True])
def test_a_given_loss_is_as_a_compiled_one(loss, y, units, is_compiled):
    model = head(units, "sigmoid", kernel_regularizer="l2")
    if is_compiled:
        model.compile("sgd", "mae")
    found = diagnose(model, X, y, loss=loss, sample_weight=WEIGHTS)
    assert found.loss_kind == "given"
    expected = fitted(compiled(model, loss), X, y, sample_weight=WEIGHTS)
    assert found.loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("form", [list, dict])
def test_given_losses_of_several_outputs(form):
    model = heads(form)
    found = diagnose(model, X, TARGETS, loss=LOSSES).loss
    assert diagnose(model, X, TARGETS, loss=listed(LOSSES)).loss == found or form is dict
    expected = fitted(compiled(model, LOSSES), X, TARGETS)
    assert found == pytest.approx(expected, rel=1e-5)
    part = diagnose(heads(form), X, TARGETS, loss={"at": "mse"})
    assert part.targets == pytest.approx((np.sqrt(np.mean(NUMBERS**2)),), rel=1e-5)
