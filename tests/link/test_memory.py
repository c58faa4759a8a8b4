"""The link inside one process: a real controller at one end, a centre's session at the other."""

from restante.core.value import UtcSeconds
from restante.edge.uplink import Uplink
from restante.link.centre_session import CentreSession
from restante.link.memory import MemoryLink
from restante.link.message import ListChange
from restante.link.session import FactsArrived, ListDelta
from restante.link.signing import make_signer
from tests.edge.cabinet import LOCKER, START, Cabinet


class Centre:
    """As much of a centre as the link needs."""

    def __init__(self, cabinet: Cabinet) -> None:
        self.facts: list[bytes] = []
        self.changes: list[ListChange] = []
        self.session = CentreSession(
            locker=LOCKER,
            watermarks={},
            list_version=0,
            sign=make_signer(cabinet.keyring.current),
            read_list=lambda base: ListDelta(base, len(self.changes), tuple(self.changes[base:])),
        )

    def connected(self, now: UtcSeconds) -> None:
        self.session.connected(now)

    def disconnected(self) -> None:
        self.session.disconnected()

    def receive(self, body: bytes, now: UtcSeconds) -> None:
        for event in self.session.receive(body, now):
            if isinstance(event, FactsArrived):
                self.facts.extend(bytes(one) for one in event.facts)
                self.session.committed(event.epoch, len(self.facts))

    def outgoing(self, now: UtcSeconds) -> list[bytes]:
        return self.session.outgoing(now)

    def tell(self, changes: list[ListChange]) -> None:
        self.changes += changes
        self.session.list_changed(len(self.changes))


def test_a_cut_link_stops_nothing_and_both_sides_agree_when_it_returns() -> None:
    cabinet = Cabinet()
    centre = Centre(cabinet)
    uplink = Uplink(cabinet.controller, cabinet.keys.public)
    link = MemoryLink(uplink, centre)
    # What the cabinet's own pen would write goes through the link instead.
    cabinet.tell_changes = centre.tell  # type: ignore[method-assign]
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    link.pump(START)
    assert uplink.is_online
    assert cabinet.controller.store.list_version == 3

    link.cut()
    cabinet.bring("p1")
    cabinet.controller.sign_in_with_pin(code)
    assert cabinet.take("g-p1") == "p1"
    assert link.pump(cabinet.clock.now()) == 0
    assert uplink.outgoing(cabinet.clock.now()) == []
    assert uplink.session.unsent_count > 0

    link.restore()
    link.pump(cabinet.clock.now())
    assert uplink.session.unsent_count == 0
    assert len(centre.facts) == cabinet.controller.store.version
    assert cabinet.controller.store.watermark == len(centre.facts)


def test_the_signed_time_corrects_a_clock_that_lost_its_battery() -> None:
    cabinet = Cabinet()
    uplink = Uplink(cabinet.controller, cabinet.keys.public)
    cabinet.clock.set(UtcSeconds(0))
    assert cabinet.controller.clock.now() == START
    link = MemoryLink(uplink, Centre(cabinet))
    link.pump(UtcSeconds(START + 5000))
    assert cabinet.controller.clock.now() == START + 5000
    cabinet.clock.set(UtcSeconds(60))
    assert cabinet.controller.clock.now() == START + 5060
