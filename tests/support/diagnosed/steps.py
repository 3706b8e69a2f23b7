"""First steps made by hand, for both sides of each of their thresholds."""

import dataclasses

from keras import optimizers

from keras_inits.diagnosis.step_record import StepRecord

KERNEL = "dense[0]/kernel"


def step(ratio=0.01, **changed):
    """A step that is as it should be, but for what is changed."""
    sound = StepRecord(
        optimizer="Adam",
        learning_rate=0.001,
        scheduled=False,
        loss=1.0,
        loss_after=0.9,
        loss_after_tenth=None,
        predicted=0.0,
        ratios=((KERNEL, ratio, 1.0),),
        gradient_norm=1.0,
        clipped=1.0,
    )
    return dataclasses.replace(sound, **changed)


def tiny(gain=0.5, **changed):
    """A step too small, where a larger one lowers the loss."""
    return step(1e-9, tried=((1.0, 1.0 - gain),), **changed)


def rising(whole, tenth, optimizer="Adam"):
    """A step that raises the loss."""
    return step(optimizer=optimizer, loss_after=1 + whole, loss_after_tenth=1 + tenth)


def several(rate=0.1):
    """One for the head and one for the rest."""
    rules = optimizers.OptimizerMap(
        optimizers.SGD(rate, momentum=0.9), {".*head.*": optimizers.Adam(rate / 10)}
    )
    return optimizers.MultiOptimizer(rules)


OF = {  # kind: a step by its figure, and figures with the severity they must have
    "step too small": (
        lambda v: step(v / 1e4, tried=((1.0, 0.5),)),
        [(0.12, None), (0.08, "warning"), (0.04, "warning"), (0.02, "error")],
    ),
    "step too small, where a larger one helps": (
        tiny,
        [(5e-5, None), (2e-4, "error")],
    ),
    "gradient clipped away": (
        lambda v: tiny(clipped=v),
        [(0.12, None), (0.08, "error")],
    ),
    "step too large": (
        step,
        [(0.8, None), (1.2, "warning"), (4.5, "warning"), (5.5, "error")],
    ),
    "loss rises": (
        lambda v: rising(v, v),
        [(0.008, None), (0.012, "error")],
    ),
    "loss rises, along the whole": (
        lambda v: rising(v, -0.1),
        [(2.5, None), (3.5, "warning")],
    ),
    "loss rises, SGD": (
        lambda v: rising(v, -0.1, "SGD"),
        [(0.08, None), (0.12, "warning"), (9, "warning"), (11, "error")],
    ),
}
