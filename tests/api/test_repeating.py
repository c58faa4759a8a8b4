"""Requests that create something may be repeated: one effect, one answer."""

import asyncio
import threading
from typing import Any

import httpx
import pytest

from restante.api.table import ENDPOINTS
from tests.api.conftest import Door, announcement, path_of

CREATING = [one for one in ENDPOINTS if one.is_creating]


@pytest.mark.parametrize("endpoint", CREATING, ids=lambda one: one.name)
def test_what_creates_needs_a_key_of_its_own(door: Door, endpoint: Any):
    path = "/api/v1" + path_of(endpoint)
    headers = {"authorization": f"Bearer {door.acme}", "content-type": endpoint.body_media}
    body = {} if endpoint.body is None else {"json": endpoint.example}
    if endpoint.body is bytes:
        body = {"content": endpoint.example}
    answer = door.client.request(endpoint.method, path, headers=headers, **body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_missing"


def test_the_same_request_again_gets_the_same_answer_and_has_no_second_effect(door: Door):
    headers = {"idempotency-key": "order-1"}
    first = door.ask("POST", "/parcels", announcement(), headers=headers)
    again = door.ask("POST", "/parcels", announcement(), headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(door.ask("GET", "/parcels").json()["parcels"]) == 1


def test_a_hold_is_extended_once_however_often_the_request_is_sent(door: Door):
    done = door.announce()
    door.house.deposit(done["id"])
    headers = {"idempotency-key": "more-time"}
    path = f"/parcels/{done['id']}/extend"
    answers = [door.ask("POST", path, headers=headers).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert door.ask("GET", f"/parcels/{done['id']}").json()["extension_count"] == 1


def test_the_same_key_with_another_request_is_refused(door: Door):
    headers = {"idempotency-key": "order-1"}
    door.ask("POST", "/parcels", announcement(), headers=headers)
    answer = door.ask("POST", "/parcels", announcement("ABC-000-222"), headers=headers)
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"


def test_two_partners_may_use_the_same_key(door: Door):
    headers = {"idempotency-key": "order-1"}
    for key in (door.acme, door.rival):
        answer = door.ask("POST", "/parcels", announcement(), key=key, headers=headers)
        assert answer.status_code == 201


def test_a_refused_request_is_decided_anew(door: Door):
    headers = {"idempotency-key": "order-1"}
    body = announcement(site="site-09")
    assert door.ask("POST", "/parcels", body, headers=headers).status_code == 422
    answer = door.ask("POST", "/parcels", announcement(), headers=headers)
    assert answer.status_code == 201


def test_a_batch_that_broke_off_is_completed_by_its_repetition(door: Door):
    headers = {"idempotency-key": "batch-1"}
    body = {"parcels": [announcement(f"ABC-000-00{n}", promise="none") for n in range(3)]}
    first = door.ask("POST", "/parcels/batch", body, headers=headers)
    # As after a crash before the last step: the parts are kept, the whole is not.
    from restante.journal.ledger import Operation
    from restante.journal.port import RowChange

    change = RowChange("answers", ("partner:acme", "batch-1"), None)
    door.house.centre.run(Operation((), lambda ledger: ledger.put(change)))
    again = door.ask("POST", "/parcels/batch", body, headers=headers)
    assert again.json()["results"] == first.json()["results"]
    assert "idempotency-replayed" not in again.headers


def test_answers_outlive_a_restart_and_seven_days(door: Door):
    headers = {"idempotency-key": "order-1"}
    first = door.ask("POST", "/parcels", announcement(), headers=headers)
    door.house.pass_time(7 * 86400)
    again = door.ask("POST", "/parcels", announcement(), headers=headers)
    assert again.json() == first.json()


def test_the_same_request_twice_at_once_has_one_effect(door: Door):
    headers = {
        "authorization": f"Bearer {door.acme}",
        "idempotency-key": "order-1",
    }

    async def ask_twice() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=door.app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as one:
            asked = (
                one.post("/api/v1/parcels", json=announcement(), headers=headers) for _ in range(4)
            )
            return list(await asyncio.gather(*asked))

    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.extend(asyncio.run(ask_twice())))
    thread.start()
    thread.join()
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == 201
    assert set(codes) <= {201, 409}
    busy = [one.json()["code"] for one in answers if one.status_code == 409]
    assert set(busy) <= {"idempotency_key_busy"}
    assert len(door.ask("GET", "/parcels").json()["parcels"]) == 1
