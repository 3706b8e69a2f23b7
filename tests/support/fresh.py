"""Other processes: commands, and code for an interpreter that has imported nothing."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]  # of the checkout, from which the package is imported


def command(*words, folder=None, seconds=300, **environment):
    """What a command prints; that it fails, fails the test readably.

    Args:
        words: The program and its arguments.
        folder: Where it starts; by default, where this process has.
        seconds: After which it is ended.
        environment: Variables that differ from this process's.
    """
    done = subprocess.run(
        [*map(str, words)],
        check=False,
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout


def python(*words, **options):
    """What Python prints: a script or `-m module`, and `options` as for `command`."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return command(sys.executable, *words, **{"PYTHONPATH": path} | options)


def run(code, *arguments, blocked=(), **options):
    """What `code` prints.

    Args:
        code: Python source; `sys.argv[1:]` are `arguments`.
        arguments: Strings.
        blocked: Packages that are not found, as if they were not installed.
        options: As for `command`.
    """
    blocker = f"""
        import sys
        class Without:
            def __init__(self, finder):
                self.finder = finder
            def find_spec(self, name, *rest):
                if name.split(".")[0] not in {tuple(blocked)!r}:
                    return self.finder.find_spec(name, *rest)
            def __getattr__(self, name):
                return getattr(self.finder, name)
        sys.meta_path[:] = map(Without, sys.meta_path)
        """
    source = textwrap.dedent(blocker) + textwrap.dedent(code)
    return python("-c", source, *arguments, **options)
