"""How fast weights are drawn: this package, Keras, torch.nn.init, jax.nn.initializers.

Usage: `python benchmarks/sampling.py [--quick] [--backends jax] [--groups eager ...]`.
Prints JSON, and tables to standard error; `--output` also writes the JSON to a file.
Each group runs in a process of its own per backend; peers take turns within it, so that
ratios are of one run. Times are seconds; a ratio is how many times longer a peer takes.

Groups: `eager`; `without_numba`; `traced` (compiled by the backend); `orthogonal`;
`startup` (imports and first draws in fresh processes, the machine code of the kernels
cached and not); `large` (time and peak memory from 2**24 values to 2**30; only if asked
for, as it needs 5 GiB).
"""

import argparse
import contextlib
import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import common

GROUPS = ["eager", "without_numba", "traced", "orthogonal", "startup", "large"]
SIDE, SMALL, MANY = 4096, 64, 200
CASES = ["uniform", "normal", "he_normal"]

START = """
import json, sys, time
start = time.perf_counter()
import keras
keras_at = time.perf_counter()
if {ours}:
    import keras_inits
    made = keras_inits.HeNormal(seed=1)
else:
    made = keras.initializers.HeNormal(seed=1)
import_at = time.perf_counter()
result = made(({side}, {side}))
getattr(result, "block_until_ready", lambda: None)()
drawn_at = time.perf_counter()
print({mark!r} + json.dumps({{
    "import_keras": keras_at - start,
    "import_both": import_at - start,
    "draw": drawn_at - import_at,
    "total": drawn_at - start,
}}))
"""


def eager(options: argparse.Namespace) -> dict[str, Any]:
    """Large tensors of three distributions, and many small kernels."""
    import peers

    side = 128 if options.quick else SIDE
    many = 5 if options.quick else MANY
    others = options.worker != "without_numba"
    cases = [(f"{case} {side}x{side}", case, (side, side), 1) for case in CASES]
    cases.append((f"{many} kernels {SMALL}x{SMALL}", "he_normal", (SMALL, SMALL), many))
    found = {}
    for title, case, shape, count in cases:
        timed = peers.calls(case, shape, count, others)
        seconds = common.interleaved(timed, options.laps)
        peers.check(case, shape, timed)
        values = count * math.prod(shape)
        found[title] = {"values": values, "seconds": seconds}
        found[title]["ratios"] = common.ratios(seconds)
    return found


def without_numba(options: argparse.Namespace) -> dict[str, Any]:
    """The same against Keras alone, where Numba cannot be imported."""
    sys.modules["numba"] = None  # type: ignore[assignment]
    return eager(options)


def traced(options: argparse.Namespace) -> dict[str, Any]:
    """Calls compiled by the backend; the first one compiles."""
    import peers

    side = 128 if options.quick else SIDE
    found = {}
    for case in CASES:
        timed = peers.traced(case, (side, side), options.backend)
        seconds = common.interleaved(timed, options.laps)
        peers.check(case, (side, side), timed)
        found[f"{case} {side}x{side}"] = {
            "values": side**2,
            "seconds": seconds,
            "ratios": common.ratios(seconds),
        }
    return found


def orthogonal(options: argparse.Namespace) -> dict[str, Any]:
    """A square and a wide kernel."""
    import peers

    shapes = [(96, 96), (32, 128)] if options.quick else [(2048, 2048), (1024, 8192)]
    found = {}
    for shape in shapes:
        timed = peers.calls("orthogonal", shape)
        seconds = common.interleaved(timed, min(options.laps, 5))
        peers.check("orthogonal", shape, timed)
        found[f"orthogonal {shape[0]}x{shape[1]}"] = {
            "values": math.prod(shape),
            "seconds": seconds,
            "ratios": common.ratios(seconds),
        }
    return found


def startup(options: argparse.Namespace) -> dict[str, Any]:
    """Imports and first draws of fresh processes, in turn."""
    laps = min(options.laps, 1 if options.quick else 5)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:

        def run(ours: bool, side: int, cache: str) -> dict[str, float]:
            code = START.format(ours=ours, side=side, mark=common.MARK)
            place = str(Path(folder, cache))
            return common.fresh(["-c", code], options.backend, NUMBA_CACHE_DIR=place)

        for side in (SMALL, 256 if options.quick else SIDE):
            run(True, side, "warm")
            laps_of: dict[str, list[dict[str, float]]] = {}
            for lap in range(laps):
                kinds = [("keras", False, "warm"), ("warm", True, "warm")]
                kinds.append(("cold", True, f"cold{side}-{lap}"))
                for name, ours, cache in kinds[:: 1 if lap % 2 else -1]:
                    laps_of.setdefault(name, []).append(run(ours, side, cache))
            entry = {
                name: {
                    part: common.spread([lap[part] for lap in measured])
                    for part in measured[0]
                }
                for name, measured in laps_of.items()
            }
            median = {
                name: {part: times["median"] for part, times in parts.items()}
                for name, parts in entry.items()
            }
            found[f"first draw {side}x{side}"] = {
                "seconds": entry,
                "import_adds": median["warm"]["import_both"]
                - median["warm"]["import_keras"],
                "warm_adds": median["warm"]["total"] - median["keras"]["total"],
                "cold_adds": median["cold"]["total"] - median["keras"]["total"],
            }
    return found


def one_large(options: argparse.Namespace) -> dict[str, Any]:
    """One tensor in this process: seconds, and bytes beyond what was in use before."""
    import resource
    import time

    import keras_inits

    initializer = keras_inits.HeNormal(seed=1)
    common.wait(initializer((2**10, 2**11)))  # loads the engine
    status = Path("/proc/self/status")

    def in_use(field: str) -> int:
        if not status.exists():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        lines = status.read_text().splitlines()
        (line,) = [line for line in lines if line.startswith(f"{field}:")]
        return int(line.split()[1]) * 1024

    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = in_use("VmRSS")
    start = time.perf_counter()
    result = common.wait(initializer((2**12, 2 ** (options.log2 - 12))))
    seconds = time.perf_counter() - start
    size = 4 * math.prod(result.shape)
    peak = in_use("VmHWM") - before
    return {"seconds": seconds, "bytes": size, "peak": peak, "peak_ratio": peak / size}


def large(options: argparse.Namespace) -> dict[str, Any]:
    """Sizes doubled and redoubled, each in a fresh process."""
    sizes = (20, 21) if options.quick else (24, 26, 28, 30)
    found = {}
    for log2 in sizes:
        arguments = [__file__, "--worker", "one_large", "--log2", str(log2)]
        arguments += ["--backend", options.backend]
        measured = [common.fresh(arguments, options.backend) for _ in range(3)]
        middle = sorted(measured, key=lambda lap: lap["seconds"])[1]
        middle["seconds_per_value"] = middle["seconds"] / 2**log2
        found[f"2**{log2} values"] = middle
    return found


WORKERS = {
    "eager": eager,
    "without_numba": without_numba,
    "traced": traced,
    "orthogonal": orthogonal,
    "one_large": one_large,
}
IN_PARENT = {"startup": startup, "large": large}


def measure(group: str, backend: str, options: argparse.Namespace) -> Any:
    """One group on one backend."""
    if group in IN_PARENT:
        return IN_PARENT[group](argparse.Namespace(**vars(options), backend=backend))
    arguments = [__file__, "--worker", group, "--backend", backend]
    arguments += ["--laps", str(options.laps), *(["--quick"] if options.quick else [])]
    return common.fresh(arguments, backend)


def tables(backend: str, group: str, found: dict[str, Any]) -> None:
    """Shows a group."""
    title = f"{backend}: {group}"
    if group == "large":
        rows = [
            [
                name,
                common.milliseconds(entry["seconds"]),
                f"{entry['seconds_per_value'] * 1e9:.2f} ns",
                f"{entry['peak_ratio']:.3f}",
            ]
            for name, entry in found.items()
        ]
        common.show(title, ["", "time", "a value", "peak memory / size"], rows)
    elif group == "startup":
        rows = [
            [name, *(common.milliseconds(entry[part]) for part in parts)]
            for name, entry in found.items()
            for parts in [("import_adds", "warm_adds", "cold_adds")]
        ]
        columns = ["more than Keras alone", "import", "with cache", "without"]
        common.show(title, columns, rows)
    else:
        rows = []
        for name, entry in found.items():
            for peer, times in entry["seconds"].items():
                ratio = entry["ratios"].get(peer)
                rows.append(
                    [
                        f"{name}, {peer}",
                        common.milliseconds(times["first"]),
                        common.milliseconds(times["median"]),
                        f"{times['min'] * 1e3:.3g} to {times['max'] * 1e3:.3g}",
                        f"{entry['values'] / times['median'] / 1e6:.0f}",
                        "" if ratio is None else f"{ratio:.2f}",
                    ]
                )
        columns = ["", "first call", "median", "spread", "million/s", "ratio to ours"]
        common.show(title, columns, rows)


def main() -> None:
    """Runs the groups, or as a worker one of them."""
    parser = common.parser(__doc__, "tiny sizes: does it run?")
    parser.add_argument("--groups", nargs="+", default=GROUPS[:-1], choices=GROUPS)
    parser.add_argument("--laps", type=int, default=15, help="later calls of each")
    parser.add_argument("--worker", choices=WORKERS, help=argparse.SUPPRESS)
    parser.add_argument("--backend", help=argparse.SUPPRESS)
    parser.add_argument("--log2", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        common.hand_over(WORKERS[options.worker](options))
        return
    del options.backend
    result = common.header("sampling", options.quick) | {"backends": {}}
    for backend in filter(common.installed, options.backends):
        for group in options.groups:
            if group == "traced" and backend == "torch":
                continue  # Keras compiles no functions there
            found = measure(group, backend, options)
            result["backends"].setdefault(backend, {})[group] = found
            tables(backend, group, found)
            if options.output:
                common.write(options.output, result)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
