"""A scaled optimizer's step is the inner optimizer's step at another rate."""

import inspect
import json

import keras
import numpy as np
import pytest

import keras_inits
from support import fresh

RATE, DECAY = 0.0625, 0.125  # powers of two: multiplying them rounds nothing
SCALES = {"a": (0.25, 4.0), "b": (2.0, 0.5), "c": (1.0, 1.0)}
SHAPES = {"a": (5, 3), "b": (4, 6), "c": (7, 2)}
NAMES = sorted(
    name
    for name, cls in vars(keras.optimizers).items()
    if isinstance(cls, type)
    and issubclass(cls, keras.optimizers.Optimizer)
    and name not in ("Optimizer", "LossScaleOptimizer", "MultiOptimizer")
)


def made(name, rate=RATE, decay=DECAY, **others):
    cls = getattr(keras.optimizers, name)
    if "adam_weight_decay" in inspect.signature(cls).parameters:  # Muon's
        others["adam_weight_decay"] = decay
    return cls(learning_rate=rate, weight_decay=decay, **others)


def values(variable):
    return keras.ops.convert_to_numpy(variable)


def variables():
    random = np.random.default_rng(1)
    return {
        name: keras.Variable(random.normal(size=shape), name=name, dtype="float32")
        for name, shape in SHAPES.items()
    }


def gradients(steps=3):
    random = np.random.default_rng(2)
    return [
        [random.normal(size=shape).astype("float32") for shape in SHAPES.values()]
        for _ in range(steps)
    ]


def moved(optimizer, own, number=None):
    """The variables after some steps; of one alone if its number is given."""
    for step in gradients():
        given = step if number is None else [step[number]]
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in given], own)
    return [values(variable) for variable in own]


@pytest.mark.parametrize("name", NAMES)
def test_a_variable_moves_as_at_its_own_rate(name):
    """Every optimizer of Keras, weight decay included."""
    found = moved(
        keras_inits.scaled_optimizer(made(name), SCALES), list(variables().values())
    )
    for number, (key, (rate, decay)) in enumerate(SCALES.items()):
        alone = made(name, RATE * rate, DECAY * decay)
        (wanted,) = moved(alone, [variables()[key]], number)
        np.testing.assert_allclose(found[number], wanted, rtol=2e-6, atol=1e-7)
        start = values(variables()[key])
        assert not np.allclose(found[number], start, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("others", [{"clipnorm": 0.5}, {"clipvalue": 0.3}, {}])
def test_without_multipliers_it_is_the_inner_optimizer(others):
    """So is global clipping, by the norm of all gradients."""
    others = others or {"global_clipnorm": 0.5}
    scales = {"a": (1.0, 1.0), "b": (1.0, 2.0), "c": (1.0, 1.0)}  # two groups
    kind = {"name": "SGD", "decay": None}
    inner = made(**kind, **others)
    found = moved(keras_inits.scaled_optimizer(inner, scales), [*variables().values()])
    wanted = moved(made(**kind, **others), [*variables().values()])
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


def test_global_clipping_reaches_over_the_groups():
    """Each group clipped by its own norm would move further."""
    inner = made("SGD", decay=None, global_clipnorm=0.5)
    own = variables()
    start = [values(v) for v in own.values()]
    optimizer = keras_inits.scaled_optimizer(inner, {"a": 0.5})
    given = [keras.ops.convert_to_tensor(g) for g in gradients()[0]]
    optimizer.apply(given, [*own.values()])
    steps = [
        (values(v) - old) / RATE for v, old in zip(own.values(), start, strict=True)
    ]
    norm = np.sqrt(sum((s**2).sum() for s in (2 * steps[0], *steps[1:])))
    assert norm == pytest.approx(0.5, rel=1e-5)


def model():
    keras.utils.set_random_seed(1)
    dense = [keras.layers.Dense(8, "relu", name="first")]
    dense += [keras.layers.Dense(7, name="hidden"), keras.layers.Dense(3, name="head")]
    return keras.Sequential([keras.Input((5,)), *dense])


def data(rows=16):
    random = np.random.default_rng(3)
    return (
        random.normal(size=(rows, 5)).astype("float32"),
        random.normal(size=(rows, 3)).astype("float32"),
    )


KEYS = {"*head/kernel": (0.25, 4.0), "*hidden/*": 0.5}


def fitted(optimizer, epochs=2, **compiled):
    built = model()
    built.compile(optimizer, "mse", **compiled)
    built.fit(*data(), epochs=epochs, batch_size=8, verbose=0, shuffle=False)
    return built


def test_under_fit_it_is_two_optimizers():
    """The head alone at a quarter of the rate, as if the rest were frozen."""
    built = fitted(keras_inits.scaled_optimizer(made("Adam"), {"*head/*": 0.25}))
    eager = model()
    head = eager.get_layer("head").trainable_variables
    rest = [v for layer in eager.layers[:-1] for v in layer.trainable_variables]
    pair = made("Adam", RATE / 4), made("Adam")
    x, y = data()
    for _ in range(2):
        for rows in (slice(0, 8), slice(8, 16)):
            found = gradient(eager, x[rows], y[rows])
            for optimizer, own in zip(pair, (head, rest), strict=True):
                optimizer.apply([found[id(v)] for v in own], own)
    for one, other in zip(built.weights, eager.weights, strict=True):
        np.testing.assert_allclose(values(one), values(other), rtol=1e-4, atol=1e-6)


def gradient(built, x, y):
    """Of the mean square, by hand: the same on every backend."""
    (w1, b1, w2, b2, w3, b3) = map(values, built.trainable_variables)
    z = x @ w1 + b1
    h = np.maximum(z, 0)
    g = h @ w2 + b2
    d3 = 2 * (g @ w3 + b3 - y) / y.size
    d2 = d3 @ w3.T
    d1 = d2 @ w2.T * (z > 0)
    pairs = ((x, d1), (h, d2), (g, d3))
    found = [one for a, d in pairs for one in (a.T @ d, d.sum(0))]
    tensors = [keras.ops.convert_to_tensor(f) for f in found]
    return {id(v): t for v, t in zip(built.trainable_variables, tensors, strict=True)}


LOADING = """
import sys, numpy as np, keras, keras_inits
model = keras.saving.load_model(sys.argv[1])
x, y = np.load(sys.argv[2]).values()
loss = [float(model.train_on_batch(x, y)) for _ in range(2)]
print("RESULT", *loss, float(model.optimizer.learning_rate))
"""


def test_a_file_keeps_slots_and_multipliers(tmp_path):
    """In a fresh process, where paths are others, the next steps are the same."""
    built = model()
    keys = {built.get_layer("head").kernel.path: (0.25, 4.0)}
    built.compile(keras_inits.scaled_optimizer(made("AdamW"), keys), "mse")
    built.fit(*data(), verbose=0)
    path, arrays = tmp_path / "model.keras", tmp_path / "data.npz"
    built.save(path)
    np.savez(arrays, *data())
    said = fresh.run(LOADING, str(path), str(arrays), folder=tmp_path)
    found = [float(word) for word in said.rpartition("RESULT")[2].split()]
    x, y = data()
    built.reset_metrics()  # in Keras 3.12 `fit` left its loss in the mean
    wanted = [float(built.train_on_batch(x, y)) for _ in range(2)]
    np.testing.assert_allclose(found, [*wanted, RATE], rtol=1e-5)


def test_a_config_is_json_and_a_schedule_goes_on():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.5, 2, 0.25)
    optimizer = keras_inits.scaled_optimizer(keras.optimizers.SGD(schedule), KEYS)
    built = fitted(optimizer)
    assert float(optimizer.learning_rate) == pytest.approx(0.5 * 0.25**2)
    told = json.loads(json.dumps(keras.saving.serialize_keras_object(optimizer)))
    again = keras.saving.deserialize_keras_object(told)
    assert again.get_config() == optimizer.get_config()
    again.build(built.trainable_variables)
    assert [v.shape for v in again.variables] == [v.shape for v in optimizer.variables]


def test_the_rate_can_be_set():
    """As callbacks do; zero stops all of it, decay included."""
    optimizer = keras_inits.scaled_optimizer(made("AdamW"), KEYS)
    built = fitted(optimizer)
    optimizer.learning_rate = 0.0
    before = [values(v) for v in built.weights]
    built.fit(*data(), verbose=0)
    for variable, old in zip(built.weights, before, strict=True):
        np.testing.assert_array_equal(values(variable), old)


def test_gradients_are_accumulated():
    """Two halves are one batch."""
    others = {"decay": None, "gradient_accumulation_steps": 2}
    halves = fitted(keras_inits.scaled_optimizer(made("SGD", **others), KEYS), 1)
    whole = model()
    whole.compile(keras_inits.scaled_optimizer(made("SGD", decay=None), KEYS), "mse")
    whole.fit(*data(), epochs=1, batch_size=16, verbose=0)
    for one, other in zip(halves.weights, whole.weights, strict=True):
        np.testing.assert_allclose(values(one), values(other), rtol=1e-5, atol=1e-6)


def test_averages_of_weights_are_kept():
    """After `fit` the weights are the averages, as with the inner optimizer alone."""
    others = {"use_ema": True, "ema_momentum": 0.5}
    ones = dict.fromkeys(KEYS, 1.0) | {"*first/*": (1.0, 2.0)}
    scaled = fitted(
        keras_inits.scaled_optimizer(made("SGD", decay=None, **others), ones)
    )
    alone = fitted(made("SGD", decay=None, **others))
    for one, other in zip(scaled.weights, alone.weights, strict=True):
        np.testing.assert_allclose(values(one), values(other), rtol=1e-5, atol=1e-6)


def test_losses_are_scaled_around_it():
    inner = keras_inits.scaled_optimizer(made("SGD", decay=None), KEYS)
    outer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=64.0)
    plain = fitted(keras_inits.scaled_optimizer(made("SGD", decay=None), KEYS))
    for one, other in zip(fitted(outer).weights, plain.weights, strict=True):
        np.testing.assert_allclose(values(one), values(other), rtol=1e-5, atol=1e-6)


def test_what_is_exempt_from_decay_stays_so():
    def one_step(exempt):
        inner = made("SGD")
        if exempt:
            inner.exclude_from_weight_decay(var_names=["bias"])
        optimizer = keras_inits.scaled_optimizer(inner, {"bias": (1.0, 8.0)})
        bias = keras.Variable(np.ones(3, "float32"), name="bias")
        optimizer.apply([keras.ops.zeros(3)], [bias])
        return values(bias)

    np.testing.assert_array_equal(one_step(True), np.ones(3))
    np.testing.assert_allclose(one_step(False), 1 - RATE * DECAY * 8, rtol=1e-6)


def used():
    optimizer = made("SGD")
    optimizer.build([keras.Variable(0.0)])
    return optimizer


@pytest.mark.parametrize(
    ("optimizer", "multipliers", "words"),
    [
        (lambda: "adamm", {}, "`optimizer` is a Keras optimizer, or its name"),
        (used, {}, "must be new: its slots would be lost"),
        (
            lambda: keras.optimizers.LossScaleOptimizer(made("SGD")),
            {},
            "hands them to no other",
        ),
        (
            lambda: made("SGD", global_clipnorm=1.0, gradient_accumulation_steps=2),
            {},
            "clipped group by group",
        ),
        (lambda: "sgd", [("a", 1.0)], "is a mapping from the paths"),
        (lambda: "sgd", {3: 1.0}, "names variables by their path"),
        (lambda: "sgd", {"a": -1.0}, "`learning_rate of 'a'` is a multiplier"),
        (lambda: "sgd", {"a": (1.0, float("nan"))}, "`weight_decay of 'a'` is a"),
        (
            lambda: "sgd",
            {"a": (1.0, 2.0, 3.0, 4.0)},
            "a number for the learning rate, or",
        ),
    ],
)
def test_what_cannot_be_scaled_is_refused(optimizer, multipliers, words):
    with pytest.raises(ValueError, match=words):
        keras_inits.scaled_optimizer(optimizer(), multipliers)


def test_a_pattern_in_vain_is_refused():
    optimizer = keras_inits.scaled_optimizer("sgd", {"*haed/kernel": 0.5})
    with pytest.raises(ValueError, match="'\\*haed/kernel' reaches no variable"):
        optimizer.build(model().trainable_variables)
    own = [*variables().values()]
    optimizer = keras_inits.scaled_optimizer("sgd", SCALES)
    optimizer.build(own)
    with pytest.raises(ValueError, match="2 gradients for 3 variables"):
        optimizer.apply([None, None])
    other = keras.Variable(np.ones((5, 3), "float32"))
    with pytest.raises(ValueError, match="that it was built for"):
        optimizer.apply([keras.ops.ones((5, 3))], [other])


def test_adamw_takes_a_group_that_is_exempt_from_decay():
    """Its constructor refuses a decay of None."""
    adam = keras.optimizers.AdamW(RATE, weight_decay=DECAY)
    adam.exclude_from_weight_decay(var_names=["b"])
    scaled = keras_inits.scaled_optimizer(adam, {"b": SCALES["b"]})
    plain = keras.optimizers.Adam(RATE * SCALES["b"][0])
    own = list(variables().values())
    (expected,) = moved(plain, [variables()["b"]], 1)
    np.testing.assert_allclose(moved(scaled, own)[1], expected, rtol=1e-6)
