"""Does a diagnosis foretell what learns, and do its fixes heal?

Usage: `python benchmarks/foretelling.py [--networks 200] [--first 2000] [--quick]`.
Networks of `random_networks.py` are diagnosed at their own starts, and trained as
`trainability.py` does, from these starts and after the fix of the gravest finding. The
limits of `keras_inits/diagnosis/thresholds.py` were set by networks 0 to 156 and 1000
to 1147; those from 2000 on set none. A network learns if the best of three learning
rates gets more than half of the test digits right. Resumable: see `trainability.py`.
Prints JSON, and tables to standard error.
"""

import json
from typing import Any

import common
import trainability
import trainability_summary as summary

FIRST = 2000  # below, networks that limits were set by
LEVELS = {"healthy": 0, "suspicious": 1, "unhealthy": 2}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _by_finding(judged: list[Any], learns: dict[int, bool]) -> dict[str, Any]:
    """Of each kind and severity: how many networks have it, and how many learn.

    Alone: those in which no finding of another kind is as severe.
    """
    found: dict[str, Any] = {}
    for one in judged:
        severe = [(kind, level) for kind, level, _ in one["findings"]]
        for kind, level in dict.fromkeys(severe):
            if level == "info":
                continue
            key = f"{kind}, {level}"
            entry = found.setdefault(
                key, {"networks": 0, "learn": 0, "alone": 0, "learn alone": 0}
            )
            others = {
                k for k, other in severe if k != kind and other in (level, "error")
            }
            learnt = learns[one["seed"]]
            entry["networks"] += 1
            entry["learn"] += learnt
            entry["alone"] += not others
            entry["learn alone"] += learnt and not others
    return dict(sorted(found.items()))


def of(records: list[Any]) -> dict[str, Any]:
    """What the verdicts foretold, and what became of networks after their fixes.

    Args:
        records: Of the arms "own" and "fixes", as `trainability.py` makes them.
    """
    learns = {
        one["seed"]: one["accuracy"] > summary.LEARNS
        for one in records
        if one["arm"] == "own"
    }
    judged = [r for r in records if r["arm"] == "fixes" and r["seed"] in learns]
    levels = [LEVELS[one["verdict"]] for one in judged]
    learnt = [learns[one["seed"]] for one in judged]
    named = {
        verdict: [one for one in judged if one["verdict"] == verdict]
        for verdict in LEVELS
    }
    ill, well = named["unhealthy"], named["healthy"]
    failing = [one for one in judged if not learns[one["seed"]]]
    healed = [one for one in ill if one["accuracy"] > summary.LEARNS]
    return {
        "networks": len(judged),
        "learn": sum(learnt),
        "area under ROC": summary.area(levels, learnt),
        "verdicts": {
            verdict: {
                "networks": len(of_it),
                "learn": sum(learns[o["seed"]] for o in of_it),
            }
            for verdict, of_it in named.items()
        },
        "precision of unhealthy": _share(
            sum(not learns[one["seed"]] for one in ill), len(ill)
        ),
        "recall of unhealthy": _share(
            sum(not learns[one["seed"]] for one in ill), len(failing)
        ),
        "healthy that do not learn": [o["seed"] for o in well if not learns[o["seed"]]],
        "suspicious that do not learn": [
            o["seed"] for o in named["suspicious"] if not learns[o["seed"]]
        ],
        "unhealthy that learn": [o["seed"] for o in ill if learns[o["seed"]]],
        "unhealthy that learn after their fix": _share(len(healed), len(ill)),
        "not healed": [one["seed"] for one in ill if one not in healed],
        "findings": _by_finding(judged, learns),
        "seconds": round(sum(one["seconds"] for one in records), 1),
    }


def show(result: dict[str, Any]) -> None:
    """Tables, to standard error."""
    rows = [
        [verdict, str(entry["networks"]), str(entry["learn"])]
        for verdict, entry in result["verdicts"].items()
    ]
    title = (
        f"verdicts: area under ROC {result['area under ROC']}, "
        f"{result['unhealthy that learn after their fix']} of the unhealthy healed"
    )
    common.show(title, ["verdict", "networks", "learn"], rows)
    rows = [
        [
            key,
            *(
                f"{e[a]}/{e[b]}"
                for a, b in (("learn", "networks"), ("learn alone", "alone"))
            ),
        ]
        for key, e in result["findings"].items()
    ]
    common.show("what learns with a finding", ["finding", "learn", "alone"], rows)


def main() -> None:
    """Measures, or merges what was measured, and sums up."""
    parser = trainability.arguments(__doc__)
    parser.set_defaults(
        first=FIRST,
        arms=["own", "fixes"],
        out=common.RESULTS / "foretelling.jsonl",
    )
    options = parser.parse_args()
    header = common.header("foretelling", options.quick)
    records = (
        summary.read(options.merge) if options.merge else trainability.run(options)
    )
    result = header | of(records)
    if options.output:
        common.write(options.output, result)
    show(result)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
