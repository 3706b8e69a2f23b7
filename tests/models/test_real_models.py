"""Architectures that people use: every weight is known, fans are what configs say.

By default three are built; `-m slow` builds the others.
"""

import math

import keras
import numpy as np
import pytest
from keras import layers

from keras_inits.geometry.roles import Role
from keras_inits.graph.weights import weights_of
from keras_inits.initializers import registry
from keras_inits.models.auto import ENDS_BRANCH
from keras_inits.models.initialize import initialize
from support.real_models import SMALLEST, is_finite, slow_except

FEW = {"ConvNeXtTiny", "MobileNetV2", "ResNet50"}
ARCHITECTURES = [name for name in dir(keras.applications) if name[0].isupper()]
NOT_ON_TORCH = [pytest.mark.backend("tensorflow", "jax")]  # says Keras


class Nothing(keras.initializers.Zeros):
    """Zeros under the name of a random initializer, to build models quickly."""

    def __init__(self, *ignored, **arguments):
        super().__init__()

    @classmethod
    def from_config(cls, config):
        """Whatever the config says."""
        return cls()


def zeros_for_all():
    """Context in which Keras's names of random initializers mean zeros."""
    schemes = {name: registry.scheme(name) for name in registry.names()}
    names = {n for n, s in schemes.items() if s.is_random}
    names |= {schemes[name].__name__ for name in names}
    return keras.saving.custom_object_scope(dict.fromkeys(names, Nothing))


def application(name):
    """An architecture with the smallest input that it takes, and two classes."""
    size = SMALLEST.get(name, 331 if name == "NASNetLarge" else 32)
    with zeros_for_all():
        make = getattr(keras.applications, name)
        return make(weights=None, classes=2, input_shape=(size, size, 3))


def fans_by_config(layer, name):
    """Fans of a kernel from the layer's settings and the shape of its input."""
    inputs = layer.input.shape[-1]
    window = math.prod(getattr(layer, "kernel_size", ()))
    if isinstance(layer, layers.DepthwiseConv2D) or name == "depthwise_kernel":
        return window, window * layer.depth_multiplier
    if isinstance(layer, layers.SeparableConv2D):
        return inputs * layer.depth_multiplier, layer.filters
    if isinstance(layer, layers.Conv2D):
        return window * inputs // layer.groups, window * layer.filters // layer.groups
    return inputs, layer.units


BRANCHES = {  # sums in which a block's input comes back, counted in the papers' tables
    "ResNet50": 3 + 4 + 6 + 3,
    "ResNet50V2": 3 + 4 + 6 + 3,
    "ResNet101": 3 + 4 + 23 + 3,
    "ResNet152": 3 + 8 + 36 + 3,
    "MobileNetV2": 1 + 2 + 3 + 2 + 2,
    "EfficientNetB0": 1 + 1 + 2 + 2 + 3,
    "ConvNeXtTiny": 3 + 3 + 9 + 3,
    "InceptionResNetV2": 10 + 20 + 10,
    "Xception": 3 + 8 + 1,
    "DenseNet121": 0,
    "VGG16": 0,
}
DEPTHWISE = {  # convolutions of single channels, one a block
    "MobileNetV2": 17,
    "EfficientNetB0": 1 + 2 + 2 + 3 + 3 + 4 + 1,
    "ConvNeXtTiny": 3 + 3 + 9 + 3,  # written as grouped ones
}


@pytest.mark.parametrize(
    "name",
    slow_except(
        ARCHITECTURES, FEW, NASNetLarge=NOT_ON_TORCH, NASNetMobile=NOT_ON_TORCH
    ),
)
def test_every_weight_of_an_application_is_known(name):
    """None by its shape alone; its fans are the config's; the signal stays finite."""
    model = application(name)
    found = weights_of(model)
    assert len(found) == len(model.weights)
    assert not [p.path for p in found if "no geometry of its own" in p.weight.note]
    report = initialize(model, "auto", seed=0)
    rows = {row.path: row for row in report.rows}
    counters = [p.path for p in found if p.weight.role == Role.STATE]
    assert [row.path for row in report.left_alone] == counters
    assert {info.path for info in found} == {*rows, *counters}
    depthwise = 0
    for info in found:
        layer, row = info.layer, rows.get(info.path)
        if info.weight.role != Role.KERNEL:
            continue
        fans = row.fan_in, row.fan_out
        assert fans == fans_by_config(layer, info.variable.name), info.path
        is_grouped = getattr(layer, "groups", 1) > 1
        if is_grouped or isinstance(layer, layers.DepthwiseConv2D):
            depthwise += 1
            assert row.fan_in == math.prod(layer.kernel_size)
    assert depthwise == DEPTHWISE.get(name, depthwise)
    branches = sum(ENDS_BRANCH in row.note for row in report.rows)
    assert branches == BRANCHES.get(name, branches)
    size = model.input_shape[1]
    noise = np.random.Generator(np.random.PCG64(0)).random((2, size, size, 3))
    assert is_finite(model, noise.astype("float32"))
