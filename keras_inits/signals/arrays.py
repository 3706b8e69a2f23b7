"""Arrays of every library that `fit` takes: their rows, as dense arrays."""

from typing import Any

import keras
import numpy as np


def is_array(x: Any) -> bool:
    """Whether something is an array, of whichever library."""
    return (hasattr(x, "shape") and hasattr(x, "dtype")) or hasattr(x, "__array__")


def dense(x: Any) -> Any:
    """An array whose zeros are left out, as one that has them."""
    if type(x).__name__ == "RaggedTensor":
        raise ValueError(
            "Rows must be of one length to be measured. Received: a RaggedTensor of "
            f"shape {x.shape}. Pass x.to_tensor()."
        )
    if type(x).__name__ == "SparseTensor":
        import tensorflow as tf

        return tf.sparse.to_dense(tf.sparse.reorder(x))
    if hasattr(x, "toarray"):  # SciPy's
        return x.toarray()
    return x.todense() if hasattr(x, "todense") else x  # JAX's


def leaves(structure: Any) -> list[Any]:
    """All that is in a structure, but for None."""
    return [x for x in keras.tree.flatten(structure) if x is not None]


def rows(name: str, structure: Any) -> int:
    """How many rows all arrays of a structure have.

    Raises:
        ValueError: If they are no arrays, or have different numbers of rows.
    """
    found = leaves(structure)
    counts = {np.shape(x)[0] for x in found if is_array(x) and len(np.shape(x))}
    shaped = all(is_array(x) and len(np.shape(x)) for x in found)
    if len(counts) == 1 and shaped:
        return int(counts.pop())
    if shaped and counts:
        shown = ", ".join(str(tuple(np.shape(x))) for x in found)
        raise ValueError(
            f"All arrays of `{name}` must have the same number of rows. Received: "
            f"{name} of shapes {shown}. Pass as many rows of each."
        )
    given = structure if not isinstance(structure, list | tuple | dict) else found[:1]
    raise ValueError(
        f"`{name}` must be an array whose first axis counts samples, or a list or dict "
        f"of such arrays. Received: {name}={given!r}. Pass numpy.array({name})."
    )


def cut_rows(x: Any, cut: slice) -> Any:
    """Some rows of an array of any library."""
    if x is None:
        return None
    if type(x).__name__ == "SparseTensor":
        import tensorflow as tf

        shape = [int(n) for n in x.shape]
        start = [cut.start, *[0] * (len(shape) - 1)]
        return tf.sparse.slice(x, start, [cut.stop - cut.start, *shape[1:]])
    if hasattr(x, "tocsr"):
        x = x.tocsr()
    return x.iloc[cut] if hasattr(x, "iloc") else x[cut]
