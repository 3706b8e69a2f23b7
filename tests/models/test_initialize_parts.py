"""Which weights `initialize` leaves alone, and what it refuses before it writes."""

import math
import re

import keras
import numpy as np
import pytest

from keras_inits.models.initialize import initialize
from support.model_zoo import dense, same, sequential, weights, wrapped

layers = keras.layers


def test_frozen_layers_are_left_alone():
    model = sequential()
    for layer in model.layers[:2]:
        layer.trainable = False
    model.layers[1].moving_mean.assign(model.layers[1].moving_mean + 3)
    before = weights(model)
    report = initialize(model, "he_normal", seed=7)
    after = weights(model)
    frozen = {path for path in before if path.startswith(("conv2d[0]", "batch_"))}
    assert len(frozen) == 6
    assert {one.path for one in report.left_alone} == frozen
    assert {one.why for one in report.left_alone} == {"frozen"}
    for path in frozen:
        assert np.array_equal(before[path], after[path])
    assert not np.array_equal(before["head/kernel"], after["head/kernel"])


def test_what_is_trained_inside_a_frozen_layer_is_set():
    """Keras trains it: it asks the variable. LoRA in a frozen model is such a case."""
    inner = keras.Sequential([layers.Dense(5, name="a"), layers.Dense(4, name="b")])
    model = keras.Sequential([keras.Input((3,)), inner, layers.Dense(2, name="head")])
    inner.trainable = False
    inner.layers[1].trainable = True
    before = weights(model)
    report = initialize(model, "he_normal", seed=7)
    assert {one.path.split("/")[-2] for one in report.left_alone} == {"a"}
    changed = {p for p, w in weights(model).items() if not np.array_equal(before[p], w)}
    assert {path.split("/")[-2] for path in changed} == {"b", "head"}


def test_include_sets_only_that_and_frozen_weights_too():
    model = sequential()
    model.trainable = False
    before = weights(model)
    report = initialize(model, "he_normal", seed=7, include=["head", layers.Conv2D])
    after = weights(model)
    changed = {path for path in before if not np.array_equal(before[path], after[path])}
    assert changed == {
        "conv2d[0]/kernel",
        "head/kernel",
        "depthwise_conv2d[0]/kernel",
    } - {
        "depthwise_conv2d[0]/kernel"  # no subclass of Conv2D
    }
    set_ = {one.path for one in report.rows}
    assert set_ == {"conv2d[0]/kernel", "conv2d[0]/bias", "head/kernel", "head/bias"}
    assert {one.why for one in report.left_alone} == {"not included"}


def test_a_part_gets_what_it_would_get_in_the_whole():
    part, whole = dense(5, 6, 4), dense(5, 6, 4)
    initialize(part, "he_normal", seed=7, include="dense[1]")
    initialize(whole, "he_normal", seed=7)
    path = "dense[1]/kernel"
    assert np.array_equal(weights(part)[path], weights(whole)[path])


def test_exclude_leaves_alone():
    model = sequential()
    before = weights(model)
    report = initialize(
        model, "he_normal", seed=7, exclude=["head/kernel", layers.DepthwiseConv2D]
    )
    after = weights(model)
    excluded = {one.path for one in report.left_alone}
    assert excluded == {
        "head/kernel",
        "depthwise_conv2d[0]/kernel",
        "depthwise_conv2d[0]/bias",
    }
    for path in excluded:
        assert np.array_equal(before[path], after[path])
    # What is excluded needs no rule.
    initialize(
        model, {"conv2d*": "he_normal", "dense*": "zeros"}, exclude=["head", "dep*"]
    )


def test_states_are_left_alone():
    model = wrapped()
    path = "spectral_normalization[0]/vector_u"
    before = weights(model)[path]
    report = initialize(model, "he_normal", seed=7, include="*")
    assert np.array_equal(weights(model)[path], before)
    assert [one.path for one in report.left_alone] == [path]
    initialize(model, {"*/vector_u": "auto", "*": "he_normal"}, seed=7)
    assert np.array_equal(weights(model)[path], before)
    initialize(model, {"*/vector_u": "ones", "*": "he_normal"}, seed=7)
    assert (weights(model)[path] == 1).all()


def test_a_layer_that_is_not_built_is_told():
    class Lazy(keras.Model):
        def __init__(self):
            super().__init__()
            self.used, self.unused = layers.Dense(2), layers.Dense(3)

        def build(self, shape):
            self.used.build(shape)

    model = Lazy()
    model.build((None, 4))
    (left,) = initialize(model, "he_normal", seed=7).left_alone
    assert (left.path, left.why) == ("unused", "not built: it has no weights yet")


def refused(model, *arguments, **more):
    """The message, after a look that nothing has changed."""
    before = weights(model)
    with pytest.raises(ValueError, match="othing was written") as caught:
        initialize(model, *arguments, seed=7, **more)
    assert same(before, weights(model))
    return str(caught.value)


def test_a_kernel_that_no_rule_covers_is_refused():
    message = refused(sequential(), {layers.Dense: "he_normal"})
    assert re.search(
        r"No rule covers 'conv2d\[0\]/kernel', 'depthwise_conv2d\[0\]/kernel'\. "
        r"End the rules with '\*': 'auto'.*Nothing was written\.",
        message,
    )


def test_many_uncovered_kernels_are_counted():
    model = dense(*[3] * 14)
    message = refused(model, {"dense[0]": "he_normal"})
    assert "'dense[10]/kernel' and 2 more" in message


def test_all_problems_come_at_once():
    rules = {"haed": "zeros", "head": "identity", "conv2d*": "identity"}
    message = refused(sequential(), rules, exclude="*/kernl")
    assert message.startswith("4 problems; nothing was written.\n  - ")
    for sentence in (
        "Rule 'haed' matches no weight. Did you mean 'head'",
        "`exclude` '*/kernl' matches no weight. Did you mean '*/kernel'",
        "No rule covers 'depthwise_conv2d[0]/kernel'",
        "'conv2d[0]/kernel': ",
    ):
        assert sentence in message


def test_an_include_that_matches_nothing_is_refused():
    message = refused(sequential(), "he_normal", include=["head", "nowhere"])
    assert message.startswith("`include` 'nowhere' matches no weight.")


def test_a_scheme_that_cannot_fill_a_weight_is_refused_with_its_path():
    message = refused(sequential(), {"conv2d*": "identity", "*": "he_normal"})
    assert "'conv2d[0]/kernel'" in message
    assert "Received: " in message


def test_problems_of_drawing_come_at_once_too():
    def odd(shape, dtype=None):
        if shape == (5, 6):
            raise RuntimeError("no luck")
        return keras.ops.ones((3, *shape))

    message = refused(dense(5, 6, 4), odd)
    assert message.startswith("2 problems; nothing was written.")
    assert "'dense[0]/kernel': RuntimeError no luck" in message
    assert re.search(r"'dense\[1\]/kernel'.*tensor of shape \(3, 6, 4\) for", message)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused(bad):
    message = refused(
        dense(5, 6), lambda shape, dtype: keras.ops.full(shape, bad, dtype)
    )
    assert "Weights must be finite" in message


def test_a_wholly_frozen_model_is_refused():
    model = dense(5, 6)
    model.trainable = False
    message = refused(model, "he_normal")
    assert "Every weight is left alone (frozen). Set model.trainable = True" in message


def test_a_rule_for_frozen_weights_only_is_refused():
    model = sequential()
    model.layers[0].trainable = False
    rules = {"conv2d*": "he_normal", "*": "he_normal"}
    assert "Rule 'conv2d*' reaches frozen weights only" in refused(model, rules)
    initialize(model, rules, include="*")


@pytest.mark.backend("tensorflow", "jax")  # elsewhere nothing is traced
def test_tracing_is_refused():
    model = dense(5, 6)
    before = weights(model)

    def step(x):
        initialize(model, "he_normal", seed=7)
        return x

    if keras.backend.backend() == "jax":
        import jax

        program = jax.jit(step)
    else:
        import tensorflow as tf

        program = tf.function(step, autograph=False)
    with pytest.raises(ValueError, match=r"outside tf\.function and jax\.jit"):
        program(1.0)
    assert same(before, weights(model))
