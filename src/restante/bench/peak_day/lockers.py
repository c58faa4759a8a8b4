"""Lockers without boards and disks: each talks to the centre through the real session of its link.

What a controller would have recorded is made up here, in the order and form it would have; numbers,
windows, resends, greetings, signatures and lists are those of :mod:`restante.link.locker_session`.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from ...core.ids import CompartmentId, GrantId, LockerId, ParcelId, SiteId
from ...core.value import Fact, UtcSeconds
from ...link.locker_session import LockerSession
from ...link.message import CollectGrant, ExpectedParcel, Signed
from ...link.session import Acknowledged, Dropped, ListArrived
from ..network import COMPARTMENTS, EPOCH, locker_of, reported
from .network import KnownLocker
from .plan import Kind

RELEASE: Final = "bench"


class Waiting(NamedTuple):
    """A report that is not acknowledged."""

    last_seq: int
    kind: Kind
    due_at: float


class Heard(NamedTuple):
    """What came of a message from the centre."""

    acknowledged: Sequence[Waiting]
    expected: Sequence[ParcelId]
    """Parcels the locker was told of for the first time."""
    dropped: int


class BenchLocker:
    """One locker.

    Parameters
    ----------
    verify
        Whether a message carries the centre's signature.
    """

    def __init__(self, known: KnownLocker, verify: Callable[[Signed], bool]) -> None:
        self.locker: LockerId = locker_of(known.letters)
        self.site = SiteId(f"s{known.letters}")
        self.waiting: deque[Waiting] = deque()
        self.acknowledged_seq = known.last_seq
        self.last_seq = known.last_seq
        self.first_seq = known.last_seq
        """Last fact before the bench."""
        self.grants = {ParcelId(one.parcel): GrantId(one.grant) for one in known.parcels}
        self.places: dict[ParcelId, CompartmentId] = {}
        self._seen = {ParcelId(one.parcel) for one in known.parcels}
        self._facts: deque[msgspec.Raw] = deque()
        self._next_place = 0
        self._beats = 0
        self._session = LockerSession(
            locker=self.locker,
            site=self.site,
            release=RELEASE,
            epoch=EPOCH,
            last_seq=known.last_seq,
            acknowledged_seq=known.last_seq,
            list_version=known.list_version,
            verify=verify,
            read_facts=self._read,
            make_challenge=self._make_challenge,
            is_live_challenge=lambda _: True,
            read_clock=lambda: "synced",
        )

    @property
    def is_greeted(self) -> bool:
        """Whether the centre has answered."""
        return self._session.is_online

    def connect(self, now: UtcSeconds) -> None:
        """Note that there is a way to the centre."""
        self._session.connected(now)

    def beat(self, now: UtcSeconds) -> list[bytes]:
        """Say that it is alive, and whatever else is due."""
        if self._session.is_online:
            self._session.beat_soon()
        return self._session.outgoing(now)

    def outgoing(self, now: UtcSeconds) -> list[bytes]:
        """Say what is due."""
        return self._session.outgoing(now)

    def take_place(self) -> CompartmentId:
        """Choose a compartment for a deposit."""
        place = CompartmentId(f"A{self._next_place % COMPARTMENTS:02d}")
        self._next_place += 1
        return place

    def record(self, facts: Sequence[Fact], kind: Kind, due_at: float) -> None:
        """Have facts to report."""
        self._facts.extend(msgspec.Raw(one) for one in reported(facts))
        self.last_seq += len(facts)
        self.waiting.append(Waiting(self.last_seq, kind, due_at))
        self._session.noticed(self.last_seq)

    def receive(self, body: bytes, now: UtcSeconds) -> Heard:
        """Take what the centre says."""
        done: list[Waiting] = []
        expected: list[ParcelId] = []
        dropped = 0
        for event in self._session.receive(body, now):
            match event:
                case Acknowledged(seq=seq):
                    self._let_go(seq)
                    while self.waiting and self.waiting[0].last_seq <= seq:
                        done.append(self.waiting.popleft())
                case ListArrived():
                    expected += self._apply(event)
                case Dropped():
                    dropped += 1
                case _:
                    pass
        return Heard(done, expected, dropped)

    def _apply(self, event: ListArrived) -> list[ParcelId]:
        new: list[ParcelId] = []
        for change in event.changes:
            match change.entry:
                case ExpectedParcel(parcel=parcel) if parcel not in self._seen:
                    self._seen.add(parcel)
                    new.append(parcel)
                case CollectGrant(parcel=parcel, grant=grant):
                    self.grants[parcel] = grant
                case _:
                    pass
        self._session.applied(event.version)
        return new

    def _let_go(self, seq: int) -> None:
        for _ in range(min(seq - self.acknowledged_seq, len(self._facts))):
            self._facts.popleft()
        self.acknowledged_seq = max(self.acknowledged_seq, seq)

    def _read(self, first: int, limit: int) -> list[msgspec.Raw]:
        skipped = first - self.acknowledged_seq - 1
        if skipped < 0:
            return []
        return [self._facts[at] for at in range(skipped, min(skipped + limit, len(self._facts)))]

    def _make_challenge(self) -> str:
        self._beats += 1
        return f"{self.locker}-{self._beats}"
