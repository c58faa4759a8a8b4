"""Charts of capacity, as PNG."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .output import fail

if TYPE_CHECKING:
    from ..planning.capacity import Comparison
    from ..planning.capacity.sizing import Sizes

SITES_DRAWN_MAX = 60
"""More bars than this cannot be read; the JSON has all of them."""


def draw_sizes(sizes: "Sizes", file: Path) -> None:
    """Draw the share turned away by site, as it is and with the columns found."""
    pyplot = _pyplot()
    shown = sizes.sites[:SITES_DRAWN_MAX]
    figure, axes = pyplot.subplots(figsize=(8, 1.5 + 0.28 * len(shown)), layout="constrained")
    places = range(len(shown))
    before = [100 * (one.now.mean if one.now is not None else 0.0) for one in shown]
    axes.barh(places, before, color="#c7ced6", label="as it is")
    axes.errorbar(
        [100 * one.turned_away.mean for one in shown],
        list(places),
        xerr=[100 * one.turned_away.within for one in shown],
        fmt="o",
        color="#0b5fa5",
        label="with the columns found, 95 % interval",
    )
    axes.axvline(100 * sizes.target, color="#a3360a", linestyle="--", label="target")
    axes.set_yticks(list(places), [one.site for one in shown])
    axes.invert_yaxis()
    axes.set_xlabel("parcels without room at the first try, %")
    figure.legend(loc="outside lower center", ncols=3)
    figure.savefig(file, dpi=130)
    pyplot.close(figure)


def draw_comparison(found: "Comparison", file: Path) -> None:
    """Draw shares before and after a change."""
    pyplot = _pyplot()
    names = ("first_try", "turned_away", "elsewhere", "gone_back", "overdue", "occupancy",
             "occupancy_peak")  # fmt: skip
    figure, axes = pyplot.subplots(figsize=(8, 4), layout="constrained")
    for shift, label, color in ((-0.2, "base", "#c7ced6"), (0.2, "changed", "#0b5fa5")):
        means = [getattr(found.measures[name], label) for name in names]
        axes.barh(
            [place + shift for place in range(len(names))],
            [100 * one.mean for one in means],
            xerr=[100 * one.within for one in means],
            height=0.38,
            color=color,
            label="as it is" if label == "base" else "changed",
        )
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.invert_yaxis()
    axes.set_xlabel("%, with 95 % intervals")
    axes.set_title(textwrap.fill("; ".join(found.says), 80), fontsize="medium")
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(file, dpi=130)
    pyplot.close(figure)


def _pyplot() -> Any:
    try:
        import matplotlib as mpl
    except ModuleNotFoundError as error:
        fail(f"charts need {error.name}: install restante[bench]")
    mpl.use("Agg")
    from matplotlib import pyplot

    return pyplot
