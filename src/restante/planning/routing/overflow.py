"""Tonight, before the van leaves: which parcel goes where tomorrow, if a place will be full.

Parcels are booked at a first place; their recipients agreed to others, in an order. How much room
there will be tomorrow is uncertain: what lies there may be collected or not, and others deposit.
From that follows how many parcels of each size may be sent to a place at a stated risk.

Model
-----
Sets: parcels ``p``, their offers ``o`` that the recipient agreed to, and for each place and size
class a limit ``l`` on parcels of this size or larger (R1). Variables: ``x(o)`` offer taken,
``y(p)`` parcel kept back, ``e(l,k)`` the ``k``-th parcel beyond what the risk allows. Subject to
``sum x(o) + y(p) = 1`` for each parcel and ``sum x(o) - sum e(l,k) <= room(l)`` for each limit.
Minimized one after the other: (1) parcels expected to find no room, ``sum y + sum chance(l,k)
e(l,k)``; (2) moves of recipients who were moved before; (3) cost: rank, way and detour; (4) moves
of those who booked first. Limits of one place are nested, so the program's corners are whole; the
best of one aim is kept for the next by complementary slackness: what has a reduced cost stays
where it is, what has a price stays used up.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import msgspec

from ..entry import Amount, Count, Document, Entry, refuse
from .overflow_room import Limit, limits_of
from .vehicle import PlaceId

Chance = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Tomorrow(Entry):
    """A place and what is known tonight of its room when the courier comes tomorrow."""

    id: PlaceId
    compartments: dict[str, Count] | None = None
    """All that work, by size class; without it there is always room, as at a home."""
    staying: dict[str, tuple[Chance, ...]] = msgspec.field(default_factory=dict)
    """For each compartment occupied tonight, by its size class, the chance that it still is then:
    from how long parcels dwell."""
    booked: dict[str, Count] = msgspec.field(default_factory=dict)
    """Parcels of others that are sure to come before, by size."""
    expected: dict[str, Amount] = msgspec.field(default_factory=dict)
    """Further deposits before the courier comes, by size: the mean of a forecast."""
    parcels_max: Count | None = None
    """Parcels of any size that it takes, as on a shelf behind a counter."""


class Offer(Entry):
    """A place where the recipient agreed to collect it."""

    place: PlaceId
    away_m: Amount = 0.0
    """How much farther than to the place it is booked at."""
    detour: float = 0.0
    """What it costs the courier's route to go there instead."""


class Booked(Entry):
    """A parcel for tomorrow, and where it may go: first where it is booked."""

    id: str
    offers: tuple[Offer, ...]
    """In the recipient's order; only places the recipient agreed to."""
    size: str | None = None
    """Size class; without it the smallest."""
    moved_before: Count = 0
    """How often this recipient was sent elsewhere of late."""
    booked_at: float = 0.0
    """Who booked first is moved last, where nothing else tells them apart."""


class Evening(Document, frozen=True, tag_field="type", tag="routing.overflow.v1"):
    """All that is known tonight. Making one checks it."""

    places: tuple[Tomorrow, ...]
    parcels: tuple[Booked, ...]
    sizes: tuple[str, ...] = ("parcel",)
    """Size classes, the smallest first."""
    risk_max: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.05
    """Chance, for each size class of a place, that not all sent there find room."""
    cost_per_rank: Amount = 1.0
    """Of each step down in the recipient's order."""
    cost_per_km: Amount = 1.0
    """Of each kilometre that the recipient goes farther."""

    def __post_init__(self) -> None:
        refuse(_find_flaws(self))

    def cost_of(self, parcel: Booked, rank: int) -> float:
        """Tell what it costs that a parcel goes to the offer of a rank."""
        offer = parcel.offers[rank]
        way = self.cost_per_km * offer.away_m / 1000
        return self.cost_per_rank * rank + way + offer.detour

    def limits(self) -> list[Limit]:
        """List what limits each place, and how sure that is."""
        return [
            limit
            for place in self.places
            for limit in limits_of(
                place.id, self.sizes, self.risk_max,
                compartments=place.compartments, staying=place.staying, booked=place.booked,
                expected=place.expected, parcels_max=place.parcels_max,
            )
        ]  # fmt: skip

    def rank_of(self, parcel: Booked) -> int:
        """Tell the number of a parcel's size class."""
        return self.sizes.index(parcel.size) if parcel.size is not None else 0


def _find_flaws(evening: Evening) -> list[tuple[str, str]]:
    flaws: list[tuple[str, str]] = []
    known = [place.id for place in evening.places]
    for path, ids in (("places", known), ("parcels", [one.id for one in evening.parcels]),
                      ("sizes", list(evening.sizes))):  # fmt: skip
        flaws += [
            (path, f"{id_!r} is there {count} times: give each its own id")
            for id_, count in Counter(ids).items()
            if count > 1
        ]
    if not evening.sizes:
        flaws.append(("sizes", "there is none: give at least one, the smallest first"))
    for i, place in enumerate(evening.places):
        flaws += _place_flaws(f"places[{i}] {place.id!r}", place, evening.sizes)
    there = set(known)
    for i, parcel in enumerate(evening.parcels):
        flaws += _parcel_flaws(f"parcels[{i}] {parcel.id!r}", parcel, there, evening.sizes)
    return flaws


def _place_flaws(path: str, place: Tomorrow, sizes: Sequence[str]) -> list[tuple[str, str]]:
    flaws = [
        (f"{path}.{name}", f"{size!r} is not in sizes: add it there or name another")
        for name, by_size in (
            ("compartments", place.compartments or {}), ("staying", place.staying),
            ("booked", place.booked), ("expected", place.expected),
        )
        for size in by_size
        if size not in sizes
    ]  # fmt: skip
    for size, chances in place.staying.items():
        room = (place.compartments or {}).get(size, 0)
        if place.compartments is not None and len(chances) > room:
            says = f"{len(chances)} of {room} compartments of size {size!r} are occupied: give one"
            flaws.append((f"{path}.staying", f"{says} chance for each that is"))
    return flaws


def _parcel_flaws(
    path: str, parcel: Booked, places: set[PlaceId], sizes: Sequence[str]
) -> list[tuple[str, str]]:
    flaws: list[tuple[str, str]] = []
    if not parcel.offers:
        flaws.append((path, "it has no offer: say at least where it is booked"))
    if parcel.size is not None and parcel.size not in sizes:
        flaws.append((f"{path}.size", f"{parcel.size!r} is not in sizes: name another"))
    seen: set[PlaceId] = set()
    for k, offer in enumerate(parcel.offers):
        where = f"{path}.offers[{k}]"
        if offer.place not in places:
            flaws.append((where, f"{offer.place!r} is not in places: add it there"))
        if offer.place in seen:
            flaws.append((where, f"{offer.place!r} is there twice: name it once"))
        if not (math.isfinite(offer.away_m) and math.isfinite(offer.detour)):
            flaws.append((where, "away_m and detour are to be summed up: give numbers"))
        seen.add(offer.place)
    return flaws
