"""The API as it is mounted in life, over a real centre, with keys of three kinds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from restante.access import Scope
from restante.api import make_api
from restante.api.endpoint import Endpoint
from restante.api.rate import RateLimit
from restante.core.ids import PartnerId
from restante.operations.directory import issue_api_key, register_partner
from tests.operations.house import ACME, OPERATOR, RIVAL, House, copy_house

NETWORK = PartnerId("network")
GENEROUS = RateLimit(per_second=1e6, burst=1_000_000)


class Door:
    """The API of a house, and who asks it."""

    def __init__(self, house: House, rate_limit: RateLimit = GENEROUS) -> None:
        self.house = house
        house.centre.run(
            register_partner(OPERATOR, partner=NETWORK, name="The network", kind="operator")
        )
        self.acme = self.issue_key(ACME)
        self.rival = self.issue_key(RIVAL)
        self.operator = self.issue_key(NETWORK)
        self.app = Litestar(
            [make_api(house.centre, rate_limit=rate_limit, rate_clock=house.clock)],
            openapi_config=None,
            logging_config=None,
        )
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self._asked = 0

    def issue_key(self, partner: PartnerId, scopes: frozenset[Scope] = frozenset(Scope)) -> str:
        centre = self.house.centre
        secret = centre.run(
            issue_api_key(centre.means, OPERATOR, partner=partner, scopes=scopes, label="tests")
        )
        return secret.reveal()

    def ask(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Any:
        """Ask as acme unless another key is given; every request has a new idempotency key."""
        self._asked += 1
        sent = {
            "authorization": f"Bearer {key or self.acme}",
            "idempotency-key": f"test-{self._asked}",
            **(headers or {}),
        }
        if json is not None:
            more["json"] = json
        return self.client.request(method, f"/api/v1{path}", headers=sent, **more)

    def announce(self, label: str = "ABC-000-111", **changes: Any) -> dict[str, Any]:
        answer = self.ask("POST", "/parcels", announcement(label, **changes))
        assert answer.status_code == 201, answer.text
        return answer.json()


NAMED = {"parcel": "p-1", "booking": "b-1", "site": "site-01", "locker": "locker-01"}
NAMED |= {"compartment": "A1", "ring": "broad"}


def path_of(endpoint: Endpoint) -> str:
    """Fill in an endpoint's path; what the house does not have gets a name all the same."""
    names = {name: NAMED.get(name, f"{name}-1") for name in endpoint.parameters}
    return endpoint.path.format(**names)


def announcement(label: str = "ABC-000-111", **changes: Any) -> dict[str, Any]:
    return {
        "label": label,
        "size": {"length_mm": 300, "width_mm": 200, "height_mm": 120, "weight_g": 1500},
        "site": "site-01",
        "contact": {"name": "Anna Nowak", "email": "anna@example.org", "language": "pl"},
        **changes,
    }


@contextmanager
def open_door(folder: Path) -> Iterator[Door]:
    house = copy_house(folder)
    opened = Door(house)
    with opened.client:
        yield opened
    house.centre.close()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One for all tests of a module that are refused, or do not mind what others did."""
    with open_door(tmp_path_factory.mktemp("door")) as opened:
        yield opened
