"""What is said on the link.

    locker -> centre   Hello        versions and what is open, after every (re)connect
    locker -> centre   Report       facts of the locker's journal, in order; resent until safe
    centre -> locker   Ack          watermark: facts up to it are committed at the centre; signed
    centre -> locker   ListUpdate   what this locker may do: changes or the whole; signed
    centre -> locker   TimeSignal   what time it is; signed
    centre -> locker   Order        open one door, once, now; signed with a key of its own
    centre -> locker   ConfigurationUpdate  what the locker shall be, whole; signed
    centre -> locker   KeysUpdate   public keys of one purpose; signed with one of that purpose
    locker -> centre   Heartbeat    still alive, how much is unsent

Signed messages carry an Ed25519 signature over :func:`signed_bytes`, made with the key named by
``kid``. Facts travel as the bytes they were written in, so that a peer of another release passes
on what it does not understand.
"""

from typing import Final, TypeAlias

import msgspec

from ..access import PublicKey
from ..access import Purpose as KeyPurpose
from ..core.alarm import Reading
from ..core.fit import Condition
from ..core.grant import Purpose
from ..core.hold import HoldPolicy
from ..core.ids import (
    ActorId,
    CompartmentId,
    CourierId,
    GrantId,
    LockerId,
    OrderId,
    ParcelId,
    PartnerId,
    RecipientId,
    SiteId,
)
from ..core.risk import RiskClass
from ..core.size import ParcelSize
from ..core.value import FOREVER, UtcSeconds, Value
from ..journal.numbers import are_small
from .configuration import ConfigurationState

REPORT_FACTS_MAX: Final = 200
"""Facts in one report: about 50 kB, a second on a slow mobile link."""

MESSAGE_BYTES_MAX: Final = 1 << 20
"""Longest message either side accepts."""


UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading bytes of a stranger may raise: no JSON, no UTF-8, nested without end."""


class Malformed(Exception):
    """The other side said something that is not understood; it is dropped and counted."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: expected {expected}")
        self.path = path
        self.expected = expected


# ── What a locker may do ──────────────────────────────────────────────────────────────────────


class ExpectedParcel(Value, tag="parcel"):
    """A parcel that may be put in, lies in, or shall be taken out here."""

    parcel: ParcelId
    partner: PartnerId
    label: str
    size: ParcelSize
    needs_low_door: bool
    hold: HoldPolicy
    deposit_until: UtcSeconds
    """A deposit at or after this is refused."""
    is_overdue: bool = False
    """A courier of its partner takes it out."""
    risk: RiskClass = RiskClass.LOW
    """How long it is given out without the centre."""


class CollectGrant(Value, tag="grant"):
    """A permission to collect, without its secret."""

    grant: GrantId
    parcel: ParcelId
    purpose: Purpose
    valid_from: UtcSeconds
    valid_until: UtcSeconds
    recipient: RecipientId = RecipientId("")
    """Whose it is, a pseudonym: one code opens all parcels of its recipient in one visit. Empty
    keeps this grant to itself."""


class PinVerifier(Value, tag="pin"):
    """What a typed code is checked against."""

    grant: GrantId
    selector: str
    """The public first two digits."""
    verifier: str
    """Keyed as :mod:`restante.access.keyed_pin` writes it, for the locker to stretch; stretched
    already as :mod:`restante.access.pin` does, from a centre before that."""


class CourierPass(Value, tag="courier"):
    """A courier who may sign in by typing number and PIN; tokens need no entry."""

    courier: CourierId
    partner: PartnerId
    login: str
    """Digits the courier types first."""
    verifier: str
    valid_until: UtcSeconds


class ServiceOrder(Value, tag="service"):
    """The operator wants a compartment in or out of service."""

    compartment: CompartmentId
    locker: LockerId
    in_service: bool
    why: str = ""
    ordered_at: UtcSeconds


class SiteNote(Value, tag="site"):
    """What concerns the whole site."""

    site: SiteId
    name: str
    zone: str
    """IANA time zone."""
    closed_from: UtcSeconds | None = None
    closed_until: UtcSeconds | None = None
    help_phone: str = ""
    expected_pickups_per_day: int = 0


ListEntry: TypeAlias = (
    ExpectedParcel | CollectGrant | PinVerifier | CourierPass | ServiceOrder | SiteNote
)


class ListChange(Value):
    """One entry as it stands now; ``None`` took it away."""

    key: str
    """``parcel/<id>``, ``grant/<id>``, ``pin/<grant>``, ``courier/<id>``,
    ``service/<locker>/<compartment>`` or ``site``."""
    entry: ListEntry | None


# ── Messages ──────────────────────────────────────────────────────────────────────────────────


class Hello(Value, tag="hello"):
    """A locker is here again."""

    locker: LockerId
    site: SiteId
    epoch: str
    last_seq: int
    """Last fact in its journal."""
    list_version: int
    release: str
    conditions: tuple[Condition, ...] = ()
    """Every compartment as it stands, with its measures."""
    unsent_count: int = 0
    """Facts it does not know to be safe at the centre."""
    unsent_since: UtcSeconds | None = None
    """Time of the oldest of them."""
    clock: str = ""
    """``synced``, ``holdover`` or ``unknown``; empty from an older locker."""
    challenge: str = ""
    """What an order repeats to prove that it is fresh, whatever the clocks say."""
    configuration: ConfigurationState = ConfigurationState()
    """Which configuration it runs, and which one it could not take."""
    keys: str = ""
    """Names the centre's keys it holds; empty when none need be sent."""


class Report(Value, tag="report"):
    """Facts of the locker's journal, without a gap."""

    locker: LockerId
    epoch: str
    first_seq: int
    facts: tuple[msgspec.Raw, ...]
    """Each an envelope as :class:`ReportedFact`."""


class ReportedFact(Value):
    """A fact with what its envelope adds."""

    by: str
    cause: str = ""
    fact: msgspec.Raw


class Ack(Value, tag="ack"):
    """Facts up to ``seq`` are safe at the centre; the locker need not send them again."""

    locker: LockerId
    epoch: str
    seq: int
    challenge: str = ""
    """As the locker gave it, in the answer to a greeting or a gap: then ``seq`` holds also when it
    is lower than what was acknowledged before, by a centre that was put back from a copy since."""
    kid: str = ""
    signature: bytes = b""


class ListUpdate(Value, tag="list"):
    """What the locker may do: changes since a version, or everything."""

    locker: LockerId
    base_version: int
    """Version the changes apply to; 0 means everything: forget what is not in it."""
    version: int
    changes: tuple[ListChange, ...]
    challenge: str = ""
    """As the locker gave it last: a whole list that was held back on the way would bring back what
    was taken away since, at a locker that has lost its own."""
    kid: str = ""
    signature: bytes = b""


class TimeSignal(Value, tag="time"):
    """What time it is at the centre."""

    locker: LockerId
    at_ms: int
    challenge: str = ""
    """The last one the locker gave: a word about the time that was held back is worth nothing."""
    kid: str = ""
    signature: bytes = b""


class Order(Value, tag="order"):
    """Open one door, once, now. It is never resent, and void when its seconds are over."""

    locker: LockerId
    epoch: str
    """The life of the locker's journal it is meant for; an order of an earlier life is void."""
    order: OrderId
    """Names it, and is taken once."""
    counter: int
    """Higher than that of every order before it; what comes late or again is lower."""
    compartment: CompartmentId
    purpose: Purpose
    """``service`` or ``collect``."""
    issued_at: UtcSeconds
    expires_at: UtcSeconds
    """At most :data:`restante.core.order.ORDER_SECONDS_MAX` after it was issued."""
    asked_by: ActorId
    grant: GrantId | None = None
    """For a recipient: the grant whose door this is."""
    parcel: ParcelId | None = None
    """For a partner: the parcel of its own that must still lie inside."""
    presence: str = ""
    """For a recipient: what the locker's own screen showed a moment ago."""
    challenge: str = ""
    """The last one the locker gave; needed when its clock is in doubt."""
    kid: str = ""
    signature: bytes = b""


class ConfigurationUpdate(Value, tag="configuration"):
    """What the locker shall be; taken whole, or refused and told why."""

    locker: LockerId
    version: int
    body: msgspec.Raw
    """A :class:`restante.link.configuration.Configuration`, as the bytes that are signed."""
    kid: str = ""
    signature: bytes = b""


class KeysUpdate(Value, tag="keys"):
    """The centre's public keys of one purpose; see :mod:`restante.access.exchange`."""

    locker: LockerId
    purpose: KeyPurpose
    keys: tuple[PublicKey, ...]
    """Oldest first."""
    kid: str = ""
    signature: bytes = b""


class Heartbeat(Value, tag="heartbeat"):
    """A locker is alive."""

    locker: LockerId
    at: UtcSeconds
    unsent_count: int
    unsent_since: UtcSeconds | None
    list_version: int
    epoch: str = ""
    acknowledged_seq: int = 0
    """Up to where the locker believes its facts safe; a centre that knows better says so."""
    clock: str = ""
    """As :attr:`Hello.clock`."""
    challenge: str = ""
    """As :attr:`Hello.challenge`; a new one with every beat."""
    configuration: ConfigurationState = ConfigurationState()
    """As :attr:`Hello.configuration`."""
    readings: tuple[Reading, ...] = ()
    """What its sensors say now; empty where there are none."""
    keys: str = ""
    """As :attr:`Hello.keys`."""


FromLocker: TypeAlias = Hello | Report | Heartbeat
FromCentre: TypeAlias = Ack | ListUpdate | TimeSignal | Order | ConfigurationUpdate | KeysUpdate
Signed: TypeAlias = FromCentre

_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_FROM_LOCKER: Final = msgspec.json.Decoder(FromLocker)
_FROM_CENTRE: Final = msgspec.json.Decoder(FromCentre)


def encode_message(message: FromLocker | FromCentre) -> bytes:
    """Write a message as JSON bytes."""
    return _ENCODER.encode(message)


def decode_from_locker(body: bytes) -> FromLocker:
    """Read what a locker said.

    Raises
    ------
    Malformed
        When it is too long or not of the form.
    """
    _check_length(body)
    try:
        message: FromLocker = _FROM_LOCKER.decode(body)
    except UNREADABLE as error:
        raise Malformed("message", f"hello, report or heartbeat ({error})") from error
    # The facts of a report are judged one by one, so that one bad fact stops no other.
    is_small = message.first_seq <= FOREVER if isinstance(message, Report) else are_small(body)
    if not is_small:
        raise Malformed("message", "no number above 2^53")
    return message


def decode_from_centre(body: bytes) -> FromCentre:
    """Read what the centre said; see :func:`decode_from_locker`."""
    _check_length(body)
    try:
        message: FromCentre = _FROM_CENTRE.decode(body)
    except UNREADABLE as error:
        raise Malformed("message", f"something a centre says ({error})") from error
    return message


def signed_bytes(message: Signed) -> bytes:
    """Give the bytes a signature covers: the message without it, keys in a fixed order."""
    return _ENCODER.encode(msgspec.structs.replace(message, signature=b""))


def _check_length(body: bytes) -> None:
    if len(body) > MESSAGE_BYTES_MAX:
        raise Malformed("message", f"at most {MESSAGE_BYTES_MAX} bytes, not {len(body)}")
