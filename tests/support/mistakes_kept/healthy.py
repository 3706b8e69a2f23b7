"""Programs without a mistake: heads and losses, used as they should be."""

import keras
import numpy as np
from keras import layers, ops

from support.mistakes_kept.datasets import (
    bars,
    clusters,
    digits,
    one_hot,
    rings,
    sums,
    surface,
    tags,
)
from support.mistakes_kept.programs import healthy

Adam = keras.optimizers.Adam


def _mlp(inputs, *units, activation="relu"):
    """The start and the last hidden layer of a stack of dense layers."""
    start = keras.Input((inputs,))
    h = start
    for width in units:
        h = layers.Dense(width, activation)(h)
    return start, h


@healthy(score="yes", epochs=30)
def logit_with_a_numerically_stable_loss(seed):
    x, y = rings(seed)
    start, h = _mlp(2, 32, 32)
    model = keras.Model(start, ops.squeeze(layers.Dense(1)(h), -1))
    loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.05)
    model.compile(Adam(0.01), loss)
    return model, x, y[:, 0] > 0, {}


@healthy(epochs=30)
def two_units_for_yes_and_no(seed):
    x, y = rings(seed, columns=3)
    start, h = _mlp(3, 32, 16, activation="silu")
    model = keras.Model(start, layers.Softmax()(layers.Dense(2)(h)))
    model.compile(Adam(0.01), keras.losses.CategoricalCrossentropy(label_smoothing=0.1))
    return model, x, one_hot(y[:, 0].astype(int), 2), {}


@healthy(score="yes", epochs=40)
def one_sigmoid_for_each_tag_of_a_row(seed):
    x, y = tags(seed)
    start, h = _mlp(8, 48)
    heads = [layers.Dense(1)(h) for _ in range(5)]
    model = keras.Model(start, ops.sigmoid(layers.concatenate(heads)))
    model.compile(Adam(0.01), keras.losses.BinaryFocalCrossentropy(gamma=2.0))
    return model, x, y.astype("bool"), {}


@healthy(score="values", epochs=40, bar=0.4)
def three_quantiles_at_once(seed):
    x, y = surface(seed, rows=256)

    def pinball(y_true, y_pred):
        levels = ops.convert_to_tensor([0.1, 0.5, 0.9], y_pred.dtype)
        error = y_true - y_pred
        return ops.mean(ops.maximum(levels * error, (levels - 1) * error), -1)

    start, h = _mlp(5, 48, 48)
    model = keras.Model(start, layers.Dense(3)(h))
    model.compile(Adam(0.005), loss=pinball)
    return model, x, y, {}


@healthy(score="yes", epochs=40)
def ordered_classes_as_thresholds(seed):
    x, y = surface(seed)
    above = (y > np.array([-0.7, 0.0, 0.7])).astype("float32")
    start, h = _mlp(5, 48, 24)
    cuts = np.array([1.0, 0.0, -1.0])
    steps = layers.Dense(3, bias_initializer=lambda shape, dtype: ops.cast(cuts, dtype))
    model = keras.Model(start, steps(h))
    model.compile(Adam(0.01), keras.losses.BinaryCrossentropy(from_logits=True))
    return model, x, above, {}


@healthy(score="values", epochs=40)
def counts_with_an_exponential_head(seed):
    x, y = surface(seed, rows=256)
    counts = np.random.default_rng(seed).poisson(np.exp(0.8 * y + 0.8))
    start, h = _mlp(5, 32, activation="tanh")
    model = keras.Model(start, layers.Dense(1, activation=ops.exp)(h))
    model.compile(Adam(0.01), keras.losses.Poisson())
    return model, x, counts.astype("float32"), {}


@healthy(score="yes", epochs=40)
def squared_hinge_on_margins(seed):
    x, y = rings(seed, rows=256, columns=3)
    start, h = _mlp(3, 64, 32)
    head = layers.Dense(1, kernel_regularizer=keras.regularizers.L2(1e-3))
    model = keras.Model(start, head(h))
    model.compile(Adam(0.005), "squared_hinge")
    return model, x, np.where(y > 0, 1, -1), {}


@healthy(epochs=30)
def categorical_hinge_on_scores(seed):
    x, y = clusters(seed, classes=5)
    model = keras.Sequential([keras.Input((8,)), layers.Dense(32, "elu")])
    model.add(layers.Dense(5))
    model.compile(Adam(0.01), loss=keras.losses.CategoricalHinge())
    return model, x, one_hot(y, 5).astype("int32"), {}


@healthy(score="loss", epochs=30)
def divergence_from_soft_labels(seed):
    x, y = clusters(seed, classes=4)
    soft = 0.84 * one_hot(y, 4) + 0.04
    model = keras.Sequential([keras.Input((8,)), layers.Dense(32, "relu")])
    model.add(layers.Dense(4, "softmax"))
    model.compile(Adam(0.01), keras.losses.KLDivergence())
    return model, x, soft, {}


@healthy(score="loss", epochs=30, bar=0.2)
def directions_by_cosine(seed):
    x, _ = surface(seed, columns=6)
    turn = np.random.default_rng(seed).standard_normal((6, 3))
    y = np.tanh(x @ turn)
    start, h = _mlp(6, 48)
    out = layers.UnitNormalization()(layers.Dense(3)(h))

    def away(y_true, y_pred):
        return 1 + keras.losses.cosine_similarity(y_true, y_pred)

    model = keras.Model(start, out)
    model.compile(Adam(0.01), away)
    return model, x, y / np.linalg.norm(y, axis=1, keepdims=True), {}


@healthy(score="loss", epochs=30)
def triplets_within_a_batch(seed):
    x, y = clusters(seed, columns=10, classes=4)

    def triplet(y_true, y_pred):
        same = ops.cast(ops.equal(y_true, ops.transpose(y_true)), "float32")
        apart = 2 - 2 * ops.matmul(y_pred, ops.transpose(y_pred))
        far = ops.max(same * apart, 1)
        near = ops.min(apart + 4 * same, 1)
        return ops.relu(far - near + 0.5)

    start, h = _mlp(10, 32)
    model = keras.Model(start, layers.UnitNormalization()(layers.Dense(8)(h)))
    model.compile(Adam(0.005), triplet)
    return model, x, y[:, None].astype("float32"), {}


@healthy(score="loss", epochs=30)
def pairs_by_their_distance(seed):
    x, y = clusters(seed, rows=256, columns=8, classes=3)
    left, right = x[:128], x[128:]
    same = (y[:128] == y[128:]).astype("float32")
    tower = keras.Sequential([layers.Dense(32, "relu"), layers.Dense(6)])
    pair = [keras.Input((8,), name="left"), keras.Input((8,), name="right")]
    gap = tower(pair[0]) - tower(pair[1])
    distance = ops.sqrt(ops.sum(gap**2, -1, keepdims=True) + 1e-6)

    def contrastive(y_true, y_pred):
        return y_true * y_pred**2 + (1 - y_true) * ops.relu(1.5 - y_pred) ** 2

    model = keras.Model(pair, distance)
    model.compile(Adam(0.01), contrastive)
    return model, [left, right], same[:, None], {}


@healthy(score="loss", epochs=25)
def labels_without_alignment(seed):
    random = np.random.default_rng(seed)
    y = random.integers(1, 5, (96, 4))
    y[np.arange(96), 3] = np.where(random.random(96) < 0.3, 0, y[:, 3])
    x = 2 * one_hot(np.repeat(y, 4, axis=1), 5) - 0.4
    x = (x + 0.3 * random.standard_normal(x.shape)).astype("float32")
    model = keras.Sequential([keras.Input((16, 5))])
    model.add(layers.Conv1D(32, 3, padding="same", activation="relu"))
    model.add(layers.Dense(5))
    model.compile(Adam(0.01), keras.losses.CTC())
    return model, x, y.astype("int32"), {}


@healthy(score="yes", epochs=12)
def overlap_of_soft_masks(seed):
    x, y = bars(seed, rows=64)
    start = keras.Input((16, 16, 1))
    h = layers.Conv2D(12, 3, padding="same", activation="relu")(start)
    h = layers.Conv2D(12, 3, padding="same", activation="relu")(h)
    out = layers.Conv2D(1, 1, activation="sigmoid")(h)
    model = keras.Model(start, out)
    model.compile(Adam(0.01), loss=keras.losses.Dice(axis=(1, 2, 3)))
    return model, x, y, {}


@healthy(score="yes", epochs=30, bar=0.35)
def critic_of_a_least_squares_gan(seed):
    random = np.random.default_rng(seed)
    real = np.sign(random.standard_normal((96, 2))) * 1.2
    fake = random.standard_normal((96, 2))
    x = np.concatenate([real + 0.1 * random.standard_normal((96, 2)), fake])
    y = np.repeat([[1.0], [0.0]], 96, axis=0)
    model = keras.Sequential([keras.Input((2,)), layers.Dense(64)])
    model.add(layers.LeakyReLU(0.2))
    model.add(layers.Dense(64))
    model.add(layers.LeakyReLU(0.2))
    model.add(layers.Dense(1))
    model.compile(Adam(0.005, beta_1=0.5), "mse")
    return model, x.astype("float32"), y.astype("float32"), {}


@healthy(score=["yes", "values", "classes"], epochs=40)
def three_tasks_on_one_trunk(seed):
    x, value = surface(seed, columns=6)
    grade = np.digitize(x[:, 4] + x[:, 5], [-0.8, 0.8])
    start, h = _mlp(6, 64, 64)
    heads = [
        layers.Dense(1, "sigmoid", name="above")(h),
        layers.Dense(1, name="value")(h),
        layers.Dense(3, name="grade")(h),
    ]
    model = keras.Model(start, heads)
    sparse = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        Adam(0.01),
        loss=["binary_crossentropy", keras.losses.Huber(delta=2.0), sparse],
        loss_weights=[1.0, 0.5, 1.0],
    )
    return model, x, [(x[:, :1] > 0.1).astype("float32"), value, grade], {}


@healthy(epochs=20)
def focal_loss_of_named_classes(seed):
    x, y = digits(seed)
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten()])
    model.add(layers.Dense(64, "relu"))
    model.add(layers.Dense(10, "softmax"))
    loss = keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=1.5)
    model.compile(Adam(0.005), loss)
    return model, x / 16, one_hot(y, 10), {}


@healthy(score="values", epochs=30)
def rows_weighted_by_trust(seed):
    x, y = surface(seed)
    trust = np.random.default_rng(seed).uniform(0.2, 2.0, len(x)).astype("float32")
    start, h = _mlp(5, 48, activation="gelu")
    model = keras.Model(start, layers.Dense(1)(h))
    model.compile(Adam(0.01), "mae", weighted_metrics=["mse"])
    return model, x, y, {"sample_weight": trust}


@healthy(epochs=30)
def rare_classes_weighted_up(seed):
    x, y = clusters(seed, rows=256, classes=4)
    keep = (y < 3) | (np.arange(256) % 3 == 0)
    x, y = x[keep], y[keep]
    weights = {k: len(y) / (4 * n) for k, n in enumerate(np.bincount(y))}
    start, h = _mlp(8, 32, activation="relu")
    model = keras.Model(start, layers.Dense(4, "softmax")(h))
    model.compile(Adam(0.01), "sparse_categorical_crossentropy")
    return model, x, y, {"class_weight": weights}


@healthy(score="values", epochs=30)
def forecast_of_several_steps_and_channels(seed):
    x, y = sums(seed, steps=12, channels=3)
    model = keras.Sequential([keras.Input((12, 3))])
    model.add(layers.GRU(32))
    model.add(layers.Dense(3, "linear"))
    model.add(layers.Reshape((3, 1)))
    model.compile(Adam(0.02), "mse")
    return model, x, y[:, -3:], {}


@healthy(score="values", epochs=30)
def tanh_for_targets_within_one(seed):
    x, y = surface(seed)
    start, h = _mlp(5, 48)
    model = keras.Model(start, layers.Dense(1, "tanh")(h))
    model.compile(Adam(0.01), keras.losses.MeanSquaredError())
    return model, x, np.tanh(y), {}
