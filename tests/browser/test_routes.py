"""Routes from the form to a courier's phone, by pointer and by keyboard, and as a file offline."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from restante.core.ids import PlanId
from restante.operations.route_plans import put_in_force
from restante.operations.searches import Progress
from restante.web.route_map import write_map_file
from tests.browser.conftest import DESK, PHONE
from tests.web.route_stage import answer, finish_plan
from tests.web.stage import FRIDAY, OPERATOR, Stage

pytestmark = pytest.mark.usefixtures("strayed", "complaints")

SCREENSHOTS = os.environ.get("SCREENSHOTS")
TODAY, TOMORROW = "2026-11-27", "2026-11-28"
LOOKS = [("light", "desk", DESK), ("dark", "phone", PHONE)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    opened = Stage(tmp_path_factory.mktemp("routes"), lockers=9, counters=1)
    opened.clock.set(FRIDAY)
    for number in range(27):
        opened.announce(number, list(opened.layouts)[number % 9])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def plans(stage: Stage) -> tuple[PlanId, PlanId]:
    first = finish_plan(stage, day=TODAY, title="First")
    stage.announce(99, next(iter(stage.layouts)))
    second = finish_plan(stage, day=TODAY, title="Second", order=lambda name: name[::-1])
    stage.centre.run(put_in_force(OPERATOR, plan=first, partner=stage.partner))
    return first, second


@pytest.fixture(scope="module")
def address(stage: Stage, plans: tuple[PlanId, PlanId], serve: Any) -> str:
    del plans
    return str(serve(stage.app()))


def open_plan(page: Any, address: str, plan: PlanId) -> None:
    page.goto(f"{address}/operator/routes/{plan}")
    page.locator("[data-route-map][data-ready]").wait_for()


@pytest.mark.parametrize(("scheme", "name", "size"), LOOKS, ids=["light-desk", "dark-phone"])
def test_every_page_is_accessible_and_fits(
    scheme: str,
    name: str,
    size: Any,
    stage: Stage,
    address: str,
    plans: tuple[PlanId, PlanId],
    page: Any,
    check_accessibility: Any,
    fits_the_screen: Any,
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size(size)
    paths = {
        "list": "/operator/routes",
        "plan": f"/operator/routes/{plans[0]}",
        "compare": f"/operator/routes/compare?a={plans[0]}&b={plans[1]}",
        "round": "/courier",
    }
    page.goto(f"{address}/courier")
    page.get_by_role("button", name=stage.couriers[0].name).click()
    page.locator(".round-next").wait_for()
    for what, path in paths.items():
        page.goto(address + path)
        if SCREENSHOTS:
            shot = Path(SCREENSHOTS) / f"routes-{what}-{scheme}-{name}.png"
            page.screenshot(path=shot, full_page=True, animations="disabled")
        fits_the_screen(page)
        check_accessibility(page)


def test_the_map_is_moved_and_asked_by_keyboard_alone(
    address: str, plans: tuple[PlanId, PlanId], page: Any
) -> None:
    open_plan(page, address, plans[0])
    view, drawing = page.locator("[data-view]"), page.locator(".route-drawing")
    whole = drawing.get_attribute("viewBox")
    view.focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    x, _, width, _ = map(float, drawing.get_attribute("viewBox").split())
    assert width < 1_000
    assert x > (1_000 - width) / 2
    page.keyboard.press("0")
    assert drawing.get_attribute("viewBox") == whole
    choice = page.locator('[data-choose="2"]')
    choice.focus()
    page.keyboard.press("Enter")
    assert choice.get_attribute("aria-pressed") == "true"
    assert float(drawing.get_attribute("viewBox").split()[2]) < 1_000, "the route fills the map"
    assert [one.get_attribute("data-table") for one in page.locator("[data-table]:visible").all()
            ] == ["2"]  # fmt: skip
    assert page.locator("[data-said]").inner_text().startswith("2 ")
    view.focus()
    page.keyboard.press("Escape")
    assert page.locator("[data-table]:visible").count() == 3


def test_the_map_is_dragged_and_a_stop_shows_its_row(
    address: str, plans: tuple[PlanId, PlanId], page: Any
) -> None:
    open_plan(page, address, plans[0])
    drawing = page.locator(".route-drawing")
    box = page.locator("[data-view]").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 90, steps=4)
    page.mouse.up()
    assert float(drawing.get_attribute("viewBox").split()[0]) < -50
    page.get_by_role("button", name="Show everything").click()
    page.locator('[data-route="1"] [data-stop="2"] .route-mark').click()
    row = page.locator('[data-table="1"] [data-row="2"]')
    assert row.get_attribute("data-chosen") is not None
    assert page.locator('[data-choose="1"]').get_attribute("aria-pressed") == "true"


def test_the_file_opens_without_a_network(
    stage: Stage, plans: tuple[PlanId, PlanId], page: Any, tmp_path: Path, check_accessibility: Any
) -> None:
    drawn = json.loads(stage.centre.routes.paper(OPERATOR, plans[0], "geojson"))
    file = tmp_path / "map.html"
    file.write_text(write_map_file(drawn, title="First"), encoding="utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    page.goto(file.as_uri())
    page.locator("[data-route-map][data-ready]").wait_for()
    page.locator('[data-choose="3"]').click()
    assert page.locator("[data-table]:visible").count() == 1
    check_accessibility(page)
    assert [one for one in asked if not one.startswith(("file:", "data:"))] == []


def test_from_the_form_to_the_couriers_phone(stage: Stage, address: str, page: Any) -> None:
    desk = stage.centre.routes
    page.goto(f"{address}/operator/routes")
    page.locator("summary", has_text="Vans, hours, costs").click()
    page.get_by_label("Parcels in a van").fill("60")
    page.get_by_role("button", name="Plan", exact=True).click()
    page.get_by_role("heading", name="Waits for its turn").wait_for()
    page.locator('html[data-live="up"]').wait_for(state="attached")
    claimed = desk.claim("browser")
    assert claimed is not None
    desk.note(claimed.key, Progress(stage="searching", share=0.5, cost=321.5, vehicles=3,
                                     iterations=900, per_second=45_000))  # fmt: skip
    page.locator("#run-cost", has_text="321.5").wait_for()
    page.locator("#run-served", has_text="yes").wait_for()
    assert page.get_by_role("progressbar").get_attribute("value") == "0.5"
    desk.finish(claimed.key, "browser", answer(claimed.problem))
    page.locator("[data-route-map][data-ready]").wait_for()
    page.get_by_text("60 parcels each").wait_for()
    page.get_by_role("button", name="Put in force").click()
    page.get_by_text("couriers of that day see its order now").wait_for()
    assert desk.in_force(stage.partner)[TOMORROW] == claimed.key
    page.goto(f"{address}/courier")
    page.get_by_role("button", name=stage.couriers[0].name).click()
    page.locator(".round-next").wait_for()
    page.locator(".round-next").press("Enter")
    page.get_by_role("heading", name="Put in, big ones first").wait_for()
