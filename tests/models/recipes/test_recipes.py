"""The std of each role in each recipe is that of its formula.

Width 24, 3 heads, 80 hidden units and 50 tokens: a factor that is lost, a law of the
wrong fan, and key and value exchanged give other numbers.
"""

import math

import keras
import numpy as np
import pytest

import keras_inits
from keras_inits import recipes
from support import recipe_models as models

D, FF, V, L = models.WIDTH, models.HIDDEN, models.VOCABULARY, 3
ROLES = {  # of the models here
    "query": "attention_{n}/query/kernel",
    "key": "attention_{n}/key/kernel",
    "value": "attention_{n}/value/kernel",
    "output": "attention_{n}/attention_output/kernel",
    "first": "mlp_{n}_in/kernel",
    "last": "mlp_{n}_out/kernel",
    "embedding": "tokens/embeddings",
    "position": "positions/table/embeddings",
    "head": "head/kernel",
}
CUT = 0.9866  # std of a normal that is cut at 3, over that of the whole
SPLIT = ("query", "key", "value", "output")


def targets(model, rules, block=0):
    """The std that each role is to have, of the weights of a block."""
    report = keras_inits.initialize(model, rules, seed=0)
    stds = {row.path: row.target_std for row in report.rows}
    drawn = {row.path: row.drawn_std for row in report.rows if row.fan_in}
    sizes = {row.path: math.prod(row.shape) for row in report.rows}
    for path, std in drawn.items():
        # Six standard errors of normals; the other laws here have less.
        bound = 6 * (stds[path] or 0) / math.sqrt(2 * sizes[path])
        assert stds[path] is None or abs(std - stds[path]) <= bound, path
    return {k: stds.get(path.replace("{n}", str(block))) for k, path in ROLES.items()}


def close(found, expected):
    """Whether all stds are as expected, to four digits."""
    assert found.keys() == expected.keys()
    for role, std in expected.items():
        assert found[role] == pytest.approx(std, rel=2e-4), role


def xavier(inputs, outputs, gain=1.0):
    return gain * math.sqrt(2 / (inputs + outputs))


XAVIER = {
    **dict.fromkeys(SPLIT, xavier(D, D)),
    "first": xavier(D, FF),
    "last": xavier(FF, D),
    "head": xavier(D, V),
}


def scaled(gain, roles=("value", "output", "first", "last")):
    return {k: std * gain if k in roles else std for k, std in XAVIER.items()}


def test_gpt2():
    rest = dict.fromkeys(ROLES, 0.02)
    ends = dict.fromkeys(("output", "last"), 0.02 / math.sqrt(2 * L))
    model = models.transformer(L)
    close(targets(model, recipes.gpt2(model)), rest | ends)
    rules = recipes.gpt2(model, stddev=0.05, position_stddev=0.01)
    wide = {k: 2.5 * v for k, v in (rest | ends).items()}
    close(targets(model, rules), wide | {"position": 0.01})


def test_small_wang():
    small, wang = math.sqrt(2 / (5 * D)), 2 / (L * math.sqrt(D))
    ends = dict.fromkeys(("output", "last"), wang)
    model = models.transformer(L)
    close(targets(model, recipes.small_wang(model)), dict.fromkeys(ROLES, small) | ends)


@pytest.mark.parametrize("gated", [False, True])
def test_llama_depth(gated):
    """Of a gated MLP the first kernel that is not the gate shrinks, too."""
    model = models.transformer(L, gated=gated)
    rules = recipes.llama_depth(model)
    for block in range(L):
        end = 0.02 * CUT / math.sqrt(2 * (block + 1))
        expected = dict.fromkeys(ROLES, 0.02 * CUT) | {
            **dict.fromkeys(("output", "last"), end),
            "embedding": 1.0,
            "head": CUT / math.sqrt(D),
        }
        close(targets(model, rules, block), expected)
        if gated:
            up = rules[f"mlp_{block}_up/kernel"].expected_std((D, FF))
            assert up == pytest.approx(end, rel=1e-3)


def test_nanochat():
    expected = {
        **dict.fromkeys(("query", "key", "value"), 1 / math.sqrt(D)),
        **dict.fromkeys(("output", "last"), 0.0),
        "first": 0.4 / math.sqrt(D),
        "embedding": 0.8,
        "position": 0.8,
        "head": 0.001,
    }
    model = models.transformer(L)
    close(targets(model, recipes.nanochat(model)), expected)


def with_tables_of_values(blocks=2):
    """Each block's values are those of the stream, plus a table's for the token."""
    inputs = keras.Input((models.LENGTH,), dtype="int32")
    x = keras.layers.Embedding(V, FF, name="narrow")(inputs)
    x = keras.layers.Dense(D, name="widen")(x)
    for n in range(blocks):
        y = keras.layers.LayerNormalization()(x)
        q, k, v = (keras.layers.Dense(D, name=f"{p}_{n}")(y) for p in "qkv")
        v = v + keras.layers.Embedding(V, D, name=f"values_{n}")(inputs)
        shares = keras.ops.softmax(keras.ops.einsum("bqd,bkd->bqk", q, k) / D**0.5)
        x = x + keras.layers.Dense(D, name=f"o_{n}")(shares @ v)
        x = x + models.mlp(keras.layers.LayerNormalization()(x), f"mlp_{n}")
    return keras.Model(inputs, keras.layers.Dense(V, name="head")(x))


def test_nanochat_starts_tables_of_values_as_values():
    rules = recipes.nanochat(with_tables_of_values())
    stds = {row.place.info.path: row.std for row in rules.rows}
    assert stds["narrow/embeddings"] == pytest.approx(0.8)  # over a kernel
    for n in range(2):
        assert repr(rules[f"values_{n}/embeddings"]) == repr(rules[f"v_{n}/kernel"])
        assert stds[f"values_{n}/embeddings"] == pytest.approx(D**-0.5)


@pytest.mark.parametrize("blocks", [4, 24])
def test_nanochat_starts_as_the_identity_and_learns(blocks):
    """Its first loss is that of chance, its first step one of the branches' ends.

    Logits of a normalized stream are N(0, 0.001² d), one for each of V tokens and its
    target: their mean has a standard error of 0.001 sqrt(d / V).
    """
    keras.utils.set_random_seed(0)
    model = models.transformer(blocks)
    keras_inits.initialize(model, recipes.nanochat(model), seed=0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1.0), loss)
    x = np.random.default_rng(0).integers(0, V, (64, models.LENGTH))
    names = {"first": "mlp_0_in", "last": "mlp_0_out"}
    kernels = {part: model.get_layer(name).kernel for part, name in names.items()}
    told, moved = [], []
    for _ in range(2):
        before = {k: keras.ops.convert_to_numpy(v).copy() for k, v in kernels.items()}
        told.append(float(model.train_on_batch(x, x)))
        after = {k: keras.ops.convert_to_numpy(v) for k, v in kernels.items()}
        moved.append({k for k in names if abs(after[k] - before[k]).max() > 0})
    assert told[0] == pytest.approx(math.log(V), abs=0.005 * math.sqrt(D / V))
    assert moved == [{"last"}, {"first", "last"}]


def test_t_fixup():
    model = models.transformer(L, norm="")
    table = (9 * L) ** -0.25 / math.sqrt(D)
    expected = scaled(0.67 * L**-0.25) | {"embedding": table, "position": table}
    close(targets(model, recipes.t_fixup(model)), expected)


def test_deepnorm():
    """With the factor of the stream that its error asks for."""
    plain = models.transformer(L, norm="post")
    with pytest.raises(ValueError, match=r"multiplied by 1, and alpha is 1\.56508"):
        recipes.deepnorm(plain)
    model = models.transformer(L, norm="post", alpha=(2 * L) ** 0.25)
    table = dict.fromkeys(("embedding", "position"), D**-0.5)
    expected = scaled((8 * L) ** -0.25) | table
    close(targets(model, recipes.deepnorm(model)), expected)


def sub_ln_model(inner=True):
    """Attention of Dense layers, with a normalization before each last kernel."""

    def attend(x, n):
        names = [f"attention_{n}_{k}" for k in SPLIT]
        return models.dense_attention(x, names, inner=inner)

    return models.transformer(L, attend=attend, inner=inner)


def test_sub_ln(monkeypatch):
    for k in SPLIT:
        monkeypatch.setitem(ROLES, k, f"attention_{{n}}_{k}/kernel")
    model = sub_ln_model()
    table = dict.fromkeys(("embedding", "position"), D**-0.5)
    expected = scaled(math.sqrt(math.log(2 * L))) | table
    close(targets(model, recipes.sub_ln(model)), expected)
    with pytest.raises(ValueError, match="no normalization before its last kernel"):
        recipes.sub_ln(sub_ln_model(inner=False))


@pytest.mark.parametrize("kernels", [2, 3])
def test_fixup(kernels):
    model = models.residual_mlp(4, kernels)
    rules = recipes.fixup(model)
    report = keras_inits.initialize(model, rules, seed=0)
    stds = {row.path: row.target_std for row in report.rows}
    factor = 4 ** (-1 / (2 * kernels - 2))
    assert stds["stem/kernel"] == pytest.approx(math.sqrt(2 / D))
    for n in range(4):
        assert stds[f"b{n}_0/kernel"] == pytest.approx(factor * math.sqrt(2 / D))
        assert stds[f"b{n}_{kernels - 1}/kernel"] == 0
    if kernels == 3:
        assert stds["b0_1/kernel"] == pytest.approx(factor * math.sqrt(2 / FF))
    assert stds["head/kernel"] == 0
    x = np.ones((2, D), "float32")
    assert not keras.ops.convert_to_numpy(model(x)).any()


def test_rezero():
    """Each branch is off; the kernels are what "auto" chooses."""
    model = models.transformer(L, scalars=True)
    report = keras_inits.initialize(model, recipes.rezero(model), seed=0)
    zero = [row.path for row in report.rows if row.path.endswith("factor")]
    assert len(zero) == 2 * L
    for path in zero:
        assert not keras.ops.convert_to_numpy(
            model.get_layer(path.split("/")[0]).factor.value
        ).any()
    auto = keras_inits.initialize(model, "auto", seed=0, dry_run=True)
    kernels = {row.path: row.scheme for row in auto.rows if row.fan_in}
    assert kernels == {r.path: r.scheme for r in report.rows if r.fan_in}


def test_zero_gamma():
    """Where no factor is there the gain after the last kernel is zero."""
    x = inputs = keras.Input((8, 8, 12))
    for n in range(2):
        y = keras.layers.Conv2D(12, 3, padding="same", name=f"c{n}")(x)
        x = keras.layers.Add()([x, keras.layers.BatchNormalization(name=f"n{n}")(y)])
    model = keras.Model(inputs, x)
    rules = recipes.rezero(model)
    assert {k: str(v) for k, v in rules.items() if v != "auto"} == {
        "n0/gamma": "Zeros()",
        "n1/gamma": "Zeros()",
    }
    keras_inits.initialize(model, rules, seed=0)
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 12)).astype("float32")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(x)), x)


def test_zero_gamma_of_a_residual_network():
    """The last gain of the branch: none within it, and not that of a projection."""

    def conv(x, filters, name):
        x = keras.layers.Conv2D(filters, 3, padding="same")(x)
        return keras.layers.BatchNormalization(name=name)(x)

    x = inputs = keras.Input((8, 8, 3))
    for n, filters in enumerate((5, 5, 7)):
        y = keras.layers.ReLU()(conv(x, filters + 1, f"inner_{n}"))
        y = conv(y, filters, f"last_{n}")
        x = conv(x, filters, f"shortcut_{n}") if x.shape[-1] != filters else x
        x = keras.layers.ReLU()(keras.layers.Add()([x, y]))
    rules = recipes.rezero(keras.Model(inputs, x))
    zeros = {path for path, scheme in rules.items() if str(scheme) == "Zeros()"}
    assert zeros == {f"last_{n}/gamma" for n in range(3)}


def test_torch_draws_what_it_lacks_as_convolutions():
    """Each kernel of ConvLSTM by the inputs of its own."""
    layer = keras.layers.ConvLSTM2D(6, (3, 2), name="c")
    model = keras.Sequential([keras.Input((4, 8, 8, 3)), layer])
    rules = recipes.torch(model)
    stds = {row.place.info.path: row.std for row in rules.rows}
    assert stds == pytest.approx(
        {
            "c/cell/kernel": (3 * 3 * 2 * 3) ** -0.5,
            "c/cell/recurrent_kernel": (3 * 3 * 2 * 6) ** -0.5,
            "c/cell/bias": (3 * 3 * 2 * 3) ** -0.5,
        }
    )
    assert rules.notes == (
        "PyTorch has no ConvLSTM2D: 'c/cell/kernel' and its like are drawn as "
        "convolutions are.",
    )


def test_layernorm_scaling():
    model = models.transformer(L)
    keras_inits.initialize(model, recipes.layernorm_scaling(model), seed=0)
    for n in range(L):
        for side in "am":
            gain = keras.ops.convert_to_numpy(model.get_layer(f"norm_{side}{n}").gamma)
            np.testing.assert_allclose(gain, (n + 1) ** -0.5, rtol=1e-6)
    end = keras.ops.convert_to_numpy(model.get_layer("norm_end").gamma)
    assert (end == 1).all()


@pytest.mark.parametrize("kind", ["keras", "dense"])
def test_mimetic(kind):
    """Queries meet their keys, values come back with their sign changed."""

    def attend(x, n):
        return models.dense_attention(x, [f"{k}_{n}" for k in SPLIT])

    is_keras = kind == "keras"
    model = models.transformer(2, attend=None if is_keras else attend)
    rules = recipes.mimetic(model, seed=5, heads=None if is_keras else 1)
    keras_inits.initialize(model, rules, seed=0)
    seen = []
    for n in range(2):
        if is_keras:
            layer = model.get_layer(f"attention_{n}")
            found = [layer.query_dense, layer.key_dense, layer.value_dense]
            found.append(layer.output_dense)
        else:
            found = [model.get_layer(f"{k}_{n}") for k in SPLIT]
        q, k, v, o = (keras.ops.convert_to_numpy(x.kernel) for x in found)
        q, k, v = (w.reshape(D, -1, D // 3 if is_keras else D) for w in (q, k, v))
        heads = q.shape[1]
        traces = [np.trace(q[:, h] @ k[:, h].T) / D for h in range(heads)]
        assert min(traces) > 0.1
        product = v.reshape(D, D) @ o.reshape(D, D)
        # Of the diagonal's mean: -0.4, with the noise 0.4 / D of Z's trace.
        assert abs(np.trace(product) / D + 0.4) < 6 * 0.4 / D
        seen.append(q)
    assert abs(np.corrcoef(seen[0].ravel(), seen[1].ravel())[0, 1]) < 0.9


def test_spectral():
    model = models.transformer(L)

    def norm(inputs, outputs):
        return min(1, math.sqrt(outputs / inputs)) / math.sqrt(inputs)

    expected = {
        **dict.fromkeys(SPLIT, norm(D, D)),
        "first": norm(D, FF),
        "last": norm(FF, D),
        "head": norm(D, V),
        **dict.fromkeys(("embedding", "position"), 1.0),
    }
    close(targets(model, recipes.spectral(model)), expected)


def test_conditioned_attention():
    """All singular values of the three kernels are 1; twin: the output's are not."""
    model = models.transformer(2)
    keras_inits.initialize(model, recipes.conditioned_attention(model), seed=0)
    for n in range(2):
        layer = model.get_layer(f"attention_{n}")
        q, k, v, o = (
            keras.ops.convert_to_numpy(one.kernel).reshape(D, D)
            for one in (
                *(layer.query_dense, layer.key_dense),
                *(layer.value_dense, layer.output_dense),
            )
        )
        np.testing.assert_array_equal(v, np.eye(D))
        for one in (q, k):
            np.testing.assert_allclose(one @ one.T, np.eye(D), atol=1e-5)
        assert abs(q - k).max() > 0.1
        assert np.ptp(np.linalg.svd(o, compute_uv=False)) > 1
