"""The fast simulation and the whole product agree, parcel by parcel, on the same events.

A town is played with centre, lockers, couriers and recipients as the product has them. When each
parcel was announced, tried and gone is then given to the simulation, which must turn the same
parcels away and give the others the same kind of compartment.
"""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import structlog
from msgspec.structs import replace

from restante.core import parcel as custody
from restante.core import site as capacity
from restante.core.ids import ParcelId
from restante.core.size import CompartmentKind, ParcelSize, goes_into
from restante.core.value import DAY, UtcSeconds
from restante.planning.capacity import CapacitySite, Network, ParcelClass
from restante.planning.capacity.fate import FIRST_TRY, GONE_BACK, make_fate, make_state
from restante.planning.capacity.kernel import play
from restante.planning.capacity.tables import Wanted, make_places, make_rules
from restante.settings import read_settings
from restante.sim.arrivals import Labels, draw_parcels
from restante.sim.assumptions import DEFAULT
from restante.sim.city import make_city
from restante.sim.letters import Consigned
from restante.sim.town import PARTNER
from restante.wiring.headless import STARTS_AT
from restante.wiring.town import Town, build_town

DAYS = 3
CROWD = 0.85
"""Parcels announced a day for each compartment: far more than find room."""

CAREFUL = replace(DEFAULT, does_not_fit_share=0.0, dirty_share=0.0, wrong_code_share=0.0)
"""No complaint about a compartment: those are drawn anew in each life."""


class Asked(NamedTuple):
    """An announcement."""

    at: UtcSeconds
    size: ParcelSize
    needs_low_door: bool
    parcel: ParcelId | None
    """None when it was refused."""


class Lived(NamedTuple):
    """What the product made of it all."""

    kinds: tuple[CompartmentKind, ...]
    room: tuple[int, ...]
    asked: tuple[Asked, ...]
    put_in: dict[ParcelId, tuple[int, CompartmentKind]]
    gone: dict[ParcelId, int]


def live(folder: Path) -> Lived:
    """Play a town with one locker, announced to beyond what it holds."""
    arguments = {"data_dir": folder, "network_name": "Doggerhaven", "zone": "Europe/Berlin"}
    settings = read_settings(environ={}, arguments=arguments)
    city = make_city(lockers=1, counters=0)
    town = build_town(
        settings, starts_at=STARTS_AT, seed=3, is_watched=False, city=city, assumptions=CAREFUL
    )
    try:
        asked = announce_daily(town)
        town.world.open_for_business()
        town.world.agenda.run_until(STARTS_AT + DAYS * DAY)
        return read_life(town, asked)
    finally:
        town.close()


def announce_daily(town: Town) -> list[Asked]:
    """Let a partner announce every evening; the list fills while the town is played."""
    asked: list[Asked] = []
    world, (stand,) = town.world, town.stands
    dice, labels = random.Random(5), Labels()
    count = int(CROWD * len(stand.controller.config.specs))

    def one(consigned: Consigned) -> None:
        world.announce([consigned], partner=PARTNER)
        asked.append(
            Asked(world.agenda.now, consigned.size, consigned.needs_low_door, consigned.parcel)
        )

    def evening() -> None:
        first = len(asked)
        for consigned in draw_parcels(dice, labels, stand.site, count, first_number=first):
            one(consigned)
        world.agenda.after(DAY, evening)

    world.agenda.at(world.next_evening(), evening)
    return asked


def read_life(town: Town, asked: Sequence[Asked]) -> Lived:
    """Read from the centre's journal what went where, and when it was gone."""
    (stand,) = town.stands
    specs = {spec.id: spec for spec in stand.controller.config.specs}
    put_in: dict[ParcelId, tuple[int, CompartmentKind]] = {}
    gone: dict[ParcelId, int] = {}
    booked: dict[str, ParcelId] = {}
    position = 0
    while page := town.office.journal.follow(position, limit=2_000):
        for record in page:
            match record.fact:
                case capacity.CapacityBooked(booking=booking, parcel=parcel):
                    booked[booking] = parcel
                case custody.ParcelDeposited(at=at, place=place):
                    name = ParcelId(record.stream.partition("/")[2])
                    put_in[name] = (at, plain(specs[place.compartment].kind))
                case capacity.SpaceLeft(at=at, booking=booking):
                    gone[booked[booking]] = at
                case _:
                    pass
        position = page[-1].position
    kinds = sorted({plain(s.kind) for s in specs.values()}, key=lambda k: (k.volume_mm3, k.is_low))
    room = tuple(sum(plain(s.kind) == kind for s in specs.values()) for kind in kinds)
    return Lived(tuple(kinds), room, tuple(asked), put_in, gone)


def plain(kind: CompartmentKind) -> CompartmentKind:
    """Leave out what a compartment carries: no parcel of the city is heavier."""
    return replace(kind, weight_g_max=12_000)


def simulate_life(lived: Lived) -> tuple[np.ndarray, np.ndarray]:
    """Play the same events in the fast simulation; outcomes and kinds, by announcement."""
    names = tuple(str(n) for n in range(len(lived.kinds)))
    fits = [
        tuple(
            name
            for name, kind in zip(names, lived.kinds, strict=True)
            if goes_into(one.size, kind) and (kind.is_low or not one.needs_low_door)
        )
        for one in lived.asked
    ]
    classes = sorted(set(fits) - {()})
    network = Network(
        kinds=names,
        parcels=tuple(
            ParcelClass(name=str(n), share=1 / len(classes), goes_into=into)
            for n, into in enumerate(classes)
        ),
        sites=(
            CapacitySite(
                id="site-01",
                compartments=dict(zip(names, lived.room, strict=True)),
                parcels_per_day=1.0,
            ),
        ),
        is_booked=True,
    )
    goes = [n for n, into in enumerate(fits) if into]
    places, rules = make_places(network, DAYS), make_rules(network, DAYS)
    asked_at, put_in_at, stays = [], [], []
    for n in goes:
        one = lived.asked[n]
        asked_at.append(hours(one.at))
        at, _ = lived.put_in.get(one.parcel or ParcelId(""), (STARTS_AT + 90 * DAY, None))
        put_in_at.append(hours(at))
        left = lived.gone.get(one.parcel or ParcelId(""), STARTS_AT + 99 * DAY)
        stays.append(hours(left) - hours(at))
    count = len(goes)
    wanted = Wanted(
        np.array(asked_at), np.array(put_in_at), np.zeros(count, np.int64),
        np.array([classes.index(fits[n]) for n in goes]), *np.zeros((4, count)), np.array(stays),
    )  # fmt: skip
    fate = make_fate(count)
    play(make_state(places, rules, count), places, rules, wanted, fate)
    outcome = np.full(len(lived.asked), GONE_BACK)
    kind = np.full(len(lived.asked), -1)
    outcome[goes], kind[goes] = fate.outcome, fate.kind
    return outcome, kind


def hours(at: int) -> float:
    return (at - STARTS_AT) / 3600


def test_simulation_turns_away_whom_the_product_turns_away_and_gives_the_same_kinds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with structlog.testing.capture_logs():
        lived = live(tmp_path)
    outcome, kind = simulate_life(lived)
    refused = deposited = larger = 0
    for n, one in enumerate(lived.asked):
        if one.parcel is None:
            refused += 1
            assert outcome[n] == GONE_BACK, one
        elif one.parcel in lived.put_in:
            deposited += 1
            assert outcome[n] == FIRST_TRY, one
            assert lived.kinds[kind[n]] == lived.put_in[one.parcel][1], one
            larger += not goes_into(one.size, lived.kinds[0]) and kind[n] > 1
        else:
            assert kind[n] == -1 or outcome[n] == FIRST_TRY, one
    with capsys.disabled():
        print(f"\n{refused} refused and {deposited} put in alike; {larger} beyond the first kinds")
    assert refused > 20
    assert deposited > 80
