"""What recipients read, and how it reaches them."""

import io
import re
import socket
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image

from restante.access import Secret
from restante.core.refusal import Reason
from restante.core.value import UtcSeconds
from restante.notices import (
    LANGUAGES,
    ContactPoint,
    Email,
    Mailbox,
    Notice,
    NoticeKind,
    Place,
    Rejected,
    SmsGateway,
    SmtpChannel,
    SmtpServer,
    Unreachable,
    carries_code,
    choose_channel,
    compose_email,
    compose_sms,
    pick_language,
    refusal_text,
)
from restante.notices.compose import _WORDINGS, SMS_LENGTH_MAX
from restante.notices.qr import qr_png
from restante.notices.texts import REFUSALS, translations

CODE = "12-345678"
DEADLINE = UtcSeconds(1_795_201_200)  # Friday 20 November 2026, 19:00 UTC


def make_notice(kind: NoticeKind = NoticeKind.DEPOSITED, language: str = "en") -> Notice:
    return Notice(
        key=f"p1/{kind}",
        kind=kind,
        sender_name="Blitz",
        label="CA473124829DE",
        contact=ContactPoint(
            name="Zoë Ünal", language=language, email="zoe@example.org", phone="+4930901820"
        ),
        place=Place(name="Old Harbor", address="Quay 7", zone="Europe/Berlin"),
        at=UtcSeconds(DEADLINE - 72 * 3600),
        hold_until=DEADLINE,
        code=Secret(CODE),
        token=Secret("RS1.EXAMPLETOKEN"),
        link=Secret("http://127.0.0.1:8000/p/abc"),
    )


def parts_of(message: EmailMessage | Email) -> dict[str, Any]:
    if isinstance(message, Email):
        message = message_from_bytes(message.body, policy=default)
    return {
        part.get_content_type(): part.get_content()
        for part in message.walk()
        if not part.is_multipart()
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_is_written_in_every_language_without_a_gap(
    kind: NoticeKind, language: str
) -> None:
    notice = make_notice(kind, language)
    parts = parts_of(compose_email(notice, from_address="parcels@example.org"))
    for text in (parts["text/plain"], parts["text/html"], compose_sms(notice)):
        assert "{" not in re.sub(r"style=\"[^\"]*\"", "", text)
        assert (CODE in text) == carries_code(kind)
    assert "image/png" in parts or not carries_code(kind)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_text_has_a_translation_with_the_same_blanks(language: str) -> None:
    catalog = translations(language)
    texts = [text for wording in _WORDINGS.values() for text in wording] + list(REFUSALS.values())
    for text in texts:
        translated = catalog.gettext(text)
        assert translated != text, f"{language} lacks {text!r}"
        blanks = re.compile(r"\{\w+\}")
        assert sorted(blanks.findall(translated)) == sorted(blanks.findall(text))


def test_every_reason_has_a_text_in_every_language() -> None:
    assert set(REFUSALS) == set(Reason)
    for language in LANGUAGES:
        assert all(refusal_text(reason, language) for reason in Reason)


def test_the_deadline_is_the_sites_own_time_in_the_readers_language() -> None:
    german = compose_email(make_notice(language="de"), from_address="a@example.org")
    assert "Fr. 20. Nov., 20:00 Uhr" in parts_of(german)["text/plain"]


def test_the_qr_code_of_the_e_mail_reads_back_as_the_token() -> None:
    image = parts_of(compose_email(make_notice(), from_address="a@example.org"))["image/png"]
    assert image == qr_png("RS1.EXAMPLETOKEN")
    read = zxingcpp.read_barcodes(Image.open(io.BytesIO(image)))
    assert [code.text for code in read] == ["RS1.EXAMPLETOKEN"]


@settings(max_examples=50)
@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", min_size=1, max_size=300))
def test_any_token_reads_back_from_its_code(token: str) -> None:
    event(f"{100 * (len(token) // 100)} characters or more")
    text = f"RS1.{token}"
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(qr_png(text))))
    assert code.text == text
    assert code.ec_level == "M"


def test_a_text_message_stays_in_one_part_and_begins_with_the_code() -> None:
    notice = make_notice()
    long_place = replace(notice.place, name="Station forecourt, platform side, " * 8)
    for language in LANGUAGES:
        contact = replace(notice.contact, language=language)
        text = compose_sms(replace(notice, place=long_place, contact=contact))
        assert len(text) <= SMS_LENGTH_MAX
        assert text.startswith(CODE)
        assert "20" in text.split("…")[1], "the deadline must survive the cut"


def test_a_code_goes_to_one_channel_only() -> None:
    contact = make_notice().contact
    assert choose_channel(contact) == "email"
    assert choose_channel(replace(contact, email=None)) == "sms"
    assert choose_channel(replace(contact, email=None, phone=None)) is None


def test_an_unknown_language_falls_back_to_its_base_or_to_english() -> None:
    assert [pick_language(tag) for tag in ("de-AT", "pl_PL", "uk", "")] == ["de", "pl", "en", "en"]


def test_a_notice_never_shows_its_code_when_printed() -> None:
    assert CODE not in repr(make_notice())


# ── Channels ──────────────────────────────────────────────────────────────────────────────────


def test_the_mailbox_keeps_a_notice_once_however_often_it_is_sent(tmp_path: Path) -> None:
    box = Mailbox(tmp_path / "mail")
    assert box.send(make_notice()) == box.send(make_notice())
    [letter] = box.letters()
    message = box.read_letter(letter.key)
    assert message is not None
    assert CODE in parts_of(message)["text/plain"]
    assert box.read_letter("../../etc/passwd") is None


def test_a_letter_that_is_sent_again_later_is_the_same_letter(tmp_path: Path) -> None:
    box = Mailbox(tmp_path / "mail")
    notice = make_notice()
    box.send(notice)
    box.send(replace(notice, at=UtcSeconds(notice.at + 30)))
    assert len(box.letters()) == 1


def test_the_mailbox_lists_newest_first_and_by_recipient(tmp_path: Path) -> None:
    box = Mailbox(tmp_path / "mail")
    for hour in range(5):
        notice = make_notice()
        box.send(replace(notice, key=f"n{hour}", at=UtcSeconds(notice.at + 3600 * hour)))
    moments = [letter.at for letter in box.letters(limit=3)]
    assert moments == sorted(moments, reverse=True)
    assert len(moments) == 3
    assert box.letters(to="nobody@example.org") == []


def test_the_mailbox_takes_text_messages_too(tmp_path: Path) -> None:
    box = Mailbox(tmp_path / "mail", channel="sms")
    box.send(make_notice())
    assert box.letters()[0].to == "+4930901820"
    with pytest.raises(Rejected):
        box.send(replace(make_notice(), contact=ContactPoint(name="x", language="en")))


@pytest.fixture
def gateway() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]], list[int]]]:
    seen: list[tuple[dict[str, str], bytes]] = []
    answers = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((dict(self.headers), body))
            self.send_response(answers[0])
            self.end_headers()
            self.wfile.write(b'{"id": "sms-77"}')

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/sms", seen, answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_sms_gateway_is_given_the_text_and_a_stable_key(gateway: Any) -> None:
    url, seen, _ = gateway
    channel = SmsGateway(url, Secret("t0ken"))
    assert channel.send(make_notice()) == "sms-77"
    headers, body = seen[0]
    assert headers["Idempotency-Key"] == "p1/deposited"
    assert headers["Authorization"] == "Bearer t0ken"
    assert CODE.encode() in body
    channel.close()


@pytest.mark.parametrize(
    ("status", "error"), [(503, Unreachable), (429, Unreachable), (422, Rejected)]
)
def test_a_gateway_that_fails_says_whether_to_try_again(
    gateway: Any, status: int, error: type[Exception]
) -> None:
    url, _, answers = gateway
    answers[0] = status
    channel = SmsGateway(url)
    with pytest.raises(error) as caught:
        channel.send(make_notice())
    assert CODE not in str(caught.value)
    channel.close()


class _SmtpStub(threading.Thread):
    """A mail server that speaks just enough SMTP to take one message."""

    def __init__(self, recipient_reply: str) -> None:
        super().__init__()
        self.reply = recipient_reply
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.received = b""

    def run(self) -> None:
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 ready\r\n")
            for line in lines:
                verb = line.split()[0].upper() if line.split() else b""
                if verb == b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    for text in lines:
                        if text == b".\r\n":
                            break
                        self.received += text
                    connection.sendall(b"250 taken\r\n")
                elif verb == b"RCPT":
                    connection.sendall(self.reply.encode() + b"\r\n")
                elif verb == b"QUIT":
                    connection.sendall(b"221 bye\r\n")
                    break
                else:
                    connection.sendall(b"250 fine\r\n")
        self.listener.close()


def _send_over_smtp(reply: str) -> tuple[_SmtpStub, SmtpChannel]:
    stub = _SmtpStub(reply)
    stub.start()
    server = SmtpServer(
        host="127.0.0.1", port=stub.port, security="none", from_address="parcels@example.org"
    )
    return stub, SmtpChannel(server)


def test_smtp_hands_the_mail_in_with_a_stable_message_id() -> None:
    stub, channel = _send_over_smtp("250 fine")
    sent_id = channel.send(make_notice())
    channel.close()
    stub.join()
    message = message_from_bytes(stub.received, policy=default)
    assert message["Message-ID"] == sent_id
    assert message["To"] == "zoe@example.org"


@pytest.mark.parametrize(("reply", "error"), [("550 no", Rejected), ("451 later", Unreachable)])
def test_smtp_tells_a_wrong_address_from_a_busy_server(reply: str, error: type[Exception]) -> None:
    stub, channel = _send_over_smtp(reply)
    with pytest.raises(error) as caught:
        channel.send(make_notice())
    channel.close()
    stub.join()
    assert "zoe@example.org" not in str(caught.value)


def test_a_mail_server_that_is_not_there_is_tried_again_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = SmtpServer(host="127.0.0.1", port=port, security="none", from_address="a@example.org")
    with pytest.raises(Unreachable):
        SmtpChannel(server).send(make_notice())
    with pytest.raises(Unreachable):
        SmsGateway(f"http://127.0.0.1:{port}/").send(make_notice())
