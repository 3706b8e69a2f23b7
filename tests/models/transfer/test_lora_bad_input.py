"""`lora` refuses what it cannot do, in words, with all weights as they were."""

import keras
import numpy as np
import pytest

import keras_inits
from support.lora_models import TOKENS, by_name, dense, enabled, every_layer

layers = keras.layers
X = np.ones((4, 8), "float32")


def quantized():
    model, layer = dense()
    layer.quantize("int8")
    return model


def plain():
    return keras.Sequential([keras.Input((8,)), layers.Dense(6)])


def batched():
    layer = layers.EinsumDense("eab,ebc->eac", (3, 5))
    model = keras.Sequential([keras.Input((3, 4), batch_size=4), layer])
    layer.enable_lora(2)
    return model


def summed_last():
    layer = layers.EinsumDense("abc,dbc->ad", 6)
    model = keras.Sequential([keras.Input((5, 4)), layer])
    layer.enable_lora(2)
    return model


@pytest.mark.parametrize(
    ("make", "given", "said"),
    [
        (plain, {}, "without any"),
        (plain, {"method": "pisa"}, "'pissa'"),
        (lambda: dense(rank=3)[0], {"method": "orthogonal"}, "rank 3"),
        (lambda: dense(units=3)[0], {"method": "pissa"}, "has 3"),
        (lambda: dense(alpha=0)[0], {}, "must be > 0"),
        (lambda: dense()[0], {"method": "eva"}, "data=None"),
        (lambda: dense()[0], {"data": X}, "data=some"),
        (lambda: dense()[0], {"include": "head"}, "matches no weight"),
        (lambda: dense()[0], {"exclude": "*"}, "excluded"),
        (lambda: dense()[0], {"seed": 1.5}, "seed=1.5"),
        (lambda: enabled(every_layer()), {"method": "eva", "data": TOKENS}, "indices"),
        (quantized, {"method": "mica"}, "quantized"),
        (batched, {"method": "eva", "data": np.ones((4, 3, 4))}, "batch axes"),
        (summed_last, {"method": "eva", "data": np.ones((4, 5, 4))}, "last axis"),
        (lambda: dense()[0], {"method": "eva", "data": X[:, :5]}, "5"),
    ],
)
def test_bad_input_is_refused_and_nothing_written(make, given, said):
    keras.utils.set_random_seed(0)
    model = make()
    before = by_name(model)
    with pytest.raises(ValueError, match=said):
        keras_inits.lora(model, **given)
    after = by_name(model)
    assert all((before[path] == after[path]).all() for path in before)


@pytest.mark.parametrize("method", ["gaussian", "orthogonal"])
def test_quantized_kernels_take_random_factors(method):
    model = quantized()
    keras_inits.lora(model, method, seed=0)
