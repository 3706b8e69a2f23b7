"""Two processes in one, each a thread, which tell each other what processes would."""

import threading

import numpy as np

from keras_inits.models import in_step

SECONDS = 10  # that one waits for the other


def two_processes(monkeypatch, *calls):
    """What two processes that share a model raise, each None if nothing.

    Where one waits for the other in vain it raises `threading.BrokenBarrierError`.

    Args:
        monkeypatch: The fixture.
        calls: What process 0 and process 1 call, with models of their own.
    """
    barrier = threading.Barrier(2, timeout=SECONDS)
    number = {}
    rows, errors = [None, None], [None, None]

    def exchanged(row):
        rows[number[threading.get_ident()]] = row
        barrier.wait()
        told = np.stack(rows)
        barrier.wait()  # before either tells more
        return told

    def run(own):
        number[threading.get_ident()] = own
        try:
            calls[own]()
        except BaseException as error:
            errors[own] = error
        if isinstance(errors[own], threading.BrokenBarrierError):
            barrier.abort()

    monkeypatch.setattr(in_step, "_exchanged", exchanged)
    monkeypatch.setattr(in_step, "is_shared", lambda model: model is not None)
    threads = [threading.Thread(target=run, args=(own,)) for own in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors
