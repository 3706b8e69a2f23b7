"""What `diagnose` costs against a step of training, and `calibrate` against a pass.

Usage: `python benchmarks/diagnosing.py [--function calibrate] [--quick]`
`[--backends jax] [--output FILE]`. A pass is a call of the model on the batch, op by
op, with the batch's own statistics, as `calibrate` makes it. Each way runs in a process
of its own, so that its peak of memory is its own. "first" is the first call, tracing
and compiling included; "median" is of later ones. Prints JSON, and a table to standard
error. Times are seconds, memory is what the process grew by above the built model, in
bytes (on a GPU: the device's peak, where the backend tells).
"""

import argparse
import contextlib
import json
import resource
import threading
import time
from pathlib import Path
from typing import Any

import building
import common

MODELS = ["ResNet50", "Transformer"]
BASELINES = {"diagnose": "train_on_batch", "calibrate": "model(x)"}
WAYS = [*BASELINES, *BASELINES.values()]


def data(model: Any, samples: int) -> tuple[Any, Any]:
    """A batch of noise or token ids, and class labels."""
    import numpy as np

    random = np.random.default_rng(0)
    shape = (samples, *model.input_shape[1:])
    if "int" in str(model.input.dtype):
        x = random.integers(0, 1000, shape)
        return x, random.integers(0, 1000, shape)
    x = random.standard_normal(shape).astype("float32")
    return x, random.integers(0, model.output_shape[-1], samples)


class Peak:
    """Context that samples this process's memory, and a device's where there is one."""

    def __enter__(self) -> "Peak":
        self.start = self.peak = self._now()
        self.running = True
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def _now(self) -> int:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize()

    def _watch(self) -> None:
        while self.running:
            self.peak = max(self.peak, self._now())
            time.sleep(0.002)

    def __exit__(self, *exception: object) -> None:
        self.running = False
        self.thread.join()

    @property
    def grown(self) -> int:
        """Bytes above the start."""
        return self.peak - self.start


def device_peak(backend: str) -> int | None:
    """Peak of a GPU's memory so far; None without one."""
    if backend == "torch":
        import torch

        return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None
    if backend == "jax":
        import jax

        stats = jax.devices()[0].memory_stats() or {}
        return stats.get("peak_bytes_in_use")
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        return None
    return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])


def worker(options: argparse.Namespace) -> dict[str, Any]:
    """One way to look at one model, in this process."""
    import keras

    import keras_inits

    keras.utils.set_random_seed(1)
    model = building.build(options.worker, options.quick)
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=options.worker == "Transformer"
    )
    model.compile(keras.optimizers.SGD(1e-4), loss)
    x, y = data(model, 4 if options.quick else options.samples)
    model.predict_on_batch(x[:1])  # libraries are loaded, weights are there

    without = contextlib.nullcontext
    if keras.backend.backend() == "torch":
        import torch

        without = torch.no_grad

    def call() -> Any:
        if options.way == "diagnose":
            return keras_inits.diagnose(model, x, y, batch_size=len(x)).loss
        if options.way == "calibrate":
            return keras_inits.calibrate(model, x, samples=len(x))
        if options.way == "model(x)":
            with without():
                outputs = model(keras.ops.convert_to_tensor(x), training=True)
                return keras.ops.convert_to_numpy(outputs)
        return float(model.train_on_batch(x, y))

    laps = []
    with Peak() as peak:
        for _ in range(options.laps + 1):
            start = time.perf_counter()
            call()
            laps.append(time.perf_counter() - start)
    found = {"first": laps[0], **common.spread(laps[1:]), "memory": peak.grown}
    on_device = device_peak(keras.backend.backend())
    return found if on_device is None else found | {"device memory": on_device}


def measure(model: str, backend: str, options: argparse.Namespace) -> dict[str, Any]:
    """Both ways, and their ratios."""
    found: dict[str, Any] = {}
    ways = BASELINES[options.function], options.function
    for way in ways:
        arguments = [__file__, "--worker", model, "--way", way]
        arguments += ["--samples", str(options.samples), "--laps", str(options.laps)]
        arguments += ["--quick"] if options.quick else []
        found[way] = common.fresh(arguments, backend)
    step, ours = (found[way] for way in ways)
    found["ratios"] = {
        name: round(ours[name] / step[name], 3)
        for name in ("first", "median", "memory", "device memory")
        if step.get(name)
    }
    return found


def main() -> None:
    """Runs both models on every backend, or as a worker one way of one."""
    parser = common.parser(__doc__, "tiny: does it run?")
    parser.add_argument("--function", choices=BASELINES, default="diagnose")
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--samples", type=int, default=32, help="in the batch")
    parser.add_argument("--laps", type=int, default=3, help="after the first call")
    parser.add_argument("--worker", choices=MODELS, help=argparse.SUPPRESS)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        common.hand_over(worker(options))
        return
    name = {"diagnose": "diagnosing", "calibrate": "calibrating"}[options.function]
    result = common.header(name, options.quick) | {"backends": {}}
    result["samples"] = options.samples
    rows = []
    for backend in filter(common.installed, options.backends):
        for model in options.models:
            found = measure(model, backend, options)
            result["backends"].setdefault(backend, {})[model] = found
            if options.output:
                common.write(options.output, result)
            keys = (BASELINES[options.function], options.function, "ratios")
            step, ours, ratios = (found[key] for key in keys)
            rows.append(
                [
                    f"{backend}, {model}",
                    common.milliseconds(step["median"]),
                    common.milliseconds(ours["median"]),
                    *(f"{ratios.get(n, 0):.2f}" for n in ("first", "median", "memory")),
                ]
            )
    baseline = BASELINES[options.function]
    columns = ["", baseline, options.function, "× first", "× later", "× memory"]
    common.show(f"{options.function} by {baseline}", columns, rows)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
