"""On JAX with two processes: a model cut over both has the weights of a whole one."""

import collections

import numpy as np
import pytest

from support import jax_processes
from support.several_processes import found, free_ports, together

pytestmark = [pytest.mark.backend("jax"), pytest.mark.slow]  # some processes each
CUT = {  # parts of each weight, by mesh; all others are whole on every device
    "embedding/embeddings": (8, 4),
    "attention/query/kernel": (8, 4),
    "attention/key/kernel": (8, 4),
    "attention/value/kernel": (8, 4),
    "attention/attention_output/kernel": (8, 4),
    "up/kernel": (8, 4),
    "up/bias": (8, 4),
    "down/kernel": (8, 4),
    "head/kernel": (8, 8),
}


def ran(folder, processes, mesh, task="steps"):
    """What each process told, and the parts it held: by step, path and index."""
    port = free_ports(1)[0]
    files = [folder / f"{mesh} {processes} {i}.npz" for i in range(processes)]
    printed = together(
        [
            [jax_processes.__file__, processes, i, port, mesh, file, task]
            for i, file in enumerate(files)
        ]
    )
    told, parts = found(printed), []
    for file, own in zip(files, told, strict=True):
        with np.load(file) as kept:
            parts.append({k: kept[str(i)] for i, k in enumerate(own.pop("keys"))})
    return told, parts


def whole_weights(parts):
    """Weights of which one process holds the whole, by step and path."""
    return {key.rsplit(" ", 1)[0]: value for key, value in parts.items()}


def cut_out(whole, key):
    """Of a whole weight, what the key of a part says."""
    name, index = key.rsplit(" ", 1)
    cuts = [slice(*map(int, cut.split(":"))) for cut in index.split(",")]
    return whole[name][tuple(cuts)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What is told on one device, and the weights there."""
    (told,), (parts,) = ran(tmp_path_factory.mktemp("whole"), 1, "whole")
    return told, whole_weights(parts)


@pytest.fixture(scope="module", params=["1x8", "2x4"])
def mesh(request):
    """The sizes of a mesh of eight devices."""
    return request.param


@pytest.fixture(scope="module")
def of_one_process(tmp_path_factory, mesh):
    """What one process with eight devices tells and holds."""
    told, parts = ran(tmp_path_factory.mktemp("one"), 1, mesh)
    return told[0], parts[0]


def test_two_processes_have_the_weights_of_one_and_of_one_device(
    mesh, tmp_path, whole, of_one_process
):
    told, both = ran(tmp_path, 2, mesh)
    one_told, one = of_one_process
    whole_told, whole = whole

    # Each process holds its four devices' parts, and no others.
    for parts in both:
        sizes = collections.Counter(key.rsplit(" ", 1)[0] for key in parts)
        for name, count in sizes.items():
            pieces = CUT.get(name.split(" ")[-1], (1, 1))[mesh == "2x4"]
            assert count == min(pieces, 4), name
            size = whole[name].size // pieces
            assert {
                part.size for key, part in parts.items() if key.startswith(f"{name} ")
            } == {size}, name
    assert both[0].keys() | both[1].keys() == one.keys()
    assert both[0].keys() != both[1].keys()

    for parts in both:
        for key, part in parts.items():
            if key.startswith(("built", "initialized")):
                np.testing.assert_array_equal(part, one[key], key)
                np.testing.assert_array_equal(part, cut_out(whole, key), key)
            elif key.startswith(("calibrated", "factorized")):  # other orders of sums
                tolerance = 1e-5 * abs(whole[key.rsplit(" ", 1)[0]]).max()
                assert abs(part - one[key]).max() <= tolerance, key
                assert abs(part - cut_out(whole, key)).max() <= tolerance, key
    # What both hold is the same in both.
    for key in both[0].keys() & both[1].keys():
        np.testing.assert_array_equal(both[0][key], both[1][key], key)
    assert told[0] == told[1]
    fingerprints = {one["fingerprint"] for one in [*told, one_told, whole_told]}
    assert len(fingerprints) == 1
    for path, std in one_told["stds"].items():
        assert told[0]["stds"][path] == pytest.approx(std, rel=1e-5, abs=1e-7), path

    # Twin: each step did change the weights.
    for one_step, other in [("built", "initialized"), ("initialized", "calibrated")]:
        kernel = "up/kernel"
        assert abs(whole[f"{one_step} {kernel}"] - whole[f"{other} {kernel}"]).max()


def test_what_one_process_does_wrong_changes_the_model_in_none(tmp_path):
    told, _ = ran(tmp_path, 2, "2x4", "refusals")
    for own in told:
        assert own.pop("unchanged")
        assert own.pop("changes")  # twin: with nothing wrong it does
        assert own.pop("in step") is None
    first, second = told
    for name in ("other rows", "other seed", "other rules"):
        assert first[name] == second[name]
        kind, words = first[name]
        assert kind == "ValueError"
        assert "others in process 1 than in process 0" in words, name
    assert "must hold numbers that are finite" in first["bad rows"][1]
    assert "a failure in process 0" in second["bad rows"][1]
    assert "a failure in process 1" in first["bad argument"][1]
    assert "`normalize`" in second["bad argument"][1]
    assert "a failure in process 1" in first["bad scheme"][1]
    assert "no such file" in second["bad scheme"][1]
    assert {own["interrupted"][0] for own in told} == {
        "RuntimeError",
        "KeyboardInterrupt",
    }
    assert "Writing failed in process 1" in first["interrupted"][1]


def test_diagnose_finds_the_same_in_both_processes(tmp_path):
    told, _ = ran(tmp_path, 2, "1x4", "diagnosis")
    (one,), _ = ran(tmp_path, 1, "whole", "diagnosis")
    assert told[0] == told[1]
    assert told[0]["same"]
    assert told[0]["verdict"] == one["verdict"]
    for name, size in one["rms"].items():
        assert told[0]["rms"][name] == pytest.approx(size, rel=1e-4)
