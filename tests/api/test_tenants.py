"""Nobody reads or changes what belongs to another partner; every endpoint is asked."""

from typing import Any

import pytest

from restante.access import Scope
from restante.api.endpoint import CSV, Endpoint
from restante.api.table import ENDPOINTS
from tests.api.conftest import Door, path_of
from tests.operations.house import ACME

SIZE = {"length_mm": 300, "width_mm": 200, "height_mm": 100, "weight_g": 1000}
BODIES: dict[str, Any] = {"bookRoom": {"parcel": "?", "promise": "soft"}, "correctSize": SIZE}
OWNED = [one for one in ENDPOINTS if {"parcel", "booking"} & set(one.parameters)]


def send(door: Door, endpoint: Endpoint, key: str, path: str, body: Any = None) -> Any:
    """Ask an endpoint with a body that works."""
    sent = BODIES.get(endpoint.name, endpoint.example) if body is None else body
    if endpoint.body is None:
        return door.ask(endpoint.method, path, key=key)
    if endpoint.body_media == CSV:
        headers = {"content-type": CSV}
        return door.ask(endpoint.method, path, key=key, headers=headers, content=sent)
    return door.ask(endpoint.method, path, sent, key=key)


@pytest.fixture(scope="module")
def own(shared_door: Door) -> dict[str, Any]:
    """A parcel of one partner, which nothing the other asks may change."""
    return shared_door.announce()


@pytest.mark.parametrize("endpoint", OWNED, ids=lambda one: one.name)
def test_what_belongs_to_another_is_as_absent_as_what_never_was(
    shared_door: Door, own: dict[str, Any], endpoint: Endpoint
):
    door = shared_door
    names = {"parcel": own["id"], "booking": own["booking"]["id"]}
    before = door.ask("GET", f"/parcels/{own['id']}/timeline").json()
    answers = []
    for changed in (names, {"parcel": "p-never-was", "booking": "b-never-was"}):
        answer = send(door, endpoint, door.rival, endpoint.path.format(**changed))
        problem = answer.json()
        assert answer.status_code == 404
        assert own["label"] not in answer.text
        for name in (*names.values(), *changed.values()):
            problem = {
                key: text.replace(name, "*") if isinstance(text, str) else text
                for key, text in problem.items()
            }
        answers.append({**problem, "request_id": ""})
    assert answers[0] == answers[1]
    assert door.ask("GET", f"/parcels/{own['id']}/timeline").json() == before


def test_room_is_not_booked_for_the_parcel_of_another(door: Door):
    own = door.announce(promise="none")
    body = {"parcel": own["id"], "promise": "firm"}
    assert door.ask("POST", "/bookings", body, key=door.rival).status_code == 404
    assert door.ask("POST", "/bookings", body).status_code == 201


@pytest.mark.parametrize(
    "path", ["/parcels", "/parcels?site=site-01", "/bookings", "/events", "/lockers", "/partner"]
)
def test_lists_name_nothing_of_another(door: Door, path: str):
    own = door.announce()
    door.house.deposit(own["id"])
    text = door.ask("GET", path, key=door.rival).text
    for name in (own["id"], own["booking"]["id"], own["label"], own["recipient"], ACME):
        assert name not in text


def test_partners_cannot_announce_for_each_other(door: Door):
    from tests.api.conftest import announcement

    answer = door.ask("POST", "/parcels", announcement(partner=ACME), key=door.rival)
    assert answer.status_code == 403
    done = door.ask("POST", "/parcels", announcement(partner=ACME), key=door.operator)
    assert done.status_code == 201
    assert door.ask("GET", f"/parcels/{done.json()['id']}").status_code == 200


def test_only_machines_that_become_a_locker_need_no_key():
    assert {one.name for one in ENDPOINTS if one.is_open} == {"enrol", "renew"}


@pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if not one.is_open], ids=lambda one: one.name
)
def test_no_endpoint_answers_without_a_valid_key(shared_door: Door, endpoint: Endpoint):
    door = shared_door
    path = "/api/v1" + path_of(endpoint)
    wrong = door.acme[:-1] + ("0" if door.acme[-1] != "0" else "1")
    texts = set()
    for authorization in ("Bearer rk_", f"Bearer {wrong}", f"Basic {door.acme}", door.acme, ""):
        headers = {"authorization": authorization} if authorization else {}
        answer = door.client.request(endpoint.method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
        assert door.acme not in answer.text
        texts.add(answer.json()["title"])
    assert len(texts) == 1


@pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if one.scope], ids=lambda one: one.name
)
def test_every_scope_is_needed_where_it_is_named(shared_door: Door, endpoint: Endpoint):
    door = shared_door
    lacking = door.issue_key(ACME, frozenset(set(Scope) - {endpoint.scope}))
    answer = send(door, endpoint, lacking, path_of(endpoint))
    assert answer.status_code == 403
    assert endpoint.scope.value in answer.json()["detail"]


@pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if one.is_operators], ids=lambda one: one.name
)
def test_partners_do_not_run_the_network(shared_door: Door, endpoint: Endpoint):
    door = shared_door
    path = path_of(endpoint)
    assert send(door, endpoint, door.acme, path).status_code == 403
    answer = send(door, endpoint, door.operator, path)
    # This house enrols nobody and has not everything that has a name; who asks is not the reason.
    is_missing = answer.status_code in (404, 409) and answer.json()["code"] in (
        "not_found",
        "not_possible_now",
    )
    assert answer.status_code in (200, 201, 202, 204) or is_missing


def test_a_revoked_or_expired_key_opens_nothing(door: Door):
    from restante.access import read_key_id
    from restante.operations.directory import revoke_api_key
    from tests.operations.house import OPERATOR

    assert door.ask("GET", "/partner").status_code == 200
    key_id = read_key_id(door.acme)
    assert key_id
    door.house.centre.run(revoke_api_key(OPERATOR, key_id=key_id))
    assert door.ask("GET", "/partner").status_code == 401


def test_the_last_use_of_a_key_is_known_to_the_minute(door: Door):
    assert door.ask("GET", "/partner").json()["key"]["last_used_at"] is not None
    first = door.ask("GET", "/partner").json()["key"]["last_used_at"]
    door.house.pass_time(3600)
    door.ask("GET", "/sites")
    assert door.ask("GET", "/partner").json()["key"]["last_used_at"] > first
