"""One of several processes of JAX's that build, initialize and calibrate one model.

Usage: `python jax_processes.py PROCESSES NUMBER PORT MESH FILE [TASK]`, with MESH as
"1x8", or "whole" for one device and no distribution. Writes to FILE the parts of each
weight that this process holds, after each step, and prints what else it found as JSON.
"""

import json
import math
import os
import random
import sys


def sizes(mesh):
    """How many devices lie along each axis of a mesh."""
    return (1,) if mesh == "whole" else tuple(map(int, mesh.split("x")))


def start(processes, number, port, devices):
    """Sets up JAX, with its part of the devices, before it is used."""
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ["JAX_PLATFORMS"] = "cpu"
    flag = f"--xla_force_host_platform_device_count={devices // processes}"
    os.environ["XLA_FLAGS"] = flag
    import keras

    if processes > 1:
        keras.utils.set_random_seed(5)
        address = f"127.0.0.1:{port}"
        keras.distribution.initialize(address, processes, number)


def transformer():
    """One block; its kernels have schemes by name, which draw by the global seed."""
    import keras

    import keras_inits  # noqa: F401 - registers the names

    layers = keras.layers
    inputs = keras.Input((6,), dtype="int32")
    x = layers.Embedding(40, 16, "standard_normal", name="embedding")(inputs)
    y = layers.LayerNormalization(name="norm")(x)
    attention = layers.MultiHeadAttention(
        8, 2, kernel_initializer="he_fan_in", name="attention"
    )
    x = layers.Add()([x, attention(y, y)])
    y = layers.LayerNormalization(name="second")(x)
    y = layers.Dense(32, "gelu", kernel_initializer="he_fan_in", name="up")(y)
    y = layers.Dense(16, kernel_initializer="he_fan_out", name="down")(y)
    x = layers.Add()([x, y])
    head = layers.Dense(24, kernel_initializer="he_fan_in", name="head")
    model = keras.Model(inputs, head(x))
    model.compile("adam")
    model.optimizer.build(model.trainable_variables)
    return model


def distribution(mesh):
    """Keras's, over all devices; None for a model that is whole."""
    import keras

    if mesh == "whole":
        return None
    mesh = keras.distribution.DeviceMesh(sizes(mesh), ("batch", "model"))
    layout = keras.distribution.LayoutMap(mesh)
    layout["embedding/embeddings"] = (None, "model")
    layout[".*(query|key|value)/kernel"] = (None, "model", None)
    layout[".*attention_output/kernel"] = ("model", None, None)
    layout["up/kernel"] = (None, "model")
    layout["up/bias"] = ("model",)
    layout["down/kernel"] = ("model", None)
    layout["head/kernel"] = ("batch", "model")
    return keras.distribution.ModelParallel(layout_map=layout, batch_dim_name="batch")


def held(model):
    """What this process holds of each weight: by path and index, an array."""
    import numpy as np

    found = {}
    for weight in model.weights:
        for shard in weight.value.addressable_shards:
            index = [
                f"{cut.start or 0}:{size if cut.stop is None else cut.stop}"
                for cut, size in zip(shard.index, weight.shape, strict=True)
            ]
            part = np.array(shard.data)
            key = f"{weight.path} {','.join(index)}"
            assert np.array_equal(found.setdefault(key, part), part), key
    return found


def same(one, other):
    """Whether two lots of parts are equal bit by bit."""
    import numpy as np

    return one.keys() == other.keys() and all(
        np.array_equal(one[key], other[key]) for key in one
    )


def refused(call):
    """The kind and the words of an exception; None if there is none."""
    try:
        call()
    except BaseException as error:
        return [type(error).__name__, str(error)]
    return None


def steps(model, number):
    """The model's weights after each step, and what was refused and left unchanged."""
    import numpy as np

    import keras_inits

    rows = np.random.default_rng(0).integers(0, 40, (32, 6))
    parts = {"built": held(model)}
    keras_inits.initialize(model, "auto", seed=7)
    parts["initialized"] = held(model)
    fingerprint = keras_inits.fingerprint(model)
    report = keras_inits.calibrate(model, rows)
    parts["calibrated"] = held(model)
    stds = {row.path: row.drawn_std for row in report.rows}
    keras_inits.initialize(model, {"head": "orthogonal", "*": "auto"}, seed=7)
    parts["factorized"] = held(model)
    random.seed(number)  # each process would choose another seed
    seed = keras_inits.initialize(model, "auto").seed
    parts["by no seed"] = held(model)
    return parts, {"stds": stds, "seed": seed, "fingerprint": fingerprint}


def refusals(model, number):
    """What one process alone does wrong, which no process may then do."""
    import keras
    import numpy as np

    import keras_inits

    rows = np.random.default_rng(number).integers(0, 40, (32, 6))
    bad = rows if number else np.where(rows > 3, np.nan, rows)
    keras_inits.initialize(model, "he_fan_in", seed=1)
    before = held(model)
    optimizer = [
        np.array(v.value.addressable_data(0)) for v in model.optimizer.variables
    ]

    def interrupt(value):
        raise KeyboardInterrupt

    def interrupted():
        variable = model.weights[-1]
        if number:
            variable.assign = interrupt
        try:
            keras_inits.initialize(model, "he_fan_in", seed=2)
        finally:
            vars(variable).pop("assign", None)

    def broken(shape, dtype=None):
        if number:
            raise OSError("no such file")
        return keras.ops.ones(shape, dtype)

    found = {
        "bad scheme": refused(
            lambda: keras_inits.initialize(
                model, {"head": broken, "*": "he_fan_in"}, seed=2
            )
        ),
        "other rows": refused(lambda: keras_inits.calibrate(model, rows)),
        "bad rows": refused(lambda: keras_inits.calibrate(model, bad)),
        "bad argument": refused(
            lambda: keras_inits.calibrate(
                model, abs(rows), normalize=["unit", "x"][number]
            )
        ),
        "other seed": refused(
            lambda: keras_inits.initialize(model, "he_fan_in", seed=number)
        ),
        "other rules": refused(
            lambda: keras_inits.initialize(
                model, ["he_fan_in", "he_fan_out"][number], seed=2
            )
        ),
        "interrupted": refused(interrupted),
    }
    found["unchanged"] = same(before, held(model)) and all(
        np.array_equal(old, np.array(variable.value.addressable_data(0)))
        for old, variable in zip(optimizer, model.optimizer.variables, strict=True)
    )
    found["in step"] = refused(
        lambda: keras_inits.initialize(model, "he_fan_in", seed=2)
    )
    return {"changed": held(model)}, found | {"changes": not same(before, held(model))}


def diagnosis(model, number):
    """What `diagnose` finds, which changes nothing."""
    import keras_inits

    keras_inits.initialize(model, "auto", seed=7)
    before = held(model)
    found = keras_inits.diagnose(model, try_fixes=False)
    figures = {record.name: record.out.rms for record in found.records}
    told = {"verdict": found.verdict, "rms": figures, "same": same(before, held(model))}
    return {}, told


def main(processes, number, port, mesh, file, task="steps"):
    """Runs a task and tells what came of it."""
    start(processes, number, port, math.prod(sizes(mesh)))
    import contextlib

    import keras
    import numpy as np

    keras.utils.set_random_seed(5)
    found = distribution(mesh)
    with contextlib.nullcontext() if found is None else found.scope():
        model = transformer()
        tasks = {"steps": steps, "refusals": refusals, "diagnosis": diagnosis}
        parts, told = tasks[task](model, number)
    flat = {f"{step} {k}": v for step, each in parts.items() for k, v in each.items()}
    np.savez(file, **{str(i): part for i, part in enumerate(flat.values())})
    print(json.dumps(told | {"keys": list(flat)}))


if __name__ == "__main__":
    count, which, at, *rest = sys.argv[1:]
    main(int(count), int(which), int(at), *rest)
