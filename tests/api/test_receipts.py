"""A receipt of a locker without a line comes in through the API, brought by whatever program."""

import pytest

from restante.access import DeviceKey, Secret, read_receipt, sign_receipt
from tests.api.conftest import Door
from tests.operations.alone import Far
from tests.operations.house import LOCKER, SITE

LABEL = "JJD770001"
STRANGER = DeviceKey.from_seed(Secret(b"s" * 32))


@pytest.fixture
def far(door: Door) -> Far:
    locker = Far(door.house)
    locker.talk()
    locker.link.cut()
    return locker


def test_a_receipt_makes_the_parcel_known_to_its_partner_before_the_locker_reports(
    door: Door, far: Far
) -> None:
    local, address = far.bring_unannounced(LABEL)
    assert door.ask("GET", f"/parcels/{local}").status_code == 404
    answer = door.ask("POST", "/receipts", {"text": address})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "parcel": local,
        "locker": LOCKER,
        "site": SITE,
        "compartment": read_receipt(address).receipt.compartment,
        "label": LABEL,
        "is_new": True,
    }
    shown = door.ask("GET", f"/parcels/{local}").json()
    assert (shown["label"], shown["locker"], shown["status"]) == (LABEL, LOCKER, "ready")


def test_a_forged_receipt_is_named_as_one_and_moves_nothing(door: Door, far: Far) -> None:
    local, address = far.bring_unannounced(LABEL)
    said = read_receipt(address).receipt
    for forged in (sign_receipt(said, STRANGER), address[:-9], "hello"):
        answer = door.ask("POST", "/receipts", {"text": forged})
        assert answer.status_code == 422, answer.text
        assert "receipt" in answer.text
    assert door.ask("POST", "/receipts", {"text": ""}).status_code == 400
    assert door.ask("GET", f"/parcels/{local}").status_code == 404


def test_a_receipt_brought_again_is_recognised_and_counts_once(door: Door, far: Far) -> None:
    local, address = far.bring_unannounced(LABEL)
    said = [
        door.ask("POST", "/receipts", {"text": address}, key=key).json()
        for key in (door.acme, door.acme, door.rival)
    ]
    assert [one["is_new"] for one in said] == [True, False, False]
    assert {one["parcel"] for one in said} == {local}
    far.agree_within(60)
    assert door.ask("POST", "/receipts", {"text": address}).json()["is_new"] is False
    assert door.house.tags(local).count("parcel.deposited.v1") == 1


def test_another_partner_may_bring_a_receipt_and_still_does_not_see_the_parcel(
    door: Door, far: Far
) -> None:
    local, address = far.bring_unannounced(LABEL)
    assert door.ask("POST", "/receipts", {"text": address}, key=door.rival).status_code == 200
    assert door.ask("GET", f"/parcels/{local}", key=door.rival).status_code == 404
    assert door.ask("GET", "/parcels", key=door.rival).json()["parcels"] == []
    assert door.ask("GET", f"/parcels/{local}").status_code == 200
