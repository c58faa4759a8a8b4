"""Where people live in the city, and where sites stand to be near them.

Sites are placed one after the other at the crossing that reaches most people who are not well
served yet: greedy maximum coverage, with a discount for people who already have a site near.
"""

import math
import random
from collections import Counter, defaultdict
from typing import Final, NamedTuple

from .city_buildings import block_ground
from .city_network import Nearest, Network
from .city_plan import Face, Line, Plan, RoadClass, Use
from .city_shapes import Point, area, between, centroid, distance

PEOPLE_PER_M2: Final = (0.016, 0.019, 0.0062)
"""People per square meter of block in each ring: 6,200 to 19,000 per km2, as in European cities
of this size."""
REACH_M: Final = 450.0
"""How far people gladly walk to a locker; five to six minutes."""
SERVED_SHARE: Final = 0.25
"""What is left of a person's pull once a site is within reach."""
HOUSE_M: Final = 11.0
"""Street front per house number."""
HOURS_LOCKER: Final = ("24/7", "24/7", "24/7", "24/7", "24/7", "Mo-Su 06:00-23:00",
                       "Mo-Sa 07:00-22:00; Su 09:00-20:00")  # fmt: skip
HOURS_COUNTER: Final = ("Mo-Fr 09:00-18:30; Sa 09:00-14:00",
                        "Mo-Fr 08:00-20:00; Sa 08:00-18:00",
                        "Mo-Fr 10:00-13:00,14:00-19:00; Sa 10:00-16:00")  # fmt: skip
STREET_EDGE_M_MIN: Final = 35.0


class Dwelling(NamedTuple):
    """People living along one side of a block."""

    place: Point
    street: str
    number: int
    district: int
    people: int
    crossing: int


class Spot(NamedTuple):
    """Where a site stands."""

    place: Point
    street: str
    number: int
    district: int
    crossing: int
    pull: float
    """People within reach who prefer it, for the size of a locker."""


def settle(plan: Plan, nearest: Nearest) -> list[Dwelling]:
    """House the people: one dwelling per side of each block."""
    numbers: Counter[str] = Counter()
    dwellings: list[Dwelling] = []
    for face in plan.faces:
        if face.use is not Use.BLOCK:
            continue
        ground = block_ground(face)
        if not ground:
            continue
        people = area(ground) * PEOPLE_PER_M2[plan.districts[face.district].ring]
        dwellings += _settle_block(face, people, numbers, nearest)
    return dwellings


def _settle_block(
    face: Face, people: float, numbers: Counter[str], nearest: Nearest
) -> list[Dwelling]:
    sides = [
        (start, face.corners[(index + 1) % len(face.corners)], face.lines[index])
        for index, start in enumerate(face.corners)
    ]
    sides = [side for side in sides if distance(side[0], side[1]) > STREET_EDGE_M_MIN]
    total_m = sum(distance(start, end) for start, end, _ in sides)
    middle = centroid(face.corners)
    result = []
    for start, end, line in sides:
        length_m = distance(start, end)
        street_middle = between(start, end, 0.5)
        numbers[line.name] += max(1, round(length_m / HOUSE_M))
        inward = min(0.4, 20 / max(1.0, distance(street_middle, middle)))
        result.append(
            Dwelling(
                place=between(street_middle, middle, inward),
                street=line.name,
                number=numbers[line.name],
                district=face.district,
                people=max(1, round(people * length_m / total_m)),
                crossing=nearest.find(start),
            )
        )
    return result


def place_sites(
    plan: Plan, network: Network, dwellings: list[Dwelling], count: int, dice: random.Random
) -> list[Spot]:
    """Choose crossings for a number of sites, best first."""
    reach = _dwellings_in_reach(network, dwellings)
    pull = [float(dwelling.people) for dwelling in dwellings]
    lines_at = _lines_at(network)
    corners = _corners(plan, network, lines_at)
    candidates = [index for index in reach if index in corners and _is_busy(lines_at[index])]
    taken: list[Spot] = []
    numbers: Counter[str] = Counter()
    for _ in range(count):
        best = max(
            (index for index in candidates if _is_apart(network.crossings[index], taken)),
            key=lambda index: sum([pull[who] * liking for who, liking in reach[index]]),
            default=None,
        )
        if best is None:
            raise ValueError(f"the city has no room for {count} sites; ask for fewer")
        strength = sum(pull[who] for who, _ in reach[best])
        for who, _ in reach[best]:
            pull[who] *= SERVED_SHARE
        place, face, street = corners[best]
        numbers[street] += dice.randint(3, 19)
        taken.append(Spot(place, street, numbers[street], face.district, best, strength))
    return taken


def _dwellings_in_reach(
    network: Network, dwellings: list[Dwelling]
) -> dict[int, list[tuple[int, float]]]:
    """Who could walk to each crossing, and how gladly: 1.1 next door, 0.1 at the end of reach."""
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, dwelling in enumerate(dwellings):
        x, y = dwelling.place
        cells[math.floor(x / REACH_M), math.floor(y / REACH_M)].append(index)
    result: dict[int, list[tuple[int, float]]] = {}
    for crossing in sorted({index for pair in network.streets for index in pair}):
        x, y = network.crossings[crossing]
        column, row = math.floor(x / REACH_M), math.floor(y / REACH_M)
        near = [
            (who, distance(dwellings[who].place, (x, y)))
            for shift_x in (-1, 0, 1)
            for shift_y in (-1, 0, 1)
            for who in cells.get((column + shift_x, row + shift_y), ())
        ]
        result[crossing] = [
            (who, 1.1 - away_m / REACH_M) for who, away_m in near if away_m < REACH_M
        ]
    return result


def _corners(
    plan: Plan, network: Network, lines_at: dict[int, list[Line]]
) -> dict[int, tuple[Point, Face, str]]:
    """A place on the sidewalk of each crossing, with the street it faces."""
    nearest, order = Nearest(network), list(RoadClass)
    result: dict[int, tuple[Point, Face, str]] = {}
    for face in plan.faces:
        if face.use not in {Use.BLOCK, Use.SQUARE}:
            continue
        for corner in block_ground(face):
            crossing = nearest.find(corner)
            if distance(corner, network.crossings[crossing]) > 40:
                continue
            main = min(lines_at[crossing], key=lambda line: (order.index(line.road), line.name))
            result.setdefault(crossing, (corner, face, main.name))
    return result


def _lines_at(network: Network) -> dict[int, list[Line]]:
    result: dict[int, list[Line]] = defaultdict(list)
    for (a, b), line in network.streets.items():
        result[a].append(line)
        result[b].append(line)
    return result


def _is_busy(lines: list[Line]) -> bool:
    has_traffic = any(line.road is not RoadClass.RESIDENTIAL for line in lines)
    return has_traffic and len(lines) > 2


def _is_apart(place: Point, taken: list[Spot]) -> bool:
    return all(distance(place, spot.place) > REACH_M / 2 for spot in taken)


def name_hosts(spots: list[Spot], hosts: tuple[str, ...]) -> list[str]:
    """Name sites after the shop they stand at and their street; each name once."""
    names: list[str] = []
    for index, spot in enumerate(spots):
        host = hosts[index % len(hosts)]
        name = f"{host}, {spot.street}"
        names.append(name if name not in names else f"{name} {spot.number}")
    return names
