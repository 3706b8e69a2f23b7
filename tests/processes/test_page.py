"""The programs of `docs/several_processes.md` run, and both processes draw the same."""

import re

import pytest

from support import fresh
from support.several_processes import free_ports, together

pytestmark = pytest.mark.slow  # two processes
PAGE = fresh.ROOT / "docs" / "several_processes.md"
BLOCK = re.compile(
    r"^```py\n# KERAS_BACKEND=(\w+) (.*?)^```$", re.MULTILINE | re.DOTALL
)
PROGRAMS = dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param(name, marks=pytest.mark.backend(name))
        for name in ("jax", "tensorflow", "torch")
    ],
)
def test_a_program_of_the_page_draws_the_same_in_both_processes(backend, tmp_path):
    text = "# " + PROGRAMS[backend]
    for port, free in zip(("12345", "12346"), free_ports(2), strict=True):
        text = text.replace(port, str(free))
    file = tmp_path / "program.py"
    file.write_text(text, encoding="utf-8")
    own = {"KERAS_BACKEND": backend}
    if backend == "jax":
        own |= {"JAX_PLATFORMS": "cpu"}
        own |= {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    one, two = together([[file, 0], [file, 1]], [own] * 2)
    told = [printed.splitlines()[-1] for printed in (one, two)]
    assert told[0] == told[1]
    stds = eval(told[0], {"__builtins__": {}})
    assert len(stds) == 4
    # A kernel of he's or LeCun's kind, by 1024 draws; biases are zeros.
    assert 0.15 < stds[0] < 0.5
    assert stds[1] == 0
