"""Trains every program and its twin, and prints how well each learns.

    PYTHONPATH=.:tests python tests/support/mistakes_kept/verify.py [PART OF A NAME]...

The last columns say "ok" where the twin reaches its bar and the faulty program stays
0.2 below the twin; "(why)" where a faulty program may learn, for the reason it states.
"""

import sys
import time

import keras

from support.mistakes_kept import HEALTHY, PROGRAMS
from support.mistakes_kept.skill import backend, shown, trained

SEED = 3


def _lowers(skill, twin):
    return isinstance(skill, str) or not skill > twin - 0.2  # nan is low


def _train(program, make):
    keras.backend.clear_session()
    made = make(SEED)
    return trained(made, program.score, program.epochs, program.batch_size)


def row(program):
    """Skills of a program and its twin, and whether they are as they should be."""
    start = time.time()
    corrected = _train(program, program.corrected)
    learns = not isinstance(corrected, str) and corrected >= program.bar
    verdict = "ok" if learns else "TWIN DOES NOT LEARN"
    faulty = ""
    if program.kinds:
        skill = _train(program, program.faulty)
        faulty = shown(skill)
        if not learns or not _lowers(skill, corrected):
            verdict += " (why)" if program.why else " FAULTY LEARNS"
    seconds = time.time() - start
    line = f"{program.group:8}{program.name:48}{faulty:>24}{shown(corrected):>8}"
    print(f"{line}{seconds:6.1f}s  {verdict}", flush=True)
    return program.group, learns, "LEARNS" not in verdict


def main(*parts):
    """Prints the table of all programs whose name or group contains a part."""
    print(f"keras {keras.version()} on {backend()}: faulty, corrected")
    chosen = [
        p
        for p in PROGRAMS + HEALTHY
        if not parts or any(part in f"{p.group}: {p.name}" for part in parts)
    ]
    rows = [row(program) for program in chosen]
    for group in dict.fromkeys(group for group, _, _ in rows):
        mine = [r for r in rows if r[0] == group]
        learn, low = sum(r[1] for r in mine), sum(r[2] for r in mine)
        print(f"{group}: {len(mine)}, corrected learn {learn}, as they should {low}")


if __name__ == "__main__":
    main(*sys.argv[1:])
