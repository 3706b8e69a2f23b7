"""A file is written whole or not at all."""

import pytest

from keras_inits._utils import atomic_file


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    atomic_file.write(path, lambda temporary: temporary.write_text("first"))

    def fails(temporary):
        temporary.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        atomic_file.write(path, fails)
    assert path.read_text() == "first"
    assert [found.name for found in tmp_path.iterdir()] == ["a.txt"]
