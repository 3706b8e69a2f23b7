"""`recipes.torch` draws what PyTorch's own layers draw: their bounds are compared."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_inits
from keras_inits import recipes

pytestmark = pytest.mark.backend("torch")


def keras_bounds(layer, shape):
    """The greatest entry, and the std, of each weight that the recipe draws."""
    model = keras.Sequential([keras.Input(shape), layer])
    keras_inits.initialize(model, recipes.torch(model), seed=0)
    found = {}
    for variable in layer.weights:
        values = keras.ops.convert_to_numpy(variable)
        found[variable.name] = abs(values).max(), values.std()
    return found


def torch_bounds(module, name):
    values = getattr(module, name).detach().numpy()
    return abs(values).max(), values.std()


def alike(found, wanted, size):
    """Both are samples: a uniform's std to five errors, its bound to 10 / n."""
    for one, other in zip(found, wanted, strict=True):
        tolerance = 10 * np.sqrt(0.2 / size) + 10 / size
        assert one == pytest.approx(other, rel=tolerance)


def pairs():
    from torch import nn

    return {
        "dense": (layers.Dense(300), (200,), nn.Linear(200, 300)),
        "conv": (layers.Conv2D(90, 3), (8, 8, 40), nn.Conv2d(40, 90, 3)),
        "grouped": (
            layers.Conv2D(90, 3, groups=2),
            (8, 8, 40),
            nn.Conv2d(40, 90, 3, groups=2),
        ),
        "transposed": (
            layers.Conv2DTranspose(90, 3, strides=2),
            (8, 8, 40),
            nn.ConvTranspose2d(40, 90, 3, stride=2),
        ),
        "depthwise": (
            layers.DepthwiseConv2D(5),
            (8, 8, 400),
            nn.Conv2d(400, 400, 5, groups=400),
        ),
    }


@pytest.mark.parametrize(
    "kind", ["dense", "conv", "grouped", "transposed", "depthwise"]
)
def test_kernels_and_biases(kind):
    layer, shape, module = pairs()[kind]
    found = keras_bounds(layer, shape)
    alike(found["kernel"], torch_bounds(module, "weight"), 10_000)
    alike(found["bias"], torch_bounds(module, "bias"), 90)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_recurrent_layers(kind):
    """The two biases of an LSTM are one in Keras: their sum."""
    import torch

    module = getattr(torch.nn, kind.replace("Simple", ""))(70, 120, batch_first=True)
    layer = getattr(layers, kind)(120)
    found = keras_bounds(layer, (6, 70))
    alike(found["kernel"], torch_bounds(module, "weight_ih_l0"), 8000)
    alike(found["recurrent_kernel"], torch_bounds(module, "weight_hh_l0"), 14_000)
    one = module.bias_ih_l0.detach().numpy()
    other = module.bias_hh_l0.detach().numpy()
    biases = np.stack([one, other]) if kind == "GRU" else one + other
    std = found["bias"][1]
    assert std == pytest.approx(biases.std(), rel=10 * np.sqrt(0.35 / 120))


def test_attention():
    """Query, key and value as one matrix of Xavier's; biases zero."""
    from torch import nn

    module = nn.MultiheadAttention(96, 4)
    x = inputs = keras.Input((5, 96))
    layer = layers.MultiHeadAttention(4, 24, name="attention")
    model = keras.Model(inputs, layer(x, x))
    keras_inits.initialize(model, recipes.torch(model), seed=0)
    for inner in (layer.query_dense, layer.key_dense, layer.value_dense):
        kernel = keras.ops.convert_to_numpy(inner.kernel)
        found = abs(kernel).max(), kernel.std()
        alike(found, torch_bounds(module, "in_proj_weight"), 9000)
        assert not keras.ops.convert_to_numpy(inner.bias).any()
    kernel = keras.ops.convert_to_numpy(layer.output_dense.kernel)
    found = abs(kernel).max(), kernel.std()
    alike(found, torch_bounds(module.out_proj, "weight"), 9000)
    assert not keras.ops.convert_to_numpy(layer.output_dense.bias).any()


def test_the_rest():
    from torch import nn

    found = keras_bounds(layers.Embedding(60, 90), (5,))
    alike(found["embeddings"][1:], [nn.Embedding(60, 90).weight.std().item()], 1000)
    slope = keras_bounds(layers.PReLU(), (7,))["alpha"][0]
    assert slope == nn.PReLU().weight.item()
    with pytest.raises(ValueError, match="found nothing to set"):
        keras_bounds(layers.LayerNormalization(), (7,))
