"""A phone's camera opens the address on a locker's screen; only handing it in changes anything."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from restante.web.app_routes import make_web
from restante.web.texts import catalogs
from tests.operations.alone import Far
from tests.operations.house import House, open_house

LABEL = "JJD770001"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = open_house(tmp_path)
    yield made
    made.centre.close()


@pytest.fixture
def address(house: House) -> str:
    far = Far(house)
    far.talk()
    far.link.cut()
    return urlsplit(far.bring_unannounced(LABEL)[1]).path


@pytest.fixture
def client(house: House) -> Iterator[TestClient[Any]]:
    web = make_web(house.centre, translations=catalogs())
    app = Litestar([web.router], exception_handlers=dict(web.problem_handlers), openapi_config=None)
    with TestClient(app) as opened:
        yield opened


def found(house: House) -> list[str]:
    shown = house.centre.queries.parcels(house.acme, label=LABEL).items
    return [one.status for one in shown]


def test_opening_the_address_shows_a_button_and_changes_nothing(
    house: House, client: TestClient[Any], address: str
) -> None:
    page = client.get(address)
    assert page.status_code == 200
    assert LABEL in page.text
    assert "Hand in the receipt" in page.text
    assert found(house) == []


def test_handing_it_in_makes_the_parcel_known_and_again_changes_nothing(
    house: House, client: TestClient[Any], address: str
) -> None:
    for _ in range(2):
        page = client.post(address)
        assert page.status_code == 200
        assert "The network knows it now" in page.text
        assert found(house) == ["ready"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_no_receipt_is_told_so(client: TestClient[Any], method: str) -> None:
    page = client.request(method, "/r/RR1.NONSENSE")
    assert page.status_code == 404
    assert "Point your camera" in page.text


def test_the_page_speaks_the_phones_language(client: TestClient[Any], address: str) -> None:
    words = {"de": "Beleg einreichen", "pl": "Przekaż", "es": "Entregar el justificante"}
    for language, word in words.items():
        assert word in client.get(address, headers={"accept-language": language}).text
