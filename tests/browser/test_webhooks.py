"""Receivers of webhooks and their log, as an operator sees and works them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from restante.operations.deliveries import Claimed, Tried
from restante.operations.webhooks import WebhookChange, change_webhook, make_webhook
from restante.partners.public_address import Allowance
from restante.partners.webhook import Answer
from tests.web.stage import OPERATOR, Stage

pytestmark = pytest.mark.usefixtures("strayed", "complaints")

SCREENSHOTS = os.environ.get("SCREENSHOTS")
LONG = "https://hooks.warehouse-and-returns.example.com/v2/lockers/incoming?source=restante&shop=17"
PAGES = ("list", "log", "failed")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    opened = Stage(tmp_path_factory.mktemp("webhooks"))
    yield opened
    opened.close()


def make(stage: Stage, url: str, label: str) -> str:
    operation = make_webhook(
        stage.centre.means, Allowance(), OPERATOR, url=url, label=label, partner=stage.partner
    )
    return stage.centre.run(operation).webhook


@pytest.fixture(scope="module")
def receivers(stage: Stage) -> dict[str, str]:
    """One of each kind, after three days of parcels."""
    made = {
        "log": make(stage, "https://shop.example.com/restante", "Shop, production"),
        "failed": make(stage, LONG, ""),
        "disabled": make(stage, "https://old.example.com/in", "The old one"),
    }
    change = WebhookChange(is_enabled=False)
    stage.centre.run(change_webhook(Allowance(), OPERATOR, webhook=made["disabled"], change=change))
    stage.live_three_days()
    desk = stage.centre.deliveries

    def answer(claimed: Claimed) -> Answer:
        if claimed.webhook == made["failed"]:
            return Answer(0, "nobody answers at its address")
        return Answer(503 if claimed.event.position % 5 == 0 else 200)

    tried: list[Tried] = []
    for _ in range(12):
        claimed = desk.turn(tried, room_for=lambda _: 40, room=100)
        tried = [Tried(one, answer(one), stage.clock.now(), 31) for one in claimed]
    desk.turn(tried, room_for=lambda _: 0, room=0)
    made["empty"] = make(stage, "https://new.example.com/in", "New")
    return made


@pytest.fixture(scope="module")
def address(stage: Stage, receivers: dict[str, str], serve: Any) -> str:
    assert receivers
    return str(serve(stage.app()))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits_in_both_schemes_on_both_screens(
    name: str,
    address: str,
    receivers: dict[str, str],
    page: Any,
    scheme: str,
    screen: str,
    check_accessibility: Any,
    fits_the_screen: Any,
) -> None:
    page.goto(f"{address}/operator/webhooks/{receivers.get(name, '')}".rstrip("/"))
    if SCREENSHOTS:
        path = Path(SCREENSHOTS) / f"webhooks-{name}-{scheme}-{screen}.png"
        page.screenshot(path=path, full_page=True, animations="disabled")
    fits_the_screen(page)
    check_accessibility(page)


def test_the_log_moves_on_under_a_keyboard_that_stays_where_it_is(
    address: str, receivers: dict[str, str], page: Any
) -> None:
    own = f"{address}/operator/webhooks/{receivers['log']}"
    page.goto(own)
    log = page.locator("#log")
    button = log.get_by_role("button", name="Tell again").nth(2)
    button.focus()
    mine = "document.activeElement.closest('form').action"
    before = page.evaluate(mine)
    for _ in range(2):
        with page.expect_response(own):
            pass
        page.wait_for_function(
            "before => document.activeElement.closest('form')?.action === before", arg=before
        )
    page.keyboard.press("Enter")
    page.wait_for_url("**done=webhook-replayed**")


def test_a_receiver_is_added_replayed_and_deleted_with_the_keyboard_alone(
    address: str, page: Any
) -> None:
    page.goto(f"{address}/operator/webhooks")

    def tab_to(role: str, name: str) -> None:
        wanted = page.get_by_role(role, name=name, exact=True).last
        for _ in range(80):
            if wanted.evaluate("element => element === document.activeElement"):
                return
            page.keyboard.press("Tab")
        pytest.fail(f"the keyboard does not reach {role} {name!r}")

    tab_to("textbox", "Address")
    page.keyboard.type("https://keys.example.com/in")
    page.keyboard.press("Enter")
    page.locator("#new-key").wait_for()
    tab_to("combobox", "Everything of")
    page.keyboard.press("ArrowDown")
    tab_to("button", "Tell again")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=webhook-replayed**")
    page.locator("summary", has_text="Delete").focus()
    page.keyboard.press("Enter")
    tab_to("button", "Delete the receiver")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=webhook-forgotten**")
    assert not page.get_by_text("keys.example.com").count()
