"""What cannot be meant in a problem, named entry by entry, with the smallest fix."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator

import msgspec

from .problem import ChangeCosts, HabitCosts, Matrix, Parcel, Place, Problem, Vehicle

Flaw = tuple[str, str]
"""Where, and what is wrong with it and what to do."""


def find_flaws(problem: Problem) -> Iterator[Flaw]:
    """Find what cannot be meant: unknown ids, impossible windows, matrices with holes."""
    for path, entries in (
        ("places", problem.places), ("vehicles", problem.vehicles), ("parcels", problem.parcels),
    ):  # fmt: skip
        yield from _twice(path, [entry.id for entry in entries])
    if not problem.vehicles:
        yield "vehicles", "there is none: give at least one"
    yield from _not_finite("change_costs", **_numbers(problem.change_costs))
    yield from _not_finite("habit_costs", **_numbers(problem.habit_costs))
    yield from _twice("sizes", problem.sizes)
    if not problem.sizes:
        yield "sizes", "there is none: give at least one, the smallest first"
    places = {place.id for place in problem.places}
    zones = {place.zone for place in problem.places if place.zone is not None}
    for i, place in enumerate(problem.places):
        yield from _place_flaws(f"places[{i}] {place.id!r}", place, problem)
    for i, vehicle in enumerate(problem.vehicles):
        yield from _vehicle_flaws(f"vehicles[{i}] {vehicle.id!r}", vehicle, places, zones)
    vehicles = {vehicle.id for vehicle in problem.vehicles}
    for i, parcel in enumerate(problem.parcels):
        yield from _parcel_flaws(f"parcels[{i}] {parcel.id!r}", parcel, problem, places, vehicles)
    yield from _following_flaws(problem)
    yield from _done_flaws(problem)
    yield from _level_flaws(problem)
    yield from _speed_flaws(problem)
    yield from _matrix_flaws("distances_m", problem.distances_m, problem)
    yield from _matrix_flaws("durations_s", problem.durations_s, problem)


def _twice(path: str, ids: Iterable[str]) -> Iterator[Flaw]:
    seen: set[str] = set()
    for i, id_ in enumerate(ids):
        if id_ in seen:
            yield f"{path}[{i}]", f"{id_!r} is there twice: give each its own id"
        seen.add(id_)


def _unknown(path: str, id_: str | None, known: Collection[str], where: str) -> Iterator[Flaw]:
    if id_ is not None and id_ not in known:
        yield path, f"{id_!r} is not in {where}: add it there or name another"


def _window_flaws(path: str, opens_at: float, closes_at: float, words: str) -> Iterator[Flaw]:
    if math.isnan(opens_at) or math.isnan(closes_at) or math.isinf(opens_at):
        yield path, f"{words}: give numbers of seconds"
    elif opens_at > closes_at:
        yield path, f"{words}: it ends at {closes_at:g}, before it begins at {opens_at:g}"


def _not_finite(path: str, **numbers: float | None) -> Iterator[Flaw]:
    for name, number in numbers.items():
        if number is not None and not math.isfinite(number):
            yield f"{path}.{name}", f"{number} is not a number that can be summed up"
        elif number is not None and name != "penalty" and number < 0:
            yield f"{path}.{name}", f"{number:g} is negative: give 0 or more"


def _place_flaws(path: str, place: Place, problem: Problem) -> Iterator[Flaw]:
    yield from _window_flaws(path, place.opens_at, place.closes_at, "opening hours")
    yield from _not_finite(path, preparation_s=place.preparation_s, parcel_s=place.parcel_s)
    for size, count in (place.free or {}).items():
        yield from _unknown(f"{path}.free", size, problem.sizes, "sizes")
        yield from _not_finite(f"{path}.free", **{size: count})
    yield from _not_finite(path, parcels_max=place.parcels_max)
    at = (("latitude", place.latitude, 90), ("longitude", place.longitude, 180))
    for name, degrees, most in at:
        if degrees is not None and not abs(degrees) <= most:
            yield (
                f"{path}.{name}",
                f"{degrees:g} is none: give degrees from -{most} to {most} (swapped?)",
            )


def _numbers(costs: ChangeCosts | HabitCosts) -> dict[str, float]:
    return msgspec.structs.asdict(costs)


def _vehicle_flaws(
    path: str, vehicle: Vehicle, places: Collection[str], zones: Collection[str]
) -> Iterator[Flaw]:
    for name, order, known, where in (
        ("zone_order", vehicle.zone_order, zones, "the zone of any place"),
        ("stop_order", vehicle.stop_order, places, "places"),
    ):
        yield from _twice(f"{path}.{name}", order)
        for k, id_ in enumerate(order):
            yield from _unknown(f"{path}.{name}[{k}]", id_, known, where)
    yield from _unknown(f"{path}.start_place", vehicle.start_place, places, "places")
    yield from _unknown(f"{path}.end_place", vehicle.end_place, places, "places")
    yield from _window_flaws(path, vehicle.shift_starts_at, vehicle.shift_ends_at, "shift")
    yield from _unknown(f"{path}.load_place", vehicle.load_place, places, "places")
    if vehicle.trips_max < 1:
        yield f"{path}.trips_max", f"{vehicle.trips_max} is no number of trips: give 1 or more"
    if vehicle.trips_max > 1 and vehicle.under_way is not None:
        yield f"{path}.trips_max", "it is under way, and makes no more trips: give 1"
    yield from _break_flaws(path, vehicle)
    held = vehicle.capacity
    yield from _not_finite(
        f"{path}.capacity",
        parcels=held.parcels, volume_cm3=held.volume_cm3, weight_g=held.weight_g,
    )  # fmt: skip
    yield from _not_finite(
        path,
        cost_fixed=vehicle.cost_fixed,
        cost_per_km=vehicle.cost_per_km,
        cost_per_hour=vehicle.cost_per_hour,
        co2e_g_per_km=vehicle.co2e_g_per_km,
        range_m=vehicle.range_m,
        shift_s_max=vehicle.shift_s_max,
        load_s=vehicle.load_s,
    )


def _following_flaws(problem: Problem) -> Iterator[Flaw]:
    vehicles = {vehicle.id: vehicle for vehicle in problem.vehicles}
    seen: set[str] = set()
    for i, vehicle in enumerate(problem.vehicles):
        if vehicle.follows is None:
            continue
        path = f"vehicles[{i}] {vehicle.id!r}.follows"
        before = vehicles.get(vehicle.follows)
        if before is None:
            yield path, f"{vehicle.follows!r} is not in vehicles: add it there or name another"
        elif vehicle.follows in seen:
            yield path, f"{vehicle.follows!r} is followed by another already: name that one"
        elif before.id == vehicle.id or vehicle.shift_starts_at < before.shift_ends_at:
            yield path, (f"its shift starts at {vehicle.shift_starts_at:g}, before that of"
                         f" {before.id!r} ends: let one end before the other starts")  # fmt: skip
        seen.add(vehicle.follows)


def _break_flaws(path: str, vehicle: Vehicle) -> Iterator[Flaw]:
    last = -math.inf
    for k, one in enumerate(vehicle.breaks):
        where = f"{path}.breaks[{k}]"
        yield from _window_flaws(where, one.opens_at, one.closes_at, "window")
        yield from _not_finite(where, rest_s=one.rest_s, after_s_max=one.after_s_max)
        if one.closes_at < last:
            yield where, f"it begins by {one.closes_at:g}, the one before ends later: change places"
        if math.isinf(one.closes_at) and one.after_s_max is None:
            yield where, "it never must begin: give closes_at or after_s_max"
        last = one.opens_at + one.rest_s
    taken = vehicle.under_way.breaks_taken if vehicle.under_way is not None else 0
    if taken > len(vehicle.breaks):
        yield f"{path}.under_way.breaks_taken", f"{taken}, and it has {len(vehicle.breaks)} breaks"


def _parcel_flaws(
    path: str, parcel: Parcel, problem: Problem, places: Collection[str], vehicles: Collection[str]
) -> Iterator[Flaw]:
    if not parcel.options:
        yield path, "it has no option: say at least one place where it may be served"
    yield from _unknown(f"{path}.size", parcel.size, problem.sizes, "sizes")
    yield from _unknown(f"{path}.vehicle", parcel.vehicle, vehicles, "vehicles")
    yield from _not_finite(
        path, volume_cm3=parcel.volume_cm3, weight_g=parcel.weight_g, prize=parcel.prize
    )
    if parcel.planned is not None:
        where = f"{path}.planned"
        yield from _unknown(f"{where}.vehicle", parcel.planned.vehicle, vehicles, "vehicles")
        yield from _unknown(f"{where}.from_place", parcel.planned.from_place, places, "places")
        if parcel.planned.option >= len(parcel.options):
            yield where, f"it has no option {parcel.planned.option}: they count from 0"
    for k, option in enumerate(parcel.options):
        where = f"{path}.options[{k}]"
        yield from _unknown(f"{where}.place", option.place, places, "places")
        yield from _window_flaws(where, option.opens_at, option.closes_at, "window")
        yield from _not_finite(where, service_s=option.service_s, penalty=option.penalty)


def _done_flaws(problem: Problem) -> Iterator[Flaw]:
    parcels = {parcel.id: parcel for parcel in problem.parcels}
    seen: set[str] = set()
    for i, vehicle in enumerate(problem.vehicles):
        last = vehicle.under_way.left_at if vehicle.under_way else 0.0
        for k, done in enumerate(vehicle.under_way.done if vehicle.under_way else ()):
            path = f"vehicles[{i}] {vehicle.id!r}.under_way.done[{k}]"
            parcel = parcels.get(done.parcel)
            if parcel is None:
                yield path, f"{done.parcel!r} is not in parcels: add it there"
                continue
            if done.option >= len(parcel.options):
                yield path, f"{done.parcel!r} has no option {done.option}: they count from 0"
            if done.parcel in seen:
                yield path, f"{done.parcel!r} was served already: name it once"
            if parcel.vehicle not in {None, vehicle.id}:
                yield path, f"{done.parcel!r} is on board of {parcel.vehicle!r}"
            if not done.started_at >= last:
                yield path, f"it started at {done.started_at:g}, before {last:g}: keep their order"
            seen.add(done.parcel)
            last = done.started_at


def _level_flaws(problem: Problem) -> Iterator[Flaw]:
    known = {parcel.id for parcel in problem.parcels}
    for i, wanted in enumerate(problem.service_levels):
        path = f"service_levels[{i}]"
        if not 0 <= wanted.share <= 1:
            yield f"{path}.share", f"{wanted.share} is no share: give a number from 0 to 1"
        for id_ in wanted.parcels or ():
            yield from _unknown(path, id_, known, "parcels")
        yield from _twice(f"{path}.parcels", wanted.parcels or ())


def _speed_flaws(problem: Problem) -> Iterator[Flaw]:
    last = -math.inf
    for i, change in enumerate(problem.speeds):
        if not change.at > last:
            yield f"speeds[{i}]", f"it is at {change.at:g}, not after {last:g}: put them in order"
        if not (math.isfinite(change.factor) and change.factor > 0):
            yield f"speeds[{i}].factor", f"{change.factor} is no speed: give more than 0"
        last = change.at


def _matrix_flaws(path: str, matrix: Matrix, problem: Problem) -> Iterator[Flaw]:
    if len(matrix) != len(problem.places):
        yield path, f"it is for {len(matrix)} places, there are {len(problem.places)}: give all"
        return
    tests: tuple[tuple[str, Callable[[float], bool]], ...] = (
        (
            "is not known: measure it, or set it above all others",
            lambda x: not math.isfinite(x),
        ),
        ("is negative: give 0 or more", lambda x: x < 0),
    )
    bad = ~((matrix.values >= 0) & (matrix.values < math.inf))
    for row, column in list(zip(*bad.nonzero(), strict=True))[:10]:
        number = float(matrix.values[row, column])
        said = next(words for words, is_bad in tests if is_bad(number))
        from_, to = problem.places[row].id, problem.places[column].id
        yield path, f"{number} from {from_!r} to {to!r} {said}"
    for i in matrix.values.diagonal().nonzero()[0][:10]:
        yield path, f"from {problem.places[i].id!r} to itself it is not 0: set it to 0"
