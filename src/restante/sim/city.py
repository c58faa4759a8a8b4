"""A generated city to live in: streets, river, parks, houses, and a network of sites.

The city is invented and lies where Doggerland sank, on the Dogger Bank in the North Sea
(54.75 N, 2.30 E), so that no real street is ever mistaken for it. It needs no data, no licence
and no network. The same road graph serves the map, the couriers and later the routes.

The same seed gives the same city, on every machine.
"""

import itertools
import math
import random
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final

from ..core.ids import SiteId
from ..core.value import Value
from .city_buildings import Building, block_ground, make_buildings
from .city_lockers import COMPARTMENTS_MAX, COMPARTMENTS_MIN, LockerLayout, make_layout
from .city_names import CITY_NAME, COUNTER_HOSTS, LOCKER_HOSTS, RIVER
from .city_network import Nearest, Network, make_network
from .city_plan import RIVER_OFFSET_M, RIVER_WIDTH_M, Plan, RoadClass, Use, Warp, make_plan
from .city_shapes import Point, area, centroid, densify, distance
from .city_sites import (
    HOURS_COUNTER,
    HOURS_LOCKER,
    Dwelling,
    Spot,
    name_hosts,
    place_sites,
    settle,
)

LATITUDE: Final = 54.75
LONGITUDE: Final = 2.30
TIME_ZONE: Final = "Europe/Berlin"
COUNTRY: Final = "DE"
"""Region of phone numbers and holidays; the city itself belongs to nobody."""
SEED: Final = 8
METERS_PER_DEGREE: Final = 111_320.0
"""One degree of latitude."""
STEP_M: Final = 45.0
"""Longest straight piece of a bent line."""
RIVER_REACH_M: Final = 5_200.0
QUAY_M: Final = 14.0
"""From the middle of a quay road to the water."""
SPEEDS_KMH: Final = {RoadClass.PRIMARY: 50, RoadClass.SECONDARY: 40, RoadClass.RESIDENTIAL: 30}

Position = tuple[float, float]
"""Longitude and latitude in degrees, as in GeoJSON."""


class SiteKind(StrEnum):
    """What stands at a site."""

    LOCKER = "locker"
    COUNTER = "counter"


class Layer(StrEnum):
    """Layers of the map, from the bottom up."""

    GROUND = "ground"
    PARK = "park"
    WATER = "water"
    ROAD = "road"
    BUILDING = "building"
    DISTRICT = "district"
    SITE = "site"


class Address(Value):
    """Where something is, for people."""

    street: str
    number: int
    postcode: str
    city: str
    district: str

    @property
    def line(self) -> str:
        """Street and number, postcode and city in one line."""
        return f"{self.street} {self.number}, {self.postcode} {self.city}"


class CityEdge(Value):
    """A stretch of street between two nodes, driven in both directions.

    Attributes
    ----------
    start, end
        Numbers of nodes; ``line`` runs from start to end.
    """

    start: int
    end: int
    road: RoadClass
    name: str
    length_m: int
    line: tuple[Position, ...]
    is_bridge: bool = False

    @property
    def drive_seconds(self) -> float:
        """How long a courier drives it, at the speed of its class."""
        return self.length_m * 3.6 / SPEEDS_KMH[self.road]


class CityHome(Value):
    """People who may be recipients, along one side of a block.

    Attributes
    ----------
    people
        How many live there: the weight of the demand.
    node
        The nearest node of the road graph.
    """

    address: Address
    position: Position
    people: int
    node: int


class CitySite(Value):
    """A site as it is set up on the first day.

    Attributes
    ----------
    opening_hours
        OpenStreetMap syntax, local time.
    layout
        The locker's cabinet; ``None`` at a counter.
    counter_capacity
        Parcels a counter keeps; zero at a locker.
    """

    id: SiteId
    name: str
    kind: SiteKind
    address: Address
    position: Position
    node: int
    opening_hours: str
    layout: LockerLayout | None = None
    counter_capacity: int = 0


class Shape(Value):
    """An area of the map: rings, the first one outside; or a point for a label."""

    layer: Layer
    kind: str
    rings: tuple[tuple[Position, ...], ...]
    name: str = ""
    height_m: int = 0


class City(Value):
    """Everything about the city; nothing in it changes.

    Attributes
    ----------
    nodes
        Places of the road graph; an edge names them by index. The graph is connected.
    bounds
        West, south, east, north of the built-up area, in degrees.
    """

    name: str
    seed: int
    time_zone: str
    country: str
    center: Position
    bounds: tuple[float, float, float, float]
    nodes: tuple[Position, ...]
    edges: tuple[CityEdge, ...]
    homes: tuple[CityHome, ...]
    sites: tuple[CitySite, ...]
    shapes: tuple[Shape, ...]


@lru_cache(maxsize=4)
def make_city(seed: int = SEED, *, lockers: int = 40, counters: int = 6) -> City:
    """Generate a city with its sites.

    Parameters
    ----------
    seed
        Any integer; each gives another city.
    lockers, counters
        How many sites of each kind.

    Raises
    ------
    ValueError
        When the city has no room for so many; 120 together always find it.
    """
    return _Builder(seed).build(lockers, counters)


class _Builder:
    """Bends a plan, puts it on the globe, and names what is there."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._dice = random.Random(seed)
        self._plan: Plan = make_plan(self._dice)
        self._warp = Warp(self._dice, self._plan.river_angle)
        self._network: Network = make_network(self._plan)
        used = sorted({index for pair in self._network.streets for index in pair})
        self._number = {index: number for number, index in enumerate(used)}

    def build(self, lockers: int, counters: int) -> City:
        shapes = (*self._grounds(), *self._river(), *self._greens(), *self._houses(),
                  *self._labels())  # fmt: skip
        edges = tuple(self._edges())
        dwellings = settle(self._plan, Nearest(self._network))
        spots = place_sites(self._plan, self._network, dwellings, lockers + counters, self._dice)
        built = [point for face in self._plan.faces for point in self._ring(face.corners)]
        return City(
            name=CITY_NAME,
            seed=self._seed,
            time_zone=TIME_ZONE,
            country=COUNTRY,
            center=(LONGITUDE, LATITUDE),
            bounds=(
                min(x for x, _ in built),
                min(y for _, y in built),
                max(x for x, _ in built),
                max(y for _, y in built),
            ),
            nodes=tuple(self._place(self._network.crossings[index]) for index in self._number),
            edges=edges,
            homes=tuple(self._home(dwelling) for dwelling in dwellings),
            sites=tuple(self._sites(spots, counters)),
            shapes=shapes,
        )

    def _place(self, point: Point) -> Position:
        x, y = self._warp(point)
        longitude = LONGITUDE + x / (METERS_PER_DEGREE * math.cos(math.radians(LATITUDE)))
        return round(longitude, 6), round(LATITUDE + y / METERS_PER_DEGREE, 6)

    def _ring(self, corners: Sequence[Point]) -> tuple[Position, ...]:
        return tuple(map(self._place, densify([*corners, corners[0]], STEP_M * 2)))

    def _edges(self) -> Iterable[CityEdge]:
        for pair, line in self._network.streets.items():
            start, end = (self._network.crossings[index] for index in pair)
            bent = densify([start, end], STEP_M)
            places = [self._warp(point) for point in bent]
            length_m = sum(distance(a, b) for a, b in itertools.pairwise(places))
            yield CityEdge(
                start=self._number[pair[0]],
                end=self._number[pair[1]],
                road=line.road,
                name=line.name,
                length_m=max(1, round(length_m)),
                line=tuple(map(self._place, bent)),
                is_bridge=pair in self._network.bridges,
            )

    def _grounds(self) -> Iterable[Shape]:
        for face in self._plan.grounds:
            if face.use is Use.FOREST:
                yield Shape(
                    layer=Layer.PARK,
                    kind="forest",
                    name=face.name,
                    rings=(self._ring(face.corners),),
                )
            else:
                yield Shape(layer=Layer.GROUND, kind="urban", rings=(self._ring(face.corners),))

    def _river(self) -> Iterable[Shape]:
        angle = self._plan.river_angle
        half_m = RIVER_WIDTH_M / 2 - QUAY_M

        def at(along_m: float, across_m: float) -> Point:
            across = RIVER_OFFSET_M + across_m
            return (
                along_m * math.cos(angle) - across * math.sin(angle),
                along_m * math.sin(angle) + across * math.cos(angle),
            )

        corners = [
            at(-RIVER_REACH_M, -half_m),
            at(RIVER_REACH_M, -half_m),
            at(RIVER_REACH_M, half_m),
            at(-RIVER_REACH_M, half_m),
        ]
        yield Shape(layer=Layer.WATER, kind="river", name=RIVER, rings=(self._ring(corners),))

    def _greens(self) -> Iterable[Shape]:
        largest = max(
            (face for face in self._plan.faces if face.use is Use.PARK),
            key=lambda face: area(face.corners),
        )
        for face in self._plan.faces:
            ground = block_ground(face) if face.use in {Use.PARK, Use.SQUARE} else []
            if ground:
                yield Shape(
                    layer=Layer.PARK,
                    kind=str(face.use),
                    name=face.name,
                    rings=(self._ring(ground),),
                )
        yield Shape(layer=Layer.WATER, kind="pond", rings=(self._pond(largest.corners),))

    def _pond(self, corners: Sequence[Point]) -> tuple[Position, ...]:
        middle_x, middle_y = centroid(corners)
        radius_m = 0.16 * math.sqrt(area(corners))
        ripple = self._dice.uniform(0, math.pi)
        shore = []
        for step in range(28):
            angle = step / 28 * 2 * math.pi
            reach_m = radius_m * (
                1 + 0.22 * math.sin(2 * angle + ripple) + 0.1 * math.cos(3 * angle)
            )
            shore.append(
                (middle_x + 1.3 * reach_m * math.cos(angle), middle_y + reach_m * math.sin(angle))
            )
        return self._ring(shore)

    def _houses(self) -> Iterable[Shape]:
        for face in self._plan.faces:
            ground = block_ground(face) if face.use is Use.BLOCK else []
            if not ground:
                continue
            ring = self._plan.districts[face.district].ring
            for building in make_buildings(ground, ring, self._dice):
                yield self._house(building)

    def _house(self, building: Building) -> Shape:
        return Shape(
            layer=Layer.BUILDING,
            kind="",
            rings=(self._ring(building.corners),),
            height_m=building.height_m,
        )

    def _labels(self) -> Iterable[Shape]:
        for index, district in enumerate(self._plan.districts):
            land = [
                face
                for face in self._plan.grounds
                if face.district == index and face.use is Use.DISTRICT
            ]
            if not land:
                continue
            largest = max(land, key=lambda face: area(face.corners))
            yield Shape(
                layer=Layer.DISTRICT,
                kind="center" if district.ring == 0 else "district",
                name=district.name,
                rings=((self._place(centroid(largest.corners)),),),
            )

    def _address(self, street: str, number: int, district: int) -> Address:
        return Address(
            street=street,
            number=number,
            postcode=f"{10_000 + 10 * (district + 1)}",
            city=CITY_NAME,
            district=self._plan.districts[district].name,
        )

    def _home(self, dwelling: Dwelling) -> CityHome:
        return CityHome(
            address=self._address(dwelling.street, dwelling.number, dwelling.district),
            position=self._place(dwelling.place),
            people=dwelling.people,
            node=self._number[dwelling.crossing],
        )

    def _sites(self, spots: list[Spot], counters: int) -> Iterable[CitySite]:
        # Spots come best first; counters take every so many, so that both kinds serve all parts.
        step = len(spots) / max(1, counters)
        staffed = {int(step * (index + 0.5)) for index in range(counters)}
        yield from self._lockers([spot for i, spot in enumerate(spots) if i not in staffed])
        yield from self._counters([spots[i] for i in sorted(staffed)])

    def _lockers(self, spots: list[Spot]) -> Iterable[CitySite]:
        names = name_hosts(spots, LOCKER_HOSTS)
        sizes = [
            COMPARTMENTS_MAX - (COMPARTMENTS_MAX - COMPARTMENTS_MIN) * rank / max(1, len(spots))
            for rank in range(len(spots))
        ]
        ordered = sorted(zip(spots, names, sizes, strict=True), key=lambda each: each[0].crossing)
        for index, (spot, name, size) in enumerate(ordered, start=1):
            yield CitySite(
                id=SiteId(f"site-{index:02d}"),
                name=name,
                kind=SiteKind.LOCKER,
                address=self._address(spot.street, spot.number, spot.district),
                position=self._place(spot.place),
                node=self._number[spot.crossing],
                opening_hours=self._dice.choice(HOURS_LOCKER),
                layout=make_layout(self._dice, round(size)),
            )

    def _counters(self, spots: list[Spot]) -> Iterable[CitySite]:
        names = name_hosts(spots, COUNTER_HOSTS)
        for index, (spot, name) in enumerate(zip(spots, names, strict=True), start=1):
            yield CitySite(
                id=SiteId(f"counter-{index:02d}"),
                name=name,
                kind=SiteKind.COUNTER,
                address=self._address(spot.street, spot.number, spot.district),
                position=self._place(spot.place),
                node=self._number[spot.crossing],
                opening_hours=self._dice.choice(HOURS_COUNTER),
                counter_capacity=self._dice.randrange(40, 130, 10),
            )
