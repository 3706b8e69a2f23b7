"""Sub-pixel kernels: the finer image starts as the coarse one's nearest neighbours."""

import itertools
import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import Normal, values

RANDOM = np.random.default_rng(7)


def drawn(shape, **arguments):
    """A kernel of the scheme, as an array."""
    return values(keras_inits.get("icnr", seed=7, **arguments)(shape, "float32"))


def run(layer, kernel, inputs):
    """What a layer without bias returns once it has this kernel."""
    layer.build(inputs.shape)
    layer.kernel.assign(kernel)
    return values(layer(inputs.astype("float32")))


def to_space(images, scale, order):
    """Blocks of channels moved into space, along all axes between first and last."""
    count, *sides, channels = images.shape
    rank, kept = len(sides), channels // scale ** len(sides)
    blocks = (scale,) * rank
    moved = (*blocks, kept) if order == "keras" else (kept, *blocks)
    images = images.reshape(count, *sides, *moved)
    first = 1 + rank + (order == "torch")
    channel = 1 + 2 * rank if order == "keras" else 1 + rank
    axes = itertools.chain.from_iterable((1 + a, first + a) for a in range(rank))
    images = images.transpose(0, *axes, channel)
    return images.reshape(count, *(n * scale for n in sides), kept)


def part_of(kernel, scale, order):
    """The sub-kernel of which the kernel should hold copies."""
    copies = scale ** (kernel.ndim - 2)
    if order == "torch":
        return kernel[..., ::copies]
    return kernel[..., : kernel.shape[-1] // copies]


def nearest_error(kernel, scale, order):
    """How far the finer image is from the sub-kernel's, repeated."""
    window = kernel.shape[:-2]
    x = RANDOM.normal(size=(2, *(6 + a for a in range(len(window))), kernel.shape[-2]))
    make = getattr(keras.layers, f"Conv{len(window)}D")
    images = [
        run(make(k.shape[-1], window, padding="same", use_bias=False), k, x)
        for k in (kernel, part_of(kernel, scale, order))
    ]
    coarse = images[1]
    for axis in range(len(window)):
        coarse = np.repeat(coarse, scale, axis=1 + axis)
    return abs(to_space(images[0], scale, order) - coarse).max() / abs(coarse).max()


@pytest.mark.parametrize("order", ["keras", "torch"])
@pytest.mark.parametrize(
    ("shape", "scale"),
    [((3, 5, 12), 2), ((3, 4, 5, 12), 2), ((2, 3, 4, 27), 3), ((1, 2, 2, 3, 16), 2)],
)
def test_a_finer_image_is_the_nearest_neighbours_of_a_coarse_one(
    order, shape, scale, figure
):
    """Twin: copies in the other order."""
    other = {"keras": "torch", "torch": "keras"}[order]
    kernel = drawn(shape, scale=scale, channel_order=order)
    found, twin = (nearest_error(kernel, scale, o) for o in (order, other))
    what = "error of the finer image, relative"
    figure("icnr", what, found, 1e-6, twin, beyond=0.1)


@pytest.mark.skipif(not hasattr(keras.ops, "depth_to_space"), reason="since Keras 3.15")
def test_the_order_of_channels_is_that_of_keras():
    images = RANDOM.normal(size=(2, 3, 4, 12)).astype("float32")
    by_keras = values(keras.ops.depth_to_space(images, 2, data_format="channels_last"))
    np.testing.assert_array_equal(by_keras, to_space(images, 2, "keras"))


@pytest.mark.parametrize(("inner", "fan"), [("he_fan_in", 360), ("he_fan_out", 819)])
def test_the_sub_kernel_has_the_distribution_for_its_own_fans(inner, fan):
    """Which has a quarter of the outputs; twin: the fans of the whole kernel."""
    for order in ("keras", "torch"):
        kernel = drawn((3, 3, 40, 364), initializer=inner, channel_order=order)
        part = part_of(kernel, 2, order)
        assert Normal(0, math.sqrt(2 / fan)).complaints(part) == []
        if inner == "he_fan_out":
            assert Normal(0, math.sqrt(2 / (4 * fan))).complaints(part)


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({}, (3, 3, 4, 6)),
        ({"scale": 3}, (3, 3, 4, 12)),
        ({}, (4, 8)),
        ({"scale": 0}, (3, 3, 4, 8)),
        ({"channel_order": "caffe"}, (3, 3, 4, 8)),
    ],
)
def test_icnr_refuses_what_it_cannot_copy(arguments, shape):
    with pytest.raises(ValueError, match="Received"):
        drawn(shape, **arguments)
