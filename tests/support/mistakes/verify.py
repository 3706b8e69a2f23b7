"""Trains every program for a few seconds and prints what it and its twin reach.

Run from the folder of the checkout; names or groups choose some of them:
`PYTHONPATH=$PWD:$PWD/tests python tests/support/mistakes/verify.py heads labels`
"""

import math
import sys
import time
import warnings

import keras
import numpy as np

from support.mistakes import programs_of

SEED = 1
MARGIN = 0.15  # by which a faulty model stays below the bar


def reached(program, build, right=None, seed=SEED):
    """The score after training; nan if `fit` fails or the outputs are misshapen."""
    model, x, y, extra = build(seed)
    if keras.backend.backend() == "tensorflow":
        model.jit_compile = False  # to compile takes longer than to train
    learns = program.learns
    quiet = {"batch_size": learns.batch_size, "verbose": 0}
    try:
        history = model.fit(x, y, epochs=learns.epochs, **quiet, **extra)
        before, *_, after = history.history["loss"]
        score = learns.score(
            model.predict(x, **quiet), y, y if right is None else right, before, after
        )
    except Exception as error:  # the backends raise their own kinds
        return math.nan, f"{type(error).__name__}: {str(error)[:60]!r}"
    return float(score), f"loss {before:.3g} to {after:.3g}"


def verified(program, seed=SEED):
    """A line of the table and whether it is as claimed."""
    score, note = reached(program, program.corrected, seed=seed)
    fine = score >= program.learns.bar
    if program.faulty is None:
        return f"{'':9}{score:9.3f}", note, fine
    right = program.corrected(seed)[2]
    faulty, its_note = reached(program, program.faulty, right, seed)
    worse = not np.isfinite(faulty) or faulty < program.learns.bar - MARGIN
    fine = fine and (worse or bool(program.learns_anyway))
    return f"{faulty:9.3f}{score:9.3f}", f"{its_note}; {note}", fine


def main(chosen):
    warnings.simplefilter("ignore")
    bad = []
    print(f"# {keras.backend.backend()}, Keras {keras.__version__}, seed {SEED}")
    print(f"# {'program':44}{'bar':>6}{'faulty':>9}{'corrected':>9}  seconds, losses")
    for program in programs_of(*chosen):
        if keras.backend.backend() in program.not_on:
            continue
        start = time.perf_counter()
        scores, note, fine = verified(program)
        took = time.perf_counter() - start
        label = f"{program.group}: {program.name}"
        mark = " " if fine else "!"
        print(
            f"{mark} {label:44}{program.learns.bar:6.2f}{scores}  {took:.0f} s, {note}",
            flush=True,
        )
        if not fine:
            bad.append(program.name)
        keras.backend.clear_session()
    print(f"# not as claimed: {bad}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
