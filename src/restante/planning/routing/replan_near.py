"""The part of a problem near an event: some vehicles, their parcels, and the room left to them.

A search in it cannot touch any other route, and is quick because it is small.
"""

from collections import Counter
from collections.abc import Collection, Sequence

import msgspec
import numpy as np

from ..entry import Matrix
from .numbering import Numbered
from .problem import Parcel, Place, Problem, ServiceLevel, Vehicle

replace = msgspec.structs.replace


def find_near(
    numbered: Numbered,
    routes: Sequence[Sequence[int]],
    parcels: Collection[int],
    touched: Collection[int],
    near_max: int,
) -> list[int]:
    """Choose vehicles that may give room to parcels: those touched, and some near ones.

    A route is nearer the more of its parcels could also lie where those of the event could; then
    the nearer it comes to one of these places.
    """
    hot = {numbered.choices[o].place for p in parcels for o in numbered.options_of[p]}
    near = []
    metres = numbered.problem.distances_m.values
    for v, route in enumerate(routes):
        left = [o for o in route if numbered.choices[o].parcel not in numbered.done]
        if v in touched or not left:
            continue
        rivals = sum(
            any(numbered.choices[o].place in hot for o in numbered.options_of[p])
            for p in {numbered.choices[o].parcel for o in left}
        )
        places = sorted({numbered.choices[o].place for o in left})
        away = float(metres[np.ix_(sorted(hot), places)].min()) if hot else 0.0
        near.append((-rivals, away, v))
    return sorted({*touched, *(v for _, _, v in sorted(near)[:near_max])})


def make_part(
    numbered: Numbered,
    routes: Sequence[Sequence[int]],
    vehicles: Sequence[int],
    outside: Collection[int],
) -> Problem:
    """Make the problem of some vehicles: their parcels and some that stand outside.

    Room in places and service levels are what the other routes leave.
    """
    problem = numbered.problem
    mine = set(outside)
    mine |= {numbered.choices[o].parcel for v in vehicles for o in routes[v]}
    others = [o for v, route in enumerate(routes) if v not in set(vehicles) for o in route]
    known = [problem.vehicles[v] for v in vehicles]
    parcels = [problem.parcels[p] for p in sorted(mine)]
    kept = _places_of(known, parcels)
    rows = [i for i, place in enumerate(problem.places) if place.id in kept]
    zones = {problem.places[i].zone for i in rows}
    ids = {one.id for one in known}
    return replace(
        problem,
        places=tuple(_less(numbered, i, others) for i in rows),
        vehicles=tuple(
            replace(
                one,
                zone_order=tuple(zone for zone in one.zone_order if zone in zones),
                stop_order=tuple(place for place in one.stop_order if place in kept),
                # Its shift says when it may leave, also where the trip before is not looked at.
                follows=one.follows if one.follows in ids else None,
            )
            for one in known
        ),
        parcels=tuple(_planned_by(parcel, {one.id for one in known}) for parcel in parcels),
        distances_m=Matrix(problem.distances_m.values[np.ix_(rows, rows)]),
        durations_s=Matrix(problem.durations_s.values[np.ix_(rows, rows)]),
        service_levels=tuple(
            level
            for wanted in problem.service_levels
            if (level := _level_of(numbered, wanted, mine, others)) is not None
        ),
    )


def _places_of(vehicles: Sequence[Vehicle], parcels: Sequence[Parcel]) -> set[str]:
    kept: set[str] = {one.start_place for one in vehicles}
    kept |= {one.end_place for one in vehicles if one.end_place is not None}
    kept |= {option.place for parcel in parcels for option in parcel.options}
    kept |= {
        one.planned.from_place for one in parcels if one.planned and one.planned.from_place
    }  # fmt: skip
    return kept


def _planned_by(parcel: Parcel, vehicles: Collection[str]) -> Parcel:
    if parcel.planned is None or parcel.planned.vehicle in vehicles:
        return parcel
    return replace(parcel, planned=None)


def _less(numbered: Numbered, i: int, others: Sequence[int]) -> Place:
    """Take from a place what other routes use there."""
    problem, place = numbered.problem, numbered.problem.places[i]
    rank = {size: s for s, size in enumerate(problem.sizes)}
    parcels = [problem.parcels[numbered.choices[o].parcel] for o in others
               if numbered.choices[o].place == i]  # fmt: skip
    used = Counter(rank.get(one.size or "", 0) for one in parcels if not one.is_pickup)
    if place.parcels_max is not None:
        place = replace(place, parcels_max=max(0, place.parcels_max - used.total()))
    if place.free is None:
        return place
    # What is left from each size up; of larger ones never more than of all from a smaller one up.
    left, most = [], float("inf")
    for s in range(len(problem.sizes)):
        room = sum(place.free.get(size, 0) for size in problem.sizes[s:])
        most = max(0, min(most, room - sum(n for t, n in used.items() if t >= s)))
        left.append(int(most))
    free = {
        size: here - larger
        for size, here, larger in zip(problem.sizes, left, [*left[1:], 0], strict=True)
    }
    return replace(place, free=free)


def _level_of(
    numbered: Numbered, wanted: ServiceLevel, mine: Collection[int], others: Sequence[int]
) -> ServiceLevel | None:
    problem = numbered.problem
    meant = {one.id for one in problem.parcels} if wanted.parcels is None else set(wanted.parcels)
    worse = sum(
        numbered.choices[o].level > wanted.level
        and problem.parcels[numbered.choices[o].parcel].id in meant
        for o in others
    )
    ours = tuple(problem.parcels[p].id for p in sorted(mine) if problem.parcels[p].id in meant)
    if not ours:
        return None
    room = max(0, worse_max(wanted.share, len(meant)) - worse)
    return with_room(replace(wanted, parcels=ours), room)


def worse_max(share: float, parcels: int) -> int:
    """Tell how many parcels a service level lets be served worse."""
    return parcels - int(np.ceil(share * parcels - 1e-9))


def with_room(wanted: ServiceLevel, room: int) -> ServiceLevel:
    """Make a service level, of parcels it names, that lets so many of them be served worse."""
    count = len(wanted.parcels or ())
    return replace(wanted, share=(count - min(room, count)) / count if count else 0.0)
