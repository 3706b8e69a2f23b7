"""The programs of `docs/several_processes.md` run, and both processes draw the same.

That of `docs/large_models.md` runs on several devices, and each has a part of a kernel.
"""

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
LARGE = fresh.ROOT / "docs" / "large_models.md"
FOUR = {
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
}


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
        own |= FOUR
    one, two = together([[file, 0], [file, 1]], [own] * 2)
    if backend == "jax":  # of (16, 64), cut over two times four devices
        for printed in (one, two):
            assert printed.splitlines()[-2] == str([(16, 8)] * 4)
    told = [printed.splitlines()[-1] for printed in (one, two)]
    assert told[0] == told[1]
    stds = eval(told[0], {"__builtins__": {}})
    assert len(stds) == 4
    # A kernel of he's or LeCun's kind, by 1024 draws; biases are zeros.
    assert 0.15 < stds[0] < 0.5
    assert stds[1] == 0


@pytest.mark.backend("jax")
def test_the_model_over_many_devices_is_cut_as_the_page_says():
    (program,) = re.findall(
        r"^```python\n(.*?)^```$", LARGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    program += """
for weight in model.weights:
    print(weight.path, weight.value.sharding.shard_shape(weight.shape))
"""
    told = fresh.run(program, KERAS_BACKEND="jax", **FOUR).splitlines()[-4:]
    assert told == [  # kernels of (64, 256) and (256, 64)
        "sequential/wide/kernel (64, 64)",
        "sequential/wide/bias (256,)",
        "sequential/narrow/kernel (64, 64)",
        "sequential/narrow/bias (64,)",
    ]
