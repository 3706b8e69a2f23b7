"""One initializer for each fused gate: fans, orthogonality, streams, layers, files."""

import copy
import json
import math
import pickle

import keras
import numpy as np
import pytest

from keras_inits import sampling
from keras_inits.geometry import Geometry
from keras_inits.initializers import (
    HeFanIn,
    HeFanOut,
    Identity,
    Ones,
    Orthogonal,
    RandomNormal,
    XavierUniform,
    Zeros,
)
from keras_inits.initializers.base import Initializer
from keras_inits.initializers.wrappers.gates import PerGate, per_gate
from support.distributions import EPSILON, Normal, Truncated, Uniform, values

BACKEND = keras.backend.backend()


def gates_of(kernel, gates):
    """The blocks along the last axis."""
    return np.split(kernel, gates, axis=-1)


def is_orthogonal(block):
    """Whether WᵀW = I within 1e-5 for the matrix of a block."""
    matrix = block.reshape(-1, block.shape[-1])
    gram = matrix.T @ matrix
    return abs(gram - np.eye(len(gram))).max() < 1e-5


@pytest.mark.parametrize(
    ("initializer", "distribution"),
    [
        (HeFanIn(seed=7), Normal(0, math.sqrt(2 / 160))),
        (HeFanOut(seed=7), Normal(0, math.sqrt(2 / 91))),
        (XavierUniform(seed=7), Uniform.with_std(math.sqrt(2 / 251))),
        (RandomNormal(0.5, 0.1, seed=7), Normal(0.5, 0.1)),
        (
            keras.initializers.GlorotNormal(seed=7),
            Truncated.with_std(math.sqrt(2 / 251)),
        ),
    ],
    ids=lambda i: type(i).__name__,
)
def test_each_gate_follows_the_distribution_of_a_kernel_of_its_own(
    initializer, distribution
):
    """Fans are those of one gate: 160 inputs, 91 units."""
    drawn = values(per_gate(initializer, 4)((160, 4 * 91)))
    if BACKEND == "torch" and isinstance(distribution, Truncated):
        pytest.skip("Keras does not truncate there")
    for block in gates_of(drawn, 4):
        assert distribution.complaints(block) == []
    if "Xavier" in type(initializer).__name__:  # twin
        assert distribution.complaints(values(initializer((160, 4 * 91))))


@pytest.mark.parametrize(
    "initializer",
    [
        Orthogonal(seed=7),
        RandomNormal(seed=7),
        RandomNormal(seed=None),
        HeFanIn(seed=keras.random.SeedGenerator(7)),
        RandomNormal(seed=keras.random.SeedGenerator(7)),
        HeFanIn(input_axes=[1], output_axes=[0], seed=7),
        keras.initializers.Orthogonal(seed=7),
        keras.initializers.GlorotUniform(),
        keras.initializers.RandomNormal(seed=keras.random.SeedGenerator(7)),
    ],
    ids=lambda i: type(i).__name__,
)
def test_no_two_gates_are_equal_and_none_is_a_gate_of_another_call(initializer):
    """One int seed gives every gate a stream of its own, also in Keras's."""
    scheme = per_gate(initializer, 4)
    drawn = [*gates_of(values(scheme((6, 24))), 4), values(initializer((6, 6)))]
    for number, block in enumerate(drawn):
        for other in drawn[:number]:
            assert abs(np.corrcoef(block.ravel(), other.ravel())[0, 1]) < 0.7
    # 36 independent pairs: 0.7 is 4.2 standard errors of 1 / sqrt(36).


@pytest.mark.parametrize(
    "make", [Orthogonal, RandomNormal, keras.initializers.HeNormal]
)
def test_an_int_seed_repeats_and_another_does_not(make):
    """In a copy, too."""
    drawn = [values(per_gate(make(seed=s), 3)((4, 6))) for s in (7, 7, 8)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


@pytest.mark.parametrize("initializer", ["orthogonal", keras.initializers.Orthogonal()])
@pytest.mark.parametrize("shape", [(6, 24), (2, 3, 4, 24)])
def test_every_gate_of_an_orthogonal_kernel_is_orthogonal(initializer, shape):
    """Twin: as one kernel their columns share 6 dimensions among 24."""
    drawn = values(per_gate(initializer, 4)(shape))
    assert all(is_orthogonal(block) for block in gates_of(drawn, 4))
    whole = values(Orthogonal()((6, 24)))
    assert not any(is_orthogonal(block) for block in gates_of(whole, 4))


LAYERS = {
    "LSTM": (4, lambda **k: keras.layers.LSTM(5, **k), (2, 7, 3)),
    "GRU": (3, lambda **k: keras.layers.GRU(5, **k), (2, 7, 3)),
    "ConvLSTM1D": (4, lambda **k: keras.layers.ConvLSTM1D(5, 2, **k), (2, 3, 9, 3)),
    "ConvLSTM2D": (4, lambda **k: keras.layers.ConvLSTM2D(5, 2, **k), (2, 3, 9, 8, 3)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_take_it_by_object_and_by_config(name):
    """For kernel, recurrent kernel and bias; a layer rebuilt from its config agrees."""
    gates, make, shape = LAYERS[name]
    layer = make(
        kernel_initializer=per_gate(HeFanIn(seed=1), gates),
        recurrent_initializer=per_gate(Orthogonal(seed=2), gates),
        bias_initializer=per_gate("zeros", 1),
        name="recurrent",
    )
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    again = keras.saving.deserialize_keras_object(config)
    for built in (layer, again):
        built.build(shape)
        recurrent = values(built.cell.recurrent_kernel)
        assert all(is_orthogonal(block) for block in gates_of(recurrent, gates))
    for one, other in zip(layer.weights, again.weights, strict=True):
        np.testing.assert_array_equal(values(one), values(other))


def test_a_model_with_it_saves_and_opens(tmp_path):
    """As a `.keras` file, with the weights and the configuration."""
    model = keras.Sequential([keras.Input((7, 3))])
    model.add(
        keras.layers.LSTM(5, recurrent_initializer=per_gate(Orthogonal(seed=2), 4))
    )
    model.save(tmp_path / "model.keras")
    opened = keras.saving.load_model(tmp_path / "model.keras")
    initializer = opened.layers[0].cell.recurrent_initializer
    assert isinstance(initializer, PerGate)
    assert initializer.get_config() == {
        "initializer": keras.saving.serialize_keras_object(Orthogonal(seed=2)),
        "gates": 4,
    }


@pytest.mark.parametrize(
    ("initializer", "repeats"),
    [
        ("he_fan_in", False),
        ("glorot_normal", False),
        (Orthogonal(gain=2.0, seed=7), True),
        (RandomNormal(seed=7), True),
        (HeFanIn(seed=keras.random.SeedGenerator(7)), True),
        (keras.initializers.HeNormal(seed=7), True),
        (per_gate("orthogonal", 2), False),
    ],
    ids=lambda i: type(i).__name__,
)
def test_the_config_is_plain_json_and_draws_the_same(initializer, repeats):
    """Through text, copies and pickles; a name is kept as what it stood for."""
    scheme = per_gate(initializer, 3)
    text = json.dumps(keras.saving.serialize_keras_object(scheme))
    assert json.loads(text)["registered_name"] == "keras_inits>per_gate"
    copies = [
        keras.saving.deserialize_keras_object(json.loads(text)),
        PerGate.from_config(json.loads(json.dumps(scheme.get_config()))),
        copy.deepcopy(scheme),
        pickle.loads(pickle.dumps(scheme)),
    ]
    drawn = values(copy.deepcopy(scheme)((4, 12)))
    for made in copies:
        assert made.get_config() == scheme.get_config()
        assert np.array_equal(values(made((4, 12))), drawn) == repeats


def test_a_bare_name_means_this_packages_scheme():
    """As in `keras_inits.get`; names of Keras's alone mean Keras's."""
    assert type(per_gate("orthogonal", 4).initializer) is Orthogonal
    assert type(per_gate("HeNormal", 4).initializer) is keras.initializers.HeNormal


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize(
    "make", [Orthogonal, RandomNormal, keras.initializers.Orthogonal]
)
def test_every_dtype_rounds_the_same_values(make, dtype):
    """Keras's orthogonal initializer alone cannot draw in half precision."""
    scheme = per_gate(make(seed=7), 3)
    drawn = scheme((4, 12), dtype=dtype)
    assert keras.backend.standardize_dtype(drawn.dtype) == dtype
    single = values(scheme((4, 12)))
    assert (abs(values(drawn) - single) <= 1.01 * EPSILON[dtype] * abs(single)).all()


def test_what_draws_nothing_fills_any_type():
    """Zeros, ones and the identity, once for each gate; plain functions, too."""
    assert not values(per_gate("zeros", 2)((3, 4))).any()
    assert per_gate(Ones(), 2)((3, 4), dtype="int32").shape == (3, 4)
    eyes = values(per_gate(Identity(), 3)((2, 6)))
    np.testing.assert_array_equal(eyes, np.tile(np.eye(2), 3))

    def twos(shape, dtype=None):
        return 2 * keras.ops.ones(shape, dtype)

    np.testing.assert_array_equal(values(per_gate(twos, 3)((2, 6))), np.full((2, 6), 2))
    assert values(per_gate(Zeros(), 2)((0, 4))).shape == (0, 4)


def test_a_distribution_that_looks_at_the_shape_sees_one_gate():
    """Twin of the fans, for schemes that have none."""

    class Wide(Initializer):
        def entry_distribution(self, shape):
            return sampling.uniform(0.0, float(shape[-1]))

    drawn = values(per_gate(Wide(seed=7), 4)((30, 20)))
    assert 4.5 < drawn.max() < 5.0


def test_gates_of_gates_are_cut_again():
    """By the scheme's own geometry, or by a second wrapper."""
    own = values(per_gate(Orthogonal(gates=2, seed=7), 3)((4, 24)))
    twice = values(per_gate(per_gate("orthogonal", 2), 3)((4, 24)))
    for kernel in (own, twice):
        assert all(is_orthogonal(block) for block in gates_of(kernel, 6))


def test_the_gates_lie_along_the_last_axis_whatever_the_geometry():
    """A kernel whose last axis is its input is cut there, too."""
    axes = Geometry(kernel_format="transpose")
    drawn = values(per_gate(Orthogonal(seed=7).with_geometry(axes), 2)((3, 10)))
    for block in gates_of(drawn, 2):
        assert abs(block @ block.T - np.eye(3)).max() < 1e-5


def test_drawn_takes_the_stream_that_is_given():
    """For kernels and for other distributions."""
    key = sampling.key_from_seed(7, (4, 6), "place")
    for initializer in (Orthogonal(), RandomNormal()):
        scheme = per_gate(initializer, 3)
        one = values(scheme.drawn((4, 6), "float32", key))
        np.testing.assert_array_equal(one, values(scheme.drawn((4, 6), None, key)))
        first, second, third = gates_of(one, 3)
        assert not np.array_equal(first, second)
        assert not np.array_equal(second, third)


@pytest.mark.backend("tensorflow", "jax")  # elsewhere nothing is traced
@pytest.mark.parametrize("initializer", [Orthogonal(seed=7), RandomNormal(seed=7)])
def test_a_traced_call_equals_an_eager_one(initializer):
    """In a compiled program, and with a seed generator that advances in it."""
    scheme = per_gate(initializer, 4)
    if BACKEND == "jax":
        import jax

        compiled = jax.jit(lambda: scheme((5, 8)))()
    else:
        import tensorflow as tf

        compiled = tf.function(lambda: scheme((5, 8)))()
        generator = keras.random.SeedGenerator(7)
        advancing = per_gate(RandomNormal(seed=generator), 4)
        program = tf.function(lambda: advancing((5, 8)))
        once, again = values(program()), values(program())
        assert not np.array_equal(once, again)
        restarted = per_gate(RandomNormal(seed=keras.random.SeedGenerator(7)), 4)
        np.testing.assert_allclose(once, values(restarted((5, 8))), atol=1e-6)
        assert not np.array_equal(*gates_of(once, 4)[:2])
    np.testing.assert_allclose(values(compiled), values(scheme((5, 8))), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("gates", ("orthogonal", bad)) for bad in (0, -1, 2.0, True, None, "4")]
    + [("initializer", (bad, 4)) for bad in ("orthogonl", 3, None, {"class": 1}, [])],
)
def test_bad_arguments_are_refused(name, arguments):
    with pytest.raises(ValueError, match=rf"`{name}` (is|fills) .*Received: {name}="):
        per_gate(*arguments)


@pytest.mark.parametrize("shape", [(4, 10), (7,), ()])
def test_a_last_axis_that_does_not_divide_is_refused(shape):
    for initializer in ("orthogonal", "random_normal"):
        words = r"equal gates.*Received: gates=4 for shape="
        with pytest.raises(ValueError, match=words):
            per_gate(initializer, 4)(shape)
