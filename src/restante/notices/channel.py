"""How a message leaves the house: one port, three adapters (SMTP, SMS gateway, mailbox).

A channel either returns an id for what it sent, or raises. ``Unreachable`` means try again later,
``Rejected`` means a person must look: the address is wrong for good.
"""

from typing import Protocol

from .notice import Notice


class Unreachable(Exception):
    """The other side did not take the message now; it is tried again with the same key."""


class Rejected(Exception):
    """The other side will never take this message."""


class Channel(Protocol):
    """Sends notices; passes ``tests/notices/test_channel_contract.py``."""

    name: str
    """``email`` or ``sms``."""

    def send(self, notice: Notice) -> str:
        """Send a notice and return the provider's id for it.

        Sending the same notice again (same key) leads to no second message where the provider
        offers any means against doubles.

        Raises
        ------
        Unreachable, Rejected
        """
        ...
