"""What operators read and do, without a browser."""

from litestar import Litestar
from litestar.testing import TestClient

from restante.core.ids import RecipientId
from restante.sim.town import locker_name
from tests.web.stage import OPERATOR, Stage


def test_the_worst_comes_first(demo: TestClient[Litestar]) -> None:
    text = demo.get("/operator").text
    places = [
        text.index(words)
        for words in (
            "Door forced open",
            "Locker without connection",
            "Content unclear",
            "Compartment out of service",
        )
    ]
    assert places == sorted(places)


def test_a_silent_locker_says_how_many_parcels_wait_in_it(demo: TestClient[Litestar]) -> None:
    assert "8 parcels inside" in demo.get("/operator").text


def test_filters_stand_in_the_address_and_hold_for_map_and_list(
    demo: TestClient[Litestar],
) -> None:
    query = "state=down"
    features = demo.get(f"/operator/sites.geojson?{query}").json()["features"]
    page = demo.get(f"/operator/map?{query}").text
    assert len(features) == page.count("data-site=") == 1
    assert features[0]["properties"]["state"] == "down"


def test_a_parcel_is_found_as_it_is_read_out(demo: TestClient[Litestar], stage: Stage) -> None:
    where = f"/operator/parcels/{stage.parcels[0]}"
    for words in ("JJD00030000001", "jjd000 3000 0001", "order-0001", stage.parcels[0]):
        answer = demo.get("/operator/parcels", params={"q": words}, follow_redirects=False)
        assert answer.headers.get("location") == where, words


def test_the_pages_of_a_list_follow_each_other_without_a_gap(
    demo: TestClient[Litestar], stage: Stage
) -> None:
    seen: list[str] = []
    url = "/operator/parcels"
    while url:
        text = demo.get(url).text
        rows = text.split('<a class="mono" href="/operator/parcels/')[1:]
        seen += [row.split('"', 1)[0] for row in rows]
        after = text.split('rel="next"', 1)[0].rsplit('href="', 1) if 'rel="next"' in text else []
        url = after[-1].split('"', 1)[0].replace("&amp;", "&") if after else ""
    assert seen == sorted(stage.parcels, reverse=True)


def test_an_export_is_harmless_in_a_spreadsheet(demo: TestClient[Litestar], stage: Stage) -> None:
    site = list(stage.layouts)[3]
    stage.announce(990, site, reference="=1+1")
    answer = demo.get(f"/operator/parcels.csv?site={site}")
    assert answer.headers["content-disposition"].startswith("attachment")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("parcel;label;reference")
    assert ";'=1+1;" in answer.text
    assert len(lines) > 5


def test_no_page_of_a_parcel_shows_a_code_or_a_contact(
    demo: TestClient[Litestar], stage: Stage
) -> None:
    waiting = stage.centre.queries.parcels(OPERATOR, group="ready", limit=20).items
    for parcel in waiting[:5]:
        code = stage.centre.desk.code(parcel.parcel, RecipientId(parcel.recipient))
        assert code is not None
        text = demo.get(f"/operator/parcels/{parcel.parcel}").text
        assert code.reveal() not in text
        assert code.reveal().replace("-", "") not in text
        assert "example.org" not in text
        assert "Anna" not in text


def test_why_a_compartment_was_chosen_is_told(demo: TestClient[Litestar], stage: Stage) -> None:
    text = demo.get(f"/operator/parcels/{stage.parcels[0]}").text
    assert "The smallest that fits" in text
    assert "The least worn of its kind" in text


def test_a_refusal_leads_back_and_says_why(demo: TestClient[Litestar], stage: Stage) -> None:
    page = f"/operator/parcels/{stage.parcels[1]}"
    answer = demo.post(f"{page}/cancel", data={}, follow_redirects=False)
    assert answer.headers["location"] == f"{page}?refused=parcel_in_compartment"
    assert "Nothing was changed" in demo.get(answer.headers["location"]).text


def test_words_in_an_address_are_never_shown_as_they_are(demo: TestClient[Litestar]) -> None:
    text = demo.get("/operator?done=<b>hello</b>&refused=whatever").text
    assert "hello" not in text.split("<main", 1)[1].split("hx-get", 1)[0]


def test_a_site_is_closed_with_a_reason_and_opened_again(
    demo: TestClient[Litestar], stage: Stage
) -> None:
    site = list(stage.layouts)[7]
    given = {"hours": "4", "why": "road works"}
    text = demo.post(f"/operator/sites/{site}/close", data=given).text
    assert "road works" in text
    assert stage.centre.queries.site(site, at=stage.clock.now()).is_closed
    demo.post(f"/operator/sites/{site}/reopen")
    assert not stage.centre.queries.site(site, at=stage.clock.now()).is_closed


def test_a_compartment_is_not_taken_out_of_service_without_a_reason(
    demo: TestClient[Litestar], stage: Stage
) -> None:
    site, layout = next(iter(stage.layouts.items()))
    path = f"/operator/lockers/{locker_name(site)}/compartments/{layout[0].id}"
    answer = demo.post(path, data={"in_service": "0", "why": " "})
    assert answer.status_code == 400
    assert "Say why it is taken out of service" in answer.text


def test_a_key_is_shown_once_and_opens_nothing_after_it_was_revoked(
    demo: TestClient[Litestar], stage: Stage
) -> None:
    given = {"partner": stage.partner, "label": "shop", "scopes": ["parcels:read", "sites:read"]}
    made = demo.post("/operator/partners/keys", data=given)
    key = made.text.split('id="new-key">', 1)[1].split("<", 1)[0]
    assert key.startswith("rk_")
    assert made.headers["cache-control"] == "no-store"
    assert key not in demo.get("/operator/partners").text
    kept = stage.centre.queries.api_keys(OPERATOR)[0]
    assert {scope.value for scope in kept.scopes} == {"parcels:read", "sites:read"}
    demo.post("/operator/partners/keys/revoke", data={"key_id": kept.key_id})
    assert stage.centre.queries.api_keys(OPERATOR)[0].revoked_at is not None


def test_a_courier_gets_a_pin_once_and_no_number_twice(
    demo: TestClient[Litestar], stage: Stage
) -> None:
    given = {"partner": stage.partner, "name": "Ola Berg", "login": "7777"}
    made = demo.post("/operator/couriers", data=given).text
    pin = made.split('class="pin-line">', 1)[1].split("<", 1)[0]
    assert len(pin.replace("-", "")) == 8
    assert pin not in demo.get("/operator/couriers").text
    again = demo.post("/operator/couriers", data={**given, "name": "Other"}).text
    assert "another courier has this number" in again


def test_a_manifest_with_mistakes_names_every_row_and_writes_nothing_when_only_looked_at(
    demo: TestClient[Litestar], stage: Stage
) -> None:
    site = next(iter(stage.layouts))
    rows = (
        "label;recipient_name;email;length_mm;width_mm;height_mm;weight_g;site\r\n"
        f"JJD000390000901;Anna Nowak;anna@example.org;300;200;100;900;{site}\r\n"
        "JJD000390000902;Anna Nowak;anna@example.org;300;200;100;900;nowhere\r\n"
    ).encode()
    before = stage.centre.journal.head()
    given = {"partner": stage.partner, "mode": "look"}
    page = demo.post("/operator/import", data=given, files={"manifest": ("m.csv", rows)}).text
    assert "This is what would happen" in page
    assert stage.centre.journal.head() == before
    report = page.split("/operator/import/problems/", 1)[1].split('"', 1)[0]
    problems = demo.get(f"/operator/import/problems/{report}").text
    assert problems.count("\r\n") == 2
    assert problems.splitlines()[1].startswith("3;site;site_unknown;")
    given["mode"] = "import"
    page = demo.post("/operator/import", data=given, files={"manifest": ("m.csv", rows)}).text
    assert "Imported" in page
    found = stage.centre.queries.parcels(OPERATOR, label="JJD000390000901").items
    assert len(found) == 1


def test_a_page_that_is_not_there_says_so_in_words(demo: TestClient[Litestar]) -> None:
    for path in ("/operator/parcels/p0", "/operator/sites/x", "/operator/lockers/x/cabinet.json"):
        answer = demo.get(path)
        assert answer.status_code == 404, path
        assert "Not found" in answer.text


def test_a_failed_request_of_a_part_leaves_the_page_and_shows_a_toast(
    demo: TestClient[Litestar],
) -> None:
    answer = demo.get("/operator/parcels/p0", headers={"hx-request": "true"})
    assert answer.headers["hx-reswap"] == "none"
    assert "toast" in answer.headers["hx-trigger"]


def test_every_page_keeps_the_strict_policy(demo: TestClient[Litestar]) -> None:
    for path in ("/", "/operator", "/operator/map", "/sign-in", "/nowhere"):
        policy = demo.get(path).headers["content-security-policy"]
        assert "unsafe" not in policy, path
        assert "default-src 'self'" in policy, path
