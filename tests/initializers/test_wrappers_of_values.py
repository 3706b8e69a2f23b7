"""`from_array` and `from_function`: values and code that a config does not hold."""

import json
import sys

import keras
import numpy as np
import pytest

import keras_inits
from support.distributions import values


def array(dtype="float32"):
    """Values that no scheme draws, of unequal axes."""
    return np.random.default_rng(3).normal(size=(7, 5)).astype(dtype)


def config_of(initializer):
    """An initializer's JSON, read back."""
    return json.loads(json.dumps(keras.saving.serialize_keras_object(initializer)))


def rebuilt(initializer):
    """What a file's reader makes of it."""
    return keras.saving.deserialize_keras_object(config_of(initializer))


def model(initializer):
    """A model whose one kernel is that array's."""
    inputs = keras.Input((7,))
    layer = keras.layers.Dense(5, kernel_initializer=initializer, use_bias=False)
    return keras.Model(inputs, layer(inputs))


def kernel(network):
    """Its one weight."""
    return values(network.weights[0])


@pytest.mark.parametrize("value", [array(), array("float64"), array().tolist()])
def test_an_array_is_filled_in_as_it_is(value, figure):
    drawn = values(keras_inits.from_array(value)((7, 5), dtype="float32"))
    found = abs(drawn - np.asarray(value, "float32")).max()
    twin = abs(drawn - np.asarray(value, "float32")[::-1]).max()
    figure("from_array", "difference from the array", found, 0, twin)
    np.testing.assert_array_equal(kernel(model(keras_inits.from_array(value))), drawn)


@pytest.mark.parametrize("shape", [(5, 7), (7,), (35,), (1, 7, 5), (7, 1)])
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.from_array(array())(shape)


@pytest.mark.parametrize("value", [array().astype(int), array() > 0, "abc", None])
def test_only_real_floating_point_values_are_taken(value):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.from_array(value)((7, 5))


def test_an_integer_type_is_refused():
    with pytest.raises(ValueError, match="Received"):
        keras_inits.from_array(array())((7, 5), dtype="int32")


def test_changing_the_array_later_changes_nothing():
    value = array()
    scheme = keras_inits.from_array(value)
    value[:] = 0
    np.testing.assert_array_equal(values(scheme((7, 5))), array())


def test_the_config_is_of_the_values_and_holds_none():
    """Shape, type, hash; one ulp changes it, the order in memory does not."""
    config = keras_inits.from_array(array()).get_config()
    assert config["shape"] == [7, 5]
    assert config["dtype"] == "float32"
    assert len(config["sha256"]) == 64
    assert len(json.dumps(config)) < 300
    for same in (array(), np.asfortranarray(array()), np.repeat(array(), 2, 0)[::2]):
        assert keras_inits.from_array(same).get_config() == config
    near = array()
    near[3, 2] = np.nextafter(near[3, 2], np.float32(9))
    for other in (near, array("float64"), array().reshape(5, 7), array()[::-1]):
        assert keras_inits.from_array(other).get_config() != config


def test_a_model_from_json_is_nan_until_its_array_is_attached():
    """Any other array is refused, and by the config's hash, not its shape alone."""
    again = keras.models.model_from_json(
        model(keras_inits.from_array(array())).to_json()
    )
    assert np.isnan(kernel(again)).all()
    scheme = again.layers[-1].kernel_initializer
    for wrong in (-array(), array().T, array("float64") + 1e-9):
        with pytest.raises(ValueError, match="Received"):
            scheme.attach(wrong)
    assert np.isnan(values(scheme((7, 5)))).all()
    with pytest.raises(ValueError, match="Received"):
        scheme((5, 7))
    scheme.attach(np.asfortranarray(array()))
    np.testing.assert_array_equal(values(scheme((7, 5))), array())


@pytest.mark.parametrize("name", ["from_array", "masked"])
def test_a_saved_model_comes_back_with_its_weights(name, tmp_path):
    """Not with NaN; and the file can be written again."""
    scheme = {
        "from_array": lambda: keras_inits.from_array(array()),
        "masked": lambda: keras_inits.masked("he_fan_in", array() > 0),
    }[name]()
    network = model(scheme)
    path = str(tmp_path / "model.keras")
    network.save(path)
    loaded = keras.models.load_model(path)
    np.testing.assert_array_equal(kernel(loaded), kernel(network))
    loaded.save(path)
    again = kernel(keras.models.load_model(path))
    np.testing.assert_array_equal(again, kernel(network))
    assert not np.isnan(again).any()


@pytest.fixture
def module(tmp_path, monkeypatch, request):
    """The name of a module that can be imported and was not, new for each test."""
    name = "of_" + request.node.name.partition("[")[0][5:35]
    text = (
        "import os\n"
        "import numpy as np\n"
        "def ramp(shape, dtype=None, **_):\n"
        "    return np.arange(np.prod(shape), dtype='float32').reshape(shape)\n"
        "def tall(shape, dtype=None, **_):\n"
        "    return np.ones((*shape, 2), 'float32')\n"
        "number = 3\n"
    )
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    sys.modules.pop(name, None)


def test_a_function_fills_when_a_person_names_it(module, figure):
    """And its name is all that the config holds."""
    scheme = keras_inits.from_function(f"{module}:ramp")
    ramp = np.arange(35).reshape(7, 5)
    drawn = values(scheme((7, 5)))
    assert drawn.shape == ramp.shape
    found, twin = abs(drawn - ramp).max(), abs(drawn - ramp[::-1]).max()
    figure("from_function", "difference from the function's values", found, 0, twin)
    np.testing.assert_array_equal(kernel(model(scheme)), ramp)
    assert list(scheme.get_config().values()) == [f"{module}:ramp"]


def test_a_config_runs_nothing_that_was_not_allowed(module):
    """Not even its import; twin: an allowed module."""
    scheme = keras_inits.from_function(f"{module}:ramp")
    config = config_of(scheme)
    nested = config_of(keras_inits.scaled(scheme, 2.0))
    text = model(scheme).to_json()
    sys.modules.pop(module)
    for attempt in (
        lambda: keras.saving.deserialize_keras_object(config),
        lambda: keras.saving.deserialize_keras_object(nested),
        lambda: type(scheme).from_config(scheme.get_config()),
        lambda: keras_inits.scaled(config, 2.0),
        lambda: keras.models.model_from_json(text),
    ):
        with pytest.raises((ValueError, TypeError), match="allow_functions"):
            attempt()  # Keras makes it a TypeError where a layer is around it
        assert module not in sys.modules
    keras_inits.allow_functions(module)
    again = keras.saving.deserialize_keras_object(config)
    ramp = np.arange(35).reshape(7, 5)
    np.testing.assert_array_equal(values(again((7, 5))), ramp)
    twice = keras.saving.deserialize_keras_object(nested)
    np.testing.assert_array_equal(values(twice((7, 5))), 2 * ramp)
    np.testing.assert_array_equal(kernel(keras.models.model_from_json(text)), ramp)


def renamed(config, old, new):
    """A config with another function's name in it."""
    return json.loads(json.dumps(config).replace(old, new))


@pytest.mark.parametrize("name", ["os:getcwd", "os.path:exists", "builtins:eval"])
def test_a_config_cannot_name_the_operating_system(name, module, monkeypatch):
    """Nothing is called, whatever the config says."""
    monkeypatch.setattr("os.getcwd", lambda *_: pytest.fail("it was run"))
    config = config_of(keras_inits.from_function(f"{module}:ramp"))
    with pytest.raises(ValueError, match="allow_functions"):
        keras.saving.deserialize_keras_object(renamed(config, f"{module}:ramp", name))


def test_an_allowed_module_opens_no_other(module):
    """Neither one it imported, nor one whose name begins alike."""
    scheme = keras_inits.from_function(f"{module}:ramp")
    keras_inits.allow_functions(module)
    for name in (f"{module}:os.getcwd", f"{module}.os:getcwd", f"{module}2:ramp"):
        with pytest.raises(ValueError, match="Received"):
            keras.saving.deserialize_keras_object(
                renamed(config_of(scheme), f"{module}:ramp", name)
            )


@pytest.mark.parametrize(
    "name", ["{}:none", "{}:number", "{}", "{}:", ":ramp", "no_such_module:ramp", 3]
)
def test_what_is_no_function_is_refused(name, module):
    name = name.format(module) if isinstance(name, str) else name
    with pytest.raises(ValueError, match="Received"):
        keras_inits.from_function(name)((7, 5))


def test_a_function_that_returns_another_shape_is_refused(module):
    with pytest.raises(ValueError, match="Received"):
        keras_inits.from_function(f"{module}:tall")((7, 5))
