"""A link inside one process, with a switch to cut it: demo, simulator, single-machine site.

Deterministic: nothing moves until it is pumped, messages arrive in order, and what was under way
when the link was cut is gone.
"""

from typing import Final, Protocol

from ..core.value import UtcSeconds

ROUNDS_MAX: Final = 64
"""Turns of talk in one pump; a sound conversation falls silent after a few."""


class LinkEnd(Protocol):
    """A host at one end: a session and what it does with the events."""

    def connected(self, now: UtcSeconds) -> None:
        """There is a way to the other end."""
        ...

    def disconnected(self) -> None:
        """The way is gone."""
        ...

    def receive(self, body: bytes, now: UtcSeconds) -> None:
        """Take a message."""
        ...

    def outgoing(self, now: UtcSeconds) -> list[bytes]:
        """Give what is to be sent now."""
        ...


class MemoryLink:
    """Joins a locker's end and the centre's end.

    Parameters
    ----------
    locker, centre
        The two hosts.
    """

    def __init__(self, locker: LinkEnd, centre: LinkEnd) -> None:
        self._locker = locker
        self._centre = centre
        self._is_wanted = True
        self._is_up = False
        self.message_count = 0
        """Messages carried so far."""
        self.byte_count = 0

    @property
    def is_cut(self) -> bool:
        """Whether somebody has cut it."""
        return not self._is_wanted

    def cut(self) -> None:
        """Cut both directions at once."""
        self._is_wanted = False
        if self._is_up:
            self._is_up = False
            self._locker.disconnected()
            self._centre.disconnected()

    def restore(self) -> None:
        """Let the next pump connect again."""
        self._is_wanted = True

    def pump(self, now: UtcSeconds) -> int:
        """Carry messages both ways until both ends are silent.

        Returns
        -------
        int
            Messages carried; 0 while cut.
        """
        if not self._is_wanted:
            return 0
        if not self._is_up:
            self._is_up = True
            self._centre.connected(now)
            self._locker.connected(now)
        carried = 0
        for _ in range(ROUNDS_MAX):
            moved = self._carry(self._locker, self._centre, now)
            moved += self._carry(self._centre, self._locker, now)
            carried += moved
            if not moved:
                break
        return carried

    def _carry(self, source: LinkEnd, target: LinkEnd, now: UtcSeconds) -> int:
        bodies = source.outgoing(now)
        for body in bodies:
            self.message_count += 1
            self.byte_count += len(body)
            target.receive(body, now)
        return len(bodies)
