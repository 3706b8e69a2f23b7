"""Geometry on a scheme: what it draws, and what its configuration says."""

import json
import math

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits import sampling
from keras_inits.geometry import Geometry
from support.distributions import Normal, values
from support.layer_builds import TELLS_AXES, build
from support.scheme_examples import (
    CLASSIC,
    EXAMPLES,
    FIXED,
    KERNEL,
    SCHEMES,
    arguments_of,
    make,
)

OF_GEOMETRY = (
    "input_axes",
    "output_axes",
    "batch_axes",
    "kernel_format",
    "groups",
    "gates",
)
WITH_GEOMETRY = sorted(
    name
    for name, cls in SCHEMES.items()
    if issubclass(cls, keras_inits.KernelInitializer)
)
EVERY = {  # each argument off its default, and its JSON
    "input_axes": ((-1,), [-1]),
    "output_axes": ((1,), [1]),
    "batch_axes": (0, [0]),
    "kernel_format": ("transpose", "transpose"),
    "groups": (2, 2),
    "gates": (np.int64(3), 3),
    "stride": (4, 4),
}


def is_orthonormal(matrix):
    """Whether the shorter side's vectors are orthonormal within 1e-5."""
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    return abs(matrix.T @ matrix - np.eye(matrix.shape[1])).max() < 1e-5


def test_every_scheme_with_fans_or_matrices_takes_geometry():
    """None is left out, and the base has no argument that is not tried here."""
    base = arguments_of(keras_inits.KernelInitializer)
    assert base - {"seed"} == set(EVERY)
    kernels = keras_inits.KernelInitializer
    takes = {name for name, cls in SCHEMES.items() if issubclass(cls, kernels)}
    assert takes == set(WITH_GEOMETRY)


@pytest.mark.parametrize("name", WITH_GEOMETRY)
def test_geometry_is_in_the_config_and_comes_back(name):
    """As plain JSON, whole, and only what is off its default."""
    given = {argument: value for argument, (value, _) in EVERY.items()}
    plain = {argument: value for argument, (_, value) in EVERY.items()}
    first = EXAMPLES[name][0].arguments if name not in CLASSIC else {}
    scheme = SCHEMES[name](**(first | given))
    if name == "BilinearUpsampling":  # whose default it is
        del plain["kernel_format"]
    assert json.loads(json.dumps(scheme.get_config())) == first | plain
    again = keras.saving.deserialize_keras_object(
        json.loads(json.dumps(keras.saving.serialize_keras_object(scheme)))
    )
    expected = Geometry((-1,), (1,), (0,), "transpose", 2, 3, 4)
    assert again.geometry == scheme.geometry == expected
    same = SCHEMES[name](**first, kernel_format="default", groups=1).get_config()
    assert name == "BilinearUpsampling" or same == first


@pytest.mark.parametrize("name", sorted(KERNEL))
def test_with_geometry_changes_the_geometry_alone(name):
    """The same values as if it had been given at construction; the old one stays."""
    example = EXAMPLES[name][-2]  # the last one has axes
    arguments = {k: v for k, v in example.arguments.items() if k not in EVERY}
    scheme = SCHEMES[name](**arguments, seed=7, groups=3)
    before = scheme.get_config()
    other = scheme.with_geometry(Geometry(gates=2, kernel_format="transpose"))
    built = SCHEMES[name](**arguments, seed=7, gates=2, kernel_format="transpose")
    assert type(other) is type(scheme)
    assert other.get_config() == built.get_config()
    np.testing.assert_array_equal(values(other((3, 8, 5))), values(built((3, 8, 5))))
    assert scheme.get_config() == before
    assert scheme.with_geometry(Geometry()).get_config() == arguments | {"seed": 7}


def test_with_geometry_shares_a_seed_generator():
    """A draw of either advances it, so that no two kernels are equal."""
    generator = keras.random.SeedGenerator(7)
    scheme = keras_inits.HeFanIn(seed=generator)
    other = scheme.with_geometry(Geometry(kernel_format="transpose"))
    assert other.seed is generator
    first, second = values(scheme((4, 4))), values(other((4, 4)))
    assert not np.array_equal(first, second)


def test_a_subclass_that_takes_no_geometry_can_be_given_one():
    """And its config comes back, although its constructor lacks the arguments."""

    class Half(keras_inits.KernelInitializer):
        def __init__(self, seed=None):
            super().__init__(seed)

        def entry_distribution(self, shape):
            return sampling.uniform(0.0, 0.5 / self.fans(shape).fan_in)

    half = Half(seed=7).with_geometry(Geometry(kernel_format="depthwise"))
    assert half.get_config() == {"seed": 7, "kernel_format": "depthwise"}
    again = Half.from_config(half.get_config())
    assert again.geometry == half.geometry
    drawn = values(again((3, 40, 91)))
    np.testing.assert_array_equal(drawn, values(half((3, 40, 91))))
    assert 0.4 / 3 < drawn.max() < 0.5 / 3
    with pytest.raises(ValueError, match=r"config\['stdev'\]"):
        Half.from_config({"stdev": 1})


@pytest.mark.parametrize("name", WITH_GEOMETRY)
@pytest.mark.parametrize(
    ("argument", "value"), [("kernel_format", "conv"), ("groups", 0), ("gates", 1.5)]
)
def test_bad_geometry_is_refused_by_every_scheme(name, argument, value):
    with pytest.raises(ValueError, match=f"`{argument}`.*{argument}={value!r}"):
        SCHEMES[name](**(EXAMPLES[name][0].arguments | {argument: value}))


@pytest.mark.parametrize(
    "name", [n for n in EXAMPLES if n not in FIXED and n != "Mimetic"]
)
def test_drawn_fills_from_the_given_stream(name):
    """The call's own values for the key of its seed, and others for another key."""
    example = EXAMPLES[name][0]
    scheme, shape = make(SCHEMES[name], example, seed=7), example.small
    key = sampling.key_from_seed(7, shape, "")
    by_call = values(scheme(shape))
    np.testing.assert_array_equal(values(scheme.drawn(shape, None, key)), by_call)
    other = sampling.key_from_seed(7, shape, "elsewhere")
    assert not np.array_equal(values(scheme.drawn(shape, None, other)), by_call)
    unseeded = values(make(SCHEMES[name], example).drawn(shape, "float32", key))
    np.testing.assert_array_equal(unseeded, by_call)
    with pytest.raises(ValueError, match="floating-point type"):
        scheme.drawn(shape, "int32", key)
    with pytest.raises(ValueError, match=r"`shape`.*Received: shape=\(-1, 2\)"):
        scheme.drawn((-1, 2), None, key)


@pytest.mark.parametrize(
    ("geometry", "shape", "fans"),
    [
        (Geometry(kernel_format="depthwise"), (3, 3, 91, 40), (9, 360)),
        (Geometry(kernel_format="experts"), (9, 91, 40), (91, 40)),
        (Geometry(gates=4), (91, 160), (91, 40)),
    ],
)
def test_the_scale_follows_the_geometry(geometry, shape, fans):
    """He's distribution for the true fans; twin: not for those of the bare shape."""
    for scheme, fan in ((keras_inits.HeFanIn, 0), (keras_inits.HeFanOut, 1)):
        drawn = values(scheme(seed=7).with_geometry(geometry)(shape))
        distribution = Normal(0, math.sqrt(2 / fans[fan]))
        assert distribution.complaints(drawn) == []
        if Geometry().fans(shape)[fan] != fans[fan]:
            assert distribution.complaints(values(scheme(seed=7)(shape)))


def blocks_of(kernel, arguments):
    """The independent matrices of a kernel, cut out by hand."""
    parts = arguments.get("gates", 1) * arguments.get("groups", 1)
    kernel_format = arguments.get("kernel_format", "default")
    if kernel_format == "depthwise":
        return [
            kernel[..., c, :].reshape(-1, kernel.shape[-1])
            for c in range(kernel.shape[-2])
        ]
    if kernel_format == "experts":
        return list(kernel)
    if kernel_format == "transpose":
        kernel = np.moveaxis(kernel, -1, -2)
    cut = np.split(kernel, parts, axis=-1)
    return [part.reshape(-1, part.shape[-1]) for part in cut]


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({"gates": 4}, (6, 24)),
        ({"gates": 4}, (5, 24)),  # more units than inputs: orthonormal rows
        ({"gates": 3}, (2, 3, 1, 24)),
        ({"groups": 2}, (1, 3, 2, 14)),
        ({"kernel_format": "transpose"}, (3, 3, 7, 2)),
        ({"kernel_format": "depthwise"}, (3, 3, 5, 2)),
        ({"kernel_format": "experts"}, (3, 6, 4)),
    ],
)
def test_each_matrix_of_an_orthogonal_kernel_is_orthogonal(arguments, shape):
    """By itself, and none like another; in the flattening of old they are not."""
    kernel = values(keras_inits.Orthogonal(seed=7, **arguments)(shape))
    matrices = blocks_of(kernel, arguments)
    for number, matrix in enumerate(matrices):
        assert is_orthonormal(matrix)
        for other in matrices[:number]:
            assert abs(matrix - other).max() > 0.05
            assert abs(matrix + other).max() > 0.05
    if len(matrices) > 1:
        plain = values(keras_inits.Orthogonal(seed=7)(shape))
        assert not all(is_orthonormal(m) for m in blocks_of(plain, arguments))


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_recurrent_gates_are_orthogonal_by_an_argument(name):
    """`gates` on the scheme, in a layer's own argument."""
    gates = {"LSTM": 4, "GRU": 3}[name]
    recurrent = keras_inits.Orthogonal(gates=gates, seed=7)
    layer = getattr(keras.layers, name)(5, recurrent_initializer=recurrent)
    layer.build((None, 7, 4))
    kernel = values(layer.cell.recurrent_kernel)
    for block in np.split(kernel, gates, axis=-1):
        assert is_orthonormal(block)


@pytest.mark.skipif(not TELLS_AXES, reason="Keras tells the axes since 3.15")
def test_batch_axes_on_a_scheme_correct_what_keras_calls_outputs():
    """In `bnd,ndh->bnh` Keras lists the shared axis n among the outputs."""
    shared = [{"batch_axes": [0]}, {"kernel_format": "experts"}]
    for arguments in shared:
        scheme = keras_inits.HeFanOut(seed=7, **arguments)
        layer = keras.layers.EinsumDense(
            "bnd,ndh->bnh", (40, 91), kernel_initializer=scheme
        )
        kernel = values(build(layer, [(2, 40, 90)]).kernel)
        assert Normal(0, math.sqrt(2 / 91)).complaints(kernel) == []
        scheme = keras_inits.Orthogonal(seed=7, **arguments)
        layer = keras.layers.EinsumDense(
            "bnd,ndh->bnh", (3, 5), kernel_initializer=scheme
        )
        kernel = values(build(layer, [(2, 3, 8)]).kernel)
        assert all(is_orthonormal(matrix) for matrix in kernel)
    plain = keras_inits.HeFanOut(seed=7)
    layer = keras.layers.EinsumDense("bnd,ndh->bnh", (40, 91), kernel_initializer=plain)
    kernel = values(build(layer, [(2, 40, 90)]).kernel)
    assert (
        Normal(0, math.sqrt(2 / (40 * 91))).complaints(kernel) == []
    )  # as Keras tells
