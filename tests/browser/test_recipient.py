"""A recipient with a link: reads, extends, gets a new code, reports; also without scripts."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from restante.core.ids import ParcelId
from restante.core.value import HOUR, UtcSeconds
from restante.operations.notify import make_link
from tests.web.stage import FRIDAY, OPERATOR, Stage

pytestmark = pytest.mark.usefixtures("strayed", "complaints")

SCREENSHOTS = os.environ.get("SCREENSHOTS")
PAGES = ("ready", "new-code", "problem", "collected", "booked", "going-back", "people", "door")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    opened = Stage(tmp_path_factory.mktemp("recipient"), lockers=4, counters=1)
    opened.live_three_days()
    opened.clock.set(UtcSeconds(FRIDAY + 2 * HOUR))
    opened.centre.timekeeper.tick()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(stage: Stage, serve: Any) -> str:
    return str(serve(stage.app()))


@pytest.fixture(scope="module")
def real_address(stage: Stage, serve: Any) -> str:
    """The same network without a demonstration's doors."""
    return str(serve(stage.app(is_demo=False)))


def link(stage: Stage, status: str, place: int = 0) -> str:
    parcels = stage.centre.queries.parcels(OPERATOR, status=status).items
    return link_to(stage, parcels[place].parcel)


def link_to(stage: Stage, parcel: ParcelId) -> str:
    shown = stage.centre.queries.parcel(OPERATOR, parcel)
    operation = make_link(stage.centre.means, parcel=parcel, recipient=shown.recipient)
    return f"/p/{stage.centre.run(operation).reveal()}"


@pytest.fixture(scope="module")
def paths(stage: Stage, address: str, real_address: str) -> dict[str, str]:
    ready = address + link(stage, "ready")
    return {
        "ready": ready,
        "new-code": f"{ready}/new-code",
        "problem": f"{ready}/problem",
        "collected": address + link(stage, "collected_by_recipient"),
        "booked": address + link(stage, "booked"),
        "going-back": address + link(stage, "expired"),
        "people": f"{address}/recipient",
        "door": f"{real_address}/recipient",
    }


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits_in_both_schemes_on_both_screens(
    name: str,
    paths: dict[str, str],
    page: Any,
    scheme: str,
    screen: str,
    check_accessibility: Any,
    fits_the_screen: Any,
) -> None:
    page.goto(paths[name])
    if SCREENSHOTS:
        path = Path(SCREENSHOTS) / f"recipient-{name}-{scheme}-{screen}.png"
        page.screenshot(path=path, full_page=True, animations="disabled")
    fits_the_screen(page)
    check_accessibility(page)


@pytest.mark.parametrize("language", ["de", "pl", "es"])
def test_the_page_fits_a_phone_in_every_language(
    language: str, paths: dict[str, str], page: Any, fits_the_screen: Any
) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(paths["ready"])
    page.locator(f"button[lang={language}]").click()
    page.wait_for_selector(f"html[lang={language}]")
    fits_the_screen(page)
    page.goto(f"{paths['ready']}/problem")
    fits_the_screen(page)


@pytest.fixture
def plain_page(browser: Any) -> Iterator[Any]:
    """A page in a browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    yield context.new_page()
    context.close()


def test_everything_works_without_scripts(stage: Stage, address: str, plain_page: Any) -> None:
    page = plain_page
    page.goto(address + link(stage, "ready", 2))
    code = page.locator(".pickup-code").inner_text()
    assert page.locator("svg.qr").is_visible()
    assert page.locator("time-left").inner_text().endswith("left")

    page.get_by_role("button", name="Extend until").click()
    page.get_by_text("Done. Your parcel now waits until").wait_for()

    page.get_by_role("link", name="Get a new code").click()
    page.get_by_role("button", name="Make a new code").click()
    page.get_by_text("Here is your new code").wait_for()
    assert page.locator(".pickup-code").inner_text() != code

    page.get_by_role("link", name="Report a problem").click()
    page.get_by_label("The code was refused").check()
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Somebody will look into it").wait_for()

    page.get_by_role("button", name="Polski").click()
    page.get_by_role("heading", name="Twoja paczka czeka").wait_for()


def test_the_page_can_be_walked_by_keyboard_alone(stage: Stage, address: str, page: Any) -> None:
    page.goto(address + link(stage, "ready", 1))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert any(text.startswith("Extend until") for text in reached)
    assert "Report a problem" in reached
    assert "Get a new code" in reached


def test_on_paper_stand_code_and_square_and_no_buttons(
    stage: Stage, address: str, page: Any
) -> None:
    page.goto(address + link(stage, "ready", 1))
    page.emulate_media(media="print")
    assert page.locator(".pickup-code").is_visible()
    assert page.locator("svg.qr").is_visible()
    assert not page.get_by_role("button", name="Extend until").is_visible()
    assert not page.get_by_role("link", name="Report a problem").is_visible()


def test_the_first_load_is_small(stage: Stage, address: str, page: Any) -> None:
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length", 0))))
    page.goto(address + link(stage, "ready"), wait_until="networkidle")
    # Fonts are kept for a year and shared with every page of the network.
    assert sum(sizes) < 200_000


def test_a_visitor_of_the_demonstration_steps_into_a_recipient(address: str, page: Any) -> None:
    page.goto(f"{address}/recipient")
    page.locator(".person").first.click()
    page.wait_for_url("**/p/**")
    page.locator(".pickup-code").wait_for()
