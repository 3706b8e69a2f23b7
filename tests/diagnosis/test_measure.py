"""What a diagnosis measures, against the same figures computed by hand."""

import keras
import numpy as np
import pytest
import threadpoolctl
from keras import layers

import keras_inits
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


def by_hand(model, x, y):
    """Tensors and gradients of the mean squared error."""
    w1, b1, w2, b2 = (
        keras.ops.convert_to_numpy(w).astype(float) for w in model.weights
    )
    z = x @ w1 + b1
    a = np.maximum(z, 0)
    out = a @ w2 + b2
    d_out = 2 * (out - y) / out.size
    d_a = d_out @ w2.T
    d_z = d_a * (z > 0)
    weights = [x.T @ d_z, d_z.sum(0), a.T @ d_out, d_out.sum(0)]
    return z, a, out, d_a, d_out, weights


def close(figure, expected):
    assert figure == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_every_figure_is_the_one_computed_by_hand():
    model = two_layers()
    y = np.random.default_rng(2).standard_normal((12, 3)).astype("float32")
    diagnosis = diagnose(model, X, y, loss="mse")
    z, a, out, d_a, d_out, weights = by_hand(model, X.astype(float), y)
    first, second = diagnosis.records
    assert (first.name, second.name) == ("first", "second")
    assert (first.activation, second.activation) == ("relu", None)
    close(diagnosis.loss, ((out - y) ** 2).mean())
    close(first.pre.std, z.std())
    close(first.pre.mean, z.mean())
    close(first.out.rms, np.sqrt((a**2).mean()))
    close(first.out.second_moment, (a**2).mean())
    close(first.out.zero, (a == 0).mean())
    close(first.out.dead, (a == 0).all(0).mean())
    close(first.out.skew, ((a - a.mean()) ** 3).mean() / a.std() ** 3)
    close(first.gradient.std, d_a.std())
    close(first.gradient.norm, np.linalg.norm(d_a))
    close(second.out.std, out.std())
    close(second.gradient.rms, np.sqrt((d_out**2).mean()))
    close(second.ratio, out.std() / a.std())
    close(second.gradient_ratio, d_out.std() / d_a.std())
    close(first.input_rms, np.sqrt((X**2).mean()))
    close(second.input_rms, np.sqrt((a**2).mean()))
    assert second.parents == (0,)
    for record, gradient in zip(diagnosis.weights, weights, strict=True):
        close(record.gradient.std, gradient.std())
        close(record.gradient.norm, np.linalg.norm(gradient))
    on = a[a.any(axis=1)]  # a sample that no unit sees has no direction
    unit = on / np.linalg.norm(on, axis=1, keepdims=True)
    cosines = (unit @ unit.T)[~np.eye(len(on), dtype=bool)]
    close(first.out.correlation, cosines.mean())
    eigenvalues = np.linalg.eigvalsh(np.cov(a.T))
    close(first.out.rank, eigenvalues.sum() ** 2 / (eigenvalues**2).sum())


def test_layers_called_twice_have_a_record_for_each_call():
    start = keras.Input((5,))
    shared = layers.Dense(5, "tanh", name="shared")
    model = keras.Model(start, shared(shared(start)))
    first, second = diagnose(model, X).records
    assert (first.call, second.call) == (0, 1)
    assert first.name == second.name == "shared"
    assert second.parents == (0,)
    assert first.out.std != second.out.std
    assert diagnose(model, X).record("shared", call=1).call == 1


class Block(layers.Layer):
    """Layers and plain arithmetic inside a layer."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = layers.Dense(5, "relu", name="inner")

    def build(self, shape):
        self.inner.build(shape)

    def call(self, x):
        return x + self.inner(x)


def test_custom_and_nested_layers_are_recorded_inside_out():
    nested = keras.Sequential([layers.Dense(5, name="deep")], name="nested")
    model = keras.Sequential(
        [keras.Input((5,)), Block(name="block"), nested, layers.Dense(2, name="last")]
    )
    records = diagnose(model, X).records
    names = [record.name for record in records]
    assert names == ["block/inner", "block", "nested/deep", "last"]
    assert [record.block for record in records] == [False, True, False, False]
    assert records[2].parents == (1,)
    assert records[1].gradient is not None


def test_a_subclassed_model_is_measured():
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.one, self.two = layers.Dense(4, "relu"), layers.Dense(2)

        def call(self, x):
            return self.two(self.one(x))

    model = Net()
    model(X)
    diagnosis = diagnose(model, X)
    assert [r.layer for r in diagnosis.records] == ["Dense", "Dense", "Net"]
    assert len(diagnose(model).records) == 3  # its input's shape is known: noise


def test_operations_of_a_functional_model_are_recorded():
    start = keras.Input((5,))
    x = layers.Dense(5)(start)
    model = keras.Model(start, keras.ops.tanh(x) + x)
    kinds = [record.layer for record in diagnose(model, X).records]
    assert kinds == ["Dense", "Tanh", "Add"]


def test_layers_inside_loops_do_no_harm():
    start = keras.Input((6, 5))
    x = layers.TimeDistributed(layers.Dense(4, "relu"))(start)
    x = layers.Bidirectional(layers.GRU(3, return_sequences=True))(x)
    x = layers.RNN(layers.LSTMCell(3))(x)
    diagnosis = diagnose(keras.Model(start, x))
    kinds = [record.layer for record in diagnosis.records if not record.block]
    assert kinds.count("GRU") == 2
    assert "RNN" in kinds
    gates = [r.gates for r in diagnosis.records if r.layer == "GRU"]
    assert all(gate < 0.05 for gate in gates)  # sums of unit variance: none beyond 3.6
    assert all(w.gradient is not None for w in diagnosis.weights if w.trainable)


def test_the_part_of_gates_that_are_saturated_follows_the_kernels():
    """At sums of std 50, those within ±3.6 are 6 %: a slope of a tenth is at 3.6."""
    parts = []
    for stddev in (0.1, 50 / 5**0.5):
        kernel = keras_inits.RandomNormal(stddev=stddev, seed=1)
        gru = layers.GRU(64, kernel_initializer=kernel, recurrent_initializer="zeros")
        (record,) = diagnose(keras.Sequential([keras.Input((4, 5)), gru])).records
        parts.append(record.gates)
    assert parts[0] == 0
    assert abs(parts[1] - 0.94) < 0.03


def test_normalizations_use_the_statistics_of_the_batch():
    """As in training: at the start the moving ones are of nothing."""
    model = keras.Sequential([keras.Input((5,)), layers.BatchNormalization()])
    diagnosis = diagnose(model, 7 * X + 100)
    close(diagnosis.records[0].out.rms, 1.0)


def test_dropout_is_off():
    model = keras.Sequential([keras.Input((5,)), layers.Dropout(0.9), layers.Dense(3)])
    (record,) = diagnose(model, X).records
    expected = keras.ops.convert_to_numpy(model(X, training=False))
    close(record.out.std, expected.std())


def test_several_outputs_with_losses_by_name():
    start = keras.Input((5,))
    one, two = layers.Dense(3, name="one"), layers.Dense(2, name="two")
    model = keras.Model(start, {"one": one(start), "two": two(start)})
    model.compile(
        "sgd", {"one": "mse", "two": "mae"}, loss_weights={"one": 1, "two": 0}
    )
    y = {"one": np.ones((12, 3), "float32"), "two": np.ones((12, 2), "float32")}
    diagnosis = diagnose(model, X, y)
    error = keras.ops.convert_to_numpy(one(X)) - 1
    close(diagnosis.loss, (error**2).mean())
    kernels = {w.owner: w.gradient.rms for w in diagnosis.weights if w.name[-1] == "l"}
    assert kernels["one"] > 0
    assert kernels["two"] == 0


def test_a_model_without_trainable_weights_has_no_gradients():
    model = two_layers()
    model.trainable = False
    diagnosis = diagnose(model, X)
    assert all(w.gradient is None for w in diagnosis.weights)
    assert diagnosis.records[0].out.std > 0
    assert [record.name in str(diagnosis) for record in diagnosis.records] == [True] * 2


def test_the_text_names_layers_figures_and_the_judgement():
    text = str(diagnose(two_layers(), X))
    for word in ("healthy", "first", "second", "relu", "12 samples"):
        assert word in text
    assert max(map(len, text.splitlines())) <= 110


def test_records_are_found_by_name():
    diagnosis = diagnose(two_layers(), X)
    assert diagnosis.record("second").index == 1
    with pytest.raises(ValueError, match="first, second"):
        diagnosis.record("third")


def test_numpy_multiplies_on_one_thread_for_the_time_of_a_diagnosis():
    def threads():
        """Of NumPy's own library; of all others."""
        own, others = [], []
        for pool in threadpoolctl.threadpool_info():
            is_numpy = "numpy" in pool["filepath"] and pool["user_api"] == "blas"
            (own if is_numpy else others).append(pool["num_threads"])
        return own, others

    seen = []

    class Looking(layers.Layer):
        def call(self, x):
            seen.append(threads())
            return x

    model = keras.Sequential([keras.Input((3,)), layers.Dense(2), Looking()])
    np.ones((2, 2)) @ np.ones((2, 2))
    before = threads()
    seen.clear()
    diagnose(model)
    assert threads() == before
    own, others = seen[0]
    if not own:
        pytest.skip("NumPy multiplies by a library of the system's here")
    assert set(own) == {1}
    assert others == before[1]
    if max(before[0]) == 1:
        pytest.skip("one core: there is nothing to switch off")
    assert own != before[0]
