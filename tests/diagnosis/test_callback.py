"""`DiagnosisCallback` diagnoses while a model is trained, and changes nothing."""

import dataclasses

import keras
import numpy as np
import pytest

from keras_inits.diagnosis import callback, diagnose
from keras_inits.diagnosis.callback import DiagnosisCallback
from keras_inits.diagnosis.report import Finding
from support.diagnosed import examples


def trained(callbacks, epochs=2, **compiled):
    """The model, and what fit says, after 4 shuffled batches an epoch."""
    keras.utils.set_random_seed(3)
    x, y = examples.data(32)
    model = keras.Sequential(
        [
            keras.Input((examples.WIDTH,)),
            keras.layers.Dense(16, "relu", name="first"),
            keras.layers.BatchNormalization(name="normalization"),
            keras.layers.Dropout(0.5, seed=4),
            keras.layers.Dense(5, name="head"),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, jit_compile=examples.JIT, **compiled)
    history = model.fit(
        x, y, batch_size=8, epochs=epochs, verbose=0, callbacks=callbacks
    )
    return model, history


@pytest.mark.parametrize("with_data", [True, False])
def test_training_goes_on_as_it_would_without(with_data):
    given = examples.data(8) if with_data else ()
    report = DiagnosisCallback(*given, steps=(0, 3, 5, 8), verbose=0)
    model, history = trained([report])
    expected, expected_history = trained([])
    assert list(report.diagnoses) == [0, 3, 5, 8]
    assert history.history == expected_history.history
    for ours, theirs in zip(model.variables, expected.variables, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs)
        )
    for ours, theirs in zip(
        model.optimizer.variables, expected.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs)
        )


def test_each_diagnosis_sees_the_weights_of_its_step():
    kernels = {}

    class Kernels(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            kernel = keras.ops.convert_to_numpy(self.model.layers[0].kernel)
            kernels[len(kernels) + 1] = kernel.std()

    # Four batches an epoch: 6 is in the second epoch, 8 after the last batch.
    report = DiagnosisCallback(steps=(1, 6, 8), verbose=0)
    trained([report, Kernels()])
    for step, diagnosis in report.diagnoses.items():
        seen = next(w for w in diagnosis.weights if w.path == "first/kernel")
        assert seen.std == pytest.approx(kernels[step], rel=1e-5)
    assert len({round(float(std), 9) for std in kernels.values()}) == 8


@pytest.mark.backend("tensorflow", "jax")  # Keras has no groups on PyTorch
def test_groups_of_batches_are_counted_by_their_batches():
    report = DiagnosisCallback(steps=(1, 4), verbose=0)
    trained([report], steps_per_execution=2)
    assert list(report.diagnoses) == [2, 4]  # not within the group 0, 1


def fitted(model, report):
    return model.fit(
        *examples.data(), batch_size=8, epochs=3, verbose=0, callbacks=[report]
    )


def test_a_doomed_run_stops(capsys):
    report = DiagnosisCallback(*examples.data(), stop_on="error")
    history = fitted(examples.network(examples.he() / 10), report)
    assert len(history.epoch) == 1
    assert report.stopped_at == 0
    printed = capsys.readouterr().out
    assert "Training stops at step 0: the signal vanishes" in printed
    assert "vanish" in report.diagnoses[0].findings[0].kind


@pytest.mark.parametrize(("std", "stop_on"), [(1, "warning"), (0.1, None)])
def test_a_sound_run_goes_on_and_so_does_one_that_nobody_watches(std, stop_on):
    report = DiagnosisCallback(*examples.data(), stop_on=stop_on, verbose=0)
    history = fitted(examples.network(examples.he() * std), report)
    assert len(history.epoch) == 3
    assert report.stopped_at is None


@pytest.mark.parametrize(
    ("severity", "stop_on", "stops"),
    [
        ("error", "error", True),
        ("error", "warning", True),
        ("warning", "error", False),
        ("warning", "warning", True),
        ("info", "warning", False),
        ("error", None, False),
    ],
)
def test_it_stops_on_findings_that_are_grave_enough(
    severity, stop_on, stops, monkeypatch
):
    finding = Finding("kind", severity, "", 1.0, "message", "cause", "fix")
    found = dataclasses.replace(examples.healthy(), findings=(finding,))
    monkeypatch.setattr(callback, "diagnose", lambda *args, **kwargs: found)
    report = DiagnosisCallback(stop_on=stop_on, verbose=0)
    model = examples.network(examples.he(), depth=1)
    report.set_model(model)
    report.on_train_begin()
    assert bool(model.stop_training) is stops
    assert report.stopped_at == (0 if stops else None)


def test_it_prints_what_verbose_says(capsys):
    texts = []
    model = examples.network(examples.he(), depth=2)
    for verbose in (0, 1, 2):
        report = DiagnosisCallback(verbose=verbose)
        report.set_model(model)
        report.on_train_begin()
        texts.append(capsys.readouterr().out)
    nothing, findings, everything = texts
    assert nothing == ""
    assert "Step 0" in findings
    assert "healthy" in findings
    assert "hidden_1" not in findings
    assert "hidden_1" in everything


def test_it_logs(tmp_path):
    trained([DiagnosisCallback(steps=(0, 4), log_dir=tmp_path, verbose=0)])
    assert sum("tfevents" in path.name for path in tmp_path.iterdir()) == 2


def test_a_second_fit_begins_anew():
    report = DiagnosisCallback(steps=(0,), verbose=0)
    model = examples.network(examples.he(), depth=2)
    fitted(model, report)
    first = report.diagnoses[0]
    fitted(model, report)
    assert report.diagnoses[0].loss != first.loss


def test_data_that_do_not_fit_stop_before_anything_is_trained():
    model = examples.network(examples.he())
    before = model.get_weights()
    report = DiagnosisCallback(np.ones((8, examples.WIDTH + 1), "float32"))
    with pytest.raises(ValueError, match="The model could not run on `x`"):
        fitted(model, report)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"stop_on": "errors"}, "stop_on='errors'. Did you mean 'error'"),
        ({"stop_on": "info"}, "stop_on='info'"),
        ({"verbose": 3}, "verbose=3. Type 0 for nothing"),
        ({"steps": (0, -1)}, "steps=-1. Type steps=(0, 100)"),
        ({"steps": ("0",)}, "steps='0'"),
    ],
)
def test_wrong_arguments_are_refused_at_once(arguments, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the words are checked
        DiagnosisCallback(**arguments)
    assert words in str(error.value)


@pytest.mark.parametrize("kind", ["sample_weight", "class_weight"])
def test_weights_are_those_of_fit(kind):
    """The loss before the first step is the one that `fit` reports of it."""
    x, y = examples.data(16)
    given = {"sample_weight": np.linspace(0.5, 3, 16), "class_weight": {0: 9.0, 1: 0.1}}
    weights = {kind: given[kind]}
    report = DiagnosisCallback(x, y, verbose=0, **weights)
    model = examples.network(examples.he(), depth=2)
    history = model.fit(
        x, y, batch_size=16, verbose=0, callbacks=[report], **weights
    ).history
    assert report.diagnoses[0].loss == pytest.approx(history["loss"][0], rel=1e-4)
    assert report.diagnoses[0].loss != pytest.approx(diagnose(model, x, y).loss, 0.05)
