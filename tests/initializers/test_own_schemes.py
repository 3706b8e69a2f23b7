"""Schemes of a user's own: registered, configured and refused as the package's are."""

import copy
import inspect
import json

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import Uniform, values


def test_positional_arguments_enter_the_config():
    """However a scheme is spelled, its copy is the same."""
    for one, other in [
        (keras_inits.StandardNormal(7), keras_inits.StandardNormal(seed=7)),
        (keras_inits.HeFanIn(0.5), keras_inits.HeFanIn(negative_slope=0.5)),
        (keras_inits.RandomNormal(0.1, 2, 7), keras_inits.RandomNormal(0.1, 2, seed=7)),
        (keras_inits.KaimingNormal(0.5), keras_inits.KaimingNormal(negative_slope=0.5)),
        (Triangle(0.5, 7), Triangle(width=0.5, seed=7)),
        (Bare(7), Bare(seed=7)),
    ]:
        assert one.get_config() == other.get_config()
        assert set(one.get_config()) <= set(
            inspect.signature(type(one).__init__).parameters
        )
        type(one).from_config(one.get_config())


@keras_inits.register("tests_triangle")
class Triangle(keras_inits.Initializer):
    """A user's scheme: U(-width, width) / inputs."""

    def __init__(self, width=1.0, seed=None):
        super().__init__(seed)
        self.width = width

    def entry_distribution(self, shape):
        """Uniform, narrower for more inputs."""
        limit = self.width / max(1, shape[0])
        return keras_inits.sampling.uniform(-limit, limit)


@keras_inits.register("tests_bare")
class Bare(keras_inits.Initializer):
    """A user's scheme without a constructor of its own."""

    def entry_distribution(self, shape):
        """Standard uniform."""
        return keras_inits.sampling.uniform(0.0, 1.0)


@keras_inits.register("tests_naive")
class Naive(keras_inits.VarianceScaling):
    """A user's scheme that forgot about axes."""

    def __init__(self, factor=1.0, seed=None):
        super().__init__(factor, "fan_in", "uniform", seed=seed)
        self.factor = factor


@pytest.mark.parametrize(
    ("cls", "name"), [(Triangle, "triangle"), (Bare, "bare"), (Naive, "naive")]
)
def test_a_users_scheme_lives_by_the_contract(cls, name):
    """Bare name, full name, `get`, config, dtype, seeds, layers."""
    name = f"tests_{name}"
    assert name in keras_inits.names()
    for spelled in (name, f"keras_inits>{name}", cls(), cls):
        assert type(keras.initializers.get(spelled)) is cls
    initializer = keras_inits.get(name, seed=-3)
    assert initializer.get_config() == {"seed": -3}
    text = json.dumps(keras.saving.serialize_keras_object(initializer))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    drawn = values(initializer((90, 80)))
    np.testing.assert_array_equal(values(again((90, 80))), drawn)
    assert tuple(initializer((0, 3), dtype="bfloat16").shape) == (0, 3)
    with pytest.raises(ValueError, match=r"config\['with'\]"):
        cls.from_config({"with": 1})
    with pytest.raises(ValueError, match="`seed`"):
        cls(seed=0.5)
    distribution = {
        Triangle: Uniform(-1 / 90, 1 / 90),
        Bare: Uniform(0, 1),
        Naive: Uniform.with_std(90**-0.5),
    }[cls]
    assert distribution.complaints(drawn) == []


@pytest.mark.parametrize("name", ["tests_triangle", "tests_bare", "tests_naive"])
def test_a_users_scheme_survives_layers_that_add_axes(name):
    """EinsumDense and attention rebuild initializers, with arguments it lacks."""
    dense = keras.layers.EinsumDense(
        "abc,cde->abde", (None, 4, 5), kernel_initializer=name
    )
    dense(keras.KerasTensor((2, 3, 80)))
    attention = keras.layers.MultiHeadAttention(4, 5, kernel_initializer=name)
    attention(keras.KerasTensor((2, 3, 80)), keras.KerasTensor((2, 3, 80)))
    query, key, *_ = [v for v in attention.weights if len(v.shape) == 3]
    assert not np.array_equal(values(query), values(key))
    again = type(attention).from_config(attention.get_config())
    again(keras.KerasTensor((2, 3, 80)), keras.KerasTensor((2, 3, 80)))


@pytest.mark.parametrize(
    ("initializer", "argument", "value", "twin"),
    [
        (Triangle(), "width", 0.5, Triangle(width=0.5)),
        (Naive(), "seed", 3, Naive(seed=3)),
        (keras_inits.HeFanIn(), "negative_slope", 0.5, keras_inits.HeFanIn(0.5)),
        (keras_inits.XavierUniform(), "gain", 2.0, keras_inits.XavierUniform(2.0)),
        (keras_inits.Orthogonal(), "groups", 2, keras_inits.Orthogonal(groups=2)),
        (
            keras_inits.LecunUniform(),
            "kernel_format",
            "transpose",
            keras_inits.LecunUniform(kernel_format="transpose"),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_attribute_changed_later_is_drawn_and_saved(
    initializer, argument, value, twin
):
    """Arguments are attributes: a file says what the initializer does now."""
    initializer = copy.deepcopy(initializer)
    setattr(initializer, argument, value)
    if argument != "seed":
        initializer.seed = twin.seed = 7
    assert initializer.get_config() == twin.get_config()
    assert initializer.get_config()[argument] == value
    drawn = values(initializer((6, 4)))
    np.testing.assert_array_equal(drawn, values(twin((6, 4))))
    again = type(initializer).from_config(initializer.get_config())
    np.testing.assert_array_equal(drawn, values(again((6, 4))))


def test_a_users_scheme_that_keeps_no_attribute_is_told_so():
    """Else its file would silently lack the argument."""

    class Forgetful(keras_inits.Initializer):
        def __init__(self, width=1.0, seed=None):
            super().__init__(seed)
            self.limit = width

    with pytest.raises(ValueError, match=r"Received: Forgetful .*'width'.*self.width"):
        Forgetful(2.0).get_config()


def test_the_config_leaves_out_the_constructors_own_defaults():
    """Where they are others than the base's, the base's value is kept."""

    class Paired(keras_inits.LecunNormal):
        def __init__(self, groups=2, **geometry_and_seed):
            super().__init__(groups=groups, **geometry_and_seed)

    assert Paired().get_config() == {}
    assert Paired(1, seed=3).get_config() == {"groups": 1, "seed": 3}
    assert Paired.from_config({"groups": 1}).groups == 1


def test_what_a_constructor_passes_on_is_seed_and_geometry():
    """So a subclass that wants more of its base's arguments names them."""

    class Passing(keras_inits.HeFanIn):
        def __init__(self, extra=1.0, **geometry_and_seed):
            super().__init__(**geometry_and_seed)
            self.extra = extra

    made = Passing(2.0, seed=7, gates=2)
    assert made.get_config() == {"extra": 2.0, "seed": 7, "gates": 2}
    with pytest.raises(ValueError, match=r"Received: negative_slope=0.5"):
        Passing(negative_slope=0.5)


@pytest.mark.parametrize(
    "name",
    ["HeTenth", "he tenth", "", "9lives", "_he", "he__x", "he_", "hé", "a>b", None, 3],
)
def test_a_name_that_is_not_snake_case_is_refused(name):
    """Before any class is decorated."""
    with pytest.raises(ValueError, match=r"snake_case.*Received: name=.*For example"):
        keras_inits.register(name)


def test_a_name_that_is_taken_is_refused():
    """Ours would change what files mean; the same class again may redefine itself."""
    with pytest.raises(
        ValueError, match=r"taken by keras_inits.*Received: name='he_fan_in'"
    ):
        keras_inits.register("he_fan_in")(type("Other", (keras_inits.Initializer,), {}))
    assert keras_inits.register("tests_bare")(Bare) is Bare
    assert keras.initializers.get("he_fan_in").__class__ is keras_inits.HeFanIn


@pytest.mark.parametrize(
    "thing", [lambda shape: 0, keras.initializers.HeNormal, "HeNormal"]
)
def test_only_schemes_can_be_registered(thing):
    """What has no seeds and no config of ours cannot keep the promises."""
    with pytest.raises(ValueError, match=r"subclass.*Received: .*Derive"):
        keras_inits.register("tests_thing")(thing)
    assert "tests_thing" not in keras_inits.names()


def test_a_users_name_never_takes_one_of_keras():
    """Registered, it is reached by the full name alone."""

    @keras_inits.register("gelu")
    class Gelu(keras_inits.Initializer):
        def entry_distribution(self, shape):
            return keras_inits.sampling.uniform(0.0, 1.0)

    assert keras.activations.get("gelu") is keras.activations.gelu
    assert type(keras.initializers.get("keras_inits>gelu")) is Gelu
