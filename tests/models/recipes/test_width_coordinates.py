"""The coordinate check tells muP from what is not."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_inits
from keras_inits import recipes

WIDTHS = (64, 128, 512)
RULES = {"head/kernel": "zeros", "*": "lecun_normal"}


def net(width):
    return keras.Sequential(
        [
            keras.Input((48,)),
            layers.Dense(width, "relu", name="first"),
            layers.Dense(width, "relu", name="hidden"),
            layers.Dense(10, name="head"),
        ]
    )


def compiled(model, rules, optimizer, seed):
    keras_inits.initialize(model, rules, seed=seed)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss)
    return model


def standard(width, seed=0):
    return compiled(net(width), RULES, keras.optimizers.Adam(0.01), seed)


def mup(width, seed=0, forgotten=None):
    """With a zero head, as the paper recommends: less scatter at small widths."""
    model = net(width)
    rules = recipes.mup(model, net(64), start="lecun_normal")
    given = {
        path: one
        for path, one in rules.multipliers.items()
        if forgotten is None or forgotten not in path
    }
    optimizer = keras_inits.scaled_optimizer(keras.optimizers.Adam(0.01), given)
    return compiled(model, {**rules, "head/kernel": "zeros"}, optimizer, seed)


def data():
    """Inputs near ten centers, which are the targets."""
    random = np.random.default_rng(0)
    centers = random.normal(size=(10, 48))
    y = random.integers(10, size=256)
    return (centers[y] + random.normal(size=(256, 48))).astype("float32"), y


def check(build, **others):
    return recipes.coordinate_check(build, WIDTHS, *data(), **others)


def test_mup_is_flat_and_the_standard_parametrization_grows():
    """Both by a factor of 8 in width; bounds as in the paper's claim."""
    flat, grows = check(mup, seeds=[0, 1]), check(standard)
    ratios = flat.sizes[1:, -1] / flat.sizes[:-1, -1]
    assert (ratios < 1.2).all()
    assert (ratios > 1 / 1.2).all()
    assert max(map(abs, flat.slopes().values())) < 0.12
    last = grows.sizes[-1, -1] / grows.sizes[0, -1]
    assert last[-1] > 2
    assert grows.slopes()["head"] > 0.4


@pytest.mark.parametrize("forgotten", ["hidden", "head"])
def test_a_forgotten_multiplier_is_seen(forgotten):
    """Twin: at the layer that it is of."""
    slopes = check(lambda width: mup(width, forgotten=forgotten)).slopes()
    assert slopes[forgotten] > 0.3


def test_a_slope_is_the_exponent():
    sizes = np.ones((2, 2, 3))
    sizes[1, 1] = [4.0, 0.5, 0.0]  # at four times the width
    found = recipes.CoordinateCheck((8, 32), ("a", "b", "c"), sizes, np.ones((2, 1)))
    slopes = found.slopes()
    assert slopes["a"] == pytest.approx(1)
    assert slopes["b"] == pytest.approx(-0.5)
    assert np.isnan(slopes["c"])
    assert set(found.slopes(0).values()) == {0.0}
    assert "Steepest: a, width to the +1.00" in str(found)


def test_it_shows_a_table_and_a_picture():
    found = recipes.coordinate_check(standard, [4, 8], *data(), steps=2)
    assert found.layers == ("first", "hidden", "head")
    assert found.sizes.shape == (2, 3, 3)
    assert found.losses.shape == (2, 2)
    line = next(line for line in str(found).splitlines() if "hidden" in line)
    assert len(line.split("│")) == 5
    panels = found.plot().axes
    assert [panel.get_title() for panel in panels] == [
        *("before training", "step 1", "step 2")
    ]
    np.testing.assert_allclose(panels[2].lines[1].get_ydata(), found.sizes[:, 2, 1])


def test_the_mean_of_seeds():
    """Each model is built with its seed, and the mean is of their sizes."""
    both, one, two = (
        recipes.coordinate_check(standard, [4, 8], *data(), steps=1, seeds=seeds)
        for seeds in ([0, 1], [0], [1])
    )
    np.testing.assert_allclose(both.sizes, (one.sizes + two.sizes) / 2, rtol=1e-5)
    assert not np.allclose(one.sizes, two.sizes, rtol=1e-3)


def test_losses_are_those_of_each_step():
    """Not the means of all steps so far, which Keras 3.12 gives."""
    found = recipes.coordinate_check(standard, [4, 8], *data(), steps=3)
    model, (x, y) = standard(4), data()
    wanted = []
    for _ in range(3):
        wanted.append(float(model.evaluate(x, y, batch_size=len(x), verbose=0)))
        model.train_on_batch(x, y)
    np.testing.assert_allclose(found.losses[0], wanted, rtol=1e-4)


def named_by_width(width):
    model = keras.Sequential([keras.Input((48,)), layers.Dense(10, name=f"d{width}")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize(
    ("build", "others", "words"),
    [
        (standard, {"widths": [64]}, "two or more, and rise"),
        (standard, {"widths": [64, 32]}, "two or more, and rise"),
        (standard, {"widths": [64, "b"]}, "`widths` is a width"),
        (standard, {"steps": 0}, "`steps` is how often"),
        (standard, {"seeds": []}, "`seeds` are ints"),
        (net, {}, r"makes a compiled model of a width. Received: Sequential from"),
        (named_by_width, {}, "'d4' at one of 4 and 8 only"),
    ],
)
def test_bad_arguments_are_refused(build, others, words):
    given = {"widths": [4, 8], "steps": 1} | others
    x, y = data()
    with pytest.raises(ValueError, match=words):
        recipes.coordinate_check(build, x=x, y=y, **given)
