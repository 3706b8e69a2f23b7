"""On a GPU, where there is one: the bits of the CPU, and variables that lie there.

Every test runs on the CPU, too, through what draws on a device.
"""

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits import sampling
from support import sampling_engines as engines
from support.distributions import values
from support.sampling_engines import BACKEND, DISTRIBUTIONS, KEY, on_numpy, same_bits

pytestmark = pytest.mark.backend("tensorflow", "jax", "torch")


def has_gpu():
    """Whether the backend can use one."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_logical_devices("GPU"))
    if BACKEND == "jax":
        import jax

        return jax.default_backend() == "gpu"
    if BACKEND == "torch":
        import torch

        return torch.cuda.is_available()
    return False


no_gpu = pytest.mark.skipif(not has_gpu(), reason=f"{BACKEND} has no GPU here")
each_device = pytest.mark.parametrize(
    "device", ["cpu:0", pytest.param("gpu:0", marks=no_gpu)]
)


def place(tensor):
    """Where a tensor or variable of the backend lies: "cpu" or "gpu"."""
    if BACKEND == "jax":
        (device,) = tensor.devices()
        return device.platform
    if BACKEND == "torch":
        return {"cuda": "gpu"}.get(tensor.device.type, tensor.device.type)
    return tensor.device.rsplit("device:", 1)[-1].split(":")[0].lower()


def on_device(distribution, shape, dtype, device):
    """A tensor that is drawn by the device itself."""
    if BACKEND == "torch":
        from keras_inits.sampling.engines import torch as on_torch

        name = device.replace("gpu", "cuda").replace("cpu:0", "cpu")
        return on_torch.draw_on_device(distribution, shape, dtype, KEY, name)
    compiled = {
        "tensorflow": engines.in_tf_function_of_xla,
        "jax": engines.in_jax_jit,
    }
    with keras.device(device):
        return compiled[BACKEND](distribution, shape, dtype, KEY)


# A step of PyTorch's on a device is 128 blocks of 4096 values.
STEP = 128 * 4096
SHAPES = {
    "small": (3, 5),
    "several blocks": (3, 2111),
    "one step": (STEP,),
    "three steps and a part": (3, STEP + 683),
}


def test_the_largest_shape_takes_several_steps():
    if BACKEND == "torch":
        from keras_inits.sampling.engines import torch as on_torch

        assert STEP == on_torch.BLOCKS * 2 * sampling.bits.BLOCK
    assert np.prod(SHAPES["three steps and a part"]) % STEP
    assert np.prod(SHAPES["three steps and a part"]) > 3 * STEP


@each_device
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", ["uniform", "normal, shifted", "truncated"])
def test_a_device_draws_the_bits_of_numpy_and_keeps_them(name, shape, device):
    drawn = on_device(DISTRIBUTIONS[name], shape, "float32", device)
    assert same_bits(drawn, on_numpy(DISTRIBUTIONS[name], shape, "float32", KEY))
    assert place(drawn) == device[:3]


@each_device
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_device_rounds_to_short_types_as_numpy_does(dtype, device):
    distribution, shape = DISTRIBUTIONS["truncated, shifted"], (3, 2111)
    drawn = on_device(distribution, shape, dtype, device)
    assert same_bits(drawn, on_numpy(distribution, shape, dtype, KEY))


@each_device
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_an_eager_draw_has_the_bits_of_numpy_on_every_device(shape, device):
    distribution = DISTRIBUTIONS["normal"]
    with keras.device(device):
        drawn = sampling.draw(distribution, shape, "float32", KEY)
    assert same_bits(drawn, on_numpy(distribution, shape, "float32", KEY))


def built(device):
    """A model on a device, with schemes that have seeds."""
    with keras.device(device):
        own = keras_inits.get("he_fan_in", seed=7)
        hidden = keras.layers.Dense(130, "relu", kernel_initializer=own, name="hidden")
        own = keras_inits.get("random_uniform", seed=7)
        head = keras.layers.Dense(3, kernel_initializer=own, name="head")
        return keras.Sequential([keras.Input((70,)), hidden, head])


@each_device
def test_variables_land_on_the_device_and_stay_there(device):
    """Built, initialized and calibrated; drawn values are those of the CPU."""
    model, other = built(device), built("cpu:0")
    rows = np.random.default_rng(0).normal(size=(64, 70)).astype("float32")

    def check():
        assert {place(weight.value) for weight in model.weights} == {device[:3]}
        for one, two in zip(model.weights, other.weights, strict=True):
            np.testing.assert_array_equal(values(one), values(two), one.path)

    check()
    for each, where in ((model, device), (other, "cpu:0")):
        with keras.device(where):
            keras_inits.initialize(each, "auto", seed=3)
    check()
    with keras.device(device):
        keras_inits.calibrate(model, rows)
    assert {place(weight.value) for weight in model.weights} == {device[:3]}
    # Twin: the comparison sees what calibration changed.
    kernels = [values(each.weights[0]) for each in (model, other)]
    assert abs(kernels[0] - kernels[1]).max() > 0
