"""The places of a model's weights: complete, unique, and the same for the same code."""

import itertools

import keras
import pytest

from keras_inits.graph.weights import layers_with_paths, weights_of
from support.model_zoo import ZOO, Block, Scale, functional, shared, subclassed, wrapped

layers = keras.layers
every_model = pytest.mark.parametrize("name", ZOO)


def paths(model):
    """Of all weights, in order."""
    return [info.path for info in weights_of(model)]


def by_path(model):
    """The places, by their paths."""
    return {info.path: info for info in weights_of(model)}


@every_model
def test_every_weight_has_one_place(name):
    model = ZOO[name]()
    found = [id(info.variable) for info in weights_of(model)]
    assert len(found) == len(set(found))
    assert set(found) == {id(weight) for weight in model.weights}
    assert len(set(paths(model))) == len(found)


@every_model
def test_the_same_code_gives_the_same_places(name):
    """Though Keras numbers the second model's layers and variables on."""
    first, second = ZOO[name](), ZOO[name]()
    assert paths(first) == paths(second)
    assert first.weights[0] is not second.weights[0]
    numbered = [w.path for w in first.weights], [w.path for w in second.weights]
    assert numbered[0] != numbered[1]  # that the test says something


@every_model
def test_the_owner_is_the_innermost_layer(name):
    for info in weights_of(ZOO[name]()):
        assert any(w is info.variable for w in info.layer.weights)
        for layer in info.layer._flatten_layers(include_self=False):
            assert not any(w is info.variable for w in layer.weights)
        chain = (*info.parents, info.layer)
        for outer, inner in itertools.pairwise(chain):
            assert any(one is inner for one in outer._flatten_layers())


def test_default_names_become_a_class_and_a_count():
    found = paths(functional())
    assert {
        "embedding[0]/embeddings",
        "attention/query/kernel",
        "attention/attention_output/bias",
        "separable_conv2d[0]/depthwise_kernel",
        "lstm[0]/cell/recurrent_kernel",
    } <= set(found)
    assert found[-4:] == [
        "dense[0]/kernel",
        "dense[0]/bias",
        "head/kernel",
        "head/bias",
    ]


def test_attributes_name_what_has_no_name():
    found = paths(subclassed())
    assert found[:4] == [
        "stem/kernel",
        "stem/bias",
        "blocks[0]/shift",
        "blocks[0]/first/kernel",
    ]
    assert {
        "blocks[1]/second/bias",
        "blocks[1]/many[1]/kernel",
        "blocks[1]/by_key[left]/kernel",
        "scale/factor",
        "head/kernel",
    } <= set(found)


def test_wrappers_say_which_part_is_meant():
    assert [path for path in paths(wrapped()) if "kernel" in path] == [
        "bidirectional[0]/forward_layer/cell/kernel",
        "bidirectional[0]/forward_layer/cell/recurrent_kernel",
        "bidirectional[0]/backward_layer/cell/kernel",
        "bidirectional[0]/backward_layer/cell/recurrent_kernel",
        "time_distributed[0]/layer/kernel",
        "spectral_normalization[0]/layer/kernel",
        "rnn[0]/cell/cells[0]/kernel",
        "rnn[0]/cell/cells[0]/recurrent_kernel",
        "rnn[0]/cell/cells[1]/kernel",
        "rnn[0]/cell/cells[1]/recurrent_kernel",
    ]


def test_a_name_inside_a_wrapper_stays():
    layer = layers.Bidirectional(layers.LSTM(3, name="encoder"))
    layer.build((None, 7, 5))
    assert paths(layer)[0] == "forward_encoder/cell/kernel"


def test_a_shared_layer_is_there_once_under_its_first_path():
    found = paths(shared())
    assert found == [
        "dense[0]/kernel",
        "dense[0]/bias",
        "sequential[0]/dense[1]/kernel",
        "sequential[0]/dense[1]/bias",
    ]
    visited = [layer for _, layer in layers_with_paths(shared())]
    assert len(visited) == len({id(layer) for layer in visited}) == 6


def stack(*middle):
    """A model with two named layers around others."""
    inputs = keras.Input((6,))
    x = layers.Dense(6, name="below")(inputs)
    for layer in middle:
        x = layer(x)
    x = layers.Dense(6)(x)
    return keras.Model(inputs, layers.Dense(2, name="above")(x))


def test_a_new_layer_leaves_the_places_of_named_ones():
    before, after = paths(stack()), paths(stack(layers.Dense(6), Block(3)))
    named = [path for path in before if path.startswith(("below", "above"))]
    assert len(named) == 4
    assert [p for p in after if p.startswith(("below", "above"))] == named


def test_layers_may_have_any_names():
    """Two equal ones, one like a count, one like an attribute."""

    class Odd(layers.Layer):
        def __init__(self):
            super().__init__()
            self.twins = [layers.Dense(2, name="twin"), layers.Dense(3, name="twin")]
            self.counted = layers.Dense(4, name="dense[0]")
            self.other = layers.Dense(5, name="plain")
            self.plain = layers.Dense(6)

        def build(self, shape):
            for layer in self._layers:
                layer.build(shape)

    layer = Odd()
    layer.build((None, 4))
    assert [path for path in paths(layer) if path.endswith("kernel")] == [
        "twin/kernel",
        "twin[1]/kernel",
        "dense[0]/kernel",
        "plain/kernel",
        "dense[1]/kernel",
    ]


def test_variables_without_names_are_called_after_their_attributes():
    """Keras would number them over all the process, by another word on each backend."""

    class Own(layers.Layer):
        def build(self, shape):
            self.alone = self.add_weight(shape=(2,))
            self.several = [self.add_weight(shape=(n,)) for n in (3, 4)]
            self.made = keras.Variable(keras.ops.ones((5,)))
            self.add_weight(shape=(6,))
            self.add_weight(shape=(7,))
            for n in (8, 9):
                self.add_weight(shape=(n,), name="same")

    layer = Own()
    layer.build(())
    assert {info.path: info.shape[0] for info in weights_of(layer)} == {
        "alone": 2,
        "several[0]": 3,
        "several[1]": 4,
        "made": 5,
        "variable": 6,
        "variable[1]": 7,
        "same": 8,
        "same[1]": 9,
    }


def test_a_direct_attribute_goes_before_a_list():
    """On every backend, whatever the order of assignment."""

    class Both(layers.Layer):
        def __init__(self):
            super().__init__()
            self.all = [layers.Dense(2)]
            self.first = self.all[0]

        def build(self, shape):
            self.first.build(shape)

    layer = Both()
    layer.build((None, 3))
    assert paths(layer) == ["first/kernel", "first/bias"]


def test_a_reloaded_model_has_the_same_places(tmp_path):
    model = functional()
    model.save(tmp_path / "model.keras")
    assert paths(keras.saving.load_model(tmp_path / "model.keras")) == paths(model)


def test_states_of_seeds_metrics_and_optimizers_are_no_weights():
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3), layers.Dropout(0.5, seed=1)]
    )
    model.compile("adam", keras.losses.MeanSquaredError(), metrics=["mae"])
    model.train_on_batch(keras.ops.ones((2, 4)), keras.ops.ones((2, 3)))
    assert len(model.variables) > 2
    assert paths(model) == ["dense[0]/kernel", "dense[0]/bias"]


def roles(model):
    """Role and note of each weight, by path."""
    return {info.path: info.weight.role for info in weights_of(model)}


def test_a_wrapper_s_own_weight_is_its_own_and_the_kernel_the_inner_layer_s():
    found = by_path(wrapped())
    assert found["spectral_normalization[0]/vector_u"].weight.role == "state"
    inner = found["spectral_normalization[0]/layer/kernel"]
    assert isinstance(inner.layer, layers.Dense)


def test_what_is_never_trained_is_state():
    class Fixed(layers.Layer):
        def build(self, shape):
            self.add_weight(shape=(4, 5), name="kernel", trainable=False)
            self.add_weight(shape=(), name="steps", dtype="int32", trainable=False)
            self.add_weight(shape=(4, 5), name="scale", overwrite_with_gradient=True)
            self.add_weight(shape=(5,), name="bias")

    layer = Fixed()
    layer.build(())
    found = by_path(layer)
    assert {path: info.weight.role for path, info in found.items()} == {
        "bias": "bias",
        "kernel": "state",
        "steps": "state",
        "scale": "state",
    }
    assert found["steps"].weight.note == "int32 holds no real numbers"
    layer.trainable = False
    assert by_path(layer)["bias"].weight.role == "bias"  # frozen is not never


def test_a_quantized_layer_is_state_but_for_its_adapters():
    model = keras.Sequential([keras.Input((6,)), layers.Dense(5)])
    model.layers[0].enable_lora(2)
    assert roles(model)["dense[0]/kernel"] == "kernel"
    model.layers[0].quantize("int8")
    found = roles(model)
    assert {found[f"dense[0]/{name}"] for name in ("kernel", "bias")} == {"state"}
    assert found["dense[0]/lora_kernel_a"] == "LoRA factor A"
    assert found["dense[0]/lora_kernel_b"] == "LoRA factor B"
    assert len(found) > 4  # the quantization's own scale
    assert found.pop("dense[0]/kernel_scale") == "state"


def test_layers_come_with_their_paths():
    found = dict(layers_with_paths(subclassed()))
    assert isinstance(found["blocks[1]/by_key[left]"], layers.Dense)
    assert isinstance(found["scale"], Scale)
    assert isinstance(found[""], keras.Model)


@pytest.mark.parametrize(
    "make", [keras.Sequential, lambda: keras.Sequential([layers.Dense(2)])]
)
def test_a_model_without_weights_is_refused(make):
    with pytest.raises(
        ValueError, match=r"must be built.*Received: model='seq.*Call model"
    ):
        weights_of(make())


def test_what_is_no_layer_is_refused():
    with pytest.raises(
        ValueError, match=r"must be a Keras model.*Received: model=\[\]"
    ):
        weights_of([])
