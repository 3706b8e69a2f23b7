"""How a diagnosis is looked at, written down and compared: methods of `Diagnosis`.

What each needs is imported when it is called: pictures and pages are extras.
"""

import dataclasses
import json
import math
import os
from typing import TYPE_CHECKING, Any

from keras_inits._utils import extras, rich_text

if TYPE_CHECKING:
    from keras_inits.diagnosis.report import Diagnosis
    from keras_inits.diagnosis.show.compare import Comparison


def plain(value: Any) -> Any:
    """The same without tuples, and with words for numbers that JSON has not.

    Example:
    >>> from keras_inits.diagnosis.shown import plain
    >>> plain({"shape": (2, 3), "std": float("inf"), "mean": float("nan")})
    {'shape': [2, 3], 'std': 'Infinity', 'mean': 'NaN'}
    """
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    return value


class Shown:
    """Base of `Diagnosis` with all that shows it."""

    def __repr__(self: "Diagnosis") -> str:  # type: ignore[misc]
        found = len(self.findings)
        findings = f"{found} finding{'' if found == 1 else 's'}"
        return f"<Diagnosis of {self.model!r}: {self.verdict}, {findings}>"

    def _repr_html_(self) -> str:
        return rich_text.as_html(self, width=120)

    def to_dict(self: "Diagnosis") -> dict[str, Any]:  # type: ignore[misc]
        """All figures as dicts, tuples, numbers and strings, and the verdict."""
        return {"verdict": self.verdict, **dataclasses.asdict(self)}

    def to_json(self: "Diagnosis", indent: int | None = 2) -> str:  # type: ignore[misc]
        """All figures as strict JSON: infinities and nan are strings.

        Args:
            indent: Spaces per level; None for one line.
        """
        figures = plain(self.to_dict())
        return json.dumps(figures, indent=indent, ensure_ascii=False, allow_nan=False)

    def plot(self: "Diagnosis") -> Any:  # type: ignore[misc]
        """A picture: sizes by depth, forward and back, histograms, gradient norms.

        Returns:
            A `matplotlib.figure.Figure`: show it in a notebook by naming it last in a
            cell, or write it by its `savefig`.

        Raises:
            MissingExtra: If matplotlib is not installed.
        """
        extras.require("Diagnosis.plot", ["matplotlib"], "plots")
        from keras_inits.diagnosis.show import plots

        return plots.figure(self)

    def to_html(self: "Diagnosis", path: str | os.PathLike[str]) -> None:  # type: ignore[misc]
        """Writes one page with everything, to look at in a browser, offline too.

        Args:
            path: The file; replaced if it is there. Its folder exists.

        Raises:
            MissingExtra: If plotly is not installed.
            OSError: If the file cannot be written; an old one is then as it was.
        """
        from keras_inits.diagnosis.show import page

        page.write(self, path)

    def log(  # type: ignore[misc]
        self: "Diagnosis", folder: str | os.PathLike[str], step: int = 0
    ) -> None:
        """Writes scalars, histograms and findings for TensorBoard.

        Args:
            folder: Folder of the event files; made where it does not exist.
            step: Step of training that they belong to.

        Raises:
            MissingExtra: If tensorboard is not installed.
        """
        from keras_inits.diagnosis.show import tensorboard

        tensorboard.log(self, folder, step)

    def compare(self: "Diagnosis", other: "Diagnosis") -> "Comparison":  # type: ignore[misc]
        """Two initializations side by side, layer by layer.

        Args:
            other: Diagnosis of the same network, or of one like it, from another start.

        Returns:
            A `Comparison`: print it, or take its `to_dict()`.

        Raises:
            ValueError: If `other` is no diagnosis.
        """
        from keras_inits.diagnosis.show import compare

        return compare.compare(self, other)
