"""What pages call studies and their figures."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple


class KindWords(NamedTuple):
    """A kind of study in words."""

    name: str
    asks: str
    """The question it answers, for people who do not know the word."""
    icon: str


KINDS: Final[Mapping[str, KindWords]] = {
    "sites": KindWords("Sites", "Where should lockers stand, and which should close?", "map-pin"),
    "sizes": KindWords(
        "Sizes", "How many compartments of which sizes does a site need?", "grid-3x3"
    ),
    "whatif": KindWords("What if", "What happens at a peak, in a storm, with a locker out?", "zap"),
    "forecast": KindWords(
        "Forecast", "How many parcels will come, and how sure is that?", "chart-line"
    ),
}


class Figure(NamedTuple):
    """A figure of a kind of study."""

    key: str
    label: str
    form: str = "{:,.0f}"
    unit: str = ""
    scale: float = 1.0
    better: str = ""
    """``less`` or ``more``; nothing where neither is."""
    is_first: bool = False
    """Told in lists."""


def _share(key: str, label: str, better: str = "", *, is_first: bool = False) -> Figure:
    return Figure(key, label, "{:.1f}", " %", 100.0, better, is_first)


FIGURES: Final[Mapping[str, tuple[Figure, ...]]] = {
    "sites": (
        Figure("sites", "Sites", is_first=True),
        Figure("new", "New sites"),
        Figure("closed", "Closed or moved"),
        Figure("cost", "Cost or demand reached"),
        _share("gap", "Better at most by", "less", is_first=True),
        _share("within_500_before", "Within 500 m now"),
        _share("within_500", "Within 500 m then", "more", is_first=True),
        Figure("meters_mean_before", "Mean walk now", "{:,.0f}", " m"),
        Figure("meters_mean", "Mean walk then", "{:,.0f}", " m", better="less"),
        Figure("meters_p90", "Nine of ten walk at most", "{:,.0f}", " m", better="less"),
    ),
    "sizes": (
        Figure("sites", "Sites", is_first=True),
        _share("target", "Without room at most"),
        Figure("holding", "Sites that keep it", better="more"),
        Figure("compartments_now", "Compartments now"),
        Figure("compartments", "Compartments needed", better="less", is_first=True),
        Figure("columns", "Columns needed", better="less", is_first=True),
        Figure("columns_cost", "Cost of columns", "{:,.2f}", better="less"),
    ),
    "whatif": (
        Figure("parcels_per_day", "Parcels wanted in a day", "{:,.1f}"),
        _share("first_try", "In at the first try", "more", is_first=True),
        _share("turned_away", "No room at the first try", "less", is_first=True),
        _share("elsewhere", "Put in at a neighbor"),
        _share("later", "Put in at a later visit"),
        _share("gone_back", "Went back for want of room", "less", is_first=True),
        _share("overdue", "Not collected in time", "less"),
        Figure("stay_h", "Mean stay", "{:.1f}", " h", better="less"),
        _share("occupancy", "Compartments in use, mean"),
        _share("occupancy_peak", "In use in the fullest hour", "less"),
    ),
    "forecast": (
        Figure("parcels", "Parcels to come", is_first=True),
        Figure("days", "Days", is_first=True),
        Figure("mase", "Error beside last week's (MASE)", "{:.2f}", better="less", is_first=True),
        Figure("pinball", "Error of quantiles (pinball)", "{:.2f}", better="less"),
        _share("covered_95", "Days below the 95 % line"),
    ),
}


def tell(figure: Figure, value: Any) -> str:
    """Write a figure; a dash where there is none."""
    if value is None:
        return "–"
    return figure.form.format(value * figure.scale) + figure.unit


def tell_change(figure: Figure, first: Any, second: Any) -> tuple[str, str]:
    """Write a difference and its tone."""
    if first is None or second is None:
        return "–", "quiet"
    if tell(figure, first) == tell(figure, second):
        return "the same", "quiet"
    apart = (second - first) * figure.scale
    # Differences of shares are points, not parts.
    unit = " points" if figure.unit == " %" else figure.unit
    text = f"{'+' if apart > 0 else '−'}{figure.form.format(abs(apart))}{unit}"
    if not figure.better:
        return text, "quiet"
    return text, "good" if (apart > 0) == (figure.better == "more") else "bad"
