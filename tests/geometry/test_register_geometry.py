"""What the weights of a user's own layers are for: guessed with a note, or taught."""

import keras
import pytest

from keras_inits.geometry import Geometry, Weight, describe, fans, register_geometry
from keras_inits.geometry import layers as rules

layers = keras.layers


class Unknown(layers.Layer):
    """Weights of names and shapes that no rule speaks of."""

    def build(self, input_shape):
        self.mixed = self.add_weight(shape=(2, input_shape[-1], 5), name="mixed")
        self.place = self.add_weight(shape=(1, 7, 4), name="position_embedding")
        self.shift = self.add_weight(shape=(5,), name="shift")
        self.gamma = self.add_weight(shape=(5,), name="gamma")
        self.table = self.add_weight(shape=(3, 4), name="table", trainable=False)


@pytest.fixture
def unknown(monkeypatch):
    """A built layer, and rules that are forgotten after the test."""
    monkeypatch.setattr(rules, "_rules", dict(rules._rules))
    layer = Unknown()
    layer.build((None, 4))
    return layer


def described(layer, name):
    """What is said of a layer's weight."""
    (variable,) = [v for v in layer.weights if v.name == name]
    return describe(layer, name, tuple(variable.shape))


def test_an_unknown_layer_is_read_by_names_and_shapes_with_a_note(unknown):
    """Each guess is told; a name that is always the same thing needs no note."""
    kernel = described(unknown, "mixed")
    assert kernel[:2] == ("kernel", Geometry())
    assert "Unknown has no geometry of its own: read by its shape" in kernel.note
    place = described(unknown, "position_embedding")
    assert place[:2] == ("embedding", Geometry(kernel_format="embedding"))
    assert "by its name" in place.note
    shift = described(unknown, "shift")
    assert shift.role == "bias"
    assert "a vector is taken for a bias" in shift.note
    assert described(unknown, "gamma") == Weight("gain")
    table = described(unknown, "table")
    assert table.role == "state"
    assert "not trained" in table.note
    assert fans(unknown, "mixed") == (8, 10)


def test_a_mapping_teaches_kernels_roles_and_both(unknown):
    """What it leaves out is read as before; a subclass is read by it, too."""
    experts = Geometry(kernel_format="experts")
    told = Weight("gain", note="starts at one")
    register_geometry(Unknown, {"mixed": experts, "shift": told, "table": "bias"})
    assert described(unknown, "mixed") == Weight("kernel", experts)
    assert described(unknown, "shift") == told
    assert described(unknown, "table") == Weight("bias")
    assert "by its name" in described(unknown, "position_embedding").note
    assert fans(unknown, "mixed") == (4, 5)

    class Derived(Unknown):
        pass

    layer = Derived()
    layer.build((None, 4))
    assert fans(layer, "mixed") == (4, 5)
    register_geometry(Derived, {"mixed": "state"})
    assert described(layer, "mixed") == Weight("state")
    assert described(layer, "shift") == told  # from the class above
    assert fans(unknown, "mixed") == (4, 5)


def test_a_function_teaches_by_the_layer_itself(unknown):
    """None leaves a weight to the class above."""

    def rule(layer, name, shape):
        return Geometry(gates=layer.parts) if name == "mixed" else None

    register_geometry(Unknown, rule)
    unknown.parts = 5
    assert fans(unknown, "mixed") == (8, 2)
    assert described(unknown, "gamma") == Weight("gain")


def test_a_rule_for_a_layer_of_keras_takes_the_place_of_ours(unknown):
    """For the transposed convolution that counts every tap, as others do."""
    layer = layers.Conv1DTranspose(5, 4, strides=2)
    layer.build((None, 9, 3))
    assert fans(layer) == (6, 20)
    register_geometry(
        layers.Conv1DTranspose, {"kernel": Geometry(kernel_format="transpose")}
    )
    assert fans(layer) == (12, 20)


@pytest.mark.parametrize(
    ("layer_class", "weights", "said"),
    [
        (layers.Dense(3, name="head"), {}, r"`layer_class`.*Received: layer_class=<"),
        (dict, {}, r"`layer_class`.*Received: layer_class=<class 'dict'>"),
        (Unknown, [("mixed", "kernel")], r"`weights`.*Received: weights=\[\("),
        (Unknown, {0: "kernel"}, r"keys of `weights`.*Received: key 0 for Unknown"),
        (Unknown, {"mixed": 3}, r"weight 'mixed' is for.*Received: 3\. For example"),
        (
            Unknown,
            {"mixed": "kernal"},
            r"weight 'mixed' is for.*Received: role='kernal'\. Did you mean 'kernel'",
        ),
        (Unknown, {"mixed": Weight("wight")}, r"Received: role='wight'"),
    ],
)
def test_bad_teaching_is_refused_at_once(unknown, layer_class, weights, said):
    """And nothing is learnt."""
    before = dict(rules._rules)
    with pytest.raises(ValueError, match=said):
        register_geometry(layer_class, weights)
    assert rules._rules == before


def test_a_function_that_answers_nonsense_is_refused_when_asked(unknown):
    """By the layer's class and the weight's name."""
    register_geometry(Unknown, lambda layer, name, shape: (name, shape))
    with pytest.raises(ValueError, match=r"Unknown's weight 'mixed' .* Received: \('m"):
        described(unknown, "mixed")


@pytest.mark.parametrize(
    ("layer", "name", "said"),
    [
        ("dense", "kernel", r"`layer` must be a Keras layer.*Received: layer='dense'"),
        (layers.Dense(3), "kernel", r"not built.*Received: name='kernel'.*Build"),
    ],
)
def test_fans_of_what_is_no_layer_or_not_built_are_refused(layer, name, said):
    with pytest.raises(ValueError, match=said):
        fans(layer, name)


def test_fans_of_what_is_no_kernel_are_refused():
    """A vector sums nothing up: other libraries raise, too."""
    layer = layers.Dense(3)
    layer.build((None, 4))
    with pytest.raises(ValueError, match=r"Received: name='bias', which is a bias\."):
        fans(layer, "bias")
    with pytest.raises(ValueError, match=r"\(dense\w*/bias, .*Received: name='kernal'"):
        fans(layer, "kernal")
