"""What is written straight away reads like what the standard library's `email` writes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_datetime
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from restante.core.value import UtcSeconds
from restante.notices import (
    LANGUAGES,
    Mailbox,
    NoticeKind,
    SmtpChannel,
    SmtpServer,
    compose_email,
)
from restante.notices.compose import _deadline
from restante.notices.mail import write_header, write_mail

from .test_notices import DEADLINE, make_notice

PNG = bytes(range(256)) * 3
TEXT = "Guten Tag Zoë,\n\n.\nFrom here = there\n" + "a long line " * 100 + "\n"
HTML = "<p style='x=y'>Zoë Ünal — Łódź</p>\n" + "<b>long</b>" * 100


def write(
    *, text: str = TEXT, html: str = HTML, to: str = "zoe@example.org", **other: Any
) -> bytes:
    fields: dict[str, Any] = {
        "headers": [("Subject", "Ihr Paket"), ("From", "Łódź <a@example.org>")],
        "key": "k",
        "image": PNG,
        "image_id": "qr.1@example.org",
    }
    return write_mail(**{**fields, **other}, text=text, html=html, to=to)


def read(body: bytes) -> EmailMessage:
    message = message_from_bytes(body, policy=default)
    assert isinstance(message, EmailMessage)
    assert not any(part.defects for part in message.walk())
    return message


def by_the_library(text: str, html: str, *, image: bytes | None) -> EmailMessage:
    """Write the same e-mail as it was written before, by the oracle."""
    message = EmailMessage()
    message["Subject"] = "Ihr Paket"
    message["From"] = "Łódź <a@example.org>"
    message["To"] = "zoe@example.org"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    if image is not None:
        body: Any = message.get_payload()
        body[1].add_related(image, "image", "png", cid="<qr.1@example.org>", disposition="inline")
    return read(message.as_bytes())


def shape_of(message: EmailMessage) -> list[tuple[Any, ...]]:
    return [
        (
            part.get_content_type(),
            part.get_content_disposition(),
            part["Content-ID"],
            part.get_content_charset(),
            None if part.is_multipart() else part.get_content(),
        )
        for part in message.walk()
    ]


@pytest.mark.parametrize("image", [PNG, None])
def test_it_reads_like_what_the_library_writes(image: bytes | None) -> None:
    ours, theirs = read(write(image=image)), by_the_library(TEXT, HTML, image=image)
    assert shape_of(ours) == shape_of(theirs)
    for name in ("Subject", "From", "To", "MIME-Version"):
        assert str(ours[name]) == str(theirs[name])


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"])))
def test_any_text_comes_through(text: str) -> None:
    message = read(write(text=text, html=text, image=None))
    plain, html = message.iter_parts()
    assert plain.get_content() == html.get_content() == text + "\n"
    assert all(len(line) <= 78 for line in write(text=text, html=text).splitlines())


@given(content=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Zs"])))
def test_any_subject_comes_through_as_the_library_writes_it(content: str) -> None:
    theirs = EmailMessage()
    theirs["Subject"] = content
    ours = read(write_header("Subject", content) + b"\n")
    assert ours["Subject"] == read(theirs.as_bytes())["Subject"]


@pytest.mark.parametrize("name", ["Subject", "From"])
def test_nobody_adds_a_header_with_a_line_break(name: str) -> None:
    with pytest.raises(ValueError, match="linefeed"):
        write(headers=[(name, "a@example.org\nBcc: b@example.org")])
    with pytest.raises(ValueError, match="linefeed"):
        write(to="a@example.org\nBcc: b@example.org")


def test_an_address_in_another_script_stays_as_it_is() -> None:
    assert read(write(to="zoë@exämple.org"))["To"] == "zoë@exämple.org"


def test_an_encoded_word_in_a_name_is_not_taken_for_one() -> None:
    assert b"Subject: =?utf-8?q?gotcha?=\n" not in write_header("Subject", "=?utf-8?q?gotcha?=")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_day_of_a_year_is_named_as_babel_names_it(language: str) -> None:
    pattern = "EEE d. MMM, HH:mm 'Uhr'" if language == "de" else "EEE d MMM, HH:mm"
    day = datetime(2026, 1, 1, 1, 30, tzinfo=UTC)
    for zone in ("Europe/Berlin", "America/Sao_Paulo"):
        for number in range(366):
            at = day + timedelta(days=number, minutes=47 * number)
            named = format_datetime(at, pattern, tzinfo=ZoneInfo(zone), locale=language)
            assert _deadline(UtcSeconds(int(at.timestamp())), zone, language) == named


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_notice_has_all_its_headers_once(kind: NoticeKind) -> None:
    notice = make_notice(kind)
    email = compose_email(notice, from_address="parcels@example.org")
    message = read(email.body)
    assert message["To"] == email.to == notice.contact.email
    assert message["Message-ID"] == email.message_id
    assert message["Date"].datetime.timestamp() == notice.at
    assert (message["Auto-Submitted"], message["Content-Language"]) == ("auto-generated", "en")
    assert all(len(message.get_all(name)) == 1 for name in message)
    assert compose_email(notice, from_address="parcels@example.org") == email


def test_a_letter_another_process_has_written_is_the_same_letter(tmp_path: Path) -> None:
    one, other = Mailbox(tmp_path), Mailbox(tmp_path)
    one.send(make_notice())
    other.send(replace(make_notice(), at=UtcSeconds(DEADLINE)))
    assert len(one.letters()) == 1


def test_a_mailbox_keeps_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restante.notices.mailbox.KEPT_MAX", 10)
    box = Mailbox(tmp_path, channel="sms")
    for number in range(40):
        box.send(replace(make_notice(), key=f"{number}", at=UtcSeconds(DEADLINE + number)))
    kept = [int(letter.at.timestamp()) - DEADLINE for letter in box.letters()]
    assert kept[:10] == list(range(39, 29, -1))
    assert len(kept) <= 11


class MailServer(threading.Thread):
    """Takes mail over as many connections as come, and ends each after some mails."""

    def __init__(self, mails_each: int, last_word: bytes) -> None:
        super().__init__(daemon=True)
        self.connections = 0
        self.mails = 0
        self._mails_each = mails_each
        self._last_word = last_word
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                with connection:
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        connection.sendall(b"220 ready\r\n")
        taken = 0
        for line in lines:
            if taken == self._mails_each and line.startswith(b"mail"):
                connection.sendall(self._last_word)
                return
            if line.startswith(b"data"):
                connection.sendall(b"354 go on\r\n")
                while next(lines) != b".\r\n":
                    pass
                taken += 1
                self.mails += 1
            connection.sendall(b"221 bye\r\n" if line.startswith(b"quit") else b"250 fine\r\n")
            if line.startswith(b"quit"):
                return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture(params=[b"", b"421 too long\r\n"], ids=["hangs up", "says so"])
def mail_server(request: pytest.FixtureRequest) -> Iterator[MailServer]:
    server = MailServer(3, request.param)
    server.start()
    yield server
    server.close()
    server.join(10)


def test_mails_share_a_connection_and_begin_another_when_it_is_closed(
    mail_server: MailServer,
) -> None:
    channel = SmtpChannel(
        SmtpServer(
            host="127.0.0.1",
            port=mail_server.port,
            security="none",
            from_address="Parcels <parcels@example.org>",
        )
    )
    for number in range(7):
        channel.send(replace(make_notice(), key=f"{number}"))
    channel.close()
    assert (mail_server.mails, mail_server.connections) == (7, 3)
