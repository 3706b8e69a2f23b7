"""What every scheme refuses: bad seeds, shapes, types, constants that do not fit."""

import math
import re

import keras
import numpy as np
import pytest

import keras_inits
from support.refusals import refused
from support.scheme_examples import EXAMPLES, FIXED, KERNEL, SCHEMES, make

# What the base refuses, for all schemes.
SEEDS = [1.0, "7", math.nan, True, np.bool_(False), [1]]
SEEDS += [2**64, -(2**63) - 1, np.float32(2)]
SHAPES = [None, 4, (-1, 3), (2, None)]
RANDOM = [name for name in EXAMPLES if name not in FIXED]


def refuses_seed(name, seed):
    refused(
        lambda: make(SCHEMES[name], EXAMPLES[name][0], seed=seed),
        "seed",
        f"seed={seed!r}",
        "SeedGenerator",
        "None",
    )


def refuses_shape(name, shape):
    initializer = make(SCHEMES[name], EXAMPLES[name][0])
    refused(lambda: initializer(shape), "shape", f"shape={shape!r}")


def refuses_dtype(name, dtype):
    initializer = make(SCHEMES[name], EXAMPLES[name][0], seed=1)
    refused(lambda: initializer((4, 5), dtype=dtype), "dtype", f"dtype={dtype!r}")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_that_is_no_integer_of_64_bits_is_refused(seed):
    """Floats and strings too, although some are whole numbers."""
    refuses_seed("HeFanIn", seed)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_that_is_none_is_refused(shape):
    """A number alone is no shape, and no axis is unknown."""
    refuses_shape("HeFanIn", shape)


@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_a_draw_in_a_type_that_is_not_real_is_refused(dtype):
    """Rounding to integers would give zeros without a word."""
    refuses_dtype("HeFanIn", dtype)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_scheme_refuses_what_the_base_does(name):
    """One bad seed, shape and type each: no scheme goes around the base."""
    refuses_shape(name, (2, None))
    if name in RANDOM:
        refuses_seed(name, 1.5)
        refuses_dtype(name, "int32")


@pytest.mark.parametrize("shape", [(3, 2), (2, 1), (6,), (2, 3, 1), (1, 2, 3), ()])
def test_a_constant_array_is_never_broadcast(shape):
    """Both shapes, and how to say it if it was meant."""
    initializer = keras_inits.Constant([[1, 2, 3], [4, 5, 6]])
    received = f"value of shape (2, 3) for shape={shape}"
    refused(lambda: initializer(shape), "value", received, "broadcast_to")
    refused(lambda: keras_inits.Constant([0.5])((4,)), "value", "(1,)")


@pytest.mark.parametrize("value", ["1", [[1, 2], [3]], None, {"a": 1}, object()])
def test_a_constant_must_be_made_of_numbers(value):
    """Ragged lists and strings are no arrays of numbers."""
    refused(lambda: keras_inits.Constant(value), "value", f"value={value!r}")


def test_a_constant_of_the_wrong_shape_is_refused_when_a_layer_builds():
    """There only is the shape known."""
    initializer = keras_inits.Constant(np.ones((4, 5)))
    layer = keras.layers.Dense(6, kernel_initializer=initializer)
    refused(lambda: layer.build((None, 4)), "value", "(4, 5) for shape=(4, 6)")


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("Identity", (4,)),
        ("Identity", (3, 4, 4)),
        ("Orthogonal", (4,)),
        ("Orthogonal", ()),
    ],
)
def test_a_rank_that_a_scheme_cannot_fill_is_refused(name, shape):
    """What came, how many axes are needed, and another scheme."""
    with pytest.raises(ValueError, match="two axes") as caught:
        SCHEMES[name]()(shape)
    assert f"Received: shape={shape}" in str(caught.value)
    assert re.search(r"(Use|use|For) ", str(caught.value).split("Received")[1])


@pytest.mark.parametrize("name", sorted(KERNEL))
def test_axes_that_are_none_are_refused(name):
    """At construction no axis or one side only; when called, one outside the shape."""
    scheme = SCHEMES[name]
    refused(
        lambda: scheme(input_axes="0", output_axes=[1]), "input_axes", "input_axes='0'"
    )
    refused(lambda: scheme(input_axes=[0]), "output_axes", "output_axes=None", "both")
    refused(lambda: scheme(output_axes=[0]), "input_axes", "input_axes=None", "both")
    beyond = scheme(input_axes=[0], output_axes=[3])
    refused(lambda: beyond((4, 5)), "output_axes", "output_axes=[3] for shape=(4, 5)")


def test_constants_fill_any_type():
    """Zeros of int32 are asked for by counters."""
    assert (
        keras.backend.standardize_dtype(keras_inits.Zeros()((2,), "int32").dtype)
        == "int32"
    )


def test_a_misspelt_argument_is_a_type_error_too():
    """At construction, as for any function of Python's."""
    with pytest.raises(TypeError, match="slope"):
        keras_inits.HeFanIn(slope=0.1)
