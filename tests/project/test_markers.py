"""The markers of `pyproject.toml` select the tests that they say."""

import keras
import pytest

BACKENDS = ["tensorflow", "jax", "torch"]


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.backend(name)) for name in BACKENDS],
)
def test_what_is_marked_for_a_backend_runs_on_that_one(name):
    assert keras.backend.backend() == name


@pytest.mark.backend(*BACKENDS)
def test_what_is_marked_for_several_runs_on_each():
    assert keras.backend.backend() in BACKENDS


@pytest.mark.slow
def test_what_is_marked_as_slow_runs_where_it_is_asked_for(request):
    assert request.config.getoption("markexpr") != "not slow"
