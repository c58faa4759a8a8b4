"""Two plans of routes beside each other: figures, and every parcel that is served differently.

It is given GeoJSON, as maps are, and must not know where plans come from.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

CHANGES_SHOWN: Final = 500


class FigureRow(NamedTuple):
    """One figure of both."""

    label: str
    first: str
    second: str
    change: str
    tone: str
    """``good`` where the second is better, ``bad`` where it is worse; all figures are costs."""


class Serving(NamedTuple):
    """Where and with whom a parcel is served; empty when it is not."""

    place: str
    vehicle: str
    stop: int


class Change(NamedTuple):
    """A parcel that is served differently."""

    parcel: str
    first: Serving | None
    second: Serving | None
    what: str


class Compared(NamedTuple):
    """Two plans beside each other."""

    figures: tuple[FigureRow, ...]
    changes: tuple[Change, ...]
    """The first :data:`CHANGES_SHOWN`."""
    change_count: int
    moved_count: int
    """Parcels at another place."""
    common_count: int
    """Parcels that are in both problems."""


_FIGURES: Final[tuple[tuple[str, Callable[[Mapping[str, Any]], float], str, str], ...]] = (
    ("Cost", lambda plan: plan["cost"]["total"], "{:,.2f}", ""),
    ("Distance", lambda plan: plan["distance_m"] / 1000, "{:,.1f}", " km"),
    ("Time", lambda plan: plan["duration_s"] / 3600, "{:,.1f}", " h"),
    ("CO₂e", lambda plan: plan["co2e_g"] / 1000, "{:,.1f}", " kg"),
    ("Vehicles", lambda plan: plan["vehicles"], "{:,.0f}", ""),
    ("Not served", lambda plan: plan["parcels"] - plan["served"], "{:,.0f}", ""),
)


def compare(
    first: Mapping[str, Any],
    second: Mapping[str, Any],
    *,
    names: Mapping[str, tuple[str, str]] | None = None,
) -> Compared:
    """Set two plans beside each other; the second is judged by the first."""
    called = {name: shown[0] for name, shown in (names or {}).items()}
    before, behind = dict(_served(first, called)), dict(_served(second, called))
    parcels = sorted({*before, *behind})
    changes = [
        Change(one, before.get(one), behind.get(one), _what(before.get(one), behind.get(one)))
        for one in parcels
        if (before.get(one) or Serving("", "", 0))[:2]
        != (behind.get(one) or Serving("", "", 0))[:2]
    ]
    return Compared(
        figures=tuple(_figures(first["plan"], second["plan"])),
        changes=tuple(changes[:CHANGES_SHOWN]),
        change_count=len(changes),
        moved_count=sum(
            1
            for one in changes
            if one.first is not None
            and one.second is not None
            and one.first.place != one.second.place
        ),
        common_count=len(before.keys() & behind.keys()),
    )


def _served(
    drawn: Mapping[str, Any], called: Mapping[str, str]
) -> Iterator[tuple[str, Serving | None]]:
    for feature in drawn["features"]:
        told = feature["properties"]
        if told["kind"] == "unserved":
            yield told["parcel"], None
        if told["kind"] != "stop":
            continue
        place = called.get(told["place"], told["place"])
        vehicle = called.get(told["vehicle"], told["vehicle"])
        for one in told["parcels"]:
            yield one["parcel"], Serving(place, vehicle, told["stop"])


def _what(first: Serving | None, second: Serving | None) -> str:
    if second is None:
        return "not served"
    if first is None:
        return "served now"
    both = [
        word
        for word, is_so in (
            ("another place", first.place != second.place),
            ("another vehicle", first.vehicle != second.vehicle),
        )
        if is_so
    ]
    return ", ".join(both)


def _figures(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[FigureRow]:
    for label, read, form, unit in _FIGURES:
        a, b = read(first), read(second)
        told = form.format(abs(b - a))
        is_same = form.format(a) == form.format(b)
        share = f" ({(b - a) / a:+.1%})" if a and not is_same else ""
        change = "the same" if is_same else f"{'+' if b > a else '−'}{told}{unit}{share}"
        tone = "quiet" if is_same else "bad" if b > a else "good"
        yield FigureRow(label, form.format(a) + unit, form.format(b) + unit, change, tone)
