"""Coverage-guided fuzzing of what this package reads from files.

    python tests/fuzz/run.py --minutes 10            # all targets, in turn
    python tests/fuzz/run.py configs --seconds 60 --seed 2

Atheris is used, which is libFuzzer for Python: it sees each branch and comparison of
this package, and keeps inputs that reach new ones. It has wheels for Python 3.11 to
3.13 on Linux. The changes are our own (`mutations.py`), since bytes changed at random
hardly ever make a config that gets past JSON.

A fault does not end the run: its input is written to `--found`, one for each place in
the code. Once it is mended, move the input into `corpus/`, which every run of the tests
replays. A crash of the process or a hang ends the run; the input is written there, too.
Figures are printed as a line of JSON for each target.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
NAMES = ("configs", "files", "h5", "models")
LONGEST = 1 << 16  # bytes of an input


def fuzz(target, seconds, seed, found):
    """Fuzzes a target in this process, which libFuzzer ends."""
    sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]
    import atheris

    skipped = ["keras_inits.sampling.engines.numba"]  # compiled from its bytecode
    with atheris.instrument_imports(include=["keras_inits"], exclude=skipped):
        from fuzz import oracle, targets

    action, seen, figures = targets.TARGETS[target], {}, {"taken": 0, "longest": 0.0}
    begin = [time.perf_counter()]

    def one(data):
        start = time.perf_counter()
        try:
            taken = oracle.run(lambda: action(data), seconds=None)
            figures["taken"] += taken
        except oracle.Fault as fault:
            where = str(fault).partition(": ")[0]
            if where not in seen:
                seen[where] = str(fault)[:300]
                (found / f"{target}-{len(seen)}").write_bytes(data)
                print(f"FAULT {fault}", file=sys.stderr, flush=True)
        if (took := time.perf_counter() - start) > figures["longest"]:
            figures["longest"] = round(took, 3)
            if took > 1:
                (found / f"{target}.slowest").write_bytes(data)
        if time.perf_counter() - begin[0] > 1:
            begin[0] = time.perf_counter()
            write()

    def write():
        text = json.dumps(figures | {"faults": list(seen.values())})
        (found / f"{target}.json").write_text(text)

    def mutate(data, size, number):
        generator = random.Random(number)

        def change_bytes(text):
            return atheris.Mutate(text, min(LONGEST, len(text) + 64))

        return targets.mutate(target, data, generator, change_bytes)[:size]

    with tempfile.TemporaryDirectory() as folder:
        for name, data in targets.seeds(target).items():
            pathlib.Path(folder, name).write_bytes(data)
            one(data)  # loads what is loaded at first use
        for path in sorted((CORPUS / target).glob("*")):
            pathlib.Path(folder, f"found-{path.name}").write_bytes(path.read_bytes())
        write()
        options = {
            "max_total_time": seconds,
            "seed": seed,
            "timeout": targets.SECONDS.get(target, oracle.SECONDS),
            "rss_limit_mb": 8192,
            "max_len": LONGEST,
            "len_control": 0,
            "artifact_prefix": f"{found}/{target}-",
            "print_final_stats": 1,
        }
        words = [f"-{name}={value}" for name, value in options.items()]
        atheris.Setup([sys.argv[0], *words, folder], one, custom_mutator=mutate)
        atheris.Fuzz()


def _number(text, before, after=None):
    """The last number in a report of libFuzzer after some words."""
    return int(text.rpartition(before)[2].split(after)[0].split()[0])


def figures_of(target, seconds, seed, found):
    """Fuzzes a target in a process of its own; returns the figures."""
    words = [target, "--seconds", seconds, "--seed", seed, "--found", found, "--here"]
    done = subprocess.run(
        [sys.executable, __file__, *map(str, words)],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds + 300,
    )
    report = found / f"{target}.json"
    if not report.exists() or "cov: " not in done.stderr:
        raise SystemExit(done.stderr[-4000:])
    crashes = [str(p) for p in found.glob(f"{target}-*-*")]
    return {
        "target": target,
        "seconds": seconds,
        "executions": _number(done.stderr, "stat::number_of_executed_units:"),
        "edges": _number(done.stderr, "cov: "),
        "peak MB": _number(done.stderr, "stat::peak_rss_mb:"),
        "ended": done.returncode,
        "crashes and hangs": crashes,
    } | json.loads(report.read_text())


def main():
    """Runs one target, or all in turn."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("target", nargs="?", choices=NAMES)
    parser.add_argument("--minutes", type=float, help="of all targets together")
    parser.add_argument("--seconds", type=int, default=10, help="of each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--found", type=pathlib.Path, help="folder for faulty inputs")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    found = given.found or pathlib.Path(tempfile.mkdtemp(prefix="found-"))
    found.mkdir(parents=True, exist_ok=True)
    chosen = [given.target] if given.target else list(NAMES)
    seconds = given.seconds
    if given.minutes:
        seconds = round(given.minutes * 60 / len(chosen))
    if given.here:
        fuzz(given.target, seconds, given.seed, found)
    bad = False
    for target in chosen:
        result = figures_of(target, seconds, given.seed, found)
        bad |= bool(result["faults"] or result["crashes and hangs"] or result["ended"])
        print(json.dumps(result), flush=True)
    if bad:
        raise SystemExit(f"The inputs are in {found}")


if __name__ == "__main__":
    main()
