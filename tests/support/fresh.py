"""Other processes: code run by a new interpreter, which has imported nothing."""

import os
import subprocess
import sys
import textwrap

import keras_inits

PARENT = os.path.dirname(os.path.dirname(os.path.abspath(keras_inits.__file__)))


def run(code, *arguments, blocked=(), **environment):
    """What `code` prints.

    Args:
        code: Python source; `sys.argv[1:]` are `arguments`.
        arguments: Strings.
        blocked: Packages that are not found, as if they were not installed.
        environment: Variables that differ from this process's.
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
    path = os.pathsep.join(filter(None, [PARENT, os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", source, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout
