"""How large the outputs of a layer are that starts by LeCun's rule, and should be 1.

Usage: `python benchmarks/variance.py [--quick] [--backends jax] [--output FILE]`.
White noise of variance 1 goes into a layer without bias and activation. Its kernels are
drawn again and again: by `keras_inits.initialize(layer, "lecun_normal")`, and by the
layer itself with `kernel_initializer="lecun_normal"`, which is Keras's. The mean square
of the outputs, away from borders, is averaged over the draws until five standard errors
of the mean are below 3 %. Prints JSON, and a table to standard error.
"""

import argparse
import json
import math
from typing import Any

import common

WITHIN = 0.03
FEWEST, MOST = 12, 2000  # draws
SIGMAS = 5
VALUES = 2**15  # of noise in a draw


def measure(kind: Any, ours: bool, within: float = WITHIN) -> dict[str, Any]:
    """The mean square of the outputs, until it is known within `within`.

    Draws are independent of each other, so the standard error of their mean is their
    standard deviation over the square root of their number.

    Args:
        kind: A `kinds.Kind`.
        ours: Whether `keras_inits.initialize` draws, or Keras.
        within: Five standard errors, as a fraction of the mean.
    """
    import keras
    import numpy as np

    from keras_inits.models.initialize import initialize

    noise = np.random.default_rng(2015)
    largest = max(math.prod(shape) for shape in kind.shapes)
    batch = max(4, VALUES // largest)
    layer, found = None, []
    for seed in range(MOST):
        inputs = [
            keras.ops.convert_to_tensor(
                noise.standard_normal((batch, *shape), dtype="float32")
            )
            for shape in kind.shapes
        ]
        if layer is None or not ours:
            keras.utils.set_random_seed(seed)
            layer = kind.make("zeros" if ours else "lecun_normal")
            layer.build(*((None, *shape) for shape in kind.shapes))
        if ours:
            initialize(layer, "lecun_normal", seed=seed)
        outputs = keras.ops.convert_to_numpy(kind.outputs(layer, *inputs))
        found.append(float(np.mean(np.square(outputs, dtype="float64"))))
        error = np.std(found, ddof=1) / math.sqrt(len(found)) if seed else math.inf
        if len(found) >= FEWEST and SIGMAS * error < within * np.mean(found):
            break
    return {
        "variance": float(np.mean(found)),
        "standard_error": float(error),
        "draws": len(found),
    }


def rounded(variance: float) -> str:
    """Two digits after the point, or of a small number."""
    return f"{variance:.2f}" if variance >= 0.1 else f"{variance:.2g}"


def worker(options: argparse.Namespace) -> dict[str, Any]:
    """All kinds on this process's backend."""
    import kinds

    chosen = kinds.kinds()
    if options.quick:
        chosen = dict(list(chosen.items())[::8])
    within = 0.3 if options.quick else WITHIN
    return {
        name: {
            "keras_inits": measure(kind, True, within),
            "keras": measure(kind, False, within),
        }
        for name, kind in chosen.items()
    }


def main() -> None:
    """Measures on each backend in a process of its own."""
    parser = common.parser(__doc__, "few kinds: does it run?")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        common.hand_over(worker(options))
        return
    result = common.header("variance", options.quick) | {"backends": {}}
    for backend in filter(common.installed, options.backends):
        arguments = [__file__, "--worker", *(["--quick"] if options.quick else [])]
        found = common.fresh(arguments, backend)
        result["backends"][backend] = found
        rows = [
            [
                name,
                *(rounded(entry[by]["variance"]) for by in ("keras_inits", "keras")),
                f"± {SIGMAS * entry['keras_inits']['standard_error']:.3f}",
                str(entry["keras_inits"]["draws"]),
            ]
            for name, entry in found.items()
        ]
        columns = [
            "variance of outputs",
            "keras_inits",
            "Keras",
            "5 std errors",
            "draws",
        ]
        common.show(f"{backend}: LeCun's rule, should be 1", columns, rows)
        if options.output:
            common.write(options.output, result)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
