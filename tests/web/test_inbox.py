"""The inbox: who may look, what is listed, how a message is shown."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from restante.access import Secret
from restante.notices.mailbox import Mailbox
from restante.notices.notice import ContactPoint, Notice, NoticeKind, Place
from restante.web.letter_page import letter_html
from tests.web.stage import FRIDAY, Stage

PLACE = Place(name="Dworzec", address="Rynek 1", zone="Europe/Warsaw")
ANNA = ContactPoint(name="Anna", language="en", email="anna@example.org")
JAN = ContactPoint(name="Jan", language="pl", phone="+48501234567")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    opened = Stage(tmp_path, lockers=2, counters=0)
    opened.clock.set(FRIDAY)
    yield opened
    opened.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[TestClient[Any]]:
    with TestClient(stage.app()) as opened:
        yield opened


def send(stage: Stage, contact: ContactPoint, number: int = 1) -> str:
    """Put a message into the box; its key."""
    box = stage.centre.mailbox
    if contact.email is None:
        folder = stage.centre.settings.mailbox_path
        box = Mailbox(folder, channel="sms")
    notice = Notice(
        key=f"n-{contact.name}-{number}",
        kind=NoticeKind.DEPOSITED,
        sender_name="Blitz Parcel",
        label="JJD01",
        contact=contact,
        place=PLACE,
        at=FRIDAY,
        hold_until=FRIDAY,
        code=Secret("12-345678"),
        token=Secret("RS1.00000000"),
        link=Secret("http://testserver/p/rl_0000000000000000000000"),
    )
    box.send(notice)
    return box.letters(limit=1, to=contact.email or contact.phone)[0].key


def test_an_empty_box_says_when_messages_will_come(client: TestClient[Any]) -> None:
    assert "No messages yet" in client.get("/inbox").text


def test_messages_are_listed_by_recipient(stage: Stage, client: TestClient[Any]) -> None:
    send(stage, ANNA)
    send(stage, JAN)
    page = client.get("/inbox").text
    assert "anna@example.org" in page
    assert "+48501234567" in page
    found = client.get("/inbox?q=anna").text
    assert "anna@example.org" in found
    assert "+48501234567" not in found


def test_a_mail_is_framed_without_scripts_and_with_its_picture_inside(
    stage: Stage, client: TestClient[Any]
) -> None:
    key = send(stage, ANNA)
    page = client.get(f"/inbox/{key}").text
    assert 'sandbox="allow-top-navigation-by-user-activation"' in page
    answer = client.get(f"/inbox/{key}/message")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "script-src" not in policy
    assert "data:image/png;base64," in answer.text
    assert "cid:" not in answer.text
    assert "12-345678" in answer.text
    assert '<base target="_top">' in answer.text


def test_text_messages_are_shown_as_a_conversation(stage: Stage, client: TestClient[Any]) -> None:
    send(stage, JAN, 1)
    key = send(stage, JAN, 2)
    page = client.get(f"/inbox/{key}").text
    assert page.count('class="bubble"') == 2
    assert "Blitz Parcel" in page
    assert "iframe" not in page


@pytest.mark.parametrize("key", ["gone", "%2e%2e%2fkeys.json", "..%5ckeys.json"])
def test_a_message_that_is_not_there_is_not_found(key: str, client: TestClient[Any]) -> None:
    assert client.get(f"/inbox/{key}").status_code == 404
    assert client.get(f"/inbox/{key}/message").status_code == 404


def test_only_those_who_run_the_network_may_look(stage: Stage) -> None:
    key = send(stage, ANNA)
    with TestClient(stage.app(is_demo=False)) as client:
        for path in ("/inbox", f"/inbox/{key}", f"/inbox/{key}/message"):
            answer = client.get(path)
            assert "12-345678" not in answer.text
            assert "Sign in" in answer.text


def test_a_mail_without_a_page_is_shown_as_text() -> None:
    message = EmailMessage()
    message.set_content("a < b")
    assert "a &lt; b" in letter_html(message)
