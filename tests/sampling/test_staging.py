"""A compiled draw is a program: no tensor is in it, and nothing is drawn to make it."""

import keras
import numpy as np
import pytest

import keras_inits

SCHEMES = ["random_uniform", "random_normal", "he_normal", "orthogonal"]
on_jax = pytest.mark.backend("jax")  # programs
on_tensorflow = pytest.mark.backend("tensorflow")  # graphs


def program(name, shape):
    """The text of the program that a compiled draw becomes."""
    import jax

    initializer = keras_inits.get(name, seed=7)
    call = jax.jit(initializer.__call__, static_argnames=["shape", "dtype"])
    return call.lower(shape=shape, dtype="float32").as_text()


@on_jax
@pytest.mark.parametrize("name", SCHEMES)
def test_a_program_does_not_grow_with_the_tensor(name):
    """The tables of the normal distribution are in it, and no tensor."""
    small, large = program(name, (64, 32)), program(name, (64, 64 * 32))
    assert len(large) < 400_000
    assert len(large) < 1.2 * len(small) + 2000


@on_jax
def test_the_size_check_notices_a_constant(monkeypatch):
    """Twin: with the tensor itself in the program."""
    import jax.numpy as jnp

    kernel = jnp.asarray(np.random.default_rng(0).normal(size=(64, 2048)), "float32")
    monkeypatch.setattr(keras_inits.HeNormal, "compute", lambda *_: kernel + 0)
    assert len(program("he_normal", (64, 2048))) > 400_000


@on_jax
@pytest.mark.parametrize("name", SCHEMES)
def test_shapes_can_be_asked_for_without_a_draw(name):
    """Of a tensor that no machine could hold."""
    import jax

    shape = (2**16, 2**10) if name == "orthogonal" else (2**20, 2**20)
    initializer = keras_inits.get(name, seed=7)
    found = jax.eval_shape(lambda: initializer(shape, dtype="bfloat16"))
    assert found.shape == shape
    assert found.dtype == "bfloat16"


@on_tensorflow
@pytest.mark.parametrize("name", SCHEMES)
def test_a_graph_does_not_grow_with_the_tensor(name):
    import tensorflow as tf

    def size(shape):
        initializer = keras_inits.get(name, seed=7)
        concrete = tf.function(lambda: initializer(shape)).get_concrete_function()
        return concrete.graph.as_graph_def().ByteSize()

    assert size((64, 64 * 32)) < 1.2 * size((64, 32)) + 2000
    assert size((64, 64 * 32)) < 200_000  # the tensor has 524,288 bytes


@on_jax
@pytest.mark.parametrize("name", SCHEMES)
def test_a_compiled_call_draws_what_an_eager_one_does(name):
    """As Keras compiles it for large variables."""
    import jax

    initializer = keras_inits.get(name, seed=7)
    call = jax.jit(initializer.__call__, static_argnames=["shape", "dtype"])
    compiled = np.array(call(shape=(70, 130), dtype="float32"))
    eager = np.array(initializer((70, 130), dtype="float32"))
    if name == "orthogonal":
        assert abs(compiled - eager).max() < 1e-5
    else:
        np.testing.assert_array_equal(compiled, eager)


@on_jax
def test_a_traced_seed_generator_advances_with_the_program():
    """Its state is an argument of the program, as in a stateless training step."""
    import jax

    generator = keras.random.SeedGenerator(5)
    initializer = keras_inits.HeNormal(seed=generator)

    @jax.jit
    def step(state):
        with keras.StatelessScope([(generator.state, state)]) as scope:
            drawn = initializer((30, 40))
        return drawn, scope.get_current_value(generator.state)

    state, found = generator.state.value, []
    for _ in range(2):
        drawn, state = step(state)
        found.append(np.array(drawn))
    for drawn in found:
        np.testing.assert_array_equal(drawn, np.array(initializer((30, 40))))
    np.testing.assert_array_equal(state, generator.state.value)
