"""Names of the places where lockers and the centre leave messages for each other at a broker.

    restante/v1/<network>/<locker>/state        locker -> all      online or not; retained
    restante/v1/<network>/<locker>/evt/<type>   locker -> centre   hello, report, heartbeat
    restante/v1/<network>/<locker>/cmd/<type>   centre -> locker   ack, list, time, order

A broker that lets each locker write and read only below its own name keeps lockers apart.
"""

from typing import Final, NamedTuple

import msgspec

from ..core.ids import LockerId
from .message import Malformed

ROOT: Final = "restante/v1"
NAME_LENGTH_MAX: Final = 64
"""Longest common name of a certificate (X.520)."""

_FORBIDDEN: Final = frozenset("/+#$%")
"""Wildcards, separators, and what a broker's patterns replace."""


class BadName(ValueError):
    """A name cannot be part of a topic or of a certificate; the message says why."""


class Place(NamedTuple):
    """Where a message was left."""

    locker: LockerId
    branch: str
    """``state``, ``evt`` or ``cmd``."""


class _Tagged(msgspec.Struct):
    type: str


def check_name(name: str) -> str:
    """Give a network's, locker's or centre's name back when topics can hold it.

    Raises
    ------
    BadName
        When it is empty, too long, or holds what is not a letter, digit or harmless mark.
    """
    is_plain = name.isascii() and name.isprintable() and " " not in name
    if not name or len(name) > NAME_LENGTH_MAX or not is_plain or _FORBIDDEN & set(name):
        raise BadName(
            f"{name!r} cannot name a network, locker or centre at a broker: use 1 to "
            f"{NAME_LENGTH_MAX} ASCII characters without spaces and / + # $ %"
        )
    return name


def state_topic(network: str, locker: str) -> str:
    """Name where a locker says whether it is there; ``+`` for all lockers."""
    return f"{ROOT}/{network}/{locker}/state"


def event_topic(network: str, locker: str, kind: str) -> str:
    """Name where a locker leaves messages of a kind; ``+`` and ``#`` for all."""
    return f"{ROOT}/{network}/{locker}/evt/{kind}"


def order_topic(network: str, locker: str, kind: str) -> str:
    """Name where the centre leaves messages of a kind for a locker."""
    return f"{ROOT}/{network}/{locker}/cmd/{kind}"


def find_place(network: str, topic: str) -> Place | None:
    """Tell whose a topic of a network is; ``None`` when it is not one of ours."""
    prefix = f"{ROOT}/{network}/"
    if not topic.startswith(prefix):
        return None
    parts = topic.removeprefix(prefix).split("/")
    if not parts[0]:
        return None
    match parts[1:]:
        case ["state"]:
            return Place(LockerId(parts[0]), "state")
        case [("evt" | "cmd") as branch, _]:
            return Place(LockerId(parts[0]), branch)
    return None


def kind_of(body: bytes) -> str:
    """Read the type a message says it is of.

    Raises
    ------
    Malformed
        When it says none.
    """
    try:
        return msgspec.json.decode(body, type=_Tagged).type
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Malformed("message", f"a type ({error})") from error
