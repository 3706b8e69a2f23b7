"""What fixes may set of a model's layers: how code reaches it."""

from typing import Any

import keras

from keras_inits.graph.elementwise import DROPOUTS

OVER_AXES = (keras.layers.Softmax, keras.layers.UnitNormalization)


def _attribute(layer: Any) -> str | None:
    """What of a layer a fix may set; None for most layers."""
    if type(layer).__name__ in DROPOUTS:
        return "rate"
    if isinstance(layer, keras.layers.BatchNormalization):
        return "trainable"
    return "axis" if isinstance(layer, OVER_AXES) else None


def reached(model: keras.Model, code: str = "model") -> dict[int, str]:
    """Rates of dropout, axes and modes of normalizations, by the layer's identity.

    Left out is what is inside of layers that are no models, and what shares its name
    with another.

    Args:
        model: A model.
        code: What the code calls it.
    """
    found: dict[int, str] = {}
    for layer in getattr(model, "layers", ()):
        try:
            is_named = model.get_layer(layer.name) is layer
        except (AttributeError, ValueError):
            continue
        here, attribute = f'{code}.get_layer("{layer.name}")', _attribute(layer)
        if is_named and attribute is not None:
            found[id(layer)] = f"{here}.{attribute}"
        if is_named and isinstance(layer, keras.Model):
            found = reached(layer, here) | found
    return found
