"""Who goes elsewhere tomorrow, how far, at what cost, and why this parcel and not another."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Self

import msgspec

from ...core.value import Value
from .overflow import Booked, Evening
from .overflow_room import Limit
from .overflow_solve import Sending, send, without_room
from .problem import PlaceId

OTHERS_MAX = 3
"""How many of those who stay are named beside one who goes (chosen)."""


class WhyStays(StrEnum):
    """Why another parcel stays where this one goes; stable public values."""

    AGREED_TO_NO_OTHER = "agreed_to_no_other"
    NO_ROOM_ELSEWHERE = "no_room_elsewhere"
    """All other places its recipient agreed to are full as well."""
    MOVED_BEFORE = "moved_before"
    """Its recipient was sent elsewhere of late, more often than this one."""
    DEARER = "dearer"
    """Moving it instead would cost more."""
    BOOKED_FIRST = "booked_first"
    """It costs as much, and was booked earlier."""


class Stays(Value):
    """A parcel that could have made room as well, and why it does not."""

    parcel: str
    why: WhyStays
    dearer_by: float = 0.0


class Sent(Value):
    """A parcel that goes elsewhere than it was booked."""

    parcel: str
    from_place: PlaceId
    to_place: PlaceId
    rank: int
    """Its number in the recipient's order, from 0 for where it was booked."""
    away_m: float
    cost: float
    says: str
    """What fills the place it was booked at."""
    instead_of: tuple[Stays, ...] = ()
    """Some of those who stay there."""


class KeptBack(Value):
    """A parcel for which there is no room anywhere its recipient agreed to."""

    parcel: str
    says: str


class PlaceTomorrow(Value):
    """A place after the sending."""

    place: PlaceId
    booked: int
    """Parcels booked there."""
    sent: int
    """Parcels that go there now."""
    risk: float
    """Chance that not all of them find room, at most."""
    price: float
    """How much less all moves would cost with room for one more, of the size most wanted."""


class Overflow(Value, frozen=True, tag_field="type", tag="routing.overflow_plan.v1"):
    """Which parcels go where tomorrow."""

    is_feasible: bool
    """Every parcel has a place, and no place a larger risk than was stated."""
    sent: tuple[Sent, ...]
    kept_back: tuple[KeptBack, ...]
    violated: tuple[str, ...]
    places: tuple[PlaceTomorrow, ...]
    cost: float
    """Of all parcels that go elsewhere."""
    away_m: float
    """All that recipients go farther."""
    destinations: dict[str, PlaceId]
    """Where every parcel goes that is not kept back."""

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """Read a plan from JSON."""
        return msgspec.json.decode(text, type=cls)

    def to_json(self) -> bytes:
        """Write a plan as JSON; reading it gives an equal one."""
        return msgspec.json.encode(self)


def settle(evening: Evening) -> Overflow:
    """Decide which parcel goes where tomorrow, as few and as little away as can be.

    The order of parcels and places makes no difference. Where there is not room for all at the
    stated risk, the risk is exceeded where that is least likely to turn anybody away, and it is
    said; a parcel is kept back only where nothing else is left.
    """
    evening = msgspec.structs.replace(
        evening,
        places=tuple(sorted(evening.places, key=lambda one: one.id)),
        parcels=tuple(sorted(evening.parcels, key=lambda one: one.id)),
    )
    sending = send(evening)
    sent = tuple(_sent(evening, sending))
    kept_back = tuple(
        KeptBack(parcel=parcel.id, says="; ".join(_what_is_full(evening, sending, parcel)))
        for parcel, offer in zip(evening.parcels, sending.offers, strict=True)
        if offer is None
    )
    violated = (
        *(f"parcel {one.parcel!r} is kept back" for one in kept_back),
        *(_exceeded(evening, sending, k) for k in without_room(sending.limits, sending.counts)),
    )
    return Overflow(
        is_feasible=not violated,
        sent=sent,
        kept_back=kept_back,
        violated=violated,
        places=tuple(_places(evening, sending)),
        cost=sum(one.cost for one in sent),
        away_m=sum(one.away_m for one in sent),
        destinations={
            parcel.id: parcel.offers[offer].place
            for parcel, offer in zip(evening.parcels, sending.offers, strict=True)
            if offer is not None
        },
    )


def _sent(evening: Evening, sending: Sending) -> Iterator[Sent]:
    for parcel, offer in zip(evening.parcels, sending.offers, strict=True):
        if not offer:
            continue
        there = parcel.offers[offer]
        yield Sent(
            parcel=parcel.id,
            from_place=parcel.offers[0].place,
            to_place=there.place,
            rank=offer,
            away_m=there.away_m,
            cost=evening.cost_of(parcel, offer) - evening.cost_of(parcel, 0),
            says=_why_full(evening, sending, parcel, 0),
            instead_of=tuple(_who_stays(evening, sending, parcel, offer))[:OTHERS_MAX],
        )


def _who_stays(evening: Evening, sending: Sending, parcel: Booked, offer: int) -> Iterator[Stays]:
    """Name those at the same place that need as large a compartment, the cheapest first."""
    place, size = parcel.offers[0].place, evening.rank_of(parcel)
    extra = evening.cost_of(parcel, offer) - evening.cost_of(parcel, 0)
    found = []
    for other, took in zip(evening.parcels, sending.offers, strict=True):
        if took != 0 or other.offers[0].place != place or evening.rank_of(other) < size:
            continue
        ways = [evening.cost_of(other, rank) - evening.cost_of(other, 0) + _price(
                    evening, sending, other, rank)
                for rank in range(1, len(other.offers))]  # fmt: skip
        dearer = min(ways, default=0.0) - extra - _price(evening, sending, parcel, offer)
        if not ways:
            why = WhyStays.AGREED_TO_NO_OTHER
        elif not any(_has_room(evening, sending, other, k) for k in range(1, len(other.offers))):
            why = WhyStays.NO_ROOM_ELSEWHERE
        elif other.moved_before > parcel.moved_before:
            why = WhyStays.MOVED_BEFORE
        elif dearer > 1e-6:
            why = WhyStays.DEARER
        else:
            why = WhyStays.BOOKED_FIRST
        dear = round(dearer, 6) if why is WhyStays.DEARER else 0.0
        is_unable = why in {WhyStays.AGREED_TO_NO_OTHER, WhyStays.NO_ROOM_ELSEWHERE}
        found.append((is_unable, dearer, other.id,
                      Stays(parcel=other.id, why=why, dearer_by=dear)))  # fmt: skip
    yield from (one for *_, one in sorted(found, key=lambda x: x[:3]))


def _price(evening: Evening, sending: Sending, parcel: Booked, rank: int) -> float:
    """What the room is worth that a parcel takes at an offer."""
    size, place = evening.rank_of(parcel), parcel.offers[rank].place
    return sum(
        price
        for limit, price in zip(sending.limits, sending.prices, strict=True)
        if limit.place == place and (limit.size or 0) <= size
    )


def _has_room(evening: Evening, sending: Sending, parcel: Booked, rank: int) -> bool:
    size, place = evening.rank_of(parcel), parcel.offers[rank].place
    return all(
        count < limit.room
        for limit, count in zip(sending.limits, sending.counts, strict=True)
        if limit.place == place and (limit.size or 0) <= size
    )


def _what_is_full(evening: Evening, sending: Sending, parcel: Booked) -> Iterator[str]:
    for rank in range(len(parcel.offers)):
        yield _why_full(evening, sending, parcel, rank)


def _why_full(evening: Evening, sending: Sending, parcel: Booked, rank: int) -> str:
    """Say which limit of a place stands in a parcel's way: the one with the least room left."""
    size, place = evening.rank_of(parcel), parcel.offers[rank].place
    mine = [
        (limit.room - count, k)
        for k, (limit, count) in enumerate(zip(sending.limits, sending.counts, strict=True))
        if limit.place == place and (limit.size or 0) <= size
    ]
    if not mine:
        return f"{place!r} has room"
    limit = sending.limits[min(mine)[1]]
    wanted = sum(
        one.offers[0].place == place and evening.rank_of(one) >= (limit.size or 0)
        for one in evening.parcels
    )
    return f"{_words(evening, limit)}, and {wanted} are booked there"


def _words(evening: Evening, limit: Limit) -> str:
    size = "" if limit.size is None else f" of size {evening.sizes[limit.size]!r} or larger"
    return f"{limit.place!r} takes {limit.room} parcels{size} at a risk of {evening.risk_max:.0%}"


def _exceeded(evening: Evening, sending: Sending, k: int) -> str:
    limit, count = sending.limits[k], sending.counts[k]
    return f"{_words(evening, limit)}; {count} are sent: a risk of {limit.risk(count):.1%}"


def _places(evening: Evening, sending: Sending) -> Iterator[PlaceTomorrow]:
    going = [
        parcel.offers[offer].place
        for parcel, offer in zip(evening.parcels, sending.offers, strict=True)
        if offer is not None
    ]
    for place in evening.places:
        mine = [k for k, limit in enumerate(sending.limits) if limit.place == place.id]
        yield PlaceTomorrow(
            place=place.id,
            booked=sum(parcel.offers[0].place == place.id for parcel in evening.parcels),
            sent=going.count(place.id),
            risk=min(1.0, sum(sending.limits[k].risk(sending.counts[k]) for k in mine)),
            price=sum(sending.prices[k] for k in mine),
        )
