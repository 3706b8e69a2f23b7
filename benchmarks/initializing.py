"""How long `initialize` takes on a model, beside Keras's own build of it, and a fill.

Usage: `python benchmarks/initializing.py [--quick] [--backends jax] [--output FILE]`.
Every lap is a fresh process that builds a model as Keras does and then initializes it:
both for the first time. Then it does so again, after it has filled as much fresh memory
with ones. Prints JSON, and a table to standard error. Times are seconds; "ratio" is the
time of the first `initialize` over that of the build, "over a fill" that of the later
ones over fills, of medians.
"""

import argparse
import json
import statistics
import time
from typing import Any

import building
import common
import scale_model

RULES = ["auto", "he_normal"]
TURNS = 5  # fills and initializations after the first


def worker(options: argparse.Namespace) -> dict[str, Any]:
    """One build and one initialization in this process, after the imports."""
    import keras

    from keras_inits.models.initialize import initialize

    keras.utils.set_random_seed(1)
    begin = time.perf_counter()
    if options.worker == "GPT-2":
        size = scale_model.SIZES["quick" if options.quick else "124M"]
        model = scale_model.build(size, "glorot_uniform")
    else:
        model = building.build(options.worker, options.quick)
    wait(model)
    built = time.perf_counter()
    report = initialize(model, options.rules, seed=7)
    wait(model)
    end = time.perf_counter()
    shapes = [tuple(weight.shape) for weight in model.trainable_weights]
    fills, agains = [], []
    for lap in range(TURNS):
        start = time.perf_counter()
        filled = common.fill(shapes, 4)
        fills.append(time.perf_counter() - start)
        del filled
        start = time.perf_counter()
        initialize(model, options.rules, seed=8 + lap)
        wait(model)
        agains.append(time.perf_counter() - start)
    return {
        "build": built - begin,
        "initialize": end - built,
        "fill": statistics.median(fills),
        "initialize again": statistics.median(agains),
        "parameters": report.parameters,
    }


def wait(model: Any) -> None:
    """Returns once all weights have their values."""
    for weight in model.weights:
        common.wait(weight.value)


def measure(
    model: str, rules: str, backend: str, options: argparse.Namespace
) -> dict[str, Any]:
    """Laps of one model with one kind of rules on one backend."""
    arguments = [__file__, "--worker", model, "--rules", rules]
    arguments += ["--quick"] if options.quick else []
    laps = [common.fresh(arguments, backend) for _ in range(options.laps)]
    parts = ["build", "initialize", "fill", "initialize again"]
    seconds = {part: common.spread([lap[part] for lap in laps]) for part in parts}
    ratio = seconds["initialize"]["median"] / seconds["build"]["median"]
    fills = seconds["initialize again"]["median"] / seconds["fill"]["median"]
    found = {"parameters": laps[0]["parameters"], "seconds": seconds}
    return found | {"ratio": round(ratio, 3), "over a fill": round(fills, 2)}


def main() -> None:
    """Runs every model on every backend, or as a worker one lap."""
    parser = common.parser(__doc__, "tiny: does it run?")
    models = [*building.MODELS, "GPT-2"]
    parser.add_argument(
        "--models", nargs="+", default=["ResNet50", "GPT-2"], choices=models
    )
    parser.add_argument("--laps", type=int, default=5, help="processes of each")
    parser.add_argument("--worker", choices=models, help=argparse.SUPPRESS)
    parser.add_argument("--rules", choices=RULES, help="one kind only")
    options = parser.parse_args()
    if options.worker:
        common.hand_over(worker(options))
        return
    result = common.header("initializing", options.quick) | {"backends": {}}
    for backend in filter(common.installed, options.backends):
        common.warm_up(backend, "HeNormal", "GlorotUniform")
        for model in options.models:
            for rules in [options.rules] if options.rules else RULES:
                found = measure(model, rules, backend, options)
                models_of = result["backends"].setdefault(backend, {})
                models_of.setdefault(model, {})[rules] = found
                if options.output:
                    common.write(options.output, result)
    rows = [
        [
            f"{backend}, {model}, {rules}",
            *(
                common.milliseconds(found["seconds"][part]["median"])
                for part in ("build", "initialize", "initialize again", "fill")
            ),
            f"{found['ratio']:.2f}",
            f"{found['over a fill']:.1f}",
        ]
        for backend, models_of in result["backends"].items()
        for model, kinds in models_of.items()
        for rules, found in kinds.items()
    ]
    columns = ["first in a process", "build", "initialize", "again", "fill", "ratio"]
    columns += ["over a fill"]
    common.show("medians", columns, rows)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
