"""On JAX with eight devices: equal weights, sharded as asked.

Without these devices, one test runs this file where they are.
"""

import itertools
import math
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits import sampling
from keras_inits.sampling import bits
from support import fresh
from support.distributions import Orthonormal, values
from support.scheme_examples import CLASSIC, EACH, make

FLAG = "--xla_force_host_platform_device_count"


def devices():
    """How many devices JAX has; 0 where it is not the backend."""
    if keras.backend.backend() != "jax":
        return 0
    import jax

    return len(jax.devices())


pytestmark = pytest.mark.backend("jax")
there = pytest.mark.skipif(devices() < 8, reason="JAX with eight devices")


@pytest.mark.skipif(devices() >= 8, reason="this is JAX with eight devices")
def test_everything_here_passes_on_eight_devices():
    added = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": f"{FLAG}=8"}
    words = "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", __file__
    assert " passed" in fresh.python(*words, folder=fresh.ROOT, **added)


# Of the catalogue those that fill any matrix.
CUTTABLE = [
    case
    for case in EACH
    if case.values[0].__name__ in CLASSIC or case.values[1].small == (6, 8)
]
SHAPES = {2: (16, 24), 4: (3, 2, 16, 24)}  # the last two can be cut in eight
CUTS = {  # axes of the mesh, and how the last two of the kernel lie along them
    "1": ((1, 1), (None, "model")),
    "4, units": ((1, 4), (None, "model")),
    "8, units": ((1, 8), (None, "model")),
    "8, inputs": ((1, 8), ("model", None)),
    "2 by 4": ((2, 4), ("batch", "model")),
    "8, replicated": ((1, 8), (None, None)),
}
# Each example is cut once, in one way after the other; a seed generator in all ways.
CUTTING = itertools.cycle(["4, units", "8, units", "8, inputs", "2 by 4"])
each_cut_once = pytest.mark.parametrize(
    ("cls", "example", "cut"),
    [
        pytest.param(*case.values, cut, id=f"{case.id}-{cut}")
        for case, cut in zip(CUTTABLE, CUTTING, strict=False)
    ],
)


def shape_of(example):
    """A shape for an example's arguments whose last axes can be cut."""
    return SHAPES[4 if "input_axes" in example.arguments else len(example.small)]


class Plain(keras.layers.Layer):
    """A layer with one weight."""

    def __init__(self, initializer, shape, dtype="float32"):
        super().__init__(name="plain", dtype=dtype)
        self.kernel = self.add_weight(shape, initializer=initializer, name="kernel")


def distribution(cut, rank):
    """Keras's ModelParallel over as many devices as the cut needs."""
    sizes, along = CUTS[cut]
    found = keras.distribution.list_devices()[: math.prod(sizes)]
    mesh = keras.distribution.DeviceMesh(sizes, ("batch", "model"), found)
    layout = keras.distribution.LayoutMap(mesh)
    layout["plain/kernel"] = (None,) * (rank - 2) + along
    return keras.distribution.ModelParallel(layout_map=layout, batch_dim_name="batch")


def sharded(make_initializer, shape, cut, dtype="float32"):
    """The variable of a layer that is built under a distribution."""
    with distribution(cut, len(shape)).scope():
        return Plain(make_initializer(), shape, dtype).kernel


def lies_as_asked(array, cut):
    """Whether each device holds the shard that the cut gives it, and no more."""
    sizes, along = CUTS[cut]
    parts = {None: 1, "batch": sizes[0], "model": sizes[1]}
    shape = array.shape[:-2] + tuple(
        n // parts[name] for n, name in zip(array.shape[-2:], along, strict=True)
    )
    shards = array.addressable_shards
    distinct = {str(shard.index) for shard in shards}
    whole = math.prod(parts[name] for name in along)
    return (
        len(shards) == math.prod(sizes)
        and {shard.data.shape for shard in shards} == {shape}
        and len(distinct) == whole
    )


def fit(cls, example):
    """The initializer of an example; arrays are made to fit the shape."""
    if np.ndim(example.arguments.get("value", 0)):
        shape = shape_of(example)
        return cls(np.arange(math.prod(shape)).reshape(shape).tolist())
    return make(cls, example, seed=7)


@there
@each_cut_once
def test_every_scheme_is_sharded_as_asked_with_the_same_weights(cls, example, cut):
    shape = shape_of(example)
    kernel = sharded(lambda: fit(cls, example), shape, cut)
    assert lies_as_asked(kernel.value, cut)
    # The stream is the layer's: the same layer without a distribution.
    whole = values(Plain(fit(cls, example), shape).kernel)
    if isinstance(example.distribution(*example.fans), Orthonormal):
        assert abs(values(kernel) - whole).max() < 1e-5
    else:
        np.testing.assert_array_equal(values(kernel), whole)


class Ignoring(keras_inits.HeNormal):
    """Names `layout` and does nothing with it."""

    def compute(self, shape, dtype, key, layout):
        """A whole tensor."""
        return super().compute(shape, dtype, key, None)


@there
def test_a_scheme_that_ignores_the_layout_is_noticed():
    """Twin: Keras would not say a word."""
    kernel = sharded(lambda: Ignoring(seed=7), (16, 24), "8, units")
    assert not lies_as_asked(kernel.value, "8, units")


SCHEMES = ["random_uniform", "random_normal", "he_normal", "orthogonal"]


@there
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", SCHEMES)
def test_a_seed_generator_gives_the_same_weights_and_advances(name, cut):
    generator, other = keras.random.SeedGenerator(5), keras.random.SeedGenerator(5)
    for _ in range(2):
        kernel = sharded(lambda: keras_inits.get(name, seed=generator), (16, 24), cut)
        whole = Plain(keras_inits.get(name, seed=other), (16, 24)).kernel
        assert lies_as_asked(kernel.value, cut)
        assert abs(values(kernel) - values(whole)).max() < 1e-5
    np.testing.assert_array_equal(generator.state.value, other.state.value)
    assert not np.array_equal(generator.state.value, [5, 0])


@there
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("cut", ["1", "8, units", "2 by 4"])
def test_shards_of_other_types_have_the_same_bits(dtype, cut):
    def make_initializer():
        return keras_inits.TruncatedNormal(0.3, 0.7, 1.1, seed=7)

    kernel = sharded(make_initializer, (16, 24), cut, dtype)
    assert lies_as_asked(kernel.value, cut)
    whole = Plain(make_initializer(), (16, 24), dtype).kernel
    np.testing.assert_array_equal(values(kernel), values(whole))


LARGE = (2048, 4096)  # eight devices: 4 bytes * 2**23 * 8 is over Keras's 250 MiB


@there
@pytest.mark.parametrize("seed", [7, None, "generator"])
def test_a_variable_above_keras_s_threshold_is_drawn_in_shards(seed):
    """Keras compiles the call of an initializer that names no layout itself."""
    assert 4 * math.prod(LARGE) * 8 > 250 * 2**20

    def make_initializer():
        given = keras.random.SeedGenerator(5) if seed == "generator" else seed
        return keras_inits.HeNormal(seed=given)

    keras.utils.set_random_seed(1)
    kernel = sharded(make_initializer, LARGE, "8, units")
    keras.utils.set_random_seed(1)
    whole = Plain(make_initializer(), LARGE).kernel
    assert lies_as_asked(kernel.value, "8, units")
    np.testing.assert_array_equal(np.array(kernel.value), np.array(whole.value))


class Unaware:
    """An initializer without `layout`, as Keras's own once were."""

    def __init__(self, scheme):
        self.scheme = scheme

    def __call__(self, shape, dtype=None):
        """The scheme's values."""
        return self.scheme(shape, dtype)


@there
@pytest.mark.parametrize("generator", [False, True])
def test_a_call_that_keras_compiles_gives_the_same_weights(generator):
    """And a generator keeps no value of the trace: it can be used after."""
    seed = keras.random.SeedGenerator(5) if generator else 7
    scheme = keras_inits.HeNormal(seed=seed)
    kernel = sharded(lambda: Unaware(scheme), LARGE, "8, units")
    assert lies_as_asked(kernel.value, "8, units")
    again = keras_inits.HeNormal(seed=keras.random.SeedGenerator(5) if generator else 7)
    whole = Plain(again, LARGE).kernel
    np.testing.assert_array_equal(np.array(kernel.value), np.array(whole.value))
    assert np.isfinite(values(scheme((3, 4)))).all()


@there
@pytest.mark.parametrize("number", [0, 1, 2**20 - 1])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_shard_of_a_tensor_beyond_2_to_the_32_values(monkeypatch, number, rank):
    """One device's part of a million, computed as that device would."""
    import jax
    import jax.numpy as jnp

    from keras_inits.sampling.engines import jax_sharded

    size = 2**34 + 2**20 * 3
    shape = {1: (size,), 2: (2**20, size // 2**20), 3: (2**20, 1, size // 2**20)}[rank]
    spec = jax.sharding.PartitionSpec("many", *[None] * (rank - 1))
    layout = SimpleNamespace(mesh=SimpleNamespace(shape={"many": 2**20}), spec=spec)
    monkeypatch.setattr(jax.lax, "axis_index", lambda along: jnp.uint32(number))
    monkeypatch.setattr(jax, "shard_map", lambda shard, **where: shard)
    distribution, key = sampling.uniform(-1, 1), sampling.Key(1, 2)
    # Around the function's cache, which asks for a layout that hashes.
    shard = jax_sharded.program.__wrapped__(distribution, shape, "float32", layout)
    drawn = np.ravel(shard(jnp.uint32(1), jnp.uint32(2)))
    first = number * (size // 2**20)
    assert drawn.size == size // 2**20
    for place in (0, 1, drawn.size - 1):
        block, rest = divmod(first + place, 2 * bits.BLOCK)
        counter = block * bits.BLOCK + rest % bits.BLOCK
        pair = bits.threefry_of_ints(key, (counter & bits.WORD, counter >> 32))
        word = pair[rest // bits.BLOCK] >> 8
        assert drawn[place] == (word - 8388607.5) / 2**23


@there
def test_an_axis_that_cannot_be_cut_evenly_is_refused():
    with pytest.raises(ValueError, match=r"axis 1 of 20 is cut into 8.*up to 24\."):
        sharded(lambda: keras_inits.HeNormal(seed=7), (16, 20), "8, units")
