"""`diagnose` takes what `fit` takes: arrays of every kind, datasets, added losses."""

import keras
import numpy as np
import pytest
from keras import layers, losses, ops

from keras_inits import diagnose
from support.as_fit import (
    BINARY,
    BY_OUTPUT,
    CLASS_WEIGHTS,
    CLASSES,
    FACTORS,
    INPUTS,
    LABELS,
    LOSSES,
    MARKS,
    NUMBERS,
    ROWS,
    TARGETS,
    WEIGHTS,
    X,
    called,
    check,
    compiled,
    fitted,
    head,
    heads,
    one_hot,
)
from support.diagnosed.examples import STEP

pytestmark = MARKS


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


@pytest.mark.parametrize("container", CONTAINERS[::STEP], ids=called)
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
