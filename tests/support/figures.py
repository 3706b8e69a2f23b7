"""Figures of schemes: what a property's test measured, allowed, and found of a twin.

A test calls the fixture `figure`; `--figures PATH` writes the table of a run. No Keras
here: `conftest.py` imports this before a backend is chosen.
"""

import math
from pathlib import Path

COMMAND = 'python -m pytest tests/initializers -m "" --figures docs/properties.md'
HEAD = f"""# What defines each scheme

Written by `{COMMAND}`.

Each row is a property that a test measures. The figure must be below the tolerance,
or 0 where that is 0; that of a wrong twin, a law that is nearly the scheme's, must be
above it. Of several cases both are those nearest to their tolerance; that of the twin
is in brackets where it differs. "Moments and distribution" are the errors of mean, std
and distribution function, the largest over what chance allows once in 1.7 million.

| scheme | what is measured | figure | tolerance | of the twin |
|---|---|---|---|---|
"""


def add_option(parser):
    """The option that asks for the table."""
    parser.addoption("--figures", metavar="PATH", help="write the table of figures")


def below(value, tolerance):
    """Whether a figure is allowed: NaN is not."""
    return value < tolerance or value == tolerance == 0


def recorder(node):
    """What a test calls with a figure, to assert and to keep it."""

    def figure(scheme, what, value, tolerance, twin=None, beyond=0.0):
        """Asserts that a figure is below its tolerance, and a twin's above it.

        Args:
            scheme: Its registered name.
            what: What is measured, in a few words.
            value: The scheme's.
            tolerance: What `value` must be below; 0 for values that must be equal.
            twin: The same of a wrong law; None for a case without one.
            beyond: What `twin` must be above, if that is more than the tolerance.
        """
        value, tolerance = float(value), float(tolerance)
        other = None if twin is None else float(twin)
        row = [scheme, what, value, tolerance, other]
        node.user_properties.append(("figure", row))
        assert below(value, tolerance), f"{scheme}: {what}: {value} for {tolerance}"
        if other is not None:
            least = max(tolerance, beyond)
            assert other > least, f"twin of {scheme}: {what}: {other} for {least}"

    return figure


def _share(value, tolerance):
    """Of the tolerance; where that is 0 the value itself."""
    return value / tolerance if tolerance else value


def _text(value, digits=2):
    """A few digits, and few zeros."""
    return f"{float(f'{value:.{digits}g}'):.6g}"


def table(rows):
    """Markdown, a row for each scheme and property."""
    grouped = {}
    for scheme, what, value, tolerance, twin in rows:
        grouped.setdefault((scheme, what), []).append((value, tolerance, twin))
    lines = []
    for (scheme, what), cases in sorted(grouped.items()):
        value, tolerance, _ = max(cases, key=lambda case: _share(*case[:2]))
        others = [(t, allowed) for _, allowed, t in cases if t is not None]
        twin, allowed = min(others, key=lambda c: _share(*c), default=(math.nan,) * 2)
        shown = "" if math.isnan(twin) else _text(twin)
        limit, other = _text(tolerance, 3), _text(allowed, 3)
        if shown and other != limit:
            shown += f" ({other})"
        cells = [f"`{scheme}`", what, _text(value), limit, shown]
        lines.append("| " + " | ".join(cells) + " |\n")
    return HEAD + "".join(lines)


def write(reporter):
    """The table of the tests that passed, where `--figures` says."""
    path = reporter.config.getoption("--figures")
    if path:
        reports = reporter.stats.get("passed", [])
        found = [row for r in reports for n, row in r.user_properties if n == "figure"]
        Path(path).write_text(table(found), encoding="utf-8")
