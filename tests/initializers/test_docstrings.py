"""Docstrings of schemes follow one template, and none repeats another's paragraph."""

import collections
import doctest
import inspect
import re

import pytest

import keras_inits
from keras_inits.initializers import descriptions
from support.scheme_examples import (
    SCHEMES,
    arguments_of,
)


def parsed_docstring(cls):
    """Its sections, and the examples in it."""
    (found,) = doctest.DocTestFinder(recurse=False).find(cls, cls.__name__, globs={})
    return descriptions.sections(cls), found


@pytest.mark.parametrize("cls", SCHEMES.values(), ids=SCHEMES)
def test_the_docstring_says_distribution_arguments_example_and_source(cls):
    """Its sections are there, every argument is explained, its example runs."""
    text = inspect.getdoc(cls)
    parts, examples = parsed_docstring(cls)
    assert len(text.splitlines()[0]) < 80
    assert text.splitlines()[1] == ""
    assert parts[""].endswith(".")
    assert {"Formula", "Use for", "Examples", "Reference"} <= set(parts)
    assert re.search(r"\d{4}|PyTorch, ", parts["Reference"])  # a year, or a program
    for name in arguments_of(cls):
        assert re.search(rf"^ +(\w+, )*{name}(, \w+)*: ", parts["Args"], re.MULTILINE)
    passed_on = set(inspect.signature(cls).parameters) - arguments_of(cls)
    for name in passed_on:  # explained once, in the class that this one refers to
        assert f"**{name}: As in `VarianceScaling`." in parts["Args"]
        assert issubclass(cls, keras_inits.KernelInitializer)
    assert "Raises" in parts or not arguments_of(cls)
    shown = [example.want for example in examples.examples if example.want]
    assert any(re.search(r"\d", want) for want in shown)  # a figure, not only True
    assert not any(".shape ==" in example.source for example in examples.examples)
    assert doctest.DocTestRunner().run(examples).failed == 0


def repeated_paragraphs(classes):
    """Paragraphs of more than three lines that stand in more than one docstring."""
    seen = collections.Counter(
        " ".join(paragraph.split())
        for cls in classes
        for paragraph in set(inspect.getdoc(cls).split("\n\n"))
        if len(paragraph.splitlines()) > 3 and not paragraph.startswith("Reference:")
    )
    return [paragraph for paragraph, count in seen.items() if count > 1]


def test_no_paragraph_is_pasted_from_scheme_to_scheme():
    """What schemes share is said in their base; twin: a pasted one is found."""
    assert repeated_paragraphs(SCHEMES.values()) == []
    pasted = type("Pasted", (), {"__doc__": keras_inits.HeFanIn.__doc__})
    assert repeated_paragraphs([keras_inits.HeFanIn, pasted])
