"""The inbox of the embedded mailbox: what recipients would find in their mail and on their phones.

For a network without a mail server, above all the demonstration. Messages carry codes, so only
those who run the network may look; in a demonstration that door stands open.

R1. A message is shown in a frame of its own that runs nothing and loads nothing: its look is
    inline, which our own pages forbid themselves.
"""

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from typing import Any, Final, NamedTuple

from litestar import MediaType, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from restante.core.value import UtcSeconds
from restante.notices.mailbox import Letter, Mailbox
from restante.views.principal import Role

from .letter_page import letter_html, letter_text
from .parts import Parts
from .session import WebRequest

LETTERS_MAX: Final = 300
"""Newest messages that the list is made of."""

CONVERSATION_MAX: Final = 30
"""Text messages of one phone that are shown together."""

FRAME_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'; "
        "sandbox allow-top-navigation-by-user-activation"
    ),
    "x-frame-options": "SAMEORIGIN",
    "cache-control": "private, no-store",
}
"""Headers of a message in its frame (R1)."""


class ShownLetter(NamedTuple):
    """One line of the list."""

    key: str
    subject: str
    at: UtcSeconds
    is_text: bool
    is_current: bool


class Box(NamedTuple):
    """Everything sent to one address or number."""

    to: str
    letters: tuple[ShownLetter, ...]
    is_text: bool
    is_open: bool


class Bubble(NamedTuple):
    """A text message as a phone shows it."""

    sender: str
    text: str
    at: UtcSeconds


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of the inbox."""
    pages, sessions, mailbox = parts.pages, parts.sessions, parts.centre.mailbox

    @get("/inbox", sync_to_thread=True)
    def show_inbox(request: WebRequest) -> Response[Any]:
        sessions.need(request, Role.OPERATOR)
        wanted = request.query_params.get("q", "").strip()
        return pages.render(
            request,
            "inbox/inbox.html",
            boxes=_boxes(mailbox, wanted=wanted),
            wanted=wanted,
            letter=None,
        )

    @get("/inbox/{key:str}", sync_to_thread=True)
    def show_letter(request: WebRequest, key: FromPath[str]) -> Response[Any]:
        sessions.need(request, Role.OPERATOR)
        message = _read(mailbox, key)
        to = str(message["To"])
        is_text = _is_text(message)
        return pages.render(
            request,
            "inbox/inbox.html",
            headers={"cache-control": "private, no-store"},
            boxes=_boxes(mailbox, current=key, to=to),
            wanted="",
            letter={
                "key": key,
                "to": to,
                "sender": _sender(message),
                "subject": str(message["Subject"]),
                "language": str(message["Content-Language"] or "en"),
                "at": _seconds(message),
                "is_text": is_text,
                "text": letter_text(message),
                "bubbles": _conversation(mailbox, to) if is_text else (),
            },
        )

    @get("/inbox/{key:str}/message", sync_to_thread=True)
    def show_message(request: WebRequest, key: FromPath[str]) -> Response[Any]:
        sessions.need(request, Role.OPERATOR)
        content = letter_html(_read(mailbox, key))
        return Response(content, media_type=MediaType.HTML, headers=FRAME_HEADERS)

    return [show_inbox, show_letter, show_message]


def _read(mailbox: Mailbox, key: str) -> EmailMessage:
    message = mailbox.read_letter(key)
    if message is None:
        raise NotFoundException("This message is gone; only the newest are kept. Open the inbox.")
    return message


def _boxes(
    mailbox: Mailbox, *, wanted: str = "", current: str = "", to: str = ""
) -> tuple[Box, ...]:
    """Sort messages by recipient, whoever was written to last first."""
    found: dict[str, list[Letter]] = {}
    for letter in mailbox.letters(limit=LETTERS_MAX):
        if _matches(letter, wanted):
            found.setdefault(letter.to, []).append(letter)
    return tuple(
        Box(
            to=address,
            letters=tuple(
                ShownLetter(
                    key=one.key,
                    subject=one.subject,
                    at=_at(one.at),
                    is_text=one.channel == "sms",
                    is_current=one.key == current,
                )
                for one in letters
            ),
            is_text=letters[0].channel == "sms",
            is_open=bool(wanted) or address == to,
        )
        for address, letters in found.items()
    )


def _matches(letter: Letter, wanted: str) -> bool:
    return not wanted or wanted.lower() in f"{letter.to} {letter.subject}".lower()


def _conversation(mailbox: Mailbox, to: str) -> tuple[Bubble, ...]:
    bubbles = []
    for letter in mailbox.letters(limit=CONVERSATION_MAX, to=to):
        message = mailbox.read_letter(letter.key)
        if message is not None and _is_text(message):
            bubbles.append(Bubble(_sender(message), letter_text(message), _at(letter.at)))
    return tuple(reversed(bubbles))


def _sender(message: EmailMessage) -> str:
    # A phone shows a name; the header holds it as a mail address would be written.
    return str(message["From"]).strip('"')


def _is_text(message: EmailMessage) -> bool:
    return str(message["X-Restante-Channel"]) == "sms"


def _seconds(message: EmailMessage) -> UtcSeconds:
    date: Any = message["Date"]
    return _at(date.datetime)


def _at(moment: datetime) -> UtcSeconds:
    return UtcSeconds(int(moment.timestamp()))
