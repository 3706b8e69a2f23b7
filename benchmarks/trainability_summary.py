"""From the records of `trainability.py` to counts and tables."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import common

LEARNS = 0.5  # accuracy on the test digits above which a network learns
WORST = {None: 0, "info": 1, "warning": 2, "error": 3}


def read(files: Iterable[Path]) -> list[Any]:
    """Records, the last of each network and arm; a last line cut short is left out."""
    found = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                one = json.loads(line)
            except json.JSONDecodeError:
                continue
            found[one["seed"], one["arm"]] = one
    return [found[key] for key in sorted(found)]


def area(scores: list[int], learns: list[bool]) -> float | None:
    """Area under the ROC curve of a score that is high where a network does not learn.

    Returns:
        How often one that does not learn has the higher score than one that does; ties
        count half. None if there are none of either.
    """
    pairs = list(zip(scores, learns, strict=True))
    good = [score for score, learnt in pairs if learnt]
    bad = [score for score, learnt in pairs if not learnt]
    if not good or not bad:
        return None
    wins = sum((b > g) + (b == g) / 2 for b in bad for g in good)
    return round(wins / (len(good) * len(bad)), 4)


def _arm(records: list[Any], own: dict[int, bool]) -> dict[str, Any]:
    """What became of the networks from one start."""
    learns = {one["seed"]: one["accuracy"] > LEARNS for one in records}
    kinds: dict[str, Any] = {}
    for one in records:
        kind = kinds.setdefault(
            one["network"]["kind"], {"networks": 0, "learn": 0, "do not learn": []}
        )
        kind["networks"] += 1
        if learns[one["seed"]]:
            kind["learn"] += 1
        else:
            kind["do not learn"].append(one["seed"])
    count = sum(learns.values())
    return {
        "networks": len(records),
        "learn": count,
        "percent": round(100 * count / len(records), 1),
        "mean accuracy": round(
            sum(one["accuracy"] for one in records) / len(records), 4
        ),
        "learned before, not now": [
            seed for seed, learnt in learns.items() if own.get(seed) and not learnt
        ],
        "learn only now": sum(
            learnt and not own.get(seed, True) for seed, learnt in learns.items()
        ),
        "kinds": dict(sorted(kinds.items())),
        "errors": {one["seed"]: one["error"] for one in records if "error" in one},
        "seconds": round(sum(one["seconds"] for one in records), 1),
    }


def of(records: list[Any]) -> dict[str, Any]:
    """The summary: an entry per arm, and how well the diagnosis of own starts tells."""
    own = [one for one in records if one["arm"] == "own"]
    learns = {one["seed"]: one["accuracy"] > LEARNS for one in own}
    names = dict.fromkeys(["own", *(one["arm"] for one in records)])
    arms = {}
    for name in names:
        of_arm = [one for one in records if one["arm"] == name]
        if of_arm:
            arms[name] = _arm(of_arm, learns)
    verdicts: dict[str, Any] = {}
    judged = [one for one in records if "verdict" in one and one["seed"] in learns]
    for one in judged:
        entry = verdicts.setdefault(one["verdict"], {"networks": 0, "learn": 0})
        entry["networks"] += 1
        entry["learn"] += learns[one["seed"]]
    scores = [WORST[one["worst"]] for one in judged]
    learnt = [learns[one["seed"]] for one in judged]
    return {
        "steps": records[0]["steps"] if records else None,
        "arms": arms,
        "verdicts of own starts": verdicts,
        "area under ROC": area(scores, learnt),
    }


def show(result: dict[str, Any]) -> None:
    """Tables of a summary, to standard error."""
    rows = []
    for name, arm in result["arms"].items():
        kinds = arm["kinds"].items()
        shares = ", ".join(f"{k} {v['learn']}/{v['networks']}" for k, v in kinds)
        rows.append(
            [
                name,
                f"{arm['learn']}/{arm['networks']}",
                f"{arm['percent']} %",
                f"{arm['mean accuracy']:.3f}",
                str(arm["learn only now"]),
                str(len(arm["learned before, not now"])),
                shares,
            ]
        )
    columns = ["start", "learn", "", "accuracy", "only now", "no longer", "by kind"]
    common.show("networks that learn", columns, rows)
    lost = [
        [name, kind, " ".join(map(str, entry["do not learn"]))]
        for name, arm in result["arms"].items()
        for kind, entry in arm["kinds"].items()
    ]
    common.show("networks that do not", ["start", "kind", "seeds"], lost)
    verdicts = [
        [verdict, f"{entry['learn']}/{entry['networks']}"]
        for verdict, entry in result["verdicts of own starts"].items()
    ]
    title = f"verdict on own starts: area under ROC {result['area under ROC']}"
    common.show(title, ["verdict", "learn"], verdicts)
