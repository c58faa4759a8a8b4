"""The demo city as capacity planning sees it: its lockers, and what the simulator believes.

Both play the same beliefs (:mod:`restante.sim.assumptions`), handed over here as values; so a
change of an assumption changes the demo and every capacity study together.
"""

import random
from collections import Counter
from typing import Final

from ..core.size import CompartmentKind, goes_into
from ..core.value import HOUR, Grams
from ..planning.capacity.problem import (
    Arrivals,
    CapacitySite,
    Habits,
    Module,
    Network,
    ParcelClass,
)
from ..sim.arrivals import LOW_DOOR_SHARE, draw_size
from ..sim.assumptions import DEFAULT, EVENING, Assumptions
from ..sim.city import City, make_city
from ..sim.city_lockers import ColumnKind, build_layout
from ..sim.town import COURIER_NAMES
from .town import TOWN_HOLD

SIZES_DRAWN: Final = 20_000
"""Parcels whose measures are drawn to learn the shares of classes; 0.4 % off at most."""

LIGHT: Final = Grams(1)
READY_AT_HOUR: Final = 5
"""When the parcels of a day are at the depot: before all tours."""

SCATTER_SHAPE: Final = 12.0
"""As in :func:`restante.sim.people.draw_count`."""


def describe_city(
    city: City | None = None, assumptions: Assumptions = DEFAULT, *, starts_on: str = "2026-11-02"
) -> Network:
    """Describe the demo city to capacity planning.

    Parameters
    ----------
    starts_on
        A Monday in November, so that warm days and four weeks are ordinary ones.
    """
    city = make_city() if city is None else city
    kinds = catalogue_kinds()
    names = {kind: name_kind(kind) for kind in kinds}
    classes = classes_of(kinds)
    sites = [site for site in city.sites if site.layout is not None]
    tour_h = (assumptions.tour_end_hour - assumptions.tour_start_hour) / 2
    described = []
    for place, site in enumerate(sites):
        assert site.layout is not None
        counts = Counter(plain_kind(spec.kind) for spec in site.layout.compartments)
        stops = len(range(place % len(COURIER_NAMES), len(sites), len(COURIER_NAMES)))
        turn = place // len(COURIER_NAMES) + 1
        longitude, latitude = site.position
        described.append(
            CapacitySite(
                id=str(site.id),
                compartments={names[kind]: counts[kind] for kind in kinds if counts[kind]},
                parcels_per_day=assumptions.parcels_per_compartment_day * counts.total(),
                visits_at=(round(assumptions.tour_start_hour + tour_h * turn / stops, 3),),
                latitude=latitude,
                longitude=longitude,
                columns=tuple(column.kind.value for column in site.layout.columns),
            )
        )
    return Network(
        name="demo city",
        starts_on=starts_on,
        kinds=tuple(names[kind] for kind in kinds),
        parcels=classes,
        sites=tuple(described),
        arrivals=_arrivals(assumptions),
        habits=_habits(assumptions),
        modules=modules_of(names),
        is_booked=True,
        announced_h_before=24 - EVENING / HOUR + assumptions.tour_start_hour,
    )


def _habits(assumptions: Assumptions) -> Habits:
    return Habits(
        dwell_shape=assumptions.dwell_shape,
        dwell_scale_hours=assumptions.dwell_scale_hours,
        collect_hour_weights=assumptions.hour_weights,
        collect_weekday_weights=assumptions.weekday_weights,
        no_show_share=assumptions.no_show_share,
        hold_h=TOWN_HOLD.hold_seconds / HOUR,
        extension_share=assumptions.extension_share,
        reminder_factor=assumptions.reminder_factor,
        reminder_h=float(assumptions.reminder_hours),
        deposit_s=float(assumptions.seconds_per_deposit),
    )


def _arrivals(assumptions: Assumptions) -> Arrivals:
    ready = tuple(float(hour == READY_AT_HOUR) for hour in range(24))
    mean = sum(assumptions.arrival_weekday_weights) / 7
    return Arrivals(
        hour_weights=ready,
        weekday_weights=tuple(w / mean for w in assumptions.arrival_weekday_weights),
        month_weights=assumptions.month_weights,
        scatter_shape=SCATTER_SHAPE,
    )


def catalogue_kinds() -> list[CompartmentKind]:
    """List all kinds the city builds, in the order in which a locker gives them away."""
    built = build_layout(tuple(ColumnKind)).compartments
    return sorted(
        {plain_kind(spec.kind) for spec in built},
        key=lambda kind: (kind.volume_mm3, kind.is_low, name_kind(kind)),
    )


def plain_kind(kind: CompartmentKind) -> CompartmentKind:
    """Leave out what a compartment carries: no parcel of the city is heavier."""
    return CompartmentKind(
        width_mm=kind.width_mm, height_mm=kind.height_mm, depth_mm=kind.depth_mm,
        weight_g_max=Grams(12_000), is_low=kind.is_low,
    )  # fmt: skip


def name_kind(kind: CompartmentKind) -> str:
    """Name a kind by its measures in millimeters, and whether low doors can be asked for."""
    low = " low" if kind.is_low else ""
    return f"{kind.height_mm}x{kind.width_mm}x{kind.depth_mm}{low}"


def classes_of(kinds: list[CompartmentKind]) -> tuple[ParcelClass, ...]:
    """Learn which parcels go into the same kinds, and how many of them there are."""
    chance = random.Random("sizes of parcels")
    seen: Counter[tuple[CompartmentKind, ...]] = Counter()
    for _ in range(SIZES_DRAWN):
        size = draw_size(chance)
        seen[tuple(kind for kind in kinds if goes_into(size, kind))] += 1
    seen.pop((), None)
    total = seen.total()
    classes = []
    for fits, count in sorted(seen.items(), key=lambda one: -len(one[0])):
        low = tuple(kind for kind in fits if kind.is_low)
        share = count / total
        for suffix, into, part in (("", fits, 1 - LOW_DOOR_SHARE), (" low", low, LOW_DOOR_SHARE)):
            if into:
                name = f"{fits[0].height_mm}x{fits[0].width_mm}+{len(fits)}{suffix}"
                classes.append((name, share * part, tuple(name_kind(kind) for kind in into)))
    whole = sum(share for _, share, _ in classes)
    return tuple(
        ParcelClass(name=name, share=share / whole, goes_into=into) for name, share, into in classes
    )


def modules_of(names: dict[CompartmentKind, str]) -> tuple[Module, ...]:
    """Describe the catalogue's columns with the names of kinds."""
    modules = []
    for kind in ColumnKind:
        counts = Counter(plain_kind(spec.kind) for spec in build_layout((kind,)).compartments)
        modules.append(
            Module(
                name=kind.value,
                is_needed=kind is ColumnKind.SCREEN,
                compartments={
                    names[one]: count
                    for one, count in sorted(counts.items(), key=lambda item: name_kind(item[0]))
                },
            )
        )
    return tuple(modules)
