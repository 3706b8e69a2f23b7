"""The runs: each start measured, trained and measured again.

Compiling takes longer than training here. So each of the two networks is compiled once
and takes on the weights of one start after the other.
"""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator

import keras
import numpy as np

from keras_inits.demo import judge, network
from keras_inits.demo.digits import Digits

BATCH = 64
LEARNING_RATE, MOMENTUM = 0.01, 0.9
SHOWN = 256  # examples whose activations the picture has

Report = Callable[[str, int, int], None]


@dataclasses.dataclass(frozen=True)
class Run:
    """One network from one start: what it was, what it became."""

    activation: str
    start: str
    model: keras.Model  # as trained
    predictions: np.ndarray  # its logits for the held-out digits
    activations: list[np.ndarray]  # of the hidden layers, at the start
    losses: list[float]  # before training, then the mean of each epoch
    figures: judge.Figures
    finding: judge.Finding

    @property
    def halved(self) -> int | None:
        """The first epoch with half the loss of a network that does not know."""
        half = math.log(self.figures.classes) / 2
        epochs = range(1, len(self.losses))
        return next((epoch for epoch in epochs if self.losses[epoch] < half), None)

    @property
    def key(self) -> str:
        """A name for files."""
        return f"{self.activation}-{self.start.lower().replace(' ', '-')}"


class Trainer:
    """One compiled network that trains any model of its shape.

    Args:
        activation: Of the hidden layers.
        data: What it learns.
    """

    def __init__(self, activation: str, data: Digits) -> None:
        self.data = data
        inputs = data.x_train.shape[-1]
        self.model = network.build(activation, "zeros", inputs, data.classes)
        self.optimizer = keras.optimizers.SGD(LEARNING_RATE, MOMENTUM)
        self.optimizer.build(self.model.trainable_variables)
        self.fresh = [variable.numpy() for variable in self.optimizer.variables]
        self.model.compile(
            self.optimizer,
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=keras.backend.backend() == "jax",
        )

    def fit(
        self, model: keras.Model, epochs: int, on_epoch: Callable[[int], None]
    ) -> list[float]:
        """Trains a model, until the loss is not a number.

        Args:
            model: Of the same shape; gets the trained weights.
            epochs: Passes over the training set.
            on_epoch: Called after each with its number, from 1.

        Returns:
            The mean loss of each epoch.
        """

        def ended(epoch: int, logs: dict[str, float]) -> None:
            on_epoch(epoch + 1)
            self.model.stop_training = not math.isfinite(logs["loss"])

        self.model.set_weights(model.get_weights())
        for variable, value in zip(self.optimizer.variables, self.fresh, strict=True):
            variable.assign(value)
        history = self.model.fit(
            self.data.x_train,
            self.data.y_train,
            batch_size=BATCH,
            epochs=epochs,
            shuffle=False,  # is done; Keras seeds its own shuffling on TensorFlow only
            verbose=0,
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=ended)],
        )
        model.set_weights(self.model.get_weights())
        return [float(loss) for loss in history.history["loss"]]


def one_run(
    trainer: Trainer, activation: str, start: str, seed: int, epochs: int, tell: Report
) -> Run:
    """Builds a network from one start, measures, trains, measures again.

    Args:
        trainer: Compiled for the activation.
        activation: A key of `network.ACTIVATIONS`.
        start: A key of `network.STARTS`.
        seed: Of the weights.
        epochs: Passes over the training set.
        tell: Called with words, epochs done and epochs in all.
    """
    data, words = trainer.data, f"{network.ACTIVATIONS[activation]} from {start}"
    tell(words, 0, epochs)
    keras.utils.set_random_seed(seed)
    initializer = network.STARTS[start]
    model = network.build(activation, initializer, data.x_train.shape[-1], data.classes)
    *hidden, logits = network.outputs(model, data.x_train)
    losses = [network.cross_entropy(logits, data.y_train)]
    losses += trainer.fit(model, epochs, lambda done: tell(words, done, epochs))
    predictions = network.predict(model, data.x_test)
    last = network.outputs(model, data.x_test)[-2]
    bounded = activation == "tanh"
    figures = judge.Figures(
        stds=tuple(float(layer.std(dtype="float64")) for layer in hidden),
        distinct=(judge.distinct_units(hidden[-1]), judge.distinct_units(last)),
        units=network.WIDTH,
        saturated=float(np.mean(np.abs(hidden[-1]) > 0.99)) if bounded else 0.0,
        start_loss=losses[0],
        end_loss=losses[-1],
        accuracy=float(np.mean(predictions.argmax(axis=-1) == data.y_test)),
        classes=data.classes,
    )
    activations = [layer[:SHOWN] for layer in hidden]
    finding = judge.judge(figures)
    return Run(
        activation, start, model, predictions, activations, losses, figures, finding
    )


def every_run(data: Digits, seed: int, epochs: int, report: Report) -> list[Run]:
    """Each network from each start.

    Args:
        data: What they learn.
        seed: Of the weights, the same for every run.
        epochs: Passes over the training set, per run.
        report: Called with words, epochs done and epochs in all, over all runs.
    """
    total = len(network.ACTIVATIONS) * len(network.STARTS) * epochs
    runs: list[Run] = []

    def tell(words: str, done: int, _: int) -> None:
        report(words, len(runs) * epochs + done, total)

    with _one_thread():
        for activation in network.ACTIVATIONS:
            trainer = Trainer(activation, data)
            for start in network.STARTS:
                runs.append(one_run(trainer, activation, start, seed, epochs, tell))
    return runs


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Keeps PyTorch from sharing out matrices so small that its threads only wait."""
    if keras.backend.backend() != "torch":
        yield
        return
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
