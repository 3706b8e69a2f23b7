"""How long the first build of a model takes, plain and with `replacing_builtins`.

Usage: `python benchmarks/building.py [--quick] [--backends jax] [--output FILE]`.
Every build is the first of a fresh process; plain ones and others take turns, each
first in every other lap. Prints JSON, and a table to standard error. Times are seconds;
a ratio is how many times longer the plain build takes.
"""

import argparse
import contextlib
import json
import time
from typing import Any

import common

MODELS = ["ResNet50", "EfficientNetB4", "Transformer"]


def transformer(layers: int, width: int, heads: int) -> Any:
    """A stack of attention and feed-forward blocks over tokens, from Keras's layers."""
    import keras

    tokens = keras.Input((64,), dtype="int32")
    x = keras.layers.Embedding(1000, width)(tokens)
    for _ in range(layers):
        y = keras.layers.LayerNormalization()(x)
        x = x + keras.layers.MultiHeadAttention(heads, width // heads)(y, y)
        y = keras.layers.LayerNormalization()(x)
        y = keras.layers.Dense(4 * width, "gelu")(y)
        x = x + keras.layers.Dense(width)(y)
    return keras.Model(tokens, keras.layers.Dense(1000)(x))


def build(model: str, quick: bool) -> Any:
    """A model with random weights; a small relative of it to try the script."""
    import keras

    if model == "Transformer":
        return transformer(2, 32, 2) if quick else transformer(12, 256, 4)
    if quick:
        return keras.applications.MobileNet(
            weights=None, input_shape=(32, 32, 3), alpha=0.25
        )
    return getattr(keras.applications, model)(weights=None)


def worker(options: argparse.Namespace) -> dict[str, Any]:
    """One build in this process, after the imports."""
    start = time.perf_counter()
    import keras

    scope: Any = contextlib.nullcontext()
    if options.replacing:
        import keras_inits

        scope = keras_inits.replacing_builtins()
    keras.utils.set_random_seed(1)
    imported = time.perf_counter()
    with scope:
        model = build(options.worker, options.quick)
    for weight in model.weights:
        common.wait(weight.value)
    end = time.perf_counter()
    return {
        "build": end - imported,
        "with imports": end - start,
        "weights": model.count_params(),
    }


def measure(model: str, backend: str, options: argparse.Namespace) -> dict[str, Any]:
    """Both ways to build a model on one backend."""
    laps: dict[str, list[dict[str, Any]]] = {"plain": [], "replacing_builtins": []}
    for lap in range(options.laps):
        for way in list(laps)[:: 1 if lap % 2 else -1]:
            arguments = [__file__, "--worker", model]
            arguments += ["--quick"] if options.quick else []
            arguments += ["--replacing"] if way == "replacing_builtins" else []
            laps[way].append(common.fresh(arguments, backend))
    found: dict[str, Any] = {"weights": laps["plain"][0]["weights"], "seconds": {}}
    for way, measured in laps.items():
        found["seconds"][way] = {
            part: common.spread([lap[part] for lap in measured])
            for part in ("build", "with imports")
        }
    medians = [found["seconds"][way]["build"]["median"] for way in laps]
    return found | {"ratio": round(medians[0] / medians[1], 3)}


def main() -> None:
    """Runs every model on every backend, or as a worker one build."""
    parser = common.parser(__doc__, "tiny: does it run?")
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--laps", type=int, default=5, help="builds of each")
    parser.add_argument("--worker", choices=MODELS, help=argparse.SUPPRESS)
    parser.add_argument("--replacing", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        common.hand_over(worker(options))
        return
    result = common.header("building", options.quick) | {"backends": {}}
    for backend in filter(common.installed, options.backends):
        common.warm_up(backend, "HeNormal", "GlorotUniform", "RandomNormal")
        for model in options.models:
            found = measure(model, backend, options)
            result["backends"].setdefault(backend, {})[model] = found
            if options.output:
                common.write(options.output, result)
    rows = [
        [
            f"{backend}, {model}",
            *(
                common.milliseconds(found["seconds"][way]["build"]["median"])
                for way in found["seconds"]
            ),
            f"{found['ratio']:.2f}",
        ]
        for backend, models in result["backends"].items()
        for model, found in models.items()
    ]
    columns = ["first build", "plain", "replacing_builtins", "ratio"]
    common.show("medians", columns, rows)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
