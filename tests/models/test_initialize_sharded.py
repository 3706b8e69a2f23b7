"""On JAX with eight devices: shards stay where they are, with the same weights."""

import json

import pytest

from support import fresh

pytestmark = pytest.mark.backend("jax")

CODE = """
import json
import keras
import numpy as np
from keras_inits.models import old_values
from keras_inits.models.initialize import initialize

layers = keras.layers

def build():
    model = keras.Sequential(
        [keras.Input((16,)), layers.Dense(24, name="a"), layers.LayerNormalization(),
         layers.Dense(8, name="b")]
    )
    model.compile("adam")
    model.optimizer.build(model.trainable_variables)
    return model

mesh = keras.distribution.DeviceMesh((2, 4), ("batch", "model"))
layout = keras.distribution.LayoutMap(mesh)
layout[".*a/kernel"] = (None, "model")
layout[".*b/kernel"] = ("model", None)
layout[".*a/bias"] = ("model",)
parallel = keras.distribution.ModelParallel(layout_map=layout, batch_dim_name="batch")
with parallel.scope():
    sharded = build()
whole = build()
rules = {"a": "orthogonal", "*": "he_fan_in"}

def lies(model):
    variables = [*model.weights, *model.optimizer.variables]
    shards = [variable.value.addressable_shards for variable in variables]
    return [[(str(one.device), str(one.index)) for one in each] for each in shards]

def weights(model):
    return [np.array(weight.value) for weight in model.weights]

before, old = lies(sharded), weights(sharded)
initialize(sharded, rules, seed=7)
initialize(whole, rules, seed=7)
new = weights(sharded)
found = {
    "devices": len(sharded.get_layer("a").kernel.value.sharding.device_set),
    "stays": lies(sharded) == before,
    "cut": sharded.get_layer("a").kernel.value.addressable_shards[0].data.shape,
    "equal": max(abs(x - y).max() for x, y in zip(new, weights(whole))),
    "changed": max(abs(x - y).max() for x, y in zip(new, old)),
}

def fail(value):
    raise KeyboardInterrupt

sharded.weights[-1].assign = fail
for place, share in (("memory", 0.4), ("a file", 0.0)):
    old_values.IN_MEMORY = share
    try:
        initialize(sharded, rules, seed=8)
    except KeyboardInterrupt:
        pass
    found[f"restored from {place}"] = all(map(np.array_equal, new, weights(sharded)))
found["stays after"] = lies(sharded) == before
del sharded.weights[-1].assign
initialize(sharded, rules, seed=8)  # by a file
found["put together"] = [
    weight.path for weight in sharded.weights
    if len(weight.value.addressable_shards) > 1 and weight.value._npy_value is not None
]
np.array(sharded.get_layer("a").kernel.value)
found["noticed"] = sharded.get_layer("a").kernel.value._npy_value is not None  # twin
print(json.dumps(found, default=float))
"""


def test_sharded_weights_keep_their_layout():
    """Twin inside: a kernel's shard is a part of it, and the weights did change."""
    flags = "--xla_force_host_platform_device_count=8"
    there = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    found = json.loads(fresh.run(CODE, **there).splitlines()[-1])
    assert found.pop("equal") < 1e-5  # a product of matrices is among them
    assert found.pop("changed") > 0.1
    assert found == {
        "devices": 8,
        "stays": True,
        "cut": [16, 6],
        "restored from memory": True,
        "restored from a file": True,
        "put together": [],
        "noticed": True,
        "stays after": True,
    }
