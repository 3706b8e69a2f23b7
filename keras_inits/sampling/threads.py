"""A small pool of threads that share a large draw, and that survives forks."""

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

# Held while Numba loads or compiles: a process must not fork in the midst of it.
no_fork = threading.Lock()


def count() -> int:
    """How many threads share a large draw; results do not depend on it."""
    return (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else (os.cpu_count() or 1)
    )


class _Pool:
    """A small pool of this process's own; a fork starts without it."""

    lock = threading.Lock()
    executor: ThreadPoolExecutor | None = None
    process: int | None = None

    @classmethod
    def get(cls) -> ThreadPoolExecutor:
        with cls.lock:
            if cls.executor is None or cls.process != os.getpid():
                cls.executor = ThreadPoolExecutor(count(), "keras_inits")
                cls.process = os.getpid()
            return cls.executor


def _forget_pool() -> None:
    # The lock may have been held by a thread that a forked child does not have.
    _Pool.lock, _Pool.executor = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
    os.register_at_fork(
        before=no_fork.acquire,
        after_in_parent=no_fork.release,
        after_in_child=no_fork.release,
    )


def in_parallel(task: Callable[[int], None], starts: range) -> None:
    """Calls `task` with every start, on as many threads as there are cores.

    Returns when all tasks have ended, and raises the first error of one.
    """
    if count() == 1:
        for start in starts:
            task(start)
        return
    left = deque(starts)
    ended: SimpleQueue[BaseException | None] = SimpleQueue()

    def work() -> None:
        while True:
            try:
                start = left.popleft()
            except IndexError:
                return
            try:
                task(start)
            except BaseException as error:
                ended.put(error)
            else:
                ended.put(None)

    try:
        for _ in range(min(count(), len(starts)) - 1):
            _Pool.get().submit(work)
    except RuntimeError:  # no more threads, or the interpreter is shutting down
        pass
    work()  # this thread fills too, so that all is filled whatever became of the others
    # Every task has ended, also those of a thread that `submit` has lost sight of.
    for error in [ended.get() for _ in starts]:
        if error is not None:
            raise error
