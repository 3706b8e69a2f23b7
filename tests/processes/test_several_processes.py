"""What starts several processes ends them all, and tells what each of them said."""

import os
import time

import pytest

from support.several_processes import Failed, found, free_ports, together

WAITS = (
    "import subprocess, sys, time; print('waiting', flush=True); {}; time.sleep(600)"
)
CHILD = "c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"


def is_running(number):
    """Whether a process is there, and is no zombie."""
    try:
        with open(f"/proc/{number}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def ends(number):
    """Whether a process that was killed is gone, once the system has come to it."""
    end = time.monotonic() + 10
    while is_running(number) and time.monotonic() < end:
        time.sleep(0.05)
    return not is_running(number)


def told_by(*codes, seconds=60):
    """The error of processes that run these lines, and how long it took."""
    begin = time.monotonic()
    with pytest.raises(Failed) as caught:
        together([["-c", code] for code in codes], seconds=seconds)
    return str(caught.value), time.monotonic() - begin


def test_each_process_has_its_output_and_its_environment():
    code = "import json, os, sys; print('first'); print(json.dumps(os.environ['MINE']))"
    own = [{"MINE": "a"}, {"MINE": "b"}]
    printed = together([["-c", code]] * 2, own)
    assert found(printed) == ["a", "b"]
    assert [one.splitlines()[0] for one in printed] == ["first", "first"]


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks for processes in /proc")
def test_the_partner_of_a_process_that_dies_is_ended_with_its_children(tmp_path):
    file = tmp_path / "numbers"
    tell = (
        f"open({str(file)!r}, 'w').write(f'{{c.pid}} {{__import__(\"os\").getpid()}}')"
    )
    dies = (
        f"import os, signal, sys, time\nwhile not os.path.exists({str(file)!r}): "
        "time.sleep(0.05)\n"
        "print('the last words', flush=True)\nprint('of trouble', file=sys.stderr)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    error, seconds = told_by(WAITS.format(f"{CHILD}; {tell}"), dies)
    assert seconds < 30  # not the 60 of the limit
    assert "process 1 ended with -9" in error
    assert "the last words" in error
    assert "of trouble" in error
    assert "waiting" in error
    child, partner = map(int, file.read_text().split())
    assert child != partner
    assert ends(partner)
    assert ends(child)


def test_processes_that_are_late_are_ended():
    error, seconds = told_by(WAITS.format("0"), "print('done')", seconds=3)
    assert 3 <= seconds < 20
    assert "not done after 3 s" in error
    assert "waiting" in error
    assert "done" in error


def test_a_process_that_fails_fails_all_though_the_others_end_well():
    error, _ = told_by("print('well')", "raise SystemExit(3)")
    assert "3" in error.splitlines()[0]
    assert "well" in error


def test_free_ports_differ():
    assert len(set(free_ports(5))) == 5
