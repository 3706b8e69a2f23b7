"""Draws what a result of `benchmarks/` holds: for light pages, and for dark ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes

THEMES = {  # of text, and of arms in turn
    "light": ("#2b2f33", ["#b5341f", "#1f4e79", "#6f6a00", "#6a3d9a", "#4c5b6b"]),
    "dark": ("#d5dade", ["#ff8f78", "#7db7f0", "#d9cc55", "#c9a7ee", "#aab6c2"]),
}
STYLES = ["-", "--", ":", "-.", (0, (1, 3))]  # colours alone do not tell arms apart


def colours(arms: int, theme: str) -> Iterator[tuple[str, Any]]:
    """Colour and style of each arm."""
    palette = THEMES[theme][1]
    for number in range(arms):
        turn, place = divmod(number, len(palette))
        yield palette[place], STYLES[(place + turn) % len(STYLES)]


def finite(values: list[Any]) -> list[float]:
    """Values to draw: None, which stands for what is not finite, leaves a gap."""
    return [float("nan") if value is None else value for value in values]


def draw_curves(axes: Axes, plot: dict[str, Any], theme: str) -> None:
    """One line an arm."""
    arms = plot["values"].items()
    for (name, arm), (colour, style) in zip(
        arms, colours(len(arms), theme), strict=True
    ):
        marker = "o" if len(arm["at"]) < 6 else None
        line = {"color": colour, "linestyle": style, "marker": marker, "ms": 4}
        axes.plot(arm["at"], finite(arm["values"]), label=name, lw=1.6, **line)
    axes.set_xlabel(plot["along"])
    axes.set_ylabel(plot["of"])
    if plot["log"]:
        axes.set_yscale("log")
    axes.legend(frameon=False, fontsize=8, labelcolor="linecolor")


def draw_bars(axes: Axes, plot: dict[str, Any], theme: str) -> None:
    """One bar an arm, or a group of them; lying, so that names have room."""
    values = plot["values"]
    groups = [one if isinstance(one, dict) else {"": one} for one in values.values()]
    arms = list(dict.fromkeys(name for group in groups for name in group))
    height = 0.8 / len(arms)
    for place, (arm, (colour, _)) in enumerate(
        zip(arms, colours(len(arms), theme), strict=True)
    ):
        for number, group in enumerate(groups):
            if arm not in group:
                continue
            found = group[arm] if isinstance(group[arm], list) else [group[arm]]
            y = number + height * (place - (len(arms) - 1) / 2)
            known = axes.get_legend_handles_labels()[1]
            label = None if arm in known else arm
            mean = sum(found) / len(found)
            axes.barh(y, mean, height * 0.9, color=colour, label=label, alpha=0.85)
            if len(found) > 1:
                axes.plot(found, [y] * len(found), "o", color=THEMES[theme][0], ms=3)
    axes.set_yticks(range(len(groups)), list(values))
    axes.invert_yaxis()
    axes.set_xlabel(plot["of"])
    if plot["log"]:
        axes.set_xscale("log")
    if len(arms) > 1:
        axes.legend(
            frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), ncols=3
        )


def draw(plot: dict[str, Any], folder: Path, name: str) -> list[str]:
    """Writes a plot in both themes.

    Args:
        plot: What `bars` or `curves` of `benchmarks/claim.py` gave.
        folder: Where the files go.
        name: Before the theme in their names.

    Returns:
        The names of the files: for light pages, for dark pages.
    """
    files = []
    matplotlib.rcParams["svg.hashsalt"] = "keras_inits"  # the same file every time
    for theme, (text, _) in THEMES.items():
        plain = ("text.color", "axes.labelcolor", "axes.edgecolor")
        colour = dict.fromkeys((*plain, "xtick.color", "ytick.color"), text)
        with matplotlib.rc_context(colour | {"font.size": 9}):
            lying = plot["kind"] == "bars"
            groups = len(plot["values"])
            arms = [len(v) for v in plot["values"].values() if isinstance(v, dict)]
            rows = sum(arms) if lying and arms else groups
            height = 1.1 + 0.22 * rows if lying else 3.0
            figure, axes = pyplot.subplots(
                figsize=(5.6, max(1.8, height)), layout="constrained"
            )
            (draw_bars if lying else draw_curves)(axes, plot, theme)
            axes.spines[["top", "right"]].set_visible(False)
            files.append(f"{name}-{theme}.svg")
            figure.savefig(
                folder / files[-1], transparent=True, metadata={"Date": None}
            )
            pyplot.close(figure)
    return files
