"""Bad input: a `ValueError` that says what is meant, what came and what to type."""

import math
import re

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits.initializers import registry
from support.refusals import refused
from support.scheme_examples import SCHEMES

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
        ("zzz", "'affine_identity'"),
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
        ("orthogonal", "scale", "gain, scale_to, seed, "),
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
