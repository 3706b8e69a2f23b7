"""What an installed package must do, in an environment that holds one backend alone.

`python -P installed_package.py GOLDEN [INSTALLED_IN]` needs no more than the package
and what it depends on: no pytest, no checkout. `GOLDEN` is the folder of golden values.
It draws some of them, saves, loads, diagnoses, and prints what it found as JSON.
"""

import hashlib
import importlib.util
import json
import platform
import sys
import tempfile
import time
from pathlib import Path

EXACT = ("he_fan_in", "keras_inits>truncated_normal", "sparse", "xavier_uniform")
ROUNDED = ("keras_inits>orthogonal", "delta_orthogonal")  # products of matrices
TOLERANCE = 1e-5
SEED = 20_150_206
FRAMEWORKS = ("jax", "tensorflow", "torch")


def main(golden, installed_in=sys.prefix):
    begin = time.perf_counter()
    import keras
    import numpy as np

    import keras_inits

    place = Path(keras_inits.__file__).resolve()
    assert place.is_relative_to(Path(installed_in).resolve()), place

    drawn = 0
    for name in EXACT + ROUNDED:
        file = golden / f"{name.removeprefix('keras_inits>')}.json"
        for entry in json.loads(file.read_text()):
            scheme = keras_inits.get(name, **entry["arguments"], seed=SEED)
            kernel = keras.ops.convert_to_numpy(scheme(entry["shape"]))
            if "sha256" in entry:
                found = hashlib.sha256(kernel.astype("<f4").tobytes()).hexdigest()
                assert found == entry["sha256"], (name, entry["arguments"])
            else:
                spread = kernel.ravel()[:: max(1, kernel.size // 50)]
                off = np.abs(spread - entry["spread"]).max()
                assert off < TOLERANCE, (name, off)
            drawn += 1

    layers = [keras.layers.Dense(64, "relu", kernel_initializer="he_fan_in")]
    layers += [keras.layers.Dense(10, kernel_initializer="xavier_normal")]
    model = keras.Sequential([keras.Input((20,)), *layers])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x = np.random.default_rng(0).normal(size=(256, 20)).astype("float32")
    y = np.arange(256) % 10
    report = keras_inits.initialize(model, "auto", seed=7)
    assert len(report.rows) == len(model.weights) == 4
    diagnosis = keras_inits.diagnose(model, x, y)
    assert diagnosis.verdict == "healthy", str(diagnosis)
    keras_inits.initialize(model, "zeros")
    assert keras_inits.diagnose(model, x, y).verdict == "unhealthy"  # and it can tell
    keras_inits.calibrate(model := keras.models.clone_model(model), x, y)
    assert abs(float(np.std(outputs_of_the_first(keras, model, x))) - 1) < 0.01

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        model.save(file)
        again = keras.saving.load_model(file)
    scheme = again.layers[0].kernel_initializer
    assert type(scheme) is keras_inits.HeFanIn, scheme
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        assert np.array_equal(one, other)

    found = {
        "python": platform.python_version(),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "frameworks": [f for f in FRAMEWORKS if importlib.util.find_spec(f)],
        "version": keras_inits.__version__,
        "names": len(keras_inits.names()),
        "golden tensors": drawn,
        "seconds": round(time.perf_counter() - begin, 1),
    }
    print(json.dumps(found))


def outputs_of_the_first(keras, model, x):
    """Pre-activations of the first layer."""
    kernel, bias = model.layers[0].get_weights()
    return keras.ops.convert_to_numpy(x @ kernel + bias)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
