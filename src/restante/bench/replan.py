"""How soon the rest of a day is planned again after something happened.

A generated city is planned as in the morning. At a third of the day one thing happens: the locker
with most to come closes or fills, a courier is late, a parcel is redirected, a pickup is added, a
van breaks down. Told are the times an operator waits: until the model is built, until the first
plan that can be driven, until the answer. Every answer is computed again by the checker.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from ..planning.routing import MaxIterations, MaxSeconds, Problem, Result, check, solve, warm_up
from ..planning.routing.changes import (
    Changes,
    CourierLate,
    Event,
    LockerFilled,
    ParcelRedirected,
    PickupAdded,
    PlaceClosed,
    VehicleBroken,
)
from ..planning.routing.problem import Kind, Option, Parcel, Place
from ..planning.routing.replan import Replan, replan
from .routing.city import make_city

DAY_SHARE: Final = 1 / 3
"""How much of the day is over when something happens (chosen)."""

LATE_S: Final = 40 * 60.0
FIRST_MS_MAX: Final = 50.0
"""First plan that can be driven, after the model is built (issue 5)."""

ANSWER_S_MAX: Final = 2.0
"""The answer, on the whole (issue 5)."""


class Row(NamedTuple):
    """One event."""

    event: str
    model_ms: float
    """Processor time until the model of the rest of the day was built."""
    first_ms: float
    """Processor time from then to the first plan that can be driven."""
    answer_s: float
    """Time of the wall on the whole."""
    processor_s: float
    iterations: int
    stops_changed: int
    routes_changed: int
    lost: int
    is_true: bool
    """A program that shares no code with the planner finds what the plan says."""


class Report(NamedTuple):
    """What was measured."""

    parcels: int
    vehicles: int
    seconds: float
    rows: tuple[Row, ...]

    @property
    def is_kept(self) -> bool:
        """Whether every answer was true and came in time."""
        return all(
            row.is_true and row.first_ms <= FIRST_MS_MAX and row.answer_s <= ANSWER_S_MAX
            for row in self.rows
        )

    def as_object(self) -> dict[str, Any]:
        """Give it as JSON."""
        rows = [row._asdict() for row in self.rows]
        return {**self._asdict(), "rows": rows, "is_kept": self.is_kept}

    def text(self) -> str:
        """Give it as a table."""
        head = (
            f"{self.parcels} parcels, {self.vehicles} vans, {self.seconds:g} s given\n"
            f"{'':28}{'model':>9}{'first':>9}{'answer':>9}{'of it CPU':>11}{'turns':>8}"
            f"{'stops':>7}{'routes':>8}{'lost':>6}"
        )
        lines = [
            f"{row.event:28}{row.model_ms:6.0f} ms{row.first_ms:6.0f} ms{row.answer_s:7.2f} s"
            f"{row.processor_s:9.2f} s{row.iterations:8}{row.stops_changed:7}"
            f"{row.routes_changed:8}{row.lost:6}" + ("" if row.is_true else "  NOT what it says")
            for row in self.rows
        ]
        kept = "kept" if self.is_kept else "NOT kept"
        goal = (
            f"first within {FIRST_MS_MAX:.0f} ms of the model, answer within {ANSWER_S_MAX:.0f} s"
        )
        return "\n".join([head, *lines, f"{goal}: {kept}"])


def measure_replan(
    *, parcels: int, seed: int, seconds: float, iterations: int, tell: Callable[[float, str], None]
) -> Report:
    """Plan a city, and again after each event.

    Parameters
    ----------
    seconds
        Given for each answer, on the whole.
    iterations
        Turns for the plan of the morning.
    """
    warm_up()
    problem = make_city(parcels, seed)
    tell(0.0, "the morning")
    plan = solve(problem, MaxIterations(iterations), seed)
    at = DAY_SHARE * max(route.returns_at for route in plan.routes)
    rows = []
    events = _events(problem, plan, at)
    for i, (name, event) in enumerate(events):
        tell(float(i) / len(events), name)
        rows.append(_measure(problem, plan, name, Changes(at=at, events=(event,)), seconds, seed))
    return Report(parcels, len(plan.routes), seconds, tuple(rows))


def _measure(
    problem: Problem, plan: Result, name: str, changes: Changes, seconds: float, seed: int
) -> Row:
    marks: list[float] = []
    begun_at, began = time.monotonic(), time.process_time()
    made: Replan = replan(
        problem, plan, changes, MaxSeconds(seconds, time.monotonic), seed,
        built=lambda: marks.append(time.process_time()),
        first=lambda _: marks.append(time.process_time()),
    )  # fmt: skip
    answer_s, processor_s = time.monotonic() - begun_at, time.process_time() - began
    built, first = marks
    return Row(
        event=name,
        model_ms=1e3 * (built - began),
        first_ms=1e3 * (first - built),
        answer_s=answer_s,
        processor_s=processor_s,
        iterations=made.result.iterations,
        stops_changed=made.report.changed_stops,
        routes_changed=len(made.report.changed_routes),
        lost=len(made.report.lost),
        is_true=check(made.problem, made.result).confirms(made.result),
    )


def _events(problem: Problem, plan: Result, at: float) -> list[tuple[str, Event]]:
    kinds = {place.id: place.kind for place in problem.places}
    coming = Counter(
        visit.place
        for route in plan.routes
        for visit in route.visits
        for served in visit.served
        if served.starts_at > at and kinds[visit.place] is Kind.LOCKER
    )
    locker, count = coming.most_common(1)[0]
    out = [route for route in plan.routes if route.leaves_at <= at < route.returns_at]
    longest = max(out, key=lambda route: route.returns_at)
    later = [one for visit in longest.visits for one in visit.served if one.starts_at > at]
    home: Place = next(place for place in problem.places if place.kind is Kind.HOME)
    parcel = Parcel(id="called in", options=(Option(place=home.id),), is_pickup=True)
    [van] = (one for one in problem.vehicles if one.id == longest.vehicle)
    stands = [
        visit.place for visit in longest.visits for one in visit.served if one.starts_at <= at
    ]
    successor = msgspec.structs.replace(
        van, id=f"{van.id} again", start_place=stands[-1] if stands else van.start_place,
        end_place=van.end_place or van.start_place,
    )  # fmt: skip
    return [
        (f"closed: locker of {count}", PlaceClosed(place=locker)),
        (f"filled: locker of {count}", LockerFilled(place=locker, free={})),
        ("courier 40 minutes late", CourierLate(vehicle=longest.vehicle, late_s=LATE_S)),
        ("redirected", ParcelRedirected(parcel=later[-1].parcel, options=(Option(place=home.id),))),
        ("pickup added", PickupAdded(parcel=parcel)),
        ("van broken, another comes", VehicleBroken(vehicle=van.id, replaced_by=successor)),
    ]
