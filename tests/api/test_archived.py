"""What programs are told of months that were archived."""

import datetime as dt
from pathlib import Path

import pytest

from restante.core.streams import KINDS
from restante.core.value import DAY
from restante.journal.archive import archive_before
from tests.api.conftest import Door


@pytest.fixture
def archived(door: Door, tmp_path: Path) -> tuple[Door, str, int]:
    """Archive all that happened to one parcel, and go on living."""
    house = door.house
    parcel = door.announce("ABC-000-111")["id"]
    house.deposit(parcel)
    house.collect(parcel)
    house.pass_time(5 * DAY)
    house.clock.set(house.clock.now() + 40 * DAY)  # type: ignore[arg-type]
    now = house.clock.now()
    month = dt.datetime.fromtimestamp(now, dt.UTC).strftime("%Y-%m")
    journal = house.centre.journal
    moved = archive_before(
        journal, KINDS, tmp_path / "a", before=month, now=now, sign=lambda _: ("k", b"s")
    )
    assert moved
    door.announce("ABC-000-222")
    return door, parcel, journal.floor()


@pytest.mark.parametrize("after", [0, 1, -1])
def test_a_feed_from_below_the_floor_is_gone_and_names_where_to_go_on(
    archived: tuple[Door, str, int], after: int
) -> None:
    door, _, floor = archived
    answer = door.ask("GET", f"/events?after={after % floor}")
    assert answer.status_code == 410
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["code"] == "archived"
    assert problem["type"] == "/api/v1/problems/archived"
    assert f"go on with after={floor}" in problem["detail"]
    assert problem["errors"] == [{"path": "query.after", "message": f"Expected `int` >= {floor}"}]
    assert door.client.get(problem["type"]).status_code == 200


def test_whoever_goes_on_from_there_gets_every_event_that_is_left(
    archived: tuple[Door, str, int],
) -> None:
    door, _, floor = archived
    told = door.ask("GET", f"/events?after={floor}").json()
    assert told["events"]
    assert all(event["position"] > floor for event in told["events"])
    every = door.ask("GET", f"/events?after={floor}&limit=500", key=door.operator).json()["events"]
    assert [event["position"] for event in every] == list(
        range(floor + 1, door.house.centre.journal.head() + 1)
    )


def test_an_old_parcel_says_how_much_of_it_is_archived_and_keeps_its_times(
    archived: tuple[Door, str, int],
) -> None:
    door, parcel, _ = archived
    timeline = door.ask("GET", f"/parcels/{parcel}/timeline").json()
    assert timeline["archived_count"] >= 5
    assert timeline["entries"] == []
    shown = door.ask("GET", f"/parcels/{parcel}").json()
    assert shown["group"] == "done"
    assert {"announced", "deposited", "collected"} <= set(shown["milestones"])


def test_a_new_parcel_has_nothing_archived(archived: tuple[Door, str, int]) -> None:
    door, _, _ = archived
    parcel = door.ask("GET", "/parcels?label=ABC-000-222").json()["parcels"][0]["id"]
    timeline = door.ask("GET", f"/parcels/{parcel}/timeline").json()
    assert timeline["archived_count"] == 0
    assert timeline["entries"][0]["type"] == "parcel.announced.v1"


def test_a_replay_by_a_receiver_begins_at_the_floor(archived: tuple[Door, str, int]) -> None:
    door, parcel, floor = archived
    made = door.ask("POST", "/webhooks", {"url": "https://shop.example.com/restante"}).json()
    path = f"/webhooks/{made['id']}"
    asked = door.ask("POST", f"{path}/replay", {"since": "2026-01-01T00:00:00Z"})
    assert asked.status_code == 202
    desk = door.house.centre.deliveries
    while door.ask("GET", path).json()["is_replaying"]:
        desk.turn((), room_for=lambda _: 0, room=0)
    told = door.ask("GET", f"{path}/deliveries?limit=100").json()["deliveries"]
    assert told
    assert all(parcel not in str(one) for one in told)
    assert min(one["position"] for one in told) > floor
