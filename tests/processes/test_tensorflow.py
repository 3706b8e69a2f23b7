"""TensorFlow's strategies: each replica and each worker has the weights of none."""

import json

import pytest

from support import tensorflow_processes
from support.several_processes import found, free_ports, together

pytestmark = [pytest.mark.backend("tensorflow"), pytest.mark.slow]  # processes
PROGRAM = tensorflow_processes.__file__
STEPS = ("built", "initialized", "calibrated")


@pytest.fixture(scope="module")
def alone():
    """What one process without a strategy tells."""
    return found(together([[PROGRAM, "none"]]))[0]


def once(hashes):
    """One hash for each weight, of which all replicas are equal."""
    assert all(len(set(replicas)) == 1 for replicas in hashes)
    return [replicas[0] for replicas in hashes]


def check(told, alone, replicas):
    """That a strategy's weights are equal to those without one."""
    assert told["kind"] == "MirroredVariable"
    for step in STEPS:
        assert {len(weight) for weight in told[step]} == {replicas}
        assert once(told[step]) == once(alone[step]), step
    # Twins: each step changes weights.
    assert once(told["built"]) != once(told["initialized"])
    assert once(told["initialized"]) != once(told["calibrated"])
    assert once(told["by hand"]) != once(told["calibrated"])
    assert told["unchanged"]
    assert told["diagnosed"] == alone["diagnosed"]
    # The model goes back to its start, and so does the optimizer.
    assert told["slots again"] == 0
    assert told["again"] == told["initialized"]


def test_replicas_of_one_process_are_equal_and_go_on_training(alone):
    (told,) = found(together([[PROGRAM, "mirrored"]]))
    check(told, alone, replicas=2)
    assert not set(once(told["fitted"])) & set(once(told["by hand"]))
    assert told["losses"][-1] < told["losses"][0]
    assert told["slots"] > 0


def test_workers_are_equal_and_take_a_step_by_hand(alone):
    ports = free_ports(2)
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    configs = [
        json.dumps({"cluster": cluster, "task": {"type": "worker", "index": i}})
        for i in range(2)
    ]
    environments = [{"TF_CONFIG": config} for config in configs]
    told = found(together([[PROGRAM, "workers"]] * 2, environments))
    assert told[0] == told[1]
    for own in told:
        check(own, alone, replicas=1)
