"""A new plan for the rest of the day, as close to the one in force as is worth it.

What was done is frozen, parcels on board stay on board. First the plan in force is repaired by
plain insertion: that takes milliseconds, and is told at once. Then only routes near the event are
searched, and every stop that is come to from another place has a cost. The answer is never worse
than the repair; where the plan in force still holds, it is the answer.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from ..stop import Stop
from .changes import Changes, require_sound
from .changes_applied import Changed, apply
from .changes_trips import take_apart
from .numbering import Numbered
from .outcome import make_result
from .preflight import Preflight, look_ahead
from .problem import ChangeCosts, Problem, ServiceLevel, VehicleId
from .replan_near import find_near, make_part, with_room, worse_max
from .replan_repair import Repaired, insert, keep_what_holds
from .replan_report import Report, make_report
from .result import Result, Unserved, Visit, WhyNot
from .solver import solve
from .stability import keep_close_to

replace = msgspec.structs.replace

NEAR_MAX = 3
"""Routes searched beside those an event touches (docs/howto/plan-again.md)."""

SERVE_SHARE = 0.5
"""Share of the budget in which changes cost nothing, if parcels are left out (chosen)."""

CHANGE_SHARE = 0.5
"""What a changed stop costs unless said otherwise, as a share of what a stop costs (chosen)."""


class Replan(NamedTuple):
    """The problem of the rest of the day, its plan, and what is new in it."""

    problem: Problem
    result: Result
    report: Report


def replan(
    problem: Problem,
    plan: Result,
    changes: Changes,
    stop: Stop,
    seed: int,
    *,
    change_costs: ChangeCosts | None = None,
    near_max: int = NEAR_MAX,
    built: Callable[[], None] | None = None,
    first: Callable[[Result], None] | None = None,
) -> Replan:
    """Plan again after something happened.

    Parameters
    ----------
    problem, plan
        What was planned, and the plan in force: that of the morning, or of the last time.
    changes
        Where vehicles stand and what happened.
    stop
        When to end the search; what comes before it is not counted in turns.
    change_costs
        What changes cost; without them half of what a stop costs on average.
    near_max
        How many routes that no event touches may be changed.
    built
        Is called when the model of the rest of the day is built.
    first
        Is given the repaired plan in force as soon as there is one.

    Raises
    ------
    BadProblem
        When the changes cannot be meant.
    """
    require_sound(changes, problem, plan)
    problem, plan, changes = take_apart(problem, plan, changes)
    changed = apply(problem, plan, changes)
    costs = change_costs or _usual_costs(plan)
    numbered, kept, relaxed = _model(problem, plan, changed, costs)
    if built is not None:
        built()
    again = _Again(numbered, changed, kept, seed)
    if first is not None:
        first(again.first)
    result, searched = again.search(stop, near_max)
    report = make_report(
        before=(problem, plan),
        repaired=again.first,
        after=(numbered.problem, result),
        done={_id_of(numbered, p) for p in numbered.done},
        because=again.because(),
        relaxed=relaxed,
        searched=[numbered.problem.vehicles[v].id for v in searched],
        holds=again.holds,
    )
    return Replan(numbered.problem, result, report)


def _usual_costs(plan: Result) -> ChangeCosts:
    stops = sum(len(route.visits) for route in plan.routes)
    cost = CHANGE_SHARE * (plan.cost.distance + plan.cost.time) / max(1, stops)
    return ChangeCosts(option=cost, vehicle=cost, arrival=cost)


def _model(
    problem: Problem, plan: Result, changed: Changed, costs: ChangeCosts
) -> tuple[Numbered, Repaired, tuple[str, ...]]:
    """Number the problem of the rest of the day, with service levels that can be met."""
    close = keep_close_to(replace(changed.problem, service_levels=()), plan, costs)
    unlimited = Numbered.of(close)
    kept = keep_what_holds(unlimited, changed.left)
    levels, says = _relax(problem, changed, kept, unlimited)
    redirected = {id_ for id_, why in changed.because.items() if why == "parcel_redirected"}
    close = replace(
        close,
        service_levels=levels,
        parcels=tuple(
            replace(one, planned=None) if one.id in redirected else one for one in close.parcels
        ),
    )
    return Numbered.of(close), kept, says


def _relax(
    problem: Problem, changed: Changed, kept: Repaired, numbered: Numbered
) -> tuple[tuple[ServiceLevel, ...], tuple[str, ...]]:
    """Let as many more parcels be served worse as lost the place they were planned for."""
    known = {one.id for one in changed.problem.parcels}
    affected = {_id_of(numbered, p) for p in kept.removed}
    affected |= {id_ for id_, why in changed.because.items() if why == "parcel_redirected"}
    levels, says = [], []
    for wanted in changed.problem.service_levels:
        meant = wanted.parcels or tuple(one.id for one in problem.parcels)
        mine = set(meant)
        before = worse_max(wanted.share, len(meant))
        now = sum(
            numbered.choices[o].level > wanted.level
            and _id_of(numbered, numbered.choices[o].parcel) in mine
            for route in kept.routes
            for o in route
        )
        hit = len(affected & mine)
        room = min(len(meant), max(before + hit, now))
        level = with_room(replace(wanted, parcels=meant), room)
        levels.append(level if room > before or len(known) > len(meant) else wanted)
        if room > before:
            says.append(
                f"level {wanted.level} or better for {wanted.share:.1%} of {len(meant)} parcels is"
                f" relaxed to {level.share:.1%}: {hit} lost the place they were planned for"
            )
    return tuple(levels), tuple(says)


def _id_of(numbered: Numbered, parcel: int) -> str:
    return numbered.problem.parcels[parcel].id


class _Again:
    """One planning again: the repair, then the search near the events."""

    def __init__(self, numbered: Numbered, changed: Changed, kept: Repaired, seed: int) -> None:
        self.numbered, self.changed, self.kept, self.seed = numbered, changed, kept, seed
        self.repaired = insert(numbered, kept)
        self.looked = Preflight((), {})
        self.first = self._write(self.repaired.routes, 0)

    @property
    def holds(self) -> bool:
        """Nothing of the plan in force had to go, and nothing was added."""
        return self.repaired.routes == self.kept.routes and not (
            self.kept.removed or self.repaired.left_out
        )

    def because(self) -> dict[str, str]:
        """Tell which event speaks of a parcel; what only came too late is said too."""
        late = {_id_of(self.numbered, p): "too_late" for p in self.kept.removed}
        return late | self.changed.because

    def _write(self, routes: Sequence[Sequence[int]], iterations: int) -> Result:
        served = {self.numbered.choices[o].parcel for route in routes for o in route}
        stuck = {
            p: Unserved(
                parcel=parcel.id,
                why=WhyNot.NO_VEHICLE,
                says=f"it is on board of {parcel.vehicle!r}, which was not found to get to any of"
                " its places in time beside all else: widen a window, or keep it for tomorrow",
            )
            for p, parcel in enumerate(self.numbered.problem.parcels)
            if p not in served and parcel.vehicle is not None and parcel.prize is None
        }
        looked = Preflight(self.looked.options, stuck | self.looked.unplaceable)
        return make_result(self.numbered, looked, routes, seed=self.seed, iterations=iterations)

    def _why_lost(self, looked: Preflight) -> Preflight:
        """Say which event leaves a parcel without a place, where one does."""
        unplaceable = dict(looked.unplaceable)
        for p in {*looked.unplaceable, *self.repaired.left_out}:
            parcel = self.numbered.problem.parcels[p]
            places = {option.place for option in parcel.options}
            if parcel.id in self.changed.broken:
                says = (f"it is on board of {self.changed.broken[parcel.id]!r}, which goes no"
                        " further: send a vehicle there (replaced_by)")  # fmt: skip
                unplaceable[p] = Unserved(parcel=parcel.id, why=WhyNot.NO_VEHICLE, says=says)
            elif places <= self.changed.closed:
                names = ", ".join(map(repr, sorted(places)))
                says = f"{names} is closed and it may be served nowhere else: ask the recipient"
                unplaceable[p] = Unserved(parcel=parcel.id, why=WhyNot.NO_ROOM, says=says)
        return Preflight(looked.options, unplaceable)

    def search(self, stop: Stop, near_max: int) -> tuple[Result, list[int]]:
        """Search near the events for something better than the repair."""
        if self.holds:
            return self.first, []
        if self.repaired.left_out:
            self.looked = self._why_lost(look_ahead(self.numbered))
            self.first = self._write(self.repaired.routes, 0)
        outside = self._outside()
        touched = self._touched(outside)
        moving = {*self.kept.removed, *outside, *self._inserted()}
        if not touched:
            return self.first, []
        near = find_near(self.numbered, self.repaired.routes, moving, touched, near_max)
        part = make_part(self.numbered, self.repaired.routes, near, outside)
        best, turns = self.first, 0
        if any(self.numbered.problem.parcels[p].prize is None for p in outside):
            # To serve all comes first: while changes cost something, a search tries less.
            free = replace(part, change_costs=ChangeCosts())
            found = solve(free, _Budget(stop, 0, SERVE_SHARE), self.seed, in_force=best)
            best, turns = min(best, self._whole(found, near), key=_badness), found.iterations
        found = solve(part, _Budget(stop, turns, 1.0), self.seed, in_force=best)
        best = min(best, self._whole(found, near), key=_badness)
        return replace(best, iterations=turns + found.iterations), near

    def _whole(self, found: Result, near: Sequence[int]) -> Result:
        """Put routes found near the events beside all others."""
        routes = [[] if v in near else x for v, x in enumerate(self.repaired.routes)]
        for route in found.routes:
            routes[self._vehicle(route.vehicle)] = list(self._choices(route.visits))
        return self._write(routes, found.iterations)

    def _outside(self) -> list[int]:
        """Find parcels outside that a search may bring in; the others are lost for sure."""
        served = {self.numbered.choices[o].parcel for route in self.repaired.routes for o in route}
        required = {p for p in self.looked.unplaceable
                    if self.numbered.problem.parcels[p].prize is None}  # fmt: skip
        lost = self.repaired.left_out if len(required) == len(self.repaired.left_out) else required
        return [
            p for p, parcel in enumerate(self.numbered.problem.parcels)
            if p not in served and p not in lost and p not in self.looked.unplaceable
            and parcel.id not in self.changed.broken
        ]  # fmt: skip

    def _inserted(self) -> set[int]:
        before = {self.numbered.choices[o].parcel for route in self.kept.routes for o in route}
        after = {self.numbered.choices[o].parcel for route in self.repaired.routes for o in route}
        return after - before

    def _touched(self, outside: Sequence[int]) -> list[int]:
        pairs = zip(self.kept.routes, self.repaired.routes, strict=True)
        touched = {v for v, (before, after) in enumerate(pairs) if before != after}
        ids = {one.id: v for v, one in enumerate(self.numbered.problem.vehicles)}
        for p in chain(self.kept.removed, outside):
            vehicle = self.numbered.problem.parcels[p].vehicle
            if vehicle is not None and _id_of(self.numbered, p) not in self.changed.broken:
                touched.add(ids[vehicle])
        return sorted(touched)

    def _vehicle(self, id_: VehicleId) -> int:
        return [one.id for one in self.numbered.problem.vehicles].index(id_)

    def _choices(self, visits: Sequence[Visit]) -> Iterator[int]:
        number = {one.id: p for p, one in enumerate(self.numbered.problem.parcels)}
        for served in (one for visit in visits for one in visit.served):
            yield self.numbered.options_of[number[served.parcel]][served.option]


class _Budget:
    """A budget from so many turns on, up to a share of it."""

    def __init__(self, stop: Stop, used: int, until: float) -> None:
        self._stop, self._used, self._until = stop, used, until
        self._begun = min(stop.share(used), until - 1e-6)

    def share(self, turns: int) -> float:
        """Tell the share of it that is used."""
        share = self._stop.share(self._used + turns)
        return (share - self._begun) / (self._until - self._begun)

    def stretch(self, turns: int) -> int:
        """Tell how many turns to make before asking again."""
        return self._stop.stretch(self._used + turns)


def _badness(result: Result) -> tuple[int, float]:
    return len(result.violated), result.cost.total
