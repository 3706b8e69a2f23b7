"""Writes or checks the golden values: `python -m tests.golden [--write]`.

The configs of a release are written once; only those of new schemes are added.

To be run with `--write` for a new scheme, or when drawn values are meant to change,
which a user then finds in the change log. Any backend writes the same files.
"""

import argparse
import json
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
for folder in (TESTS.parent, TESTS, TESTS / "initializers"):
    sys.path.insert(0, str(folder))

import test_golden  # noqa: E402
import test_golden_configs  # noqa: E402


def main():
    """Compares every draw with its file, or writes the files."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the files anew")
    write = parser.parse_args().write
    changed = []
    for name in test_golden.CASES:
        found = test_golden.record(name)
        if not test_golden.path(name).exists() or not test_golden.agree(
            found, test_golden.load(name)
        ):
            changed.append(name)
            if write:
                test_golden.save(name, found)
    configs = test_golden_configs.PRESENT
    kept = test_golden_configs.load(configs) if configs.exists() else None
    extended = test_golden_configs.extended(kept)
    if extended != kept:
        changed.append(configs.name)
        if write:
            text = json.dumps(extended, indent=1)
            configs.write_text(text + "\n", encoding="utf-8")
    verb = "written" if write else "different"
    print(f"{verb}: {', '.join(changed) or 'none'}; of {len(test_golden.CASES)}")
    return 1 if changed and not write else 0


if __name__ == "__main__":
    raise SystemExit(main())
