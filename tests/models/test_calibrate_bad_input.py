"""Data of every form; and what is wrong is refused with all weights as they were."""

import importlib
import itertools

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_inits import calibrate
from support.calibrated import data, quickly, same_start  # noqa: F401  a fixture
from support.model_zoo import same, values, weights
from support.refusals import refused

ROWS = 48


@quickly
def small(*between, classes=3, shape=(5,), loss=None):
    """A hidden layer, perhaps others, and a head."""
    low, head = layers.Dense(7, "relu", name="low"), layers.Dense(classes, name="head")
    model = keras.Sequential([keras.Input(shape), low, *between, head])
    if loss:
        model.compile(loss=loss)
    return model


@quickly
def two_inputs():
    """Named, of unequal widths."""
    a, b = keras.Input((5,), name="wide"), keras.Input((3,), name="narrow")
    x = layers.Concatenate()([layers.Dense(4, "relu")(a), layers.Dense(6)(b)])
    return keras.Model([a, b], layers.Dense(2)(x))


def result(make, *given, **options):
    """The weights of a model after it was calibrated."""
    keras.utils.set_random_seed(0)
    model = make()
    before = weights(model)
    calibrate(model, *given, **options)
    assert not same(before, weights(model))
    return weights(model)


def alike(one, other, error=1e-4):
    """Whether two dictionaries of weights are equal but for rounding."""
    return all(np.allclose(one[path], other[path], error, error) for path in one)


@pytest.mark.parametrize("dtype", ["float64", "float16", "uint8", "int64"])
def test_numbers_of_any_type(dtype):
    """The same as float32; twin: other rows are not."""
    x = np.random.default_rng(0).integers(0, 200, (ROWS, 5))
    expected = result(small, x.astype("float32"))
    assert alike(result(small, x.astype(dtype)), expected)
    assert not alike(result(small, x[::-1].astype("float32") ** 1.1), expected)


def test_several_inputs_as_list_tuple_or_dict():
    a, b = data(ROWS, 5), data(ROWS, 3, seed=1)
    expected = result(two_inputs, [a, b])
    for given in ((a, b), {"narrow": b, "wide": a}):
        assert alike(result(two_inputs, given), expected)


def batches(x, y=None):
    """Of 16 rows, as `fit` takes them."""
    for start in range(0, len(x), 16):
        rows = slice(start, start + 16)
        yield (x[rows],) if y is None else (x[rows], y[rows])


class Pieces(keras.utils.PyDataset):
    """Rows in three batches."""

    def __init__(self, x, y):
        super().__init__()
        self.pieces = list(batches(x, y))

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return self.pieces[index]


def of_the_backend(x, y):
    """A `tf.data.Dataset`, or a PyTorch loader; JAX has none."""
    if keras.backend.backend() == "tensorflow":
        data = importlib.import_module("tensorflow").data
        return data.Dataset.from_tensor_slices((x, y)).batch(16)
    if keras.backend.backend() == "jax":
        return batches(x, y)
    data = importlib.import_module("torch.utils.data")
    rows = data.TensorDataset(*map(ops.convert_to_tensor, (x, y)))
    return data.DataLoader(rows, batch_size=16)


@pytest.mark.parametrize("dataset", [batches, Pieces, of_the_backend])
def test_a_dataset_is_as_good_as_its_rows(dataset):
    """With targets inside; twin: half of the rows are not."""
    x, y = data(ROWS, 5), np.arange(ROWS) % 3 // 2
    expected = result(small, x, y)
    assert alike(result(small, dataset(x, y), samples=ROWS), expected)
    assert not alike(result(small, x[:24], y[:24]), expected)


@pytest.mark.parametrize("form", ["rows", "tuple"])
def test_a_generator_need_not_yield_targets(form):
    x = data(ROWS, 5)
    given = (rows if form == "tuple" else rows[0] for rows in batches(x))
    assert alike(result(small, given, samples=ROWS), result(small, x))


@pytest.mark.parametrize("x", ["text", 3, [3]], ids=["text", "number", "numbers"])
def test_what_is_no_data(x):
    with pytest.raises(ValueError, match=r"`x`.* Received: .*\. [A-Z]"):
        calibrate(small(), iter(x) if isinstance(x, list) else x)


@pytest.mark.parametrize("scale", [1e-12, 1e12, 1e30])
def test_data_of_any_size(scale):
    """Squares of the largest are too large for float32."""
    model, x = small(), data(ROWS, 5) * np.float32(scale)
    low = model.get_layer("low")
    calibrate(model, x)
    z = x.astype(np.float64) @ values(low.kernel).astype(np.float64)
    assert abs(z.std(0) - 1).max() < 0.01
    assert all(np.isfinite(value).all() for value in weights(model).values())


def test_a_generator_is_read_no_further_than_needed():
    """Of batches of 16, for 32 rows, one more at most."""
    numbers = itertools.count()
    given = ((data(16, 5, seed=n), np.zeros(16, int)) for n in numbers)
    result(small, given, samples=32)
    assert next(numbers) <= 3


def test_of_many_rows_evenly_spaced_ones_are_used():
    """Sorted data counts as a whole; twin: its start alone says something else.

    Two of 256 may be extreme, at 4 std, and are 2 · 4² / 256 = 0.13 of the variance.
    """
    x = np.sort(data(5000, 5), axis=0)
    for given, close in ((x, True), (x[:256], False)):
        model = small()
        calibrate(model, given)
        low = model.get_layer("low")
        z = x @ values(low.kernel) + values(low.bias)
        near = abs(z.var(0) - 1).max() < 0.25 and abs(z.mean(0)).max() < 0.05
        assert near == close


class Strange(layers.Layer):
    """Once it is armed: raises an error, or divides by zero."""

    what, armed = None, False

    def call(self, x):
        """Harmless at first."""
        if self.armed and self.what:
            raise self.what("half-way")
        return x / 0 if self.armed else x


def rejected(model, argument, received, *given, more=(), **options):
    """A call is refused and has changed nothing."""
    before = weights(model)
    refused(lambda: calibrate(model, *given, **options), argument, received, *more)
    assert same(before, weights(model))


def test_an_unbuilt_model():
    model = keras.Sequential([layers.Dense(3)])
    refused(lambda: calibrate(model, data(ROWS, 5)), "model", "not built")
    assert not model.built


@pytest.mark.parametrize("shape", [None, (48, 4), (48, 5, 2), (48,), (0, 5), (1, 5)])
def test_no_data_or_of_another_shape_or_of_fewer_than_two_rows(shape):
    received = {None: "x=None", (0, 5): "0", (1, 5): "1"}.get(shape, str(shape))
    rejected(small(), "x", received, shape and data(*shape))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_data_that_is_not_finite(bad):
    """Row and column are told, and of several inputs which."""
    x = data(ROWS, 5)
    x[17, 3] = bad
    rejected(small(), "x", "(17, 3)", x)
    named = {"wide": x, "narrow": data(ROWS, 3)}
    rejected(two_inputs(), "x", "(17, 3)", named, more=["wide"])


HOLE = np.where(np.arange(ROWS) == 11, np.nan, 1.0)
LABELS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
TARGETS = {  # values, their loss, and what the message has of them
    "another length": (np.zeros(ROWS - 1, int), None, "47"),
    "another width": (np.eye(4)[np.arange(ROWS) % 4], None, "4"),
    "another width of numbers": (np.ones((ROWS, 4)), "mse", "4"),
    "no number": (np.stack([HOLE] * 3, 1), "mse", "11"),
    "infinite": (
        np.stack([np.where(np.isnan(HOLE), np.inf, HOLE)] * 3, 1),
        "mse",
        "11",
    ),
    "a class too many": (np.arange(ROWS) % 4, LABELS, "3"),
    "a negative class": (np.arange(ROWS) % 3 - 1, LABELS, "-1"),
}


@pytest.mark.parametrize("wrong", TARGETS)
def test_targets_that_do_not_fit(wrong):
    y, loss, received = TARGETS[wrong]
    rejected(small(loss=loss), "y", received, data(ROWS, 5), y)


@pytest.mark.parametrize(
    "argument", ["normalize", "branches", "head", "method", "samples"]
)
@pytest.mark.parametrize("wrong", ["units", 3.5, -1])
def test_words_and_numbers_that_are_not_known(argument, wrong):
    received = f"{argument}={wrong!r}"
    rejected(small(), argument, received, data(ROWS, 5), **{argument: wrong})


@pytest.mark.parametrize("argument", ["include", "exclude"])
def test_a_pattern_that_matches_nothing(argument):
    model = small()
    before = weights(model)
    said = rf"`{argument}` 'hidden\*' matches no weight\. \w+ .*\."
    with pytest.raises(ValueError, match=said):
        calibrate(model, data(ROWS, 5), **{argument: ["low", "hidden*"]})
    assert same(before, weights(model))


def test_a_signal_that_becomes_infinite():
    """The layer is named."""
    strange = Strange(name="strange")
    model = small(strange, layers.Dense(4, name="after"))
    strange.armed = True
    before = weights(model)
    with pytest.raises(ValueError, match=r"after|strange") as caught:
        calibrate(model, data(ROWS, 5))
    assert "Received: " in str(caught.value)
    assert same(before, weights(model))


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_an_interrupted_pass_changes_nothing(error):
    strange = Strange()
    model = small(strange, layers.Dense(4))
    before = weights(model)
    strange.what, strange.armed = error, True
    with pytest.raises((error, ValueError), match="half-way"):
        calibrate(model, data(ROWS, 5))
    assert same(before, weights(model))
    strange.armed = False
    calibrate(model, data(ROWS, 5))
    assert not same(before, weights(model))


@pytest.mark.parametrize("number", [0, 1, 2, 3])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_interrupted_writing_changes_nothing(monkeypatch, number, when):
    model = small()
    before, calls, assign = weights(model), [], model.weights[number].assign

    def failing(value):
        calls.append(value)
        if len(calls) > 1 or when == "after":
            assign(value)
        if len(calls) == 1:
            raise KeyboardInterrupt("half-way")

    monkeypatch.setattr(model.weights[number], "assign", failing)
    with pytest.raises(KeyboardInterrupt, match="half-way"):
        calibrate(model, data(ROWS, 5))
    assert same(before, weights(model))


@pytest.mark.backend("tensorflow", "jax")
def test_inside_a_compiled_function():
    model, x = small(), data(ROWS, 5)
    module = importlib.import_module(keras.backend.backend())
    compiled = getattr(module, "jit", module.__dict__.get("function"))
    before = weights(model)
    with pytest.raises(ValueError, match=r"Received: .*\. [A-Z]"):
        compiled(lambda z: [z, calibrate(model, x)][0])(x)
    assert same(before, weights(model))
