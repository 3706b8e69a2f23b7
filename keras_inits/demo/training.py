"""Two networks trained on handwritten digits, each from eight starts."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_inits import initializers as schemes
from keras_inits.diagnosis import Diagnosis, diagnose

DEPTH, WIDTH, CLASSES = 8, 64, 10  # hidden layers, units in each, digits
CHANCE = float(np.log(CLASSES))  # loss of equal probabilities, in nats
NETWORKS = {"relu": "ReLU network", "tanh": "tanh network"}  # by their activation
# By name, with colours that the colour-blind tell apart, too (Okabe and Ito).
STARTS: dict[str, tuple[Any, str]] = {
    "zeros": (schemes.Zeros(), "#7f7f7f"),
    "too-small normal": (schemes.RandomNormal(stddev=0.01), "#56b4e9"),
    "too-large normal": (schemes.RandomNormal(stddev=0.5), "#d55e00"),
    "random uniform": (schemes.RandomUniform(), "#0072b2"),
    "standard normal": (schemes.StandardNormal(), "#e69f00"),
    "Xavier": (schemes.XavierNormal(), "#cc79a7"),
    "He": (schemes.HeFanIn(), "#009e73"),
    "orthogonal": (schemes.Orthogonal(), "#000000"),
}


@dataclasses.dataclass(frozen=True)
class Run:
    """One network from one start: what it was, and what training made of it."""

    activation: str
    start: str
    file: str  # name of the trained model's
    diagnosis: Diagnosis  # before training
    hidden: list[np.ndarray]  # activations of the hidden layers before training
    model: keras.Model  # as trained
    losses: list[float]  # before training, then the mean of each epoch
    logits: np.ndarray  # of the held-out digits
    accuracy: float  # on the held-out digits

    @property
    def kinds(self) -> list[str]:
        """What the diagnosis warns of, the most severe first."""
        found = [f.kind for f in self.diagnosis.findings if f.severity != "info"]
        return list(dict.fromkeys(found))

    @property
    def halved(self) -> str:
        """The first epoch whose loss is less than half of what guessing costs."""
        low = [str(n) for n, loss in enumerate(self.losses) if loss < CHANCE / 2]
        return [*low, "never"][0] if np.isfinite(self.losses[-1]) else "diverged"


def digits(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """scikit-learn's digits, standardized: 1,437 x and y to train on, 360 held out."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = x[order], y[order].astype("int32")
    x = ((x - x[360:].mean(axis=0)) / x[360:].std()).astype("float32")
    return x[360:], y[360:], x[:360], y[:360]


def network(activation: str, kernels: Any) -> keras.Model:
    """A plain deep network; every kernel starts from one scheme, and biases from 0."""
    model = keras.Sequential([keras.Input((64,))], name=activation)
    for n in range(1, DEPTH + 1):
        name = f"layer_{n}"
        model.add(keras.layers.Dense(WIDTH, activation, True, kernels, name=name))
    model.add(keras.layers.Dense(CLASSES, kernel_initializer=kernels, name="logits"))
    return model


def every_run(data: tuple[np.ndarray, ...], seed: int, epochs: int) -> Iterator[Run]:
    """Diagnoses and trains each network from each start, one after the other."""
    if keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(1)  # on matrices so small they wait for each other
    x, y, x_test, y_test = data
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    for activation in NETWORKS:
        # Compiling takes longer than training: one model trains from all the starts.
        trainer = network(activation, "zeros")
        trainer.compile(keras.optimizers.SGD(0.1), loss)  # remembers nothing
        for start, (kernels, _) in STARTS.items():
            keras.utils.set_random_seed(seed)
            model = network(activation, kernels)
            diagnosis = diagnose(model, x, y, loss=loss, batches=8)
            outputs = [layer.output for layer in model.layers[:-1]]
            seen = keras.Model(model.inputs[0], outputs)(x[:256])
            hidden = [keras.ops.convert_to_numpy(values) for values in seen]
            trainer.set_weights(model.get_weights())
            done = trainer.fit(x, y, 64, epochs, verbose=0, shuffle=False)
            model.set_weights(trainer.get_weights())
            losses = [float(diagnosis.loss or 0.0), *done.history["loss"]]
            logits = keras.ops.convert_to_numpy(model(x_test))
            right = float(np.mean(logits.argmax(axis=-1) == y_test))
            file = f"{activation}-{start.lower().replace(' ', '-')}.keras"
            before = (activation, start, file, diagnosis, hidden)
            yield Run(*before, model, losses, logits, right)
