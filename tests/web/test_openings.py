"""Operators and recipients open doors from their pages; a real locker is at the other end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from restante.core.ids import ParcelId
from restante.operations.accounts import Seat, start_session
from restante.operations.notify import make_link
from restante.views.principal import Role
from restante.web.app_routes import make_web
from tests.operations.afar import A1, CENTRE_URL, Afar
from tests.operations.house import LOCKER, OPERATOR, open_house

PANEL = f"/operator/lockers/{LOCKER}/compartments/A1"


@pytest.fixture
def afar(tmp_path: Path) -> Iterator[Afar]:
    house = open_house(tmp_path)
    means = house.centre.means._replace(remote_openings_max=1)
    house.centre = house.centre._replace(means=means)
    yield Afar(house)
    house.centre.close()


@pytest.fixture
def visitor(afar: Afar) -> Iterator[TestClient[Litestar]]:
    """A browser without scripts."""
    web = make_web(afar.centre, session_clock=afar.house.clock)
    app = Litestar([web.router], exception_handlers=dict(web.problem_handlers), openapi_config=None)
    with TestClient(app, raise_server_exceptions=False, cookies={"language": "en"}) as client:
        yield client


def badge(afar: Afar, name: str) -> dict[str, str]:
    """Sign an operator in and give what the browser then sends."""
    seat = Seat(role=Role.OPERATOR, name=name, display_name=name)
    token, operation = start_session(afar.centre.means.minter, seat, at=afar.now)
    afar.centre.run(operation)
    return {"cookie": f"restante-operator={token.reveal()}"}


def post(visitor: TestClient[Litestar], path: str, who: dict[str, str], **data: str) -> str:
    """Send a form; where it leads tells what was done."""
    answer = visitor.post(path, data=data, headers=who, follow_redirects=False)
    return answer.headers["location"]


def link(afar: Afar, parcel: ParcelId) -> str:
    shown = afar.centre.queries.parcel(OPERATOR, parcel)
    operation = make_link(afar.centre.means, parcel=parcel, recipient=shown.recipient)
    return f"/p/{afar.centre.run(operation).reveal()}"


def test_an_operator_opens_a_door_and_sees_what_came_of_it(
    afar: Afar, visitor: TestClient[Litestar]
) -> None:
    ada = badge(afar, "ada")
    assert "Open the door from afar" in visitor.get(PANEL, headers=ada).text
    nothing = visitor.post(f"{PANEL}/open", data={"why": " "}, headers=ada)
    assert nothing.status_code == 400
    asked = post(visitor, f"{PANEL}/open", ada, why="jammed")
    assert "done=opening-asked" in asked
    afar.pump()
    panel = visitor.get(PANEL, headers=ada).text
    assert "ada asked to open it" in panel
    assert "“jammed”" in panel
    assert ">opened</strong>" in panel
    assert afar.board.pulses == [A1]


def test_above_the_limit_only_another_operator_can_agree(
    afar: Afar, visitor: TestClient[Litestar]
) -> None:
    ada, ben = badge(afar, "ada"), badge(afar, "ben")
    post(visitor, f"{PANEL}/open", ada, why="first")
    afar.pump()
    afar.shut()
    asked = post(visitor, f"{PANEL}/open", ada, why="second")
    assert "done=opening-needs-approval" in asked
    mine = visitor.get("/operator/openings", headers=ada).text
    theirs = visitor.get("/operator/openings", headers=ben).text
    assert "Agree, open it" not in mine
    assert "Agree, open it" in theirs
    where = theirs.split('action="/operator/openings/')[1].split('"')[0]
    refused = post(visitor, f"/operator/openings/{where}", ada, answer="approve")
    assert "refused=access_denied" in refused
    agreed = post(visitor, f"/operator/openings/{where}", ben, answer="approve")
    assert "done=opening-approved" in agreed
    afar.pump()
    assert afar.board.pulses == [A1, A1]
    assert "ben agreed" in visitor.get("/operator/openings", headers=ada).text


def test_a_recipient_before_the_locker_opens_with_what_its_screen_shows(
    afar: Afar, visitor: TestClient[Litestar]
) -> None:
    parcel = afar.deposit()
    page = link(afar, parcel)
    assert f'href="{page}/open"' in visitor.get(page).text
    before = afar.pulses()
    bad = visitor.post(f"{page}/open", data={"code": "abc"})
    assert bad.status_code == 422
    assert "Type the six characters" in bad.text
    wrong = visitor.post(f"{page}/open", data={"code": "222222"}, follow_redirects=False)
    assert 'http-equiv="refresh"' in visitor.get(wrong.headers["location"]).text
    afar.pump()
    assert "Stand in front of it" in visitor.get(wrong.headers["location"]).text
    assert afar.pulses() == before
    code = afar.controller.orders.shown_code()
    right = visitor.post(f"{page}/open", data={"code": code}, follow_redirects=False)
    afar.pump()
    assert "is open." in visitor.get(right.headers["location"]).text
    assert afar.pulses() == before + 1


def test_a_strange_order_and_an_unknown_link_show_nothing(
    afar: Afar, visitor: TestClient[Litestar]
) -> None:
    page = link(afar, afar.deposit())
    assert "The six characters" in visitor.get(f"{page}/open?order=d-of-somebody").text
    for method in ("GET", "POST"):
        unknown = visitor.request(method, "/p/rl_AAAAAAAAAAAAAAAAAAAAAA/open", data={"code": "x"})
        assert unknown.status_code == 404


def test_the_square_on_a_screen_leads_any_camera_to_the_parcel_looked_at_last(
    afar: Afar, visitor: TestClient[Litestar]
) -> None:
    code = afar.controller.orders.shown_code()
    square = afar.controller.config.address(f"open/{code}")
    assert square == f"{CENTRE_URL}/open/{code}"
    path = square.removeprefix(CENTRE_URL)
    stranger = visitor.get(path)
    assert stranger.status_code == 200
    assert code in stranger.text
    assert "Open the link in the message" in stranger.text
    assert visitor.get("/open/abc").status_code == 404
    page = link(afar, afar.deposit())
    visitor.get(page)
    before = afar.pulses()
    led = visitor.get(path)
    assert led.url.path == f"{page}/open"
    assert f'value="{code}"' in led.text
    afar.pump()
    assert afar.pulses() == before
    visitor.post(f"{page}/open", data={"code": square})
    afar.pump()
    assert afar.pulses() == before + 1
