"""Who gets in, for how long, and who is asked to sign in first."""

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from restante.core.value import HOUR, MINUTE, UtcSeconds
from restante.operations.accounts import begin_setup, pause_seconds
from restante.web.session import safe_return
from tests.web.stage import FRIDAY, Stage

PASSWORD = "winter light on wet stone"


@pytest.fixture(autouse=True)
def reset_clock(stage: Stage) -> Iterator[None]:
    stage.wall.set(FRIDAY)
    yield


@pytest.fixture(scope="module")
def account(stage: Stage) -> str:
    token, operation = begin_setup(stage.centre.means.minter)
    assert stage.centre.run(operation)
    given = {"token": token.reveal(), "operator": "ada", "name": "Ada", "password": PASSWORD}
    with TestClient(stage.app(is_demo=False)) as client:
        answer = client.post("/setup", data=given, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/operator"
        again = client.post("/setup", data={**given, "operator": "eve"}, follow_redirects=False)
        assert again.status_code == 403
    return "ada"


def sign_in(client: TestClient[Litestar], operator: str, password: str, **more: str) -> Any:
    given = {"operator": operator, "password": password, **more}
    return client.post("/sign-in", data=given, follow_redirects=False)


def test_a_page_of_operators_leads_to_the_door_and_back(
    network: TestClient[Litestar], account: str
) -> None:
    answer = network.get("/operator/parcels?group=ready", follow_redirects=False)
    assert answer.headers["location"] == "/sign-in?next=%2Foperator%2Fparcels%3Fgroup%3Dready"
    answer = sign_in(network, account, PASSWORD, next="/operator/parcels?group=ready")
    assert answer.headers["location"] == "/operator/parcels?group=ready"
    assert network.get("/operator").status_code == 200


def test_the_cookie_is_hidden_from_scripts_and_other_sites(
    network: TestClient[Litestar], account: str
) -> None:
    cookie = sign_in(network, account, PASSWORD).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_over_tls_the_cookie_is_bound_to_the_host(stage: Stage, account: str) -> None:
    app = stage.app(is_demo=False)
    with TestClient(app, base_url="https://restante.example") as client:
        cookie = sign_in(client, account, PASSWORD).headers["set-cookie"]
    assert cookie.startswith("__Host-restante-operator=")
    assert "Secure" in cookie


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    network: TestClient[Litestar], account: str
) -> None:
    wrong = sign_in(network, account, "something else")
    unknown = sign_in(network, "nobody-here", "something else")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace(account, "") == unknown.text.replace("nobody-here", "")


def test_after_five_failures_an_account_pauses_even_for_the_right_password(
    network: TestClient[Litestar], stage: Stage, account: str
) -> None:
    for _ in range(5):
        sign_in(network, account, "guess")
    assert sign_in(network, account, PASSWORD).status_code == 401
    stage.wall.set(UtcSeconds(FRIDAY + 20 * MINUTE))
    assert sign_in(network, account, PASSWORD).status_code == 303


def test_pauses_grow_and_end() -> None:
    pauses = [pause_seconds(count) for count in range(20)]
    assert pauses[:5] == [0] * 5
    assert pauses == sorted(pauses)
    assert pauses[-1] == 15 * MINUTE


def test_signing_in_makes_a_new_session_and_ends_the_one_before(
    network: TestClient[Litestar], account: str
) -> None:
    sign_in(network, account, PASSWORD)
    before = dict(network.cookies)
    sign_in(network, account, PASSWORD)
    assert dict(network.cookies) != before
    network.cookies.clear()
    network.cookies.update(before)
    assert network.get("/operator", follow_redirects=False).status_code == 303


@pytest.mark.parametrize(("step", "count"), [(3 * HOUR, 1), (HOUR, 13)])
def test_a_session_ends_when_idle_and_in_any_case(
    network: TestClient[Litestar], stage: Stage, account: str, step: int, count: int
) -> None:
    sign_in(network, account, PASSWORD)
    for turn in range(1, count):
        stage.wall.set(UtcSeconds(FRIDAY + turn * step))
        if turn * step < 12 * HOUR:
            assert network.get("/operator", follow_redirects=False).status_code == 200
    stage.wall.set(UtcSeconds(FRIDAY + count * step))
    assert network.get("/operator", follow_redirects=False).status_code == 303


def test_signing_out_ends_the_session_on_the_server(
    network: TestClient[Litestar], account: str
) -> None:
    sign_in(network, account, PASSWORD)
    before = dict(network.cookies)
    network.post("/sign-out", follow_redirects=False)
    network.cookies.update(before)
    assert network.get("/operator", follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", ""]
)
def test_the_way_back_never_leads_elsewhere(path: str) -> None:
    assert safe_return(path, "/operator") == "/operator"


def test_nobody_acts_without_signing_in(network: TestClient[Litestar], stage: Stage) -> None:
    site = next(iter(stage.layouts))
    for path in (
        f"/operator/sites/{site}/close",
        f"/operator/parcels/{stage.parcels[0]}/cancel",
        "/operator/matters",
        "/operator/partners/keys",
        "/operator/couriers",
        "/operator/system/verify",
        "/operator/notices/retry",
    ):
        given = {"hours": "4", "why": "x", "status": "resolved"}
        answer = network.post(path, data=given, follow_redirects=False)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in"), path
    for path in ("/operator", "/operator/parcels.csv", "/operator/sites.geojson", "/live"):
        assert network.get(path, follow_redirects=False).status_code == 303, path


def test_the_switches_of_a_demonstration_are_not_there_in_a_network(
    network: TestClient[Litestar],
) -> None:
    assert network.post("/demo/speed", data={"speed": "10"}).status_code == 404
    assert "The city is yours" not in network.get("/").text


def test_a_change_asked_for_by_another_site_is_refused(
    demo: TestClient[Litestar], stage: Stage
) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    assert demo.post("/demo/speed", data={"speed": "1"}, headers=headers).status_code == 403
    assert stage.demo.speed == 60


@pytest.mark.parametrize(
    ("field", "value"),
    [("password", "short"), ("password", "aaaaaaaaaaaa"), ("operator", "A B"), ("name", "")],
)
def test_an_account_that_cannot_be_made_says_which_field_and_why(
    network: TestClient[Litestar], field: str, value: str
) -> None:
    given = {"token": "rf_x", "operator": "eve", "name": "Eve", "password": PASSWORD, field: value}
    answer = network.post("/setup", data=given)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
