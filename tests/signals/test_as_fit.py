"""`diagnose` takes what `fit` takes, and measures the loss that `fit` reports."""

import functools
import itertools

import keras
import numpy as np
import pytest
from keras import layers, losses, ops

from keras_inits import diagnose
from keras_inits.signals.batches import Batch, as_tensors
from keras_inits.signals.losses import Objective
from keras_inits.signals.passes import TrainingPass

# Of training: outputs without a loss, and a generator that yields one batch.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Gradients do not exist"),
    pytest.mark.filterwarnings("ignore:Your input ran out of data"),
    pytest.mark.filterwarnings("ignore:.*received `from_logits=True`"),
    pytest.mark.filterwarnings("ignore:.*You are using a softmax over axis"),
]
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


@pytest.mark.parametrize("labels", ["flat", "column"])
@pytest.mark.parametrize("loss", ONE_UNIT, ids=called)
def test_labels_of_one_unit(loss, labels):
    check(compiled(head(1, "sigmoid"), loss), X, ONE_UNIT_LABELS[labels])


@pytest.mark.parametrize("labels", ["float64", "bool"])
@pytest.mark.parametrize("loss", ONE_UNIT[::5], ids=called)
@pytest.mark.parametrize(
    "weights",
    [
        {"sample_weight": WEIGHTS},
        {"sample_weight": WEIGHTS[:, None]},
        {"class_weight": CLASS_WEIGHTS},
    ],
    ids=["samples", "column", "classes"],
)
def test_weights_of_one_unit(loss, labels, weights):
    y = ONE_UNIT_LABELS[labels]
    check(compiled(head(1, "sigmoid"), loss), X, y, **weights)


SPARSE = ["sparse_categorical_crossentropy", "crossentropy"]
SPARSE += [losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=1)]
DENSE = ["categorical_crossentropy", "crossentropy", "kl_divergence"]
DENSE += ["categorical_hinge", "cosine_similarity", "categorical_focal_crossentropy"]
DENSE += ["binary_crossentropy", losses.CategoricalCrossentropy(label_smoothing=0.2)]
OF_CLASSES = [
    *itertools.product(SPARSE, [LABELS, LABELS[:, None], LABELS.astype("float32")]),
    *itertools.product(DENSE, [one_hot(LABELS), one_hot(LABELS).astype("int64")]),
]


@pytest.mark.parametrize(("loss", "y"), OF_CLASSES, ids=called)
def test_classes(loss, y):
    check(compiled(head(CLASSES, "softmax"), loss), X, y)


@pytest.mark.parametrize(("loss", "y"), OF_CLASSES[::5], ids=called)
def test_weights_of_classes(loss, y):
    model = compiled(head(CLASSES, "softmax"), loss)
    check(model, X, y, sample_weight=WEIGHTS)
    check(model, X, y, class_weight=CLASS_WEIGHTS)


@pytest.mark.parametrize(
    ("units", "activation", "loss", "y"),
    [
        (1, "softmax", "binary_crossentropy", BINARY),
        (CLASSES, "sigmoid", "categorical_crossentropy", one_hot(LABELS)),
        (CLASSES, "softmax", losses.BinaryCrossentropy(), one_hot(LABELS)),
        (CLASSES, "softmax", losses.CategoricalCrossentropy(True), one_hot(LABELS)),
        (CLASSES, None, "sparse_categorical_crossentropy", LABELS),
        (1, "relu", "binary_crossentropy", BINARY),
    ],
)
def test_heads_and_losses_that_do_not_go_together(units, activation, loss, y):
    """On TensorFlow, cross entropies take the logits of a softmax or sigmoid."""
    check(compiled(head(units, activation), loss), X, y)


# Sequences: masks, and weights of time steps.
BY_STEP = RANDOM.uniform(0.1, 3.0, (ROWS, STEPS)).astype("float32")
STEP_LABELS = RANDOM.integers(0, CLASSES, (ROWS, STEPS))


@pytest.mark.parametrize("mask", ["masking", "embedding", "none"])
@pytest.mark.parametrize(
    "weight", [None, WEIGHTS[:, None], BY_STEP], ids=["none", "column", "steps"]
)
@pytest.mark.parametrize(
    ("units", "activation", "loss", "y"),
    [
        (CLASSES, "softmax", "sparse_categorical_crossentropy", STEP_LABELS),
        (CLASSES, "softmax", "crossentropy", STEP_LABELS[..., None]),
        (CLASSES, None, losses.CategoricalHinge("sum"), one_hot(STEP_LABELS)),
        (1, None, "mae", BY_STEP[..., None]),
    ],
    ids=["sparse", "column", "sum", "mae"],
)
def test_sequences(mask, weight, units, activation, loss, y):
    x = TOKENS if mask == "embedding" else SERIES
    model = compiled(sequences(units, activation, mask), loss)
    here, is_column = keras.backend.backend(), np.shape(weight) == (ROWS, 1)
    if here == "torch" and is_column and mask != "none":
        refused_alike(model, x, y, weight)  # Keras multiplies in place there
    else:
        check(model, x, y, sample_weight=weight)


def refused_alike(model, x, y, weight):
    """Checks that `fit` fails, and a diagnosis says what was passed."""
    with pytest.raises(ValueError, match=r"outputs of shape \(10, 7, .*as model\.fit"):
        diagnose(model, x, y, sample_weight=weight)
    with pytest.raises(Exception):  # noqa: B017, PT011  of the backend's
        fitted(model, x, y, sample_weight=weight)


@pytest.mark.parametrize(
    ("units", "y", "weight", "mask"),
    [
        (CLASSES, STEP_LABELS, WEIGHTS, "none"),
        (1, STEP_LABELS, None, "masking"),
        (1, STEP_LABELS, BY_STEP, "none"),
    ],
)
def test_what_fit_refuses_of_sequences_is_refused_with_shapes(units, y, weight, mask):
    """One weight a sample for many steps; targets that have lost the axis of units."""
    loss = "mae" if units == 1 else "sparse_categorical_crossentropy"
    model = compiled(sequences(units, None, mask), loss)
    refused_alike(model, SERIES, y, weight)


# Several outputs.
LOSSES = {"yes": "binary_crossentropy", "kind": "crossentropy", "at": "mse"}
FACTORS = {"yes": 0.5, "kind": 2.0, "at": 10.0}
TARGETS = {"yes": BINARY, "kind": LABELS, "at": NUMBERS}
BY_OUTPUT = {"yes": WEIGHTS, "kind": WEIGHTS[::-1].copy(), "at": WEIGHTS * 2}


def listed(parts):
    """In the order of the outputs."""
    return [parts[name] for name in LOSSES]


def several():
    """Every way to write losses, weights of losses, targets and weights of samples."""
    written = [(LOSSES, FACTORS), (listed(LOSSES), listed(FACTORS))]
    for form, (loss, factors) in itertools.product([list, dict], written):
        if form is dict and isinstance(loss, list):
            continue  # `fit` takes the list in another order than it is written
        yield form, loss, None, TARGETS, None
        yield form, loss, factors, TARGETS, BY_OUTPUT if form is dict else None
        if form is list:
            yield form, loss, factors, listed(TARGETS), WEIGHTS
            yield form, loss, FACTORS, listed(TARGETS), listed(BY_OUTPUT)
        else:
            yield form, loss, factors, TARGETS, WEIGHTS


@pytest.mark.parametrize(("form", "loss", "factors", "y", "weight"), list(several()))
def test_several_outputs(form, loss, factors, y, weight):
    if isinstance(loss, list) and isinstance(factors, dict):
        factors = listed(factors)
    model = compiled(heads(form), loss, loss_weights=factors)
    check(model, X, y, sample_weight=weight)


def test_one_loss_for_several_outputs():
    y = {**TARGETS, "kind": one_hot(LABELS)}
    check(compiled(heads(dict), "mse"), X, y)
    check(compiled(heads(list), "mse"), X, listed(y), sample_weight=WEIGHTS)


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
    x = shared(start)
    if keras.backend.backend() != "jax":  # where Keras forgets the first call's penalty
        x = shared(x)
    x = Adds()(frozen(x))
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
    assert len(before) > 4
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


@pytest.mark.backend("tensorflow")
@pytest.mark.parametrize("dtype", [object, str])
def test_text(dtype):
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            layers.TextVectorization(vocabulary=["a", "b"], output_sequence_length=3),
            layers.Embedding(5, 4),
            layers.Flatten(),
            layers.Dense(1, "sigmoid"),
        ]
    )
    x = np.array([["a b"], ["b b a"], ["c"]] * 2, dtype=dtype)
    measured = diagnose(compiled(model, "binary_crossentropy"), x, BINARY[:6])
    expected = fitted(model, tensorflow_tensors(x), BINARY[:6])
    assert measured.loss == pytest.approx(expected, rel=1e-5)


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
    if form is list:
        assert diagnose(model, X, TARGETS, loss=listed(LOSSES)).loss == found
    expected = fitted(compiled(model, LOSSES), X, TARGETS)
    assert found == pytest.approx(expected, rel=1e-5)
    part = diagnose(heads(form), X, TARGETS, loss={"at": "mse"})
    assert part.targets == pytest.approx((np.sqrt(np.mean(NUMBERS**2)),), rel=1e-5)


# What is asked of each output.
def terms(model, y, loss=None, x=X):
    """Of a pass over a batch."""
    objective = Objective(model, loss, True, 0)
    views = [None] * len(model.trainable_variables)
    tensors = as_tensors(Batch(x, y, None))
    with TrainingPass(model, objective, views, lambda: None) as training:
        training.run(tensors)
    return objective.terms(tensors[1])


@pytest.mark.parametrize("form", [list, dict])
def test_terms_are_in_the_order_of_the_outputs(form):
    model = compiled(heads(form), LOSSES, loss_weights=FACTORS)
    found = {term.name: term for term in terms(model, TARGETS)}
    assert list(found) == (list(LOSSES) if form is list else sorted(LOSSES))
    assert found["yes"].loss == "binary_crossentropy"
    assert found["kind"].loss == "sparse_categorical_crossentropy"
    assert (found["at"].loss, found["at"].from_logits) == ("mean_squared_error", None)
    assert (found["yes"].from_logits, found["kind"].from_logits) == (False, False)
    assert {name: term.weight for name, term in found.items()} == FACTORS
    assert tuple(found["yes"].target.shape) == (ROWS, 1)
    assert tuple(found["kind"].target.shape) == (ROWS,)


def own_loss(y, p):
    """A person's."""
    return ops.mean(ops.abs(y - p), axis=-1)


class BinaryCrossentropy(losses.Loss):
    """A person's, of a name of Keras's."""

    def call(self, y, p):
        return ops.mean(ops.abs(y - p), axis=-1)


@pytest.mark.parametrize(
    ("loss", "name", "from_logits"),
    [
        ("bce", "binary_crossentropy", False),
        (losses.BinaryCrossentropy(from_logits=True), "binary_crossentropy", True),
        (
            functools.partial(losses.binary_crossentropy, from_logits=True),
            "binary_crossentropy",
            True,
        ),
        (losses.MeanSquaredError(), "mean_squared_error", None),
        (own_loss, "own_loss", None),
        (BinaryCrossentropy(), "custom binary_crossentropy", None),
    ],
)
def test_losses_are_known_by_the_name_of_what_they_compute(loss, name, from_logits):
    for given in (None, loss):
        model = compiled(head(1), loss if given is None else "mae")
        (term,) = terms(model, BINARY, given)
        assert (term.loss, term.from_logits) == (name, from_logits)


def test_an_output_without_a_loss_has_a_term_without_one():
    model = compiled(heads(), [None, "crossentropy", None])
    found = [term.loss for term in terms(model, listed(TARGETS))]
    assert found == [None, "sparse_categorical_crossentropy", None]


# Numbers that are not finite, and what cannot be computed.
@pytest.mark.parametrize("activation", ["sigmoid", None])
@pytest.mark.parametrize(
    "loss", ["binary_crossentropy", "binary_focal_crossentropy", "mse"]
)
def test_outputs_that_are_not_finite_are_diagnosed(loss, activation):
    model = compiled(head(1, activation), loss)
    model.layers[0].kernel.assign(np.full((INPUTS, 4), np.nan))
    found = diagnose(model, X, BINARY)
    assert np.isnan(found.loss)
    (first, *_) = found.findings
    assert "not finite" in first.kind or "finite" in first.message
    assert first.layer == model.layers[0].name


REFUSED = {
    "labels": (lambda: (head(CLASSES), X, LABELS + 1, {}), "y - 1"),
    "more labels": (lambda: (head(CLASSES), X, LABELS * 4, {}), "9 units"),
}


@pytest.mark.backend("tensorflow", "torch")  # JAX takes them for no class
@pytest.mark.parametrize("case", REFUSED)
def test_labels_out_of_range_are_named(case):
    make, words = REFUSED[case]
    model, x, y, weights = make()
    compiled(model, losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.raises(ValueError, match=rf"labels from .* 3 units.*{words}"):
        diagnose(model, x, y, **weights)


@pytest.mark.backend("tensorflow", "torch")  # JAX takes others
def test_ids_out_of_range_are_no_error_of_the_backend():
    model = compiled(sequences(1, None, "embedding"), "mse")
    with pytest.raises(ValueError, match=r"could not run on `x`.*Received: x of shape"):
        diagnose(model, TOKENS + 5, BY_STEP[..., None])


class Failing(losses.Loss):
    """Raises what no check expects."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def call(self, y, p):
        raise self.error


@pytest.mark.parametrize(
    "error", [IndexError("one"), KeyError("one"), NotImplementedError("one")]
)
def test_every_error_of_a_loss_becomes_one_that_says_what_to_pass(error):
    model = compiled(head(1), Failing(error))
    with pytest.raises(ValueError, match=r"one.*Pass y as model\.fit") as caught:
        diagnose(model, X, BINARY)
    assert caught.value.__cause__ is error
    memory = compiled(head(1), Failing(MemoryError("out of memory")))
    with pytest.raises(MemoryError):
        diagnose(memory, X, BINARY)


def given(**changed):
    """Arguments of `diagnose` that go together, but for some."""
    return {"x": X, "y": BINARY, **changed}


def failing():
    """A generator with a mistake in it."""
    yield (X, BINARY)[5]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (given(y=list(BINARY)), r"`y` must be an array.*numpy\.array\(y\)"),
        (given(y=BINARY[:4]), r"10 rows, y with 4.*y\[:10\]"),
        (given(sample_weight=WEIGHTS[:4]), "sample_weight with 4"),
        (given(sample_weight=2.0), "`sample_weight` must be an array"),
        (given(y=None, sample_weight=WEIGHTS), "sample_weight without y"),
        (given(y=None, class_weight={0: 1.0}), "class_weight without y"),
        (given(class_weight=[1.0, 2.0]), "`class_weight` must be a dict"),
        (given(class_weight={"a": 2.0}), "`class_weight` must be a dict"),
        (given(class_weight={0: 2}, sample_weight=WEIGHTS), "only one of both"),
        (given(y=[BINARY, BINARY], class_weight={0: 2}), "for 2 outputs"),
        (given(y=[BINARY, BINARY], sample_weight=[WEIGHTS]), "in the structure of `y`"),
        (
            given(y=[BINARY, BINARY], sample_weight=BY_STEP),
            "one number for each sample",
        ),
        (given(x=[X, X[:4]]), r"same number of rows.*\(10, 5\), \(4, 5\)"),
        (given(x=np.float32(3)), "must be an array whose first axis"),
        (given(x=X[:0], y=BINARY[:0]), r"`x` must have rows.*\(0, 5\)"),
        (given(x=np.array([{}] * ROWS)), "`x` must hold numbers"),
        (given(y=np.array([{}] * ROWS)), "`y` must hold numbers"),
        (given(x=[[1.0, 2.0]], y=None), "must be an array whose first axis"),
        (given(x=iter([(X, X, X, X)]), y=None), "a batch of 4 parts"),
        (given(x=failing(), y=None), "batch 0 fails with IndexError"),
        (given(x=iter([X]), sample_weight=WEIGHTS, y=None), "with sample_weight"),
        (given(x=None, y=None, class_weight={0: 1.0}), "x=None with class_weight"),
        (given(batch_size=0), "`batch_size`.*batch_size=0"),
        (given(y=NUMBERS), r"outputs of shape \(10, 3\), y of shape \(10, 2\)"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments, words):
    model = compiled(head(CLASSES), "mse")
    with pytest.raises(ValueError, match=f"(?s){words}") as error:
        diagnose(model, **arguments)
    assert "Received: " in str(error.value)


def test_weights_of_batches_and_of_classes_are_refused():
    model = compiled(head(1), "mse")
    with pytest.raises(ValueError, match="only one of both"):
        diagnose(model, iter([(X, BINARY, WEIGHTS)]), class_weight={0: 1.0})


class OwnStep(keras.Sequential):
    """Computes a loss that only its step of training knows."""

    def train_step(self, *data):
        """Never called here."""


def test_a_step_of_the_models_own_is_noted():
    model = OwnStep([keras.Input((INPUTS,)), layers.Dense(2)])
    assert any("train_step" in note for note in diagnose(model, X).notes)
    assert not any("train_step" in note for note in diagnose(head(2), X).notes)
