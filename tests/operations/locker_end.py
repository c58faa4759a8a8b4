"""A locker as the centre sees it: facts and a list in memory, and a session that tells them."""

from typing import Any

import msgspec

from restante.access import PublicKeyring
from restante.core.handoff import HandoffDeposited
from restante.core.ids import CompartmentId, CourierId, ParcelId, SessionId
from restante.core.value import UtcSeconds
from restante.link.locker_session import LockerSession
from restante.link.message import ListEntry
from restante.link.session import Acknowledged, ListArrived, TimeTold
from restante.link.signing import make_verifier
from tests.operations.house import LOCKER, SITE, House, raw


class LockerEnd:
    """A locker that keeps its facts and its list in memory."""

    def __init__(self, house: House) -> None:
        self.facts: list[bytes] = []
        self.list: dict[str, ListEntry] = {}
        self.acknowledged = 0
        self.told_ms = 0
        public: PublicKeyring = house.centre.keyring.public()
        self.session = LockerSession(
            locker=LOCKER,
            site=SITE,
            release="test",
            epoch="f1",
            last_seq=0,
            acknowledged_seq=0,
            list_version=0,
            verify=make_verifier(public),
            make_challenge=lambda: "just given",
            read_facts=lambda first, count: [
                msgspec.Raw(body) for body in self.facts[first - 1 : first - 1 + count]
            ],
        )

    def record(self, fact: Any, now: UtcSeconds) -> None:
        self.facts.append(raw(fact))
        self.session.noticed(len(self.facts))

    def connected(self, now: UtcSeconds) -> None:
        self.session.connected(now)

    def disconnected(self) -> None:
        self.session.disconnected()

    def receive(self, body: bytes, now: UtcSeconds) -> None:
        for event in self.session.receive(body, now):
            match event:
                case Acknowledged(seq=seq):
                    self.acknowledged = seq
                case TimeTold(at_ms=at_ms):
                    self.told_ms = at_ms
                case ListArrived(is_whole=is_whole, version=version, changes=changes):
                    if is_whole:
                        self.list.clear()
                    for change in changes:
                        self.list.pop(change.key, None)
                        if change.entry is not None:
                            self.list[change.key] = change.entry
                    self.session.applied(version)

    def outgoing(self, now: UtcSeconds) -> list[bytes]:
        return self.session.outgoing(now)


def deposited(parcel: ParcelId, at: UtcSeconds) -> HandoffDeposited:
    return HandoffDeposited(
        at=at,
        compartment=CompartmentId("A1"),
        parcel=parcel,
        session=SessionId("s"),
        courier=CourierId("c"),
        evidence="door",
    )
