"""What reports made by hand say of heads and of the first step, by a figure."""

import dataclasses

from keras_inits.diagnosis.outputs import OutputRecord, TargetRecord
from keras_inits.diagnosis.step_record import StepRecord


def output(**changed):
    """A tanh head whose targets it can give, but for what is changed."""
    targets = TargetRecord(
        shape=(32, 1),
        dtype="float32",
        low=-3.0,
        high=3.0,
        mean=0.0,
        std=1.0,
        rms=1.0,
        distinct=32,
        integers=False,
        rows=None,
        positives=0.5,
        constant=False,
        finite=True,
    )
    sound = OutputRecord(
        name="head",
        layer="dense_7",
        index=7,
        shape=(32, 1),
        activation="tanh",
        bounds=(-1.0, 1.0),
        low=-0.9,
        high=0.9,
        sums=None,
        loss="mean_squared_error",
        from_logits=None,
        has_loss=True,
        weight=1.0,
        targets=targets,
        unreachable=0.0,
        trains=True,
        code='keras.layers.Dense({units}, activation="{activation}")',
        kernel_code='keras.layers.Dense({units}, activation="{activation}")',
        kernel="dense_7",
    )
    return {"outputs": (dataclasses.replace(sound, **changed),)}


def step(update=0.01, **changed):
    """A step that lowers the loss by what it promises, but for what is changed."""
    sound = StepRecord(
        optimizer="Adam",
        learning_rate=1e-3,
        scheduled=False,
        loss=2.0,
        loss_after=1.9,
        loss_after_tenth=None,
        predicted=-0.1,
        ratios=(("dense[0]/kernel", update, 1.0),),
        gradient_norm=1.0,
        clipped=1.0,
    )
    return {"step": dataclasses.replace(sound, **changed)}


def small(reach, **changed):
    """A step by which weights and loss change so far in 10,000 steps."""
    size = reach / 1e4
    better = changed.pop("better", 1.5)
    return step(size, predicted=-2.0 * size, tried=((0.1, better),), **changed)


def rising(whole, tenth=-0.001, **changed):
    """A step after which the loss is larger by a part of it."""
    after, part = 2.0 * (1 + whole), 2.0 * (1 + tenth)
    return step(loss_after=after, loss_after_tenth=part, **changed)


OF_HEADS = {
    "outputs cannot reach targets": (
        lambda v: output(unreachable=v),
        [(0.01, None), (0.1, "warning"), (0.25, "warning"), (0.4, "error")],
    ),
    "step too small": (
        small,
        [(0.2, None), (0.08, "warning"), (0.04, "warning"), (0.02, "error")],
    ),
    "step too small, by what another would bring": (
        lambda v: small(1e-3, better=2.0 * (1 - v)),
        [(5e-5, None), (5e-4, "error")],
    ),
    "gradient clipped away": (
        lambda v: small(1e-3, clipped=v),
        [(0.5, None), (0.05, "error"), (5e-3, "error")],
    ),
    "step too large": (
        step,
        [(0.5, None), (2.0, "warning"), (4.0, "warning"), (6.0, "error")],
    ),
    "loss rises, along a tenth": (
        lambda v: rising(0.1, v),
        [(5e-3, None), (0.05, "error")],
    ),
    "loss rises": (
        rising,
        [(1.0, None), (5.0, "warning"), (200.0, "warning")],
    ),
    "loss rises, by plain gradients": (
        lambda v: rising(v, optimizer="SGD"),
        [(0.05, None), (0.5, "warning"), (8.0, "warning"), (20.0, "error")],
    ),
}
