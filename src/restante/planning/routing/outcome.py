"""From the choices of every route to a result: times, loads, costs and reasons."""

import math
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from .numbering import LOAD, Numbered
from .preflight import Preflight
from .result import Cost, Load, Rest, Result, Route, Served, Unserved, Visit, WhyHere, WhyNot
from .source import Engine
from .timetable import Timetable, make_timetable
from .travel import Travel
from .vehicle import Vehicle
from .why_not import Reasons


def make_result(
    numbered: Numbered,
    looked: Preflight,
    routes: Sequence[Sequence[int]],
    *,
    seed: int,
    iterations: int,
    engine: Engine = Engine.KERNEL,
) -> Result:
    """Write down a plan, given the choices of every vehicle in order."""
    travel = Travel.of(numbered.problem)
    full = _full_options(numbered, routes)
    made = [
        _make_route(numbered, travel, v, choices, full)
        for v, choices in enumerate(routes)
        if choices or numbered.problem.vehicles[v].under_way is not None
    ]
    served = {numbered.choices[o].parcel for choices in routes for o in choices if o != LOAD}
    unserved = tuple(_unserved(numbered, looked, routes, served))
    required = {parcel.id for parcel in numbered.problem.parcels if parcel.prize is None}
    violated = (
        *(f"parcel {x.parcel!r} is required and not served" for x in unserved
          if x.parcel in required),
        *(says for route in made for says in _late(numbered, route)),
    )  # fmt: skip
    return Result(
        problem=numbered.problem.name,
        is_feasible=not violated,
        routes=tuple(made),
        unserved=unserved,
        violated=violated,
        cost=_sum_up(numbered, made, routes, served),
        distance_m=sum(route.distance_m for route in made),
        duration_s=sum(route.duration_s for route in made),
        co2e_g=sum(route.co2e_g for route in made),
        seed=seed,
        iterations=iterations,
        engine=engine,
        travel=numbered.problem.travel,
    )


def _late(numbered: Numbered, route: Route) -> Iterator[str]:
    """A vehicle under way may be late, or without a break, by what it has done already."""
    [vehicle] = (one for one in numbered.problem.vehicles if one.id == route.vehicle)
    late_by = route.returns_at - vehicle.shift_ends_at
    if late_by > 1e-6:
        yield f"{route.vehicle!r} returns {late_by:.0f} s after its shift"
    for number in _missed(vehicle, route):
        yield f"{route.vehicle} does not take its break {number}"


def _missed(vehicle: Vehicle, route: Route) -> Iterator[int]:
    over = vehicle.under_way.breaks_taken if vehicle.under_way else 0
    taken = {one.number for one in route.breaks}
    for number, one in enumerate(vehicle.breaks):
        after_s = math.inf if one.after_s_max is None else one.after_s_max
        must_begin = min(one.closes_at, route.leaves_at + after_s)
        is_due = route.returns_at > must_begin + 1e-6 and route.leaves_at < one.closes_at - 1e-6
        if number >= over and number not in taken and is_due:
            yield number


def _make_route(
    numbered: Numbered, travel: Travel, v: int, choices: Sequence[int], full: set[int]
) -> Route:
    vehicle = numbered.problem.vehicles[v]
    timed = make_timetable(numbered, travel, v, choices)
    leaves_at = timed.leaves_at
    stops = [numbered.start[v], *_places(numbered, v, choices), numbered.end[v]]
    distance = sum(float(travel.distance_m[i, j]) for i, j in pairwise(stops))
    duration = timed.returns_at - leaves_at
    at_start, most = _loads(numbered, choices)
    return Route(
        vehicle=vehicle.id,
        leaves_at=leaves_at,
        returns_at=timed.returns_at,
        visits=tuple(_visits(numbered, v, choices, timed, full)),
        breaks=tuple(_breaks(numbered, v, choices, timed)),
        load_at_start=at_start,
        load_max=most,
        distance_m=distance,
        duration_s=duration,
        co2e_g=vehicle.co2e_g_per_km * distance / 1000,
        cost=vehicle.cost_fixed
        + vehicle.cost_per_km * distance / 1000
        + vehicle.cost_per_hour * duration / 3600
        + numbered.habits(v, choices),
    )


def _places(numbered: Numbered, v: int, choices: Sequence[int]) -> list[int]:
    return [numbered.load[v] if o == LOAD else numbered.choices[o].place for o in choices]


def _breaks(numbered: Numbered, v: int, choices: Sequence[int], timed: Timetable) -> Iterator[Rest]:
    places = _places(numbered, v, choices)
    for one in timed.breaks:
        yield Rest(
            number=one.number,
            place=numbered.problem.places[places[one.after]].id,
            starts_at=one.starts_at,
            ends_at=one.starts_at + numbered.problem.vehicles[v].breaks[one.number].rest_s,
        )


def _visits(
    numbered: Numbered, v: int, choices: Sequence[int], timed: Timetable, full: set[int]
) -> Iterator[Visit]:
    places = _places(numbered, v, choices)
    numbers = range(len(choices))
    for (place, is_loading), group in groupby(
        numbers, key=lambda i: (places[i], choices[i] == LOAD)
    ):
        here = list(group)
        load_s = numbered.problem.vehicles[v].load_s
        service_s = load_s if is_loading else numbered.choices[choices[here[-1]]].service_s
        rested = [one.starts_at + numbered.problem.vehicles[v].breaks[one.number].rest_s
                  for one in timed.breaks if one.after == here[-1]]  # fmt: skip
        yield Visit(
            place=numbered.problem.places[place].id,
            arrives_at=timed.arrives_at[here[0]],
            leaves_at=max([timed.starts_at[here[-1]] + service_s, *rested]),
            is_loading=is_loading,
            served=tuple(
                Served(
                    parcel=numbered.problem.parcels[numbered.choices[choices[i]].parcel].id,
                    option=numbered.choices[choices[i]].number,
                    starts_at=timed.starts_at[i],
                    why=_why_here(numbered, choices[i], full),
                )
                for i in here
                if not is_loading
            ),
        )


def _loads(numbered: Numbered, choices: Sequence[int]) -> tuple[Load, Load]:
    trips = [
        _loads_of_trip(numbered, list(trip))
        for is_load, trip in groupby(choices, key=lambda o: o == LOAD)
        if not is_load
    ]
    if not trips:
        return Load(), Load()
    most = [max(amounts) for amounts in zip(*(most for _, most in trips), strict=True)]
    return _load(trips[0][0]), _load(most)


def _loads_of_trip(numbered: Numbered, choices: Sequence[int]) -> tuple[list[int], list[int]]:
    parcels = [numbered.choices[o].parcel for o in choices]
    demand = [[int(one) for one in numbered.demand[p]] for p in parcels]
    is_pickup = [numbered.problem.parcels[p].is_pickup for p in parcels]
    load = [sum(d[k] for d, up in zip(demand, is_pickup, strict=True) if not up) for k in range(3)]
    at_start, most = load, list(load)
    for wanted, up in zip(demand, is_pickup, strict=True):
        load = [old + new if up else old - new for old, new in zip(load, wanted, strict=True)]
        most = [max(pair) for pair in zip(most, load, strict=True)]
    return at_start, most


def _load(amounts: Sequence[int]) -> Load:
    return Load(parcels=amounts[0], volume_cm3=amounts[1], weight_g=amounts[2])


def _full_options(numbered: Numbered, routes: Sequence[Sequence[int]]) -> set[int]:
    """Find the options that a limit lets nobody else choose."""
    chosen = {o for choices in routes for o in choices}
    return {
        o
        for limit in numbered.limits
        if sum(o in chosen for o in limit.options) >= limit.options_max
        for o in limit.options
    }


def _why_here(numbered: Numbered, option: int, full: set[int]) -> WhyHere:
    choice = numbered.choices[option]
    if choice.parcel in numbered.done:
        return WhyHere.DONE_ALREADY
    others = [o for o in numbered.options_of[choice.parcel] if o != option]
    if not others:
        return WhyHere.ONLY_OPTION
    liked = [o for o in others if numbered.choices[o].level < choice.level]
    if not liked:
        return WhyHere.LIKED_BEST
    return WhyHere.LIKED_BETTER_IS_FULL if full.issuperset(liked) else WhyHere.SHORTER_ROUTES


def _unserved(
    numbered: Numbered, looked: Preflight, routes: Sequence[Sequence[int]], served: set[int]
) -> Iterator[Unserved]:
    reasons: Reasons | None = None
    for p, parcel in enumerate(numbered.problem.parcels):
        if p in served:
            continue
        if p in looked.unplaceable:
            yield looked.unplaceable[p]
            continue
        reasons = reasons or Reasons(numbered, routes)
        if parcel.prize is None:
            yield Unserved(parcel=parcel.id, why=WhyNot.NO_VEHICLE, says=reasons.say(p))
        else:
            says = reasons.say_optional(p)
            yield Unserved(parcel=parcel.id, why=WhyNot.NOT_WORTH_IT, says=says)


def _sum_up(
    numbered: Numbered, made: Sequence[Route], routes: Sequence[Sequence[int]], served: set[int]
) -> Cost:
    of = {vehicle.id: vehicle for vehicle in numbered.problem.vehicles}
    fixed = sum(of[route.vehicle].cost_fixed for route in made)
    distance = sum(of[route.vehicle].cost_per_km * route.distance_m / 1000 for route in made)
    time = sum(of[route.vehicle].cost_per_hour * route.duration_s / 3600 for route in made)
    habits = sum(numbered.habits(v, choices) for v, choices in enumerate(routes))
    changes = numbered.changes(routes)
    penalties = sum(numbered.choices[o].penalty for choices in routes for o in choices if o != LOAD)
    missed = sum(
        parcel.prize or 0.0 for p, parcel in enumerate(numbered.problem.parcels) if p not in served
    )
    return Cost(
        total=fixed + distance + time + penalties + missed + habits + changes,
        fixed=fixed,
        distance=distance,
        time=time,
        penalties=penalties,
        prizes_missed=missed,
        habits=habits,
        changes=changes,
    )
