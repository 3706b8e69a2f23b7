"""Draws under hard conditions, in a process of their own.

Usage: `python processes.py CASE`. Says "same" if every draw had the bits of a draw by
NumPy on one thread. In a file, because spawned workers must import the function that
they run; on Keras's NumPy backend, because other backends' threads may not be forked,
or, without the JAX that this backend needs, on TensorFlow, which starts them when used.
"""

import hashlib
import importlib.util
import multiprocessing
import os
import signal
import sys
import threading

if __name__ == "__main__":  # collecting doctests imports this file too
    has_jax = importlib.util.find_spec("jax") is not None
    os.environ["KERAS_BACKEND"] = "numpy" if has_jax else "tensorflow"
LIMIT = 240  # seconds after which a deadlock is taken for granted


def digest(number):
    """A hash of a draw that is large enough for several tasks, two types in turn."""
    from keras_inits import sampling
    from keras_inits.sampling.engines import host

    dtype = ("float32", "float16")[number % 2]
    distribution = sampling.truncated_normal(0.0, 1.0, 2.0)
    drawn = host.draw_on_host(
        distribution, (3, host.CHUNK + 7), dtype, sampling.Key(number, 1)
    )
    return hashlib.sha256(drawn.tobytes()).hexdigest()


def expected(numbers):
    """The hashes without Numba and without threads."""
    from unittest import mock

    from keras_inits.sampling import threads
    from keras_inits.sampling.engines import host

    with (
        mock.patch.object(host, "_numba_kernels", return_value=None),
        mock.patch.object(threads, "count", return_value=1),
    ):
        return [digest(number) for number in numbers]


def in_several_threads():
    """Eight Python threads that draw at once, several times each."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(digest, list(range(8)) * 3))
    return found == expected(range(8)) * 3


def in_forked_children():
    """Children of a process whose other threads are busy drawing."""
    wanted = expected(range(4))
    digest(0)  # Numba is loaded: no one may fork while another thread imports
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            digest(9)

    threads = [threading.Thread(target=busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    passed = True
    for _ in range(6):
        child = os.fork()
        if child == 0:
            signal.alarm(LIMIT)
            os._exit([digest(number) for number in range(4)] != wanted)
        passed &= os.waitpid(child, 0)[1] == 0
    stop.set()
    for thread in threads:
        thread.join()
    return passed and [digest(number) for number in range(4)] == wanted


def in_spawned_workers():
    """Fresh interpreters, as data loaders start them."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(digest, range(4))
    return found == expected(range(4))


def where_no_thread_starts():
    """As under a limit on processes, or in a browser."""

    def refused(thread):
        raise RuntimeError("can't start new thread")

    threading.Thread.start = refused
    return [digest(number) for number in range(2)] == expected(range(2))


def in_a_child_forked_before_the_first_draw():
    """As under a server that loads the code once and forks for each worker."""
    wanted = expected(range(2))
    child = os.fork()
    if child == 0:
        os._exit([digest(number) for number in range(2)] != wanted)
    return os.waitpid(child, 0)[1] == 0


def while_python_ends():
    """In a destructor that runs when no pool takes work any more."""
    import atexit

    wanted = expected([0, 2])
    passed = digest(0) == wanted[0]  # the pool exists
    # After the pools of `concurrent.futures` are shut down.
    atexit.register(lambda: print("same" if digest(2) == wanted[1] else "different"))
    return None if passed else False


def without_jit():
    """With Numba's compiler switched off for a debugger, where kernels take an hour."""
    os.environ["NUMBA_DISABLE_JIT"] = "1"
    signal.alarm(60)
    return [digest(number) for number in range(2)] == expected(range(2))


def without_numba():
    """On an interpreter for which there is no Numba."""
    sys.modules["numba"] = None
    from keras_inits.sampling.engines import host

    found = [digest(number) for number in range(2)]
    return host._numba_kernels() is None and found == expected(range(2))


def with_nowhere_to_write():
    """Where neither the package's folder nor the user's can hold machine code."""
    os.environ["NUMBA_CACHE_DIR"] = os.devnull
    return [digest(number) for number in range(2)] == expected(range(2))


CASES = [
    in_several_threads,
    in_forked_children,
    in_a_child_forked_before_the_first_draw,
    in_spawned_workers,
    where_no_thread_starts,
    while_python_ends,
    without_jit,
    without_numba,
    with_nowhere_to_write,
]

if __name__ == "__main__":
    if hasattr(signal, "alarm"):
        signal.alarm(LIMIT)
    passed = {case.__name__: case for case in CASES}[sys.argv[1]]()
    if passed is not None:
        print("same" if passed else "different")
