"""What every exported scheme promises: shape, type, distribution, config, purity.

Seeds have a file of their own, `test_seeds.py`; so have layers, reloads and programs.
All run over the examples of `scheme_examples.py`, where a new scheme needs an entry.
"""

import contextlib
import copy
import inspect
import json
import pickle
import random
import sys

import keras
import numpy as np
import pytest
from keras.src.backend.common import global_state

import keras_inits
from keras_inits.initializers import registry
from support.distributions import (
    EPSILON,
    Normal,
    Truncated,
    Uniform,
    has_float64,
    values,
)
from support.scheme_examples import (
    ALL,
    EACH,
    EACH_RANDOM,
    EXAMPLES,
    FANS,
    FIRST,
    FIXED,
    KERNEL,
    SCHEMES,
    SHAPE,
    SMALL,
    WRAPPERS,
    arguments_of,
    make,
)

every = pytest.mark.parametrize(("cls", "example"), ALL)
each = pytest.mark.parametrize(("cls", "example"), EACH)
every_class = pytest.mark.parametrize("cls", FIRST)
SEEDED = [
    pytest.param(SCHEMES[name], id=name)
    for name in EXAMPLES
    if name not in FIXED and EXAMPLES[name][0].small in {SMALL, (6, 8)}
]


def test_every_exported_scheme_has_examples_off_its_defaults():
    """A scheme without examples would be tested by nothing."""
    assert set(SCHEMES) == set(EXAMPLES)
    for name, examples in EXAMPLES.items():
        tried = set().union(*(example.arguments for example in examples))
        assert arguments_of(SCHEMES[name]) - {"seed"} <= tried, name


def test_every_registered_scheme_of_the_package_is_exported():
    """What has a name has a class that can be imported."""
    registered = {registry.scheme(name) for name in keras_inits.names()}
    ours = {cls for cls in registered if cls.__module__.startswith("keras_inits.")}
    wrappers = {getattr(keras_inits, name) for name in WRAPPERS}
    assert ours == set(SCHEMES.values()) | wrappers


@every
def test_values_follow_the_distribution(cls, example):
    """Shape, type, and the distribution that the formula gives for these fans."""
    follows_the_distribution(cls, example, "float32")


@each
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_values_follow_the_distribution_in_every_dtype(cls, example, dtype):
    """Rounded to the type."""
    follows_the_distribution(cls, example, dtype)


def follows_the_distribution(cls, example, dtype):
    result = make(cls, example, seed=7)(example.shape, dtype=dtype)
    given = "float32" if dtype == "float64" and not has_float64() else dtype
    assert keras.backend.standardize_dtype(result.dtype) == given
    assert tuple(result.shape) == example.shape
    assert (
        example.distribution(*example.fans).complaints(values(result), EPSILON[given])
        == []
    )


@each
def test_the_default_type_is_keras_floatx(cls, example):
    """No dtype means the type that Keras is set to."""
    initializer = make(cls, example, seed=7)
    assert (
        keras.backend.standardize_dtype(initializer(example.small).dtype) == "float32"
    )
    keras.config.set_floatx("float16")
    try:
        result = initializer(example.small)
    finally:
        keras.config.set_floatx("float32")
    assert keras.backend.standardize_dtype(result.dtype) == "float16"


@pytest.mark.parametrize(("cls", "example"), EACH_RANDOM)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_values_are_drawn_in_float32_and_rounded_once(cls, example, dtype):
    """The same weights in every type, up to rounding."""
    initializer = make(cls, example, seed=7)
    single = values(initializer(example.small))
    other = values(initializer(example.small, dtype=dtype))
    assert (abs(other - single) <= 1.01 * EPSILON[dtype] * abs(single) + 6e-8).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize(
    ("mean", "stddev", "bound"), [(0, 0.1, 1.5), (0.3, 0.7, 0.2), (-3.3, 0.01, 4)]
)
def test_a_truncated_normal_has_no_value_outside_in_any_dtype(
    mean, stddev, bound, dtype
):
    """Rounding to a coarse type must not carry a value across the bound."""
    initializer = keras_inits.TruncatedNormal(mean, stddev, bound, seed=7)
    drawn = values(initializer((400, 400), dtype=dtype))
    assert abs(drawn - mean).max() <= bound * stddev * (1 + 1e-12)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("HeFanIn", {"negative_slope": 0.2078}),  # gain 2 % too small
        ("HeFanOut", {}),  # fans swapped
        ("HeNormal", {}),  # truncated
        ("HeUniformFanIn", {}),  # uniform
        ("XavierNormal", {}),  # mean of the fans
    ],
)
def test_the_distribution_check_refuses_the_neighbours_of_he_fan_in(name, arguments):
    """Twin: the distribution of `he_fan_in` accepts that scheme alone."""
    distribution = EXAMPLES["HeFanIn"][0].distribution(*FANS)
    drawn = values(SCHEMES[name](**arguments, seed=7)(SHAPE))
    assert distribution.complaints(drawn)


def test_the_plain_truncated_normal_is_not_widened():
    """Its stddev is meant before the cut, as in Keras; variance scaling's after it."""
    drawn = values(keras_inits.TruncatedNormal(stddev=1.0, seed=7)(SHAPE))
    assert Truncated(0.0, 1.0, 2.0).complaints(drawn) == []
    assert Truncated.with_std(1.0).complaints(drawn)
    assert Normal(0.0, 1.0).complaints(drawn)
    assert Uniform(-2.0, 2.0).complaints(drawn)


@each
def test_empty_shapes_give_empty_tensors(cls, example):
    """An axis of size 0, wherever it is."""
    if np.ndim(example.arguments.get("value", 0)):
        cls, shapes = lambda: keras_inits.Constant(np.zeros((0, 3))), [(0, 3)]
        example = example._replace(arguments={})
    else:
        rank = len(example.small)
        shapes = [
            (*example.small[:axis], 0, *example.small[axis + 1 :])
            for axis in range(rank)
        ]
    initializer = cls(**example.arguments)
    for shape in shapes:
        result = initializer(shape)
        assert tuple(result.shape) == shape
        assert keras.backend.standardize_dtype(result.dtype) == "float32"


@every
def test_the_config_is_plain_json_and_draws_the_same(cls, example):
    """Through text and back, alone and as Keras wraps it."""
    initializer = make(cls, example, seed=-(2**40))
    config = initializer.get_config()
    text = json.dumps(config, allow_nan=False)
    assert json.loads(text) == config
    wrapped = json.loads(json.dumps(keras.saving.serialize_keras_object(initializer)))
    assert wrapped["registered_name"].startswith("keras_inits>")
    copies = {
        "from_config": cls.from_config(json.loads(text)),
        "keras": keras.saving.deserialize_keras_object(wrapped),
        "initializers": keras.initializers.deserialize(wrapped),
        "deepcopy": copy.deepcopy(initializer),
        "pickle": pickle.loads(pickle.dumps(initializer)),
    }
    drawn = values(initializer(example.small))
    for made_by, other in copies.items():
        assert type(other) is cls, made_by
        assert other.get_config() == config, made_by
        np.testing.assert_array_equal(values(other(example.small)), drawn, made_by)


@every
def test_the_config_holds_only_what_differs_from_the_defaults(cls, example):
    """No more than the arguments given, and the values they were given."""
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(cls).parameters.items()
    }
    off = {k: v for k, v in example.arguments.items() if v != defaults.get(k)}
    assert make(cls, example).get_config() == off
    spelled = {k: v for k, v in defaults.items() if v is not inspect.Parameter.empty}
    first = EXAMPLES[cls.__name__][0].arguments
    off = {k: v for k, v in first.items() if v != defaults.get(k)}
    assert cls(**(spelled | first)).get_config() == off


@every_class
def test_an_unknown_config_key_is_refused(cls):
    """The key by name, and what the scheme does take."""
    example = EXAMPLES[cls.__name__][0]
    with pytest.raises(ValueError, match="stdev") as caught:
        cls.from_config(example.arguments | {"stdev": 1.0})
    assert cls.__name__ in str(caught.value)
    assert "Received: config['stdev']" in str(caught.value)


@pytest.mark.parametrize("cls", SEEDED)
def test_keras_may_add_axes_to_the_config_of_any_seeded_scheme(cls):
    """EinsumDense rebuilds initializers with a seed and axes in their config."""
    example = EXAMPLES[cls.__name__][0]
    added = {"seed": 3, "input_axes": [0], "output_axes": [1]}
    rebuilt = cls.from_config(example.arguments | added)
    assert tuple(rebuilt((40, 30)).shape) == (40, 30)
    again = cls.from_config(json.loads(json.dumps(rebuilt.get_config())))
    np.testing.assert_array_equal(values(again((4, 2))), values(rebuilt((4, 2))))
    nothing = {"seed": None, "input_axes": None, "output_axes": None}
    rebuilt = cls.from_config(example.arguments | nothing)
    assert rebuilt.get_config() == make(cls, example).get_config()


@pytest.mark.parametrize("name", sorted(KERNEL))
def test_axes_given_as_in_keras_are_the_default_axes(name):
    """Spelling out the last two axes, or counting from the end, changes nothing."""
    plain = values(SCHEMES[name](seed=7)((40, 30)))
    for axes in ([0], [1]), ([-2], [-1]), ((0,), (1,)), (0, 1):
        spelled = SCHEMES[name](seed=7, input_axes=axes[0], output_axes=axes[1])
        np.testing.assert_array_equal(values(spelled((40, 30))), plain)


@contextlib.contextmanager
def global_draws_unchanged():
    """Fails if the block changed what the global generators give next."""

    def draws():
        found = [random.random(), *np.random.rand(3)]
        found += values(keras.random.uniform((3,))).tolist()
        for name in ("tensorflow", "torch"):
            if name in sys.modules:
                module = sys.modules[name]
                rand = module.rand if name == "torch" else module.random.normal
                found += np.asarray(rand((3,))).tolist()
        return found

    def reset():
        keras.utils.set_random_seed(11)
        # Which begins Keras's own generator anew; in 3.12 not yet.
        global_state.set_global_attribute("global_seed_generator", None)
        if "torch" in sys.modules:  # which Keras seeds only where it is the backend
            sys.modules["torch"].manual_seed(11)

    reset()
    expected = draws()
    reset()
    yield
    assert draws() == expected


@each
def test_drawing_with_a_seed_touches_no_global_state(cls, example):
    """Construction, draw, configuration and copy leave every generator as it was."""
    with global_draws_unchanged():
        initializer = make(cls, example, seed=7)
        initializer(example.small)
        copy.deepcopy(cls.from_config(initializer.get_config()))


def test_the_global_state_check_notices_a_draw():
    """Twin: one number taken from any generator is noticed."""
    thieves = [random.random, np.random.rand, lambda: keras.random.uniform((1,))]
    for thief in [*thieves, lambda: keras_inits.HeFanIn()((2, 2))]:
        with pytest.raises(AssertionError), global_draws_unchanged():
            thief()
