"""Which weights a pattern means, and which rule decides."""

import re

import keras
import pytest

import keras_inits
from keras_inits.graph.weights import weights_of
from keras_inits.models import patterns, rules
from support.model_zoo import Block, functional, nested, subclassed

layers = keras.layers


@pytest.fixture(scope="module")
def model():
    """Embedding, attention, convolutions, recurrent layers, and a head."""
    return functional()


def meant(model, pattern, test=patterns.matches):
    """Paths of the weights that a pattern means."""
    return {info.path for info in weights_of(model) if test(pattern, info)}


ATTENTION = {
    f"attention/{name}/{kind}"
    for name in ("query", "key", "value", "attention_output")
    for kind in ("kernel", "bias")
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("head/kernel", {"head/kernel"}),
        ("head", {"head/kernel", "head/bias"}),
        ("head*", {"head/kernel", "head/bias"}),
        ("hea?", {"head/kernel", "head/bias"}),
        ("attention", ATTENTION),
        ("att*/query", {"attention/query/kernel", "attention/query/bias"}),
        ("*/query/*", {"attention/query/kernel", "attention/query/bias"}),
        ("dense[0]", {"dense[0]/kernel", "dense[0]/bias"}),
        ("dense[0]/bias", {"dense[0]/bias"}),
        ("dense0", set()),  # brackets are brackets
        ("query", set()),  # the whole path, from its beginning
        ("ead", set()),
        ("*.*", set()),  # a dot is a dot
        ("HEAD", set()),
        (re.compile("head"), {"head/kernel", "head/bias"}),
        (re.compile(r"^d.*s$"), {"dense[0]/bias"}),
        (re.compile("HEAD", re.I), {"head/kernel", "head/bias"}),
        (layers.MultiHeadAttention, ATTENTION),
        (layers.PReLU, {"p_re_lu[0]/alpha"}),
        (layers.Dropout, set()),
        (lambda info: info.shape == (2,), {"head/bias"}),
    ],
)
def test_a_pattern_means_weights(model, pattern, expected):
    assert meant(model, pattern) == expected


def test_a_class_means_all_that_is_inside():
    """The layer that is around counts, up to the model itself."""
    model = subclassed()
    assert meant(model, Block) == meant(model, "blocks*")
    assert meant(model, keras.Model) == meant(model, "*") == meant(model, layers.Layer)


def test_a_layer_means_itself_and_what_is_inside():
    model = nested()
    tower = model.get_layer("tower")
    assert meant(model, tower) == meant(model, "tower/*") != set()
    assert meant(model, layers.Dense(2)) == set()


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("head/bias", {"head/bias"}),
        ("dense[0]/b*", {"dense[0]/bias"}),
        ("head", set()),
        ("head/*", set()),
        ("head/????", set()),  # any name of four letters: by its place
        ("*", set()),
        ("*/gamma", {"layer_normalization[0]/gamma"}),
        (re.compile("d/bias$"), {"head/bias"}),
        (re.compile("head/(kernel|bias)"), {"head/kernel", "head/bias"}),
        (re.compile("head"), set()),
        (re.compile("head/.*"), set()),
        (layers.PReLU, set()),
        (lambda info: info.weight.role == "bias", set()),
    ],
)
def test_a_pattern_means_a_name_if_another_name_would_not_do(model, pattern, expected):
    assert meant(model, pattern, patterns.means_its_name) == expected


@pytest.mark.parametrize("bad", ["", 3, None, 0.5, str, re.compile(b"x"), {}])
def test_what_is_no_pattern_is_refused(bad):
    with pytest.raises(
        ValueError, match=r"`include` names weights by.*Received: include=.*For example"
    ):
        patterns.check("include", bad)


def decided(model, given):
    """By path, the text of the rule."""
    found = rules.decide(rules.parse(given), weights_of(model))
    assert found.problems == []
    return {path: rule.text for path, rule in found.by_path.items()}


def problems(model, given):
    """The sentences about rules in vain."""
    return rules.decide(rules.parse(given), weights_of(model)).problems


def test_the_first_rule_that_reaches_a_kernel_decides(model):
    found = decided(
        model,
        {
            "head/kernel": "zeros",
            layers.MultiHeadAttention: "xavier_uniform",
            (layers.LSTM, "gru*"): "orthogonal",
            lambda info: len(info.shape) == 4: "he_fan_in",
            re.compile("embeddings"): "random_normal",
            "*": "lecun_normal",
        },
    )
    assert found["head/kernel"] == "'head/kernel'"
    assert found["attention/key/kernel"] == "MultiHeadAttention"
    assert found["lstm[0]/cell/kernel"] == "LSTM or 'gru*'"
    assert found["gru[0]/cell/recurrent_kernel"] == "LSTM or 'gru*'"
    assert found["conv2d[0]/kernel"] == "<lambda>"
    assert found["embedding[0]/embeddings"] == "re.compile('embeddings')"
    assert found["dense[0]/kernel"] == "'*'"


def test_one_scheme_reaches_every_kernel_and_nothing_else(model):
    kernels = {
        p.path for p in weights_of(model) if p.weight.role.endswith(("kernel", "ing"))
    }
    assert set(decided(model, "he_normal")) == kernels
    assert set(decided(model, {"*": "he_normal"})) == kernels
    assert {"lstm[0]/cell/recurrent_kernel", "embedding[0]/embeddings"} <= kernels


def test_a_bias_is_reached_by_its_name_only(model):
    found = decided(model, {"*/bias": "ones", "head/*": "zeros", "*": "he_normal"})
    assert found["head/bias"] == found["dense[0]/bias"] == "'*/bias'"
    assert found["head/kernel"] == "'head/*'"
    assert "layer_normalization[0]/beta" not in found


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        (
            "haed/kernel",
            r"'haed/kernel' matches no weight\. Did you mean 'head/kernel'",
        ),
        ("attenton", r"'attenton' matches no weight\. Did you mean 'attention'"),
        ("*/biass", r"Did you mean '\*/bias'"),
        (
            layers.Conv3D,
            r"Conv3D matches no weight\. The layers with weights are Conv2D,",
        ),
        (
            re.compile("xyz"),
            r"re.compile\('xyz'\) matches no weight\. Paths are such as",
        ),
        (layers.Dense(2, name="stray"), r"layer 'stray' matches no weight"),
    ],
)
def test_a_rule_that_matches_nothing_is_told_with_what_is_near(
    model, pattern, sentence
):
    (found,) = problems(model, {pattern: "he_normal", "*": "auto"})
    assert re.search(sentence, found), found


@pytest.mark.parametrize(
    "pattern", [layers.PReLU, "p_re_lu*", lambda info: info.weight.role == "slope"]
)
def test_a_rule_that_reaches_no_kernel_says_how_to_mean_others(model, pattern):
    (found,) = problems(model, {pattern: "zeros", "*": "auto"})
    assert "reaches no kernel, only 'p_re_lu[0]/alpha'" in found
    assert "Type '*/alpha' or 'p_re_lu[0]/alpha'" in found


def test_a_rule_behind_a_wider_one_is_told(model):
    (found,) = problems(model, {"*": "he_normal", "head": "zeros"})
    assert found.startswith("Rule 'head' never applies: '*' before it reaches all")
    # A last resort may have nothing left to do.
    everything = {layers.Layer: "he_normal", "*": "auto"}
    assert problems(model, everything) == []


@pytest.mark.parametrize("name", ["he_normal", "keras_inits>he_normal", "HeNormal"])
def test_a_name_means_this_package_s_scheme(name):
    """Also where Keras has one of that name, and with the prefix of files."""
    (rule,) = rules.parse(name)
    assert type(rule.scheme) is keras_inits.HeNormal


def test_a_name_may_be_another_package_s():
    class Sixths(keras.initializers.Initializer):
        def __call__(self, shape, dtype=None):
            return keras.ops.full(shape, 1 / 6, dtype)

    with keras.saving.custom_object_scope({"sixths": Sixths}):
        (rule,) = rules.parse("sixths")
    assert type(rule.scheme) is Sixths


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (keras_inits.HeUniform(seed=3), keras_inits.HeUniform),
        (keras_inits.HeUniform, keras_inits.HeUniform),
        (keras.initializers.HeUniform(), keras.initializers.HeUniform),
        (keras.initializers.HeUniform, keras.initializers.HeUniform),
    ],
)
def test_a_scheme_may_be_an_instance_or_a_class(given, kind):
    (rule,) = rules.parse(given)
    assert type(rule.scheme) is kind


def test_a_function_is_a_scheme():
    (rule,) = rules.parse(keras.ops.zeros)
    assert rule.scheme is keras.ops.zeros
    assert rule.text == "zeros"


@pytest.mark.parametrize("bad", [0.1, None, [], int, layers.Dense(2)])
def test_what_is_no_scheme_is_refused(bad):
    with pytest.raises(
        ValueError, match=r"must be a name, an init.*Received: .*exclude"
    ):
        rules.parse({"*": bad})


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"Received: name='he_norml'.*'he_normal'"):
        rules.parse({"*": "he_norml"})


def test_no_rules_are_refused():
    with pytest.raises(
        ValueError, match=r"every kernel a scheme.*Received: rules=\{\}"
    ):
        rules.parse({})


def test_a_pattern_in_a_tuple_is_checked():
    with pytest.raises(ValueError, match=r"`rules` names weights.*Received: rules=3"):
        rules.parse({("head", 3): "zeros"})


MIXED = {
    "head/bias": "zeros",
    re.compile("attention/query"): "ones",
    ("attention/key", "nothing/*", "head"): "he_normal",
    "attention/key/kernel": "ones",  # in vain: the tuple has it
    "attention": "zeros",
    keras.layers.Conv2D: "he_uniform",
    "attention/value": "ones",  # in vain
    "*/bias": "ones",
    "*": "auto",
}


def test_each_rule_is_asked_about_each_weight_it_may_reach(model):
    """As if all were asked about all."""
    infos, parsed = weights_of(model), rules.parse(MIXED)
    reached = [{i.path for i in infos if rules.reaches(one, i)} for one in parsed]
    expected = {}
    for one, paths in zip(parsed, reached, strict=True):
        expected |= dict.fromkeys(paths - expected.keys(), one)
    found = rules.decide(parsed, infos)
    assert found.by_path == expected
    told = [text.split(" never applies")[0] for text in found.problems]
    assert told == ["Rule 'attention/key/kernel'", "Rule 'attention/value'"]
    assert "attention/key' or 'nothing/*' or 'head' before" in found.problems[0]
    assert "'attention' before" in found.problems[1]


def test_rules_that_name_one_weight_each_are_asked_about_it_alone(monkeypatch):
    """A recipe's: of n layers n rules, and no n² questions."""
    stack = [layers.Dense(3, name=f"d_{n}") for n in range(60)]
    infos = weights_of(keras.Sequential([keras.Input((3,)), *stack]))
    parsed = rules.parse({info.path: "ones" for info in infos})
    asked = []
    monkeypatch.setattr(rules, "reaches", lambda *given: asked.append(given) or True)
    assert rules.decide(parsed, infos).by_path.keys() == {p.path for p in infos}
    assert len(asked) == len(infos) == 120
