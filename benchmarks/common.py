"""What the benchmarks share: the machine, laps, fresh processes, files, tables."""

import argparse
import importlib.metadata
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).resolve().parent / "results"
BACKENDS = ["tensorflow", "jax", "torch"]
PACKAGES = ["keras", "numpy", "numba", "tensorflow", "jax", "torch"]
MARK = "RESULT "  # before a worker's JSON, among whatever libraries print


def installed(package: str) -> bool:
    """Whether a package can be imported, as its metadata tell."""
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def versions() -> dict[str, str]:
    """Versions of Python, of the peers, and of this package."""
    found = {"python": platform.python_version()}
    for line in (ROOT / "keras_inits/__init__.py").read_text().splitlines():
        if line.startswith("__version__"):
            found["keras_inits"] = line.split('"')[1]
    for package in PACKAGES:
        if installed(package):
            found[package] = importlib.metadata.version(package)
    return found


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """Kind of machine; nothing that tells one from another of its kind."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                processor = line.split(":", 1)[1].strip()
                break
    found = {"processor": processor, "cores": cores(), "system": platform.system()}
    if hasattr(os, "sysconf"):
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        found["memory_gib"] = round(size / 2**30, 1)
    if hasattr(os, "getloadavg"):
        found["load_at_start"] = round(os.getloadavg()[0], 2)
    return found


def parser(description: str, quick: str) -> argparse.ArgumentParser:
    """A command line with what every benchmark takes.

    Args:
        description: The script's docstring; its first paragraph is shown.
        quick: What `--quick` is for.
    """
    made = argparse.ArgumentParser(description=description.split("\n\n")[0])
    made.add_argument("--backends", nargs="+", default=BACKENDS)
    made.add_argument("--quick", action="store_true", help=quick)
    made.add_argument("--output", type=Path, help="a file for the JSON")
    return made


def warm_up(backend: str, *schemes: str) -> None:
    """Has the machine code of kernels on disk, as after any earlier use.

    Args:
        backend: Keras's backend.
        *schemes: Classes of this package whose distributions are drawn.
    """
    draws = "; ".join(f"k.{scheme}(seed=1)((1500, 1500))" for scheme in schemes)
    fresh(["-c", f"import keras_inits as k; {draws}; print('{MARK}0')"], backend)


def header(name: str, quick: bool) -> dict[str, Any]:
    """What every result file begins with."""
    return {
        "benchmark": name,
        "quick": quick,
        "machine": machine(),
        "versions": versions(),
    }


def wait(result: Any) -> Any:
    """Returns a result, or a list of them, once its values exist."""
    for member in result if isinstance(result, list) else [result]:
        if hasattr(member, "block_until_ready"):
            member.block_until_ready()
    return result


def fill(shapes: list[tuple[int, ...]], item: int) -> list[Any]:
    """Fills fresh memory, tensor by tensor, on as many threads as there are cores.

    Args:
        shapes: Of the tensors.
        item: Bytes of an entry: 2 or 4.

    Returns:
        What was filled, so that it stays.
    """
    import numpy as np

    kept = []
    with ThreadPoolExecutor(cores()) as pool:
        for shape in shapes:
            array = np.empty(math.prod(shape), f"u{item}")
            step = max(-(-array.size // cores()), 2**16)
            parts = [array[at : at + step] for at in range(0, array.size, step)]
            list(pool.map(lambda part: part.fill(1), parts))
            kept.append(array)
    return kept


def spread(laps: list[float]) -> dict[str, Any]:
    """Median and extremes."""
    return {
        "median": statistics.median(laps),
        "min": min(laps),
        "max": max(laps),
        "laps": len(laps),
    }


def interleaved(calls: dict[str, Callable[[], Any]], laps: int) -> dict[str, Any]:
    """Times calls in turn, so that a disturbance of the machine meets all of them.

    Args:
        calls: What to time, by name.
        laps: Later calls of each. The order turns by one from lap to lap.

    Returns:
        By name: seconds of the first call, and the spread of the later ones.
    """
    names = list(calls)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for lap in range(laps + 1):
        turn = lap % len(names)
        for name in names[turn:] + names[:turn]:
            start = time.perf_counter()
            result = wait(calls[name]())
            seconds[name].append(time.perf_counter() - start)
            del result  # before the next call allocates
    return {
        name: {"first": found[0], **spread(found[1:])}
        for name, found in seconds.items()
    }


def ratios(timed: dict[str, Any], ours: str = "keras_inits") -> dict[str, float]:
    """How many times longer each peer takes than this package, by medians."""
    return {
        name: round(found["median"] / timed[ours]["median"], 3)
        for name, found in timed.items()
        if name != ours
    }


def fresh(arguments: list[str], backend: str, **environment: str) -> Any:
    """The result of a Python command in a process of its own.

    Args:
        arguments: After `python`.
        backend: Keras's backend.
        **environment: Further variables.
    """
    added = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    paths = [str(ROOT), str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH", "")]
    added["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    done = subprocess.run(
        [sys.executable, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | added | environment,
    )
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(arguments)} on {backend}:\n{done.stderr[-4000:]}"
        )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    return json.loads(line.removeprefix(MARK))


def hand_over(result: Any) -> None:
    """What a worker calls with the result that `fresh` returns."""
    print(MARK + json.dumps(result), flush=True)


def write(path: Path, result: Any) -> None:
    """Writes JSON: the whole file or none of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def show(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Prints a table, to standard error: standard output is the JSON's."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    Console(stderr=True, width=118).print(table)


def milliseconds(seconds: float) -> str:
    """Three significant digits, without an exponent."""
    value = seconds * 1e3
    return f"{value:.0f} ms" if value >= 100 else f"{value:.3g} ms"


def save(figure: Any, path: Path) -> None:
    """Writes a figure, without the date, so that equal ones are equal files."""
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"Date": None} if path.suffix == ".svg" else None
    figure.savefig(path, metadata=metadata, dpi=150)
    pyplot.close(figure)


def charted(description: str, name: str, draw: Callable[[Any, Path], None]) -> None:
    """The command line of a chart: reads a result file and draws beside it."""
    parser = argparse.ArgumentParser(description=description.split("\n\n")[0])
    parser.add_argument(
        "result", type=Path, nargs="?", default=RESULTS / f"{name}.json"
    )
    parser.add_argument("--output", type=Path, default=RESULTS / f"{name}.svg")
    options = parser.parse_args()
    draw(json.loads(options.result.read_text(encoding="utf-8")), options.output)
    print(options.output)
