"""What reports made by hand say of heads, by the figure that a finding rests on."""

import dataclasses

from keras_inits.diagnosis.outputs import OutputRecord, TargetRecord


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


OF_HEADS = {
    "outputs cannot reach targets": (
        lambda v: output(unreachable=v),
        [(0.01, None), (0.1, "warning"), (0.25, "warning"), (0.4, "error")],
    ),
}
