"""The kiosk for everyone in a real browser: large, in contrast, spoken, with five keys."""

import array
import io
import urllib.request
import wave
from collections.abc import Callable
from typing import Any

import pytest
from litestar import Litestar
from playwright.sync_api import expect

from restante.core.ids import ParcelId
from restante.core.value import UtcSeconds
from restante.edge.config import ScreenConfig
from restante.edge.kiosk.flow import IDLE_WARN_SECONDS
from restante.edge.kiosk.kiosk import Kiosk
from restante.edge.kiosk.pages import make_kiosk_routes
from tests.edge.cabinet import LOCKER, Cabinet

pytestmark = pytest.mark.browser

NEXT, PREVIOUS, SELECT, BACK, REPEAT = "ArrowDown", "ArrowUp", "Enter", "Escape", "F1"
STEPS_MAX = 40


class Stand:
    """A kiosk on a screen of its own, with the hands of the people before it."""

    def __init__(self, page: Any, serve: Callable[[Any], str], screen: ScreenConfig) -> None:
        self.cabinet = Cabinet()
        self.cabinet.note(help_phone="+49 30 1234567")
        self.kiosk = Kiosk(self.cabinet.controller)
        app = Litestar([make_kiosk_routes(lambda name: self.kiosk if name == LOCKER else None)])
        self.page = page
        page.set_viewport_size({"width": screen.width_px, "height": screen.height_px})
        self.url = f"{serve(app)}/kiosk/{LOCKER}"
        self.open()

    def open(self) -> None:
        self.page.goto(self.url)
        expect(self.page.locator("html[data-ready]")).to_be_attached()

    def key(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def walk_to(self, name: str) -> None:
        """Go on with the key *next* until the focus is on a button, then take it."""
        for _ in range(STEPS_MAX):
            if self.focused() == name:
                break
            self.key(NEXT)
        assert self.focused() == name
        self.key(SELECT)

    def focused(self) -> str:
        return str(
            self.page.evaluate(
                "(document.activeElement.ariaLabel ?? document.activeElement.innerText).trim()"
            )
        )

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
def stand(page: Any, serve: Callable[[Any], str], strayed: Any, complaints: Any) -> Stand:
    return Stand(page, serve, ScreenConfig())


def test_a_recipient_collects_two_parcels_with_five_keys(stand: Stand) -> None:
    for parcel in ("p1", "p2"):
        stand.cabinet.expect(parcel)
        code = stand.cabinet.grant(parcel, recipient="r1")
    stand.cabinet.bring("p1", "p2")
    stand.walk_to("Deutsch")
    stand.see("Willkommen")
    stand.walk_to("Code eintippen")
    stand.see("Code eintippen")
    stand.key(BACK)
    stand.see("Welcome")
    stand.walk_to("Type a code")
    for count, digit in enumerate(code.replace("-", ""), start=1):
        stand.walk_to(digit)
        expect(stand.page.locator("#text")).to_have_value(code.replace("-", "")[:count])
    stand.key(PREVIOUS, NEXT)
    stand.walk_to("Continue")
    stand.see("Take your parcel and shut the door")
    stand.shut_with(None)
    stand.see("Did you take everything?")
    stand.walk_to("Open the next door")
    stand.see("Take your parcel and shut the door")
    stand.shut_with(None)
    stand.see("Did you take everything?")
    stand.walk_to("Finish")
    stand.see("All done. Goodbye!")
    stand.walk_to("Start page")
    stand.see("Welcome")


def test_a_courier_works_with_five_keys_and_a_scanner(stand: Stand) -> None:
    stand.cabinet.expect("p1")
    pin = stand.cabinet.courier_pass("4711").replace("-", "")
    stand.walk_to("I am a courier")
    stand.see("Courier sign-in")
    for digit in "4711":
        stand.walk_to(digit)
    stand.walk_to("Continue")
    stand.see("Type your PIN")
    for digit in pin:
        stand.walk_to(digit)
    stand.walk_to("Continue")
    stand.see("Scan the next label")
    stand.page.keyboard.type("LABEL-P1\n")
    stand.see("Put the parcel in and shut the door")
    stand.walk_to("Something is wrong")
    stand.see("What is wrong with door A1?")
    stand.key(BACK)
    stand.see("Put the parcel in and shut the door")
    stand.shut_with("p1")
    stand.see("Scan the next label")
    stand.walk_to("Finish")
    stand.see("All done. Goodbye!")


def test_an_answer_that_comes_late_does_not_bring_back_the_screen_before(stand: Stand) -> None:
    late = []

    def keep(route: Any) -> None:
        if route.request.post_data == "button=stay":
            late.append((route, route.fetch()))
        else:
            route.fallback()

    stand.page.route("**/touch", keep)
    stand.walk_to("I am a courier")
    stand.see("Courier sign-in")
    ((route, answer),) = late
    assert "Welcome" in answer.text()
    with stand.page.expect_event("requestfinished", lambda one: one == route.request):
        route.fulfill(response=answer)
    stand.page.evaluate("new Promise(requestAnimationFrame)")
    stand.see("Courier sign-in")


def test_who_types_faster_than_the_locker_answers_is_signed_in_by_all_digits(stand: Stand) -> None:
    pin = stand.cabinet.courier_pass("4711").replace("-", "")
    stand.walk_to("I am a courier")
    stand.see("Courier sign-in")
    for digit in "4711":
        stand.walk_to(digit)
    stand.walk_to("Continue")
    stand.see("Type your PIN")
    for digit in pin[:-1]:
        stand.walk_to(digit)
    expect(stand.page.locator("#text")).to_have_value(pin[:-1])
    held: list[Any] = []
    stand.page.route("**/digit", lambda route: held.append(route))  # noqa: PLW0108
    with stand.page.expect_request("**/digit"):
        stand.walk_to(pin[-1])
    stand.walk_to("Continue")
    (route,) = held
    route.continue_()
    stand.see("Scan the next label")


def test_the_focus_is_seen_and_walks_in_a_ring(stand: Stand) -> None:
    names = []
    for _ in range(STEPS_MAX):
        stand.key(NEXT)
        outline = stand.page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert float(outline.removesuffix("px")) >= 4
        if names and stand.focused() == names[0]:
            break
        names.append(stand.focused())
    assert names[:2] == ["Type a code", "I am a courier"]
    assert names[-1] == "Help"
    assert len(names) == len(set(names)) == 9
    stand.key(PREVIOUS)
    assert stand.focused() == "Help"


def test_it_speaks_the_screen_the_focus_and_again_on_demand(stand: Stand) -> None:
    root = stand.page.locator("html")
    stand.key(REPEAT)
    expect(root).to_have_attribute("data-said", stand_clip(stand, "data-speech"))
    expect(root).to_have_attribute("data-heard", stand_clip(stand, "data-speech"))
    screen = stand_clip(stand, "data-speech")
    assert is_loud(f"{stand.url}/clip/{screen}")
    stand.key(NEXT)
    button = stand.page.evaluate("document.activeElement.dataset.say")
    assert button and button != screen
    expect(root).to_have_attribute("data-said", button)
    assert is_loud(f"{stand.url}/clip/{button}")
    stand.key(REPEAT)
    expect(root).to_have_attribute("data-said", screen)
    stand.page.get_by_role("button", name="Stop").click()
    expect(root).not_to_have_attribute("data-said", screen)
    stand.key("F4")
    expect(stand.page.locator("#view[data-speech]")).to_have_count(0)


def test_headphones_make_it_speak_in_the_language_of_the_screen(stand: Stand) -> None:
    urllib.request.urlopen(
        urllib.request.Request(f"{stand.url}/headphones", data=b"plug=in", method="POST")
    ).read()
    expect(stand.page.locator("#view[data-speech]")).to_be_attached()
    english = stand_clip(stand, "data-speech")
    expect(stand.page.locator("html")).to_have_attribute("data-said", english)
    stand.walk_to("Polski")
    stand.see("Witamy")
    assert stand_clip(stand, "data-speech") != english
    assert is_loud(f"{stand.url}/clip/{stand_clip(stand, 'data-speech')}")


def test_the_warning_is_heard_seen_and_answered_by_any_key(stand: Stand) -> None:
    stand.walk_to("Type a code")
    stand.see("Type your code")
    now = stand.cabinet.clock.now()
    stand.cabinet.clock.set(UtcSeconds(now + IDLE_WARN_SECONDS))
    expect(stand.page.get_by_role("alertdialog")).to_be_visible()
    expect(stand.page.locator("html")).to_have_attribute("data-sounded", "warning")
    assert is_loud(f"{stand.url.rpartition('/')[0]}/sound/warning")
    stand.key(NEXT)
    expect(stand.page.get_by_role("alertdialog")).to_have_count(0)
    stand.see("Type your code")


def test_arabic_runs_from_right_to_left_and_the_locker_does_not(
    stand: Stand, check_accessibility: Callable[[Any], None]
) -> None:
    where = """() => {
      const left = document.querySelector(".cabinet svg").getBoundingClientRect().left;
      return [...document.querySelectorAll(".door text")].map((one) =>
        `${one.textContent} ${Math.round(one.getBoundingClientRect().left - left)}`).join();
    }"""
    before = stand.page.evaluate(where)
    stand.walk_to("العربية")
    stand.see("أهلاً وسهلاً")
    expect(stand.page.locator("html")).to_have_attribute("dir", "rtl")
    expect(stand.page.locator("html")).to_have_attribute("lang", "ar")
    check_accessibility(stand.page)
    drawn = stand.page.evaluate(where)
    assert [one.split()[0] for one in drawn.split(",")] == ["A1", "A2", "A3", "A4", "B1", "B2"]
    assert drawn == before
    title = stand.page.get_by_role("heading", level=1).bounding_box()
    drawing = stand.page.locator(".cabinet").bounding_box()
    assert title["x"] > drawing["x"] + drawing["width"]
    stand.walk_to("كتابة رمز")
    one, three = (
        stand.page.get_by_role("button", name=name, exact=True).bounding_box() for name in "13"
    )
    assert one["x"] < three["x"]


def stand_clip(stand: Stand, name: str) -> str:
    """Name the clip the screen shows; waits until it speaks."""
    view = stand.page.locator("#view[data-speech]")
    expect(view).to_be_attached()
    return str(view.get_attribute(name))


def is_loud(address: str) -> bool:
    """Tell whether there is something to hear."""
    with urllib.request.urlopen(address) as answer, wave.open(io.BytesIO(answer.read())) as sound:
        samples = array.array("h", sound.readframes(sound.getnframes()))
    return sum(1 for one in samples if abs(one) > 1_000) > 1_000
