"""What each scheme of the catalogue costs, against the draw that it is built from.

Usage: `python benchmarks/catalogue.py [--side 512] [--laps 7]`, KERAS_BACKEND chosen
before. Each scheme fills some side * side values: a matrix, or a kernel, vector or
table of about that size where it needs one. "ratio" is its time over that of the
truncated normal, or of the orthogonal scheme where it is made of orthogonal matrices,
in the same shape, laps taking turns. "cold" is the sum of all first draws in this
process, imports left out. Prints JSON, the slowest first.
"""

import argparse
import json
import math
import time
from collections.abc import Callable

import common

CONVOLUTIONS = {"dirac", "binomial_blur", "linear_downsampling", "icnr"}
CONVOLUTIONS |= {"bilinear_upsampling", "delta_orthogonal", "conv_orthogonal"}
CONVOLUTIONS |= {"convolution_aware"}
ORTHOGONAL = {"orthogonal", "delta_orthogonal", "conv_orthogonal", "looks_linear"}
ORTHOGONAL |= {"convolution_aware"}
VECTORS = {"unit_forget_bias", "linspace_bias", "power_law_bias", "chrono"}
VECTORS |= {"uniform_gates"}
# An eigenvalue or singular value of a matrix costs more than any draw of it.
FACTORED = {"mimetic", "echo_state", "positive_definite_rnn"}


def shape_for(name: str, side: int) -> tuple[int, ...]:
    """A shape of about side * side values that the scheme fills."""
    if name in CONVOLUTIONS:
        channels = 4 * max(1, round(side / 12))
        return 3, 3, channels, channels
    if name in VECTORS:
        return (side * side,)
    if name == "affine_identity":
        return (side * side,)
    if name == "stft":
        return side, 1, side
    if name == "mimetic":
        return side, 8, side // 8
    return side, side


def main() -> None:
    """Times all schemes that need no values of a user's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--laps", type=int, default=7)
    options = parser.parse_args()

    import keras_inits
    from keras_inits.initializers import descriptions, registry

    def timed(draw: Callable[[], object]) -> float:
        start = time.perf_counter()
        result = draw()
        getattr(result, "block_until_ready", lambda: None)()
        return time.perf_counter() - start

    given = {"masked", "from_array", "from_function", "constant", "prior_bias"}
    names = [name for name in keras_inits.names() if name not in given]
    schemes = {
        name: (descriptions.example_scheme(name), shape_for(name, options.side))
        for name in names
    }
    cold = {name: timed(lambda s=s, h=h: s(h)) for name, (s, h) in schemes.items()}
    rows = {}
    for name, (scheme, shape) in schemes.items():
        base = "orthogonal" if name in ORTHOGONAL else "truncated_normal"
        reference = keras_inits.get(base, seed=7)
        laps = [
            (timed(lambda: scheme(shape)), timed(lambda: reference(shape)))  # noqa: B023
            for _ in range(options.laps)
        ]
        best, other = (min(times) for times in zip(*laps, strict=True))
        rows[name] = {
            "shape": shape,
            "ms": round(1000 * best, 3),
            "ratio": round(best / other, 2),
            "of": base,
        }
    ordered = dict(sorted(rows.items(), key=lambda row: -row[1]["ratio"]))
    beyond = [
        name
        for name, row in ordered.items()
        if row["ratio"] > 1.5
        and name not in FACTORED
        and registry.scheme(name).is_random
    ]
    total = math.fsum(cold.values())
    print(
        json.dumps(
            {
                "versions": common.versions(),
                "machine": common.machine(),
                "cold_seconds": round(total, 2),
                "schemes": len(rows),
                "above_1.5": beyond,
                "rows": ordered,
            }
        )
    )


if __name__ == "__main__":
    main()
