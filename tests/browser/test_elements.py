"""What the elements do when somebody uses them."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.gallery import make_gallery

pytestmark = pytest.mark.usefixtures("strayed", "complaints")


@pytest.fixture(scope="session")
def gallery(serve: Any) -> str:
    return serve(make_gallery())


def test_a_cabinet_is_walked_with_arrow_keys_and_chosen_with_enter(gallery: str, page: Any) -> None:
    page.goto(f"{gallery}/console")
    page.locator('[data-compartment="c_15"]').focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator('[data-compartment="c_21"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("cabinet-drawing")).to_have_attribute("selected", "c_21")
    expect(page.locator('[data-compartment="c_21"]')).to_have_attribute("aria-pressed", "true")


def test_a_compartment_says_number_state_and_size(gallery: str, page: Any) -> None:
    page.goto(f"{gallery}/console")
    name = re.compile(r"^Compartment 15, reserved, 380 × 410 × 640 mm$")
    expect(page.get_by_role("button", name=name)).to_have_count(1)


def test_a_site_is_chosen_on_the_map_and_fills_up_live(gallery: str, page: Any) -> None:
    page.goto(f"{gallery}/map")
    page.locator("city-map[data-ready]").wait_for(timeout=20_000)
    pin = page.get_by_role("button", name=re.compile("^Stare Miasto 4:"))
    expect(pin).to_have_attribute("aria-pressed", "true")
    full = page.get_by_role("button", name="Dworzec 2: 0 of 24 compartments free")
    full.focus()
    page.keyboard.press("Enter")
    expect(page.locator("city-map")).to_have_attribute("selected", "s_1")
    expect(full).to_have_attribute("aria-pressed", "true")


def test_a_lost_stream_is_shown(gallery: str, page: Any) -> None:
    page.goto(f"{gallery}/map")
    expect(page.locator("[data-live-mark]")).to_contain_text("Live updates have stopped")


def test_a_hand_scanner_is_heard_without_focus(gallery: str, page: Any) -> None:
    page.goto(f"{gallery}/courier")
    field = page.locator("label-scanner input")
    expect(field).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.type("00359031172048")
    page.keyboard.press("Enter")
    expect(field).to_have_value("00359031172048")


def test_a_dialog_opens_takes_the_focus_and_gives_it_back(gallery: str, page: Any) -> None:
    page.goto(f"{gallery}/console")
    page.get_by_role("button", name="Open a compartment").click()
    expect(page.get_by_role("dialog", name="Open compartment 15")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Open a compartment")).to_be_focused()


def test_the_choice_of_theme_is_kept(gallery: str, page: Any) -> None:
    page.goto(gallery)
    page.get_by_role("button", name="Change between light and dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_the_recipient_page_reads_well_without_scripts(gallery: str, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{gallery}/parcel")
    expect(page.get_by_text("12-345678")).to_be_visible()
    expect(page.get_by_text("Sunday 22 November, 19:00")).to_be_visible()
    context.close()


def test_the_first_tab_stop_skips_to_the_content(gallery: str, page: Any) -> None:
    page.goto(gallery)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
