"""Machines that ask without a key, and operators who ask about machines."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from restante.access import DeviceKey, DeviceUse, Secret
from restante.access.authority import make_authority
from restante.access.device import renewal_bytes
from restante.core.value import DAY, UtcSeconds
from restante.operations.enrolment import Broker, EnrolmentDesk
from tests.api.conftest import Door
from tests.operations.house import LOCKER, OPERATOR, open_house

KEY = DeviceKey.from_seed(Secret(b"\1" * 32))
REQUEST = KEY.request_certificate(LOCKER)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    house = open_house(tmp_path / "data")
    (tmp_path / "authority").mkdir()
    centre = house.centre
    desk = EnrolmentDesk(
        reading=centre.journal.reading,
        means=centre.means,
        authority=make_authority(tmp_path / "authority", "net", now=house.clock.now()),
        broker=Broker("mqtts://broker.example.org", "net"),
    )
    house.centre = centre._replace(enrolment=desk)
    door = Door(house)
    with door.client:
        yield door
    centre.close()


def stranger(door: Door, path: str, body: dict[str, Any]) -> Any:
    return door.client.post(f"/api/v1{path}", json=body)


def claim(door: Door) -> str:
    answer = door.ask("POST", f"/lockers/{LOCKER}/claims", key=door.operator)
    assert answer.status_code == 201, answer.text
    code: str = answer.json()["code"]
    return code


def test_a_machine_is_enrolled_and_renewed_without_a_key(door: Door) -> None:
    body = {"claim": claim(door), "request": REQUEST.decode()}
    answer = stranger(door, "/enrolments", body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    first = answer.json()
    assert (first["locker"], first["broker_url"]) == (LOCKER, "mqtts://broker.example.org")
    machine = door.ask("GET", f"/lockers/{LOCKER}/machine", key=door.operator).json()
    assert (machine["status"], machine["kid"]) == ("enrolled", KEY.kid)
    door.house.clock.set(UtcSeconds(door.house.clock.now() + 60 * DAY))
    signature = b64encode(KEY.sign(DeviceUse.RENEWAL, renewal_bytes(LOCKER, REQUEST))).decode()
    asked = {"locker": LOCKER, "request": REQUEST.decode(), "signature": signature}
    second = stranger(door, "/renewals", asked).json()
    assert second["not_after"] > first["not_after"]
    assert second["certificate"] != first["certificate"]


def test_a_revoked_machine_is_refused_and_shown_as_such(door: Door) -> None:
    stranger(door, "/enrolments", {"claim": claim(door), "request": REQUEST.decode()})
    path = f"/lockers/{LOCKER}/revocation"
    machine = door.ask("POST", path, {"why": "stolen"}, key=door.operator).json()
    assert machine["status"] == "revoked"
    signature = b64encode(KEY.sign(DeviceUse.RENEWAL, renewal_bytes(LOCKER, REQUEST))).decode()
    asked = {"locker": LOCKER, "request": REQUEST.decode(), "signature": signature}
    assert stranger(door, "/renewals", asked).status_code == 403


def test_wrong_codes_are_few_and_seen(door: Door) -> None:
    body = {"claim": "AAAA-AAAA-AAAA-AAAA", "request": REQUEST.decode()}
    statuses = [stranger(door, "/enrolments", body).status_code for _ in range(30)]
    assert statuses[0] == 403
    assert statuses[-1] == 429
    assert statuses.count(403) <= 21
    matters = door.house.centre.queries.matters(OPERATOR)
    assert [one.kind for one in matters] == ["wrong_claim"]


def test_what_is_no_request_is_named(door: Door) -> None:
    code = claim(door)
    answer = stranger(door, "/enrolments", {"claim": code, "request": "hello"})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "body.request")
    asked = {"locker": LOCKER, "request": REQUEST.decode(), "signature": "?"}
    assert stranger(door, "/renewals", asked).status_code == 422


def test_partners_neither_let_machines_in_nor_put_them_out(door: Door) -> None:
    for method, path, body in (
        ("POST", "claims", None),
        ("POST", "revocation", {"why": "x"}),
        ("PUT", "configuration", {"ring": "canary"}),
        ("GET", "machine", None),
    ):
        assert door.ask(method, f"/lockers/{LOCKER}/{path}", body).status_code == 403


def test_a_configuration_is_wanted_and_a_ring_gets_a_release(door: Door) -> None:
    path = f"/lockers/{LOCKER}/configuration"
    machine = door.ask("PUT", path, {"ring": "canary"}, key=door.operator).json()
    assert (machine["ring"], machine["desired_version"]) == ("canary", 1)
    assert "ring" in machine["differing"]
    assert door.ask("PUT", path, {"ring": "gold"}, key=door.operator).status_code == 422
    rings = door.ask("PUT", "/rings/canary", {"release": "9.9"}, key=door.operator).json()["rings"]
    assert (rings[0]["ring"], rings[0]["release"], rings[0]["locker_count"]) == ("canary", "9.9", 1)
