"""How long `initialize` takes on a model, beside Keras's own build of it.

Usage: `python benchmarks/initializing.py [--quick] [--backends jax] [--output FILE]`.
Every lap is a fresh process that builds a model as Keras does and then initializes it:
both for the first time. Prints JSON, and a table to standard error. Times are seconds;
a ratio is the time of `initialize` over that of the build.
"""

import argparse
import json
import time
from typing import Any

import building
import common

RULES = ["auto", "he_normal"]


def worker(options: argparse.Namespace) -> dict[str, Any]:
    """One build and one initialization in this process, after the imports."""
    import keras

    from keras_inits.models.initialize import initialize

    keras.utils.set_random_seed(1)
    begin = time.perf_counter()
    model = building.build(options.worker, options.quick)
    wait(model)
    built = time.perf_counter()
    report = initialize(model, options.rules, seed=7)
    wait(model)
    end = time.perf_counter()
    again = time.perf_counter()
    initialize(model, options.rules, seed=8)
    wait(model)
    return {
        "build": built - begin,
        "initialize": end - built,
        "initialize again": time.perf_counter() - again,
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
    parts = ["build", "initialize", "initialize again"]
    seconds = {part: common.spread([lap[part] for lap in laps]) for part in parts}
    ratio = seconds["initialize"]["median"] / seconds["build"]["median"]
    found = {"parameters": laps[0]["parameters"], "seconds": seconds}
    return found | {"ratio": round(ratio, 3)}


def main() -> None:
    """Runs every model on every backend, or as a worker one lap."""
    parser = common.parser(__doc__, "tiny: does it run?")
    models = building.MODELS
    parser.add_argument("--models", nargs="+", default=["ResNet50"], choices=models)
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
                for part in ("build", "initialize", "initialize again")
            ),
            f"{found['ratio']:.2f}",
        ]
        for backend, models_of in result["backends"].items()
        for model, kinds in models_of.items()
        for rules, found in kinds.items()
    ]
    columns = ["first in a process", "build", "initialize", "again", "ratio"]
    common.show("medians", columns, rows)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
