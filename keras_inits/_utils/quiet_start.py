"""Keeps TensorFlow's start-up messages off the terminal when a command is run.

Some are written before TensorFlow reads `TF_CPP_MIN_LOG_LEVEL`. So a command imports
Keras, and with it the backend, while standard error leads to a file. Where the user set
that variable to 0, and in Python programs, nothing is changed.
"""

import contextlib
import os
import pathlib
import sys
import tempfile
from collections.abc import Iterator, Sequence


def is_command(argv: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether the process is `python -m keras_inits ...` or `keras-inits ...`.

    Args:
        argv: `sys.argv`; begins with "-m" as long as Python looks for that module.
        whole: `sys.orig_argv`, which has the module's name, too.
    """
    program = pathlib.Path(argv[0]).stem if argv else ""
    by_module = program == "-m" and "keras_inits" in whole
    return by_module or program == "keras-inits"


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Context in which what is written to standard error is shown only on failure.

    It is kept by the file descriptor, as libraries in C++ write to that.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        except BaseException:
            file.seek(0)
            os.write(terminal, file.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)


command = is_command(sys.argv, sys.orig_argv)
if command and os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") != "0":
    with quiet_stderr():
        import keras  # noqa: F401
