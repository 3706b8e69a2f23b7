"""One forward pass that sets weights, and the loss of a model's own."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_inits
from keras_inits.signals.forward import forward

X = np.random.Generator(np.random.PCG64(3)).standard_normal((64, 6)).astype("float32")


class Subclassed(keras.Model):
    """Two dense layers, the first of which is called twice."""

    def __init__(self):
        super().__init__()
        self.first, self.last = layers.Dense(6, "tanh"), layers.Dense(4)

    def call(self, x):
        return self.last(self.first(self.first(x)))


def sequential():
    """Dense, tanh, normalization, dropout, dense."""
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(9, "tanh"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(4),
        ]
    )


def functional():
    """A nested model, and a sum."""
    start = keras.Input((6,))
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(6, "gelu")])
    return keras.Model(start, layers.Dense(4)(start + inner(start)))


def subclassed():
    """Built."""
    model = Subclassed()
    model(ops.ones((2, 6)))
    return model


MODELS = pytest.mark.parametrize("build", [sequential, functional, subclassed])


def number(x):
    """A scalar as Python has it."""
    return float(ops.convert_to_numpy(x))


def to_unit_variance(found):
    """Gives each kernel the scale at which its pre-activations have variance one."""

    def reached(visit):
        if not isinstance(visit.layer, layers.Dense):
            return
        kernel = visit.layer.kernel
        std = ops.std(visit.pre_activation())
        visit.assign(kernel, kernel.value / std)
        after = visit.pre_activation()
        found.append((visit.name, number(std), number(ops.std(after))))

    return reached


@MODELS
def test_a_layer_gets_weights_as_it_is_reached_and_the_pass_goes_on_with_them(build):
    """Later layers see the signal of the new weights; the model keeps its old ones."""
    model = build()
    before = [ops.convert_to_numpy(v) for v in model.variables]
    found = []
    assigned = forward(model, ops.convert_to_tensor(X), to_unit_variance(found))
    after = [ops.convert_to_numpy(v) for v in model.variables]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    dense = [v for v in model.trainable_variables if v.path.endswith("kernel")]
    assert [id(v) for v, _ in assigned] == [id(v) for v in dense]
    assert all(abs(new - 1) < 1e-4 for _, _, new in found)
    assert len(found) == 2  # a layer that is called twice is reached once
    # With these weights in place, a second pass has nothing left to do.
    for variable, value in assigned:
        variable.assign(value)
    again = []
    forward(model, ops.convert_to_tensor(X), to_unit_variance(again))
    assert all(abs(old - 1) < 1e-4 for _, old, _ in again)


@MODELS
def test_a_pass_that_assigns_nothing_leaves_signals_that_are_off(build):
    """Twin: the scales above were not at one by themselves."""
    keras.utils.set_random_seed(3)  # by chance all scales may be near one
    found = []

    def reached(visit):
        if isinstance(visit.layer, layers.Dense):
            found.append(number(ops.std(visit.pre_activation())))

    assert forward(build(), ops.convert_to_tensor(X), reached) == []
    assert any(abs(std - 1) > 0.05 for std in found)


def test_hooks_are_gone_after_an_error():
    model = sequential()

    def reached(visit):
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        forward(model, ops.convert_to_tensor(X), reached)
    assert all("call" not in layer.__dict__ for layer in model.layers)


class OwnLoss(keras.Sequential):
    """A loss of a thousand times the mean square, and of what layers add."""

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        return 1000 * ops.mean(ops.square(y_pred - y)) + sum(self.losses)


class Halved(keras.Sequential):
    """Half of what Keras computes, by a method without `training`."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
        return 0.5 * super().compute_loss(x, y, y_pred, sample_weight)


def with_loss(cls, penalty=None):
    """A compiled model of a class."""
    dense = layers.Dense(4, kernel_initializer="he_fan_in", kernel_regularizer=penalty)
    model = cls([keras.Input((6,)), dense])
    model.compile("sgd", "mean_squared_error")
    return model


Y = np.ones((64, 4), "float32")


def mean_square(model):
    """By NumPy."""
    kernel, bias = (ops.convert_to_numpy(v) for v in model.weights)
    return float(np.mean((X @ kernel + bias - Y) ** 2))


def alike():
    """A model of a loss of its own, and one of Keras's, of the same weights."""
    own, plain = with_loss(OwnLoss), with_loss(keras.Sequential)
    plain.set_weights(own.get_weights())
    return own, plain


def diagnosed(model, **given):
    """The loss that a diagnosis measures in one batch of all rows."""
    return keras_inits.diagnose(model, X, Y, batch_size=64, **given)


def test_the_models_own_loss_is_measured():
    """And not the one that it was compiled with; a loss that is given wins."""
    own, plain = alike()
    expected = mean_square(own)
    assert diagnosed(own).loss == pytest.approx(1000 * expected, rel=1e-4)
    assert diagnosed(own).loss_kind == "compiled"
    assert diagnosed(plain).loss == pytest.approx(expected, rel=1e-4)
    given = diagnosed(own, loss="mean_absolute_error")
    assert given.loss_kind == "given"
    assert given.loss < 10


def test_gradients_are_those_of_the_models_own_loss():
    """A thousand times as large."""
    own, plain = map(diagnosed, alike())
    ratio = own.weights[0].gradient.norm / plain.weights[0].gradient.norm
    assert ratio == pytest.approx(1000, rel=1e-3)


def test_what_layers_add_is_counted_once():
    """A penalty of 2 Σw² enters as the model's own loss has it."""
    model = with_loss(OwnLoss, keras.regularizers.L2(2.0))
    kernel = ops.convert_to_numpy(model.weights[0])
    expected = 1000 * mean_square(model) + 2 * float((kernel**2).sum())
    assert diagnosed(model).loss == pytest.approx(expected, rel=1e-4)


def test_a_method_of_older_signature_that_asks_keras_works():
    model = with_loss(Halved)
    assert diagnosed(model).loss == pytest.approx(0.5 * mean_square(model), rel=1e-4)


def test_without_targets_a_loss_that_needs_them_is_not_asked():
    assert keras_inits.diagnose(with_loss(OwnLoss), X).loss_kind == "projection"
