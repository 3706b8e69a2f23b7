"""Installs a built release in a fresh environment with one backend, and tries it.

    python .ci/install_matrix.py dist/*.whl --python python3.12 --backend jax

prints a line of JSON. For TensorFlow the file is installed as a user does. For JAX and
PyTorch it is installed without what it asks for, as `tensorflow` is among that, and the
rest is installed by name: what README.md tells a user of these to type. The environment
lies in a temporary folder, and is removed.
"""

import argparse
import configparser
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"jax": "jax", "torch": "torch"}


def requirements():
    """What the package needs, but for TensorFlow."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    needs = config["options"]["install_requires"].split()
    assert "tensorflow" in needs
    return [need for need in needs if need != "tensorflow"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("release", type=Path, help="the wheel or the sdist")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--backend", choices=["tensorflow", *PACKAGES], required=True)
    parser.add_argument("--package", help="of the backend, such as torch==2.13.0")
    given = parser.parse_args()
    release, begin = given.release.resolve(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
        environment = {k: v for k, v in os.environ.items() if k not in hidden}
        environment |= {"KERAS_BACKEND": given.backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment |= {"KERAS_HOME": folder, "PIP_NO_CACHE_DIR": "1"}

        def run(*words):
            done = subprocess.run(
                [*map(str, words)],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise SystemExit((done.stdout + done.stderr)[-4000:])
            return done.stdout

        run(given.python, "-m", "venv", f"{folder}/venv")
        python = f"{folder}/venv/bin/python"
        install = python, "-m", "pip", "install", "--quiet", "--no-compile"
        if given.backend == "tensorflow":
            run(*install, release)
        else:
            package = given.package or PACKAGES[given.backend]
            run(*install, package, *requirements())
            run(*install, "--no-deps", release)
        installed = time.perf_counter() - begin
        program = ROOT / "tests" / "support" / "installed_package.py"
        said = run(python, "-P", program, ROOT / "tests" / "golden", folder)
        found = json.loads(said.splitlines()[-1])
        assert found["frameworks"] == [given.backend], found
        command = run(f"{folder}/venv/bin/keras-inits", "list")
        assert "he_fan_in" in command
    print(json.dumps({"file": release.name, "installed in": round(installed)} | found))


if __name__ == "__main__":
    main()
