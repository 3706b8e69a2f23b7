"""The config in an .h5 file, read and written in another process.

HDF5 is a library in C, which a damaged file can make hang, crash or ask for all memory,
and no exception of Python's ends that. So this file is run as a program, which is ended
in time, and then the file is a damaged one. It imports h5py only, to start fast.
"""

import faulthandler
import json
import os
import pathlib
import subprocess
import sys

ATTRIBUTE = "model_config"
SECONDS = 3  # for a read of a few blocks of the file
START = 60  # seconds in which h5py is imported, also on a slow disk
MEMORY = 1 << 30  # bytes, besides what h5py takes
DAMAGED = "It is no .h5 file, or a damaged one"
LONGEST = 200  # characters of HDF5's words in a message


def _run(action: str, path: pathlib.Path, text: bytes = b"") -> bytes:
    """What this program prints.

    Raises:
        ValueError: If it fails, or is ended.
    """
    search = json.dumps(sys.path).encode()  # packages are where they are for us
    program = [sys.executable, "-P", __file__, action, os.fspath(path)]
    try:
        done = subprocess.run(
            program,
            input=search + b"\n" + text,
            capture_output=True,
            check=False,
            timeout=START,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"{DAMAGED}: h5py is not there in time.") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        ended = done.returncode != 1 or said.startswith("Timeout")
        reason = "HDF5 found no end in it" if ended else said[-LONGEST:]
        raise ValueError(f"{DAMAGED}: {reason}.")
    return done.stdout


def read(path: pathlib.Path) -> bytes | None:
    """The config's text; None where the file has none.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is damaged.
    """
    with path.open("rb"):
        pass  # says in Python's words if it cannot be
    found = _run("read", path)
    return found[1:] if found[:1] == b"1" else None


def write(path: pathlib.Path, text: str) -> None:
    """Replaces the config's text, as Keras writes it.

    Raises:
        ValueError: If the file is damaged.
    """
    _run("write", path, text.encode("utf-8"))


def _limit_memory() -> None:
    """On Linux, where it is known how much there is already."""
    pages = pathlib.Path("/proc/self/statm")
    if pages.exists():
        import resource

        now = int(pages.read_text().split()[0]) * resource.getpagesize()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        wanted = now + MEMORY
        limit = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _main(action: str, path: str) -> None:
    search, _, text = sys.stdin.buffer.read().partition(b"\n")
    sys.path[:] = json.loads(search)
    import h5py

    _limit_memory()
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    if action == "write":
        with h5py.File(path, "r+") as file:
            file.attrs[ATTRIBUTE] = text
        return
    with h5py.File(path, "r") as file:
        found = file.attrs.get(ATTRIBUTE)
    faulthandler.cancel_dump_traceback_later()
    if isinstance(found, str):
        found = found.encode("utf-8", "surrogateescape")
    if isinstance(found, bytes):
        sys.stdout.buffer.write(b"1" + found)


if __name__ == "__main__":
    try:
        _main(*sys.argv[1:])
    except Exception as error:  # HDF5's errors are of any kind
        sys.exit(f"{error}")
