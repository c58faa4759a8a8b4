"""What a courier does: a tour of sites, and at each locker out with the old, in with the new."""

import random
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..access import Pin
from ..core.ids import CourierId, ParcelId, PartnerId, SiteId
from ..core.refusal import Reason, Refused
from ..edge.doors import Opening
from .assumptions import Assumptions
from .letters import Consigned
from .stand import Stand

PUTTING_SECONDS = 9
"""From the open door to shutting it."""

COMPARTMENT_TRIES = 4
"""Compartments a courier tries for one parcel before taking it back."""


class Leg(NamedTuple):
    """A drive from one site to the next."""

    origin: SiteId | None
    """``None`` for the depot."""
    target: SiteId
    departed_at: int
    seconds: int


@dataclass
class Courier:
    """A courier and the van."""

    courier: CourierId
    partner: PartnerId
    name: str
    login: str
    pin: Pin
    load: dict[str, list[Consigned]] = field(default_factory=dict)
    """By site: what shall be put in."""
    brought_back: list[ParcelId] = field(default_factory=list)
    leg: Leg | None = None
    """The drive under way or the last one of the tour; ``None`` at the depot."""


def drive_tour(
    courier: Courier,
    stops: Sequence[tuple[Stand, int]],
    *,
    now: Callable[[], int],
    assumptions: Assumptions,
    chance: random.Random,
    turned_away: Callable[[Consigned, Reason], None],
) -> Iterator[int]:
    """Drive to every stop in order and serve it.

    Parameters
    ----------
    stops
        Each with the seconds it takes to get there.
    turned_away
        Called for every parcel that stays in the van.
    """
    here: SiteId | None = None
    for stand, drive_seconds in stops:
        courier.leg = Leg(here, stand.site, now(), drive_seconds)
        yield drive_seconds
        here = stand.site
        yield from serve_locker(
            courier, stand, assumptions=assumptions, chance=chance, turned_away=turned_away
        )
    courier.leg = None


def serve_locker(
    courier: Courier,
    stand: Stand,
    *,
    assumptions: Assumptions,
    chance: random.Random,
    turned_away: Callable[[Consigned, Reason], None],
) -> Iterator[int]:
    """Sign in, take out what is overdue, look into what is unclear, put in what came."""
    for _ in range(5):
        if not stand.is_taken:
            break
        yield 60
    load = courier.load.pop(stand.site, [])
    try:
        with stand.lock:
            _sign_in(courier, stand)
    except Refused as refusal:
        for consigned in load:
            turned_away(consigned, refusal.reason)
        return
    yield from _take_back(courier, stand)
    yield from _look_into(courier, stand)
    for consigned in load:
        refused = yield from _put_in(courier, stand, consigned, assumptions, chance)
        if refused is not None:
            turned_away(consigned, refused)
    with stand.lock:
        if _is_signed_in(courier, stand):
            stand.controller.end_visit()
    stand.look()


def _sign_in(courier: Courier, stand: Stand) -> bool:
    """Sign in unless that is done; false when it was. A power cut ends every visit."""
    if _is_signed_in(courier, stand):
        return False
    stand.controller.sign_in_courier(courier.login, courier.pin.reveal())
    return True


def _is_signed_in(courier: Courier, stand: Stand) -> bool:
    visit = stand.controller.visit
    return visit is not None and visit.courier == courier.courier


def _take_back(courier: Courier, stand: Stand) -> Iterator[int]:
    for overdue in stand.controller.retrievable():
        try:
            with stand.lock:
                _sign_in(courier, stand)
                opening = stand.controller.retrieve(overdue.parcel)
        except Refused:
            continue
        yield PUTTING_SECONDS
        with stand.lock:
            if stand.sees_open(opening.compartment):
                stand.board.take_out(opening.compartment)
                courier.brought_back.append(overdue.parcel)
            stand.shut(opening.compartment)
        stand.look()


def _look_into(courier: Courier, stand: Stand) -> Iterator[int]:
    try:
        with stand.lock:
            _sign_in(courier, stand)
            unclear = stand.controller.unclear()
    except Refused:
        return
    for name in unclear:
        try:
            with stand.lock:
                _sign_in(courier, stand)
                stand.controller.look_into(name)
        except Refused:
            continue
        yield PUTTING_SECONDS
        with stand.lock:
            is_empty = stand.sees_open(name) and stand.board.inside(name) is None
            stand.shut(name)
            if is_empty and _is_signed_in(courier, stand):
                stand.controller.found_empty(name)


def _put_in(
    courier: Courier,
    stand: Stand,
    consigned: Consigned,
    assumptions: Assumptions,
    chance: random.Random,
) -> Generator[int, None, Reason | None]:
    """Put one parcel in; ends with the reason when it stays in the van, else ``None``."""
    yield assumptions.seconds_per_deposit - PUTTING_SECONDS
    consigned.try_count += 1
    complaint = _draw_complaint(assumptions, chance)
    is_offered = False
    for _ in range(COMPARTMENT_TRIES):
        try:
            with stand.lock:
                is_offered = not _sign_in(courier, stand) and is_offered
                opening = (
                    stand.controller.offer_again()
                    if is_offered
                    else stand.controller.deposit(consigned.label)
                )
        except Refused as refusal:
            return refusal.reason
        is_offered = True
        yield PUTTING_SECONDS
        with stand.lock:
            why = None
            if not stand.sees_open(opening.compartment):
                why = "door_failed"
            elif _is_signed_in(courier, stand):
                why, complaint = complaint, None
            if why is None:
                _put(stand, opening, consigned)
            else:
                _reject(courier, stand, opening, why)
        stand.look()
        if why is None:
            return None
    return Reason.NOTHING_FITS


def _put(stand: Stand, opening: Opening, consigned: Consigned) -> None:
    if opening.parcel is not None:
        stand.board.put_in(opening.compartment, opening.parcel)
    stand.shut(opening.compartment)
    consigned.parcel = opening.parcel or consigned.parcel


def _reject(courier: Courier, stand: Stand, opening: Opening, why: str) -> None:
    if _is_signed_in(courier, stand):
        stand.controller.reject_compartment(why)
    stand.shut(opening.compartment)


def _draw_complaint(assumptions: Assumptions, chance: random.Random) -> str | None:
    drawn = chance.random()
    if drawn < assumptions.dirty_share:
        return "dirty"
    if drawn < assumptions.dirty_share + assumptions.does_not_fit_share:
        return "does_not_fit"
    return None
