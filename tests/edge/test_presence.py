"""What the start screen shows for whoever opens with a phone."""

import re

from litestar import Litestar
from litestar.testing import TestClient
from msgspec.structs import replace

from restante.access import seeded_entropy
from restante.clock import Minter, VirtualClock
from restante.core.value import UtcSeconds
from restante.edge.controller import Controller
from restante.edge.kiosk.kiosk import Kiosk
from restante.edge.kiosk.pages import make_kiosk_routes
from restante.edge.kiosk.painter import _draw_code, _draw_presence
from restante.edge.presence import LETTERS, make_challenges, make_shown_codes
from tests.edge.cabinet import CONFIG, LOCKER, START, Cabinet

CODE = re.compile(r'class="presence-code" dir="ltr">(\w{6})<')


def kiosk(*, is_online: bool = True) -> tuple[Kiosk, VirtualClock]:
    cabinet = Cabinet()
    controller = Controller(
        replace(CONFIG, shows_presence=True),
        journal=cabinet.journal,
        board=cabinet.board,
        clock=cabinet.clock,
        minter=cabinet.minter,
        keys=cabinet.keys,
    )
    return Kiosk(controller, is_online=lambda: is_online, clock=cabinet.clock), cabinet.clock


def page(shown: Kiosk) -> str:
    app = Litestar([make_kiosk_routes(lambda _: shown)])
    with TestClient(app) as client:
        return client.get(f"/kiosk/{LOCKER}").text


def test_the_start_screen_shows_a_code_and_its_square_that_change_every_half_minute() -> None:
    shown, clock = kiosk()
    first = CODE.search(page(shown))
    assert first
    assert 'class="presence-square"' in page(shown)
    assert set(first[1]) <= set(LETTERS)
    assert first[1] == CODE.search(page(shown))[1]  # type: ignore[index]
    clock.set(UtcSeconds(START + 30))
    second = CODE.search(page(shown))
    assert second
    assert second[1] != first[1]
    assert shown.controller.orders._shown.use(first[1], clock.now())
    assert not shown.controller.orders._shown.use(first[1], clock.now())


def test_the_square_is_an_address_once_the_locker_knows_the_centre() -> None:
    config = replace(CONFIG, centre_url="https://parcels.example.org/")
    address = config.address("open/ABC234")
    assert address == "https://parcels.example.org/open/ABC234"
    assert CONFIG.address("open/ABC234") == ""
    assert _draw_presence(config, "ABC234") == _draw_code(address)
    assert _draw_presence(CONFIG, "ABC234") == _draw_code("ABC234")
    assert _draw_presence(config, "") == ""


def test_nothing_is_shown_to_whom_it_is_no_use() -> None:
    offline, _ = kiosk(is_online=False)
    assert not CODE.search(page(offline))
    busy, _ = kiosk()
    busy.touch("collect")
    assert not CODE.search(page(busy))


def test_codes_are_live_for_a_while_and_after_a_clock_set_back_not_at_all() -> None:
    clock = VirtualClock(START)
    for make, life in ((make_shown_codes, 90), (make_challenges, 150)):
        codes = make(Minter(clock))
        code = codes.give(START)
        assert codes.is_live(code, UtcSeconds(START + life - 1))
        assert not codes.is_live(code, UtcSeconds(START + life))
        assert not codes.is_live(code, UtcSeconds(START - 1))
        assert not codes.is_live("", START)
        assert not codes.is_live("ÄÖÜ", START)


def test_codes_are_spread_over_all_letters() -> None:
    # Of dice thrown alike each time: two of 2,000 codes are the same once in a hundred runs.
    codes = make_shown_codes(Minter(VirtualClock(START), seeded_entropy(b"spread")))
    drawn = {codes.give(UtcSeconds(START + 30 * n)) for n in range(2000)}
    assert len(drawn) == 2000
    assert {letter for code in drawn for letter in code} == set(LETTERS)
