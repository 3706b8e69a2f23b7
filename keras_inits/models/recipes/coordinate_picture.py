"""A coordinate check as a picture, by matplotlib."""

from typing import Any

from matplotlib import colormaps

from keras_inits._utils.picture import Picture

PANELS = 6  # steps shown, at most: the first and the last among them
LEGEND = 24  # layers named, at most


def figure(check: Any) -> Picture:
    """The picture: see `CoordinateCheck.plot`."""
    last = check.sizes.shape[1] - 1
    count = min(PANELS, last + 1)
    steps = sorted({round(n * last / max(count - 1, 1)) for n in range(count)})
    drawn = Picture(figsize=(2.6 * len(steps) + 2.4, 3.8), dpi=90, layout="constrained")
    drawn.suptitle("Mean |output| of each layer, by width", fontsize=12)
    panels = drawn.subplots(1, len(steps), sharey=True, squeeze=False)[0]
    colours = colormaps["viridis"]
    depth = max(len(check.layers) - 1, 1)
    for panel, step in zip(panels, steps, strict=True):
        for number, layer in enumerate(check.layers):
            panel.plot(
                check.widths,
                check.sizes[:, step, number],
                marker="o",
                markersize=3,
                linewidth=1.3,
                color=colours(0.9 * number / depth),
                label=layer.replace("$", r"\$") if number < LEGEND else None,
            )
        panel.set_xscale("log", base=2)
        panel.set_yscale("log")
        panel.set_xticks(check.widths, list(map(str, check.widths)))
        panel.tick_params(labelsize=8)
        panel.grid(alpha=0.3)
        panel.set_title("before training" if step == 0 else f"step {step}", fontsize=10)
        panel.set_xlabel("width", fontsize=9)
    panels[0].set_ylabel("mean |output|", fontsize=9)
    drawn.legend(
        *panels[0].get_legend_handles_labels(), loc="outside right", fontsize=8
    )
    return drawn
