"""Diagnoses in the course of training, from its very start."""

import os
from collections.abc import Iterable
from typing import Any

import keras
from rich.console import Console

from keras_inits._utils import checks
from keras_inits.diagnosis.diagnosis import Diagnosis
from keras_inits.diagnosis.measure import diagnose
from keras_inits.diagnosis.report import ERROR, SEVERITIES, WARNING
from keras_inits.diagnosis.show import text

STOPS = (ERROR, WARNING)

Logs = dict[str, Any] | None  # Keras's, which are not read


class DiagnosisCallback(keras.callbacks.Callback):
    """Diagnoses a model before the first batch, and at other steps of training.

    Training goes on as it would without: weights, seeds, statistics and the state of
    the optimizer are as they were. Keras does not show callbacks the training data, so
    a batch is given here; without, white noise stands in, as in `diagnose`.

    Args:
        x: What the model is given: as in `diagnose`, but not a generator if there are
            several `steps`, since it would be used up.
        y: Targets, as in `diagnose`. The loss is the compiled one.
        sample_weight: Weights of samples, as in `diagnose`. Keras does not show
            callbacks what `fit` was given: pass the same here.
        class_weight: From the number of a class to its weight, as in `diagnose`; the
            same as `fit` is given.
        steps: Before which batches to diagnose, counted from 0 over all epochs; with
            `steps_per_execution`, before the next group of batches. The number of all
            batches stands for the end of training.
        batches: Number of batches to measure each time.
        batch_size: As in `diagnose`.
        verbose: 0 prints nothing, 1 the verdict and the findings, 2 all layers.
        log_dir: Folder of TensorBoard's event files; None writes none.
        stop_on: "error" stops training after a finding of that severity, "warning"
            after a warning or an error; None never. As Keras looks only behind a
            batch whether to stop, one more batch is trained.

    Attributes:
        diagnoses: From step to `Diagnosis`.
        stopped_at: The step whose findings stopped training; None if none did.

    Raises:
        ValueError: At construction, for arguments out of range; before the first
            batch, as `diagnose` does.

    Examples:
    >>> import keras, numpy as np
    >>> from keras_inits.diagnosis.callback import DiagnosisCallback
    >>> model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(3)])
    >>> model.compile("sgd", "mse")
    >>> x, y = np.ones((8, 20)), np.ones((8, 3))
    >>> report = DiagnosisCallback(x, y, verbose=0, stop_on="error")
    >>> history = model.fit(x, y, verbose=0, callbacks=[report])
    >>> list(report.diagnoses), report.stopped_at
    ([0], None)
    """

    def __init__(
        self,
        x: Any = None,
        y: Any = None,
        *,
        sample_weight: Any = None,
        class_weight: Any = None,
        steps: Iterable[int] = (0,),
        batches: int = 1,
        batch_size: int | None = None,
        verbose: int = 1,
        log_dir: str | os.PathLike[str] | None = None,
        stop_on: str | None = None,
    ) -> None:
        super().__init__()
        if stop_on is not None:
            checks.choice(
                "stop_on",
                stop_on,
                STOPS,
                meaning="the severity of findings that stop training",
            )
        if verbose not in (0, 1, 2):
            raise ValueError(
                "`verbose` says how much is printed. Received: "
                f"verbose={verbose!r}. Type 0 for nothing, 1 for findings, 2 for all."
            )
        self.sample_weight, self.class_weight = sample_weight, class_weight
        self.x, self.y, self.batches, self.batch_size = x, y, batches, batch_size
        self.verbose, self.log_dir, self.stop_on = verbose, log_dir, stop_on
        self.steps = sorted({_step(step) for step in steps})
        self.diagnoses: dict[int, Diagnosis] = {}
        self.stopped_at: int | None = None
        self._before = self._in_epoch = 0
        self._pending: list[int] = []

    def on_train_begin(self, logs: Logs = None) -> None:
        """Begins to count; Keras has built the model by now."""
        self.diagnoses, self.stopped_at = {}, None
        self._before = self._in_epoch = 0
        self._pending = list(self.steps)
        self._diagnose_if_due()

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Diagnoses if it is time."""
        self._diagnose_if_due()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Counts; Keras says which batch of the epoch was the last of a group."""
        self._in_epoch = int(batch) + 1

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Counts."""
        self._before, self._in_epoch = self._before + self._in_epoch, 0

    def on_train_end(self, logs: Logs = None) -> None:
        """Diagnoses what training has come to, if that was asked for."""
        self._diagnose_if_due()

    def _diagnose_if_due(self) -> None:
        # `self.model` is asked for only then: on JAX that fetches all weights.
        step = self._before + self._in_epoch
        if not self._pending or self._pending[0] > step:
            return
        self._pending = [later for later in self._pending if later > step]
        model = self.model
        diagnosis = diagnose(
            model,
            self.x,
            self.y,
            sample_weight=self.sample_weight,
            class_weight=self.class_weight,
            batches=self.batches,
            batch_size=self.batch_size,
            try_fixes=False,  # which writes to the weights for a while
        )
        self.diagnoses[step] = diagnosis
        if self.verbose:
            self._print(diagnosis, step)
        if self.log_dir is not None:
            diagnosis.log(self.log_dir, step)
        self._stop_if_doomed(model, diagnosis, step)

    def _print(self, diagnosis: Diagnosis, step: int) -> None:
        console = Console(highlight=False)
        if not console.is_terminal:
            console.width = text.WIDTH
        console.print(f"\n[bold]Step {step}[/]")
        shown = text.table if self.verbose > 1 else text.findings
        console.print(shown(diagnosis))

    def _stop_if_doomed(
        self, model: keras.Model, diagnosis: Diagnosis, step: int
    ) -> None:
        if self.stop_on is None:
            return
        stopping = SEVERITIES[: SEVERITIES.index(self.stop_on) + 1]
        found = [v for v in diagnosis.findings if v.severity in stopping]
        if found:
            model.stop_training = True
            self.stopped_at = step
            if self.verbose:
                print(f"Training stops at step {step}: {found[0].message}.")


def _step(step: Any) -> int:
    return int(
        checks.number(
            "steps",
            step,
            minimum=0,
            meaning="before which batches to diagnose",
            instead="Type steps=(0, 100).",
        )
    )
