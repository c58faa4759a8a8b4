"""When the centre tells a locker what it shall be, and which keys it is spoken to with.

A configuration is told when the locker is behind and has not refused this very version, and told
again after a pause until the locker says something new. So are keys, while the locker names others.
"""

from collections.abc import Callable
from typing import Final

from ..access import PublicKeyring
from ..access.exchange import EXCHANGED, name_keys, of_purpose
from ..core.ids import LockerId
from ..core.value import UtcSeconds
from .configuration import ConfigurationState
from .message import ConfigurationUpdate, KeysUpdate

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


class KeysTeller:
    """The centre's public keys at the centre's end of one locker's link.

    Parameters
    ----------
    read
        Gives the public keys as they are now.
    """

    def __init__(self, locker: LockerId, read: Callable[[], PublicKeyring] = PublicKeyring) -> None:
        self._locker = locker
        self._read = read
        self._held = ""
        self._said: str | None = None
        self._said_at: UtcSeconds | None = None

    def reported(self, name: str) -> None:
        """Note which keys the locker holds; empty when it takes none."""
        self._held = name

    def disconnected(self) -> None:
        """Forget what the locker said; it greets again."""
        self._held = ""
        self._said = None

    def outgoing(self, now: UtcSeconds) -> tuple[KeysUpdate, ...]:
        """Give what is to be said now, unsigned."""
        if not self._held:
            return ()
        keyring = self._read()
        name = name_keys(keyring)
        if self._held == name:
            return ()
        said_at = self._said_at
        is_said = name == self._said and said_at is not None and 0 <= now - said_at < PAUSE_SECONDS
        if is_said:
            return ()
        self._said, self._said_at = name, now
        return tuple(
            KeysUpdate(locker=self._locker, purpose=one, keys=of_purpose(keyring, one))
            for one in EXCHANGED
        )
