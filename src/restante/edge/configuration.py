"""What a locker does with a configuration the centre sends: take it whole, or say why not.

R1. A version is never taken backwards, and never while somebody stands before the locker.
R2. One that cannot be (a compartment with a parcel would go, a board that nobody could talk to) is
    refused with the reason, and the locker goes on as before.
R3. Taking means keeping it; the controller is built anew from what was kept.
"""

from collections.abc import Callable
from typing import Final

from ..core import locker as rules
from ..core.refusal import Refused
from ..link.configuration import (
    LANGUAGES_STANDARD,
    BadConfiguration,
    Configuration,
    ConfigurationState,
    decode_configuration,
)
from ..link.message import ConfigurationUpdate
from .controller import Controller


class CannotTake(ValueError):
    """A configuration cannot be; the message is for the operator."""


BY_FILE: Final = "this locker is set up by a file on its machine; change that"


class ConfigurationKeeper:
    """Judges configurations for one controller.

    Parameters
    ----------
    current
        The one the controller was built from; ``None`` when a file alone describes it.
    check
        Raises :class:`CannotTake` when the machine could not be so.
    keep
        Writes an update where the next start reads it, whole or not at all.
    """

    def __init__(
        self,
        controller: Controller,
        *,
        current: Configuration | None,
        check: Callable[[Configuration], None] = lambda _configuration: None,
        keep: Callable[[ConfigurationUpdate], None],
    ) -> None:
        self._controller = controller
        self._current = current
        self._check = check
        self._keep = keep
        self._waiting: ConfigurationUpdate | None = None
        self._refused_version = 0
        self._refusal = ""
        self.is_taken = False
        """Whether a newer one was kept: build the controller anew."""

    def state(self) -> ConfigurationState:
        """Say what runs here, and what could not be taken."""
        current = self._current
        return ConfigurationState(
            version=0 if current is None else current.version,
            ring="" if current is None else current.ring,
            refused_version=self._refused_version,
            refusal=self._refusal,
        )

    def arrived(self, update: ConfigurationUpdate) -> None:
        """Remember an update whose signature is good, if it is newer (R1)."""
        if self._current is None:
            self._refused_version, self._refusal = update.version, BY_FILE
            return
        waiting = 0 if self._waiting is None else self._waiting.version
        newest = max(self._current.version, waiting)
        if update.version > newest and not self.is_taken:
            self._waiting = update

    def turn(self, *, is_idle: bool) -> bool:
        """Take what waits, or refuse it, once nobody stands there; whether anything changed."""
        update = self._waiting
        is_free = is_idle and self._controller.visit is None and self._controller.trouble is None
        if update is None or not is_free:
            return False
        self._waiting = None
        try:
            self._judge(update)
        except (CannotTake, BadConfiguration) as error:
            self._refused_version, self._refusal = update.version, str(error)
            return True
        self._keep(update)
        self.is_taken = True
        return True

    def _judge(self, update: ConfigurationUpdate) -> None:
        wanted = decode_configuration(update.body)
        here = self._controller.config
        if wanted.version != update.version or wanted.locker != here.locker:
            raise CannotTake("the document is another one than its message says")
        if wanted.site != here.site:
            raise CannotTake(f"it is for {wanted.site}; revoke this locker and enrol it there")
        if not wanted.compartments:
            raise CannotTake("compartments: at least one")
        unknown = set(wanted.languages) - set(LANGUAGES_STANDARD)
        if unknown or not wanted.languages:
            named = ", ".join(sorted(unknown)) or "none"
            raise CannotTake(f"languages: {named}; this release says {LANGUAGES_STANDARD}")
        self._check(wanted)
        names = tuple(spec.id for spec in wanted.compartments)
        at = self._controller.clock.now()
        command = rules.InstallLocker(at=at, locker=here.locker, compartments=names)
        try:
            rules.decide(self._controller.state, command)
        except Refused as error:
            raise CannotTake(error.detail or str(error.reason)) from error
