"""The registry of id kinds, and how an id is written.

Every id is a ``NewType`` over ``str`` so that a locker's id cannot be passed where a site's is
meant. New ids are made at the doors (:mod:`restante.clock`): a letter for the kind, then 26
characters of Crockford base 32, 48 bits of time before 80 bits of chance, so they sort by time.
Sites, lockers and compartments have names chosen by people (``site-07``, ``locker-07``, ``A3``).

Determinations: UUIDs were considered and lost: longer, not sortable by eye, no kind visible.
"""

from typing import Final, NewType

NetworkId = NewType("NetworkId", str)
PartnerId = NewType("PartnerId", str)
SiteId = NewType("SiteId", str)
LockerId = NewType("LockerId", str)
CompartmentId = NewType("CompartmentId", str)
"""Unique within its locker, painted on the door: column letter and row number, ``A3``."""
ParcelId = NewType("ParcelId", str)
BookingId = NewType("BookingId", str)
GrantId = NewType("GrantId", str)
SessionId = NewType("SessionId", str)
OpeningId = NewType("OpeningId", str)
"""One intent to open one door; a lock is pulsed at most once for it."""
OrderId = NewType("OrderId", str)
"""One order of the centre to open one door; a locker takes it at most once."""
PlanId = NewType("PlanId", str)
"""One plan of couriers' routes."""
StudyId = NewType("StudyId", str)
"""One study of the network's future."""
RecipientId = NewType("RecipientId", str)
"""A pseudonym. Names, phones and e-mails live in one table of contacts, never in a fact."""
CourierId = NewType("CourierId", str)
ActorId = NewType("ActorId", str)
"""Who caused a fact: ``partner:<id>``, ``courier:<id>``, ``recipient:<id>``, ``operator:<id>``,
``locker:<id>``, ``timekeeper`` or ``demo``."""

StreamName = NewType("StreamName", str)
"""``<kind>/<owner>``: ``parcel/<id>``, ``site/<id>``, ``locker/<id>``, ``remote/<locker>``,
``fleet/<network>`` or ``dispatch/<partner>``."""

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford base 32 in lower case: no i, l, o, u, so that ids survive being read aloud."""

TIME_BITS: Final = 48
CHANCE_BITS: Final = 80
ENTROPY_BYTES: Final = CHANCE_BITS // 8
"""Bytes of chance that :func:`encode_id` needs."""


def encode_id(kind: str, at_ms: int, entropy: bytes) -> str:
    """Write an id that sorts by time.

    Parameters
    ----------
    kind
        One lower-case letter: ``p`` parcel, ``b`` booking, ``g`` grant, ``s`` session,
        ``o`` opening, ``d`` order, ``r`` recipient, ``c`` courier, ``q`` request,
        ``t`` plan of routes.
    at_ms
        Milliseconds since 1970, 0 to 2**48 - 1.
    entropy
        Exactly :data:`ENTROPY_BYTES` bytes of chance.

    Raises
    ------
    ValueError
        When time or entropy is out of range.
    """
    if not 0 <= at_ms < 1 << TIME_BITS:
        raise ValueError(f"at_ms must be in [0, 2**48), not {at_ms}")
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"entropy must be {ENTROPY_BYTES} bytes, not {len(entropy)}")
    number = at_ms << CHANCE_BITS | int.from_bytes(entropy, "big")
    digits = [ALPHABET[number >> shift & 31] for shift in range(125, -1, -5)]
    return kind + "".join(digits)


def parcel_stream(parcel: ParcelId) -> StreamName:
    """Name the stream of what is planned for a parcel."""
    return StreamName(f"parcel/{parcel}")


def site_stream(site: SiteId) -> StreamName:
    """Name the stream of capacity promises of a site."""
    return StreamName(f"site/{site}")


def locker_stream(locker: LockerId) -> StreamName:
    """Name the stream of what physically happened at a locker."""
    return StreamName(f"locker/{locker}")


def remote_stream(locker: LockerId) -> StreamName:
    """Name the stream of what was asked of a locker from afar."""
    return StreamName(f"remote/{locker}")


def fleet_stream(network: str) -> StreamName:
    """Name the stream of what all lockers of a network have in common."""
    return StreamName(f"fleet/{network}")


def dispatch_stream(partner: PartnerId) -> StreamName:
    """Name the stream of which plans of routes a partner's couriers follow."""
    return StreamName(f"dispatch/{partner}")


def split_stream(stream: StreamName) -> tuple[str, str]:
    """Take a stream's name apart into kind and owner."""
    kind, _, owner = stream.partition("/")
    return kind, owner
