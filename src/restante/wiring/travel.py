"""Where travel times come from, as it is written: ``straight``, ``osrm=http://…``, ``csv=FILE``.

Names every source once; each makes a whole problem of one whose travel times are still to be found.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import msgspec

from ..planning.routing.problem import Problem
from ..planning.routing.source import TravelSource
from ..planning.travel.csv_table import read_csv_table
from ..planning.travel.draft import Draft
from ..planning.travel.road_server import Osrm, RoadServer, Valhalla
from ..planning.travel.roads import Roads, Street
from ..planning.travel.straight import Straight
from ..planning.travel.table import Estimate, Found, NoTravel, Point, complete
from ..sim.city import SPEEDS_KMH, City, make_city
from .road_client import TIMEOUT_SECONDS, RoadClient
from .travel_cache import TravelCache

KINDS: Final = ("straight", "osrm", "valhalla", "roads", "city", "csv")
FORMS: Final = "straight, straight=1.4, osrm=URL, valhalla=URL, roads=FILE, city, csv=FILE"


class TravelWish(NamedTuple):
    """What was asked for."""

    kind: str
    value: str = ""
    profile: str = ""
    """Of a road server; without it the server's usual one."""
    tile: int | None = None
    """Origins, and destinations, of one request; without it the server's usual limit."""
    cache: Path | None = None
    is_estimating: bool = False
    """Fill holes with straight lines."""
    timeout_seconds: float = TIMEOUT_SECONDS

    @classmethod
    def of(cls, written: str) -> "TravelWish":
        """Read ``KIND`` or ``KIND=VALUE``.

        Raises
        ------
        NoTravel
            When it is none of them.
        """
        kind, _, value = written.partition("=")
        if kind not in KINDS or (kind in {"osrm", "valhalla", "roads", "csv"} and not value):
            raise NoTravel(f"{written!r} is no source of travel times: give one of {FORMS}")
        return cls(kind, value)


class RoadsFile(msgspec.Struct, forbid_unknown_fields=True):
    """A graph of roads, as JSON."""

    crossings: list[tuple[float, float]]
    """Longitude and latitude, as in GeoJSON."""
    streets: list["RoadsFileStreet"]
    speeds_kmh: dict[str, float]


class RoadsFileStreet(msgspec.Struct, forbid_unknown_fields=True):
    """A street between two crossings, which are numbers from 0."""

    start: Annotated[int, msgspec.Meta(ge=0)]
    end: Annotated[int, msgspec.Meta(ge=0)]
    length_m: Annotated[float, msgspec.Meta(ge=0)]
    road: str
    is_one_way: bool = False


def find_travels(
    draft: Draft, wish: TravelWish, tell: Callable[[float], None] | None = None
) -> Problem:
    """Make a problem of a draft, with the travel times wished for.

    Raises
    ------
    NoTravel
        When they cannot be found; says which pair or place is in the way, and what to do.
    BadProblem
        When the rest of the problem is not right.
    """
    if wish.kind == "csv":
        return _from_csv(draft, wish)
    points, rows, names = draft.points()
    if wish.kind == "straight":
        return draft.with_travels(_straight(wish.value).travels(points), rows)
    if wish.kind in {"osrm", "valhalla"}:
        found = _ask(wish, points, names, tell)
        source = TravelSource(name=wish.kind, profile=_server(wish).profile)
    else:
        roads = read_city_roads(wish.value) if wish.kind == "city" else _read_roads(wish.value)
        found, source = roads.find(points, names), TravelSource(name=wish.kind)
    estimate = Straight().estimate if wish.is_estimating else None
    travels = complete(found, names=names, points=points, source=source, estimate=estimate)
    return draft.with_travels(travels, rows)


def city_roads(city: City) -> Roads:
    """Take the streets of a generated city."""
    return Roads(
        [Point(latitude, longitude) for longitude, latitude in city.nodes],
        [Street(one.start, one.end, one.length_m, one.road) for one in city.edges],
        {str(road): float(speed) for road, speed in SPEEDS_KMH.items()},
    )


def read_city_roads(seed: str) -> Roads:
    """Generate the city of a seed, or the usual one, and take its streets."""
    if seed and not seed.isdigit():
        raise NoTravel(f"city={seed}: give the number the city was generated with")
    return city_roads(make_city(int(seed)) if seed else make_city())


def _from_csv(draft: Draft, wish: TravelWish) -> Problem:
    try:
        text = Path(wish.value).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NoTravel(f"{wish.value} cannot be read: {error}") from error
    try:
        found = read_csv_table(text.splitlines(), draft.ids)
    except NoTravel as error:
        raise NoTravel(f"{wish.value}, {error}") from None
    source = TravelSource(name="csv", says=Path(wish.value).name)
    estimate: Estimate | None = None
    points: list[Point] = []
    if wish.is_estimating:
        # Places of a table stand for themselves, two at one point too.
        at, rows, _ = draft.points()
        points, estimate = [at[row] for row in rows], Straight().estimate
    else:
        points = [Point(0.0, 0.0)] * len(draft.ids)
    travels = complete(found, names=draft.ids, points=points, source=source, estimate=estimate)
    return draft.with_travels(travels)


def _straight(detour: str) -> Straight:
    if not detour:
        return Straight()
    try:
        return Straight(float(detour)).check()
    except ValueError as error:
        if isinstance(error, NoTravel):
            raise
        raise NoTravel(f"straight={detour}: the detour factor is a number such as 1.4") from error


def _server(wish: TravelWish) -> RoadServer:
    server: Osrm | Valhalla = Osrm() if wish.kind == "osrm" else Valhalla()
    if wish.profile:
        server = server._replace(profile=wish.profile)
    return server if wish.tile is None else server._replace(side=wish.tile)


def _ask(
    wish: TravelWish,
    points: list[Point],
    names: list[str],
    tell: Callable[[float], None] | None,
) -> Found:
    server = _server(wish)
    timeout = wish.timeout_seconds
    if wish.cache is None:
        return RoadClient(server, wish.value, timeout_seconds=timeout).find(points, names, tell)
    with TravelCache(wish.cache) as cache:
        client = RoadClient(server, wish.value, cache=cache, timeout_seconds=timeout)
        return client.find(points, names, tell)


def _read_roads(file: str) -> Roads:
    try:
        written = msgspec.json.decode(Path(file).read_bytes(), type=RoadsFile)
    except OSError as error:
        raise NoTravel(f"{file} cannot be read: {error}") from error
    except msgspec.DecodeError as error:
        raise NoTravel(f"{file} is no graph of roads: {error}") from error
    return Roads(
        [Point(latitude, longitude) for longitude, latitude in written.crossings],
        [Street(x.start, x.end, x.length_m, x.road, x.is_one_way) for x in written.streets],
        written.speeds_kmh,
    )
