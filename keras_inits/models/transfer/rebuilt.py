"""A model built once more, from its configuration, with another vocabulary."""

from collections.abc import Callable, Iterable
from typing import Any

import keras

from keras_inits.graph.weights import WeightInfo, layers_of, weights_of

VOCABULARY = ("vocabulary_size", "vocab_size")
SIZES = ("input_dim", "units", *VOCABULARY)  # names of a vocabulary's size


def _resized(config: Any, names: set[str], old: int, new: int) -> Any:
    """A configuration with another vocabulary, wherever it is in it.

    Args:
        config: Dictionaries and lists, as `get_config` gives them.
        names: Of the embedding and its head.
        old: The vocabulary's size.
        new: What it becomes.
    """
    if isinstance(config, dict):
        is_meant = config.get("name") in names
        keys = SIZES if is_meant else VOCABULARY
        return {
            key: new
            if key in keys and type(value) is int and value == old
            else _resized(value, names, old, new)
            for key, value in config.items()
        }
    if isinstance(config, list | tuple):
        return type(config)(_resized(member, names, old, new) for member in config)
    return config


def rebuilt(
    model: keras.Model, resized: Iterable[WeightInfo], old: int, new: int
) -> keras.Model:
    """The model built once more with the larger vocabulary, its weights drawn anew.

    Args:
        model: Built.
        resized: The weights whose layers have another size.
        old: The vocabulary's size.
        new: What it becomes.

    Raises:
        ValueError: If the configuration does not tell how to build the model.
    """
    names = {info.layer.name for info in resized}
    classes = {type(layer).__name__: type(layer) for layer in layers_of(model)}
    try:
        config = _resized(model.get_config(), names, old, new)
        with keras.saving.custom_object_scope(classes):
            copy = type(model).from_config(config)
            if not copy.built:
                copy.build_from_config(model.get_build_config())
    except Exception as error:  # anybody's code
        raise ValueError(
            "`model` is built once more from its configuration with the larger "
            f"vocabulary, and that failed: {type(error).__name__}: {error} Received: "
            f"model={model.name!r}. {_by_hand(new)}"
        ) from error
    return copy


def _by_hand(new: int) -> str:
    return (
        "Pass build=, a function of the new size that returns a built model like this "
        f"one: build=lambda size: make_model(size), called with {new}."
    )


def built_by(build: Callable[[int], Any], new: int) -> keras.Model:
    """What a person's function builds.

    Raises:
        ValueError: If that is no built model.
    """
    model = build(new) if callable(build) else None
    if isinstance(model, keras.layers.Layer) and model.built:
        return model
    raise ValueError(
        "`build` must be a function of the vocabulary's size that returns a built "
        f"model. Received: build={build!r}, which gave {model!r}. {_by_hand(new)}"
    )


def grown_axes(
    model: keras.Model, copy: keras.Model, old: int, new: int
) -> list[tuple[WeightInfo, WeightInfo, int | None]]:
    """Each weight, its like in the copy, and the axis that has grown, or None.

    Raises:
        ValueError: If the copy has other weights, or they differ in more than that.
    """
    before, after = weights_of(model), weights_of(copy)
    same = [p.path for p in before] == [p.path for p in after]
    found = []
    wrong = [] if same else ["other weights"]
    for one, other in zip(before, after, strict=False):
        pairs = enumerate(zip(one.shape, other.shape, strict=False))
        axes = [axis for axis, (a, b) in pairs if a != b]
        fits = len(one.shape) == len(other.shape) and len(axes) <= 1
        fits = fits and all(
            (one.shape[axis], other.shape[axis]) == (old, new) for axis in axes
        )
        if not fits:
            wrong.append(f"{one.path!r} of {one.shape} and {other.shape}")
        found.append((one, other, axes[0] if axes else None))
    if wrong:
        raise ValueError(
            "Built once more with the larger vocabulary, the model must have the same "
            f"weights, but for sizes {old} that become {new}. Received: "
            f"{'; '.join(wrong[:3])}. {_by_hand(new)}"
        )
    return found
