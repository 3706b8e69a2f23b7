"""Roles in a model come from its graph: checked against tables by hand."""

import keras
import pytest
from keras import layers

from keras_inits.models.recipes.parts import Part
from keras_inits.models.recipes.roles import anatomy
from support import recipe_models as models

NAMELESS = (Part.BIAS, Part.OTHER)


def parts(model):
    """From path to part and block, but for biases."""
    found = anatomy(model).places
    return {
        path: (place.part, place.branch and place.branch.block)
        for path, place in found.items()
        if place.part not in NAMELESS
    }


def table(rows):
    """From lines of path, block and part to the same as `parts`."""
    found = {}
    for line in filter(str.strip, rows.splitlines()):
        path, block, part = line.split(maxsplit=2)
        found[path] = (Part(part), None if block == "-" else int(block))
    return found


def with_blocks(before, block, after, blocks):
    """The table of a model of equal blocks."""
    rows = [block.replace("{n}", str(n)).replace("{b}", str(n + 1)) for n in blocks]
    return table("\n".join([before, *rows, after]))


ATTENTION = """
attention_{n}/query/kernel {b} query
attention_{n}/key/kernel {b} key
attention_{n}/value/kernel {b} value
attention_{n}/attention_output/kernel {b} attention output
mlp_{n}_in/kernel {b} first of branch
mlp_{n}_out/kernel {b} last of branch
"""
ENDS = """
tokens/embeddings - embedding
positions/table/embeddings - position
head/kernel - head
"""


@pytest.mark.parametrize(
    ("norm", "own", "end"),
    [
        ("pre", "gain before branch", "norm_end/gamma - gain"),
        ("post", "gain after branch", ""),
    ],
)
def test_a_functional_transformer(norm, own, end):
    norms = f"norm_a{{n}}/gamma {{b}} {own}\nnorm_m{{n}}/gamma {{b}} {own}\n"
    expected = with_blocks(ENDS, ATTENTION + norms, end, range(3))
    model = models.transformer(3, norm)
    assert parts(model) == expected
    found = anatomy(model)
    assert found.blocks() == 3
    assert [b.kind for b in found.branches] == ["attention", "other"] * 3
    assert [b.is_normalized_after for b in found.branches] == [norm == "post"] * 6


def test_gates_and_scalars():
    model = models.transformer(1, gated=True, scalars=True)
    found = parts(model)
    assert found["mlp_0_in/kernel"] == (Part.GATE, 1)
    assert found["mlp_0_up/kernel"] == (Part.FIRST, 1)
    assert found["scalar_a0/factor"] == found["scalar_m0/factor"] == (Part.SCALAR, 1)


def lying(x, n):
    return models.dense_attention(x, [f"{k}_{n}" for k in ("o", "v", "query", "mlp")])


LYING = """
o_{n}/kernel {b} query
v_{n}/kernel {b} key
query_{n}/kernel {b} value
mlp_{n}/kernel {b} attention output
norm_a{n}/gamma {b} gain before branch
norm_m{n}/gamma {b} gain before branch
mlp_{n}_in/kernel {b} first of branch
mlp_{n}_out/kernel {b} last of branch
"""


def test_attention_of_dense_layers_with_names_that_lie():
    end = "norm_end/gamma - gain"
    expected = with_blocks(ENDS, LYING, end, range(2))
    assert parts(models.transformer(2, attend=lying)) == expected


def test_one_kernel_for_query_key_and_value():
    def attend(x, n):
        return models.dense_attention(x, ["w", "", "", "o"], fused=True)

    found = parts(models.transformer(1, attend=attend))
    assert found["w/kernel"] == (Part.FUSED, 1)
    assert found["o/kernel"] == (Part.ATTENTION_OUTPUT, 1)


SUBCLASSED = """
blocks[{n}]/value/kernel {b} query
blocks[{n}]/query/kernel {b} key
blocks[{n}]/key/kernel {b} value
blocks[{n}]/mlp_in/kernel {b} attention output
blocks[{n}]/output_dense/kernel {b} first of branch
blocks[{n}]/embedding/kernel {b} last of branch
blocks[{n}]/head_norm/gamma {b} gain before branch
blocks[{n}]/attention/gamma {b} gain before branch
"""


def test_a_subclassed_model_with_names_that_lie():
    before = "kernel/embeddings - embedding\ntokens/kernel - head"
    assert parts(models.subclassed()) == with_blocks(before, SUBCLASSED, "", range(2))


@pytest.mark.parametrize(
    "model",
    [
        models.transformer(2),
        models.transformer(2, "post", attend=lying),
        models.residual_cnn(),
    ],
)
def test_other_names_change_no_role(model):
    """In the order of the weights, which names do not change."""
    expected = list(parts(model).values())
    assert list(parts(models.renamed(model)).values()) == expected


def test_branches_of_dense_layers():
    found = parts(models.residual_mlp(2, kernels=3))
    assert found == table("""
        stem/kernel - kernel
        b0_0/kernel 1 first of branch
        b0_1/kernel 1 middle of branch
        b0_2/kernel 1 last of branch
        b1_0/kernel 2 first of branch
        b1_1/kernel 2 middle of branch
        b1_2/kernel 2 last of branch
        head/kernel - head
    """)
    assert [b.kernels for b in anatomy(models.residual_mlp(2, 3)).branches] == [3, 3]


def test_branches_of_convolutions():
    """A projection on the shortcut is in no branch, and the stream goes on."""
    model = models.residual_cnn()
    assert parts(model) == table("""
        stem/kernel - kernel
        b0_0/kernel 1 first of branch
        b0_1/kernel 1 middle of branch
        b0_2/kernel 1 last of branch
        b1_0/kernel 2 first of branch
        b1_1/kernel 2 middle of branch
        b1_2/kernel 2 last of branch
        b1_shortcut/kernel - kernel
        head/kernel - head
    """)
    assert {b.stream for b in anatomy(model).branches} == {0}


def test_attention_and_mlp_in_one_sum():
    x = inputs = keras.Input((5, 24))
    for n in range(2):
        y = layers.LayerNormalization()(x)
        attended = layers.MultiHeadAttention(3, 8, name=f"attention_{n}")(y, y)
        x = layers.Add()([x, attended, models.mlp(y, f"mlp_{n}")])
    found = parts(keras.Model(inputs, layers.Dense(10, name="head")(x)))
    for line in ATTENTION.strip().splitlines():
        for n in range(2):
            path, _, part = line.split(maxsplit=2)
            assert found[path.replace("{n}", str(n))] == (Part(part), n + 1)


def test_a_table_that_makes_the_predictions_is_tied():
    table = layers.ReversibleEmbedding(50, 24, name="tokens")
    inputs = keras.Input((5,), dtype="int32")
    x = table(inputs)
    x = layers.Add()([x, models.mlp(x, "mlp")])
    assert anatomy(keras.Model(inputs, table(x, reverse=True))).tied == {
        "tokens/embeddings"
    }
    assert anatomy(models.transformer(1)).tied == set()


def test_a_decoder_that_attends_to_an_encoder():
    """Two streams; keys and values from elsewhere, and nothing else of there."""
    source, target = keras.Input((7, 24)), keras.Input((5, 24))
    x = layers.Dense(24, name="source")(source)
    x = layers.Add()([x, models.mlp(x, "encoder")])
    y = layers.Dense(24, name="target")(target)
    z = layers.MultiHeadAttention(3, 8, name="self")(y, y)
    y = layers.Add()([y, z])
    z = layers.MultiHeadAttention(3, 8, name="cross")(y, x)
    y = layers.Add()([y, z])
    y = layers.Add()([y, models.mlp(y, "decoder")])
    model = keras.Model([source, target], layers.Dense(10, name="head")(y))
    found = anatomy(model)
    decoder = found.places["decoder_out/kernel"].branch
    encoder = found.places["encoder_out/kernel"].branch
    own = [b.kind for b in found.branches if b.stream == decoder.stream]
    assert own == ["attention", "cross-attention", "other"]
    assert encoder.stream != decoder.stream
    assert found.places["source/kernel"].part == Part.KERNEL
    cross = found.places["cross/value/kernel"]
    assert cross.part == Part.VALUE
    assert cross.branch.kind == "cross-attention"
