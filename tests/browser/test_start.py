"""The start page as a visitor of a demonstration meets it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.stage import Stage

pytestmark = pytest.mark.usefixtures("strayed", "complaints")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    opened = Stage(tmp_path_factory.mktemp("start"))
    opened.live_three_days()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(stage: Stage, serve: Any) -> str:
    return str(serve(stage.app()))


def test_the_start_page_is_accessible_and_fits_in_both_schemes_on_both_screens(
    address: str,
    page: Any,
    scheme: str,
    screen: str,
    check_accessibility: Any,
    fits_the_screen: Any,
) -> None:
    page.goto(address)
    fits_the_screen(page)
    check_accessibility(page)


def test_four_doors_stand_side_by_side(address: str, page: Any) -> None:
    page.goto(address)
    doors = page.locator("a.door h2").all_inner_texts()
    assert doors == ["Operator", "Courier", "Recipient", "Kiosk"]
    tops = {box["y"] for box in (door.bounding_box() for door in page.locator("a.door").all())}
    assert len(tops) == 1


def test_speed_changes_without_leaving_the_page(address: str, page: Any, stage: Stage) -> None:
    page.goto(address)
    page.get_by_role("button", name="×600").click()
    page.locator('button[value="600"][aria-pressed="true"]').wait_for()
    assert stage.demo.speed == 600
    page.locator(".toast", has_text="600 times").wait_for()
    page.get_by_role("button", name="×60", exact=True).click()
    page.locator('button[value="60"][aria-pressed="true"]').wait_for()


def test_a_connection_is_cut_and_restored(address: str, page: Any, stage: Stage) -> None:
    page.goto(address)
    page.get_by_role("button", name="Cut", exact=True).click()
    page.get_by_text("1 connection cut").wait_for()
    assert len(stage.demo.cut_lockers) == 1
    page.get_by_role("button", name="Restore", exact=True).click()
    page.get_by_text("1 connection cut").wait_for(state="detached")
    assert not stage.demo.cut_lockers


def test_what_happens_appears_by_itself(address: str, page: Any, stage: Stage) -> None:
    page.goto(address)
    page.locator('html[data-live="up"]').wait_for(state="attached")
    site, layout = next(iter(stage.layouts.items()))
    door = [spec.id for spec in layout if spec.height_mm >= 150][-1]
    parcel = stage.announce(900, site)
    stage.deposit(parcel, site, door)
    page.locator(".news li", has_text="Deposited").first.wait_for()


def test_without_scripts_the_switches_still_work(address: str, browser: Any, stage: Stage) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="December peak").click()
    assert stage.demo.is_peak
    page.get_by_role("button", name="Usual weeks").click()
    assert not stage.demo.is_peak
    context.close()
