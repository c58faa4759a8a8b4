"""An operator's day: the queue, the map, a site, a parcel, an import."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from restante.core.door import DoorForced
from restante.sim.town import locker_name
from tests.web.stage import Stage

pytestmark = pytest.mark.usefixtures("strayed", "complaints")

SCREENSHOTS = os.environ.get("SCREENSHOTS")
PAGES = (
    "queue",
    "resolved",
    "map",
    "site",
    "parcels",
    "nothing-found",
    "parcel",
    "notices",
    "import",
    "partners",
    "couriers",
    "system",
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    opened = Stage(tmp_path_factory.mktemp("operator"))
    opened.live_three_days()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(stage: Stage, serve: Any) -> str:
    return str(serve(stage.app()))


@pytest.fixture(scope="module")
def paths(stage: Stage) -> dict[str, str]:
    site = list(stage.layouts)[1]
    compartment = stage.layouts[site][4].id
    return {
        "queue": "/operator",
        "resolved": "/operator?status=resolved",
        "map": "/operator/map",
        "site": f"/operator/sites/{site}?compartment={compartment}",
        "parcels": "/operator/parcels",
        "nothing-found": "/operator/parcels?q=nothing",
        "parcel": f"/operator/parcels/{stage.parcels[1]}",
        **{
            name: f"/operator/{name}"
            for name in ("notices", "import", "partners", "couriers", "system")
        },
    }


def open_page(page: Any, address: str) -> None:
    page.goto(address)
    for element in ("city-map", "cabinet-drawing"):
        if page.locator(element).count():
            page.locator(f"{element}[data-ready]").first.wait_for(timeout=20_000)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits_in_both_schemes_on_both_screens(
    name: str,
    address: str,
    paths: dict[str, str],
    page: Any,
    scheme: str,
    screen: str,
    check_accessibility: Any,
    fits_the_screen: Any,
) -> None:
    open_page(page, address + paths[name])
    if SCREENSHOTS:
        path = Path(SCREENSHOTS) / f"operator-{name}-{scheme}-{screen}.png"
        page.screenshot(path=path, full_page=True, animations="disabled")
    fits_the_screen(page)
    check_accessibility(page)


def test_a_matter_is_looked_after_and_resolved_with_a_word(address: str, page: Any) -> None:
    page.goto(f"{address}/operator")
    row = page.locator(".queue-row", has_text="Content unclear")
    row.get_by_role("button", name="I look after it").click()
    page.get_by_text("Noted: somebody looks after it.").wait_for()
    page.goto(f"{address}/operator?status=acknowledged")
    row = page.locator(".queue-row", has_text="Content unclear")
    row.locator("summary").click()
    row.get_by_label("What was it?").fill("An umbrella, kept at the desk")
    row.get_by_role("button", name="Resolve").click()
    page.goto(f"{address}/operator?status=resolved")
    page.get_by_text("An umbrella, kept at the desk").wait_for()


def test_trouble_appears_in_the_queue_by_itself(address: str, page: Any, stage: Stage) -> None:
    page.goto(f"{address}/operator")
    page.locator('html[data-live="up"]').wait_for(state="attached")
    site = list(stage.layouts)[4]
    name = stage.layouts[site][2].id
    stage.report(locker_name(site), DoorForced(at=stage.clock.now(), compartment=name))
    page.locator(".queue-row", has_text=f", {name}").filter(has_text="Door forced").wait_for()


def test_a_door_that_opens_is_seen_open_in_the_drawing(
    address: str, page: Any, stage: Stage
) -> None:
    site = list(stage.layouts)[5]
    name = stage.layouts[site][3].id
    open_page(page, f"{address}/operator/sites/{site}")
    page.locator('html[data-live="up"]').wait_for(state="attached")
    stage.report(locker_name(site), DoorForced(at=stage.clock.now(), compartment=name))
    page.locator(f'.door[data-state="open"] [data-compartment="{name}"]').wait_for()


def test_a_compartment_is_chosen_by_keyboard_and_taken_out_of_service(
    address: str, page: Any, stage: Stage
) -> None:
    site = list(stage.layouts)[6]
    open_page(page, f"{address}/operator/sites/{site}")
    door = page.locator('.door-button[tabindex="0"]').first
    name = door.get_attribute("data-compartment")
    door.focus()
    page.keyboard.press("Enter")
    panel = page.locator("#compartment")
    panel.get_by_role("heading", name=f"Compartment {name}").wait_for()
    panel.locator("summary", has_text="Take out of service").click()
    panel.locator("form", has_text="Take out of service").get_by_label("Why").fill("dirty")
    panel.get_by_role("button", name="Take out of service").click()
    page.get_by_text("Ordered: the locker takes the compartment out of service").wait_for()


def test_the_slash_key_leads_to_a_parcel(address: str, page: Any, stage: Stage) -> None:
    page.goto(f"{address}/operator")
    page.keyboard.press("/")
    page.keyboard.type("order-0002")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="JJD00030000002").wait_for()
    page.get_by_text("Why this compartment").wait_for()


def test_a_refused_action_says_why_and_changes_nothing(
    address: str, page: Any, stage: Stage
) -> None:
    page.goto(f"{address}/operator/parcels/{stage.parcels[1]}")
    for _ in range(3):
        page.locator("summary", has_text="Extend").click()
        page.get_by_role("button", name="Extend").click()
    page.get_by_text("The time was extended as often as it can be.").wait_for()


def test_a_manifest_is_looked_at_before_it_is_imported(address: str, page: Any) -> None:
    manifest = Path(__file__).parents[2] / "examples" / "manifest.csv"
    page.goto(f"{address}/operator/import")
    page.get_by_label("CSV file").set_input_files(manifest)
    page.get_by_role("button", name="Go").click()
    page.get_by_role("heading", name="This is what would happen").wait_for()


def test_the_record_is_verified_from_the_page(address: str, page: Any) -> None:
    page.goto(f"{address}/operator/system")
    page.get_by_role("button", name="Verify now").click()
    page.get_by_text("Sound:").wait_for()


def test_the_pages_can_be_read_without_scripts(
    address: str, paths: dict[str, str], browser: Any, stage: Stage
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + paths["site"])
    page.get_by_text("All compartments as a list").wait_for()
    page.goto(address + paths["map"])
    assert page.locator("[data-site]").count() == len(stage.city.sites)
    context.close()
