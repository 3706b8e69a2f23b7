"""How many random networks learn, from their own starts and from this package's.

Usage: `python benchmarks/trainability.py [--networks 200] [--arms own auto] [--quick]`.
Each network of `random_networks.py` is trained on scikit-learn's digits for 150 steps
of Adam at three learning rates, from each start ("arm"); it learns if the best of the
three gets more than half of the test digits right. Each result goes to a file of JSON
lines at once, and a later run takes up where the file ends. Two processes may take
different networks (`--first`, `--out`); `--merge FILES` then makes one summary.
Prints JSON, and tables to standard error.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import common
import trainability_summary as summary

STEPS = 150
KEPT = 10  # networks whose compiled operations are kept for the next
ARMS = ("own", "auto", "layer", "unit", "auto+unit", "fixes")
DEFAULT = ("own", "auto", "layer", "unit", "fixes")


def available(arms: list[str]) -> list[str]:
    """The arms that this version of the package has; the others are told."""
    import keras_inits

    calibrates = hasattr(keras_inits, "calibrate")
    missing = [
        arm for arm in arms if arm.endswith(("layer", "unit")) and not calibrates
    ]
    if missing:
        print(f"left out, no keras_inits.calibrate: {missing}", file=sys.stderr)
    return [arm for arm in arms if arm not in missing]


def fix_of(diagnosis: Any) -> str | None:
    """The fix of the gravest finding, warnings included, that sets weights."""
    for finding in diagnosis.findings:
        if finding.severity != "info" and finding.fix.startswith("keras_inits."):
            return str(finding.fix)
    return None


def start(arm: str, model: Any, x: Any, y: Any, seed: int, fix: str | None) -> bool:
    """Gives a model, at its own start, the start of an arm.

    Returns:
        Whether anything was set.
    """
    import keras

    import keras_inits

    if arm.startswith("auto"):
        keras_inits.initialize(model, "auto", seed=seed)
    if arm.endswith(("layer", "unit")):
        keras_inits.calibrate(model, x, y, normalize=arm.removeprefix("auto+"))
    if arm == "fixes" and fix:
        names = {"keras": keras, "keras_inits": keras_inits, "model": model}
        exec(fix, names | {"x": x, "y": y})
    return arm not in ("own", "fixes") or bool(arm == "fixes" and fix)


def measure(seed: int, arms: list[str], options: argparse.Namespace) -> list[Any]:
    """The records of one network, an arm each."""
    import digit_training as training
    import jax
    import keras
    import random_networks

    import keras_inits

    begin = time.perf_counter()
    model, what = random_networks.network(seed)
    loss = training.loss_of(what)
    data = training.digits(what["inputs"])
    x, y = data[:2]
    own = model.get_weights()
    steps = 5 if options.quick else STEPS
    train = training.trainer(model, loss, data, steps)
    shared = {"seed": seed, "version": keras_inits.__version__, "steps": steps}
    found: dict[str, Any] = {}
    fix = None
    if "fixes" in arms:
        diagnosis = keras_inits.diagnose(model, x, y, loss=loss, batch_size=64)
        fix = fix_of(diagnosis)
        judged = {"verdict": diagnosis.verdict, "worst": diagnosis.worst}
        judged["findings"] = [
            [f.kind, f.severity, f.figure] for f in diagnosis.findings
        ]
    for arm in sorted(arms, key=lambda arm: arm != "own"):
        lap = time.perf_counter()
        model.set_weights(own)
        error = ""
        try:
            changed = start(arm, model, x, y, seed, fix)
        except Exception as caught:  # the network then keeps its own start
            error, changed = f"{type(caught).__name__}: {caught}", False
            model.set_weights(own)
        if changed or "own" not in found:
            runs = [train(rate) for rate in training.RATES]
        else:
            runs = found["own"]["runs"]
        found[arm] = shared | {"arm": arm, "network": what, "runs": runs}
        found[arm]["accuracy"] = max(run["accuracy"] for run in runs)
        found[arm] |= judged | {"fix": fix} if arm == "fixes" else {}
        found[arm] |= {"error": error} if error else {}
        since = begin if len(found) == 1 else lap
        found[arm]["seconds"] = round(time.perf_counter() - since, 2)
    keras.backend.clear_session()
    if seed % KEPT == 0:
        jax.clear_caches()
    return list(found.values())


def run(options: argparse.Namespace) -> list[Any]:
    """Measures what the file of lines does not hold yet, and returns its records."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    import keras_inits

    steps = 5 if options.quick else STEPS
    arms = available(options.arms)
    if options.fresh:
        options.out.unlink(missing_ok=True)
    current = (keras_inits.__version__, steps)
    old = summary.read([options.out]) if options.out.exists() else []
    old = [one for one in old if (one["version"], one["steps"]) == current]
    done = {(one["seed"], one["arm"]) for one in old}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    seeds = range(options.first, options.first + options.networks)
    columns = [*Progress.get_default_columns()[:2], MofNCompleteColumn()]
    bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
    with bar, options.out.open("a", encoding="utf-8") as file:
        for seed in bar.track(seeds, description="networks"):
            missing = [arm for arm in arms if (seed, arm) not in done]
            if missing:
                records = measure(seed, missing, options)
                file.write("".join(json.dumps(one) + "\n" for one in records))
                file.flush()
    wanted = {(seed, arm) for seed in seeds for arm in arms}
    records = summary.read([options.out])
    return [
        one
        for one in records
        if (one["seed"], one["arm"]) in wanted
        and (one["version"], one["steps"]) == current
    ]


def arguments(about: str | None) -> argparse.ArgumentParser:
    """What the command line takes."""
    parser = argparse.ArgumentParser(description=(about or "").split("\n\n")[0])
    parser.add_argument("--networks", type=int, default=200, help="how many")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument(
        "--arms",
        type=lambda text: text.split(","),
        default=[*DEFAULT],
        help=",".join(ARMS),
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=common.RESULTS / "trainability.jsonl",
        help="JSON lines, one per network and arm; what is there is not measured again",
    )
    parser.add_argument("--fresh", action="store_true", help="empty that file first")
    parser.add_argument("--merge", type=Path, nargs="+", help="sum up these, no more")
    parser.add_argument("--output", type=Path, help="a file for the summary")
    parser.add_argument("--quick", action="store_true", help="5 steps: does it run?")
    return parser


def main() -> None:
    """Measures, or merges what was measured, and sums up."""
    parser = arguments(__doc__)
    options = parser.parse_args()
    if unknown := set(options.arms) - set(ARMS):
        parser.error(f"arms are {', '.join(ARMS)}; received {', '.join(unknown)}")
    header = common.header("trainability", options.quick)
    records = summary.read(options.merge) if options.merge else run(options)
    result = header | summary.of(records)
    if options.output:
        common.write(options.output, result)
    summary.show(result)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
