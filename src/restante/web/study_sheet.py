"""A study as pages tell it: tables and charts, made from what its search drew."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from .site_map import LOOKS as SITE_LOOKS
from .site_map import SiteMap, make_site_map
from .study_words import FIGURES, Figure, tell, tell_change

SITES_SHOWN: Final = 200

KNOWN_DAYS_SHOWN: Final = 84
"""Days before a forecast that are drawn beside it: twelve weeks."""


class Cell(NamedTuple):
    """A cell of a table."""

    text: str
    tone: str = ""
    """Shown as a badge when not empty."""


class Table(NamedTuple):
    """A table."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


class Chart(NamedTuple):
    """Numbers over time, for ``<series-chart>``."""

    title: str
    name: str
    """Of the file with the numbers."""


class Sheet(NamedTuple):
    """What a page tells of a study."""

    says: tuple[str, ...]
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...] = ()
    map: SiteMap | None = None


def make_sheet(kind: str, figures: Mapping[str, Any], drawn: Mapping[str, Any]) -> Sheet:
    """Tell a study of one kind."""
    match kind:
        case "whatif":
            return _whatif(figures, drawn)
        case "sites":
            return _sites(figures, drawn)
        case "sizes":
            return _sizes(drawn)
        case "forecast":
            return _forecast(figures, drawn)
    return Sheet((), ())


def metrics(kind: str, figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Tell the figures of a study that are there; where a table tells all, the first ones."""
    wanted = first_figures(kind) if kind == "whatif" else FIGURES[kind]
    told = ((one.label, one, figures.get(one.key)) for one in wanted)
    return [(label, tell(one, value)) for label, one, value in told if value is not None]


def compare(
    kind: str, first: Mapping[str, Any], second: Mapping[str, Any]
) -> list[tuple[str, str, str, str, str]]:
    """Set figures beside each other: label, both, difference and its tone."""
    rows = []
    for one in FIGURES[kind]:
        a, b = first.get(one.key), second.get(one.key)
        if a is None and b is None:
            continue
        rows.append((one.label, tell(one, a), tell(one, b), *tell_change(one, a, b)))
    return rows


def chart_of(kind: str, drawn: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Make the numbers of a chart; ``None`` when a study has no such chart."""
    if kind == "forecast" and name == "network":
        return _network_chart(drawn)
    return None


def _whatif(figures: Mapping[str, Any], drawn: Mapping[str, Any]) -> Sheet:
    rows = []
    for one in FIGURES["whatif"]:
        told = drawn["measures"].get(one.key)
        if told is None:
            continue
        change, tone = tell_change(one, told["base"]["mean"], told["changed"]["mean"])
        within = one.form.format(told["difference"]["within"] * one.scale)
        if told["is_clear"]:
            difference = Cell(f"{change} (± {within})", tone)
        else:
            difference = Cell("not clear" if change != "the same" else change, "quiet")
        both = (Cell(tell(one, told[name]["mean"])) for name in ("base", "changed"))
        rows.append((Cell(one.label), *both, difference))
    table = Table(
        "As it is, and changed",
        ("Measure", "As it is", "Changed", "Difference"),
        tuple(rows),
        f"{drawn['runs']} pairs of runs of {drawn['days']} days on the same parcels and people. "
        "± is half the 95 % interval of the difference; not clear: chance may have made it.",
    )
    return Sheet(tuple(figures.get("says", ())), (table,))


def _sites(figures: Mapping[str, Any], drawn: Mapping[str, Any]) -> Sheet:
    drawing = make_site_map(drawn)
    service = Table(
        "How far people walk then",
        ("Area", "Demand", "Within 500 m", "Within 1 km", "Mean walk", "Nine of ten at most"),
        tuple(
            (
                Cell(one.get("area") or "all"),
                Cell(f"{one['demand']:,.0f}"),
                Cell(f"{1 - one['beyond_500_m']:.1%}"),
                Cell(f"{1 - one['beyond_1000_m']:.1%}"),
                Cell(_meters(one.get("meters_mean"))),
                Cell(_meters(one.get("meters_p90"))),
            )
            for one in drawn["answer"]["service"]
        ),
    )
    rows = drawing.rows
    sites = Table(
        "Sites",
        ("Site", "What becomes of it", "Size", "Demand it serves", "Mean walk", "Without steps"),
        tuple(
            (
                Cell(one.id + (f" ({one.host})" if one.host else "")),
                Cell(SITE_LOOKS[one.look], _SITE_TONES[one.look]),
                Cell(one.size or "–"),
                Cell(f"{one.demand:,.1f}"),
                Cell(_meters(one.meters)),
                Cell("yes" if one.is_accessible else "no"),
            )
            for one in rows[:SITES_SHOWN]
        ),
        _more(len(rows)),
    )
    return Sheet(tuple(_proof(figures)), (service, sites), (), drawing)


_SITE_TONES: Final = {"new": "good", "stays": "info", "closed": "bad"}


def _meters(walk: float | None) -> str:
    return "–" if walk is None else f"{walk:,.0f} m"


def _proof(figures: Mapping[str, Any]) -> Iterator[str]:
    """Say what is known of the answer, and never more."""
    if figures["says"]:
        yield figures["says"]
    match figures["status"]:
        case "optimal":
            yield "Proven: no choice of sites is better"
        case "gap" if figures["gap"] is not None:
            yield f"Proven: no choice of sites is better by more than {figures['gap']:.2%}"
        case "gap":
            yield "Nothing is proven of how good this is; search longer"


def _sizes(drawn: Mapping[str, Any]) -> Sheet:
    table = Table(
        "What each site needs",
        ("Site", "Parcels a day", "No room, as it is", "No room, then", "Compartments", "Columns"),
        tuple(
            (
                Cell(one["site"]),
                Cell(f"{one['parcels_per_day']:,.1f}"),
                Cell(_within(one["now"]) if one["now"] else "–"),
                Cell(_within(one["turned_away"]), "good" if one["holds"] else "bad"),
                Cell(f"{one['compartments_now']} → {sum(one['compartments'].values())}"),
                Cell(", ".join(f"{n} × {name}" for name, n in Counter(one["columns"]).items())),
            )
            for one in drawn["sites"][:SITES_SHOWN]
        ),
        f"Judged by simulation of {drawn['days']} days on parcels that had no part in the search; "
        f"± is half the 95 % interval. {_more(len(drawn['sites']))}".rstrip(),
    )
    short = [one["site"] for one in drawn["sites"] if not one["holds"]]
    says = (
        f"{', '.join(short[:10])}: no locker of the catalogue is large enough; a second one is",
    )
    return Sheet(says if short else (), (table,))


def _within(mean: Mapping[str, float]) -> str:
    return f"{mean['mean']:.1%} (± {mean['within']:.1%})"


def _forecast(figures: Mapping[str, Any], drawn: Mapping[str, Any]) -> Sheet:
    scores = drawn["backtest"]["by_level"]
    error = Table(
        "How wrong such forecasts were",
        ("Forecast of", "Error beside last week's", "Error of quantiles", "Below the 95 % line"),
        tuple(
            (
                Cell(_LEVELS.get(level, level)),
                Cell(f"{one['mase']:.2f}"),
                Cell(f"{one['pinball']:.2f}"),
                Cell(_coverage(one)),
            )
            for level, one in scores.items()
        ),
        "On days that were kept from it. Below 1 is better than expecting last week again; of a "
        "well-made 95 % line 94 to 96 % of days lie below.",
    )
    levels = drawn["levels"]
    high = max(range(len(levels)), key=lambda at: levels[at])
    sites = Table(
        "Sites",
        ("Site", "Parcels to come", "On its strongest day", f"{levels[high]:.0%} sure it is below"),
        tuple(
            (
                Cell(one["site"]),
                Cell(f"{sum(one['mean']):,.0f}"),
                Cell(f"{max(one['mean']):,.1f}"),
                Cell(f"{max(one['quantiles'][high]):,.0f}"),
            )
            for one in drawn["sites"][:SITES_SHOWN]
        ),
        _more(len(drawn["sites"])),
    )
    says = (*figures.get("says", ()), *_new_sites(drawn))
    return Sheet(says, (error, sites), (Chart("Parcels of the network a day", "network"),))


_LEVELS: Final = {
    "series": "a site",
    "site": "a site, all sizes",
    "district": "a district",
    "network": "the network",
    "hour": "an hour of a site",
}


def _coverage(scores: Mapping[str, Any]) -> str:
    share = scores["coverage"].get("0.95")
    return "–" if share is None else f"{share:.1%}"


def _more(count: int) -> str:
    return f"{count - SITES_SHOWN} more are in the JSON." if count > SITES_SHOWN else ""


def _new_sites(drawn: Mapping[str, Any]) -> Iterator[str]:
    if new := drawn["new_sites"]:
        yield f"{', '.join(new[:10])}: new, so what comes is borrowed from sites like it"


def _network_chart(drawn: Mapping[str, Any]) -> dict[str, Any]:
    known = drawn["known"][-KNOWN_DAYS_SHOWN:]
    first = date.fromisoformat(drawn["first"])
    begin = first - timedelta(len(known))
    line = drawn["network"][0]
    ahead = len(line["mean"])
    days = [begin + timedelta(n) for n in range(len(known) + ahead)]
    pad, gap = [None] * len(known), [None] * ahead
    levels = drawn["levels"]
    low, high = _at(levels, 0.05), _at(levels, 0.95)
    return {
        "label": "Parcels of the network a day",
        "unit": "parcels",
        "time_zone": "UTC",
        "times": [int(datetime.combine(day, time(), UTC).timestamp()) for day in days],
        "series": [
            {"label": "Came", "values": [*known, *gap], "tone": "quiet", "kind": "line"},
            {"label": "Expected", "values": [*pad, *line["mean"]], "tone": "accent",
             "kind": "line"},
            *(
                {"label": f"{levels[at]:.0%} below", "values": [*pad, *line["quantiles"][at]],
                 "tone": "info", "kind": "line"}
                for at in (low, high)
            ),
        ],
    }  # fmt: skip


def _at(levels: Sequence[float], wanted: float) -> int:
    return min(range(len(levels)), key=lambda at: abs(levels[at] - wanted))


def first_figures(kind: str) -> tuple[Figure, ...]:
    """Tell which figures lists tell of a kind."""
    return tuple(one for one in FIGURES[kind] if one.is_first)
