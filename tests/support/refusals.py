"""What every message that refuses an argument has: meaning, value, way out."""

import re

import pytest


def refused(call, argument, received, *more):
    """Checks that `call` raises a ValueError whose message has all its parts."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the parts are checked here
        call()
    message = str(caught.value)
    meant, found, way_out = message.partition("Received: ")
    assert found, message
    assert f"`{argument}`" in meant, message
    assert len(meant.split()) >= 6, message  # what it means, in words
    assert received in way_out, message
    after = way_out.split(received, 1)[1]
    assert re.search(r"\. [A-Z]\w* \S.*[.?]$", after), message  # a sentence: what to do
    for part in more:
        assert part in message, message
