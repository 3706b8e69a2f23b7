"""A diagnosis as a test of a project's own."""

import pytest

from support.diagnosed import examples


def test_a_healthy_start_passes():
    examples.healthy().check()
    examples.healthy().check("warning")


def test_an_error_fails_with_all_that_helps():
    diagnosis = examples.vanishing()
    with pytest.raises(AssertionError) as failure:
        diagnosis.check()
    text = " ".join(str(failure.value).split())
    worst = diagnosis.findings[0]
    assert worst.severity == "error"
    assert diagnosis.verdict in text
    for words in (worst.message, worst.cause, worst.fix):
        assert " ".join(words.split()) in text


def test_a_warning_fails_only_where_asked_for():
    diagnosis = examples.suspicious()
    assert [f.severity for f in diagnosis.findings] == ["warning"]
    diagnosis.check("error")
    with pytest.raises(AssertionError, match="root mean square 900"):
        diagnosis.check("warning")


def test_infos_never_fail():
    diagnosis = examples.suspicious(severity="info")
    assert diagnosis.findings
    diagnosis.check("warning")


def test_severities_are_spelled_right():
    with pytest.raises(ValueError, match="fail_on='info'"):
        examples.healthy().check("info")
