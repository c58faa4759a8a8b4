"""The kiosk in a real browser: a courier brings a parcel, its recipient takes it."""

from collections.abc import Callable
from typing import Any

import pytest
from litestar import Litestar
from playwright.sync_api import expect

from restante.core.ids import ParcelId
from restante.edge.kiosk.kiosk import Kiosk
from restante.edge.kiosk.pages import make_kiosk_routes
from tests.edge.cabinet import LOCKER, Cabinet

pytestmark = pytest.mark.browser

BUTTON_PX_MIN = 118
"""20 mm on a 10.1 inch screen of 1280 by 800."""


class Place:
    """A kiosk that is served, and the hands of the people before it."""

    def __init__(self, page: Any, serve: Callable[[Any], str]) -> None:
        self.cabinet = Cabinet()
        self.cabinet.note(help_phone="+49 30 1234567")
        kiosk = Kiosk(self.cabinet.controller)
        app = Litestar([make_kiosk_routes(lambda name: kiosk if name == LOCKER else None)])
        self.page = page
        page.goto(f"{serve(app)}/kiosk/{LOCKER}")
        expect(page.locator("html[data-ready]")).to_be_attached()

    def scan(self, text: str) -> None:
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Enter")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def see(self, title: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title)

    def shut_with(self, parcel: str | None) -> None:
        (door,) = self.cabinet.board.open_doors()
        if parcel is None:
            self.cabinet.board.take_out(door)
        else:
            self.cabinet.board.put_in(door, ParcelId(parcel))
        self.cabinet.board.close(door)


@pytest.fixture
def place(page: Any, serve: Callable[[Any], str], strayed: Any, complaints: Any) -> Place:
    page.set_viewport_size({"width": 1280, "height": 800})
    return Place(page, serve)


def test_a_parcel_goes_in_and_comes_out(place: Place) -> None:
    place.cabinet.expect("p1")
    code = place.cabinet.grant("p1")
    place.scan(place.cabinet.shift_token())
    place.see("Scan the next label")
    place.scan("label-p1")
    place.see("Put the parcel in and shut the door")
    place.shut_with("p1")
    expect(place.page.get_by_text("Parcel taken in")).to_be_visible()
    place.press("Finish")
    place.see("All done. Goodbye!")
    place.press("Start page")
    place.press("Type a code")
    for digit in code.replace("-", ""):
        place.press(digit)
    place.press("Continue")
    place.see("Take your parcel and shut the door")
    place.shut_with(None)
    place.see("Did you take everything?")
    place.press("Finish")
    place.see("All done. Goodbye!")


def test_a_refused_code_leaves_nothing_in_the_field(place: Place) -> None:
    place.press("Type a code")
    place.see("Type your code")
    place.page.keyboard.type("12471193")
    place.page.keyboard.press("Enter")
    expect(place.page.get_by_text("This code does not open anything here.")).to_be_visible()
    expect(place.page.locator("#text")).to_have_value("")


def test_buttons_are_large_enough_for_gloves(place: Place) -> None:
    for step, title in (("", "Welcome"), ("Type a code", "Type your code")):
        if step:
            place.press(step)
        place.see(title)
        for button in place.page.get_by_role("button").all():
            box = button.bounding_box()
            assert min(box["width"], box["height"]) >= BUTTON_PX_MIN, button.inner_text()


def test_screens_are_accessible(
    place: Place,
    scheme: str,
    screen: str,
    check_accessibility: Callable[[Any], None],
    fits_the_screen: Callable[[Any], None],
) -> None:
    place.cabinet.expect("p1")
    place.see("Welcome")
    check_accessibility(place.page)
    place.press("Type a code")
    place.see("Type your code")
    check_accessibility(place.page)
    fits_the_screen(place.page)
    place.press("Help")
    place.see("Help")
    check_accessibility(place.page)
    place.press("Cancel")
    place.see("Welcome")
    place.scan(place.cabinet.shift_token())
    place.see("Scan the next label")
    place.scan("LABEL-P1")
    place.see("Put the parcel in and shut the door")
    check_accessibility(place.page)
    fits_the_screen(place.page)
