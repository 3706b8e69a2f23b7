"""Batches from whatever `fit` takes: arrays, datasets, generators; or from nothing."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_inits._utils import checks
from keras_inits.signals import noise
from keras_inits.signals.arrays import cut_rows, dense, is_array, leaves, rows
from keras_inits.signals.sample_weights import of_classes, of_outputs

BATCH = noise.BATCH
NOISE = "white noise"  # the name of data that nobody passed
PARTS = ("x", "y", "sample_weight")  # of a batch


class Batch(NamedTuple):
    """What one step is given."""

    x: Any
    y: Any
    weight: Any
    notes: tuple[str, ...] = ()  # what was assumed to make it


def _is_input(model: keras.Model | None, x: Any) -> bool:
    """Whether something has the structure of a model's inputs."""
    try:
        keras.tree.assert_same_structure(model.input, x)  # type: ignore[union-attr]
    except (AttributeError, TypeError, ValueError):
        return False
    return True


def is_arrays(x: Any, model: keras.Model | None = None) -> bool:
    """Whether something is an array, or a structure of nothing but arrays and None.

    Args:
        x: Anything.
        model: Tells a list of tuples that are its inputs from a list of batches.
    """
    tuples = isinstance(x, list) and bool(x) and isinstance(x[0], tuple)
    if tuples and not _is_input(model, x):
        return False  # batches
    if isinstance(x, list | tuple | dict):
        members = [m for m in keras.tree.flatten(x) if m is not None]
        return bool(members) and all(map(is_array, members))
    return is_array(x)


def _is_text(array: np.ndarray) -> bool:
    """Whether an array is one of strings, on a backend that has such tensors."""
    if keras.backend.backend() != "tensorflow":
        return False
    return all(isinstance(one, str | bytes) for one in array.flat)


def to_tensor(x: Any, name: str = "x") -> Any:
    """An array of any library as a tensor of the backend."""
    x = dense(x)
    if keras.ops.is_tensor(x):
        return x
    if hasattr(x, "detach"):
        x = x.detach().cpu()
    array = np.asarray(x)
    if array.dtype.kind == "f" and array.dtype != keras.config.floatx():
        array = array.astype(keras.config.floatx())
    if array.dtype.kind in "OSU" and not _is_text(array):
        raise ValueError(
            f"`{name}` must hold numbers. Received: an array of type "
            f"{array.dtype}. Pass what the layers behind text or objects get."
        )
    return keras.ops.convert_to_tensor(array)


def tensors(structure: Any, name: str = "x") -> Any:
    """A structure of arrays as tensors of the backend."""
    return keras.tree.map_structure(
        lambda x: None if x is None else to_tensor(x, name), structure
    )


def as_tensors(batch: Batch) -> tuple[Any, Any, Any]:
    """Inputs, targets and weights of a batch as tensors of the backend."""
    x, y, weight = map(tensors, batch[:3], PARTS)
    return x, y, weight


def _from_arrays(given: Batch, batches: int, size: int) -> Iterator[Batch]:
    count = rows("x", given.x)
    for name, part in zip(PARTS[1:], given[1:3], strict=True):
        if part is not None and (found := rows(name, part)) != count:
            raise ValueError(
                f"`{name}` must have a row for each row of `x`. Received: "
                f"x with {count} rows, {name} with {found}. Pass {name}[:{count}] or "
                f"the right {name}."
            )
    if not count:
        raise ValueError(
            "`x` must have rows, the samples that are measured. Received: x of shape "
            f"{tuple(np.shape(leaves(given.x)[0]))}. Pass some, as diagnose(model, x)."
        )
    for start in range(0, min(count, batches * size), size):
        cut = slice(start, min(count, start + size))
        parts = [
            keras.tree.map_structure(lambda a, cut=cut: cut_rows(a, cut), part)
            for part in given[:3]
        ]
        yield Batch(*parts)


def _elements(x: Any, batches: int) -> Iterator[Any]:
    """What a dataset, a loader or an iterable yields, at most so many.

    Raises:
        ValueError: If `x` is none of these, or fails.
    """
    if isinstance(x, keras.utils.PyDataset):
        count = min(batches, x.num_batches or batches)
        elements: Iterator[Any] = (x[index] for index in range(count))
    elif hasattr(x, "__iter__") or hasattr(x, "__next__"):
        elements = iter(x)
    else:
        raise ValueError(
            "`x` must be an array, a list or dict of arrays, a dataset, a loader, a "
            f"generator or None. Received: x={x!r}. For white noise leave it out."
        )
    for number in range(batches):
        try:
            element = next(elements)
        except StopIteration:
            break
        except Exception as error:
            raise ValueError(
                f"`x` must yield batches. Received: x={type(x).__name__}, whose batch "
                f"{number} fails with {type(error).__name__}: {error} Pass one that "
                "`next(iter(x))` gets batches of."
            ) from error
        yield element
    else:
        return
    if number == 0:
        raise ValueError(
            f"`x` must yield at least one batch. Received: x={type(x).__name__}, "
            "which is empty or used up. Pass a new one."
        )


def _from_elements(
    elements: Iterator[Any], class_weight: Any, kind: str
) -> Iterator[Batch]:
    for element in elements:
        try:
            batch = Batch(*keras.utils.unpack_x_y_sample_weight(element))
        except ValueError as error:
            raise ValueError(
                "`x` must yield x, (x,), (x, y) or (x, y, sample_weight). Received: "
                f"x={kind} with a batch of {len(element)} parts. Put several inputs "
                "into one tuple, as ((a, b, c, d), y)."
            ) from error
        rows("x", batch.x)
        if class_weight is not None:
            _refuse_both(batch.weight, class_weight)
            batch = batch._replace(weight=of_classes(batch.y, class_weight))
        yield batch


def _refuse_both(sample_weight: Any, class_weight: Any) -> None:
    if sample_weight is not None and class_weight is not None:
        raise ValueError(
            "`class_weight` stands for weights of samples, so there can be only one of "
            "both. Received: sample_weight and class_weight. Multiply one into the "
            "other, and pass sample_weight."
        )


def words(x: Any) -> str:
    """What was passed, in words."""
    if x is None:
        return NOISE
    if is_arrays(x):
        shapes = [str(tuple(np.shape(a))) for a in leaves(x)]
        return (
            f"arrays {', '.join(shapes)}" if len(shapes) > 1 else f"array {shapes[0]}"
        )
    return type(x).__name__


def stream(
    model: keras.Model,
    x: Any,
    y: Any,
    batches: int,
    size: int,
    seed: int,
    sample_weight: Any = None,
    class_weight: Any = None,
) -> Iterator[Batch]:
    """The batches to measure, as the person's own arrays.

    Args:
        model: A built model.
        x: Arrays, a dataset, a loader, a `PyDataset`, an iterable of batches, or None.
        y: Targets, where `x` is arrays or None.
        batches: How many at most.
        size: Rows of one batch of arrays.
        seed: Of the noise.
        sample_weight: Weights, where `x` is arrays: as `fit` takes them.
        class_weight: From class to weight, as `fit` takes it.

    Raises:
        ValueError: If `x` is none of these, or has no batch.
    """
    checks.number(
        "batches",
        batches,
        minimum=1,
        meaning="how many batches are measured",
        instead="Type batches=1.",
    )
    _refuse_both(sample_weight, class_weight)
    given = {"y": y, "sample_weight": sample_weight}
    named = next((name for name, part in given.items() if part is not None), None)
    if x is None:
        if named is not None or class_weight is not None:
            named = named or "class_weight"
            raise ValueError(
                f"`{named}` belongs to `x`. Received: x=None with {named}. Pass both, "
                "or neither to measure with white noise."
            )
        for number in range(int(batches)):
            made, notes = noise.noise(model, seed + number)
            yield Batch(made, None, None, notes)
    elif is_arrays(x, model):
        weight = of_outputs(sample_weight, y)
        if class_weight is not None:
            weight = of_classes(y, class_weight)
        yield from _from_arrays(Batch(x, y, weight), int(batches), size)
    elif named is not None:
        raise ValueError(
            f"`{named}` belongs to arrays; a dataset yields (x, y, sample_weight) "
            f"itself. Received: x={type(x).__name__} with {named}. Let x yield (x, y), "
            "or pass arrays."
        )
    else:
        elements = _elements(x, int(batches))
        yield from _from_elements(elements, class_weight, type(x).__name__)
