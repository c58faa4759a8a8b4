"""From the choices of every route to a result: times, loads, costs and reasons."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from .numbering import Numbered, begins_at
from .preflight import Preflight
from .result import Cost, Load, Result, Route, Served, Unserved, Visit, WhyHere, WhyNot
from .source import Engine
from .travel import Travel


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
    served = {numbered.choices[o].parcel for choices in routes for o in choices}
    unserved = tuple(_unserved(numbered, looked, served))
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
    """A vehicle under way may be late by what it has done already."""
    ends = {vehicle.id: vehicle.shift_ends_at for vehicle in numbered.problem.vehicles}
    late_by = route.returns_at - ends[route.vehicle]
    if late_by > 1e-6:
        yield f"{route.vehicle!r} returns {late_by:.0f} s after its shift"


class _Timed(NamedTuple):
    arrives_at: list[float]
    starts_at: list[float]
    returns_at: float


def _time(
    numbered: Numbered, travel: Travel, v: int, choices: Sequence[int], leaves_at: float
) -> _Timed:
    at, place = leaves_at, numbered.start[v]
    arrives, starts = [], []
    for o in choices:
        choice = numbered.choices[o]
        at = travel.arrive(at, place, choice.place)
        done = numbered.done.get(choice.parcel)
        begins = max(at, choice.opens_at) if done is None else done[2]
        arrives.append(min(at, begins))
        starts.append(begins)
        at, place = begins + choice.service_s, choice.place
    return _Timed(arrives, starts, travel.arrive(at, place, numbered.end[v]))


def _latest_leave(numbered: Numbered, travel: Travel, v: int, choices: Sequence[int]) -> float:
    """Find the latest time to leave without returning later (R6)."""
    earliest, latest = begins_at(numbered.problem.vehicles[v])
    if earliest == latest:
        return earliest
    late, place = _time(numbered, travel, v, choices, earliest).returns_at, numbered.end[v]
    for o in reversed(choices):
        choice = numbered.choices[o]
        late = travel.leave(late, choice.place, place) - choice.service_s
        late, place = min(late, choice.closes_at), choice.place
    return max(earliest, min(latest, travel.leave(late, numbered.start[v], place)))


def _make_route(
    numbered: Numbered, travel: Travel, v: int, choices: Sequence[int], full: set[int]
) -> Route:
    vehicle = numbered.problem.vehicles[v]
    leaves_at = _latest_leave(numbered, travel, v, choices)
    timed = _time(numbered, travel, v, choices, leaves_at)
    stops = [numbered.start[v], *(numbered.choices[o].place for o in choices), numbered.end[v]]
    distance = sum(float(travel.distance_m[i, j]) for i, j in pairwise(stops))
    duration = timed.returns_at - leaves_at
    at_start, most = _loads(numbered, choices)
    return Route(
        vehicle=vehicle.id,
        leaves_at=leaves_at,
        returns_at=timed.returns_at,
        visits=tuple(_visits(numbered, choices, timed, full)),
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


def _visits(
    numbered: Numbered, choices: Sequence[int], timed: _Timed, full: set[int]
) -> Iterator[Visit]:
    numbers = range(len(choices))
    for place, group in groupby(numbers, key=lambda i: numbered.choices[choices[i]].place):
        here = list(group)
        last = numbered.choices[choices[here[-1]]]
        yield Visit(
            place=numbered.problem.places[place].id,
            arrives_at=timed.arrives_at[here[0]],
            leaves_at=timed.starts_at[here[-1]] + last.service_s,
            served=tuple(
                Served(
                    parcel=numbered.problem.parcels[numbered.choices[choices[i]].parcel].id,
                    option=numbered.choices[choices[i]].number,
                    starts_at=timed.starts_at[i],
                    why=_why_here(numbered, choices[i], full),
                )
                for i in here
            ),
        )


def _loads(numbered: Numbered, choices: Sequence[int]) -> tuple[Load, Load]:
    parcels = [numbered.choices[o].parcel for o in choices]
    demand = [[int(one) for one in numbered.demand[p]] for p in parcels]
    is_pickup = [numbered.problem.parcels[p].is_pickup for p in parcels]
    load = [sum(d[k] for d, up in zip(demand, is_pickup, strict=True) if not up) for k in range(3)]
    at_start, most = _load(load), list(load)
    for wanted, up in zip(demand, is_pickup, strict=True):
        load = [old + new if up else old - new for old, new in zip(load, wanted, strict=True)]
        most = [max(pair) for pair in zip(most, load, strict=True)]
    return at_start, _load(most)


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


def _unserved(numbered: Numbered, looked: Preflight, served: set[int]) -> Iterator[Unserved]:
    for p, parcel in enumerate(numbered.problem.parcels):
        if p in served:
            continue
        if p in looked.unplaceable:
            yield looked.unplaceable[p]
        elif parcel.prize is None:
            says = "no vehicle with time and room was found: add one, or lengthen a shift"
            yield Unserved(parcel=parcel.id, why=WhyNot.NO_VEHICLE, says=says)
        else:
            says = f"serving it was not found for less than its prize of {parcel.prize:g}"
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
    penalties = sum(numbered.choices[o].penalty for choices in routes for o in choices)
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
