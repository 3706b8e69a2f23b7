"""How often control moves between files of the package: calls from one to another.

A reader who follows a call has to open another file at every move. Counted are the
calls whose nearest caller inside the package stands in another file, in the second
`initialize` and the second `diagnose` of a model of two kernels. Prints JSON.

    python benchmarks/moves.py
"""

import collections
import json
import pathlib
import sys
from collections.abc import Callable

import keras
import numpy as np

import keras_inits

FOLDER = str(pathlib.Path(keras_inits.__file__).parent)


def moves(run: Callable[[], object]) -> collections.Counter:
    """The moves that a function makes, by the files they go from and to."""
    found: collections.Counter[tuple[str, str]] = collections.Counter()

    def hook(frame, event, argument):
        if event != "call" or not frame.f_code.co_filename.startswith(FOLDER):
            return
        caller = frame.f_back
        while caller and not caller.f_code.co_filename.startswith(FOLDER):
            caller = caller.f_back
        names = [f.f_code.co_filename[len(FOLDER) + 1 :] for f in (caller, frame) if f]
        if len(set(names)) == 2:
            found[names[0], names[1]] += 1

    sys.setprofile(hook)
    try:
        run()
    finally:
        sys.setprofile(None)
    return found


def main() -> None:
    """Counts both, and prints the files between which most moves are."""
    layers = [keras.layers.Dense(16, "relu"), keras.layers.Dense(4)]
    model = keras.Sequential([keras.Input((8,)), *layers])
    x = np.random.default_rng(0).standard_normal((32, 8)).astype("float32")
    result = {}
    for name, run in (
        ("initialize", lambda: keras_inits.initialize(model, "auto", seed=7)),
        ("diagnose", lambda: keras_inits.diagnose(model, x)),
    ):
        first = moves(run).total()
        found = moves(run)
        most = {" -> ".join(pair): n for pair, n in found.most_common(8)}
        result[name] = {"first": 2 * first, "moves": 2 * found.total(), "most": most}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
