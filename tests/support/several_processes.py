"""Starts several processes that work together, and ends all of them, whatever happens.

The processes talk to one another on ports of the loopback. Where one dies, the others
would wait for it: they are ended, too, and the error tells what each of them printed.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support import fresh

LIMIT = 120  # seconds
GRACE = 5  # seconds that the others have to end by themselves, and to say why
PATH = os.pathsep.join([str(fresh.ROOT), str(fresh.ROOT / "tests")])
QUIET = {"PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3"}


class Failed(AssertionError):
    """A process ended badly or not in time; says what all of them printed."""


def free_ports(count):
    """Ports of the loopback that nobody listens on, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _end(processes):
    """Kills each process with all that it has started."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(processes, seconds):
    """What went wrong, in words; None if all processes ended well."""
    end = time.monotonic() + seconds
    failed = None
    while any(process.poll() is None for process in processes):
        if time.monotonic() > end:
            return failed or f"not done after {seconds} s"
        bad = [i for i, one in enumerate(processes) if one.poll() not in (None, 0)]
        if bad and failed is None:
            failed = f"process {bad[0]} ended with {processes[bad[0]].returncode}"
            end = min(end, time.monotonic() + GRACE)
        time.sleep(0.05)
    codes = [process.returncode for process in processes]
    if failed is None and any(codes):
        failed = f"the processes ended with {codes}"
    return failed


def together(commands, environments=(), seconds=LIMIT):
    """What several processes print, which run at the same time.

    Args:
        commands: For each process the arguments of Python.
        environments: For each process the variables that differ from this one's; by
            default none.
        seconds: After which all are ended.

    Returns:
        For each process its standard output.

    Raises:
        Failed: If one ends badly, or they are not done in time. None is left running,
            nor anything that they have started.
    """
    environments = environments or [{}] * len(commands)
    processes, files = [], []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for i, (words, own) in enumerate(zip(commands, environments, strict=True)):
                path = Path(folder, str(i))
                files.append(path)
                with path.open("wb") as out, Path(f"{path}.errors").open("wb") as err:
                    process = subprocess.Popen(
                        [sys.executable, *map(str, words)],
                        env=os.environ | QUIET | {"PYTHONPATH": PATH} | own,
                        stdin=subprocess.DEVNULL,
                        stdout=out,
                        stderr=err,
                        start_new_session=True,  # a group, which is killed as a whole
                    )
                processes.append(process)
            failed = _wait(processes, seconds)
        finally:
            _end(processes)
        printed = [path.read_text(errors="replace") for path in files]
        if failed is not None:
            told = [
                f"process {i} ({process.returncode}) printed:\n{out[-3000:]}"
                + Path(f"{path}.errors").read_text(errors="replace")[-3000:]
                for i, (process, path, out) in enumerate(
                    zip(processes, files, printed, strict=True)
                )
            ]
            raise Failed("\n".join([failed, *told]))
    return printed


def found(printed):
    """The JSON that each process printed on its last line."""
    return [json.loads(one.splitlines()[-1]) for one in printed]
