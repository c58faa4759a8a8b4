"""Who owns the way repeats what was well said once: it is worth nothing the second time."""

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from restante.core.streams import KINDS
from restante.core.value import DAY, HOUR
from restante.edge.kiosk.kiosk import Kiosk
from restante.edge.kiosk.pages import make_kiosk_routes
from restante.edge.presence import CHALLENGE_LIFE_SECONDS
from restante.edge.store import TABLES
from restante.journal.memory import MemoryJournal
from restante.link.message import ListUpdate, decode_from_centre
from restante.operations.cancel import cancel
from tests.edge.cabinet import LOCKER as KIOSK_LOCKER
from tests.edge.cabinet import Cabinet
from tests.operations.afar import Afar
from tests.operations.house import OTHER_LOCKER, House


def test_old_words_do_not_keep_a_locker_from_knowing_that_it_is_alone(afar: Afar) -> None:
    afar.deposit()
    afar.pass_time(60)
    budget = afar.controller.budget
    before = budget.is_alone
    heard, said = budget.heard_at, list(afar.tap.said)
    # The centre is gone, the line is not: its owner says again all it ever heard, every hour.
    for _ in range(24):
        afar.house.clock.set(afar.now + HOUR)  # type: ignore[arg-type]
        afar.locker_clock.set(afar.locker_clock.now() + HOUR)  # type: ignore[arg-type]
        for body in said:
            afar.uplink.receive(body, afar.locker_clock.now())
        afar.controller.tick()
    assert budget.heard_at == heard
    assert (before, budget.is_alone) == (False, True)
    assert budget.alone_seconds >= DAY


def test_what_is_said_to_one_locker_counts_at_no_other(afar: Afar) -> None:
    afar.deposit()
    afar.ask()
    afar.pump()
    other = afar.centre.hub.end_for(OTHER_LOCKER)
    other.connected(afar.now)
    before, pulses = afar.uplink.dropped_count, afar.pulses()
    bodies = [body.replace(b'"locker-01"', b'"locker-02"') for body in afar.tap.said]
    for body in bodies:
        afar.uplink.receive(body, afar.now)
    renamed = [body.replace(b'"locker-02"', b'"locker-01"') for body in other.outgoing(afar.now)]
    for body in renamed:
        afar.uplink.receive(body, afar.now)
    assert afar.uplink.dropped_count == before + len(bodies) + len(renamed)
    assert afar.pulses() == pulses


def test_an_old_whole_list_brings_nothing_back_to_a_locker_that_lost_its_file(
    house: House,
) -> None:
    afar = Afar(house)
    parcel = house.announce("JJD09")
    afar.pump()
    recorded = [
        body for body in afar.tap.said
        if isinstance(said := decode_from_centre(body), ListUpdate) and said.base_version == 0
    ]  # fmt: skip
    assert recorded
    afar.pass_time(CHALLENGE_LIFE_SECONDS + 1)
    house.centre.run(cancel(house.centre.means, house.acme, parcel=parcel.parcel))
    afar.link.cut()
    afar.journal = MemoryJournal(KINDS, inline=TABLES)
    afar.start()
    afar.uplink.connected(afar.now)
    before = afar.uplink.dropped_count
    for body in recorded:
        afar.uplink.receive(body, afar.now)
    assert afar.uplink.dropped_count == before + len(recorded)
    assert not afar.controller.allowed.listed
    afar.pump()
    assert afar.controller.allowed.listed
    assert afar.controller.allowed.parcel(parcel.parcel) is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://testserver.local"}, 200),
        ({"sec-fetch-site": "same-origin", "origin": "http://testserver.local"}, 200),
    ],
)
@pytest.mark.parametrize("way", ["touch", "digit", "scan", "headphones"])
def test_no_other_page_presses_a_button_of_the_kiosk(
    way: str, headers: dict[str, str], status: int
) -> None:
    kiosk = Kiosk(Cabinet().controller)
    app = Litestar([make_kiosk_routes(lambda _name: kiosk)])
    with TestClient(app) as client:
        page = f"/kiosk/{KIOSK_LOCKER}"
        asked = {"accept": "text/x-fragment", **headers}
        assert client.post(f"{page}/{way}", data={"x": "y"}, headers=asked).status_code == status
