"""The figures of growth as a picture: one small drawing for each, size on a logarithmic scale."""

from collections.abc import Sequence
from math import log10
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from .fit import fit_growth

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_PIXELS: Final = 1_500
HEIGHT_PIXELS: Final = 900
_DOTS_PER_INCH: Final = 100
_COLUMNS: Final = 3
_INK: Final = "#1f4e79"
_LINE: Final = "#c55a11"


class NoPainter(Exception):
    """What draws is not installed; the message says how to get it."""


class Drawing(NamedTuple):
    """One figure over all sizes."""

    title: str
    unit: str
    values: Sequence[float]
    limit: float | None = None
    """Drawn as a line that is not to be crossed."""


def check_painter() -> None:
    """See that a chart can be drawn, before minutes are spent on measuring.

    Raises
    ------
    NoPainter
        When it cannot.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise NoPainter("the chart needs matplotlib: pip install 'restante[bench]'") from None


def draw_growth(
    path: Path, *, title: str, lockers: Sequence[int], drawings: Sequence[Drawing]
) -> None:
    """Draw a chart of :data:`WIDTH_PIXELS` by :data:`HEIGHT_PIXELS` into a PNG file.

    Raises
    ------
    NoPainter
        When the library for it is not installed.
    """
    check_painter()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    inches = (WIDTH_PIXELS / _DOTS_PER_INCH, HEIGHT_PIXELS / _DOTS_PER_INCH)
    figure = Figure(figsize=inches, dpi=_DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    rows = -(-len(drawings) // _COLUMNS)
    for place, drawing in enumerate(drawings):
        _draw(figure.add_subplot(rows, _COLUMNS, place + 1), lockers, drawing)
    figure.savefig(path, format="png")


def _draw(axes: "Axes", lockers: Sequence[int], drawing: Drawing) -> None:
    axes.plot(lockers, drawing.values, "o", color=_INK)
    growth = ""
    fit = fit_growth(lockers, drawing.values)
    if fit is not None:
        ends = [min(lockers), max(lockers)]
        last = fit.at_first + fit.per_decade * log10(ends[1] / ends[0])
        axes.plot(ends, [fit.at_first, last], "-", color=_LINE, linewidth=1)
        growth = f": {fit.growth:+.1%} per decade"
    if drawing.limit is not None:
        axes.axhline(drawing.limit, color="#999999", linewidth=1, linestyle="--")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0, top=1.25 * max(*drawing.values, drawing.limit or 0.0, 1e-9))
    axes.set_title(f"{drawing.title}{growth}", fontsize=10)
    axes.set_xlabel("lockers")
    axes.set_ylabel(drawing.unit)
    axes.grid(visible=True, which="major", color="#dddddd", linewidth=0.5)
