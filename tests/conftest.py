"""What all tests share: the backend, chosen before Keras is imported, and markers."""

import os

import pytest

from support import figures

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
BACKENDS = {"tensorflow", "jax", "torch"}


def pytest_report_header():
    """The backend and the version of Keras, on the first lines of a run."""
    import keras

    return f"keras {keras.version()} on {keras.backend.backend()}"


def pytest_addoption(parser):
    """`--figures PATH`, for the table of what the schemes' properties measured."""
    figures.add_option(parser)


@pytest.fixture
def figure(request):
    """Asserts a figure of a scheme and keeps it for the table."""
    return figures.recorder(request.node)


@pytest.hookimpl(tryfirst=True)  # before fixtures are made
def pytest_runtest_setup(item):
    """Skips what is marked for other backends than that of this run."""
    import keras

    here = keras.backend.backend()
    for marker in item.iter_markers("backend"):
        assert BACKENDS.issuperset(marker.args), f"no backend: {marker.args}"
        if here not in marker.args:
            pytest.skip(f"for {' and '.join(marker.args)}; this is Keras on {here}")


def pytest_terminal_summary(terminalreporter):
    """The table of hits and false alarms of `diagnose`, where its tests ran."""
    figures.write(terminalreporter)
    rows = []
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                rows += [v for n, v in report.user_properties if n == "network"]
    if not rows:
        return
    terminalreporter.section("networks known to be unhealthy, or healthy")
    for row in sorted(rows):
        terminalreporter.write_line(row)
    unhealthy = [row for row in rows if row.startswith("unhealthy")]
    healthy = [row for row in rows if row.startswith("healthy")]
    hits = sum(" hit " in row for row in unhealthy)
    alarms = sum(" FALSE ALARM " in row for row in healthy)
    terminalreporter.write_line(
        f"{hits} of {len(unhealthy)} faults found, "
        f"{alarms} false alarms in {len(healthy)} "
        "healthy networks"
    )
