"""The command line lists, shows and refuses."""

import runpy
import sys

import keras
import pytest

import keras_inits
from keras_inits import cli, demo
from keras_inits.cli import console
from keras_inits.initializers import descriptions, registry
from support.scheme_examples import arguments_of

OURS = [  # other tests register schemes of their own, with less to say
    name
    for name in keras_inits.names()
    if registry.scheme(name).__module__.startswith("keras_inits.")
]


INPUTS = {  # what the layers of `usage` are built for; others take vectors
    "Conv1D": (None, 1600, 1),
    "Conv2D": (None, 9, 9, 8),
    "Conv2DTranspose": (None, 9, 9, 8),
    "EinsumDense": (None, 5, 64),
    "LSTM": (None, 7, 8),
    "SimpleRNN": (None, 7, 8),
}


def output(capsys, *argv):
    assert cli.main(argv) == 0
    return capsys.readouterr().out


def plain(text):
    """The text in one line."""
    return " ".join(text.split())


def test_list_has_every_name_as_a_layer_takes_it_and_every_formula(capsys, monkeypatch):
    monkeypatch.setattr(console, "PIPED_WIDTH", 1000)  # a scheme is one line
    printed = output(capsys, "list")
    lines = {plain(line).split(" ")[0]: plain(line) for line in printed.splitlines()}
    for name in OURS:
        parts = descriptions.sections(registry.scheme(name))
        string = f'"{descriptions.layer_string(name)}"'
        assert lines[string] == plain(f"{string} {parts['']} {parts['Formula']}")
        assert plain(parts["Reference"])[:30] not in plain(printed)  # is for `show`


def test_list_groups_the_names_by_family(capsys):
    printed = output(capsys, "list")
    random = printed.split("\n  random ")[1].split("\n  variance ")[0]
    assert '"random_normal"' not in random  # Keras has that name
    assert '"keras_inits>random_normal"' in random
    assert "he_fan_in" not in random


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("msra", "he_fan_in"),
        ("Sub-pixel", "icnr"),
        ("mamba", "s4d"),
        ("state space", "lmu"),
        ("chrono", "chrono"),
        ("1502.01852", "he_fan_in"),
    ],
)
def test_list_finds_schemes_by_a_word(word, name, capsys):
    """Of another framework, a family, a name or a paper; and not every scheme."""
    printed = output(capsys, "list", word)
    assert f'"{name}"' in printed
    assert '"torch_default"' not in printed


def test_every_name_of_another_framework_finds_schemes():
    for word, names in descriptions.ELSEWHERE.items():
        assert set(names) <= set(descriptions.found(word))
        assert set(names) <= set(OURS)


def test_a_word_that_finds_nothing_is_refused(capsys):
    assert cli.main(("list", "xyzzy")) == 2
    assert "xyzzy" in capsys.readouterr().err


@pytest.mark.parametrize("name", OURS)
def test_show_has_formula_arguments_reference_and_a_usage_that_runs(name, capsys):
    printed = " ".join(output(capsys, "show", name).split())
    parts = descriptions.sections(registry.scheme(name))
    for heading in ("", "Formula", "Args", "Reference"):
        assert " ".join(parts.get(heading, "none").split()) in printed
    usage = descriptions.usage(name)
    assert usage in printed
    layer = eval(usage, {"keras": keras, "keras_inits": keras_inits})
    if isinstance(layer, keras.layers.Layer):
        held = {type(value) for key, value in vars(layer).items() if "initial" in key}
        cell = vars(getattr(layer, "cell", layer))
        held |= {type(value) for key, value in cell.items() if "initial" in key}
        assert registry.scheme(name) in held
        layer.build(INPUTS.get(type(layer).__name__, (None, 8)))
    with_arguments = descriptions.usage_with_arguments(name)
    assert with_arguments in printed
    assert with_arguments or not arguments_of(registry.scheme(name))
    if with_arguments:
        made = eval(with_arguments, {"keras_inits": keras_inits})
        assert type(made) is registry.scheme(name)


def test_show_draws_the_scheme(capsys):
    """Its std and singular values, with bars; vectors have no singular values."""
    printed = output(capsys, "show", "orthogonal")
    assert "Drawn in (64, 64): mean" in printed
    assert ", std 0.125" in printed  # 1 / sqrt(64)
    assert "1.  1" in printed.split("Singular values")[1]
    assert "\u2588" in printed
    assert "Singular values" not in output(capsys, "show", "affine_identity")
    assert "Drawn" not in output(capsys, "show", "nan_fill")


def test_show_says_what_no_shape_tells(capsys):
    assert "Needs" in output(capsys, "show", "gpt2_residual")
    assert "Needs" not in output(capsys, "show", "he_fan_in")


def test_show_takes_a_name_as_layers_do(capsys):
    assert output(capsys, "show", "keras_inits>he_normal") == output(
        capsys, "show", "he_normal"
    )


def test_the_bare_string_is_shown_only_where_it_means_our_scheme():
    assert descriptions.layer_string("he_fan_in") == "he_fan_in"
    assert (
        descriptions.layer_string("zeros") == "keras_inits>zeros"
    )  # Keras has `zeros`
    assert type(keras.initializers.get("zeros")) is not keras_inits.Zeros


def test_sections_reads_headings_and_nothing_else():
    class Documented:
        """First line
        and second.

        Formula: w = 1: always.

        Args:
            a: One.

            b: Two.

        Reference: Somebody (1999).
        """

    assert descriptions.sections(Documented) == {
        "": "First line and second.",
        "Formula": "w = 1: always.",
        "Args": "    a: One.\n\n    b: Two.",
        "Reference": "Somebody (1999).",
    }


def test_an_unknown_name_exits_with_2_and_names_the_nearest(capsys):
    assert cli.main(["show", "he_fanin"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Did you mean 'he_fan_in'" in captured.err


@pytest.mark.parametrize(
    "argv", [[], ["nonsense"], ["demo", "--epochs", "0"], ["demo", "--seed", "-1"]]
)
def test_what_is_no_request_exits_with_2_and_the_usage(argv, capsys):
    with pytest.raises(SystemExit) as exit:
        cli.main(argv)
    assert exit.value.code == 2
    assert "usage: python -m keras_inits" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--help"], ["show", "--help"], ["demo", "--help"]])
def test_help_exits_with_0(argv, capsys):
    with pytest.raises(SystemExit) as exit:
        cli.main(argv)
    assert exit.value.code == 0
    assert "usage: python -m keras_inits" in capsys.readouterr().out


def test_the_package_runs_as_a_module(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["keras_inits", "show", "nothing_like_it"])
    with pytest.raises(SystemExit) as exit:
        runpy.run_module("keras_inits", run_name="__main__")
    assert exit.value.code == 2
    assert "`name` is a registered scheme" in capsys.readouterr().err


def test_the_demo_without_its_extras_exits_with_2_and_the_command(
    capsys, monkeypatch, tmp_path
):
    monkeypatch.setattr(demo.main, "EXTRAS", ("sklearn", "no_such_package_here"))
    assert cli.main(["demo", "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == (
        "The demo needs no_such_package_here. Type: pip install 'keras-inits[demo]'\n"
    )
    assert not (tmp_path / "out").exists()
