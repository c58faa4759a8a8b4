"""Whatever goes wrong, the caller reads a problem that says what to do."""

from typing import Any

import pytest

from restante.api.adapter import MOUNT
from restante.api.problem import MEDIA_TYPE, Trouble, explain
from restante.api.translate import translate
from restante.core.ids import StreamName
from restante.core.refusal import Reason, Refused
from restante.journal.committer import Overloaded
from restante.journal.port import Busy, Conflict, Damaged, Full, Unsure
from tests.api.conftest import Door, announcement


@pytest.mark.parametrize("code", [*Trouble, *Reason])
def test_every_code_has_a_status_a_title_and_what_to_do(code: Trouble | Reason):
    told = explain(code)
    assert 400 <= told.status < 600
    assert told.title and told.what_to_do.endswith(".")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Conflict(StreamName("parcel/p"), expected=1, found=2), 503, "conflict"),
        (Overloaded("full"), 503, "overloaded"),
        (Busy("held"), 503, "overloaded"),
        (Unsure("gone"), 503, "outcome_unknown"),
        (Full("no room on /var"), 503, "storage_full"),
        (Damaged("page 7"), 500, "storage_damaged"),
        (RuntimeError("secret 12-345678"), 500, "internal"),
        (Refused(Reason.SITE_FULL, "nothing until Monday"), 409, "site_full"),
    ],
)
def test_failures_of_the_house_are_told_without_their_insides(
    error: Exception, status: int, code: str
):
    raised = translate(error, request_id="q1")
    assert explain(raised.code).status == status
    assert raised.code.value == code
    assert "retry-after" in raised.headers or status != 503
    assert "12-345678" not in raised.detail and "/var" not in raised.detail


def test_a_mistake_of_ours_is_logged_with_its_place_and_without_values(
    capfd: pytest.CaptureFixture[str],
):
    try:
        contact, code = "canary@example.org", "12-345678"
        raise RuntimeError(f"cannot reach {contact} with {code}")
    except RuntimeError as error:
        translate(error, request_id="q7")
    told = capfd.readouterr().out
    assert "q7" in told and "test_problems.py" in told and "RuntimeError" in told
    assert "canary@example.org" not in told and "12-345678" not in told


WRONG: list[tuple[str, Any, str]] = [
    ("no label", {"label": None}, "body.label"),
    ("measure as text", {"size": {"length_mm": "300"}}, "body.size.length_mm"),
    ("no width", {"size": {"length_mm": 300}}, "body.size.width_mm"),
    ("negative weight", {"size": {"weight_g": -1}}, "body.size.weight_g"),
    ("unknown field", {"colour": "red"}, "body.colour"),
    ("a site that cannot be", {"site": "../etc"}, "body.site"),
    ("a time without offset", {"arrives_from": "2026-11-20T14:00:00"}, "body.arrives_from"),
    ("an impossible promise", {"promise": "perhaps"}, "body.promise"),
    ("no address", {"contact": {"email": "nobody"}}, "body.contact.email"),
]


@pytest.mark.parametrize(("change", "path"), [one[1:] for one in WRONG], ids=[w[0] for w in WRONG])
def test_wrong_fields_are_named_with_their_paths(shared_door: Door, change: Any, path: str):
    answer = shared_door.ask("POST", "/parcels", announcement(**change))
    problem = answer.json()
    assert answer.status_code == 400
    assert path in [fault["path"] for fault in problem["errors"]]
    assert "nobody" not in answer.text


def test_all_faults_are_told_at_once(shared_door: Door):
    answer = shared_door.ask("POST", "/parcels", {"size": {"length_mm": 0}, "promise": 7})
    paths = {fault["path"] for fault in answer.json()["errors"]}
    assert paths >= {"body.label", "body.site", "body.promise", "body.size.length_mm"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/parcels/a/b/c", 404),
        ("DELETE", "/parcels", 405),
        ("PATCH", "/parcels/p-1", 405),
        ("GET", "/parcels?limit=0", 400),
        ("GET", "/parcels?limit=1&limit=2", 400),
        ("GET", "/parcels?colour=red", 400),
        ("GET", "/parcels?limit=many", 400),
        ("GET", "/parcels?label=%3F", 422),
        ("GET", "/events?after=-1", 400),
        ("GET", "/sites/site-99", 404),
        ("GET", "/lockers/locker-99", 404),
        ("GET", "/problems/none", 404),
        ("GET", "/availability", 400),
    ],
)
def test_wrong_addresses_and_parameters_are_problems(
    shared_door: Door, method: str, path: str, status: int
):
    answer = shared_door.ask(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    problem = answer.json()
    assert problem["status"] == status
    assert problem["what_to_do"]
    assert problem["instance"] == MOUNT + path.partition("?")[0]


def test_a_wrong_method_is_told_the_right_ones(shared_door: Door):
    answer = shared_door.ask("DELETE", "/parcels")
    assert set(answer.headers["allow"].split(", ")) >= {"GET", "POST"}
    options = shared_door.ask("OPTIONS", "/sites/site-01/closures")
    assert options.headers["allow"] == "DELETE, GET, OPTIONS, POST"


def test_a_body_of_another_type_is_refused(shared_door: Door):
    door = shared_door
    answer = door.ask(
        "POST", "/parcels", headers={"content-type": "text/plain"}, content=b"label=1"
    )
    assert answer.status_code == 415
    broken = door.ask(
        "POST", "/parcels", headers={"content-type": "application/json"}, content=b"{"
    )
    assert (broken.status_code, broken.json()["code"]) == (400, "malformed")
    deep = door.ask(
        "POST", "/parcels", headers={"content-type": "application/json"}, content=b"[" * 100_000
    )
    assert deep.status_code == 400


def test_a_body_that_is_too_large_is_refused(shared_door: Door):
    body = announcement(reference="x" * 1_100_000)
    answer = shared_door.ask("POST", "/parcels", body)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_who_asks_too_fast_is_told_when_to_go_on(tmp_path: Any):
    from restante.api.rate import RateLimit
    from tests.operations.house import open_house

    house = open_house(tmp_path)
    door = Door(house, RateLimit(per_second=2, burst=3))
    answers = [door.ask("GET", "/sites") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit"] == '"key";r=2;t=1'
    assert answers[3].headers["retry-after"] == "1"
    assert door.ask("GET", "/sites", key=door.rival).status_code == 200
    house.pass_time(1)
    assert door.ask("GET", "/sites").status_code == 200
    strangers = [door.ask("GET", "/sites", key="rk_no") for _ in range(4)]
    assert [one.status_code for one in strangers] == [401, 401, 401, 429]
    house.centre.close()


def test_every_answer_carries_headers_that_keep_it_to_itself(shared_door: Door):
    paths = ("/sites", "/nothing", "/openapi.json", "/reference", "/problems/site_full")
    for path in paths:
        headers = shared_door.ask("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["referrer-policy"] == "no-referrer"
