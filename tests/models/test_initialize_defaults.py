"""What is no kernel starts where its layer starts it, or at zero or one."""

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.models.initialize import initialize
from support.model_zoo import Scale, dense, row, same, values, weights

layers = keras.layers


def test_biases_gains_and_statistics_have_their_defaults():
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(5),
            layers.BatchNormalization(),
            layers.PReLU(),
            layers.LayerNormalization(),
        ]
    )
    for weight in model.weights:
        weight.assign(weight + 3)
    initialize(model, "he_normal", seed=7)
    for path, array in weights(model).items():
        if not path.endswith("kernel"):
            one = path.endswith(("gamma", "variance"))
            assert (array == (1 if one else 0)).all(), path


@pytest.mark.parametrize("cls", [layers.LSTM, layers.ConvLSTM1D])
@pytest.mark.parametrize("unit_forget_bias", [True, False])
def test_the_forget_gate_starts_open(cls, unit_forget_bias):
    """As Keras has it: the second quarter of the bias."""
    conv = {"kernel_size": 2} if cls is layers.ConvLSTM1D else {}
    layer = cls(3, unit_forget_bias=unit_forget_bias, **conv)
    layer.build((None, 5, 4) + ((2,) if conv else ()))
    keras_s = values(layer.cell.bias)
    layer.cell.bias.assign(layer.cell.bias + 1)
    report = initialize(layer, "he_normal", seed=7)
    assert np.array_equal(values(layer.cell.bias), keras_s)
    assert keras_s.sum() == (3 if unit_forget_bias else 0)
    told = "forget gate 1" in row(report, "cell/bias").scheme
    assert told is unit_forget_bias


def test_the_other_gates_start_as_the_layer_says():
    layer = layers.LSTM(3, bias_initializer=keras.initializers.Constant(-2.0))
    layer.build((None, 5, 4))
    keras_s = values(layer.cell.bias)
    layer.cell.bias.assign(layer.cell.bias * 0)
    initialize(layer, "he_normal", seed=7)
    assert np.array_equal(values(layer.cell.bias), keras_s)


def test_a_start_without_chance_is_the_author_s_and_stays():
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(3, bias_initializer=keras.initializers.Constant(-2.0)),
            layers.LayerNormalization(gamma_initializer="zeros"),
            Scale(1e-3),
            layers.Dense(
                2, bias_initializer=keras.initializers.Constant(np.array([0.5, -0.5]))
            ),
        ]
    )
    for weight in model.weights:
        weight.assign(weight + 3)
    report = initialize(model, "he_normal", seed=7)
    found = weights(model)
    assert (found["dense[0]/bias"] == -2).all()
    assert (found["layer_normalization[0]/gamma"] == 0).all()
    assert (found["scale[0]/factor"] == np.float32(1e-3)).all()
    assert found["dense[1]/bias"].tolist() == [0.5, -0.5]
    for path in ("dense[0]/bias", "layer_normalization[0]/gamma", "scale[0]/factor"):
        assert row(report, path).rule == "the layer's own"


def test_a_bias_that_started_by_chance_starts_at_zero_and_the_report_says_so():
    model = dense(5, 6, bias_initializer=keras.initializers.RandomNormal())
    report = initialize(model, "he_normal", seed=7)
    assert (weights(model)["dense[0]/bias"] == 0).all()
    found = row(report, "dense[0]/bias")
    assert found.note == "its own keras.initializers.RandomNormal is not kept: it draws"


class Gate(layers.Layer):
    """Weights whose shapes would be taken for a bias and for a kernel."""

    def __init__(self, broken=False, **kwargs):
        super().__init__(**kwargs)
        self.scale = keras.Variable(keras.ops.full((1, 4), 5.0))
        self.broken = broken

    def build(self, shape):
        """One weight of each kind."""
        start = keras.initializers.Constant(2.5)
        self.temperature = self.add_weight(
            shape=(), initializer=start, name="temperature"
        )
        self.table = self.add_weight(shape=(4, 5), initializer="zeros", name="table")
        self.mix = self.add_weight(shape=(4, 5), name="mix")
        self.tilt = self.add_weight(shape=(4,), name="tilt")

    def get_config(self):
        """Of no use if broken."""
        if self.broken:
            raise RuntimeError("no configuration")
        return super().get_config()


def test_an_unknown_layer_is_asked_what_it_starts_with():
    """What starts without chance is no kernel, whatever its shape."""
    layer = Gate()
    layer.build((None, 4))
    for weight in layer.weights:
        weight.assign(weight + 3)
    report = initialize(layer, "he_normal", seed=7)
    found = weights(layer)
    assert (found["temperature"] == 2.5).all()
    assert (found["scale"] == 5).all()
    assert (found["table"] == 0).all()
    assert row(report, "table").role == "bias"
    assert row(report, "temperature").role == "gain"
    assert row(report, "table").note == "read by what it starts with"
    # A vector that starts by chance keeps its distribution, with this package's draws.
    assert row(report, "tilt").scheme == "GlorotUniform()"
    assert found["tilt"].std() > 0
    assert row(report, "mix").role == "kernel"
    assert "Gate has no geometry" in row(report, "mix").note


def untold():
    """A layer that cannot be built once more."""
    layer = Gate(broken=True)
    layer._auto_config = None
    layer.build((None, 4))
    layer.tilt.assign(keras.ops.full((4,), -1.5))
    return layer


def test_a_layer_that_does_not_tell_keeps_what_is_one_number():
    layer = untold()
    report = initialize(layer, "he_normal", seed=7)
    found = weights(layer)
    assert (found["temperature"] == 2.5).all()
    assert (found["scale"] == 5).all()
    assert (found["tilt"] == -1.5).all()
    told = row(report, "temperature")
    assert told.rule == "the layer's own"
    assert told.note.endswith("as it is now: its layer does not tell")
    assert row(report, "table").role == "kernel"  # by its shape


def test_a_vector_of_which_nothing_is_known_is_refused():
    """Zeros would be the end of a network whose gains they are."""
    layer = untold()
    layer.tilt.assign(keras.ops.convert_to_tensor([1.0, 2.0, 3.0, 4.0]))
    before = weights(layer)
    with pytest.raises(
        ValueError, match=r"The initial value of 'tilt' \(Gate\) is unknown.*rule"
    ):
        initialize(layer, "he_normal", seed=7)
    assert same(before, weights(layer))
    initialize(layer, {"tilt": "ones", "*": "he_normal"}, seed=7)
    assert (weights(layer)["tilt"] == 1).all()


class WithoutConfig(layers.Layer):
    """What Keras cannot build once more: an argument that is no JSON, no get_config."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.made = []

    def build(self, shape):
        """Weights of all kinds, and traces of the call."""
        self.weight = self.add_weight((shape[-1],), "ones", name="weight")
        self.fixed = self.add_weight(shape=(), initializer="zeros", trainable=False)
        self.token = self.add_weight(
            shape=(1, 1, 9), initializer=keras.initializers.RandomNormal(stddev=0.02)
        )
        self.offset = self.add_weight(shape=(3,), initializer="zeros")
        self.made.append(self.weight)


def test_a_layer_without_configuration_asks_for_what_is_not_one_number():
    """What is one number stays; for the rest, the error says what to type."""
    layer = WithoutConfig(len)
    layer.build((None, 4))
    with pytest.raises(NotImplementedError):
        layer.get_config()
    attributes, before = dict(vars(layer)), weights(layer)
    with pytest.raises(ValueError, match=r"The initial value of '.*' .*Give it a rule"):
        initialize(layer, "he_normal", seed=7)
    assert same(before, weights(layer))
    (token,) = [name for name, value in before.items() if value.shape == (1, 1, 9)]
    report = initialize(layer, {token: "standard_normal"}, seed=7)
    found = weights(layer)
    assert (found["weight"] == 1).all()
    assert (found["offset"] == 0).all()
    assert found["fixed"] == 0  # never trained: a state
    assert row(report, "weight").note.endswith("its layer does not tell")
    assert found[token].std() > 0.3
    assert vars(layer) == attributes
    assert len(layer.made) == 1
    assert len(layer.weights) == 4


def test_a_rule_on_the_name_sets_what_is_no_kernel():
    model = dense(5, 6, 4)
    rules = {"dense[1]/bias": keras_inits.Constant(-1.5), "*": "he_normal"}
    report = initialize(model, rules, seed=7)
    found = weights(model)
    assert (found["dense[1]/bias"] == -1.5).all()
    assert (found["dense[0]/bias"] == 0).all()
    assert row(report, "dense[1]/bias").rule == "'dense[1]/bias'"


def test_adapters_start_where_they_change_nothing():
    model = dense(6, 5)
    model.layers[0].enable_lora(2)
    before = weights(model)
    for name in ("a", "b"):
        factor = getattr(model.layers[0], f"lora_kernel_{name}")
        factor.assign(factor + 1)
    report = initialize(model, "he_fan_in", seed=7)
    after = weights(model)
    assert (after["dense[0]/lora_kernel_b"] == 0).all()
    assert row(report, "dense[0]/lora_kernel_a").fan_in == 6
    assert np.array_equal(before["dense[0]/kernel"], after["dense[0]/kernel"])
    assert {one.path: one.why for one in report.left_alone} == {
        "dense[0]/kernel": "frozen"
    }
