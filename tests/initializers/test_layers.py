"""Every scheme, by its name, in every layer; right fans where Keras tells the axes.

With `KERAS_INITS_LAYER_MATRIX=path` in the environment, the list of names and the
layers each built in is written to that path.
"""

import math
import os

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import Normal, Orthonormal, Uniform, values
from support.layer_builds import BUILDS, TELLS_AXES, build, can_fill, filled

PAIRS = [(name, layer) for name in keras_inits.names() for layer in BUILDS]
needs_axes = pytest.mark.skipif(
    not TELLS_AXES, reason="Keras tells initializers the axes of a kernel since 3.15"
)


@pytest.fixture(scope="module")
def matrix():
    """What built where; written at the end if a path is given."""
    found = {}
    yield found
    path = os.environ.get("KERAS_INITS_LAYER_MATRIX")
    if path:
        lines = [f"{name}: {', '.join(where)}" for name, where in found.items()]
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join([*lines, ""]))


def made_by(layer):
    """The serialized names of the initializers that a layer holds, of any depth."""
    text = str(keras.saving.serialize_keras_object(layer))
    return text.count("keras_inits>")


@pytest.mark.parametrize(("name", "layer_name"), PAIRS)
def test_every_name_builds_in_every_layer_whose_shape_allows_it(
    name, layer_name, matrix
):
    """Otherwise the error comes at build, says what came and what to do instead."""
    recipe = BUILDS[layer_name]
    layer = recipe.make(f"keras_inits>{name}")
    assert made_by(layer)
    if not can_fill(name, recipe):
        said = r"axes.* Received: shape=\([\d, ]+\)\. (Use|For|Type) "
        with pytest.raises(ValueError, match=said):
            build(layer, recipe.shapes)
        return
    build(layer, recipe.shapes)
    matrix.setdefault(name, []).append(layer_name)
    for path, variable in filled(layer).items():
        assert np.isfinite(values(variable)).all(), path
        if layer_name != "bias" and name not in {"zeros", "constant"}:
            assert values(variable).any(), path


@pytest.mark.parametrize("name", keras_inits.names())
def test_the_bare_name_works_where_keras_has_none(name):
    """And means the same scheme."""
    ours = type(keras_inits.get(name))
    if hasattr(keras.initializers, name):
        assert name not in keras.saving.get_custom_objects()
    else:
        layer = keras.layers.Dense(6, kernel_initializer=name)
        assert type(layer.kernel_initializer) is ours
    by_full_name = keras.layers.Dense(6, kernel_initializer=f"keras_inits>{name}")
    assert type(by_full_name.kernel_initializer) is ours


def kernel_of(layer, *shapes):
    """The kernel of a layer once it is built."""
    return values(build(layer, shapes).kernel)


def einsum(initializer, equation="abc,cde->abde", out=(None, 40, 91), shape=(2, 3, 90)):
    """The kernel of an EinsumDense layer."""
    layer = keras.layers.EinsumDense(equation, out, kernel_initializer=initializer)
    return kernel_of(layer, shape)


@needs_axes
def test_einsum_dense_has_the_fans_of_its_equation():
    """A kernel (c, d, e) from c = 90 to d · e = 3640, then from c · d = 3600 to e."""
    heads = einsum(keras_inits.HeFanIn(seed=7))
    assert heads.shape == (90, 40, 91)
    assert Normal(0, math.sqrt(2 / 90)).complaints(heads) == []
    assert Normal(0, math.sqrt(2 / (90 * 40))).complaints(heads)  # twin: read as conv
    heads = einsum(keras_inits.HeFanOut(seed=7))
    assert Normal(0, math.sqrt(2 / 3640)).complaints(heads) == []
    heads = einsum(keras_inits.XavierUniform(seed=7))
    assert Uniform.with_std(math.sqrt(2 / 3730)).complaints(heads) == []
    merged = einsum(
        keras_inits.HeFanIn(seed=7), "abcd,cde->abe", (None, 91), (2, 3, 90, 40)
    )
    assert merged.shape == (90, 40, 91)
    assert Normal(0, math.sqrt(2 / 3600)).complaints(merged) == []
    merged = einsum(
        keras_inits.HeFanOut(seed=7), "abcd,cde->abe", (None, 91), (2, 3, 90, 40)
    )
    assert Normal(0, math.sqrt(2 / 91)).complaints(merged) == []


@needs_axes
def test_einsum_dense_has_the_fan_in_of_a_batched_equation():
    """One map per head: the head's axis is summed over in none of them."""
    kernel = einsum(keras_inits.HeFanIn(seed=7), "bnd,ndh->bnh", (40, 91), (2, 40, 90))
    assert kernel.shape == (40, 90, 91)
    assert Normal(0, math.sqrt(2 / 90)).complaints(kernel) == []


@needs_axes
def test_einsum_dense_is_orthogonal_along_its_axes():
    """The matrix is inputs by outputs, whichever axes they are."""
    kernel = einsum(keras_inits.Orthogonal(seed=7), out=(None, 4, 5))
    assert Orthonormal(1.0, columns=(1, 2)).complaints(kernel) == []
    assert Orthonormal(1.0).complaints(kernel)  # twin: the flattening of a convolution
    kernel = einsum(
        keras_inits.Orthogonal(seed=7), "abcd,ecd->abe", (None, 11), (2, 3, 9, 4)
    )
    assert kernel.shape == (11, 9, 4)
    assert Orthonormal(1.0, columns=(0,)).complaints(kernel) == []
    assert Orthonormal(1.0).complaints(kernel)


@needs_axes
@pytest.mark.parametrize("heads", [1, 16])
def test_attention_has_the_fans_of_its_maps(heads):
    """Query, key and value from D to N · H, the output from N · H back to D."""
    size = 1600 // heads
    layer = keras.layers.MultiHeadAttention(heads, size, kernel_initializer="he_fan_in")
    build(layer, [(2, 3, 90), (2, 3, 90)])
    kernels = {path: values(v) for path, v in filled(layer).items()}
    assert len(kernels) == 4
    for path, kernel in kernels.items():
        fan_in = 1600 if "output" in path else 90
        assert Normal(0, math.sqrt(2 / fan_in)).complaints(kernel) == [], path
        assert Normal(0, math.sqrt(2 / (1690 - fan_in))).complaints(kernel), path


@needs_axes
def test_attention_is_orthogonal_along_its_axes():
    """(D, N · H) for the query, (N · H, D) for the output."""
    orthogonal = keras_inits.Orthogonal(gain=1.5, seed=7)
    layer = keras.layers.MultiHeadAttention(4, 5, kernel_initializer=orthogonal)
    build(layer, [(2, 3, 90), (2, 3, 90)])
    for path, variable in filled(layer).items():
        columns = (2,) if "output" in path else (1, 2)
        assert Orthonormal(1.5, columns).complaints(values(variable)) == [], path


def test_dense_and_conv_have_the_fans_of_their_shapes():
    """(inputs, units); (window, inputs per group, filters)."""
    he = keras_inits.HeFanIn(seed=7)
    dense = kernel_of(keras.layers.Dense(455, kernel_initializer=he), (2, 360))
    assert Normal(0, math.sqrt(2 / 360)).complaints(dense) == []
    assert Normal(0, math.sqrt(2 / 455)).complaints(dense)  # twin: swapped
    conv = keras.layers.Conv2D(456, 3, groups=4, kernel_initializer=he)
    kernel = kernel_of(conv, (2, 5, 5, 160))
    assert kernel.shape == (3, 3, 40, 456)
    assert Normal(0, math.sqrt(2 / 360)).complaints(kernel) == []
    assert Normal(0, math.sqrt(2 / 1440)).complaints(kernel)  # twin: groups forgotten


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_layers_of_other_types_build(dtype):
    """Orthogonal recurrent kernels included, which Keras's own cannot fill."""
    if keras.backend.backend() == "jax" and dtype == "float64":
        pytest.skip("JAX has no float64 unless it is configured to")
    layer = keras.layers.LSTM(
        3,
        kernel_initializer="he_fan_in",
        recurrent_initializer="keras_inits>orthogonal",
        dtype=dtype,
    )
    layer.build((2, 7, 4))
    for variable in layer.weights:
        assert keras.backend.standardize_dtype(variable.dtype) == dtype
