"""When the centre tells a locker what it shall be.

A configuration is told when the locker is behind and has not refused this very version, and told
again after a pause until the locker says something new.
"""

from collections.abc import Callable
from typing import Final

from ..core.value import UtcSeconds
from .configuration import ConfigurationState
from .message import ConfigurationUpdate

PAUSE_SECONDS: Final = 60
"""Before it is said again: a locker takes it when no visit is under way."""


class ConfigurationTeller:
    """One locker's configuration at the centre's end of the link.

    Parameters
    ----------
    read
        Reads what the locker shall be; ``None`` when nobody has said.
    """

    def __init__(self, read: Callable[[], ConfigurationUpdate | None] = lambda: None) -> None:
        self._read = read
        self._desired = 0
        self._state: ConfigurationState | None = None
        self._said_at: UtcSeconds | None = None

    def desired(self, version: int) -> None:
        """Note that the locker shall be otherwise."""
        if version != self._desired:
            self._desired = version
            self._said_at = None

    def reported(self, state: ConfigurationState) -> None:
        """Note what the locker says it is."""
        if state != self._state:
            self._state = state
            self._said_at = None

    def disconnected(self) -> None:
        """Forget what the locker said; it greets again."""
        self._state = None

    def outgoing(self, now: UtcSeconds) -> tuple[ConfigurationUpdate, ...]:
        """Give what is to be said now, unsigned."""
        state = self._state
        if state is None or self._desired <= max(state.version, state.refused_version):
            return ()
        said_at = self._said_at
        if said_at is not None and 0 <= now - said_at < PAUSE_SECONDS:
            return ()
        update = self._read()
        if update is None:
            return ()
        self._said_at = now
        return (update,)
