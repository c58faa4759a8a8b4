"""How simulated recipients hear from us: through the same notices as everybody.

A channel like any other; what it is given it hands to the people of the simulation, who know of
their parcel, its code and its deadline nothing but what the message says.
"""

from collections.abc import Callable
from typing import Protocol

from ..notices import Notice


class Mail(Protocol):
    """Where messages are kept to be looked at as well, for example the demo's inbox."""

    def send(self, notice: Notice) -> str:
        """Keep a message."""
        ...


class SimulatedPost:
    """Delivers notices to simulated people, and to a mailbox where there is one.

    Parameters
    ----------
    name
        The channel it stands for, ``email`` or ``sms``.
    read
        Called once with each notice; a repeated one is not read twice.
    mail
        Also keeps every message.
    """

    def __init__(
        self, name: str, *, read: Callable[[Notice], None], mail: Mail | None = None
    ) -> None:
        self.name = name
        self.sent_count = 0
        self._read = read
        self._mail = mail
        self._seen: set[str] = set()

    def send(self, notice: Notice) -> str:
        """Deliver a notice."""
        sent_id = self._mail.send(notice) if self._mail is not None else f"post/{notice.key}"
        if notice.key not in self._seen:
            self._seen.add(notice.key)
            self.sent_count += 1
            self._read(notice)
        return sent_id
