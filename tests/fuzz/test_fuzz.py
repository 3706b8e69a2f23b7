"""Files from anybody: what fuzzing has found once, and some seconds of more of it."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from fuzz import run
from support import fresh

FOUND = sorted(path for path in run.CORPUS.glob("*/*") if path.is_file())
LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="limits of memory as Linux has them"
)
ATHERIS = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="atheris is not installed; it has wheels for Python 3.11 to 3.13 on Linux",
)
REPLAY = """
    import sys
    sys.path.insert(0, sys.argv[1])
    from pathlib import Path
    from fuzz import oracle, targets
    for target, action in targets.TARGETS.items():
        seconds = targets.SECONDS.get(target, oracle.SECONDS)
        for name, data in targets.seeds(target).items():
            oracle.run(lambda: action(data))  # loads what is loaded at first use
        for path in sorted(Path(sys.argv[2], target).glob("*")):
            try:
                oracle.run(lambda: action(path.read_bytes()), seconds)
            except oracle.Fault as fault:
                print(f"FAULT {target}/{path.name}: {fault}")
            else:
                print(f"held {target}/{path.name}")
"""


@LINUX
def test_what_was_found_once_is_refused():
    """In a process of its own, whose limits and imports are its own."""
    said = fresh.run(REPLAY, str(run.HERE.parent), str(run.CORPUS))
    held = [line.split()[1] for line in said.splitlines() if line.startswith("held")]
    assert "FAULT" not in said, said
    assert sorted(held) == [f"{path.parent.name}/{path.name}" for path in FOUND]


@LINUX
def test_the_oracle_sees_each_kind_of_fault(tmp_path):
    """Twin: an action that runs, imports, takes memory, hangs or fails is no good."""
    (tmp_path / "bait.py").write_text("ran = True")
    said = fresh.run(
        """
        import os, sys, time
        sys.path[:0] = sys.argv[1:]
        import keras, keras_inits
        from fuzz import oracle
        from keras_inits._utils import checks
        long = {"initializer": "x" * 9000, "factor": 1.0}
        scheme = keras_inits.initializers.registry.scheme
        actions = {
            "runs": lambda: os.system("true"),
            "imports": lambda: __import__("bait"),
            "memory": lambda: len(bytearray(b"x") * (oracle.MEMORY + (64 << 20))),
            "hangs": lambda: time.sleep(9),
            "type": lambda: checks.did_you_mean(1, 2),
            "words": lambda: keras_inits.get("scaled", **long),
            "itself": lambda: 1 / 0,
        }
        for name, action in actions.items():
            try:
                oracle.run(action, 2)
            except oracle.Fault as fault:
                print("fault", name)
        print(oracle.run(lambda: scheme("scaled").from_config(long)))
        print(oracle.run(lambda: keras_inits.HeNormal()))
        """,
        str(run.HERE.parent),
        str(tmp_path),
    )
    kinds = ["runs", "imports", "memory", "hangs", "type", "words", "itself"]
    assert said.split() == [w for k in kinds for w in ("fault", k)] + ["False", "True"]


@LINUX
@ATHERIS
@pytest.mark.slow
@pytest.mark.parametrize("target", run.NAMES)
def test_some_seconds_of_fuzzing_find_nothing(target, tmp_path):
    """Each input of `h5` starts a process: in ten seconds a busy machine tries six."""
    seconds = "40" if target == "h5" else "10"
    words = [target, "--seconds", seconds, "--seed", "1", "--found", tmp_path]
    found = json.loads(fresh.python(Path(run.__file__), *words).splitlines()[-1])
    assert found["faults"] == found["crashes and hangs"] == []
    assert found["executions"] > (10 if target == "h5" else 100)
    assert found["edges"] > 100
