"""Models, data and a comparison of `diagnose` with `fit`."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_inits import diagnose

# Of training: outputs without a loss, and a generator that yields one batch.
MARKS = [
    pytest.mark.filterwarnings("ignore:Gradients do not exist"),
    pytest.mark.filterwarnings("ignore:Your input ran out of data"),
    pytest.mark.filterwarnings("ignore:.*received `from_logits=True`"),
    pytest.mark.filterwarnings("ignore:.*You are using a softmax over axis"),
]
RANDOM = np.random.Generator(np.random.PCG64(5))
ROWS, STEPS, INPUTS, CLASSES = 10, 7, 5, 3
X = RANDOM.standard_normal((ROWS, INPUTS)).astype("float32")
SERIES = RANDOM.standard_normal((ROWS, STEPS, INPUTS)).astype("float32")
SERIES[2, 4:] = SERIES[5, 1:] = 0.0  # padding
TOKENS = RANDOM.integers(1, 9, (ROWS, STEPS))
TOKENS[1, 3:] = TOKENS[4, 5:] = 0
BINARY = RANDOM.integers(0, 2, ROWS)
LABELS = RANDOM.integers(0, CLASSES, ROWS)
NUMBERS = RANDOM.standard_normal((ROWS, 2)).astype("float32")
WEIGHTS = RANDOM.uniform(0.1, 3.0, ROWS).astype("float32")
CLASS_WEIGHTS = {0: 0.5, 1: 4.0}  # none for the third class


def one_hot(labels):
    """A column for each class."""
    return np.eye(CLASSES, dtype="float32")[labels]


def head(units, activation=None, **more):
    """A model of one output, behind batch normalization and a dense layer."""
    return keras.Sequential(
        [
            keras.Input((INPUTS,)),
            layers.Dense(4, "tanh"),
            layers.BatchNormalization(),
            layers.Dense(units, activation, **more),
        ]
    )


def sequences(units, activation, mask="masking"):
    """A model of an output for each time step, with or without a mask."""
    if mask == "embedding":
        first = [keras.Input((STEPS,), dtype="int32")]
        first.append(layers.Embedding(9, 4, mask_zero=True))
    else:
        first = [keras.Input((STEPS, INPUTS))]
        first += [layers.Masking()] if mask == "masking" else []
    recurrent = layers.SimpleRNN(4, return_sequences=True)
    return keras.Sequential([*first, recurrent, layers.Dense(units, activation)])


def heads(form=list):
    """A model of three outputs: one binary, one of classes, one of two numbers."""
    start = keras.Input((INPUTS,))
    x = layers.Dense(4, "tanh")(start)
    outputs = {
        "yes": layers.Dense(1, "sigmoid", name="yes")(x),
        "kind": layers.Dense(CLASSES, "softmax", name="kind")(x),
        "at": layers.Dense(2, name="at")(x),
    }
    if form is tuple:
        named = outputs.values()
        yes, kind, at = named
        return keras.Model(start, [yes, (kind, at)])
    return keras.Model(start, outputs if form is dict else list(outputs.values()))


def compiled(model, loss, **more):
    """Compiled so that training changes no weight, and is not compiled twice."""
    model.compile(keras.optimizers.SGD(0.0), loss, run_eagerly=True, **more)
    return model


def fitted(model, x, y=None, **weights):
    """The loss that `fit` reports for one batch of all rows."""
    sizes = {"batch_size": ROWS} if isinstance(x, np.ndarray | list | dict) else {}
    history = model.fit(x, y, shuffle=False, verbose=0, **sizes, **weights)
    return history.history["loss"][0]


def check(model, x, y=None, **weights):
    """Compares what is measured before training with what is trained."""
    measured = diagnose(model, x, y, batch_size=ROWS, **weights)
    assert measured.loss_kind == "compiled"
    expected = fitted(model, x, y, **weights)
    assert measured.loss == pytest.approx(expected, rel=1e-5, abs=1e-7)
    assert measured.batches == 1
    return measured


def called(loss):
    """What a test of a loss is called."""
    return loss if isinstance(loss, str) else getattr(loss, "__name__", None)


BY_STEP = RANDOM.uniform(0.1, 3.0, (ROWS, STEPS)).astype("float32")
STEP_LABELS = RANDOM.integers(0, CLASSES, (ROWS, STEPS))
LOSSES = {"yes": "binary_crossentropy", "kind": "crossentropy", "at": "mse"}
FACTORS = {"yes": 0.5, "kind": 2.0, "at": 10.0}
TARGETS = {"yes": BINARY, "kind": LABELS, "at": NUMBERS}
BY_OUTPUT = {"yes": WEIGHTS, "kind": WEIGHTS[::-1].copy(), "at": WEIGHTS * 2}


def listed(parts):
    """In the order of the outputs."""
    return [parts[name] for name in LOSSES]
