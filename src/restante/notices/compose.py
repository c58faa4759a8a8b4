"""Turn a notice into an e-mail or a text message."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime as rfc_date
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import get_day_names, get_month_names
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from ..core.value import UtcSeconds
from .mail import write_mail
from .notice import Notice, NoticeKind, carries_code
from .qr import qr_png
from .texts import LANGUAGES, pick_language, translations

SMS_LENGTH_MAX: Final = 153
"""Characters of one part of a long GSM-7 message; we stay within one (standards 5)."""

_TEMPLATES: Final = Environment(
    loader=PackageLoader("restante.notices", "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class _Wording(NamedTuple):
    """English texts of one kind; ``{place}`` and ``{deadline}`` are filled in."""

    subject: str
    lead: str
    sms: str


_WORDINGS: Final[dict[NoticeKind, _Wording]] = {
    NoticeKind.DEPOSITED: _Wording(
        "Your parcel is waiting at {place}",
        "Your parcel from {sender} is in the locker. Collect it when it suits you.",
        "{code} is your code for {place}, until {deadline}.",
    ),
    NoticeKind.REMINDER: _Wording(
        "Your parcel is still waiting at {place}",
        "Your parcel from {sender} is still in the locker.",
        "{code} is your code for {place}, until {deadline}. Your parcel is waiting.",
    ),
    NoticeKind.LAST_REMINDER: _Wording(
        "Last hours for your parcel at {place}",
        "Your parcel from {sender} goes back soon. Collect it or extend the time.",
        "{code} is your code for {place}. Only until {deadline}, then it goes back.",
    ),
    NoticeKind.EXTENDED: _Wording(
        "More time for your parcel at {place}",
        "Your parcel from {sender} now waits longer for you.",
        "{code} is your code for {place}, now until {deadline}.",
    ),
    NoticeKind.REISSUED: _Wording(
        "New code for your parcel at {place}",
        "Here is a new code for your parcel from {sender}. The old one no longer works.",
        "{code} is your new code for {place}, until {deadline}. The old one is void.",
    ),
    NoticeKind.OVERDUE: _Wording(
        "Your parcel was not collected",
        "The time to collect your parcel from {sender} has passed. It is on its way back.",
        "Your parcel at {place} was not collected in time and goes back.",
    ),
    NoticeKind.COLLECTED: _Wording(
        "Your parcel was collected",
        "Your parcel from {sender} was collected. If that was not you, tell us at once.",
        "Your parcel at {place} was collected. Not you? Tell us at once.",
    ),
    NoticeKind.CANCELLED: _Wording(
        "Your parcel will not come",
        "Your parcel from {sender} was cancelled by its sender.",
        "Your parcel for {place} was cancelled by its sender.",
    ),
    NoticeKind.RETURNED: _Wording(
        "Your parcel is back with its sender",
        "Your parcel from {sender} has arrived back at its sender.",
        "Your parcel is back with its sender.",
    ),
}


class Email(NamedTuple):
    """An e-mail ready to be sent."""

    message_id: str
    to: str
    body: bytes
    """All of it, headers too."""


def compose_email(notice: Notice, *, from_address: str) -> Email:
    """Write the e-mail: subject, place, code, QR code as inline image, deadline, how-to.

    Raises
    ------
    ValueError
        When the contact has no e-mail address.
    """
    to = notice.contact.email
    if to is None:
        raise ValueError("the contact has no e-mail address; choose_channel tells which there is")
    words = _words(notice)
    stable = message_id(notice.key, from_address)
    image_id = f"qr.{stable[1:-1]}"
    headers = (
        ("Subject", words.subject),
        ("From", from_address),
        ("Date", rfc_date(datetime.fromtimestamp(notice.at, UTC))),
        ("Message-ID", stable),
        ("Auto-Submitted", "auto-generated"),
        ("Content-Language", words.language),
    )
    body = write_mail(
        headers,
        key=notice.key,
        to=to,
        text=_TEMPLATES.get_template("notice.txt").render(notice=words),
        html=_TEMPLATES.get_template("notice.html").render(notice=words, image_id=image_id),
        image=qr_png(words.token) if words.token else None,
        image_id=image_id,
    )
    return Email(stable, to, body)


def compose_sms(notice: Notice) -> str:
    """Write the text message, code first, within one part; a long place name is cut."""
    words = _words(notice)
    text = _fill(_WORDINGS[notice.kind].sms, words, words.place)
    too_long = len(text) - SMS_LENGTH_MAX
    if too_long > 0:
        shorter = words.place[: max(8, len(words.place) - too_long - 1)].rstrip() + "…"
        text = _fill(_WORDINGS[notice.kind].sms, words, shorter)
    return text


def message_id(key: str, from_address: str) -> str:
    """Make the id by which mail programs drop doubles of one notice."""
    domain = from_address.rpartition("@")[2].strip(">") or "restante.invalid"
    return f"<{sha256(key.encode()).hexdigest()[:32]}@{domain}>"


class _Words(NamedTuple):
    """A notice in words; the only place where a code is in the open."""

    language: str
    translate: Callable[[str], str]
    subject: str
    lead: str
    name: str
    sender: str
    label: str
    place: str
    address: str
    opening_hours: str
    directions: str
    deadline: str
    code: str
    token: str
    link: str
    help_phone: str


def _words(notice: Notice) -> _Words:
    language = pick_language(notice.contact.language)
    translate = translations(language).gettext
    wording = _WORDINGS[notice.kind]
    shows_code = carries_code(notice.kind)
    filled = {
        "place": notice.place.name,
        "sender": notice.sender_name,
    }
    return _Words(
        language=language,
        translate=translate,
        subject=translate(wording.subject).format(**filled),
        lead=translate(wording.lead).format(**filled),
        name=notice.contact.name,
        sender=notice.sender_name,
        label=notice.label,
        place=notice.place.name,
        address=notice.place.address,
        opening_hours=notice.place.opening_hours,
        directions=notice.place.directions,
        deadline=_deadline(notice.hold_until, notice.place.zone, language),
        code=notice.code.reveal() if shows_code and notice.code else "",
        token=notice.token.reveal() if shows_code and notice.token else "",
        link=notice.link.reveal() if notice.link else "",
        help_phone=notice.help_phone,
    )


def _fill(english: str, words: _Words, place: str) -> str:
    return words.translate(english).format(
        code=words.code, place=place, deadline=words.deadline, sender=words.sender
    )


def _deadline(until: UtcSeconds | None, zone: str, language: str) -> str:
    """Write a deadline in the site's own time, with the weekday: that is what people plan by."""
    if until is None:
        return ""
    moment = datetime.fromtimestamp(until, ZoneInfo(zone))
    weekdays, months = _calendar(language)
    day = f"{weekdays[moment.weekday()]} {moment.day}"
    clock = f"{moment:%H:%M}"
    if language == "de":
        return f"{day}. {months[moment.month - 1]}, {clock} Uhr"
    return f"{day} {months[moment.month - 1]}, {clock}"


@lru_cache(maxsize=len(LANGUAGES))
def _calendar(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the short names of weekdays, Monday first, and months as a language writes them."""
    weekdays = get_day_names("abbreviated", "format", language)
    months = get_month_names("abbreviated", "format", language)
    return (
        tuple(str(weekdays[day]) for day in range(7)),
        tuple(str(months[month]) for month in range(1, 13)),
    )
