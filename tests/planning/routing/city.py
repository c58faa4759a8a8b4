"""Generated problems: homes, lockers with few compartments, a counter, mixed vehicles."""

import math
import random
from typing import Any

import msgspec

from restante.planning.routing.problem import (
    Capacity,
    HabitCosts,
    Kind,
    Matrix,
    Option,
    Parcel,
    Place,
    PlaceId,
    Problem,
    ServiceLevel,
    SpeedChange,
    Vehicle,
    VehicleId,
)

SIZES = ("small", "large")
DEPOT = PlaceId("depot")


def make_city(
    seed: int,
    *,
    parcels: int,
    vehicles: int = 2,
    lockers: int = 2,
    pickups: bool = False,
    optional: bool = False,
    per_hour: bool = False,
    rush: bool = False,
    zones: int = 0,
    share: float = 0.5,
) -> Problem:
    """Make a problem that is tight in compartments, loads and time, and the same for a seed."""
    rng = random.Random(seed)
    points = [(0.0, 0.0)]
    places = [Place(id=DEPOT, kind=Kind.DEPOT)]
    for i in range(lockers):
        points.append(_point(rng))
        free = {"small": rng.randint(0, parcels // 3), "large": rng.randint(1, 1 + parcels // 6)}
        places.append(_place(f"locker {i}", Kind.LOCKER, free=free, preparation_s=180, parcel_s=30))
    points.append(_point(rng))
    places.append(
        _place("counter", Kind.COUNTER, parcels_max=1 + parcels // 4, opens_at=3_600.0,
               preparation_s=180, parcel_s=20)
    )  # fmt: skip
    made = []
    for i in range(parcels):
        points.append(_point(rng))
        places.append(_place(f"home {i}", Kind.HOME, preparation_s=90, parcel_s=120))
        made.append(_parcel(rng, i, places, lockers, pickups=pickups, optional=optional))
    if zones:
        places = [
            msgspec.structs.replace(place, zone=f"zone {rng.randrange(zones)}")
            if place.kind is not Kind.DEPOT and rng.random() < 0.9
            else place
            for place in places
        ]
    distances = [[float(round(1.3 * math.dist(a, b))) for b in points] for a in points]
    return Problem(
        name=f"city {seed}",
        places=tuple(places),
        vehicles=tuple(
            _used_to(rng, _vehicle(rng, i, parcels, vehicles, per_hour), places) if zones
            else _vehicle(rng, i, parcels, vehicles, per_hour)
            for i in range(vehicles)
        ),
        parcels=tuple(made),
        distances_m=Matrix(distances),
        durations_s=Matrix([[metres / 6 for metres in row] for row in distances]),
        sizes=SIZES,
        service_levels=(ServiceLevel(level=0, share=share),),
        speeds=(SpeedChange(at=3_000.0, factor=0.6), SpeedChange(at=7_000.0, factor=1.2))
        if rush
        else (),
        habit_costs=HabitCosts(zone_again=400.0, against_zones=250.0, against_stops=150.0)
        if zones
        else HabitCosts(),
    )  # fmt: skip


def _point(rng: random.Random) -> tuple[float, float]:
    return rng.uniform(-4_000, 4_000), rng.uniform(-4_000, 4_000)


def _place(name: str, kind: Kind, **fields: Any) -> Place:
    return Place(id=PlaceId(name), kind=kind, **fields)


def _parcel(
    rng: random.Random, i: int, places: list[Place], lockers: int, *, pickups: bool, optional: bool
) -> Parcel:
    since = rng.choice([0.0, 3_600.0, 7_200.0])
    options = [Option(place=places[-1].id, opens_at=since, closes_at=since + 7_200.0)]
    others = rng.sample(range(1, lockers + 2), k=rng.randint(0, 2))
    options += [Option(place=places[k].id) for k in others]
    rng.shuffle(options)
    return Parcel(
        id=f"parcel {i}",
        options=tuple(
            Option(place=one.place, opens_at=one.opens_at, closes_at=one.closes_at, level=level,
                   penalty=50.0 * level)
            for level, one in enumerate(options)
        ),
        size=rng.choice(["small", "small", "large"]),
        volume_cm3=rng.randint(10, 40),
        weight_g=rng.randint(100, 900),
        is_pickup=pickups and rng.random() < 0.4,
        prize=float(rng.randint(200, 3_000)) if optional and rng.random() < 0.4 else None,
    )  # fmt: skip


def _used_to(rng: random.Random, vehicle: Vehicle, places: list[Place]) -> Vehicle:
    zones = sorted({place.zone for place in places if place.zone is not None})
    stops = [place.id for place in places[1:] if rng.random() < 0.7]
    rng.shuffle(zones)
    rng.shuffle(stops)
    return msgspec.structs.replace(vehicle, zone_order=tuple(zones), stop_order=tuple(stops))


def _vehicle(rng: random.Random, i: int, parcels: int, vehicles: int, per_hour: bool) -> Vehicle:
    share = 1.6 if i % 2 == 0 else 1.2
    return Vehicle(
        id=VehicleId(f"van {i}"),
        start_place=DEPOT,
        capacity=Capacity(volume_cm3=math.ceil(25 * parcels / vehicles * share)),
        shift_ends_at=36_000.0,
        shift_s_max=rng.choice([None, 14_400.0]) if per_hour else None,
        cost_fixed=1_000.0 if i % 2 == 0 else 700.0,
        cost_per_km=300.0 if i % 2 == 0 else 400.0,
        cost_per_hour=1_500.0 if per_hour else 0.0,
        co2e_g_per_km=200.0,
        range_m=60_000.0,
    )
