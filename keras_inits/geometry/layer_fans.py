"""The true fans of a layer's kernel."""

import keras

from keras_inits._utils.keras_private import flat_layers
from keras_inits.geometry.kernels import Fans
from keras_inits.geometry.layers import describe, own_variables
from keras_inits.geometry.roles import KERNEL_ROLES, Role


def fans(layer: keras.layers.Layer, name: str = "kernel") -> Fans:
    """True fans of a layer's kernel.

    A transposed convolution shares its window's taps out among its outputs: its fan_in
    is the mean number of inputs that reach an output, window * inputs / strides.
    A strided convolution's fan_out counts every tap, as is customary: although an input
    reaches only some of them, that keeps the gradients of kernels as large before the
    stride, where more positions add up, as after it.

    Args:
        layer: A built layer.
        name: The kernel's name: "kernel", "recurrent_kernel", "embeddings", ... Where
            inner layers have several of one name, the end of the path that tells them
            apart: "query/kernel".

    Returns:
        `Fans`.

    Raises:
        ValueError: If the layer is not built, has no weight of that name or several,
            or the weight is no kernel.

    Examples:
    >>> import keras, keras_inits
    >>> layer = keras.layers.DepthwiseConv2D(3)
    >>> layer.build((None, 8, 8, 64))
    >>> keras_inits.fans(layer, "kernel")
    Fans(fan_in=9, fan_out=9)
    """
    if not isinstance(layer, keras.layers.Layer):
        raise ValueError(
            "`layer` must be a Keras layer, which knows what its kernel connects. "
            f"Received: layer={layer!r}. For a shape use Geometry().fans(shape)."
        )
    owned = {  # the innermost owner, as some wrappers hold their layer's kernel, too
        id(variable): (owner, variable)
        for owner in flat_layers(layer)
        for variables in own_variables(owner)
        for variable in variables
    }
    found = [(o, v) for o, v in owned.values() if f"/{v.path}".endswith(f"/{name}")]
    if len(found) != 1:
        paths = sorted({v.path for _, v in found or owned.values()})
        raise ValueError(
            "`name` must be the name of one of the layer's weights, or the end of its "
            f"path ({', '.join(paths) or 'it has none: it is not built'}). "
            f"Received: name={name!r} for {layer.name!r}, {len(found)} weights. "
            "Build the layer first, and type as much of the path as tells it apart."
        )
    owner, variable = found[0]
    weight = describe(owner, variable.name, tuple(variable.shape))
    if weight.role not in (*KERNEL_ROLES, Role.LORA_B):
        raise ValueError(
            "`name` must be that of a kernel: only kernels have fans. "
            f"Received: name={name!r}, which is a {weight.role}. Name a kernel, or "
            "say with register_geometry that it is one."
        )
    return weight.geometry.fans(tuple(variable.shape))
