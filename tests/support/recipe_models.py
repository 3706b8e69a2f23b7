"""Small models for recipes: no two of their axes are equal."""

import keras
from keras import layers, ops

WIDTH, HEADS, HIDDEN, VOCABULARY, LENGTH = 24, 3, 80, 50, 5


def dense_attention(x, names=("q", "k", "v", "o"), fused=False, inner=False):
    """Attention of Dense layers and products of matrices, with one head."""

    def dense(name, units=WIDTH):
        return layers.Dense(units, use_bias=False, name=name)

    if fused:
        query, key, value = ops.split(dense(names[0], 3 * WIDTH)(x), 3, axis=-1)
    else:
        query, key, value = (dense(name)(x) for name in names[:3])
    scores = ops.matmul(query, ops.transpose(key, (0, 2, 1))) / WIDTH**0.5
    x = ops.matmul(ops.softmax(scores, axis=-1), value)
    return dense(names[3])(layers.LayerNormalization()(x) if inner else x)


def mlp(x, prefix, gated=False, inner=False):
    """Two layers, or a gated unit."""
    y = layers.Dense(HIDDEN, "gelu", name=f"{prefix}_in")(x)
    if gated:
        y = layers.Multiply()([y, layers.Dense(HIDDEN, name=f"{prefix}_up")(x)])
    y = layers.LayerNormalization()(y) if inner else y
    return layers.Dense(WIDTH, name=f"{prefix}_out")(y)


def transformer(
    blocks=2,
    norm="pre",
    attend=None,
    gated=False,
    alpha=1.0,
    scalars=False,
    inner=False,
):
    """A language model.

    Args:
        blocks: Their number.
        norm: "pre", "post" or "" for none.
        attend: From (tensor, number of the block) to attention's output.
        gated: Whether the MLPs are gated.
        alpha: What the stream is multiplied by.
        scalars: Whether each branch is multiplied by a weight.
        inner: Whether each MLP normalizes before its last kernel.
    """

    def attention(x, n):
        layer = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=f"attention_{n}")
        return layer(x, x)

    def add(x, branch, name):
        y = layers.LayerNormalization(name=f"norm_{name}")(x) if norm == "pre" else x
        y = branch(y)
        if scalars:
            y = Scalar(name=f"scalar_{name}")(y)
        x = layers.Add()([x if alpha == 1 else x * alpha, y])
        is_post = norm == "post"
        return layers.LayerNormalization(name=f"norm_{name}")(x) if is_post else x

    inputs = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(VOCABULARY, WIDTH, name="tokens")(inputs)
    x = Places(name="positions")(x)
    for n in range(blocks):
        x = add(x, lambda y, n=n: (attend or attention)(y, n), f"a{n}")
        x = add(x, lambda y, n=n: mlp(y, f"mlp_{n}", gated, inner), f"m{n}")
    if norm == "pre":
        x = layers.LayerNormalization(name="norm_end")(x)
    return keras.Model(inputs, layers.Dense(VOCABULARY, name="head")(x))


@keras.saving.register_keras_serializable("tests")
class Places(layers.Layer):
    """Adds a learned vector to each position."""

    def build(self, shape):
        self.table = layers.Embedding(LENGTH, WIDTH)
        self.table.build(())

    def call(self, x):
        return x + self.table(ops.arange(LENGTH))


@keras.saving.register_keras_serializable("tests")
class Scalar(layers.Layer):
    """Multiplies by a weight that starts at one."""

    def build(self, shape):
        self.factor = self.add_weight(shape=(), initializer="ones", name="factor")

    def call(self, x):
        return x * self.factor


class Block(layers.Layer):
    """A pre-norm block whose attributes and names mislead."""

    def __init__(self, **named):
        super().__init__(**named)
        self.value = layers.Dense(WIDTH)  # the query
        self.query = layers.Dense(WIDTH)  # the key
        self.key = layers.Dense(WIDTH)  # the value
        self.mlp_in = layers.Dense(WIDTH)  # attention's output
        self.output_dense = layers.Dense(HIDDEN, "relu")  # first of the MLP
        self.embedding = layers.Dense(WIDTH)  # last of the MLP
        self.head_norm = layers.LayerNormalization()
        self.attention = layers.LayerNormalization()

    def build(self, shape):
        inner = [self.value, self.query, self.key, self.mlp_in, self.output_dense]
        for layer in [*inner, self.head_norm, self.attention]:
            layer.build(shape)
        self.embedding.build((*shape[:-1], HIDDEN))

    def call(self, x):
        y = self.head_norm(x)
        scores = ops.einsum("bqd,bkd->bqk", self.value(y), self.query(y))
        shares = ops.softmax(scores / WIDTH**0.5)
        x = x + self.mlp_in(ops.einsum("bqk,bkd->bqd", shares, self.key(y)))
        return x + self.embedding(self.output_dense(self.attention(x)))


class Subclassed(keras.Model):
    """Two such blocks, between an embedding and a head."""

    def __init__(self):
        super().__init__()
        self.blocks = [Block(), Block()]
        self.kernel = layers.Embedding(VOCABULARY, WIDTH)
        self.tokens = layers.Dense(VOCABULARY)

    def call(self, x):
        x = self.kernel(x)
        for block in self.blocks:
            x = block(x)
        return self.tokens(x)


def subclassed():
    """The model above, built."""
    model = Subclassed()
    model(ops.zeros((2, LENGTH), "int32"))
    return model


def residual_mlp(branches=3, kernels=2):
    """Branches of Dense layers with ReLU, without normalization."""
    inputs = keras.Input((WIDTH,))
    x = layers.Dense(WIDTH, name="stem")(inputs)
    for n in range(branches):
        y = x
        for k in range(kernels - 1):
            y = layers.Dense(HIDDEN + k, "relu", name=f"b{n}_{k}")(y)
        x = layers.Add()([x, layers.Dense(WIDTH, name=f"b{n}_{kernels - 1}")(y)])
    return keras.Model(inputs, layers.Dense(10, name="head")(x))


def residual_cnn():
    """Bottlenecks of three convolutions, the second with a projection."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(12, 3, padding="same", name="stem")(inputs)
    for n, filters in enumerate((12, 20)):
        y = layers.Conv2D(6, 1, activation="relu", name=f"b{n}_0")(x)
        y = layers.Conv2D(7, 3, padding="same", activation="relu", name=f"b{n}_1")(y)
        y = layers.Conv2D(filters, 1, name=f"b{n}_2")(y)
        if filters != 12:
            x = layers.Conv2D(filters, 1, name=f"b{n}_shortcut")(x)
        x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, "softmax", name="head")(x))


def renamed(model):
    """The same model with names that say nothing, or lie."""
    lies = ("query", "value", "mlp", "norm", "head", "kernel", "embedding", "output")
    count = iter(range(1000))

    def clone(layer):
        name = f"{lies[next(count) % len(lies)]}_{next(count)}"
        return type(layer).from_config(layer.get_config() | {"name": name})

    return keras.models.clone_model(model, clone_function=clone)
