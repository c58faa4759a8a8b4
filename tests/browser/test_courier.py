"""A courier's round on a phone: choose, go, scan, show the pass, tell trouble, end the day."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from restante.core.value import UtcSeconds
from tests.web.stage import FRIDAY, OPERATOR, Stage

pytestmark = pytest.mark.usefixtures("strayed", "complaints")

SCREENSHOTS = os.environ.get("SCREENSHOTS")
TARGET_PX = 56
PAGES = ("today", "stop", "scan", "load-check", "pass", "problem", "summary", "sign-in")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    opened = Stage(tmp_path_factory.mktemp("courier"), lockers=4, counters=1)
    opened.live_three_days()
    opened.clock.set(UtcSeconds(FRIDAY + 3 * 3600))
    opened.centre.timekeeper.tick()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(stage: Stage, serve: Any) -> str:
    return str(serve(stage.app()))


@pytest.fixture
def on_tour(stage: Stage, address: str, page: Any) -> Any:
    """The page of somebody who walks as a courier."""
    page.goto(f"{address}/courier")
    page.get_by_role("button", name=stage.couriers[0].name).click()
    page.get_by_role("heading", name="Today").wait_for()
    return page


@pytest.fixture(scope="module")
def paths(stage: Stage, address: str) -> dict[str, str]:
    site = booked(stage).site
    return {
        "today": f"{address}/courier",
        "stop": f"{address}/courier/site/{site}",
        "scan": f"{address}/courier/scan?site={site}",
        "load-check": f"{address}/courier/scan",
        "pass": f"{address}/courier/pass",
        "problem": f"{address}/courier/site/{site}/problem",
        "summary": f"{address}/courier/summary",
        "sign-in": f"{address}/courier/sign-in",
    }


def booked(stage: Stage, place: int = 0) -> Any:
    return stage.centre.queries.parcels(OPERATOR, status="booked").items[place]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits_in_both_schemes_on_both_screens(
    name: str,
    paths: dict[str, str],
    on_tour: Any,
    scheme: str,
    screen: str,
    check_accessibility: Any,
    fits_the_screen: Any,
) -> None:
    on_tour.goto(paths[name])
    on_tour.wait_for_load_state("networkidle")
    if SCREENSHOTS:
        path = Path(SCREENSHOTS) / f"courier-{name}-{scheme}-{screen}.png"
        on_tour.screenshot(path=path, animations="disabled")
    fits_the_screen(on_tour)
    check_accessibility(on_tour)


@pytest.mark.parametrize("name", ["today", "stop", "load-check", "pass"])
def test_what_is_pressed_most_stands_at_the_thumb_and_is_large(
    name: str, paths: dict[str, str], on_tour: Any
) -> None:
    on_tour.set_viewport_size({"width": 360, "height": 780})
    on_tour.goto(paths[name])
    for button in on_tour.locator(".thumb-bar .button").all():
        box = button.bounding_box()
        assert box["height"] >= TARGET_PX
        assert box["y"] >= 780 * 2 / 3


def test_a_hand_scanner_hears_good_and_ticks_the_parcel_off(
    stage: Stage, paths: dict[str, str], on_tour: Any
) -> None:
    parcel = booked(stage)
    on_tour.goto(paths["scan"])
    on_tour.wait_for_load_state("networkidle")
    # As a hand scanner types: fast, with Enter at the end, whatever has the focus.
    on_tour.locator("h1").click()
    on_tour.evaluate("document.activeElement.blur()")
    on_tour.keyboard.type(parcel.label)
    on_tour.keyboard.press("Enter")
    on_tour.locator("[data-verdict=good]").wait_for()
    assert on_tour.locator("[data-checked-count]").inner_text() == "1"
    on_tour.reload()
    on_tour.wait_for_load_state("networkidle")
    assert on_tour.locator("[data-checked-count]").inner_text() == "1"


def test_the_field_is_ready_for_the_next_label_after_a_bad_one(
    paths: dict[str, str], on_tour: Any
) -> None:
    on_tour.goto(paths["load-check"])
    on_tour.wait_for_load_state("networkidle")
    field = on_tour.get_by_label("Label", exact=True)
    field.fill("JJD0003999999")
    field.press("Enter")
    on_tour.locator("[data-verdict=not_yours]").wait_for()
    on_tour.get_by_text("Not yours").wait_for()
    assert field.input_value() == ""
    assert field.evaluate("field => field === document.activeElement")


def test_a_parcel_of_another_stop_is_told_apart(stage: Stage, address: str, on_tour: Any) -> None:
    here = booked(stage)
    other = next(
        one
        for one in stage.centre.queries.parcels(OPERATOR, status="booked").items
        if one.site != here.site
    )
    on_tour.goto(f"{address}/courier/scan?site={here.site}")
    on_tour.wait_for_load_state("networkidle")
    on_tour.get_by_label("Label", exact=True).fill(other.label)
    on_tour.keyboard.press("Enter")
    on_tour.locator("[data-verdict=wrong_site]").wait_for()
    on_tour.get_by_role("link", name="See that stop").click()
    on_tour.wait_for_url(f"**/courier/site/{other.site}")


def test_trouble_is_told_in_two_taps(stage: Stage, paths: dict[str, str], on_tour: Any) -> None:
    on_tour.goto(paths["stop"])
    on_tour.get_by_role("link", name="Something is wrong here").click()
    on_tour.get_by_role("button", name="I cannot get there").click()
    on_tour.get_by_text("The operator sees it now").wait_for()
    kinds = [one.kind for one in stage.centre.queries.matters(OPERATOR)]
    assert "told_no_access" in kinds


def test_the_kiosk_of_a_stop_is_one_tap_away(paths: dict[str, str], on_tour: Any) -> None:
    on_tour.goto(paths["stop"])
    kiosk = on_tour.get_by_role("link", name="Open this locker's kiosk")
    assert kiosk.get_attribute("href").startswith("/kiosk/")


def test_the_day_ends_with_a_summary_and_signing_out(paths: dict[str, str], on_tour: Any) -> None:
    on_tour.goto(paths["today"])
    on_tour.get_by_role("link", name="My day").click()
    on_tour.get_by_text("Not done yet").wait_for()
    on_tour.get_by_role("button", name="Sign out").click()
    on_tour.get_by_role("heading", name="Start your day").wait_for()
