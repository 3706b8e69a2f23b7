"""Wrappers: what they change of another scheme's draw, and what they leave."""

import json
import math

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import Normal, Uniform, values
from support.layer_builds import TELLS_AXES

SHAPE = (90, 41)
OF_THE_INNER = "difference from the inner scheme's values, changed by hand"


def dense(scheme, inputs=90, outputs=41):
    """The kernel of a Dense layer, always of one name: its path is part of the seed."""
    layer = keras.layers.Dense(outputs, kernel_initializer=scheme, name="dense")
    layer.build((None, inputs))
    return values(layer.kernel)


def again(initializer):
    """The same initializer after a journey through JSON."""
    text = json.dumps(keras.saving.serialize_keras_object(initializer))
    return keras.saving.deserialize_keras_object(json.loads(text))


def spellings(seed=7):
    """One inner scheme as an object, and as a config."""
    inner = keras_inits.HeFanIn(negative_slope=0.3, seed=seed)
    return inner, keras.saving.serialize_keras_object(inner)


def test_scaled_is_exactly_a_multiple_of_the_inner_draw(figure):
    """Of the same stream, in a layer and in a call; twin: another stream."""
    for inner in spellings():
        for kernel in (dense, lambda scheme: values(scheme(SHAPE))):
            scheme = keras_inits.scaled(inner, -0.25)
            expected = -0.25 * kernel(spellings()[0])
            np.testing.assert_array_equal(kernel(again(scheme)), expected)
            twin = keras_inits.scaled(spellings(8)[0], -0.25)
            found, wrong = (abs(kernel(s) - expected).max() for s in (scheme, twin))
            figure("scaled", OF_THE_INNER, found, 0, wrong, beyond=0.01)
    third = dense(keras_inits.scaled("ones", 1 / 3))
    np.testing.assert_array_equal(third, float(np.float32(1 / 3)))


def test_scaled_is_a_name_too():
    scheme = keras_inits.get("scaled", initializer=spellings()[0], factor=0.5)
    np.testing.assert_array_equal(dense(scheme), dense(spellings()[0]) / 2)


def test_scaled_twice_is_scaled_by_the_product():
    """Wrappers go into wrappers, and into configs of configs."""
    scheme = keras_inits.scaled(keras_inits.scaled(spellings()[0], 0.5), -0.5)
    expected = -0.25 * dense(spellings()[0])
    np.testing.assert_array_equal(dense(scheme), expected)
    np.testing.assert_array_equal(dense(again(scheme)), expected)


def test_a_wrapper_without_a_seed_follows_the_global_one():
    """Two calls differ, and start again with `set_random_seed`."""
    scheme = keras_inits.scaled("he_fan_in", 2.0)
    runs = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        runs.append([values(scheme(SHAPE)) for _ in range(2)])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert abs(runs[0][0] - runs[0][1]).max() > 0.01


WRAPPED = {
    "scaled": lambda inner: keras_inits.scaled(inner, 1.0),
    "masked": lambda inner: keras_inits.masked(inner, np.ones((90, 5, 8))),
    "blocks": lambda inner: keras_inits.blocks(inner, parts=2),
    "depth_scaled": lambda inner: keras_inits.get(
        "depth_scaled", initializer=keras_inits.scaled(inner, 2.0), layer=2
    ),
}


def query(scheme):
    """The query kernel of an attention layer, which tells the scheme its axes."""
    layer = keras.layers.EinsumDense(
        "btd,dnh->btnh", (None, 5, 8), kernel_initializer=scheme, name="query"
    )
    layer.build((None, 3, 90))
    return values(layer.kernel)


@pytest.mark.skipif(not TELLS_AXES, reason="Keras tells the axes since 3.15")
@pytest.mark.parametrize("name", WRAPPED)
def test_the_inner_scheme_hears_of_the_axes(name):
    """A query kernel has its width as fan; twin: all axes but the last."""
    inner = keras_inits.HeFanIn(seed=7)
    wrapped = query(WRAPPED[name](inner))
    assert Normal(0, math.sqrt(2 / 90)).complaints(wrapped) == []
    assert Normal(0, math.sqrt(2 / 450)).complaints(wrapped)
    if name != "blocks":
        np.testing.assert_array_equal(wrapped, query(inner))


@pytest.mark.parametrize("name", ["scaled", "blocks", "depth_scaled"])
def test_attention_and_recurrent_layers_can_be_built_with_a_wrapper(name):
    """They rebuild their initializers; query and key differ."""
    scheme = WRAPPED[name]("he_fan_in")
    attention = keras.layers.MultiHeadAttention(3, 4, kernel_initializer=scheme)
    attention.build((None, 5, 8), (None, 5, 8))
    first, second, *_ = [v for v in attention.weights if len(v.shape) == 3]
    assert abs(values(first) - values(second)).max() > 0.01
    recurrent = keras.layers.GRU(4, kernel_initializer=scheme)
    recurrent.build((None, 5, 7))
    again = type(attention).from_config(attention.get_config())
    again.build((None, 5, 8), (None, 5, 8))


@pytest.mark.parametrize("factor", [math.nan, math.inf, "2", None, True])
def test_a_factor_is_a_finite_number(factor):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.scaled("he_fan_in", factor)


@pytest.mark.parametrize("inner", ["no_such_scheme", 3, {"class_name": "Nothing"}])
def test_what_is_no_initializer_is_not_wrapped(inner):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.scaled(inner, 2.0)


def mask(shape=SHAPE, kept=0.25):
    """Zeros and ones, each column with at least one input."""
    chosen = np.random.default_rng(3).uniform(size=shape) < kept
    chosen[..., 0, :] = True
    return chosen


@pytest.mark.parametrize("shape", [SHAPE, (3, 2, 9, 41)])
def test_masked_keeps_the_kept_entries_and_no_others(shape, figure):
    """Exactly; twin: the mask upside down."""
    inner = keras_inits.HeFanIn(seed=7)
    drawn = values(inner(shape))
    twin = values(keras_inits.masked(inner, ~mask(shape))(shape))
    wrong = abs(twin - drawn * mask(shape)).max()
    for kind in (bool, int, "float32"):
        scheme = keras_inits.masked(inner, mask(shape).astype(kind))
        found = abs(values(scheme(shape)) - drawn * mask(shape)).max()
        figure("masked", OF_THE_INNER, found, 0, wrong, beyond=0.01)


def variance_of_columns(kernel):
    """The variance of each output over white inputs, relative to He's 2."""
    return (kernel**2).reshape(-1, kernel.shape[-1]).sum(axis=0) / 2


@pytest.mark.parametrize("shape", [(400, 41), (5, 8, 10, 41)])
def test_a_mask_can_preserve_the_variance(shape):
    """Of every output, however many inputs it keeps; twin: the share kept."""
    shares = np.linspace(0.1, 1.0, shape[-1])
    chosen = np.random.default_rng(3).uniform(size=shape) < shares
    inner = keras_inits.HeFanIn(seed=7)
    kept = chosen.reshape(-1, shape[-1]).sum(axis=0)
    errors = np.sqrt(2 / kept)
    plain = values(keras_inits.masked(inner, chosen)(shape))
    whole = values(keras_inits.masked(inner, chosen, preserve_variance=True)(shape))
    assert (abs(variance_of_columns(whole) - 1) < 5 * errors).all()
    assert (abs(variance_of_columns(plain) - 1) > 5 * errors).sum() > 10
    inputs = math.prod(shape[:-1])
    expected = np.broadcast_to(np.sqrt(inputs / kept), shape)[chosen]
    np.testing.assert_allclose((whole / values(inner(shape)))[chosen], expected, 1e-5)
    np.testing.assert_array_equal(whole[~chosen], 0)


def test_a_mask_stays_out_of_the_config_until_it_is_attached():
    """The rebuilt one fills NaN, in a layer and in a call; a wrong mask is refused."""
    scheme = keras_inits.masked(keras_inits.HeFanIn(seed=7), mask())
    text = json.dumps(keras.saving.serialize_keras_object(scheme))
    assert len(text) < 1500
    rebuilt = again(scheme)
    assert np.isnan(dense(rebuilt)).all()
    with pytest.raises(ValueError, match="Received"):
        rebuilt.attach(~mask())
    with pytest.raises(ValueError, match="Received"):
        rebuilt.attach(mask()[:-1])
    rebuilt.attach(mask())
    np.testing.assert_array_equal(dense(rebuilt), dense(scheme))
    np.testing.assert_array_equal(dense(again(rebuilt)), np.nan)


def test_masks_that_do_not_fit_are_refused():
    """Another shape; and a column without inputs, whose variance nothing preserves."""
    inner = keras_inits.HeFanIn(seed=7)
    with pytest.raises(ValueError, match="Received"):
        keras_inits.masked(inner, mask())((41, 90))
    with pytest.raises(ValueError, match="Received"):
        keras_inits.masked(inner, np.full(SHAPE, 0.5))(SHAPE)
    empty = mask()
    empty[:, 3] = False
    with pytest.raises(ValueError, match="Received"):
        keras_inits.masked(inner, empty, preserve_variance=True)(SHAPE)
    kernel = values(keras_inits.masked(inner, empty)(SHAPE))
    np.testing.assert_array_equal(kernel[:, 3], 0)


def alike(parts):
    """The largest correlation between two parts, times √n: below 5 for streams."""
    flat = [np.ravel(part) for part in parts]
    highest = abs(np.corrcoef(flat) - np.eye(len(flat))).max()
    return highest * math.sqrt(flat[0].size)


@pytest.mark.parametrize("axis", [-1, 1])
def test_a_fused_kernel_has_the_law_of_its_parts(axis, figure):
    """Glorot's std of one part, independent; twins: the fused shape, one stream."""
    inner = keras_inits.XavierUniform(seed=7)
    scheme = keras_inits.blocks(inner, parts=3, axis=axis)
    fused = dense(scheme, 90, 3 * 41)
    law = Uniform.with_std(math.sqrt(2 / 131))
    parts = np.split(fused, 3, axis=-1)
    for part in parts:
        assert law.complaints(part) == []
    np.testing.assert_array_equal(dense(again(scheme), 90, 3 * 41), fused)
    assert law.complaints(dense(inner, 90, 3 * 41))
    what, twin = "correlation of two parts, times √n", alike([dense(inner)] * 2)
    figure("blocks", what, alike(parts), 5, twin)


def test_blocks_can_be_stacked_along_any_axis():
    """Rows: fan_in is a part's; orthogonal blocks are orthogonal one by one."""
    kernel = dense(keras_inits.blocks(keras_inits.Orthogonal(seed=7), 2, axis=0), 60)
    for part in np.split(kernel, 2):
        assert abs(part @ part.T - np.eye(30)).max() < 1e-5
    twin = dense(keras_inits.Orthogonal(seed=7), 60)
    assert abs(twin[:30] @ twin[:30].T - np.eye(30)).max() > 0.1


def test_blocks_may_be_of_unequal_sizes_and_schemes():
    """Each with its own fans, in the order given."""
    schemes = [keras_inits.HeFanOut(seed=7), "zeros", keras_inits.LecunUniform(seed=7)]
    scheme = keras_inits.blocks(schemes, sizes=[50, 3, 38], axis=-1)
    kernel = dense(scheme, 90, 91)
    first, second, third = np.split(kernel, [50, 53], axis=-1)
    assert Normal(0, math.sqrt(2 / 50)).complaints(first) == []
    assert Normal(0, math.sqrt(2 / 91)).complaints(first)
    np.testing.assert_array_equal(second, 0)
    assert Uniform.with_std(90**-0.5).complaints(third) == []
    np.testing.assert_array_equal(dense(again(scheme), 90, 91), kernel)


def test_two_blocks_of_one_scheme_are_not_twins():
    """Though both have the same seed."""
    pair = [keras_inits.HeFanIn(seed=7), keras_inits.HeFanIn(seed=7)]
    kernel = dense(keras_inits.blocks(pair, sizes=[41, 41], axis=-1), 90, 82)
    assert alike(np.split(kernel, 2, axis=-1)) < 5


@pytest.mark.parametrize(
    ("inner", "arguments", "shape"),
    [
        ("he_fan_in", {"parts": 0}, (6, 9)),
        ("he_fan_in", {"parts": 2}, (6, 9)),
        ("he_fan_in", {"parts": 3, "axis": 2}, (6, 9)),
        ("he_fan_in", {"parts": 3, "axis": 0.5}, (6, 9)),
        (["he_fan_in", "zeros"], {"sizes": [5, 3]}, (6, 9)),
        (["he_fan_in", "zeros"], {"sizes": [5, 3, 1]}, (6, 9)),
        (["he_fan_in", "zeros"], {"sizes": [10, -1]}, (6, 9)),
        (["he_fan_in", "no_such_scheme"], {"sizes": [5, 4]}, (6, 9)),
        ([], {"sizes": []}, (6, 9)),
    ],
)
def test_blocks_that_do_not_fill_the_axis_are_refused(inner, arguments, shape):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.blocks(inner, **arguments)(shape)
