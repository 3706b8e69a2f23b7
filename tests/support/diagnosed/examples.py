"""Diagnoses that the tests of what shows them share."""

import dataclasses
import functools

import keras
import numpy as np

import keras_inits
from keras_inits.diagnosis import diagnose
from keras_inits.diagnosis.report import Finding

DEPTH, WIDTH = 12, 24
# Compiling takes longer than the training of a test; on JAX it shows what is donated.
ON_JAX = keras.backend.backend() == "jax"
JIT = "auto" if ON_JAX else False
# JAX compiles every network anew, which takes most of the time: a part of each table.
STEP = 5 if ON_JAX else 1
HOSTILE = '<b>"a" & {{rows}}<script>alert(1)<!--'


def network(std, name="example", activation="relu", depth=DEPTH):
    """A stack of layers, whose kernels have one standard deviation."""
    model = keras.Sequential(name=name)
    model.add(keras.Input((WIDTH,)))
    for place in range(depth):
        kernel = keras_inits.RandomNormal(stddev=std, seed=place)
        model.add(
            keras.layers.Dense(
                WIDTH, activation, kernel_initializer=kernel, name=f"hidden_{place}"
            )
        )
    # Without a seed, one head in some is far surer of itself than the others.
    kernel = keras.initializers.GlorotUniform(seed=0)
    model.add(keras.layers.Dense(5, kernel_initializer=kernel, name="head"))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, jit_compile=JIT)
    return model


def data(samples=32):
    """Standardized data and labels."""
    random = np.random.default_rng(0)
    x = random.standard_normal((samples, WIDTH)).astype("float32")
    return x, random.integers(0, 5, samples)


def he():
    return float(np.sqrt(2 / WIDTH))


@functools.cache
def healthy():
    return diagnose(network(he(), name="healthy"), *data())


@functools.cache
def vanishing():
    """Each layer multiplies by a tenth of what keeps the signal: 1e-12 at the end."""
    return diagnose(network(he() / 10, name="vanishing"), *data())


@functools.cache
def broken():
    """One weight is not a number, and the names are made to harm pages.

    A layer "script>" in one that is called "<" is "</script>" in the diagnosis.
    """
    model = network(he(), name=HOSTILE, activation="tanh", depth=3)
    last = keras.layers.Dense(5, "tanh", name="script><script>")
    model.add(keras.Sequential([keras.Input((5,)), last], name="<"))
    model.add(keras.layers.Dense(5, name=f"{HOSTILE} layer"))
    kernel = keras.ops.convert_to_numpy(model.layers[-1].kernel).copy()
    kernel[0, 0] = np.nan
    model.layers[-1].kernel.assign(kernel)
    return diagnose(model, *data())


@functools.cache
def zeros():
    return diagnose(network(0.0, name="zeros", depth=3), *data())


def suspicious(severity="warning"):
    """Data that are not standardized, as a finding of a severity; nothing else."""
    finding = Finding(
        kind="data not standardized",
        severity=severity,
        layer="input",
        figure=900.0,
        message="'input' has root mean square 900",
        cause="initializers are made for data of mean 0 and variance 1",
        fix="x = (x - x.mean(0)) / (x.std(0) + 1e-12)",
    )
    return dataclasses.replace(healthy(), findings=(finding,))
