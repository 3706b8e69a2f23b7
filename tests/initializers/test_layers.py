"""Every scheme fills every shape that a layer asks for; right fans where Keras tells.

An initializer sees a shape, a type and a layout, never the layer. So each scheme meets
each distinct shape, and one scheme each layer.
"""

import functools
import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import Normal, Orthonormal, Uniform, has_float64, values
from support.layer_builds import BUILDS, TELLS_AXES, asked, build, filled
from support.scheme_examples import BARE, CLASSIC, snake_case

needs_axes = pytest.mark.skipif(
    not TELLS_AXES, reason="Keras tells initializers the axes of a kernel since 3.15"
)
ARE_ZEROS = {"zeros", "constant"}  # by default
NO_VECTORS = {"identity", "orthogonal"}


@functools.cache
def all_asked():
    """What the layers ask for, each distinct request once."""
    return sorted({one for recipe in BUILDS.values() for one in asked(recipe)}, key=str)


def test_the_layers_ask_for_kernels_of_every_rank_and_for_axes():
    """Twin of the list: what the next test runs over is there."""
    assert {len(one.shape) for one in all_asked()} == {1, 2, 3, 4, 5}
    assert any(one.input_axes for one in all_asked()) == TELLS_AXES
    assert len(all_asked()) > 15


def can_fill(name, one):
    """Whether the scheme of this name has a meaning for what is asked."""
    if name in NO_VECTORS and len(one.shape) < 2:
        return False
    window = one.shape[:-2] if one.input_axes is None else ()
    return name != "identity" or set(window) <= {1}


@pytest.mark.parametrize("name", sorted(map(snake_case, CLASSIC)))
def test_every_scheme_fills_every_shape_that_a_layer_asks_for(name):
    """Otherwise the error says what came and what to do instead."""
    for one in all_asked():
        initializer = one.given_to(keras_inits.get(name))
        if can_fill(name, one):
            drawn = values(initializer(one.shape))
            assert drawn.shape == one.shape
            assert np.isfinite(drawn).all(), one
            assert name in ARE_ZEROS or drawn.any(), one
        else:
            said = r"axes.* Received: shape=\([\d, ]+\)\. (Use|For|Type) "
            with pytest.raises(ValueError, match=said):
                initializer(one.shape)


@pytest.mark.parametrize("layer_name", BUILDS)
def test_a_name_builds_in_every_layer(layer_name):
    """The layer holds the scheme, and has the values that it draws."""
    recipe = BUILDS[layer_name]
    layer = recipe.make("keras_inits>ones")
    text = str(keras.saving.serialize_keras_object(layer))
    assert "keras_inits>ones" in text
    build(layer, recipe.shapes)
    ones = [v for v in layer.weights if (values(v) == 1).all()]
    assert len(ones) == len(asked(recipe)) > 0
    build(recipe.make("keras_inits>he_fan_in"), recipe.shapes)


def test_a_shape_that_a_scheme_cannot_fill_is_refused_when_a_layer_builds():
    """By the scheme's own error."""
    layer = keras.layers.Dense(6, bias_initializer="keras_inits>orthogonal")
    with pytest.raises(ValueError, match=r"two axes.* Received: shape=\(6,\)"):
        layer.build((2, 4))


@pytest.mark.parametrize("name", sorted(map(snake_case, BARE)))
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
    if dtype == "float64" and not has_float64():
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
