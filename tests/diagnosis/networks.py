"""Networks whose illness, or health, is known by construction.

Each is a function of a width and a seed: thresholds were looked at with one choice,
and tests run others as well.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

CLASSES = 10


@dataclasses.dataclass(frozen=True)
class Case:
    """A network, what to feed it, and what is known of it.

    Attributes:
        name: What it is.
        build: From (width, seed) to the arguments of `diagnose`.
        kinds: Verdicts of which one must be found, at least as a warning; empty for a
            healthy network, where nothing may be.
    """

    name: str
    build: Callable[[int, int], tuple[Any, ...]]
    kinds: tuple[str, ...] = ()


CASES: list[Case] = []


def case(name: str, *kinds: str) -> Callable[[Any], Any]:
    """Puts a builder into the table."""

    def decorate(build: Any) -> Any:
        CASES.append(Case(name, build, kinds))
        return build

    return decorate


def normal(std: float) -> Any:
    return keras.initializers.RandomNormal(0.0, std)


def mlp(
    width: int,
    depth: int,
    activation: str,
    kernel: Callable[[], Any] | str = "he_normal",
    head: Any = "glorot_uniform",
    **arguments: Any,
) -> Any:
    """Hidden layers of one width, and a linear head."""
    hidden = [
        layers.Dense(
            width,
            activation,
            kernel_initializer=kernel() if callable(kernel) else kernel,
            **arguments,
        )
        for _ in range(depth)
    ]
    last = layers.Dense(CLASSES, kernel_initializer=head)
    return keras.Sequential([keras.Input((width,)), *hidden, last])


def labelled(model: Any, seed: int, samples: int = 64) -> tuple[Any, Any, Any, str]:
    """The model with standardized data, labels and the usual loss."""
    random = np.random.default_rng(seed)
    shape = tuple(16 if n is None else n for n in model.input_shape[1:])
    x = random.standard_normal((samples, *shape)).astype("float32")
    y = random.integers(0, CLASSES, samples)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model, x, y, "labels"


# --- ill ---------------------------------------------------------------------------


@case("all kernels zero, ReLU", "no gradient", "symmetric units")
def _(width, seed):
    return labelled(mlp(width, 4, "relu", "zeros", "zeros"), seed)


@case("all kernels zero, sigmoid", "symmetric units")
def _(width, seed):
    return labelled(mlp(width, 1, "sigmoid", "zeros", "zeros"), seed)


@case("all kernels constant", "symmetric units")
def _(width, seed):
    return labelled(
        mlp(width, 2, "relu", lambda: keras.initializers.Constant(0.05)), seed
    )


@case("std 0.01, ReLU, 10 layers", "vanishing signal")
def _(width, seed):
    return labelled(mlp(width, 10, "relu", lambda: normal(0.01)), seed)


@case("std 0.01, GELU, 10 layers", "vanishing signal")
def _(width, seed):
    return (mlp(width, 10, "gelu", lambda: normal(0.01)),)


@case("std 1.0, ReLU, 10 layers", "exploding signal")
def _(width, seed):
    return labelled(mlp(width, 10, "relu", lambda: normal(1.0)), seed)


@case("std 1.0, tanh, 10 layers", "saturated activation")
def _(width, seed):
    return labelled(mlp(width, 10, "tanh", lambda: normal(1.0)), seed)


@case("std 1.0, tanh, 10 layers: gradient", "exploding gradient")
def _(width, seed):
    return (mlp(width, 10, "tanh", lambda: normal(1.0)),)


@case("He in tanh, 120 layers", "exploding gradient")
def _(width, seed):
    # Mean field: the gradient's norm grows by sqrt(1.1055) a layer, 415 times in all.
    return (mlp(width, 120, "tanh", "he_normal"),)


@case("Xavier in 30 ReLU layers", "vanishing signal")
def _(width, seed):
    return labelled(mlp(width, 30, "relu", "glorot_normal"), seed)


@case("Xavier in 30 convolutions with ReLU", "vanishing signal")
def _(width, seed):
    x = start = keras.Input((8, 8, 3))
    for _ in range(30):
        x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return (keras.Model(start, layers.Dense(CLASSES)(x)),)


@case("10 sigmoid layers", "vanishing gradient")
def _(width, seed):
    return labelled(mlp(width, 10, "sigmoid", "glorot_uniform"), seed)


@case("20 sigmoid layers", "vanishing gradient")
def _(width, seed):
    return (mlp(width, 20, "sigmoid", "glorot_uniform"),)


@case("30 residual blocks without scaling", "exploding signal")
def _(width, seed):
    x = start = keras.Input((width,))
    for _ in range(30):
        y = layers.Dense(width, "relu", kernel_initializer="he_normal")(x)
        y = layers.Dense(width, kernel_initializer="lecun_normal")(y)
        y = layers.Rescaling(2.0**0.5)(y)
        x = layers.Add()([x, y])
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


@case("attention with one seed", "identical tensors")
def _(width, seed):
    x = start = keras.Input((12, width))
    initializer = keras.initializers.GlorotUniform(seed=seed)
    y = layers.LayerNormalization()(x)
    y = layers.MultiHeadAttention(4, width // 4, kernel_initializer=initializer)(y, y)
    return (keras.Model(start, layers.Dense(CLASSES)(layers.Add()([x, y]))),)


@case("bidirectional LSTM with one seed", "identical tensors")
def _(width, seed):
    x = start = keras.Input((12, 16))
    initializer = keras.initializers.GlorotUniform(seed=seed)
    x = layers.Bidirectional(layers.LSTM(16, kernel_initializer=initializer))(x)
    return (keras.Model(start, layers.Dense(CLASSES)(x)),)


@case("one initializer in two layers", "identical tensors")
def _(width, seed):
    shared = keras.initializers.HeNormal(seed=seed)
    return labelled(mlp(width, 3, "relu", lambda: shared), seed)


@case("depthwise He as Keras counts", "wrong fans")
def _(width, seed):
    x = start = keras.Input((8, 8, 3))
    x = layers.Conv2D(64, 3, activation="relu", kernel_initializer="he_normal")(x)
    x = layers.DepthwiseConv2D(
        3, activation="relu", depthwise_initializer="he_normal", name="dw"
    )(x)
    x = layers.GlobalAveragePooling2D()(x)
    return (keras.Model(start, layers.Dense(CLASSES)(x)),)


@case("separable He as Keras counts", "wrong fans")
def _(width, seed):
    x = start = keras.Input((8, 8, 3))
    x = layers.Conv2D(48, 3, activation="relu", kernel_initializer="he_normal")(x)
    x = layers.SeparableConv2D(
        32, 3, depthwise_initializer="he_normal", pointwise_initializer="he_normal"
    )(x)
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    return (keras.Model(start, layers.Dense(CLASSES)(x)),)


@case("transposed He as Keras counts", "wrong fans")
def _(width, seed):
    x = start = keras.Input((6, 6, 96))
    x = layers.Conv2DTranspose(8, 3, kernel_initializer="he_normal")(x)
    return (keras.Model(start, layers.Conv2D(3, 3)(layers.ReLU()(x))),)


@case("bias -10, ReLU", "dying ReLU", "bias far off")
def _(width, seed):
    bias = keras.initializers.Constant(-10.0)
    return labelled(mlp(width, 4, "relu", bias_initializer=bias), seed)


@case("bias 5, tanh", "bias far off")
def _(width, seed):
    bias = keras.initializers.Constant(5.0)
    return labelled(mlp(width, 4, "tanh", "lecun_normal", bias_initializer=bias), seed)


@case("bias 20, ReLU", "bias far off")
def _(width, seed):
    bias = keras.initializers.Constant(20.0)
    return (mlp(width, 4, "relu", bias_initializer=bias),)


@case("one layer nan", "not finite")
def _(width, seed):
    model = mlp(width, 5, "relu")
    kernel = np.array(model.layers[2].kernel)
    kernel[1, 2] = np.nan
    model.layers[2].kernel.assign(kernel)
    return labelled(model, seed)


@case("overflow in float16", "not finite")
def _(width, seed):
    return (mlp(width, 8, "relu", lambda: normal(1.0), dtype="float16"),)


@case("gradients underflow in float16", "low-precision underflow")
def _(width, seed):
    # Each layer keeps a quarter of the signal: none of it is lost in 4 layers.
    small = (2 / width) ** 0.5 / 4
    model = mlp(width, 5, "relu", lambda: normal(small), dtype="float16")
    return labelled(model, seed)


@case("Llama from scratch, keys equal values", "identical tensors")
def _(width, seed):
    import keras_hub

    model = keras_hub.models.LlamaBackbone(
        vocabulary_size=100,
        num_layers=2,
        num_query_heads=4,
        num_key_value_heads=2,
        hidden_dim=max(32, width // 4),
        intermediate_dim=64,
    )
    ids = np.random.default_rng(seed).integers(0, 100, (16, 12))
    return model, {"token_ids": ids, "padding_mask": np.ones_like(ids)}


@case("head of std 1", "confident head")
def _(width, seed):
    return labelled(mlp(width, 2, "relu", head=normal(1.0)), seed)


@case("LSTM with kernels of std 3", "saturated gates")
def _(width, seed):
    x = start = keras.Input((12, width))
    x = layers.LSTM(32, kernel_initializer=normal(3.0))(x)
    return (keras.Model(start, layers.Dense(CLASSES)(x)),)


@case("attention with large queries", "saturated attention")
def _(width, seed):
    x = start = keras.Input((12, width))
    y = layers.LayerNormalization()(x)
    y = layers.MultiHeadAttention(2, width // 2, kernel_initializer=normal(1.0))(y, y)
    y = layers.LayerNormalization()(y)
    return (keras.Model(start, layers.Dense(CLASSES)(layers.Add()([x, y]))),)


@case("tanh with biases, ordered, 40 layers", "collapsed representation")
def _(width, seed):
    # σ_w² = 0.3, σ_b² = 0.3: the slope of the correlation map at 1 is below 0.3.
    return (
        mlp(
            width,
            30,
            "tanh",
            lambda: normal((0.3 / width) ** 0.5),
            bias_initializer=normal(0.3**0.5),
        ),
    )


@case("orthogonal with gain 3, 12 ReLU layers", "exploding signal")
def _(width, seed):
    return (mlp(width, 12, "relu", lambda: keras.initializers.Orthogonal(gain=3.0)),)


@case("branches with two zeros in series", "no gradient")
def _(width, seed):
    x = start = keras.Input((width,))
    for _ in range(3):
        y = layers.Dense(width, "relu", kernel_initializer="he_normal")(x)
        y = layers.Dense(width, kernel_initializer="zeros")(y)
        y = layers.Dense(width, kernel_initializer="zeros")(y)
        x = layers.Add()([x, y])
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


@case("filters all the same", "symmetric units")
def _(width, seed):
    x = start = keras.Input((8, 8, 3))
    x = layers.Conv2D(16, 3, activation="relu", kernel_initializer="ones")(x)
    x = layers.Conv2D(16, 3, activation="relu", kernel_initializer="ones")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return (keras.Model(start, layers.Dense(CLASSES, kernel_initializer="ones")(x)),)


# --- healthy -----------------------------------------------------------------------


@case("He, 10 ReLU layers")
def _(width, seed):
    return labelled(mlp(width, 10, "relu"), seed)


@case("He, 30 ReLU layers")
def _(width, seed):
    return (mlp(max(width, 128), 30, "relu"),)


@case("LeCun, 10 tanh layers")
def _(width, seed):
    return labelled(mlp(width, 10, "tanh", "lecun_normal"), seed)


@case("Glorot, 6 tanh layers")
def _(width, seed):
    return (mlp(width, 6, "tanh", "glorot_uniform"),)


@case("He in 5 tanh layers")
def _(width, seed):
    return labelled(mlp(width, 5, "tanh"), seed)


@case("LeCun, 20 SELU layers")
def _(width, seed):
    return labelled(mlp(width, 20, "selu", "lecun_normal"), seed)


@case("He, 8 GELU layers")
def _(width, seed):
    return labelled(mlp(width, 8, "gelu"), seed)


@case("Glorot, 5 ReLU layers, Keras's default")
def _(width, seed):
    return labelled(mlp(width, 5, "relu", "glorot_uniform"), seed)


@case("one sigmoid layer")
def _(width, seed):
    return labelled(mlp(width, 1, "sigmoid", "glorot_uniform"), seed)


@case("two sigmoid layers")
def _(width, seed):
    return labelled(mlp(width, 2, "sigmoid", "glorot_uniform"), seed)


@case("orthogonal, 40 linear layers")
def _(width, seed):
    return (mlp(width, 40, "linear", lambda: keras.initializers.Orthogonal()),)


@case("logistic regression from zero")
def _(width, seed):
    return labelled(mlp(width, 0, "linear", head="zeros"), seed)


@case("zero head")
def _(width, seed):
    return labelled(mlp(width, 4, "relu", head="zeros"), seed)


@case("small head")
def _(width, seed):
    return labelled(mlp(width, 4, "relu", head=normal(0.001)), seed)


@case("head with a prior in its bias")
def _(width, seed):
    x = start = keras.Input((width,))
    x = layers.Dense(width, "relu", kernel_initializer="he_normal")(x)
    bias = keras.initializers.Constant(-4.6)
    return (keras.Model(start, layers.Dense(1, "sigmoid", bias_initializer=bias)(x)),)


@case("PyTorch's default, 2 hidden layers")
def _(width, seed):
    bound = width**-0.5  # kernels and biases alike
    return labelled(
        mlp(
            width,
            2,
            "relu",
            lambda: keras.initializers.RandomUniform(-bound, bound),
            bias_initializer=keras.initializers.RandomUniform(-bound, bound),
        ),
        seed,
    )


def _conv_net(norm: bool, kernel: Any = "he_normal", blocks: int = 4) -> Any:
    x = start = keras.Input((16, 16, 3))
    for block in range(blocks):
        initializer = kernel() if callable(kernel) else kernel
        x = layers.Conv2D(
            16 * (1 + block // 2),
            3,
            padding="same",
            use_bias=not norm,
            kernel_initializer=initializer,
        )(x)
        if norm:
            x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        if block % 2:
            x = layers.MaxPooling2D()(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(start, layers.Dense(CLASSES)(x))


@case("convolutions, He")
def _(width, seed):
    return labelled(_conv_net(False), seed)


@case("convolutions of std 0.01 with batch normalization")
def _(width, seed):
    return labelled(_conv_net(True, lambda: normal(0.01)), seed)


@case("convolutions, Glorot, batch normalization")
def _(width, seed):
    return labelled(_conv_net(True, "glorot_uniform", 8), seed)


def _resnet(blocks: int, last: Any, norm: bool, scale: float = 1.0) -> Any:
    x = start = keras.Input((8, 8, 3))
    x = layers.Conv2D(16, 3, padding="same", kernel_initializer="he_normal")(x)
    for _ in range(blocks):
        y = layers.BatchNormalization()(x) if norm else x
        y = layers.ReLU()(y)
        y = layers.Conv2D(16, 3, padding="same", kernel_initializer="he_normal")(y)
        y = layers.BatchNormalization()(y) if norm else y
        y = layers.ReLU()(y)
        y = layers.Conv2D(16, 3, padding="same", kernel_initializer=last)(y)
        y = layers.Rescaling(scale)(y) if scale != 1 else y
        x = layers.Add()([x, y])
    x = layers.BatchNormalization()(x) if norm else x
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    return keras.Model(start, layers.Dense(CLASSES)(x))


@case("residual, batch normalization, 12 blocks")
def _(width, seed):
    return labelled(_resnet(12, "he_normal", True), seed)


@case("residual, branches end with zero")
def _(width, seed):
    return labelled(_resnet(8, "zeros", False), seed)


@case("residual, branches scaled down, no normalization")
def _(width, seed):
    return labelled(_resnet(16, "he_normal", False, scale=16**-0.5), seed)


@case("residual, gates that start at zero")
def _(width, seed):
    class Gate(layers.Layer):
        def build(self, shape):
            self.gate = self.add_weight(shape=(), initializer="zeros", name="gamma")

        def call(self, x):
            return self.gate * x

    x = start = keras.Input((width,))
    for _ in range(6):
        y = layers.Dense(width, "relu", kernel_initializer="he_normal")(x)
        x = layers.Add()([x, Gate()(y)])
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


def _transformer(width: int, depth: int, pre: bool, kernel: Any, table: Any) -> Any:
    x = start = keras.Input((12,), dtype="int32")
    x = layers.Embedding(50, width, embeddings_initializer=table)(x)

    def make() -> Any:
        return kernel() if callable(kernel) else kernel

    for _ in range(depth):
        y = layers.LayerNormalization(epsilon=1e-6)(x) if pre else x
        y = layers.MultiHeadAttention(4, width // 4, kernel_initializer=make())(y, y)
        x = layers.Add()([x, y])
        x = x if pre else layers.LayerNormalization(epsilon=1e-6)(x)
        y = layers.LayerNormalization(epsilon=1e-6)(x) if pre else x
        y = layers.Dense(4 * width, "gelu", kernel_initializer=make())(y)
        y = layers.Dense(width, kernel_initializer=make())(y)
        x = layers.Add()([x, y])
        x = x if pre else layers.LayerNormalization(epsilon=1e-6)(x)
    x = layers.LayerNormalization(epsilon=1e-6)(x) if pre else x
    return keras.Model(start, layers.Dense(50, kernel_initializer=make())(x))


@case("Transformer, normalized first, Keras's defaults")
def _(width, seed):
    return (_transformer(width, 4, True, "glorot_uniform", "uniform"),)


@case("Transformer, normalized first, std 0.02 as GPT-2")
def _(width, seed):
    return (_transformer(width, 6, True, lambda: normal(0.02), normal(0.02)),)


@case("Transformer, normalized last")
def _(width, seed):
    return (_transformer(width, 3, False, "glorot_uniform", normal(1.0)),)


@case("LSTM, Keras's defaults")
def _(width, seed):
    x = start = keras.Input((20, 16))
    x = layers.LSTM(32)(x)
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


@case("three LSTMs over tokens")
def _(width, seed):
    x = start = keras.Input((12,), dtype="int32")
    x = layers.Embedding(50, 32)(x)
    x = layers.LSTM(32, return_sequences=True)(x)
    x = layers.LSTM(32, return_sequences=True)(x)
    x = layers.LSTM(32)(x)
    return (keras.Model(start, layers.Dense(CLASSES)(x)),)


@case("GRU, both directions")
def _(width, seed):
    x = start = keras.Input((12, 16))
    x = layers.Bidirectional(layers.GRU(16))(x)
    return labelled(keras.Model(start, layers.Dense(CLASSES)(x)), seed)


@case("autoencoder")
def _(width, seed):
    x = start = keras.Input((width,))
    for units in (width // 2, width // 8, width // 2):
        x = layers.Dense(units, "relu", kernel_initializer="he_normal")(x)
    model = keras.Model(start, layers.Dense(width)(x))
    model.compile("adam", "mse")
    x = np.random.default_rng(seed).standard_normal((64, width)).astype("float32")
    return model, x, x


@case("two inputs, two outputs")
def _(width, seed):
    a, b = keras.Input((width,), name="a"), keras.Input((6,), name="b")
    x = layers.Dense(32, "relu", kernel_initializer="he_normal")(a)
    x = layers.Concatenate()([x, layers.Dense(8, "tanh")(b)])
    one, two = layers.Dense(3, name="one")(x), layers.Dense(1, name="two")(x)
    return (keras.Model({"a": a, "b": b}, {"one": one, "two": two}),)


@case("mixed float16 with loss scaling")
def _(width, seed):
    model = mlp(width, 6, "relu", dtype="mixed_float16")
    return labelled(model, seed)


@case("MobileNet, Keras's defaults")
def _(width, seed):
    model = keras.applications.MobileNet(
        weights=None, input_shape=(32, 32, 3), alpha=0.25, classes=CLASSES
    )
    return (model,)


@case("pictures behind a Rescaling")
def _(width, seed):
    x = start = keras.Input((8, 8, 3))
    x = layers.Flatten()(layers.Rescaling(1 / 127.5, offset=-1.0)(x))
    x = layers.Dense(width, "relu", kernel_initializer="he_normal")(x)
    return (keras.Model(start, layers.Dense(CLASSES)(x)),)


@case("residual, branches almost closed as in ConvNeXt")
def _(width, seed):
    x = start = keras.Input((width,))
    for _ in range(6):
        y = layers.LayerNormalization()(x)
        y = layers.Dense(width, "gelu", kernel_initializer="he_normal")(y)
        y = layers.Dense(width)(y)
        x = layers.Add()([x, layers.Rescaling(1e-6)(y)])
    x = layers.LayerNormalization()(x)
    return (keras.Model(start, layers.Dense(CLASSES, "softmax")(x)),)
