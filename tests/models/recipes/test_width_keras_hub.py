"""muP and CompleteP on keras-hub's backbones at two widths, against tables by hand."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_inits
from keras_inits import recipes
from keras_inits.models.multipliers import Multiplier
from support.real_models import GROUPED, TEXT

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the models' own code
HIDDEN = (0.5, 2)  # rate and decay at twice the width; std over the root of 2
ONE = (1, 1)


def built(name, width, layers=2, **others):
    """A backbone whose heads have the size 4 at every width."""
    models = pytest.importorskip("keras_hub").models
    given = {"num_layers": layers, "hidden_dim": width, "intermediate_dim": 3 * width}
    if name in ("Llama", "Gemma"):
        heads = {"num_query_heads": width // 4, "num_key_value_heads": width // 8}
        size = {"head_dim": 4} if name == "Gemma" else {}
        return getattr(models, f"{name}Backbone")(**GROUPED | given | heads | size)
    settings = TEXT | given | {"num_heads": width // 4} | others
    return getattr(models, f"{name}Backbone")(**settings)


def of_block(attention, norms, mlp):
    """The multipliers of a block's kernels, by the names of its layers."""
    kernels = [f"{attention}/{part}" for part in ("query", "key", "value")]
    kernels = [*kernels, f"{attention}/attention_output", *mlp]
    return {f"{k}/kernel": HIDDEN for k in kernels} | dict.fromkeys(norms, ONE)


TABLES = {  # blocks, and what is outside of them
    "GPT2": (
        "transformer_layer_1",
        of_block(
            "self_attention",
            ["self_attention_layer_norm/gamma", "feedforward_layer_norm/beta"],
            ["feedforward_intermediate_dense", "feedforward_output_dense"],
        ),
        {
            "token_embedding/embeddings": ONE,
            "position_embedding/embeddings": ONE,
            "layer_norm/gamma": ONE,
        },
    ),
    "Bert": (
        "transformer_layer_0",
        of_block(
            "self_attention_layer",
            ["self_attention_layer_norm/gamma", "feedforward_output_dense/bias"],
            ["feedforward_intermediate_dense", "feedforward_output_dense"],
        ),
        {
            "token_embedding/embeddings": ONE,
            "segment_embedding/embeddings": ONE,
            "pooled_dense/kernel": HIDDEN,
        },
    ),
    "Llama": (
        "transformer_layer_1",
        of_block(
            "self_attention",
            ["self_attention_layernorm/scale"],
            [f"feedforward_{x}_dense" for x in ("intermediate", "gate", "output")],
        ),
        {
            "token_embedding/embeddings": ONE,
            "token_embedding/reverse_embeddings": HIDDEN,
            "sequence_output_layernorm/scale": ONE,
        },
    ),
    "Gemma": (
        "decoder_block_1",
        of_block(
            "attention",
            ["pre_attention_norm/scale"],
            ["ffw_gating", "ffw_gating_2", "ffw_linear"],
        ),
        {"token_embedding/embeddings": ONE, "final_normalization/scale": ONE},
    ),
}


def multipliers(rules):
    """By path in the structure."""
    given = rules.multipliers
    return {
        path: given.get(place.info.variable.path, Multiplier())
        for path, place in rules.found.places.items()
        if place.info.variable.trainable
    }


@pytest.mark.parametrize("name", TABLES)
def test_mup_by_hand(name):
    """Heads of one size: no word on how scores are scaled."""
    block, inside, outside = TABLES[name]
    model, base = built(name, 16), built(name, 8)
    rules = recipes.mup(model, base)
    found = multipliers(rules)
    wanted = {f"{block}/{path}": one for path, one in inside.items()} | outside
    assert {path: found[path].short() for path in wanted} == wanted
    assert "scores" not in str(rules)
    stds = {
        one: {r.path: r.target_std for r in report.rows}
        for one, report in (
            ("wide", keras_inits.initialize(model, rules, seed=0)),
            ("narrow", keras_inits.initialize(base, "auto", seed=0)),
        )
    }
    head = "token_embedding/reverse_embeddings"
    for path, one in wanted.items():
        if one == HIDDEN or "embeddings" in path:
            root = 2 if path == head else 2**0.5
            factor = 1 / root if one == HIDDEN else 1
            expected = stds["narrow"][path] * factor
            assert stds["wide"][path] == pytest.approx(expected, rel=1e-5), path


def test_larger_heads_of_other_layers_are_named_once():
    """keras-hub's own attention divides by the root of the size."""
    models = pytest.importorskip("keras_hub").models
    pair = [
        models.GemmaBackbone(**GROUPED | {"head_dim": size, "hidden_dim": 2 * size})
        for size in (8, 4)
    ]
    said = [note for note in recipes.mup(*pair).notes if "scores" in note]
    assert said[0].startswith(
        "How the scores of 'decoder_block_*/attention/query/kernel'"
    )
    assert len(said) == 1


def test_a_tied_language_model_and_a_classifier():
    models = pytest.importorskip("keras_hub").models
    pair = [
        models.GPT2CausalLM(backbone=built("GPT2", n), preprocessor=None)
        for n in (16, 8)
    ]
    with pytest.raises(ValueError, match="token_embedding/embeddings' is embedding"):
        recipes.mup(*pair)
    table = "gpt2_backbone[0]/token_embedding/embeddings"
    assert recipes.mup(*pair, table=8).outputs == {table: 0.5}
    pair = [
        models.BertTextClassifier(built("Bert", n), num_classes=3, preprocessor=None)
        for n in (16, 8)
    ]
    assert multipliers(recipes.mup(*pair))["logits/kernel"].short() == HIDDEN


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("GPT2", ("self_attention/attention_output", "feedforward_output_dense")),
        ("Llama", ("self_attention/attention_output", "feedforward_output_dense")),
        ("Gemma", ("attention/attention_output", "ffw_linear")),
    ],
)
def test_completep_by_hand(name, ends):
    """Twice the width, and three times the blocks."""
    rules = recipes.completep(built(name, 16, 6), built(name, 8))
    found = multipliers(rules)
    block, inside, outside = TABLES[name]
    for path, one in inside.items():
        for number in (0, 5):
            own = found[f"{block[:-1]}{number}/{path}"]
            c = 1 / 3 if path.removesuffix("/kernel") in ends else 1
            wanted = (one[0] * c, one[1] / c, 1 / 6 / c)
            assert own == pytest.approx(wanted), path
    for path, one in outside.items():
        epsilon = 1 if path.endswith("reverse_embeddings") else 0.5
        assert found[path] == pytest.approx((*one, epsilon)), path


def test_completep_refuses_post_norm():
    with pytest.raises(ValueError, match="is normalized, which undoes"):
        recipes.completep(built("Bert", 8, 4), built("Bert", 8))


def classifier(width, is_mup, seed=0):
    def made(width):
        backbone = built("GPT2", width, 1, max_sequence_length=8, dropout=0.0)
        x = layers.Dense(10, name="head")(backbone.output)
        return keras.Model(backbone.input, x)

    model, adam = made(width), keras.optimizers.Adam(0.01)
    rules = {"head/kernel": "zeros", "*": "lecun_normal"}
    if is_mup:
        rules = recipes.mup(model, made(32), start=rules)
        adam = keras_inits.scaled_optimizer(adam, rules.multipliers)
    keras_inits.initialize(model, rules, seed=seed)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(adam, loss)
    return model


@pytest.mark.slow
def test_the_coordinate_check_of_gpt2():
    """Flat over a factor of 8 in width; twin: one rate for all makes logits grow."""
    random = np.random.default_rng(0)
    tokens = random.integers(50, size=(32, 8))
    x = {"token_ids": tokens, "padding_mask": np.ones_like(tokens)}
    y = random.integers(10, size=50)[tokens]
    flat, grows = (
        recipes.coordinate_check(
            lambda width, is_mup=is_mup: classifier(width, is_mup), [32, 256], x, y
        ).slopes()
        for is_mup in (True, False)
    )
    assert abs(flat["head"]) < 0.15
    assert grows["head"] > 0.4
