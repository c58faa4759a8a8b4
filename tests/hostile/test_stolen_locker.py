"""Somebody has a locker's key: what its machine says may hurt its own site and no other."""

import msgspec
import pytest

from restante.access import read_receipt, sign_receipt
from restante.core.alone import Unannounced, UnannouncedAccepted
from restante.core.handoff import HandoffCollected, HandoffDeposited, HandoffRetrieved
from restante.core.ids import CompartmentId, GrantId, ParcelId, PartnerId, SessionId
from restante.core.value import DAY, Fact, UtcSeconds
from restante.link.message import Heartbeat, Hello, encode_message
from restante.operations.receipts import RECEIPT_DAYS, BadReceipt
from restante.views.tables import ANOMALIES
from tests.operations.alone import KEY, Far
from tests.operations.house import (
    ACME,
    COURIER,
    LOCKER,
    OTHER_LOCKER,
    OTHER_SITE,
    RIVAL,
    SHOE_BOX,
    SITE,
    House,
)

A1, A2 = CompartmentId("A1"), CompartmentId("A2")


def kinds_of_matters(house: House) -> set[str]:
    with house.centre.journal.reading() as connection:
        return {row.kind for row in connection.execute(ANOMALIES.select())}


def deposited(house: House, parcel: ParcelId, door: CompartmentId = A1) -> HandoffDeposited:
    return HandoffDeposited(
        at=house.clock.now(),
        compartment=door,
        parcel=parcel,
        session=SessionId("s"),
        courier=COURIER,
        evidence="door",
    )


def collected(house: House, parcel: ParcelId, grant: GrantId) -> HandoffCollected:
    return HandoffCollected(
        at=house.clock.now(),
        compartment=A1,
        parcel=parcel,
        session=SessionId("s"),
        grant=grant,
        reopen_until=UtcSeconds(house.clock.now() + 600),
        evidence="door",
    )


def retrieved(house: House, parcel: ParcelId) -> HandoffRetrieved:
    return HandoffRetrieved(
        at=house.clock.now(),
        compartment=A1,
        parcel=parcel,
        session=SessionId("s"),
        courier=COURIER,
        evidence="door",
    )


def accepted(
    house: House, parcel: ParcelId, label: str, partner: PartnerId = ACME
) -> UnannouncedAccepted:
    about = Unannounced(
        label=label,
        partner=partner,
        courier=COURIER,
        size=SHOE_BOX,
        clock="synced",
    )
    return UnannouncedAccepted(
        at=house.clock.now(), session=SessionId("s"), parcel=parcel, about=about
    )


@pytest.mark.parametrize("lie", ["deposited", "collected", "retrieved", "label", "all of it"])
def test_no_lie_of_a_locker_ends_what_lies_at_another_site(house: House, lie: str) -> None:
    parcel = house.announce("JJD01").parcel
    house.deposit(parcel)
    grant, before = house.grant(parcel), house.list_keys(SITE)
    lies: dict[str, list[Fact]] = {
        "deposited": [deposited(house, parcel)],
        "collected": [collected(house, parcel, grant)],
        "retrieved": [retrieved(house, parcel)],
        "label": [
            accepted(house, ParcelId("p-local"), "JJD01"),
            deposited(house, ParcelId("p-local")),
            collected(house, ParcelId("p-local"), grant),
        ],
        "all of it": [
            deposited(house, parcel),
            collected(house, parcel, grant),
            retrieved(house, parcel),
        ],
    }
    told = lies[lie]
    done = house.report(*told, locker=OTHER_LOCKER)
    assert done.new_count == len(told), "kept as evidence"
    assert house.list_keys(SITE) == before
    assert house.file(parcel).custody.place.locker == LOCKER
    assert "quarantined_fact" in kinds_of_matters(house)
    # Its recipient takes it as if nothing had been said.
    house.collect(parcel)
    assert house.status(parcel) == "collected_by_recipient"


def test_no_locker_renames_what_another_has_found(far: Far, house: House) -> None:
    far.link.cut()
    local, address = far.bring_unannounced("JJD000390007882")
    far.carry(address)
    # The name stands in the receipt; another machine claims it for a partner of its choice.
    house.report(
        accepted(house, local, "EVIL", RIVAL), deposited(house, local), locker=OTHER_LOCKER
    )
    about = house.file(local).custody.about
    assert (about.partner, about.label, about.site) == (ACME, "JJD000390007882", SITE)
    assert "quarantined_fact" in kinds_of_matters(house)


HUGE = 2**63
ABSURD = [
    b'{"by":"x","fact":{"type":"handoff.deposited.v1","at":%d,"compartment":"A1","parcel":"p1",'
    b'"session":"s","courier":"c","evidence":"door"}}' % at
    for at in (HUGE, HUGE - 1, -HUGE, 10**400, -1, 253402300800)
] + [
    b'{"by":"x","fact":{"type":"alarm.raised.v1","at":"NaN"}}',
    b'{"by":"x","fact":{"type":"handoff.deposited.v1","at":1e999}}',
    b'{"by":"' + b"y" * 100_000 + b'","fact":{"type":"session.ended.v1","at":1}}',
    b'{"by":"x","fact":{"type":"locker.installed.v1","at":5,"locker":"locker-01","compartments":'
    + msgspec.json.encode([f"B{n}" for n in range(20_000)])
    + b"}}",
    b'{"by":"\\u0000","cause":"\\u0000","fact":{"type":"\\u0000","at":1}}',
]


def test_absurd_values_are_kept_and_stop_neither_their_locker_nor_another(house: House) -> None:
    parcel = house.announce("JJD01").parcel
    for lie in ABSURD:
        house.report_raw(lie, locker=OTHER_LOCKER)
    house.deposit(parcel, locker=OTHER_LOCKER)
    assert house.centre.queries.parcel(house.acme, parcel).site == OTHER_SITE
    assert "quarantined_fact" in kinds_of_matters(house)


@pytest.mark.parametrize("number", [HUGE, -HUGE, 10**30])
def test_absurd_beats_end_no_link(house: House, number: int) -> None:
    now = house.clock.now()
    end = house.centre.hub.end_for(OTHER_LOCKER)
    end.connected(now)
    greeting = Hello(
        locker=OTHER_LOCKER,
        site=OTHER_SITE,
        epoch="e9",
        last_seq=number,
        list_version=number,
        release="x",
        unsent_count=number,
        unsent_since=UtcSeconds(number),
    )
    beat = Heartbeat(
        locker=OTHER_LOCKER,
        at=UtcSeconds(number),
        unsent_count=number,
        unsent_since=UtcSeconds(number),
        list_version=number,
        acknowledged_seq=number,
    )
    for message in (greeting, beat):
        end.receive(encode_message(message), now)
    end.outgoing(now)
    house.deposit(house.announce("JJD02").parcel, locker=LOCKER)


def test_receipts_of_a_replaced_machine_count_for_a_month(far: Far, house: House) -> None:
    far.link.cut()
    _, address = far.bring_unannounced("JJD000390007882")
    said = read_receipt(address).receipt
    replace_machine(house)
    house.pass_time(DAY)
    assert far.carry(address).is_new
    house.pass_time(RECEIPT_DAYS * DAY)
    forged = msgspec.structs.replace(said, parcel=ParcelId("p-forged"), label="X", seq=99)
    with pytest.raises(BadReceipt):
        far.carry(sign_receipt(forged, KEY))


def replace_machine(house: House) -> None:
    """Let another machine have taken the place of the one with the locker's key."""
    from restante.core.ids import ActorId
    from restante.journal.ledger import Ledger, Operation
    from restante.journal.port import RowChange
    from restante.views.device_tables import DEVICES, SUPERSEDED

    key = (LOCKER, KEY.kid)

    def run(ledger: Ledger) -> None:
        row = ledger.row(DEVICES.name, key)
        assert row is not None
        ended = {**row, "status": SUPERSEDED, "ended_at": ledger.now, "ended_by": ActorId("x")}
        ledger.put(RowChange(DEVICES.name, key, ended))

    house.centre.run(Operation((), run, ((DEVICES.name, key),)))
