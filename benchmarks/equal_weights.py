"""Does one seed give the same weights on every backend and number of devices?

Usage: `python benchmarks/equal_weights.py [--output FILE]`. Draws every random scheme
as the weight of a layer, and three models by `initialize(model, "auto", seed)`, in a
fresh process for each backend and, on JAX, with 4 and 8 devices, over which the weights
are cut. Beside them what Keras draws from one seed: its own initializers, and the same
models as they are built. Counts tensors that are equal bit by bit to those of the first
process, and measures how far the others are off; constant ones, as biases of zeros, are
left out.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import common
import numpy as np

SEED = 7
PLACES = {  # backend and number of devices
    "TensorFlow": ("tensorflow", 1),
    "PyTorch": ("torch", 1),
    "JAX": ("jax", 1),
    "JAX, 4 devices": ("jax", 4),
    "JAX, 8 devices": ("jax", 8),
}
KERAS = (  # its initializers that draw
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
)
WRAPPERS: dict[str, dict[str, Any]] = {  # around an initializer that needs the seed
    "blocks": {"parts": 4},
    "masked": {"mask": [[1, 0] * 32] * 8},
    "scaled": {"factor": 0.5},
}
PRODUCT = 1e-5  # how far products of matrices may be off: float32, other orders of sums


def models() -> dict[str, Any]:
    """Builders: dense layers, residual convolutions, attention with an LSTM."""
    import keras

    layers = keras.layers

    def dense() -> Any:
        stack = [layers.Dense(64, "gelu", name=f"hidden{i}") for i in range(4)]
        head = layers.Dense(10, name="head")
        return keras.Sequential([keras.Input((32,)), *stack, head])

    def convolutional() -> Any:
        x = inputs = keras.Input((16, 16, 3))
        x = layers.Conv2D(16, 3, padding="same", name="stem")(x)
        for i in range(3):
            branch = layers.ReLU()(layers.BatchNormalization(name=f"norm{i}")(x))
            branch = layers.Conv2D(16, 3, padding="same", name=f"block{i}")(branch)
            x = layers.Add()([x, branch])
        x = layers.GlobalAveragePooling2D()(x)
        return keras.Model(inputs, layers.Dense(10, name="head")(x))

    def transformer() -> Any:
        inputs = keras.Input((12,), dtype="int32")
        x = layers.Embedding(50, 32, name="embedding")(inputs)
        normed = layers.LayerNormalization(name="norm")(x)
        attention = layers.MultiHeadAttention(4, 8, name="attention")
        x = layers.Add()([x, attention(normed, normed)])
        x = layers.LSTM(16, name="memory")(x)
        return keras.Model(inputs, layers.Dense(10, name="head")(x))

    return {"dense": dense, "residual": convolutional, "attention": transformer}


def cut(shape: tuple[int, ...], devices: int) -> tuple[str | None, ...]:
    """A layout that cuts the last axis that can be cut."""
    found: list[str | None] = [None] * len(shape)
    for axis in reversed(range(len(shape))):
        if shape[axis] % devices == 0:
            found[axis] = "model"
            break
    return tuple(found)


def drawn(devices: int) -> tuple[dict[str, np.ndarray], int]:
    """All tensors by name, and how many of them were cut over devices."""
    import keras

    import keras_inits
    from keras_inits.initializers import descriptions, registry

    class Plain(keras.layers.Layer):
        """A layer with one weight."""

        def __init__(self, initializer: Any, shape: tuple[int, ...]) -> None:
            super().__init__(name="plain")
            self.kernel = self.add_weight(shape, initializer=initializer, name="kernel")

    found: dict[str, np.ndarray] = {}
    cuts = 0

    def keep(name: str, weight: Any) -> None:
        nonlocal cuts
        found[name] = np.array(keras.ops.convert_to_numpy(weight.value))
        if devices > 1:
            shards = weight.value.addressable_shards
            cuts += shards[0].data.size < weight.value.size

    def placed(layout: dict[str, Any]) -> Any:
        """A scope in which weights lie as asked."""
        from contextlib import nullcontext

        if devices == 1:
            return nullcontext()
        mesh = keras.distribution.DeviceMesh((1, devices), ("batch", "model"))
        layouts = keras.distribution.LayoutMap(mesh)
        for path, along in layout.items():
            layouts[path] = along
        return keras.distribution.ModelParallel(
            layout_map=layouts, batch_dim_name="batch"
        ).scope()

    def keep_scheme(name: str, scheme: Any, shape: tuple[int, ...]) -> None:
        with placed({"plain/kernel": cut(shape, devices)}):
            keep(name, Plain(scheme, shape).kernel)

    for name in keras_inits.names():
        if registry.scheme(name).is_random:
            scheme = descriptions.example_scheme(name, SEED)
            if name in WRAPPERS:
                inner = keras_inits.HeFanIn(seed=SEED)
                scheme = type(scheme)(inner, **WRAPPERS[name])
            keep_scheme(f"scheme {name}", scheme, scheme.example_shape)
    for name in KERAS:
        scheme = getattr(keras.initializers, name)(seed=SEED)
        keep_scheme(f"keras scheme {name}", scheme, (64, 48))
    for kind, build in models().items():
        keras.utils.set_random_seed(SEED)
        plan = {w.path: cut(tuple(w.shape), devices) for w in build().weights}
        keras.backend.clear_session()
        keras.utils.set_random_seed(SEED)
        with placed(plan):
            model = build()
            for weight in model.trainable_weights:
                keep(f"keras model {kind} {weight.path}", weight)
            keras_inits.initialize(model, "auto", seed=SEED)
            for weight in model.trainable_weights:
                keep(f"model {kind} {weight.path}", weight)
    return found, cuts


GROUPS = {
    "schemes": "scheme ",
    "models": "model ",
    "Keras's initializers": "keras scheme ",
    "Keras's models": "keras model ",
}


def compared(ours: dict[str, np.ndarray], first: dict[str, np.ndarray]) -> Any:
    """How tensors agree with those of the first place, by group."""
    told = {}
    for group, start in GROUPS.items():
        names = [n for n in first if n.startswith(start) and np.ptp(first[n]) > 0]
        off = {}
        for name in names:
            one, other = (tensors[name].astype("float64") for tensors in (ours, first))
            if not np.array_equal(ours[name], first[name], equal_nan=True):
                largest = abs(other).max() or 1.0
                off[name.removeprefix(start)] = float(abs(one - other).max() / largest)
        told[group] = {
            "tensors": len(names),
            "bit-equal": len(names) - len(off),
            "within 1e-5": len(names) - sum(one > PRODUCT for one in off.values()),
            "largest difference": max(off.values(), default=0.0),
            "not bit-equal": sorted(off),
        }
    return told


def main() -> None:
    """Draws in every place and compares."""
    parser = common.parser(__doc__, "without JAX's many devices")
    parser.add_argument("--worker", nargs=2, metavar=("FILE", "DEVICES"))
    options = parser.parse_args()
    if options.worker:
        file, devices = options.worker
        found, cuts = drawn(int(devices))
        numbered = enumerate(found.items())
        np.savez(file, **{f"{i} {name}": tensor for i, (name, tensor) in numbered})
        common.hand_over(cuts)
        return
    result = common.header("equal_weights", options.quick) | {"seed": SEED}
    tensors: dict[str, dict[str, np.ndarray]] = {}
    cuts = {}
    with tempfile.TemporaryDirectory() as folder:
        for place, (backend, devices) in PLACES.items():
            if backend not in options.backends or (options.quick and devices > 1):
                continue
            file = Path(folder) / f"{backend}{devices}.npz"
            flag = f"--xla_force_host_platform_device_count={devices}"
            there = {"XLA_FLAGS": flag, "JAX_PLATFORMS": "cpu"}
            command = [__file__, "--worker", str(file), str(devices)]
            cuts[place] = common.fresh(command, backend, **there)
            with np.load(file) as kept:
                tensors[place] = {n.split(" ", 1)[1]: kept[n] for n in kept.files}
    first = next(iter(tensors))
    result["first"] = first
    result["places"] = {
        place: {"cut over devices": cuts[place]} | compared(found, tensors[first])
        for place, found in tensors.items()
        if place != first
    }
    if options.output:
        common.write(options.output, result)
    columns = ["tensors", "bit-equal", "within 1e-5", "largest difference"]
    rows = [
        [f"{place}: {group}", *(f"{told[group][column]:.3g}" for column in columns)]
        for place, told in result["places"].items()
        for group in GROUPS
    ]
    common.show("Weights of one seed", [f"against {first}", *columns], rows)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
