"""Bad input: a `ValueError` that says what is meant, what came and what to type."""

import math
import re

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.initializers import registry
from support.scheme_examples import EXAMPLES, FIXED, KERNEL, SCHEMES, make

NAN, INF = math.nan, math.inf

SCALED = [
    ("VarianceScaling", "scale", 0),
    ("XavierUniform", "gain", 0),
    ("XavierNormal", "gain", 0),
    ("RandomNormal", "stddev", 0),
    ("TruncatedNormal", "stddev", 0),
]
NUMBERS = [
    *SCALED,
    *((name, "negative_slope", None) for name in ("HeFanIn", "HeFanOut")),
    *((name, "negative_slope", None) for name in ("HeUniformFanIn", "HeUniformFanOut")),
    *((name, "negative_slope", None) for name in ("KaimingNormal", "KaimingUniform")),
    ("Orthogonal", "gain", None),
    ("Identity", "gain", None),
    ("RandomUniform", "minval", None),
    ("RandomUniform", "maxval", None),
    ("RandomNormal", "mean", None),
    ("TruncatedNormal", "mean", None),
    ("TruncatedNormal", "bound", 0),
]


def refused(call, argument, received, *more):
    """Checks that `call` raises a ValueError whose message has all its parts."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the parts are checked here
        call()
    message = str(caught.value)
    meant, found, way_out = message.partition("Received: ")
    assert found, message
    assert f"`{argument}`" in meant, message
    assert len(meant.split()) >= 6, message  # what it means, in words
    assert received in way_out, message
    after = way_out.split(received, 1)[1]
    assert re.search(r"\. [A-Z]\w* \S.*[.?]$", after), message  # a sentence: what to do
    for part in more:
        assert part in message, message


def refuses_number(name, argument, value):
    received = f"{argument}={value!r}"
    refused(lambda: SCHEMES[name](**{argument: value}), argument, received, "number")


@pytest.mark.parametrize(
    "value", [NAN, INF, -INF, "1.0", None, True, [1.0], np.nan, 1j, np.bool_(True)]
)
def test_what_is_no_finite_number_is_refused(value):
    """NaN and infinity included."""
    refuses_number("RandomNormal", "mean", value)


@pytest.mark.parametrize(("name", "argument", "minimum"), NUMBERS)
def test_every_argument_that_is_a_number_is_checked(name, argument, minimum):
    """With its own name in the message."""
    for value in (NAN, INF, "1.0"):
        refuses_number(name, argument, value)


@pytest.mark.parametrize(("name", "argument", "minimum"), SCALED)
def test_a_negative_spread_is_refused(name, argument, minimum):
    """Zero is allowed: it gives constants."""
    for value in (-1e-9, -2, np.float32(-0.5)):
        refused(
            lambda value=value: SCHEMES[name](**{argument: value}),
            argument,
            f"{argument}={value!r}",
            ">= 0",
        )
    drawn = SCHEMES[name](**{argument: 0})((3, 4))
    assert not np.any(keras.ops.convert_to_numpy(drawn))


def test_a_bound_that_leaves_nothing_is_refused():
    """Zero and below; and a uniform distribution whose bounds are not in order."""
    for bound in (0, -2.0):
        refused(
            lambda bound=bound: keras_inits.TruncatedNormal(bound=bound),
            "bound",
            f"bound={bound!r}",
            "RandomNormal",
        )
    for maxval in (0.1, 0.2):
        refused(
            lambda maxval=maxval: keras_inits.RandomUniform(0.2, maxval),
            "maxval",
            f"maxval={maxval!r}",
            "Constant",
        )


@pytest.mark.parametrize(
    ("mode", "nearest"),
    [
        ("fanin", "fan_in"),
        ("FAN_OUT", "fan_out"),
        ("fan_average", "fan_avg"),
        (None, ""),
    ],
)
def test_an_unknown_mode_names_the_nearest(mode, nearest):
    """And all there are."""
    refused(
        lambda: keras_inits.VarianceScaling(mode=mode),
        "mode",
        f"mode={mode!r}",
        "'fan_in', 'fan_out', 'fan_avg', 'fan_geo_avg'",
        nearest,
    )


@pytest.mark.parametrize(
    ("distribution", "nearest"),
    [("gaussian_normal", "normal"), ("unifrom", "uniform"), (3, ""), ([], "")],
)
def test_an_unknown_distribution_names_the_nearest(distribution, nearest):
    """And all there are."""
    refused(
        lambda: keras_inits.VarianceScaling(distribution=distribution),
        "distribution",
        f"distribution={distribution!r}",
        "'normal', 'truncated_normal', ",
        "'uniform'",
        nearest,
    )


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("he_fanin", "'he_fan_in'"),
        ("HeFanIn", "'he_fan_in'"),
        ("kaming_normal", "'kaiming_normal'"),
        ("keras_inits>xavier_norm", "'xavier_normal'"),
        ("zzz", "'constant'"),
        (None, ""),
        (7, ""),
    ],
)
def test_an_unknown_name_names_the_nearest(name, nearest):
    """Or the first, where none is near."""
    with pytest.raises(ValueError, match="Received: name=") as caught:
        keras_inits.get(name)
    assert f"Did you mean {nearest}" in str(caught.value) or "Try" in str(caught.value)
    assert nearest in str(caught.value).split("Received:")[1]


WAYS = {
    "get": keras_inits.get,
    "class": lambda name, **arguments: registry.scheme(name)(**arguments),
    "config": lambda name, **arguments: registry.scheme(name).from_config(arguments),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "argument", "taken"),
    [
        ("he_fan_in", "scale", "negative_slope, seed, "),  # its parent's argument
        ("xavier_normal", "mode", "gain, seed, "),
        ("he_normal", "distribution", "seed, "),
        ("orthogonal", "scale", "gain, seed, "),
        ("identity", "seed", "gain, input_axes, "),
        ("zeros", "value", "none"),
        ("random_normal", "groups", "mean, stddev, seed"),
    ],
)
def test_an_argument_that_a_scheme_does_not_take_is_refused(way, name, argument, taken):
    """Its bases may take it; the message offers only what the scheme takes."""
    with pytest.raises(ValueError, match=f"Received: .*{argument}") as caught:
        WAYS[way](name, **{argument: 3.0})
    meant, _, way_out = str(caught.value).partition("Received: ")
    assert registry.scheme(name).__name__ in meant
    offered = sorted(re.findall(r"\w+", taken))
    assert set(offered) <= set(re.findall(r"\w+", meant))
    assert argument not in re.findall(r"\w+", meant)
    if way != "config":
        assert taken in meant
        assert f"Received: {argument}=3.0. " in str(caught.value)
    assert way_out.endswith((".", "?"))


@pytest.mark.parametrize("way", WAYS)
def test_a_misspelt_argument_names_the_nearest(way):
    """By `get`, at construction and in a config."""
    with pytest.raises(ValueError, match=r"Did you mean 'negative_slope'\?"):
        WAYS[way]("he_fan_in", negativ_slope=0.1)


# What the base refuses, for all schemes.
SEEDS = [1.0, "7", NAN, True, np.bool_(False), [1], 2**64, -(2**63) - 1, np.float32(2)]
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
