"""A kill at any moment leaves the old file or the new one."""

import json
import os
import random
import subprocess
import sys
import time
import zipfile

import pytest

import keras_inits
from support import fresh
from support.configs import a_config, of_ours

LOOP = """
import sys
from keras_inits.files.portable import portable
print("ready", flush=True)
while True:
    for name in ("ours", "theirs"):
        with open(f"{name}.keras", "rb") as file, open("in.keras", "wb") as new:
            new.write(file.read())
        portable("in.keras", "out.keras", overwrite=True)
"""


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_whole_file(tmp_path):
    """Two inputs whose members differ take turns; the target is one or the other."""
    config = json.dumps(a_config(of_ours("he_normal")))
    for name, size in (("ours", 3_000_000), ("theirs", 9_000_000)):
        with zipfile.ZipFile(tmp_path / f"{name}.keras", "w") as archive:
            archive.writestr("config.json", config)
            archive.writestr("model.weights.h5", os.urandom(size))
    keras_inits.portable(tmp_path / "ours.keras", tmp_path / "out.keras")
    whole = {}
    for name in ("ours", "theirs"):
        with zipfile.ZipFile(tmp_path / f"{name}.keras") as archive:
            whole[archive.read("model.weights.h5")] = name
    generator, seen, left = random.Random(7), set(), 0
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", LOOP],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(fresh.ROOT)},
            stdout=subprocess.PIPE,
        )
        assert process.stdout.readline() == b"ready\n"
        time.sleep(generator.uniform(0, 0.3))
        process.kill()
        process.wait()
        process.stdout.close()
        with zipfile.ZipFile(tmp_path / "out.keras") as archive:
            seen.add(whole[archive.read("model.weights.h5")])
            assert "keras_inits" not in archive.read("config.json").decode()
        left += len(list(tmp_path.glob(".out*")))
    assert seen == {"ours", "theirs"}
    assert left  # some were killed on the way
