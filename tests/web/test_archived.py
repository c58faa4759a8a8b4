"""Pages of parcels whose beginning was archived say so."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from restante.core.ids import ParcelId
from restante.core.streams import KINDS
from restante.core.value import DAY, UtcSeconds
from restante.journal.archive import archive_before
from restante.operations.notify import make_link
from tests.web.stage import FRIDAY, OPERATOR, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    opened = Stage(tmp_path / "data", lockers=3, counters=1)
    opened.clock.set(FRIDAY)
    yield opened
    opened.close()


@pytest.fixture
def parcel(stage: Stage, tmp_path: Path) -> ParcelId:
    """A parcel that has waited for so long that its deposit is archived."""
    site, layout = next(iter(stage.layouts.items()))
    announced = stage.announce(1, site)
    stage.deposit(announced, site, layout[2].id)
    now = UtcSeconds(FRIDAY + 40 * DAY)
    stage.clock.set(now)
    month = dt.datetime.fromtimestamp(now, dt.UTC).strftime("%Y-%m")
    journal = stage.centre.journal
    assert archive_before(
        journal, KINDS, tmp_path / "a", before=month, now=now, sign=lambda _: ("k", b"s")
    )
    return announced


def test_the_operators_page_says_what_is_archived(stage: Stage, parcel: ParcelId) -> None:
    with TestClient(stage.app()) as client:
        text = client.get(f"/operator/parcels/{parcel}").text
    assert "What came before is archived" in text
    assert "restante journal archive" in text


def test_the_recipients_page_says_what_is_archived(stage: Stage, parcel: ParcelId) -> None:
    shown = stage.centre.queries.parcel(OPERATOR, parcel)
    operation = make_link(stage.centre.means, parcel=parcel, recipient=shown.recipient)
    address = f"/p/{stage.centre.run(operation).reveal()}"
    with TestClient(stage.app(is_demo=False)) as client:
        page = client.get(address, headers={"accept-language": "en"}).text
        german = client.get(address, headers={"accept-language": "de"}).text
    assert "Earlier steps are archived" in page
    assert "Frühere Schritte sind archiviert" in german
