"""Room, sites, lockers and the feed, as programs see them."""

from tests.api.conftest import Door, announcement

SIZE = {"length_mm": 300, "width_mm": 200, "height_mm": 120, "weight_g": 1500}
SMALL = "&".join(f"{name}={value}" for name, value in SIZE.items())
FLAT = 5
"""Compartments of the site in these tests."""


def test_a_soft_booking_is_confirmed_and_released(door: Door):
    parcel = door.announce(promise="none")["id"]
    booking = door.ask("POST", "/bookings", {"parcel": parcel, "promise": "soft"}).json()
    assert booking["is_firm"] is False
    firm = door.ask("POST", f"/bookings/{booking['id']}/confirm", {}).json()
    assert firm["is_firm"] is True
    assert firm["expires_at"] > booking["expires_at"]
    listed = door.ask("GET", f"/bookings?parcel={parcel}").json()["bookings"]
    assert [one["id"] for one in listed] == [booking["id"]]
    assert door.ask("POST", f"/bookings/{booking['id']}/release").status_code == 200
    assert door.ask("GET", f"/bookings/{booking['id']}").status_code == 404
    assert door.ask("GET", f"/parcels/{parcel}").json()["status"] == "announced"


def test_a_soft_booking_ends_by_itself(door: Door):
    parcel = door.announce(promise="soft")
    door.house.pass_time(3600)
    answer = door.ask("GET", f"/bookings/{parcel['booking']['id']}")
    assert answer.status_code == 404


def test_a_booking_in_the_past_is_refused_with_what_to_do(door: Door):
    parcel = door.announce(promise="soft")
    body = {"arrives_until": "2020-01-01T00:00:00Z"}
    answer = door.ask("POST", f"/bookings/{parcel['booking']['id']}/confirm", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_possible_now")


def test_room_is_told_before_it_is_booked_and_others_when_there_is_none(door: Door):
    answer = door.ask("GET", f"/availability?site=site-01&{SMALL}").json()
    assert answer["is_available"] is True
    for n in range(FLAT):
        door.announce(f"ABC-000-00{n}")
    answer = door.ask("GET", f"/availability?site=site-01&{SMALL}").json()
    assert (answer["is_available"], answer["code"]) == (False, "site_full")
    assert [one["site"] for one in answer["alternatives"]] == ["site-02"]
    refused = door.ask("POST", "/parcels", announcement("ABC-000-999"))
    assert (refused.status_code, refused.json()["code"]) == (409, "site_full")


def test_sites_tell_their_room_and_their_place_on_a_map(door: Door):
    door.announce()
    site = door.ask("GET", "/sites/site-01").json()
    assert site["zone"] == "Europe/Berlin"
    assert (site["status"]["compartment_count"], site["status"]["free_count"]) == (5, 4)
    assert door.ask("GET", "/sites/site-01/status").json() == site["status"]
    points = door.ask("GET", "/points?limit=1")
    assert points.headers["content-type"] == "application/geo+json"
    feature = points.json()["features"][0]
    assert feature["geometry"] == {"coordinates": [13.4, 52.5], "type": "Point"}
    assert points.json()["next_cursor"]


def test_a_closed_site_takes_nothing_until_it_is_reopened(door: Door):
    body = {"from_at": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z", "why": "flood"}
    closed = door.ask("POST", "/sites/site-01/closures", body, key=door.operator)
    assert [one["why"] for one in closed.json()["closures"]] == ["flood"]
    assert door.ask("GET", "/sites/site-01").json()["status"]["is_closed"] is True
    refused = door.ask("POST", "/parcels", announcement("ABC-000-999"))
    assert refused.json()["code"] == "site_closed"
    opened = door.ask("DELETE", "/sites/site-01/closures", key=door.operator)
    assert opened.json()["closures"] == []
    door.announce()


def test_lockers_show_compartments_and_name_own_parcels_only(door: Door):
    own = door.announce()
    door.house.deposit(own["id"])
    mine = door.ask("GET", "/lockers/locker-01").json()["compartments"][0]
    theirs = door.ask("GET", "/lockers/locker-01", key=door.rival).json()["compartments"][0]
    assert (mine["parcel"], theirs["parcel"]) == (own["id"], None)
    assert mine["content"] == theirs["content"]
    listed = door.ask("GET", "/lockers?site=site-02").json()["lockers"]
    assert [one["id"] for one in listed] == ["locker-02"]


def test_an_unknown_compartment_is_refused(door: Door):
    path = "/lockers/locker-01/compartments/Z9/service"
    answer = door.ask("PUT", path, {"in_service": False, "why": "dirty"}, key=door.operator)
    assert (answer.status_code, answer.json()["code"]) == (422, "compartment_unknown")
    path = "/lockers/locker-01/compartments/A1/service"
    answer = door.ask("PUT", path, {"in_service": False, "why": "dirty"}, key=door.operator)
    assert answer.status_code == 202


def test_the_feed_tells_everything_once_and_in_order(door: Door):
    own = door.announce()
    door.ask("POST", "/parcels", None, key=door.rival)
    door.house.deposit(own["id"])
    seen, after, has_more = [], 0, True
    while has_more:
        feed = door.ask("GET", f"/events?after={after}&limit=2").json()
        seen += feed["events"]
        after, has_more = feed["next_after"], feed["has_more"]
    positions = [one["position"] for one in seen]
    assert positions == sorted(set(positions))
    assert {one["stream"] for one in seen} == {f"parcel/{own['id']}"}
    timeline = door.ask("GET", f"/parcels/{own['id']}/timeline").json()["entries"]
    assert [one["type"] for one in seen] == [one["type"] for one in timeline]
    assert door.ask("GET", f"/events?after={after}").json()["next_after"] == after
    door.house.collect(own["id"])
    assert "parcel.collected.v1" in {
        one["type"] for one in door.ask("GET", f"/events?after={after}").json()["events"]
    }


def test_a_key_knows_whose_it_is(door: Door):
    told = door.ask("GET", "/partner").json()
    assert (told["id"], told["role"]) == ("acme", "partner")
    assert "parcels:write" in told["key"]["scopes"]
    assert door.acme.rsplit("_", 1)[1] not in str(told)
    assert door.ask("GET", "/partner", key=door.operator).json()["role"] == "operator"
