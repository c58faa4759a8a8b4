"""A plan of routes as a drawing and as tables, made from its GeoJSON.

R1. Whoever cannot see the drawing, or colors, loses nothing: every route and every stop is numbered
    and stands in a table, and neighboring routes differ in dash as well as in color.
R2. Lines are straight between stops. They show the order, not the streets, and the page says so.

The same drawing stands in the console and in a file that opens without a network
(:func:`write_map_file`). It must not know where a plan comes from.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from markupsafe import Markup

from .ground import WIDTH, Ground
from .map_file import write_file

COLORS: Final = 8
DASHES: Final = 4
"""How many colors and dashes ``css/route-map.css`` has. Both change from one route to the next."""

CROWDED_STOPS: Final = 60
"""With more stops numbers would cover each other: they are dots until looked at closer."""

WHY_HERE: Final = {
    "only_option": "only place",
    "liked_best": "liked best",
    "liked_better_is_full": "no room at a place liked better",
    "shorter_routes": "shorter routes",
    "done_already": "done already",
}

_MARKS: Final = {
    "home": Markup('<circle r="10"/>'),
    "locker": Markup('<rect x="-10" y="-10" width="20" height="20" rx="4"/>'),
    "counter": Markup('<path d="M0 -13 13 0 0 13 -13 0Z"/>'),
    "depot": Markup('<path d="M-12 10V-3L0 -13 12 -3V10Z"/>'),
}


class StopRow(NamedTuple):
    """A stop as the table tells it."""

    number: int
    place: str
    note: str
    """Address, or nothing."""
    kind: str
    arrives: str
    leaves: str
    window: str
    deliveries: int
    pickups: int
    parcels: tuple[str, ...]
    sizes: str
    why: str
    load: int


class RouteRow(NamedTuple):
    """A route as the list tells it."""

    number: int
    vehicle: str
    name: str
    look: str
    """Classes for color and dash."""
    leaves: str
    returns: str
    km: float
    parcels: int
    co2e_kg: float
    cost: float
    stops: tuple[StopRow, ...]


class UnservedRow(NamedTuple):
    """A parcel that is not served."""

    parcel: str
    place: str
    says: str


class RouteSheet(NamedTuple):
    """Everything a page tells of a plan."""

    svg: Markup
    routes: tuple[RouteRow, ...]
    unserved: tuple[UnservedRow, ...]
    plan: Mapping[str, Any]


def make_sheet(
    geojson: Mapping[str, Any], *, names: Mapping[str, tuple[str, str]] | None = None
) -> RouteSheet:
    """Draw a plan.

    Parameters
    ----------
    geojson
        As :func:`restante.planning.routing.geojson.make_geojson` writes it.
    names
        What people call places and vehicles, and a note such as the address; ids where absent.
    """
    called = names or {}
    kinds: dict[str, list[Mapping[str, Any]]] = {"route": [], "stop": [], "unserved": []}
    for feature in geojson["features"]:
        kinds[feature["properties"]["kind"]].append(feature)
    stops: dict[int, list[Mapping[str, Any]]] = {}
    for stop in kinds["stop"]:
        stops.setdefault(stop["properties"]["route"], []).append(stop)
    routes = tuple(
        _route_row(one["properties"], stops.get(one["properties"]["number"], ()), called)
        for one in kinds["route"]
    )
    unserved = tuple(
        UnservedRow(
            one["properties"]["parcel"],
            _name(called, one["properties"]["place"] or "")[0],
            one["properties"]["says"],
        )
        for one in kinds["unserved"]
    )
    svg = _Drawing(geojson).draw(kinds, stops, {row.number: row for row in routes}, called)
    return RouteSheet(svg, routes, unserved, geojson["plan"])


def write_map_file(
    geojson: Mapping[str, Any], *, title: str, names: Mapping[str, tuple[str, str]] | None = None
) -> str:
    """Write a page that opens from a file and asks nobody for anything."""
    sheet = make_sheet(geojson, names=names)
    return write_file("routes/map_file.html", title=title, sheet=sheet)


def clock_of(seconds: float) -> str:
    """Write a time of a plan: hours and minutes since its midnight, ``08:15``, ``01:10 +1 d``."""
    minutes = round(seconds / 60)
    days, rest = divmod(minutes, 1_440)
    return f"{rest // 60:02d}:{rest % 60:02d}" + (f" {days:+d} d" if days else "")


def _name(called: Mapping[str, tuple[str, str]], id_: str) -> tuple[str, str]:
    return called.get(id_, (id_, ""))


def _look(number: int) -> str:
    return f"route-color-{(number - 1) % COLORS + 1} route-dash-{(number - 1) % DASHES + 1}"


def _route_row(
    route: Mapping[str, Any],
    stops: Sequence[Mapping[str, Any]],
    called: Mapping[str, tuple[str, str]],
) -> RouteRow:
    return RouteRow(
        number=route["number"],
        vehicle=route["vehicle"],
        name=_name(called, route["vehicle"])[0],
        look=_look(route["number"]),
        leaves=clock_of(route["leaves_at"]),
        returns=clock_of(route["returns_at"]),
        km=route["distance_m"] / 1000,
        parcels=route["parcels"],
        co2e_kg=route["co2e_g"] / 1000,
        cost=route["cost"],
        stops=tuple(_stop_row(one["properties"], called) for one in stops),
    )


def _stop_row(stop: Mapping[str, Any], called: Mapping[str, tuple[str, str]]) -> StopRow:
    parcels = stop["parcels"]
    opens = max((one["opens_at"] for one in parcels), default=0)
    ends = [one["closes_at"] for one in parcels if one["closes_at"] is not None]
    window = ""
    if ends:
        window = f"{clock_of(opens)}–{clock_of(min(ends))}"
    elif opens:
        window = f"from {clock_of(opens)}"
    sizes: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for one in parcels:
        sizes[one["size"] or ""] = sizes.get(one["size"] or "", 0) + 1
        reasons[one["why"]] = reasons.get(one["why"], 0) + 1
    place, note = _name(called, stop["place"])
    return StopRow(
        number=stop["stop"],
        place=place,
        note=note,
        kind=stop["place_kind"],
        arrives=clock_of(stop["arrives_at"]),
        leaves=clock_of(stop["leaves_at"]),
        window=window,
        deliveries=sum(not one["is_pickup"] for one in parcels),
        pickups=sum(one["is_pickup"] for one in parcels),
        parcels=tuple(one["parcel"] for one in parcels),
        sizes=", ".join(f"{count} × {size}" for size, count in sizes.items() if size),
        why=", ".join(
            WHY_HERE.get(why, why) + (f" ({count})" if len(reasons) > 1 else "")
            for why, count in reasons.items()
        ),
        load=stop["load"]["parcels"],
    )


class _Drawing:
    """Puts routes onto a drawing."""

    def __init__(self, geojson: Mapping[str, Any]) -> None:
        self._ground = Ground(geojson.get("bbox", (0.0, 0.0, 0.0, 0.0)))

    def draw(
        self,
        kinds: Mapping[str, Sequence[Mapping[str, Any]]],
        stops: Mapping[int, Sequence[Mapping[str, Any]]],
        rows: Mapping[int, RouteRow],
        called: Mapping[str, tuple[str, str]],
    ) -> Markup:
        """Draw routes, their stops, where vehicles start, and what is not served."""
        parts = [
            self._route(one, stops.get(one["properties"]["number"], ()), rows, called)
            for one in kinds["route"]
        ]
        depots = {
            tuple(points[0]): one["properties"]["places"][0]
            for one in kinds["route"]
            for points in [_points(one["geometry"])]
        }
        parts += [
            Markup('<g class="route-depot" transform="translate({})"><g class="route-mark">'
                   "<title>{}</title>{}</g></g>").format(
                self._ground.place(position), _name(called, place)[0], _MARKS["depot"]
            )
            for position, place in depots.items()
        ]  # fmt: skip
        parts += [
            Markup('<g class="route-unserved" transform="translate({})"><g class="route-mark">'
                   '<title>{}</title><path d="M-7 -7 7 7M7 -7 -7 7"/></g></g>').format(
                self._ground.place(one["geometry"]["coordinates"]), one["properties"]["says"]
            )
            for one in kinds["unserved"]
            if one["geometry"] is not None
        ]  # fmt: skip
        parts += [
            self._label(one["properties"]["number"], one["geometry"]) for one in kinds["route"]
        ]
        crowded = Markup(' data-crowded=""') if len(kinds["stop"]) > CROWDED_STOPS else ""
        return Markup(
            '<svg class="route-drawing" viewBox="0 0 {} {}" data-width="{}" data-height="{}"'
            ' aria-hidden="true"{}>{}</svg>'
        ).format(
            WIDTH, self._ground.height, WIDTH, self._ground.height, crowded, Markup("").join(parts)
        )

    def _route(
        self,
        route: Mapping[str, Any],
        stops: Sequence[Mapping[str, Any]],
        rows: Mapping[int, RouteRow],
        called: Mapping[str, tuple[str, str]],
    ) -> Markup:
        number = route["properties"]["number"]
        path = self._path(route["geometry"])
        marks = Markup("").join(self._stop(stop["properties"], stop["geometry"], called)
                                for stop in stops)  # fmt: skip
        return Markup(
            '<g class="route {}" data-route="{}"><path class="route-casing" d="{}"/>'
            '<path class="route-line" d="{}"/><path class="route-touch" d="{}"/>{}</g>'
        ).format(rows[number].look, number, path, path, path, marks)

    def _stop(
        self,
        stop: Mapping[str, Any],
        geometry: Mapping[str, Any],
        called: Mapping[str, tuple[str, str]],
    ) -> Markup:
        where = _name(called, stop["place"])[0]
        title = (
            f"Route {stop['route']}, stop {stop['stop']}: {where}, {clock_of(stop['arrives_at'])}"
        )
        return Markup(
            '<g class="route-stop" data-stop="{}" transform="translate({})"><g class="route-mark">'
            '<title>{}</title>{}<text dy="4">{}</text></g></g>'
        ).format(
            stop["stop"],
            self._ground.place(geometry["coordinates"]),
            title,
            _MARKS.get(stop["place_kind"], _MARKS["home"]),
            stop["stop"],
        )

    def _label(self, number: int, geometry: Mapping[str, Any]) -> Markup:
        """Write the route's number on the middle of its longest way between two stops."""
        points = [self._ground.xy(point) for point in _points(geometry)]
        a, b = max(pairwise(points), key=lambda pair: math.dist(*pair))
        middle = f"{(a[0] + b[0]) / 2:.1f} {(a[1] + b[1]) / 2:.1f}"
        return Markup(
            '<g class="route-number {}" data-number="{}" transform="translate({})">'
            '<g class="route-mark"><rect x="-13" y="-11" width="26" height="22" rx="11"/>'
            '<text dy="5">{}</text></g></g>'
        ).format(_look(number), number, middle, number)

    def _path(self, geometry: Mapping[str, Any]) -> str:
        pieces = geometry["coordinates"]
        if geometry["type"] == "LineString":
            pieces = [pieces]
        return "".join("M" + "L".join(map(self._ground.place, piece)) for piece in pieces)


def _points(geometry: Mapping[str, Any]) -> list[Sequence[float]]:
    pieces = geometry["coordinates"]
    if geometry["type"] == "LineString":
        return list(pieces)
    return [point for piece in pieces for point in piece]
