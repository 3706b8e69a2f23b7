"""Threads, forks, spawned workers, crippled interpreters: nothing hangs or differs."""

import os
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from keras_inits.sampling import threads as pool
from keras_inits.sampling.engines import host
from keras_inits.sampling.engines import numpy as plain_numpy
from support import fresh
from support import sampling_engines as engines
from support import sampling_processes as processes
from support.sampling_engines import DISTRIBUTIONS, KEY, on_numpy, same_bits

TESTS = Path(__file__).parents[1]
PATH = os.pathsep.join(map(str, [TESTS.parent, TESTS]))


def outcome(case, folder):
    """What a case says, in a fresh process."""
    environment = {"PYTHONPATH": PATH, "PYTHONWARNINGS": "ignore"}
    limit = processes.LIMIT + 30
    words = processes.__file__, case
    return fresh.python(*words, folder=folder, seconds=limit, **environment).strip()


@pytest.mark.slow  # a process for each
@pytest.mark.parametrize("case", [case.__name__ for case in processes.CASES])
def test_hard_conditions_change_no_bit(case, tmp_path):
    if "fork" in case and not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    assert outcome(case, tmp_path) == "same"


def test_the_outcome_is_different_when_one_draw_is(monkeypatch):
    """Twin: a case whose threads draw with another key is told."""
    true = processes.digest
    monkeypatch.setattr(processes, "digest", lambda n: true(n + (n == 7) * 100))
    digests = [processes.digest(n) for n in range(8)]
    monkeypatch.undo()
    assert digests[:7] == processes.expected(range(7))
    assert digests != processes.expected(range(8))


class Refusing:
    """An executor that takes one task and then no more, as without free threads."""

    def __init__(self, pool):
        self.pool, self.taken = pool, 0

    def submit(self, *task):
        """Raises what `ThreadPoolExecutor.submit` raises, on the second call."""
        if self.taken:
            raise RuntimeError("can't start new thread")
        self.taken += 1
        return self.pool.submit(*task)


@pytest.mark.parametrize("taken", [0, 1])
def test_a_draw_goes_on_when_threads_run_out(monkeypatch, taken):
    distribution, shape = DISTRIBUTIONS["truncated"], (4, host.CHUNK)
    with engines.threads(3):
        executor = Refusing(pool._Pool.get())
        executor.taken = 1 - taken
        monkeypatch.setattr(pool._Pool, "get", lambda: executor)
        drawn = host.draw_on_host(distribution, shape, "float32", KEY)
    assert same_bits(drawn, on_numpy(distribution, shape, "float32", KEY))


def test_nothing_is_written_after_the_draw_has_returned(monkeypatch):
    """A task that was accepted before threads ran out ends before the draw does.

    The tensor is its owner's from then on: a late task would undo what training wrote.
    """
    true, writing = plain_numpy.fill, threading.Event()
    ended = []

    def slow(*arguments):
        if threading.current_thread() is not threading.main_thread():
            writing.set()
            time.sleep(0.5)
        true(*arguments)
        ended.append(time.monotonic())

    monkeypatch.setattr(plain_numpy, "fill", slow)
    with engines.threads(2), engines.numpy_only():
        executor = Refusing(pool._Pool.get())
        monkeypatch.setattr(pool._Pool, "get", lambda: executor)
        drawn = host.draw_on_host(
            DISTRIBUTIONS["normal"], (4 * host.CHUNK,), "float32", KEY
        )
        returned = time.monotonic()
        kept = drawn.copy()
        drawn[:] = 0
        time.sleep(0.8)
    assert np.isfinite(kept).all()
    assert not drawn.any()
    assert max(ended) <= returned


def test_an_error_in_one_task_is_raised(monkeypatch):
    """Not swallowed by the thread, which would leave the tensor's memory as it was."""

    def failing(distribution, key, first, out):
        if first:
            raise MemoryError("no memory left")
        out[:] = 0

    monkeypatch.setattr(plain_numpy, "fill", failing)
    with engines.threads(2), engines.numpy_only(), pytest.raises(MemoryError):
        host.draw_on_host(DISTRIBUTIONS["normal"], (4 * host.CHUNK,), "float32", KEY)


def test_threads_share_the_first_load_of_numba(monkeypatch):
    """Several first draws at once load the kernels without a warning or an error."""
    host._numba_kernels.cache_clear()
    monkeypatch.setattr(host, "NUMBA_PAYS_FROM", 0)
    distribution, found = DISTRIBUTIONS["normal"], []

    def work():
        found.append(host.draw_on_host(distribution, (70_001,), "float32", KEY))

    threads = [threading.Thread(target=work) for _ in range(6)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    expected = on_numpy(distribution, (70_001,), "float32", KEY)
    assert len(found) == 6
    assert all(same_bits(drawn, expected) for drawn in found)
