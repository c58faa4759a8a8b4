"""Receivers are managed through the API; what was told to them is seen and told again."""

import json

from restante.access import Scope
from restante.partners.webhook import Answer
from tests.api.conftest import Door
from tests.operations.house import ACME
from tests.webhooks.desk import Office

URL = "https://shop.example.com/restante"


def make(door: Door, **given: object) -> dict[str, str]:
    while door.house.centre.deliveries.follow():
        pass
    answer = door.ask("POST", "/webhooks", {"url": URL, **given})
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def test_a_receiver_is_made_changed_and_forgotten(door: Door) -> None:
    made = make(door, label="shop")
    assert made["secret"].startswith("whsec_")
    path = f"/webhooks/{made['id']}"
    shown = door.ask("GET", path).json()
    assert (shown["url"], shown["label"], shown["is_enabled"]) == (URL, "shop", True)
    assert door.ask("GET", "/webhooks").json()["webhooks"] == [shown]
    changed = door.ask(
        "PATCH", path, {"event_types": ["parcel.deposited.v1"], "is_enabled": False}
    ).json()
    assert (changed["event_types"], changed["why"]) == (["parcel.deposited.v1"], "asked")
    assert door.ask("DELETE", path).status_code == 200
    assert door.ask("GET", path).status_code == 404


def test_a_secret_is_shown_once_and_not_to_whoever_repeats_the_request(door: Door) -> None:
    first, second = (
        door.ask("POST", "/webhooks", {"url": URL}, headers={"idempotency-key": "same"})
        for _ in range(2)
    )
    assert second.headers["idempotency-replayed"] == "true"
    assert second.json() == {"id": first.json()["id"], "secret": ""}
    assert len(door.ask("GET", "/webhooks").json()["webhooks"]) == 1
    new = door.ask("POST", f"/webhooks/{first.json()['id']}/secret", {}).json()["secret"]
    assert new not in ("", first.json()["secret"])
    assert new not in door.ask("GET", "/webhooks").text


def test_nobody_sees_or_touches_the_receiver_of_another_partner(door: Door) -> None:
    path = f"/webhooks/{make(door)['id']}"
    for method, below, body in (
        ("GET", "", None),
        ("PATCH", "", {"is_enabled": False}),
        ("DELETE", "", None),
        ("POST", "/secret", {}),
        ("POST", "/ping", None),
        ("GET", "/deliveries", None),
        ("POST", "/replay", {"since": "2026-01-01T00:00:00Z"}),
        ("POST", "/deliveries/msg_x_1/replay", None),
    ):
        answer = door.ask(method, path + below, body, key=door.rival)
        assert answer.status_code == 404, (method, below, answer.text)
    assert door.ask("GET", "/webhooks", key=door.rival).json() == {"webhooks": []}
    assert len(door.ask("GET", "/webhooks", key=door.operator).json()["webhooks"]) == 1


def test_a_key_without_the_scope_manages_no_receiver(door: Door) -> None:
    key = door.issue_key(ACME, frozenset(Scope) - {Scope.WEBHOOKS_MANAGE})
    answer = door.ask("GET", "/webhooks", key=key)
    assert answer.status_code == 403
    assert "webhooks:manage" in answer.json()["detail"]


def test_a_receiver_inside_our_walls_is_refused_with_what_to_write(door: Door) -> None:
    for url in ("http://example.com/", "https://169.254.169.254/", "https://localhost/"):
        answer = door.ask("POST", "/webhooks", {"url": url})
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["path"] == "body.url"


def test_the_log_tells_every_message_and_one_is_told_again(door: Door) -> None:
    made = make(door)
    office = Office(door.house)
    door.announce()
    office.work(lambda _: Answer(500))
    path = f"/webhooks/{made['id']}"
    waiting = door.ask("GET", f"{path}/deliveries?status=open").json()["deliveries"][-1]
    assert (waiting["status"], waiting["answer_code"], waiting["attempts"]) == ("waiting", 500, 1)
    assert waiting["next_try_at"] > waiting["tried_at"]
    again = door.ask("POST", f"{path}/deliveries/{waiting['id']}/replay")
    assert again.status_code == 202
    office.work()
    log = door.ask("GET", f"{path}/deliveries").json()["deliveries"]
    assert {one["status"] for one in log} == {"delivered"}
    assert waiting["id"] in {one["id"] for one in log}
    first = door.ask("GET", f"{path}/deliveries?limit=1").json()
    assert first["next_cursor"]
    more = door.ask("GET", f"{path}/deliveries?limit=1&cursor={first['next_cursor']}").json()
    assert more["deliveries"][0] == log[1]


def test_a_ping_and_a_replay_are_on_their_way_at_once(door: Door) -> None:
    made = make(door)
    office = Office(door.house)
    path = f"/webhooks/{made['id']}"
    ping = door.ask("POST", f"{path}/ping")
    assert ping.status_code == 202
    office.work()
    assert [told.id for told in office.told] == [ping.json()["id"]]
    door.announce()
    office.work()
    told = office.told[1:]
    office.told.clear()
    asked = door.ask("POST", f"{path}/replay", {"since": "2026-01-01T00:00:00Z"})
    assert (asked.status_code, asked.json()["is_replaying"]) == (202, True)
    office.work()
    assert office.told == told


def test_the_document_tells_what_receivers_get(door: Door) -> None:
    document = door.client.get("/api/v1/openapi.json").json()
    told = document["webhooks"]["parcelEvent"]["post"]
    assert {one["name"] for one in told["parameters"]} == {
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }
    fields = document["components"]["schemas"]["Message"]["properties"]
    made = make(door)
    office = Office(door.house)
    door.announce()
    (claimed,) = office.desk.turn((), room_for=lambda _: 1, room=1)
    from restante.partners.webhook import write_message

    assert set(json.loads(write_message(claimed.event))) == set(fields)
    assert claimed.webhook == made["id"]
