"""A config can come from anywhere: it is refused by a `ValueError`, at once."""

import math
import sys
import tracemalloc

import hypothesis
import pytest
from hypothesis import strategies

import keras_inits
from keras_inits.initializers import descriptions, registry
from keras_inits.initializers.wrappers import values as values_of
from keras_inits.initializers.wrappers.gates import PerGate

MEGABYTE = 2**20


def nested(depth, around):
    value = 1
    for _ in range(depth):
        value = around(value)
    return value


DEEP = [
    nested(1000, lambda inner: [inner]),
    nested(1000, lambda inner: {"class_name": "keras_inits>scaled", "config": inner}),
    nested(
        300,
        lambda inner: {
            "module": "keras_inits",
            "class_name": "Scaled",
            "config": {"initializer": inner, "factor": 2.0},
            "registered_name": "keras_inits>scaled",
        },
    ),
]
ODD = [
    *(None, True, 0, -1, 2, 10**9, 2**63, 2**64, 10**400, -(10**400)),
    *(0.5, 1e308, -1e308, 1e-320, math.nan, math.inf, -math.inf, 1 + 2j, b"x"),
    *("", "x", "\x00", "../../etc/passwd", "he_normal", "os:system", "keras_inits>x"),
    *([], [0], [-1], [1, 2], [[1, 2], [3]], [10**9] * 3, ["a"], [math.nan], {}),
    {"a": 1},
    {"class_name": "X", "config": {}},
    {"class_name": "SeedGenerator", "config": {"seed": []}, "module": "keras.random"},
    {"class_name": "__lambda__", "config": {"value": "x"}},
    {"class_name": "function", "config": "system", "module": "os"},
    *DEEP,
]
CLASSES = [registry.scheme(name) for name in keras_inits.names()] + [PerGate]
CLASSES = [cls for cls in CLASSES if cls.__module__.startswith("keras_inits.")]
values = strategies.one_of(
    strategies.sampled_from(ODD),
    strategies.integers(),
    strategies.floats(),
    strategies.text(max_size=5),
    strategies.lists(strategies.integers(-3, 3), max_size=3),
)


def good(cls):
    """A config that the class takes."""
    if cls is PerGate:
        return {"initializer": "he_normal", "gates": 4}
    return descriptions.example_scheme(registry.name_of(cls)).get_config()


def is_taken_or_refused(cls, config):
    """Whether a scheme comes of it; fails if anything but a `ValueError` does."""
    try:
        cls.from_config(config)
    except ValueError as error:
        refusal = str(error)
    else:
        return True
    assert len(refusal) < 2000  # a few words, whatever came
    return False


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_each_argument_takes_or_refuses_whatever_it_is_given(cls):
    config = good(cls)
    if cls is not values_of.FromFunction:  # whose module nobody has allowed
        assert is_taken_or_refused(cls, config)
    for name in {*cls._arguments, *cls._added, *cls._renamed, *config, "unknown"}:
        taken = [is_taken_or_refused(cls, config | {name: odd}) for odd in ODD]
        assert not all(taken), name
    for name in config:
        is_taken_or_refused(cls, {k: config[k] for k in config if k != name})
    for odd in (None, 1, "x", [], [1], {1: 2}, {None: 1}, {("a",): 1}, *DEEP):
        assert not is_taken_or_refused(cls, odd)


@hypothesis.settings(max_examples=150, deadline=None, derandomize=True, database=None)
@hypothesis.given(data=strategies.data())
def test_several_odd_arguments_at_once(data):
    cls = data.draw(strategies.sampled_from(CLASSES))
    names = [*sorted({*cls._arguments, *cls._added, *good(cls)}), "unknown"]
    odd = data.draw(strategies.dictionaries(strategies.sampled_from(names), values))
    is_taken_or_refused(cls, good(cls) | odd)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_huge_number_allocates_nothing(cls):
    """A tenth of what one axis of a billion would take, at most."""
    config = good(cls)
    tracemalloc.start()
    try:
        for name in cls._arguments:
            for huge in (10**9, 1e9, [10**9, 10**9]):
                is_taken_or_refused(cls, config | {name: huge})
        assert tracemalloc.get_traced_memory()[1] < 100 * MEGABYTE
    finally:
        tracemalloc.stop()


def test_a_file_s_function_is_not_imported(tmp_path, monkeypatch):
    (tmp_path / "hostile.py").write_text("ran = True")
    monkeypatch.syspath_prepend(tmp_path)
    named = {"function": "hostile:ran"}
    inside = {
        "module": "keras_inits.initializers.wrappers.values",
        "class_name": "FromFunction",
        "config": named,
        "registered_name": "keras_inits>from_function",
    }
    for name, config in {
        "from_function": named,
        "scaled": {"initializer": inside, "factor": 2.0},
        "blocks": {"initializer": inside, "parts": 2},
    }.items():
        with pytest.raises(ValueError, match="allow_functions"):
            registry.scheme(name).from_config(config)
    function = {
        "module": "os",
        "class_name": "function",
        "config": "system",
        "registered_name": "system",
    }
    with pytest.raises(ValueError, match="must be the name of an initializer"):
        registry.scheme("scaled").from_config({"initializer": function, "factor": 2.0})
    assert "hostile" not in sys.modules
    keras_inits.from_function("keras.ops:ones")
    import hostile  # which could have been

    assert hostile.ran


def test_a_config_as_deep_as_wrappers_go_is_taken():
    """Twin: what is refused is the depth, not that it is nested."""
    scheme = keras_inits.HeNormal(seed=7)
    for _ in range(10):
        scheme = keras_inits.get("scaled", initializer=scheme, factor=0.5)
    again = type(scheme).from_config(scheme.get_config())
    assert again.get_config() == scheme.get_config()
