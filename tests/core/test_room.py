"""Capacity against a matching that tries to place every parcel at every moment.

The rule uses Hall's condition over kinds of compartment; here real parcels are put into real
compartments, one by one, second by second.
"""

from random import Random

import pytest
from msgspec.structs import replace

from restante.core.ids import BookingId, ParcelId
from restante.core.site import RETRIEVAL_SECONDS, Booking, Site, Supply, has_room
from restante.core.size import CompartmentKind, goes_into
from restante.core.value import DAY, UtcSeconds
from tests.factories import make_booking, make_kind, make_size

KINDS = tuple(
    make_kind(width_mm=width, height_mm=height, weight_g_max=weight_g_max, is_low=is_low)
    for width, height, weight_g_max, is_low in (
        (380, 80, 25_000, False),
        (380, 190, 25_000, True),
        (380, 190, 5_000, False),
        (190, 380, 25_000, False),
        (380, 410, 25_000, False),
    )
)
SIZES = (
    make_size(300, 200, 60),
    make_size(300, 200, 150),
    make_size(300, 300, 150, weight_g=9_000),
    make_size(300, 150, 300, keep_upright=True),
    make_size(500, 350, 350),
)


def takes(kind: CompartmentKind, booking: Booking) -> bool:
    return goes_into(booking.size, kind) and (kind.is_low or not booking.needs_low_door)


def can_place(bookings: list[Booking], boxes: list[CompartmentKind]) -> bool:
    """Find a compartment for every parcel by augmenting paths (Kuhn)."""
    holder: dict[int, int] = {}

    def place(parcel: int, seen: set[int]) -> bool:
        for box, kind in enumerate(boxes):
            if box in seen or not takes(kind, bookings[parcel]):
                continue
            seen.add(box)
            if box not in holder or place(holder[box], seen):
                holder[box] = parcel
                return True
        return False

    return all(place(parcel, set()) for parcel in range(len(bookings)))


def is_there(booking: Booking, moment: int, at: UtcSeconds) -> bool:
    if booking.is_inside:
        return booking.from_at <= moment < max(booking.until, at) + RETRIEVAL_SECONDS
    return at < booking.expires_at and booking.from_at <= moment < booking.until


def can_place_always(site: Site, wanted: Booking, at: UtcSeconds) -> bool:
    """Place everything at every moment of the window at which something changes."""
    boxes = [supply.kind for supply in site.supply for _ in range(supply.count)]
    known = list(site.bookings.values())
    moments = {wanted.from_at, *(b.from_at for b in known)}
    return all(
        can_place([wanted, *(b for b in known if is_there(b, moment, at))], boxes)
        for moment in moments
        if wanted.from_at <= moment < wanted.until
    )


def make_case(dice: Random) -> tuple[Site, UtcSeconds]:
    supply = tuple(Supply(kind=kind, count=dice.randint(0, 2)) for kind in KINDS)
    return Site(supply=supply), UtcSeconds(DAY)


def make_wanted(dice: Random, number: int) -> Booking:
    start = DAY + 3_600 * dice.randint(0, 5)
    return make_booking(
        parcel=ParcelId(f"p-{number}"),
        size=dice.choice(SIZES),
        needs_low_door=dice.random() < 0.2,
        from_at=UtcSeconds(start),
        until=UtcSeconds(start + 3_600 * dice.randint(1, 4)),
        expires_at=UtcSeconds(dice.choice([DAY, 9 * DAY, 9 * DAY])),
        is_inside=dice.random() < 0.2,
    )


@pytest.mark.parametrize("seed", range(4))
def test_there_is_room_exactly_when_everything_can_be_placed(seed: int):
    dice = Random(seed)
    answers = {True: 0, False: 0}
    for _ in range(400):
        site, at = make_case(dice)
        for number in range(10):
            wanted = make_wanted(dice, number)
            has = has_room(site, replace(wanted, is_inside=False), at=at)
            can = can_place_always(site, replace(wanted, is_inside=False), at)
            assert has is can, (
                seed, site, wanted,
            )  # fmt: skip
            answers[has] += 1
            if has and not (wanted.is_inside and not can_place_inside(site, wanted, at)):
                key = BookingId(f"b-{number}")
                site = replace(site, bookings={**site.bookings, key: wanted})
    print(f"seed {seed}: room {answers[True]} times, none {answers[False]} times")
    assert min(answers.values()) > 500, "the cases must be neither all easy nor all hopeless"


def can_place_inside(site: Site, inside: Booking, at: UtcSeconds) -> bool:
    """Keep the promises of a site possible: what is inside stays longer than its window."""
    end = UtcSeconds(max(inside.until, at) + RETRIEVAL_SECONDS)
    return can_place_always(site, replace(inside, is_inside=False, until=end), at)
