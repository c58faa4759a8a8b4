"""The inbox in a browser: a mail, its picture, and the way from it to the recipient's page."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from restante.access import Secret
from restante.notices.mailbox import Mailbox
from restante.notices.notice import ContactPoint, Notice, NoticeKind, Place
from restante.operations.notify import make_link
from tests.web.stage import FRIDAY, OPERATOR, Stage

pytestmark = pytest.mark.usefixtures("strayed", "complaints")

SCREENSHOTS = os.environ.get("SCREENSHOTS")
CONTACTS = (
    ContactPoint(name="Anna Nowak", language="en", email="anna@example.org"),
    ContactPoint(name="Jan Kowal", language="pl", phone="+48501234567"),
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    opened = Stage(tmp_path_factory.mktemp("inbox"), lockers=2, counters=0)
    opened.clock.set(FRIDAY)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(stage: Stage, serve: Any) -> str:
    return str(serve(stage.app()))


@pytest.fixture(scope="module")
def paths(stage: Stage, address: str) -> dict[str, str]:
    """The list, a mail and a text message about one waiting parcel."""
    site, layout = next(iter(stage.layouts.items()))
    parcel = stage.announce(1, site)
    stage.deposit(parcel, site, layout[0].id)
    shown = stage.centre.queries.parcel(OPERATOR, parcel)
    link = stage.centre.run(make_link(stage.centre.means, parcel=parcel, recipient=shown.recipient))
    paths = {"list": f"{address}/inbox"}
    for contact, channel in zip(CONTACTS, ("email", "sms"), strict=True):
        box = Mailbox(stage.centre.settings.mailbox_path, channel=channel)
        box.send(
            Notice(
                key=f"n-{channel}",
                kind=NoticeKind.DEPOSITED,
                sender_name="Blitz Parcel",
                label=shown.label,
                contact=contact,
                place=Place(name="Dworzec", address="Rynek 1", zone="Europe/Warsaw"),
                at=FRIDAY,
                hold_until=shown.hold_until,
                code=Secret("12-345678"),
                token=Secret("RS1.000000000000"),
                link=Secret(f"{address}/p/{link.reveal()}"),
            )
        )
        key = box.letters(limit=1, to=contact.email or contact.phone)[0].key
        paths[channel] = f"{address}/inbox/{key}"
    return paths


@pytest.mark.parametrize("name", ["list", "email", "sms"])
def test_a_page_is_accessible_and_fits_in_both_schemes_on_both_screens(
    name: str,
    paths: dict[str, str],
    page: Any,
    scheme: str,
    screen: str,
    check_accessibility: Any,
    fits_the_screen: Any,
) -> None:
    page.goto(paths[name], wait_until="networkidle")
    if SCREENSHOTS:
        path = Path(SCREENSHOTS) / f"inbox-{name}-{scheme}-{screen}.png"
        page.screenshot(path=path, animations="disabled")
    fits_the_screen(page)
    check_accessibility(page)


def test_the_link_of_a_mail_leads_out_of_its_frame_to_the_parcel(
    paths: dict[str, str], browser: Any
) -> None:
    # In a context of its own: the driver's scripts are refused by the frame, which it reports.
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(paths["email"])
    frame = page.frame_locator("iframe")
    assert frame.locator("img").evaluate("image => image.naturalWidth") > 100
    frame.get_by_role("link", name="Open the parcel's page").click()
    page.wait_for_url("**/p/**")
    page.locator(".pickup-code").wait_for()
    context.close()
