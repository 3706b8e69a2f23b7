"""The formats of a saved model: where its config stands, and a copy with another one.

Everything but the config is copied in pieces, as it is: weights are never held in
memory, and nothing is unpacked, so that names in an archive reach no folder.
"""

import errno
import pathlib
import shutil
import zipfile
import zlib
from collections.abc import Callable

from keras_inits._utils import checks
from keras_inits.files import h5_config

CONFIG = "config.json"  # in a .keras file
PIECE = 1 << 20  # bytes that are copied at once
LARGEST_CONFIG = 1 << 28  # bytes
UNPACKED = 100  # times as much as is packed, at most, where that is over `LARGE`
LARGE = 1 << 24  # bytes
LONGEST_NAME = 80  # characters of a member's name in a message
PACKINGS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # Keras's, and most programs'
FORMATS = {".keras": "keras", ".h5": "h5", ".hdf5": "h5", ".json": "json"}

Rewrite = Callable[[str | bytes], str | None]  # a config's text to a new one, or None


def format_of(path: pathlib.Path) -> str:
    """The format that a file's name tells: "keras", "h5" or "json".

    Raises:
        ValueError: If it tells none.
    """
    if (found := FORMATS.get(path.suffix.lower())) is None:
        raise ValueError(
            "A model is in a .keras, .h5, .hdf5 or .json file. Received: "
            f"{str(path)!r}. Save it by model.save('model.keras')."
        )
    return found


def _check_members(archive: zipfile.ZipFile, size: int) -> None:
    """Refuses an archive without one config, or that unpacks to far more than it is."""
    members = archive.infolist()
    count = sum(member.filename == CONFIG for member in members)
    if count != 1:
        raise ValueError(
            f"It has {count} members {CONFIG!r} instead of one. Save the model by "
            "model.save('model.keras')."
        )
    if sum(member.compress_size for member in members) > size:
        raise ValueError("Its members overlap, as no model's do. Do not open it.")
    for member in members:
        name = f"Its member {member.filename[:LONGEST_NAME]!r}"
        if member.compress_type not in PACKINGS:
            raise ValueError(f"{name} is packed as no model's is. Pack it by deflate.")
        is_config = member.filename == CONFIG
        large = LARGE if is_config else UNPACKED * LARGE
        bomb = member.file_size > max(large, UNPACKED * member.compress_size)
        if bomb or (is_config and member.file_size > LARGEST_CONFIG):
            raise ValueError(
                f"{name} says that it unpacks to {member.file_size:,} bytes, which no "
                "model's does. Do not open it."
            )


def _copied_member(member: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """What an archive says about a member, for another archive."""
    new = zipfile.ZipInfo(member.filename, member.date_time)
    for name in ("compress_type", "comment", "create_system", "external_attr"):
        setattr(new, name, getattr(member, name))
    new.file_size = member.file_size  # whether its size needs 64 bits
    return new


def _keras(source: pathlib.Path, target: pathlib.Path | None, rewrite: Rewrite) -> bool:
    try:
        with zipfile.ZipFile(source) as archive:
            _check_members(archive, source.stat().st_size)
            text = rewrite(archive.read(CONFIG))
            if text is None or target is None:
                return text is not None
            with zipfile.ZipFile(target, "w") as new:
                new.comment = archive.comment
                for member in archive.infolist():
                    if member.filename == CONFIG:
                        copied = _copied_member(member)
                        new.writestr(copied, text, member.compress_type)
                        continue
                    with (
                        archive.open(member) as old,
                        new.open(_copied_member(member), "w") as copy,
                    ):
                        shutil.copyfileobj(old, copy, PIECE)
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError),
        *(NotImplementedError, RuntimeError),  # a packing that nobody knows; a password
    ) as error:
        raise ValueError(f"It is no archive, or a damaged one: {error}.") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a place before the file's begin
            raise
        raise ValueError("It is a damaged archive.") from error
    return True


def _h5(source: pathlib.Path, target: pathlib.Path | None, rewrite: Rewrite) -> bool:
    text = h5_config.read(source)
    if text is None:
        raise ValueError(
            "There is no model in it, only weights, say, which need nothing of "
            "this package. Save the whole model by model.save('model.keras')."
        )
    new = rewrite(text)
    if new is None or target is None:
        return new is not None
    shutil.copyfile(source, target)
    h5_config.write(target, new)
    return True


def _json(source: pathlib.Path, target: pathlib.Path | None, rewrite: Rewrite) -> bool:
    if source.stat().st_size > LARGEST_CONFIG:
        raise ValueError("It is too large for a model without its weights.")
    text = rewrite(source.read_bytes())
    if text is not None and target is not None:
        target.write_text(text, encoding="utf-8")
    return text is not None


@checks.few_words()  # names in an archive are as long as it likes
def copy(source: pathlib.Path, target: pathlib.Path | None, rewrite: Rewrite) -> bool:
    """Copies a saved model with another config.

    Args:
        source: The file.
        target: The new file, of the same format; None to read the config only.
        rewrite: From the config's text to the new one; None where it may stay. Then
            nothing is written.

    Returns:
        Whether there is a new config.

    Raises:
        ValueError: If the file is damaged or no model is in it.
        OSError: If a file cannot be read or written.
    """
    by_format = {"keras": _keras, "h5": _h5, "json": _json}
    return by_format[format_of(source)](source, target, rewrite)
