"""What stands in a config in the place of a scheme, and what is refused."""

import pathlib
import sys

import keras
import pytest

from keras_inits.files import configs
from support.configs import a_config, of_ours


@pytest.mark.parametrize(
    "config",
    [{"gain": "x"}, {"unknown": 1}, {"seed": {"class_name": "os>system"}}, [], None, 1],
    ids=repr,
)
def test_a_scheme_whose_arguments_are_broken_becomes_zeros_or_what_is_left(config):
    found = a_config(of_ours("orthogonal") | {"config": config})
    (row,) = configs.replace(found)
    assert row.after in ("Zeros()", "Orthogonal(gain=1.0, seed=None)")


@pytest.mark.parametrize(("seed", "kept"), [(7, 7), (-1, 2**32 - 1), (2**63, 0)])
def test_a_seed_is_kept_as_far_as_keras_takes_it(seed, kept):
    found = a_config(of_ours("he_normal", {"seed": seed}))
    configs.replace(found)
    config = found["config"]["layers"][0]["config"]["kernel_initializer"]
    assert config["config"] == {"seed": kept}
    keras.initializers.get(config)((3, 2))


def test_what_has_no_replacement_is_named():
    with pytest.raises(ValueError, match=r"'Any' of keras_inits at 'm/dense/loss'"):
        configs.replace(a_config(of_ours("no_such"), "loss"))
    (row,) = configs.replace(a_config(of_ours("of_a_later_version")))
    assert row.after == "Zeros()"


def test_a_function_of_a_file_is_neither_imported_nor_called(tmp_path, monkeypatch):
    (tmp_path / "harmful.py").write_text("open('trace', 'w').close()")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    function = of_ours("from_function", {"function": "harmful:run"})
    inside = of_ours("per_gate", {"initializer": function, "gates": 4})
    for value in (function, inside, of_ours("scaled", {"initializer": function})):
        (row,) = configs.replace(a_config(value))
        assert row.after == "Zeros()"
    assert "harmful" not in sys.modules
    assert not pathlib.Path("trace").exists()


def test_a_gate_of_keras_own_becomes_one_of_all():
    normal = keras.initializers.serialize(keras.initializers.HeNormal(seed=3))
    gates = of_ours("per_gate", {"initializer": normal, "gates": 4})
    (row,) = configs.replace(a_config(gates))
    assert row.after == "HeNormal(seed=None)"
    (row,) = configs.replace(a_config(gates, "bias_initializer"))
    assert row.after == "Zeros()"
