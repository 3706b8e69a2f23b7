"""PyTorch's processes: equal weights, though none is sent from one to another."""

import pytest

from support import torch_processes
from support.several_processes import found, free_ports, together

pytestmark = [pytest.mark.backend("torch"), pytest.mark.slow]  # processes
KERAS_S_OWN = 2  # the LSTM's recurrent kernel, by Keras's default, without a seed


@pytest.fixture(scope="module")
def told():
    """What one process tells, and what each of two does."""

    def ran(count):
        port = free_ports(1)[0]
        program = torch_processes.__file__
        return found(together([[program, count, i, port] for i in range(count)]))

    return [*ran(1), *ran(2)]


def test_schemes_with_a_seed_draw_the_same_in_each_process(told):
    """Twin: what Keras draws by itself differs."""
    own = [one["built"] for one in told]
    assert len({hashes.pop(KERAS_S_OWN) for hashes in own}) == 3
    assert own[0] == own[1] == own[2]


def test_initialize_gives_the_same_in_each_process(told):
    one, *two = [each["initialized"] for each in told]
    assert two == [one, one]
    assert one != told[0]["built"]


def test_a_step_in_distributed_data_parallel_keeps_processes_equal(told):
    """Twin: they were given other rows, and the mean gradient is not one process's."""
    one, first, second = told
    assert first["wrapped"] == first["initialized"]
    assert first["trained"] == second["trained"] != first["wrapped"]
    assert first["loss"] != second["loss"]
    assert first["trained"] != one["trained"]
