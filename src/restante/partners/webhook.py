"""Webhooks as Standard Webhooks 1.0 wants them: secrets, signatures, bodies, patience.

W1. A message keeps its id through every try and every replay; each try has its own time.
W2. While a secret is being changed, each message carries a signature by the new and by the old.
W3. Any 2xx is taken; everything else is a failure, redirects too, and is tried again. 410 means
    that nobody is there any more.
W4. A body names a parcel and what happened, and nothing about people.

It knows no table and no network; chance and time come in.

References
----------
Standard Webhooks 1.0.0; CloudEvents 1.0.2, structured JSON.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from hmac import digest
from random import Random
from typing import Final, NamedTuple

import msgspec

from ..access import Entropy, Secret
from ..core.value import DAY, HOUR, MINUTE, Seconds, UtcSeconds, Value

SECRET_BYTES: Final = 32
"""Within the 24 to 64 the standard asks for."""

PAUSES: Final = tuple(
    Seconds(pause)
    for pause in (
        5,
        5 * MINUTE,
        30 * MINUTE,
        2 * HOUR,
        5 * HOUR,
        10 * HOUR,
        14 * HOUR,
        20 * HOUR,
        24 * HOUR,
    )
)
"""Between one try and the next; the standard's schedule, about three days and four hours."""

TRIES_MAX: Final = len(PAUSES) + 1

JITTER: Final = 0.2
"""A pause is longer by up to this share, so that what failed together does not return together."""

RETRY_AFTER_MAX: Final = Seconds(DAY)
"""A receiver may ask for that much patience; more is cut (chosen: the longest pause)."""

BODY_BYTES_MAX: Final = 20_000
MEDIA_TYPE: Final = "application/cloudevents+json"
TYPE_PREFIX: Final = "org.restante."
"""Before a fact's tag, as CloudEvents wants names of types."""

PING_TYPE: Final = "webhook.ping.v1"
"""A test: says nothing but that a message arrives."""

_PREFIX: Final = "whsec_"
_PATIENT: Final = frozenset({429, 502, 503, 504})
_GONE: Final = 410


class Verdict(StrEnum):
    """What an answer means."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"


class Answer(NamedTuple):
    """What came back from a receiver."""

    code: int
    """HTTP status; 0 when there was no answer."""
    error: str = ""
    """Why there was none, without anything a receiver wrote."""
    retry_after: str = ""
    """The header as it came."""


class Data(Value, omit_defaults=False):
    """The part of a message that is ours."""

    parcel: str | None
    position: int
    recorded_at: str


class Message(Value, omit_defaults=False):
    """One event as it is sent: CloudEvents in structured mode."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    sequence: str
    partitionkey: str
    data: Data


class Event(NamedTuple):
    """What is to be told."""

    network: str
    subject: str
    """The fact's stream, ``parcel/<id>``; or ``ping/<id>``."""
    position: int
    version: int
    """Place in its stream: grows, and tells the order."""
    tag: str
    at: UtcSeconds
    recorded_at: UtcSeconds


def make_secret(entropy: Entropy) -> Secret[str]:
    """Draw an endpoint's secret."""
    return Secret(_PREFIX + b64encode(entropy(SECRET_BYTES)).decode())


def sign(
    secrets: Iterable[Secret[str]], *, message_id: str, at: UtcSeconds, body: bytes
) -> dict[str, str]:
    """Sign a message and give its headers.

    Parameters
    ----------
    secrets
        Those that count now, the newest first (W2).

    Raises
    ------
    ValueError
        When a secret is not one.
    """
    signed = f"{message_id}.{at}.".encode() + body
    signatures = [
        "v1," + b64encode(digest(_key(secret), signed, "sha256")).decode() for secret in secrets
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }


def write_message(event: Event) -> bytes:
    """Write an event as the body of a message: the same bytes at every try."""
    kind, _, owner = event.subject.partition("/")
    message = Message(
        specversion="1.0",
        id=f"{event.subject}/{event.position}",
        source=f"/networks/{event.network}",
        type=TYPE_PREFIX + event.tag,
        subject=event.subject,
        time=_tell(event.at),
        datacontenttype="application/json",
        sequence=f"{event.version:010d}",
        partitionkey=owner,
        data=Data(
            parcel=owner if kind == "parcel" else None,
            position=event.position,
            recorded_at=_tell(event.recorded_at),
        ),
    )
    return msgspec.json.encode(message)


def judge(answer: Answer) -> Verdict:
    """Tell what an answer means (W3)."""
    if 200 <= answer.code < 300:
        return Verdict.DELIVERED
    return Verdict.GONE if answer.code == _GONE else Verdict.FAILED


def find_patience(answer: Answer, *, now: UtcSeconds) -> Seconds:
    """Find for how long a busy receiver asked to be left alone; 0 when it did not."""
    if answer.code not in _PATIENT or not answer.retry_after:
        return Seconds(0)
    text = answer.retry_after.strip()
    if text.isascii() and text.isdigit():
        wanted = int(text[:9])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return Seconds(0)
        # A date without a zone is in GMT, as all dates of HTTP.
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        wanted = int(moment.timestamp()) - now
    return Seconds(max(0, min(wanted, RETRY_AFTER_MAX)))


def find_pause(failures: int, chance: Random, *, patience: Seconds = Seconds(0)) -> Seconds | None:
    """Find how long to wait after a failure; ``None`` after the last try.

    Parameters
    ----------
    failures
        Tries so far, the one just failed included.
    chance
        For the jitter.
    patience
        What the receiver asked for; kept when longer than the schedule.
    """
    if failures > len(PAUSES):
        return None
    pause = PAUSES[failures - 1]
    longer = Seconds(round(pause * (1 + JITTER * chance.random())))
    return max(longer, patience)


def _key(secret: Secret[str]) -> bytes:
    text = secret.reveal()
    try:
        return b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("a webhook secret is whsec_ and base 64") from None


def _tell(at: UtcSeconds) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
