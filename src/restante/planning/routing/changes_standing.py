"""Where every vehicle stands at a moment, by the plan in force or by what was reported."""

from collections.abc import Iterator, Sequence

from .changes import Position
from .problem import Done, Option, Parcel, PlaceId, Vehicle
from .result import Route


class Standing:
    """One vehicle: what it has done, and the stop it is heading to and will not give up."""

    def __init__(self, vehicle: Vehicle) -> None:
        self.vehicle = vehicle
        self.left_at: float | None = None
        self.done: list[Done] = []
        self.committed: list[Done] = []
        """What it will serve at the stop it is heading to, or stands at."""
        self.place: PlaceId | None = None
        """Where it stands or is about to be, if that is not where it served last."""
        self.free_at: float | None = None
        """When it can go on from there, if that is not when it has served."""
        self.is_returning = False
        """By the plan in force it has nothing more to do."""
        self.left: list[tuple[str, int]] = []
        """What the plan in force has for it from then on: parcels and their options, in order."""

    def give_up(self, parcels: set[str], arrives_at: float) -> list[Done]:
        """Serve some of the stop it is heading to no more; the vehicle still goes there."""
        lost = [one for one in self.committed if one.parcel in parcels]
        self.committed = [one for one in self.committed if one.parcel not in parcels]
        if lost and not self.committed:
            self.free_at = arrives_at
        return lost

    def delay(self, seconds: float) -> None:
        """Be so much later than planned from now on."""
        self.committed = [
            Done(parcel=one.parcel, option=one.option, started_at=one.started_at + seconds)
            for one in self.committed
        ]
        if self.free_at is not None:
            self.free_at += seconds


def stand_as_reported(vehicle: Vehicle, position: Position, route: Route | None) -> Standing:
    """Stand where it was reported to be; what was not reported done is still to do."""
    standing = Standing(vehicle)
    standing.left_at = position.left_at
    standing.done = list(position.done)
    standing.place, standing.free_at = position.place, position.free_at
    standing.left = _left(route, {one.parcel for one in position.done})
    return standing


def stand_as_planned(vehicle: Vehicle, route: Route | None, at: float) -> Standing:
    """Stand where the plan in force says, with the stop the courier is heading to."""
    standing = Standing(vehicle)
    if route is None:
        return standing
    if vehicle.under_way is None and route.leaves_at > at:
        standing.left = _left(route, set())
        return standing
    standing.left_at = route.leaves_at
    current = -1
    for i, visit in enumerate(route.visits):
        started = [one for one in visit.served if one.starts_at <= at]
        if started:
            current = i
        standing.done += (_done(one.parcel, one.option, one.starts_at) for one in started)
    begun = {one.parcel for one in standing.done}
    waiting = [
        one for one in route.visits[current].served if current >= 0 and one.parcel not in begun
    ]
    if not waiting and (current < 0 or route.visits[current].leaves_at <= at):
        if current + 1 < len(route.visits):
            waiting = list(route.visits[current + 1].served)
            standing.place = route.visits[current + 1].place
        else:
            standing.place = vehicle.end_place or vehicle.start_place
            standing.free_at = route.returns_at
            standing.is_returning = True
    elif not waiting:
        standing.free_at = route.visits[current].leaves_at
    standing.committed = [_done(one.parcel, one.option, one.starts_at) for one in waiting]
    standing.left = _left(route, begun | {one.parcel for one in waiting})
    return standing


def _done(parcel: str, option: int, started_at: float) -> Done:
    return Done(parcel=parcel, option=option, started_at=started_at)


def _left(route: Route | None, without: set[str]) -> list[tuple[str, int]]:
    visits = route.visits if route is not None else ()
    return [
        (one.parcel, one.option)
        for visit in visits
        for one in visit.served
        if one.parcel not in without
    ]


def marker(standing: Standing, place: PlaceId, free_at: float) -> tuple[Parcel, Done]:
    """Make a stop without a parcel: a pickup of nothing, done where a vehicle stands."""
    name = f"{standing.vehicle.id} at {place} until {free_at:.0f}"
    parcel = Parcel(id=name, options=(Option(place=place, service_s=0.0),), is_pickup=True)
    return parcel, _done(name, 0, free_at)


def fitting(
    wanted: Sequence[tuple[str, str]], free: dict[str, int], sizes: Sequence[str]
) -> Iterator[str]:
    """Name the parcels, given with their sizes in order, for which compartments are left.

    Each takes the smallest one it fits, as long as all before it still have theirs.
    """
    rank = {size: i for i, size in enumerate(sizes)}
    room = [sum(free.get(larger, 0) for larger in sizes[s:]) for s in range(len(sizes))]
    for parcel, size in wanted:
        if all(one > 0 for one in room[: rank[size] + 1]):
            for s in range(rank[size] + 1):
                room[s] -= 1
            yield parcel
