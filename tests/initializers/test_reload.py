"""What is saved opens again in another process and is the same, in every format."""

import copy
import pickle
import warnings

import keras
import numpy as np
import pytest

from support import fresh, reload_models
from support.distributions import values
from support.reload_models import FORMATS, X
from support.scheme_examples import CLASSIC, EXAMPLES, FIXED, SCHEMES, snake_case

NAMES = [*map(snake_case, sorted(CLASSIC)), "he_fan_in_generator"]
# Keras's own, when it writes a variable of TensorFlow's with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")
every_name = pytest.mark.parametrize("name", NAMES)
every_format = pytest.mark.parametrize("kind", FORMATS)


class Reloaded:
    """The model, what it was when saved, and what another process found."""

    def __init__(self, folder):
        self.model = reload_models.model_of(reload_models.initializers())
        self.born = reload_models.kernels(self.model)  # as initialized
        # What a fresh copy draws: of a generator that was used, its first values.
        self.draws = reload_models.draws(copy_of(self.model))
        y = np.zeros((4, self.model.output_shape[-1]))
        self.model.fit(X, y, epochs=1, verbose=0)
        self.kernels = reload_models.kernels(self.model)
        self.predictions = values(self.model(X))
        self.clone = keras.models.clone_model(self.model)
        self.deep_copy = copy.deepcopy(self.model)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of formats called legacy, and of exporting
            reload_models.write(self.model, folder)
        fresh.run(reload_models.READER, folder)
        self.found = reload_models.loads_found(folder)


def copy_of(model):
    """The architecture anew, with initializers that have drawn nothing."""
    return type(model).from_config(model.get_config())


@pytest.fixture(scope="module")
def reloaded(tmp_path_factory):
    """Written here and read in a fresh process, once for all tests."""
    return Reloaded(tmp_path_factory.mktemp("models"))


@every_name
@every_format
def test_a_reloaded_model_is_the_one_that_was_saved(reloaded, name, kind):
    """Its trained weights, and its initializer: arguments and draws."""
    found = reloaded.found[kind]
    np.testing.assert_array_equal(found["kernels"][name], reloaded.kernels[name])
    config = {"seed": -(2**50)} if name in SEEDED else {}
    assert found["config"][name].items() >= config.items()
    own = reloaded.model.get_layer(name).kernel_initializer
    assert found["config"][name] == own.get_config()
    drawn = np.asarray(found["draws"][name], "float32")
    again = second_call if "generator" in name else first_call
    np.testing.assert_array_equal(drawn, again(reloaded, name).astype("float32"))


SEEDED = {snake_case(name) for name in CLASSIC if name not in FIXED}


def first_call(reloaded, name):
    """What an initializer draws that has drawn nothing."""
    return reloaded.draws[name]


def second_call(reloaded, name):
    """What a generator gives after the draw that built the layer."""
    initializer = copy.deepcopy(reloaded.model.get_layer(name).kernel_initializer)
    initializer((6, 5))
    return values(initializer((6, 5)))


@every_format
def test_a_reloaded_model_predicts_the_same_and_trains_on(reloaded, kind):
    """The whole of it, after one step of training."""
    found = reloaded.found[kind]
    np.testing.assert_allclose(
        found["predictions"], reloaded.predictions, rtol=1e-5, atol=1e-6
    )
    assert found["learns"]


@every_name
def test_the_architecture_alone_is_initialized_as_it_was(reloaded, name):
    """`model_from_json` before weights are loaded: drawn again, and equal."""
    found = np.asarray(reloaded.found["json fresh"][name], "float32")
    np.testing.assert_array_equal(found, reloaded.born[name])


@every_name
def test_a_cloned_model_starts_where_the_original_did(reloaded, name):
    """`clone_model` draws again; the same."""
    clone = keras.models.clone_model(reloaded.model)
    np.testing.assert_array_equal(
        values(clone.get_layer(name).kernel), reloaded.born[name]
    )


@every_name
def test_a_deep_copy_has_the_weights_and_draws_the_same(reloaded, name):
    """Of the model with its initializers."""
    layer = reloaded.deep_copy.get_layer(name)
    np.testing.assert_array_equal(values(layer.kernel), reloaded.kernels[name])
    own = reloaded.model.get_layer(name).kernel_initializer
    assert layer.kernel_initializer is not own
    assert layer.kernel_initializer.get_config() == own.get_config()


@every_name
def test_a_pickled_initializer_draws_the_same(reloaded, name):
    """In the other process, and here."""
    own = reloaded.model.get_layer(name).kernel_initializer
    here = values(pickle.loads(pickle.dumps(own))((6, 5)))
    there = np.asarray(reloaded.found["pickle"][name], "float32")
    np.testing.assert_array_equal(there, here.astype("float32"))
    if "generator" not in name:
        np.testing.assert_array_equal(here, reloaded.draws[name])


@pytest.mark.backend("tensorflow")  # which serves what its own backend exports
def test_an_exported_model_is_served(reloaded):
    """A SavedModel of all schemes at once gives the predictions of the model."""
    served = reloaded.found["served"]
    np.testing.assert_allclose(served, reloaded.predictions, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [n for n in sorted(CLASSIC) if len(EXAMPLES[n]) > 1])
def test_a_lost_argument_would_be_noticed(reloaded, name):
    """Twin: with default arguments the same seed draws something else."""
    arguments = {} if name in FIXED else {"seed": -(2**50)}
    lost = values(SCHEMES[name](**arguments)((6, 5)))
    noticed = not np.array_equal(lost, reloaded.draws[snake_case(name)])
    # Where axes are all there is, [-2] and [-1] are the default ones.
    assert noticed == bool({*reloaded_arguments(name)} - {"input_axes", "output_axes"})


def reloaded_arguments(name):
    """The arguments that the saved scheme has off its defaults, without the seed."""
    config = reload_models.off_defaults(name).get_config()
    return {key for key in config if key != "seed"}
