"""One of several processes, or of several devices, of TensorFlow's distribution.

Usage: `python tensorflow_processes.py STRATEGY`, with STRATEGY as "none", "mirrored"
(two logical CPUs of one process) or "workers" (`TF_CONFIG` says which one this is).
Prints JSON: hashes of each weight after each step, one for each replica that lies here.
"""

import hashlib
import json
import os
import sys


def strategy(name):
    """The distribution strategy, made before anything else."""
    import tensorflow as tf

    if name == "workers":
        return tf.distribute.MultiWorkerMirroredStrategy()
    cpu = tf.config.list_physical_devices("CPU")[0]
    one = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [one, one])
    if name == "mirrored":
        return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    return None


def build():
    """A model whose schemes draw by name, with and without a seed."""
    import keras

    import keras_inits

    layers = keras.layers
    x = inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, kernel_initializer="he_fan_in", name="convolution")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Flatten()(layers.ReLU()(x))
    own = keras_inits.get("lecun_normal", seed=3)
    x = layers.Dense(12, "tanh", kernel_initializer=own, name="hidden")(x)
    head = layers.Dense(4, kernel_initializer="he_fan_out", name="head")
    model = keras.Model(inputs, head(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    model.optimizer.build(model.trainable_variables)
    return model


def replicas(weight):
    """Hashes of the values that each device of this process has of a weight."""
    values = getattr(weight.value, "values", None) or (weight.value,)
    return [hashlib.sha256(value.numpy().tobytes()).hexdigest() for value in values]


def hashes(model):
    """Of all weights, in order of creation."""
    return [replicas(weight) for weight in model.weights]


def slots(model):
    """What the optimizer keeps, of every replica here."""
    found = [variable.value for variable in model.optimizer.variables[2:]]
    return [one for value in found for one in getattr(value, "values", (value,))]


def data():
    """Images with labels."""
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.normal(size=(32, 8, 8, 3)).astype("float32")
    return x, rng.integers(0, 4, 32)


def step(strategy, model):
    """One step of training by hand, each replica with half of the rows."""
    import keras
    import tensorflow as tf

    x, y = data()
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    rate = 0.1

    @tf.function
    def on_replica(batch):
        x, y = batch
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=False))
        variables = [w.value for w in model.trainable_weights]
        gradients = tape.gradient(loss, variables)
        context = tf.distribute.get_replica_context()
        gradients = context.all_reduce(tf.distribute.ReduceOp.MEAN, gradients)
        for variable, gradient in zip(variables, gradients, strict=True):
            variable.assign_sub(rate * gradient)
        return loss

    for batch in strategy.experimental_distribute_dataset(dataset):
        strategy.run(on_replica, args=(batch,))


def main(name):
    """Builds, initializes, calibrates and trains; tells hashes of the weights."""
    import contextlib

    import keras

    import keras_inits

    found = strategy(name)
    keras.utils.set_random_seed(5)
    with contextlib.nullcontext() if found is None else found.scope():
        model = build()
    told = {"built": hashes(model)}
    keras_inits.initialize(model, "auto", seed=7)
    told["initialized"] = hashes(model)
    keras_inits.calibrate(model, data()[0])
    told["calibrated"] = hashes(model)
    told["diagnosed"] = keras_inits.diagnose(model, *data()).verdict
    told["unchanged"] = hashes(model) == told["calibrated"]
    if found is not None:
        told["kind"] = type(model.weights[0].value).__name__
        step(found, model)
        told["by hand"] = hashes(model)
    if name != "workers":  # Keras's `fit` does not train with several workers
        history = model.fit(*data(), batch_size=16, epochs=8, verbose=0)
        told["losses"] = history.history["loss"]
        # Moving statistics are each replica's own: Keras does not bring them together.
        told["fitted"] = [replicas(weight) for weight in model.trainable_weights]
    told["slots"] = sum(float(abs(v.numpy()).sum()) for v in slots(model))
    keras_inits.initialize(model, "auto", seed=7)
    told["again"] = hashes(model)
    told["slots again"] = sum(float(abs(v.numpy()).sum()) for v in slots(model))
    print(json.dumps(told))


if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = "tensorflow"
    main(*sys.argv[1:])
