"""A CSV file announces its good rows and explains its bad ones."""

from typing import Any

from restante.core.risk import RiskClass
from restante.link.message import ExpectedParcel
from tests.api.conftest import Door
from tests.operations.afar import Afar

HEAD = "label;site;length_mm;width_mm;height_mm;weight_g;recipient_name;email"
GOOD = "ABC-000-001;site-01;300;200;100;1200;Anna Nowak;anna@example.org"
ALSO_GOOD = "ABC-000-002;site-01;300;200;100;1200;Jan Nowak;jan@example.org"
NO_SITE = "ABC-000-003;site-99;300;200;100;1200;Jan Nowak;jan@example.org"
NO_SIZE = "ABC-000-004;site-01;big;200;100;1200;Jan Nowak;jan@example.org"


def upload(door: Door, *rows: str, query: str = "", **more: Any) -> Any:
    content = "\ufeff" + "\r\n".join((HEAD, *rows))
    headers = {"content-type": "text/csv; charset=utf-8", **more.pop("headers", {})}
    return door.ask("POST", f"/manifests{query}", content=content.encode(), headers=headers)


def test_good_rows_are_announced_and_bad_ones_explained(door: Door):
    answer = upload(door, GOOD, NO_SIZE, NO_SITE, ALSO_GOOD)
    told = answer.json()
    assert answer.status_code == 200
    assert (told["row_count"], told["announced_count"], told["refused_count"]) == (4, 2, 2)
    assert [one["row"] for one in told["problems"]] == [3, 4]
    assert all(one["what_to_do"] for one in told["problems"])
    assert told["delimiter"] == ";"
    assert len(door.ask("GET", "/parcels").json()["parcels"]) == 2
    assert "jan@example.org" not in answer.text


def test_a_dry_run_tells_the_same_and_writes_nothing(door: Door):
    told = upload(door, GOOD, NO_SITE, query="?dry_run=true").json()
    assert told["is_dry_run"] is True
    assert (told["announced_count"], told["refused_count"]) == (1, 1)
    assert door.ask("GET", "/parcels").json()["parcels"] == []


def test_the_same_file_may_be_sent_again(door: Door):
    upload(door, GOOD)
    told = upload(door, GOOD, ALSO_GOOD).json()
    assert (told["announced_count"], told["known_count"]) == (1, 1)


def test_a_repeated_upload_is_answered_as_before(door: Door):
    headers = {"idempotency-key": "monday"}
    first = upload(door, GOOD, headers=headers)
    again = upload(door, GOOD, headers=headers)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"


def test_a_file_nobody_can_read_is_a_problem_of_the_file(door: Door):
    told = door.ask(
        "POST", "/manifests", content=b"\xff\xfe\x00", headers={"content-type": "text/csv"}
    ).json()
    assert told["announced_count"] == 0
    assert told["problems"][0]["code"] in ("not_utf8", "column_missing")


def test_a_zone_nobody_knows_is_refused(door: Door):
    answer = upload(door, GOOD, query="?zone=Mars/Base")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "query.zone"


def test_what_a_manifest_calls_valuable_is_high_risk_in_the_lockers_own_list(door: Door):
    locker = Afar(door.house)
    content = "\r\n".join((f"{HEAD};high_value", f"{GOOD};yes", f"{ALSO_GOOD};no"))
    told = door.ask(
        "POST", "/manifests", content=content.encode(), headers={"content-type": "text/csv"}
    ).json()
    assert told["announced_count"] == 2, told
    locker.pump()
    listed = locker.controller.store.allowed.listed.values()
    entries = [one.entry for one in listed]
    risks = {one.label: one.risk for one in entries if isinstance(one, ExpectedParcel)}
    assert risks == {"ABC-000-001": RiskClass.HIGH, "ABC-000-002": RiskClass.LOW}
