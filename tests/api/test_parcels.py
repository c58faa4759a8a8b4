"""What partners rely on when they announce, look up and change parcels."""

from tests.api.conftest import Door, announcement


def test_an_announced_parcel_has_room_and_can_be_looked_up(door: Door):
    done = door.announce()
    assert done["is_new"] and done["booking"]["is_firm"]
    answer = door.ask("GET", f"/parcels/{done['id']}")
    parcel = answer.json()
    assert answer.status_code == 200
    assert parcel["status"] == "booked"
    assert parcel["zone"] == "Europe/Berlin"
    assert parcel["booking"]["id"] == done["booking"]["id"]
    assert parcel["changed_at"].endswith("Z")


def test_an_unchanged_parcel_is_not_sent_again(door: Door):
    done = door.announce()
    first = door.ask("GET", f"/parcels/{done['id']}")
    again = door.ask(
        "GET", f"/parcels/{done['id']}", headers={"if-none-match": first.headers["etag"]}
    )
    assert again.status_code == 304
    assert again.content == b""


def test_a_parcel_that_fits_nowhere_is_refused_with_what_to_do(door: Door):
    size = {"length_mm": 1900, "width_mm": 900, "height_mm": 900, "weight_g": 1500}
    answer = door.ask("POST", "/parcels", announcement(size=size))
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == "nothing_fits"
    assert "Choose another site" in problem["what_to_do"]
    assert problem["request_id"] == answer.headers["request-id"]
    assert door.client.get(problem["type"]).status_code == 200


def test_a_batch_announces_the_good_and_explains_the_bad(door: Door):
    parcels = [
        announcement("ABC-000-001"),
        announcement("ABC-000-002", site="site-99"),
        announcement("ABC-000-003"),
        announcement("?"),
    ]
    answer = door.ask("POST", "/parcels/batch", {"parcels": parcels}).json()
    assert (answer["announced_count"], answer["refused_count"]) == (2, 2)
    codes = [one["problem"] and one["problem"]["code"] for one in answer["results"]]
    assert codes == [None, "site_unknown", None, "unusable"]


def test_lists_are_paged_to_their_end_without_gaps(door: Door):
    labels = {f"ABC-000-00{n}" for n in range(5)}
    for label in labels:
        door.announce(label, promise="none")
    seen, url = [], "/api/v1/parcels?limit=2"
    while url:
        answer = door.client.get(url, headers={"authorization": f"Bearer {door.acme}"})
        seen += [one["label"] for one in answer.json()["parcels"]]
        url = answer.links.get("next", {}).get("url", "")
    assert sorted(seen) == sorted(labels)


def test_a_cursor_serves_only_the_list_it_came_from(door: Door):
    for n in range(3):
        door.announce(f"ABC-000-00{n}", promise="none")
    cursor = door.ask("GET", "/parcels?limit=1").json()["next_cursor"]
    for path, key in (
        (f"/parcels?limit=1&cursor={cursor}", door.rival),
        (f"/parcels?limit=1&status=ready&cursor={cursor}", door.acme),
        (f"/bookings?limit=1&cursor={cursor}", door.acme),
        (f"/parcels?limit=1&cursor={cursor[:-1]}", door.acme),
    ):
        answer = door.ask("GET", path, key=key)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["path"] == "query.cursor"
    assert door.ask("GET", f"/parcels?limit=2&cursor={cursor}").status_code == 200


def test_filters_find_a_label_in_any_of_its_forms(door: Door):
    done = door.announce("abc-000-777", promise="none")
    found = door.ask("GET", "/parcels?label=ABC-000-777").json()["parcels"]
    assert [one["id"] for one in found] == [done["id"]]


def test_a_cancelled_parcel_gives_its_room_back(door: Door):
    done = door.announce()
    answer = door.ask("POST", f"/parcels/{done['id']}/cancel", {})
    assert answer.json()["status"] == "cancelled"
    assert door.ask("POST", f"/parcels/{done['id']}/cancel", {}).status_code == 200
    assert door.ask("GET", "/bookings").json()["bookings"] == []


def test_a_corrected_size_is_fitted_anew(door: Door):
    done = door.announce()
    size = {"length_mm": 500, "width_mm": 400, "height_mm": 380, "weight_g": 4000}
    parcel = door.ask("PUT", f"/parcels/{done['id']}/size", size).json()
    assert parcel["size"]["length_mm"] == 500
    assert parcel["booking"]["id"] != done["booking"]["id"]


def test_a_held_parcel_can_wait_longer_and_get_a_new_code_that_is_not_shown(door: Door):
    done = door.announce()
    door.house.deposit(done["id"])
    longer = door.ask("POST", f"/parcels/{done['id']}/extend")
    assert longer.status_code == 200, longer.text
    assert longer.json()["hold_until"].endswith("Z")
    reissued = door.ask("POST", f"/parcels/{done['id']}/reissue-code")
    assert reissued.json() == {"parcel": done["id"], "is_reissued": True}


def test_an_overdue_parcel_is_brought_back(door: Door):
    done = door.announce()
    door.house.deposit(done["id"])
    too_early = door.ask("POST", f"/parcels/{done['id']}/complete-return")
    assert too_early.json()["code"] == "parcel_in_compartment"
    door.house.pass_time(4 * 86400)
    door.house.retrieve(done["id"])
    answer = door.ask("POST", f"/parcels/{done['id']}/complete-return")
    assert answer.json()["group"] == "returned"


def test_a_timeline_tells_everything_in_order(door: Door):
    done = door.announce()
    door.house.deposit(done["id"])
    entries = door.ask("GET", f"/parcels/{done['id']}/timeline").json()["entries"]
    types = [one["type"] for one in entries]
    assert types[0] == "parcel.announced.v1"
    assert "parcel.deposited.v1" in types
    assert [one["position"] for one in entries] == sorted(one["position"] for one in entries)
