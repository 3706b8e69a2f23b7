"""The table of hits and false alarms, printed at the end of a run."""


def pytest_terminal_summary(terminalreporter):
    """Prints what was found in each network."""
    rows = []
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                rows += [v for n, v in report.user_properties if n == "network"]
    if not rows:
        return
    terminalreporter.section("networks of known illness and health")
    for row in sorted(rows):
        terminalreporter.write_line(row)
    ill = [row for row in rows if row.startswith("ill")]
    well = [row for row in rows if row.startswith("healthy")]
    hits = sum(" hit " in row for row in ill)
    alarms = sum(" FALSE ALARM " in row for row in well)
    terminalreporter.write_line(
        f"{hits} of {len(ill)} illnesses found, {alarms} false alarms in {len(well)} "
        "healthy networks"
    )
