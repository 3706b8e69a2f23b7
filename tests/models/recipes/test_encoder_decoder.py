"""An encoder and a decoder: of unequal depth, each with its own factor.

The figures are those of the papers' tables: T-Fixup's section 3.2, DeepNet's figure 2,
the Foundation Transformers' section 3; N blocks of the encoder, M of the decoder.
"""

import math

import keras
import pytest
from keras import layers

import keras_inits
from keras_inits import recipes
from keras_inits.models.recipes.roles import anatomy
from support import recipe_models as models

D, FF, V = models.WIDTH, models.HIDDEN, models.VOCABULARY
N, M = 3, 5
XAVIER = {
    **dict.fromkeys(("query", "key", "value", "output"), (2 / (D + D)) ** 0.5),
    **dict.fromkeys(("first", "last"), (2 / (D + FF)) ** 0.5),
}
KERNELS = {
    "query": "{}_query/kernel",
    "key": "{}_key/kernel",
    "value": "{}_value/kernel",
    "output": "{}_output/kernel",
}
MLP = {"first": "{}_in/kernel", "last": "{}_out/kernel"}


def attention(x, source, prefix, inner):
    """One head, whose keys and values come from a source."""

    def dense(name):
        return layers.Dense(D, use_bias=False, name=f"{prefix}_{name}")

    scores = keras.ops.einsum("bqd,bkd->bqk", dense("query")(x), dense("key")(source))
    shares = keras.ops.softmax(scores / D**0.5)
    y = keras.ops.einsum("bqk,bkd->bqd", shares, dense("value")(source))
    return dense("output")(layers.LayerNormalization()(y) if inner else y)


def translator(norm="", alphas=(1.0, 1.0), crossing=True):
    """From one language to another.

    Args:
        norm: "post", "inner" for one before a branch and one in it, or "" for none.
        alphas: Of the encoder's stream and of the decoder's.
        crossing: Whether attention to the encoder has the inner one, too.
    """
    inner = norm == "inner"

    def add(x, branch, alpha):
        y = branch(layers.LayerNormalization()(x) if inner else x)
        x = layers.Add()([x if alpha == 1 else alpha * x, y])
        return layers.LayerNormalization()(x) if norm == "post" else x

    def attend(x, name, alpha, source=None):
        def branch(y):
            twice = inner and (crossing or source is None)
            return attention(y, y if source is None else source, name, twice)

        return add(x, branch, alpha)

    def perceptron(x, name, alpha):
        return add(x, lambda y: models.mlp(y, name, inner=inner), alpha)

    sources = keras.Input((7,), dtype="int32")
    targets = keras.Input((5,), dtype="int32")
    x = layers.Embedding(V, D, name="sources")(sources)
    for n in range(N):
        x = attend(x, f"own_{n}", alphas[0])
        x = perceptron(x, f"encoder_{n}", alphas[0])
    x = layers.LayerNormalization()(x) if inner else x
    y = layers.Embedding(V + 1, D, name="targets")(targets)
    for m in range(M):
        y = attend(y, f"self_{m}", alphas[1])
        y = attend(y, f"cross_{m}", alphas[1], x)
        y = perceptron(y, f"decoder_{m}", alphas[1])
    head = layers.Dense(V + 1, name="head")
    return keras.Model([sources, targets], head(y))


def factors(model, rules, tables=("sources", "targets")):
    """The std of each role over Xavier's, which is one for all blocks."""
    report = keras_inits.initialize(model, rules, seed=0)
    stds = {row.path: row.target_std for row in report.rows}
    found = {}
    for side, places, blocks in (
        ("encoder", {"own": KERNELS, "encoder": MLP}, N),
        ("decoder", {"self": KERNELS, "cross": KERNELS, "decoder": MLP}, M),
    ):
        for place, roles in places.items():
            for role, path in roles.items():
                own = {stds[path.format(f"{place}_{n}")] for n in range(blocks)}
                assert len(own) == 1
                label = f"{place} {role}" if place == "cross" else f"{side} {role}"
                found[label] = own.pop() / XAVIER[role]
    for name in tables:
        found[name] = stds[f"{name}/embeddings"] * D**0.5
    return found


def expected(encoder, decoder, cross, sources, targets):
    """The factors of scaled kernels; queries and keys have 1."""
    found = {}
    for side, factor in (("encoder", encoder), ("decoder", decoder), ("cross", cross)):
        scaled = ("value", "output", "first", "last")
        found |= {f"{side} {k}": factor if k in scaled else 1.0 for k in XAVIER}
    del found["cross first"], found["cross last"]
    return found | {"sources": sources, "targets": targets}


def test_roles():
    """The graph's order mixes the two streams; each has its own blocks."""
    found = anatomy(translator())
    encoder = found.places["own_0_query/kernel"].branch.stream
    told = {True: [], False: []}
    for one in found.branches:
        told[one.stream == encoder].append((one.kind, one.block))
    inner = ("attention", "other")
    assert told[True] == [(kind, n + 1) for n in range(N) for kind in inner]
    inner = ("attention", "cross-attention", "other")
    assert told[False] == [(kind, m + 1) for m in range(M) for kind in inner]


def test_t_fixup():
    decoder = (9 * M) ** -0.25
    table = (9 * N) ** -0.25
    wanted = expected(0.67 * N**-0.25, decoder, decoder, table, decoder)
    model = translator()
    assert factors(model, recipes.t_fixup(model)) == pytest.approx(wanted, rel=1e-4)


def test_deepnorm():
    """And an error that names the factor of each stream's sums."""
    both = (N**4 * M) ** (1 / 16)
    alphas = 0.81 * both, (3 * M) ** 0.25
    decoder = (12 * M) ** -0.25
    model = translator("post", alphas)
    wanted = expected(0.87 / both, decoder, decoder, 1.0, 1.0)
    assert factors(model, recipes.deepnorm(model)) == pytest.approx(wanted, rel=1e-4)
    for own, missing in (alphas, alphas[::-1]):
        words = rf"multiplied by {own:.4g}, and alpha is {missing:.6g}"
        with pytest.raises(ValueError, match=words):
            recipes.deepnorm(translator("post", (own, own)))


@pytest.mark.parametrize("crossing", [True, False])
def test_sub_ln(crossing):
    """What attends to the encoder keeps Xavier's scale, normalized twice or once."""
    encoder = math.sqrt(math.log(3 * M) * math.log(2 * N) / 3)
    decoder = math.sqrt(math.log(3 * M))
    model = translator("inner", crossing=crossing)
    wanted = expected(encoder, decoder, 1.0, 1.0, 1.0)
    assert factors(model, recipes.sub_ln(model)) == pytest.approx(wanted, rel=1e-4)


def test_sub_ln_names_the_factor_that_each_branch_has():
    """None where attention to the encoder keeps its scale."""
    rules = recipes.sub_ln(translator("inner"))
    told = {}
    for row in rules.rows:
        if row.place.branch and row.place.is_kernel:
            side = row.place.info.path.split("_")[0]
            told.setdefault(side, set()).add(row.depth)
    assert told == {
        "own": {"", "√(log(3M) log(2N) / 3)"},  # none: queries and keys
        "encoder": {"√(log(3M) log(2N) / 3)"},
        "self": {"", "√log(3M)"},
        "cross": {""},
        "decoder": {"√log(3M)"},
    }


def test_two_recipes_meet_only_where_both_have_a_factor():
    """Sub-LN has none for attention to the encoder: the rest are 2 N + 2 M branches."""
    model = translator("inner")
    with pytest.warns(UserWarning, match="Two factors for the depth") as caught:
        _ = recipes.sub_ln(model) | recipes.layernorm_scaling(model)
    told = [str(one.message) for one in caught]
    ours = [text for text in told if text.startswith("Two factors for the depth")]
    counts = [int(text.split(" on ")[1].split()[0]) for text in ours]
    assert sorted(counts) == [2 * N, 2 * M]


def test_gpt2_counts_the_branches_of_each_stream():
    model = translator()
    rules = recipes.gpt2(model)
    assert rules["encoder_0_out/kernel"].stddev == pytest.approx(0.02 / (2 * N) ** 0.5)
    assert rules["cross_4_output/kernel"].stddev == pytest.approx(0.02 / (3 * M) ** 0.5)
