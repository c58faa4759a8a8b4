"""A day in the demonstration, through all four doors, in a real browser."""

import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from restante.clock import VirtualClock
from restante.core.ids import LockerId, ParcelId, locker_stream, parcel_stream
from restante.core.parcel import Booked, Collected, Held
from restante.core.streams import KINDS, ParcelFile
from restante.core.value import HOUR, UtcSeconds
from restante.journal.verify import verify
from restante.sim.arrivals import Labels, draw_parcels
from restante.sim.letters import Consigned
from restante.sim.stand import Stand
from restante.sim.town import PARTNER
from restante.wiring.demo import Demo

NOW = UtcSeconds(1_795_618_800)
"""Wednesday 25 November 2026, 15:00 UTC: couriers have been everywhere."""

PLAYED_SECONDS_MAX = 120
WAIT_MS = 15_000


class City(NamedTuple):
    """A city that stands still, and where its pages are."""

    demo: Demo
    url: str

    def path(self, address: str) -> str:
        """Take an address from a message to this server."""
        return self.url + urlsplit(address).path

    def stand(self, locker: LockerId) -> Stand:
        return next(one for one in self.demo.town.stands if one.locker == locker)

    def ask(self, act: Callable[[], Any]) -> Any:
        """Let the thread that owns the city do something."""
        done, answer = threading.Event(), []

        def happen() -> None:
            answer.append(act())
            done.set()

        self.demo.life.ask(happen)
        assert done.wait(PLAYED_SECONDS_MAX)
        return answer[0]

    def custody(self, parcel: ParcelId) -> Any:
        stream = parcel_stream(parcel)
        state = self.demo.town.office.centre.journal.states([stream])[stream].state
        assert isinstance(state, ParcelFile)
        return state.custody


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Any], str]) -> Iterator[City]:
    demo = Demo(
        tmp_path_factory.mktemp("city"),
        public_url="http://127.0.0.1",
        seed=3,
        speed=0,
        past_seconds=11 * HOUR,
        scale=0.12,
        clock=VirtualClock(NOW),
    )
    url = serve(demo.app.asgi)
    demo.begin()
    place = City(demo, url)
    # Answered in order: by then the city has caught up, for it answers between its steps.
    while demo.life.is_catching_up or demo.town.clock.now() < NOW:
        place.ask(lambda: None)
    yield place
    demo.close()


@pytest.fixture
def locker(city: City) -> LockerId:
    """A locker in which at least two parcels wait."""
    return next(
        stand.locker
        for stand in city.demo.town.stands
        if len(city.demo.controls.street(stand.locker).waiting) >= 2
    )


def waiting_at(city: City, locker: LockerId) -> Consigned:
    site = city.stand(locker).site
    letters = city.demo.town.world.letters.by_label.values()
    return next(
        one
        for one in letters
        if one.site == site and one.code is not None and not one.is_gone and one.parcel
        if isinstance(city.custody(one.parcel), Held)
    )


def press(frame: Any, name: str) -> None:
    frame.get_by_role("button", name=name, exact=True).first.click(timeout=WAIT_MS)


def see(frame: Any, title: str) -> None:
    expect(frame.get_by_role("heading", name=title).first).to_be_visible(timeout=WAIT_MS)


def use_hands(page: Page, name: str) -> None:
    page.locator("#hands").get_by_role("button", name=name).click(timeout=WAIT_MS)


def kiosk_of(page: Page, city: City, locker: LockerId) -> Any:
    page.goto(f"{city.url}/demo/street/{locker}")
    return page.frame_locator("iframe.street-screen")


def collect(page: Page, city: City, locker: LockerId) -> ParcelId:
    """Collect a waiting parcel at the kiosk by typing its code."""
    letter = waiting_at(city, locker)
    assert letter.code is not None
    assert letter.parcel is not None
    kiosk = kiosk_of(page, city, locker)
    press(kiosk, "Type a code")
    for digit in letter.code.reveal().replace("-", ""):
        press(kiosk, digit)
    press(kiosk, "Continue")
    see(kiosk, "Take your parcel and shut the door")
    use_hands(page, "Take the parcel and shut")
    see(kiosk, "Did you take everything?")
    press(kiosk, "Finish")
    see(kiosk, "All done. Goodbye!")
    press(kiosk, "Start page")
    letter.is_gone = True
    return letter.parcel


@pytest.mark.usefixtures("strayed", "complaints")
def test_the_start_page_opens_four_doors(page: Page, city: City) -> None:
    page.goto(city.url)
    for name in ("Operator", "Courier", "Recipient", "Kiosk"):
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    page.get_by_role("link", name=re.compile("^Operator")).first.click()
    expect(page.get_by_role("heading", name="What needs a person")).to_be_visible()


@pytest.mark.usefixtures("strayed", "complaints")
def test_a_recipient_collects_with_the_code_of_the_message(
    page: Page, city: City, locker: LockerId
) -> None:
    parcel = collect(page, city, locker)
    city.ask(city.stand(locker).look)
    assert isinstance(city.custody(parcel), Collected)


@pytest.mark.usefixtures("strayed", "complaints")
def test_a_message_leads_to_the_parcels_page_with_code_and_deadline(
    page: Page, city: City, locker: LockerId
) -> None:
    letter = waiting_at(city, locker)
    assert letter.code is not None
    assert letter.link is not None
    page.goto(f"{city.url}/inbox")
    expect(page.get_by_text(letter.contact.email).first).to_be_visible()
    page.goto(city.path(letter.link.reveal()))
    expect(page.get_by_text(letter.code.reveal()).first).to_be_visible()


@pytest.mark.usefixtures("strayed", "complaints")
def test_with_the_link_cut_parcels_go_in_and_out_and_both_sides_agree_afterwards(
    page: Page, city: City, locker: LockerId
) -> None:
    stand, centre = city.stand(locker), city.demo.town.office.centre
    fresh = next(
        draw_parcels(
            city.demo.town.world.chance, Labels(9_000_000), stand.site, 1, first_number=9_000
        )
    )
    assert city.ask(lambda: city.demo.town.world.announce([fresh], partner=PARTNER)) == 1
    city.ask(lambda: city.demo.town.office.pass_time(NOW))
    city.ask(stand.look)
    assert fresh.parcel is not None

    page.goto(f"{city.url}/operator/sites/{stand.site}")
    page.get_by_role("button", name="Cut the connection").click()
    expect(page.get_by_role("button", name="Restore the connection")).to_be_visible()
    assert stand.link.is_cut

    street = city.demo.controls.street(locker)
    kiosk = kiosk_of(page, city, locker)
    press(kiosk, "I am a courier")
    for digit in street.courier_login:
        press(kiosk, digit)
    press(kiosk, "Continue")
    for digit in street.courier_pin.replace("-", ""):
        press(kiosk, digit)
    press(kiosk, "Continue")
    see(kiosk, "Scan the next label")
    kiosk.locator("#text").fill(fresh.label)
    kiosk.locator("#text").press("Enter")
    see(kiosk, "Put the parcel in and shut the door")
    use_hands(page, "Put the parcel in and shut")
    see(kiosk, "Scan the next label")
    press(kiosk, "Finish")
    see(kiosk, "All done. Goodbye!")
    press(kiosk, "Start page")
    collected = collect(page, city, locker)

    assert isinstance(city.custody(fresh.parcel), Booked), "the centre cannot know yet"
    assert isinstance(city.custody(collected), Held)

    page.goto(f"{city.url}/operator/sites/{stand.site}")
    page.get_by_role("button", name="Restore the connection").click()
    expect(page.get_by_role("button", name="Cut the connection")).to_be_visible()
    city.ask(stand.look)
    assert isinstance(city.custody(fresh.parcel), Held)
    assert isinstance(city.custody(collected), Collected)
    stream = locker_stream(locker)
    mirrored = centre.journal.states([stream])[stream]
    assert mirrored.version == stand.controller.store.version
    assert verify(centre.journal, KINDS).is_sound


@pytest.mark.usefixtures("strayed")
def test_the_picture_of_the_readme_shows_the_living_city(
    page: Page, city: City, tmp_path: Path
) -> None:
    """Make the picture; with SCREENSHOTS=docs/_static it becomes the one in the README."""
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{city.url}/operator/map")
    page.locator("city-map[data-ready]").wait_for(timeout=30_000)
    picture = page.screenshot(path=folder / "readme.png", animations="disabled")
    assert len(picture) > 60_000, "an empty map compresses to less"
