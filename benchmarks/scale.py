"""How the package scales: Transformers of 10^6 to 5·10^9 parameters, time and memory.

Usage: `python benchmarks/scale.py --output benchmarks/results/scale.json [--quick]`
`[--backends jax] [--sizes 1B]`. Every lap is a fresh process. What the file of
`--output` has already is not measured again, so that the same command goes on where
it was stopped; what does not fit into the free memory is left out, and told. Prints
JSON, and a table to standard error. Times are seconds, memory is bytes: the peak of the
process (VmHWM) less what it held before the build.

The ways: "keras" builds with Keras's own he_normal; "ours" builds with this package's
and then calls `initialize(model, "he_normal")`; "file" is the same, with the old values
waiting in a file meanwhile, not in memory; "fill" is np.full into as much fresh memory,
tensor by tensor as the model has them, on as many threads as there are cores. On one
device, or on eight virtual ones of JAX, over which a layout map cuts every kernel.
"""

import argparse
import gc
import json
import math
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import common
import scale_model
from scale_model import SIZES


class Case(NamedTuple):
    """What one process measures.

    Attributes:
        backend: Keras's backend.
        devices: 1, or 8 virtual ones.
        size: Of the model, by name.
        dtype: Of the weights.
        way: "keras", "ours", "file" or "fill".
    """

    backend: str
    devices: int
    size: str
    dtype: str
    way: str

    @property
    def name(self) -> str:
        """The key in the file of results."""
        devices = "1 device" if self.devices == 1 else f"{self.devices} devices"
        return f"{self.backend}, {devices}, {self.size}, {self.dtype}, {self.way}"

    @property
    def needs(self) -> int:
        """Bytes of memory that a process may take, guardedly."""
        item = 4 if self.dtype == "float32" else 2
        copies = {"keras": 2.5, "ours": 2.2, "file": 1.4, "fill": 1.1}[self.way]
        return round(SIZES[self.size].parameters * item * copies) + 2**30


PLAN = {
    ("float32", 1): ["1M", "10M", "124M", "1B"],
    ("float32", 8): ["10M", "124M", "1B"],
    ("bfloat16", 1): ["10M", "124M", "2B", "5B"],
    ("bfloat16", 8): ["2B", "5B"],
}
LAPS = {"1M": 3, "10M": 3, "124M": 3}  # of larger ones, one


def cases(options: argparse.Namespace) -> list[Case]:
    """All that is measured, small models first."""
    found = []
    for (dtype, devices), sizes in PLAN.items():
        if options.quick:
            sizes = ["quick"]
        for size in sizes:
            for backend in filter(common.installed, options.backends):
                if options.sizes and size not in options.sizes:
                    continue
                if devices > 1 and backend != "jax":
                    continue
                for way in ("fill", "keras", "ours", "file"):
                    found.append(Case(backend, devices, size, dtype, way))
    return sorted(found, key=lambda case: SIZES[case.size].parameters)


def status(field: str) -> int:
    """A field of this process's /proc/self/status, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"No {field} in /proc/self/status: this needs Linux.")


def forget_peak() -> None:
    """Sets VmHWM back to the memory that is held now."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")


def available() -> int:
    """Bytes that new processes can take without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("No MemAvailable in /proc/meminfo: this needs Linux.")


def fill(case: Case) -> dict[str, Any]:
    """Fills memory as a model has it; needs no backend."""
    shapes = scale_model.shapes(SIZES[case.size])
    start, start_cpu = time.perf_counter(), time.process_time()
    kept = common.fill(shapes, 4 if case.dtype == "float32" else 2)
    seconds = {"fill": time.perf_counter() - start}
    del kept
    return {"seconds": seconds, "cpu": {"fill": time.process_time() - start_cpu}}


def build_and_initialize(case: Case) -> dict[str, Any]:
    """One build, and one initialization unless Keras alone is measured."""
    import keras

    import keras_inits
    from keras_inits.models import old_values

    if case.way == "file":
        old_values.IN_MEMORY = 0.0
    keras.config.set_floatx(case.dtype)
    scheme = "he_normal" if case.way == "keras" else "keras_inits>he_normal"
    scope = scale_model.scope(case.devices)
    keras.utils.set_random_seed(1)
    with scope:
        scale_model.wait(scale_model.build(SIZES["quick"], scheme))  # libraries load
        forget_peak()
        before = status("VmRSS")
        start, start_cpu = time.perf_counter(), time.process_time()
        model = scale_model.build(SIZES[case.size], scheme)
        scale_model.wait(model)
        seconds = {"build": time.perf_counter() - start}
        cpu = {"build": time.process_time() - start_cpu}
    memory = {"build": status("VmHWM") - before}
    size = sum(
        math.prod(weight.shape) * (4 if weight.dtype == "float32" else 2)
        for weight in model.weights
    )
    item = 4 if case.dtype == "float32" else 2
    counted = SIZES[case.size].parameters * item
    found = {"model": size, "counted": counted}
    if case.way != "keras":
        forget_peak()
        start, start_cpu = time.perf_counter(), time.process_time()
        keras_inits.initialize(model, "he_normal", seed=7)
        scale_model.wait(model)
        seconds["initialize"] = time.perf_counter() - start
        cpu["initialize"] = time.process_time() - start_cpu
        memory["initialize"] = status("VmHWM") - before
    return found | {"seconds": seconds, "cpu": cpu, "memory": memory}


def worker(case: Case) -> dict[str, Any]:
    """What a process of its own measures."""
    return fill(case) if case.way == "fill" else build_and_initialize(case)


def measure(case: Case) -> dict[str, Any]:
    """The laps of a case: median times, largest memory."""
    flags = f"--xla_force_host_platform_device_count={case.devices}"
    added = {}
    if case.devices > 1:
        # Shards of a few megabytes would leave holes in glibc's heap, which are no
        # device's memory: with this, what is freed goes back at once.
        added = {"XLA_FLAGS": flags, "MALLOC_MMAP_THRESHOLD_": str(2**20)}
    arguments = [__file__, "--worker", json.dumps(case)]
    laps = [
        common.fresh(arguments, case.backend, **added)
        for _ in range(LAPS.get(case.size, 1))
    ]
    parameters = SIZES[case.size].parameters
    found = {"case": case._asdict(), "parameters": parameters, **laps[0]}
    for clock in ("seconds", "cpu"):
        found[clock] = {
            part: common.spread([lap[clock][part] for lap in laps])
            for part in laps[0][clock]
        }
    found["nanoseconds a parameter"] = {
        part: round(1e9 * spread["median"] / parameters, 3)
        for part, spread in found["seconds"].items()
    }
    if "memory" in laps[0]:
        peaks = {
            part: max(lap["memory"][part] for lap in laps) for part in laps[0]["memory"]
        }
        found["memory"] = peaks
        found["memory by model"] = {
            part: round(peak / found["model"], 3) for part, peak in peaks.items()
        }
    return found


def row(found: dict[str, Any]) -> list[str]:
    """A line of the table."""
    case, cells = Case(**found["case"]), []
    for part in ("fill", "build", "initialize"):
        taken = found["seconds"].get(part)
        each = found["nanoseconds a parameter"].get(part)
        cells.append(f"{taken['median']:.2f} s, {each:.2f} ns" if taken else "")
    for part in ("build", "initialize"):
        share = found.get("memory by model", {}).get(part)
        cells.append(f"{share:.2f}" if share else "")
    return [case.name, *cells]


def main() -> None:
    """Measures what the file does not have yet, or as a worker one lap."""
    parser = common.parser(__doc__, "tiny: does it run?")
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), help="only these")
    parser.add_argument("--ways", nargs="+", help="only these")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        common.hand_over(worker(Case(*json.loads(options.worker))))
        return
    result = common.header("scale", options.quick) | {"cases": {}}
    if options.output and options.output.exists():
        result["cases"] = json.loads(options.output.read_text("utf-8"))["cases"]
    result["left out"] = {}
    for backend in filter(common.installed, options.backends):
        common.warm_up(backend, "HeNormal")
    for case in cases(options):
        if case.name in result["cases"] or case.way not in (options.ways or [case.way]):
            continue
        if case.needs > available():
            why = f"may need {case.needs / 2**30:.1f} GiB"
            result["left out"][case.name] = why
            print(f"{case.name}: left out, {why}", file=sys.stderr)
            continue
        result["cases"][case.name] = measure(case)
        print(*row(result["cases"][case.name]), sep="; ", file=sys.stderr)
        if options.output:
            common.write(options.output, result)
    columns = ["", "fill", "build", "initialize", "build × model", "initialize × model"]
    common.show("scale", columns, [row(one) for one in result["cases"].values()])
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
