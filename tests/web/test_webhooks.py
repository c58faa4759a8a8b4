"""Operators see how receivers of webhooks do, and tell them again what they missed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from restante.operations.accounts import Seat, start_session
from restante.partners.webhook import Answer
from restante.views.principal import Role
from restante.web.app_routes import make_web
from tests.operations.house import ACME, OPERATOR, House, open_house
from tests.webhooks.desk import Office

URL = "https://shop.example.com/restante"


class Visit:
    """An operator's browser without scripts."""

    def __init__(self, house: House, client: TestClient[Litestar]) -> None:
        self.house, self.client = house, client
        self.office = Office(house)
        seat = Seat(role=Role.OPERATOR, name="ada", display_name="Ada")
        token, operation = start_session(house.centre.means.minter, seat, at=house.clock.now())
        house.centre.run(operation)
        self._who = {"cookie": f"restante-operator={token.reveal()}"}

    def see(self, path: str) -> str:
        answer = self.client.get(path, headers=self._who)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, path: str, **data: str) -> str:
        answer = self.client.post(path, data=data, headers=self._who, follow_redirects=False)
        return answer.headers.get("location") or answer.text

    def add(self, url: str = URL) -> tuple[str, str]:
        while self.office.desk.follow():
            pass
        page = self.send("/operator/webhooks", partner=ACME, url=url, label="shop")
        found = re.search(r"whsec_[A-Za-z0-9+/=]+", page)
        (webhook,) = self.office.desk.webhooks(OPERATOR)
        assert found is not None
        return webhook.webhook, found[0]


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Visit]:
    house = open_house(tmp_path)
    web = make_web(house.centre, session_clock=house.clock)
    app = Litestar([web.router], exception_handlers=dict(web.problem_handlers), openapi_config=None)
    with TestClient(app, raise_server_exceptions=False, cookies={"language": "en"}) as client:
        yield Visit(house, client)
    house.centre.close()


def test_a_receiver_is_added_and_its_secret_is_shown_once(visit: Visit) -> None:
    webhook, secret = visit.add()
    assert secret not in visit.see(f"/operator/webhooks/{webhook}")
    assert URL in visit.see("/operator/webhooks")
    new = visit.send(f"/operator/webhooks/{webhook}/secret")
    assert "whsec_" in new
    assert secret not in new


def test_an_address_inside_our_walls_is_refused_on_the_page(visit: Visit) -> None:
    page = visit.send("/operator/webhooks", partner=ACME, url="https://192.168.1.1/")
    assert "not public" in page
    assert visit.office.desk.webhooks(OPERATOR) == ()


def test_the_page_tells_what_came_of_each_message_and_tells_it_again(visit: Visit) -> None:
    webhook, _ = visit.add()
    visit.house.announce()
    visit.office.work(lambda _: Answer(500))
    page = visit.see(f"/operator/webhooks/{webhook}?status=open")
    assert "answered 500" in page
    assert "Behind an earlier one" in page
    assert "Fails now" in page
    replay = re.search(rf'action="(/operator/webhooks/{webhook}/msg_[^"]+/replay)"', page)
    assert replay is not None
    assert visit.send(replay[1]).endswith("?done=webhook-replayed")
    visit.office.work()
    page = visit.see(f"/operator/webhooks/{webhook}?status=delivered")
    assert page.count("answered 200") > 1
    assert "In order" in page


def test_one_that_answered_410_is_a_matter_until_it_is_enabled(visit: Visit) -> None:
    webhook, _ = visit.add()
    own = f"/operator/webhooks/{webhook}"
    assert visit.send(f"{own}/do", do="ping").endswith("done=webhook-pinged")
    visit.office.work(lambda _: Answer(410))
    assert "answered 410" in visit.see(own)
    assert "A webhook was disabled" in visit.see("/operator")
    visit.send(f"{own}/do", do="enable")
    assert "A webhook was disabled" not in visit.see("/operator")
    assert visit.send(f"{own}/do", do="replay", hours="24").endswith("done=webhook-replayed")
    assert visit.send(f"{own}/do", do="forget").startswith("/operator/webhooks?")
    assert URL not in visit.see("/operator/webhooks")
