"""NumPy's matrix products on one thread, beside a backend that uses them all."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import threadpoolctl


@contextlib.contextmanager
def numpy_on_one_thread() -> Iterator[None]:
    """Context in which NumPy multiplies matrices on the calling thread alone.

    Its library's other threads wait for more in a loop after each product, and take
    the cores from the backend: a pass took twice the processor's time. Libraries that
    others brought along are left as they are.
    """
    homes = {path.name for path in Path(np.__file__).parents[1].glob("numpy*")}
    pools = threadpoolctl.ThreadpoolController()
    own = [
        pool.filepath
        for pool in pools.lib_controllers
        if pool.user_api == "blas" and homes & set(Path(pool.filepath).parts)
    ]
    with pools.select(filepath=own).limit(limits=1):
        yield
