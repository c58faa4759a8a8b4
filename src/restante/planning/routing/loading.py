"""In which order a van is loaded, so that at each stop what is needed stands in front.

Last in, first out: in each section of a van, what is served last is loaded first. At a locker,
parcels are handed out column by column, the largest first in each: so the courier walks along it
once, and no small parcel lies where a large one must.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from ...core.value import Value
from ..entry import BadProblem, Document, Entry
from .problem import Parcel, Problem
from .result import Result, Route
from .vehicle import Capacity, PlaceId, VehicleId


class Section(Entry):
    """A part of a van that is filled and emptied on its own."""

    id: str
    capacity: Capacity = Capacity()


class Van(Entry):
    """How a van is divided: sections in the order in which they are emptied."""

    vehicle: VehicleId
    sections: tuple[Section, ...]


class Column(Entry):
    """A column of a locker, as one walks along it."""

    sizes: tuple[str, ...]
    """Size classes of its compartments."""


class Front(Entry):
    """A locker's columns, from where one begins."""

    place: PlaceId
    columns: tuple[Column, ...]


class Layout(Document, frozen=True, tag_field="type", tag="routing.layout.v1"):
    """How vans and lockers are divided; what is not named is one section, one column."""

    vans: tuple[Van, ...] = ()
    lockers: tuple[Front, ...] = ()


class Loaded(Value):
    """A parcel in the order of loading."""

    vehicle: VehicleId
    turn: int
    """When it is put in, from 1, in its section."""
    section: str
    stop: int
    """The number of the stop where it is taken out, from 1."""
    place: PlaceId
    hand: int
    """When it is taken out at that stop, from 1."""
    parcel: str
    size: str
    column: int | None = None
    """The column of the locker to begin with, from 1."""
    volume_cm3: int = 0
    weight_g: int = 0


class Loading(NamedTuple):
    """All vans' parcels in the order of loading, and what does not fit as divided."""

    parcels: tuple[Loaded, ...]
    says: tuple[str, ...]


def make_loading(problem: Problem, plan: Result, layout: Layout | None = None) -> Loading:
    """Order the parcels that each van takes along; what was delivered already is left out.

    Stops fill the sections of a van in the order in which they are emptied; a stop lies in one
    section if it fits, and what fits nowhere is put into the last one and said.

    Raises
    ------
    BadProblem
        When plan or layout speak of what the problem does not know.
    """
    layout = layout or Layout()
    _require_known(problem, plan, layout)
    vans = {van.vehicle: van.sections for van in layout.vans}
    fronts = {front.place: front.columns for front in layout.lockers}
    done = {
        one.parcel
        for vehicle in problem.vehicles if vehicle.under_way for one in vehicle.under_way.done
    }  # fmt: skip
    loaded: list[Loaded] = []
    says: list[str] = []
    for route in plan.routes:
        stops = list(_stops(problem, route, done, fronts))
        sections = vans.get(route.vehicle, ()) or (Section(id="van"),)
        filled = _fill(route.vehicle, stops, sections, says)
        for section in sections:
            mine = [one for one in filled if one.section == section.id]
            loaded += [
                msgspec.structs.replace(one, turn=i + 1) for i, one in enumerate(reversed(mine))
            ]
    return Loading(tuple(loaded), tuple(says))


def to_csv(loading: Loading) -> str:
    """Write one line for each parcel, for a depot's staff."""
    names = [field.name for field in msgspec.structs.fields(Loaded)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for one in loading.parcels:
        writer.writerow([_plain(getattr(one, name)) for name in names])
    return out.getvalue()


def _plain(value: object) -> object:
    # A spreadsheet takes a text that begins like this for a formula.
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"}:
        return "'" + value
    return "" if value is None else value


def _require_known(problem: Problem, plan: Result, layout: Layout) -> None:
    vehicles = {vehicle.id for vehicle in problem.vehicles}
    places = {place.id for place in problem.places}
    parcels = {parcel.id for parcel in problem.parcels}
    for route in plan.routes:
        for visit in route.visits:
            for one in visit.served:
                if one.parcel not in parcels:
                    raise BadProblem("plan", f"{one.parcel!r} is not in parcels: give the plan of"
                                     " this problem")  # fmt: skip
    for i, van in enumerate(layout.vans):
        path = f"vans[{i}] {van.vehicle!r}"
        if van.vehicle not in vehicles:
            raise BadProblem(path, "it is not in vehicles: name another")
        names = [section.id for section in van.sections]
        if len(set(names)) < len(names):
            raise BadProblem(path, "two sections have one name: give each its own")
    for i, front in enumerate(layout.lockers):
        if front.place not in places:
            raise BadProblem(f"lockers[{i}]", f"{front.place!r} is not in places: name another")


class _Stop(NamedTuple):
    parcels: list[Loaded]
    """In the order in which they are taken out."""


def _stops(
    problem: Problem, route: Route, done: set[str], fronts: Mapping[PlaceId, Sequence[Column]]
) -> Iterator[_Stop]:
    parcels = {parcel.id: parcel for parcel in problem.parcels}
    rank = {size: i for i, size in enumerate(problem.sizes)}
    number = 0
    for visit in route.visits:
        here = [parcels[one.parcel] for one in visit.served if one.parcel not in done]
        if not here:
            continue
        number += 1
        ordered = _hand_out(
            [one for one in here if not one.is_pickup], problem.sizes, fronts.get(visit.place, ())
        )
        yield _Stop(
            [
                Loaded(
                    vehicle=route.vehicle, turn=0, section="", stop=number, place=visit.place,
                    hand=i + 1, parcel=one.id, size=problem.sizes[rank.get(one.size or "", 0)],
                    column=column, volume_cm3=one.volume_cm3, weight_g=one.weight_g,
                )
                for i, (one, column) in enumerate(ordered)
            ]
        )  # fmt: skip


def _hand_out(
    parcels: Sequence[Parcel], sizes: Sequence[str], columns: Sequence[Column]
) -> list[tuple[Parcel, int | None]]:
    """Order parcels along a locker: the largest choose first, each the first column that fits."""
    rank = {size: i for i, size in enumerate(sizes)}
    size_of = {one.id: rank.get(one.size or "", 0) for one in parcels}
    left = [sorted(rank[size] for size in column.sizes if size in rank) for column in columns]
    column_of: dict[str, int | None] = {}
    for one in sorted(parcels, key=lambda one: (-size_of[one.id], one.id)):
        fitting = [
            (next(s for s in free if s >= size_of[one.id]), c)
            for c, free in enumerate(left)
            if free and free[-1] >= size_of[one.id]
        ]
        column_of[one.id] = None
        if fitting:
            size, c = min(fitting)
            left[c].remove(size)
            column_of[one.id] = c + 1
    last = len(columns) + 1
    ordered = sorted(parcels, key=lambda one: (column_of[one.id] or last, -size_of[one.id], one.id))
    return [(one, column_of[one.id]) for one in ordered]


def _fill(
    vehicle: VehicleId, stops: Sequence[_Stop], sections: Sequence[Section], says: list[str]
) -> list[Loaded]:
    """Put stops into sections, in the order in which both are emptied."""
    filled: list[Loaded] = []
    current, used = 0, (0, 0, 0)
    for stop in stops:
        wanted = _sum(stop.parcels)
        while not _fits(used, wanted, sections[current]) and current + 1 < len(sections):
            current, used = current + 1, (0, 0, 0)
        if stop.parcels and not _fits(used, wanted, sections[current]):
            says.append(
                f"{vehicle}: {sections[current].id!r} is too small for stop {stop.parcels[0].stop}"
                f" at {stop.parcels[0].place!r}: give it more room, or another section"
            )
        used = (used[0] + wanted[0], used[1] + wanted[1], used[2] + wanted[2])
        filled += [
            msgspec.structs.replace(one, section=sections[current].id) for one in stop.parcels
        ]
    return filled


def _sum(parcels: Sequence[Loaded]) -> tuple[int, int, int]:
    return (
        len(parcels),
        sum(one.volume_cm3 for one in parcels),
        sum(one.weight_g for one in parcels),
    )


def _fits(used: tuple[int, int, int], wanted: tuple[int, int, int], section: Section) -> bool:
    held = section.capacity
    room = (held.parcels, held.volume_cm3, held.weight_g)
    return all(most is None or a + b <= most for a, b, most in zip(used, wanted, room, strict=True))
