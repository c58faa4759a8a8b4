"""Which parcels cannot be placed at all, before any route is looked for, and why.

Model
-----
Sets: parcels ``P``, their options ``O(p)`` that some vehicle reaches in time and holds, limits
``l`` with at most ``u(l)`` of their options. Variables: ``x(o)`` option chosen, ``y(p)`` parcel
left out, all 0 or 1. Minimize ``sum w(p) y(p)``, where an optional parcel weighs next to nothing,
subject to ``sum x(o) for o in O(p) + y(p) = 1`` and ``sum x(o) for o in l <= u(l)``. Vehicles are
not in it: what it leaves out no set of routes can serve.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import highspy
import numpy as np

from .numbering import UNITS, Limit, Numbered, begins_at
from .result import Unserved, WhyNot
from .travel import Travel
from .unreachable import say_unreachable

OPTIONAL_WEIGHT = 1e-4
"""What leaving out an optional parcel weighs against a required one: it decides only ties."""


class Preflight(NamedTuple):
    """What is known before the search."""

    options: tuple[int, ...]
    """Choices that some vehicle reaches in time and holds, without those of parcels done."""
    unplaceable: dict[int, Unserved]
    """By number of parcel, with what stands in the way."""


def look_ahead(numbered: Numbered) -> Preflight:
    """Find options that can be served, and parcels that cannot whatever the routes."""
    travel = Travel.of(numbered.problem)
    reached = set(_reached(numbered, travel))
    unplaceable: dict[int, Unserved] = {}
    for p, options in enumerate(numbered.options_of):
        if p in numbered.done:
            continue
        if not _holders(numbered, p):
            unplaceable[p] = _too_large(numbered, p)
        elif not reached.intersection(options):
            unplaceable[p] = _unreachable(numbered, travel, p)
    free = [o for o in sorted(reached) if numbered.choices[o].parcel not in unplaceable]
    for p, limits in _left_out(numbered, free):
        unplaceable[p] = Unserved(
            parcel=numbered.problem.parcels[p].id,
            why=WhyNot.NO_ROOM,
            says="; ".join(limit.says for limit in limits[:3]),
        )
    return Preflight(
        tuple(o for o in free if numbered.choices[o].parcel not in unplaceable), unplaceable
    )


def _holders(numbered: Numbered, parcel: int) -> list[int]:
    fits = (numbered.demand[parcel] <= numbered.capacity).all(axis=1)
    return [int(v) for v in np.flatnonzero(fits & numbered.may_carry[parcel])]


def _reached(numbered: Numbered, travel: Travel) -> Iterable[int]:
    """Find the options that a vehicle reaches and returns from, were it alone on its route."""
    known: dict[tuple[object, ...], bool] = {}
    heads = _heads(numbered)
    for o, choice in enumerate(numbered.choices):
        if choice.parcel in numbered.done:
            continue
        for v in _holders(numbered, choice.parcel):
            vehicle = numbered.problem.vehicles[v]
            alike = (choice[2:6], heads[v], numbered.end[v], begins_at(vehicle),
                     vehicle.shift_ends_at, vehicle.shift_s_max, vehicle.range_m)  # fmt: skip
            if alike not in known:
                known[alike] = _late_by(numbered, travel, heads[v], o, v) <= 0
            if known[alike]:
                yield o
                break


class _Head(NamedTuple):
    """Where a vehicle can go on from, and when."""

    place: int
    free_at: float


def _heads(numbered: Numbered) -> list[_Head]:
    starts = zip(numbered.start, numbered.problem.vehicles, strict=True)
    heads = [_Head(place, begins_at(vehicle)[0]) for place, vehicle in starts]
    for o, v, started_at in numbered.done.values():
        choice = numbered.choices[o]
        free_at = started_at + choice.service_s
        if free_at >= heads[v].free_at:
            heads[v] = _Head(choice.place, free_at)
    return heads


def _late_by(numbered: Numbered, travel: Travel, head: _Head, option: int, v: int) -> float:
    """Find by how much an option alone is too late, too long or too far for a vehicle."""
    choice = numbered.choices[option]
    vehicle = numbered.problem.vehicles[v]
    start, end, place = head.place, numbered.end[v], choice.place
    arrives = travel.arrive(head.free_at, start, place)
    begins = max(arrives, choice.opens_at)
    returns = travel.arrive(begins + choice.service_s, place, end)
    late = max(begins - choice.closes_at, returns - vehicle.shift_ends_at)
    if vehicle.under_way is not None:
        return late - 1e-7
    distance = travel.distance_m[start, place] + travel.distance_m[place, end]
    if vehicle.range_m is not None and distance > vehicle.range_m:
        late = max(late, float(distance) - vehicle.range_m)
    if vehicle.shift_s_max is not None:
        left_at = min(travel.leave(begins, start, place), vehicle.shift_ends_at)
        late = max(late, returns - left_at - vehicle.shift_s_max)
    return late - 1e-7


def _too_large(numbered: Numbered, p: int) -> Unserved:
    parcel = numbered.problem.parcels[p]
    able = numbered.may_carry[p]
    if not able.any():
        says = "every vehicle is under way and it is on board of none: add a vehicle"
    else:
        room, wanted = numbered.capacity[able].max(axis=0), numbered.demand[p]
        over = [
            f"it is {wanted[d]:g} {unit}, and vehicles that may carry it hold at most {room[d]:g}"
            for d, unit in enumerate(UNITS)
            if wanted[d] > room[d]
        ] or ["no vehicle that may carry it has room for its volume and its weight at once"]
        says = f"{'; '.join(over)}: give one more room"
    return Unserved(parcel=parcel.id, why=WhyNot.TOO_LARGE, says=says)


def _unreachable(numbered: Numbered, travel: Travel, p: int) -> Unserved:
    heads = _heads(numbered)
    _, option, v = min(
        (_late_by(numbered, travel, heads[v], o, v), o, v)
        for o in numbered.options_of[p]
        for v in _holders(numbered, p)
    )
    says = say_unreachable(numbered, travel, *heads[v], option, v)
    return Unserved(parcel=numbered.problem.parcels[p].id, why=WhyNot.UNREACHABLE, says=says)


def _left_out(numbered: Numbered, free: list[int]) -> list[tuple[int, list[Limit]]]:
    column = {o: i for i, o in enumerate(free)}
    limits = []
    for limit in numbered.limits:
        used = sum(done[0] in set(limit.options) for done in numbered.done.values())
        members = [column[o] for o in limit.options if o in column]
        if len(members) > limit.options_max - used:
            limits.append((limit, members, max(0, limit.options_max - used)))
    if not limits:
        return []
    parcels = sorted({numbered.choices[o].parcel for o in free})
    chosen = _assign(numbered, free, parcels, [(members, most) for _, members, most in limits])
    taken = [sum(chosen[i] for i in members) for _, members, _ in limits]
    served = {numbered.choices[o].parcel for o, is_chosen in zip(free, chosen, strict=True)
              if is_chosen}  # fmt: skip
    out = []
    for p in parcels:
        if p in served or numbered.problem.parcels[p].prize is not None:
            continue
        mine = {column[o] for o in numbered.options_of[p] if o in column}
        binding = [
            limit
            for (limit, members, most), count in zip(limits, taken, strict=True)
            if count >= most and mine.intersection(members)
        ]
        out.append((p, binding))
    return out


def _assign(
    numbered: Numbered,
    free: list[int],
    parcels: list[int],
    limits: list[tuple[list[int], int]],
) -> list[bool]:
    """Solve the model; tell for each free option whether it is chosen."""
    row_of = {p: i for i, p in enumerate(parcels)}
    rows: list[list[int]] = [[] for _ in parcels]
    for i, o in enumerate(free):
        rows[row_of[numbered.choices[o].parcel]].append(i)
    for i in range(len(parcels)):
        rows[i].append(len(free) + i)
    rows += [members for members, _ in limits]
    is_required = [numbered.problem.parcels[p].prize is None for p in parcels]
    weight = [1.0 if required else OPTIONAL_WEIGHT for required in is_required]
    lower = [1.0] * len(parcels) + [-highspy.kHighsInf] * len(limits)
    upper = [1.0] * len(parcels) + [float(most) for _, most in limits]
    solution = _solve([0.0] * len(free) + weight, rows, lower, upper)
    return [value > 0.5 for value in solution[: len(free)]]


def _solve(
    cost: list[float], rows: list[list[int]], lower: list[float], upper: list[float]
) -> list[float]:
    """Minimize a cost of 0-1 variables, every row a sum of some of them between two bounds."""
    program: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    program.setOptionValue("output_flag", False)
    program.setOptionValue("threads", 1)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(cost), len(rows)
    model.col_cost_ = np.array(cost)
    model.col_lower_, model.col_upper_ = np.zeros(len(cost)), np.ones(len(cost))
    model.row_lower_, model.row_upper_ = np.array(lower), np.array(upper)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.cumsum([0, *map(len, rows)]).astype(np.int32)
    model.a_matrix_.index_ = np.array([i for row in rows for i in row], dtype=np.int32)
    model.a_matrix_.value_ = np.ones(sum(map(len, rows)))
    model.integrality_ = [highspy.HighsVarType.kInteger] * len(cost)
    program.passModel(model)
    program.run()
    return list(program.getSolution().col_value)
