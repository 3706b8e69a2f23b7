"""`grow_embedding`: a larger vocabulary, whose new rows are like the old ones."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_inits._utils import checks
from keras_inits._utils.types import Seed
from keras_inits.geometry.roles import Role
from keras_inits.graph.weights import weights_of
from keras_inits.models.assign import all_or_nothing
from keras_inits.models.report import InitializationReport, kept_row
from keras_inits.models.transfer.common import (
    as_stored,
    checked_seed,
    gaussian,
    on_host,
    row,
)
from keras_inits.models.transfer.rebuilt import built_by, grown_axes, rebuilt
from keras_inits.models.transfer.tables import head_of, new_rows, table_of

METHODS = ("mean_covariance", "mean")
SPREAD = 1e-5


class Grown(NamedTuple):
    """What `grow_embedding` returns.

    Attributes:
        model: The new model, not compiled.
        report: Of its weights.
    """

    model: keras.Model
    report: InitializationReport


def grow_embedding(
    model: keras.Model,
    layer: Any,
    new_size: int,
    method: str = "mean_covariance",
    *,
    spread: float = SPREAD,
    head: Any = "auto",
    build: Callable[[int], Any] | None = None,
    seed: Seed = None,
) -> Grown:
    """A model like this one with more tokens, and what it says of the old ones kept.

    Keras's variables cannot change their shape, so the model is built once more, from
    its configuration, and the old one stays as it is. All weights are copied, to the
    bit; what has an entry for each token grows along that axis: the table, a tied head
    with it, an untied head's kernel, and biases, which get the mean of the old ones.
    The new model is not compiled: an optimizer's state is not carried over.

    With the mean of all rows, a new token's logit is the mean of the old tokens'
    logits, so its probability is at most the mean of theirs. Rows with no spread stay
    equal until they are trained on different data.

    Args:
        model: A built model: sequential, functional, of keras_hub; or any model that
            `from_config` rebuilds.
        layer: The embedding: a layer, a pattern as in `initialize`, or a layer around
            it with one embedding inside.
        new_size: Number of tokens, > the present one.
        method: "mean_covariance": new rows ~ N(mean, spread · covariance) of the old
            rows, of a head's kernel likewise; or "mean".
        spread: Multiplies the covariance; finite float >= 0.
        head: "auto": the untied head is found through the graph, as a kernel that makes
            predictions and has an output for each token; None: there is none; or a
            pattern of a Dense layer.
        build: Function from a size to a built model, where `from_config` cannot rebuild
            it, or would not know the size.
        seed: Of the new rows: int, or None for another one at each call.

    Returns:
        `model`, the new one, and `report`, an `InitializationReport` of the weights
        that have grown; all others are listed as copied.

    Raises:
        ValueError: `new_size` is no larger; `layer` names no embedding, or several, or
            one with LoRA or quantized; `head` names no such kernel; the model cannot be
            built once more, or then has other weights.

    Examples:
    >>> import keras, keras_inits, numpy as np
    >>> table = keras.layers.Embedding(20, 8, name="tokens")
    >>> head = keras.layers.Dense(20, name="head")
    >>> model = keras.Sequential([keras.Input((5,), dtype="int32"), table, head])
    >>> larger, report = keras_inits.grow_embedding(model, "tokens", 23, seed=7)
    >>> [(row.path, row.shape) for row in report.rows]
    [('tokens/embeddings', (23, 8)), ('head/kernel', (8, 23)), ('head/bias', (23,))]
    >>> x = np.arange(10).reshape(2, 5)
    >>> new, old = larger.predict(x, verbose=0), model.predict(x, verbose=0)
    >>> bool(np.allclose(new[..., :20], old, atol=1e-6))
    True

    Reference: Hewitt (2021), "Initializing New Word Embeddings for Pretrained Language
    Models", whose spread is 1e-5; transformers takes 1e-9.
    """
    checks.choice("method", method, METHODS, meaning="how new rows are made")
    used = checked_seed("grow_embedding", seed)
    spread = checks.number(
        "spread",
        spread,
        minimum=0,
        meaning="what multiplies the covariance of the new rows",
        instead=f"Leave it out for {SPREAD:g}.",
    )
    infos = weights_of(model)
    table = table_of(infos, layer)
    old = table.shape[0]
    size = checks.whole(
        "new_size",
        new_size,
        minimum=old + 1,
        meaning=f"the number of tokens, of which there are {old},",
        instead="A vocabulary can only grow.",
    )
    resized = [table, *head_of(model, infos, head, old)]
    if build is not None:
        copy = built_by(build, size)
    else:
        copy = rebuilt(model, resized, old, size)
    pairs = grown_axes(model, copy, old, size)
    grown = {one.path for one, _, axis in pairs if axis is not None}
    if missing := [p.path for p in resized if p.path not in grown]:
        raise ValueError(
            "Built once more, the model must have the new size. Received: "
            f"{', '.join(map(repr, missing))} of {old} tokens still. Pass build=, a "
            "function of the size that returns a built model like this one."
        )
    tables = {p.path for p in infos if p.weight.role == Role.EMBEDDING}
    if extra := sorted(grown & tables - {one.path for one in resized}):
        raise ValueError(
            f"Only {table.path!r} and its heads may grow. Received: a model in which "
            f"{', '.join(map(repr, extra))} would, too, for its name. Pass build=, a "
            "function of the size that returns a built model like this one."
        )
    is_random = method == "mean_covariance" and spread > 0
    stored, rows, left = [], [], []
    for one, other, axis in pairs:
        if axis is None:
            stored.append((other.variable, one.variable.value))
            left.append(kept_row(other, "copied"))
            continue
        before = np.moveaxis(on_host(one.variable), axis, 0)
        flat = before.reshape(old, -1)
        is_vector = len(one.shape) == 1
        noise = None
        if is_random and not is_vector:
            shape = (size - old, flat.shape[1])
            noise = gaussian(used, one.path, "rows", shape)
        fresh = new_rows(flat, size - old, spread, noise)
        whole = np.concatenate([flat, fresh]).reshape(size, *before.shape[1:])
        value = as_stored(other, np.moveaxis(whole, 0, axis))
        stored.append((other.variable, value))
        scheme = "mean" if noise is None else method
        why = f"{size - old} new after {old} copied"
        rows.append(row(other, value, scheme, "grow_embedding", why))
    with all_or_nothing() as write:
        for variable, value in stored:
            write(variable, value)
    report = InitializationReport(rows, left, used if is_random else None, [])
    return Grown(copy, report)
