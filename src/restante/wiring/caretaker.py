"""What an enrolled machine does by itself beside being a locker: take what is sent, renew.

R1. A certificate is renewed when two thirds of its time have passed, and tried again every hour
    until it worked. Time is the controller's, which the centre corrects; a clock that jumps asks
    too early or a little late, and at most once a day is anything given for it.
R2. Whatever changed, the locker is built anew from its files, when nobody stands before it. Keys
    that the centre exchanged while it could be understood are used at once.
R3. A locker that has not known the centre's key for ten minutes on end renews before it is due:
    the keys come with the answer. Whoever sends rubbish causes one question a day, no more.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ..access import (
    DeviceKey,
    PublicKeyring,
    open_device_key,
    read_locker_keys,
    write_locker_keys,
)
from ..core.value import DAY, HOUR, UtcSeconds
from ..edge.configuration import ConfigurationKeeper
from ..edge.controller import Controller
from ..edge.kiosk.kiosk import AnyKiosk, Kiosk
from ..edge.uplink import Uplink
from ..link.configuration import Configuration
from .enrol import NotEnrolled, renew_machine
from .enrolled import (
    DEVICE_KEY,
    KEYS,
    Handed,
    keep_configuration,
    keep_renewal,
    read_certificate_times,
    read_kept_configuration,
)

TURN_SECONDS: Final = 1.0
RETRY_SECONDS: Final = HOUR
GIVEN_SECONDS: Final = DAY
"""Rest after a renewal that worked, whatever the clock says."""
DEAF_SECONDS: Final = 600
"""How long nothing must be understood before the centre is asked for its keys (R3)."""

_log = structlog.get_logger(__name__)


def make_caretaker(
    kiosk: AnyKiosk,
    uplink: Uplink | None,
    enrolled: Path | None,
    *,
    check: Callable[[Configuration], None],
    changed: Callable[[], None],
) -> "Caretaker | None":
    """Make what looks after an enrolled locker; ``None`` for one set up by its file alone.

    Parameters
    ----------
    check
        Raises :class:`restante.edge.configuration.CannotTake` for what could not be started.
    changed
        Called once when the locker must be built anew.
    """
    if enrolled is None or uplink is None or not isinstance(kiosk, Kiosk):
        return None
    keeper = ConfigurationKeeper(
        kiosk.controller,
        current=read_kept_configuration(enrolled),
        check=check,
        keep=lambda update: keep_configuration(enrolled, update),
    )
    uplink.configuration = keeper
    uplink.keys.keep_with(lambda public: _exchange(kiosk.controller, enrolled, public))
    key = open_device_key(enrolled.parent / DEVICE_KEY)
    return Caretaker(
        kiosk,
        keeper,
        Renewer(enrolled, key, is_deaf=lambda: uplink.keys.is_deaf),
        changed=changed,
        reported=uplink.session.beat_soon,
    )


class Renewer:
    """Knows when to renew, and does it.

    Parameters
    ----------
    passed
        Seconds of a clock that never jumps.
    ask
        Gets the next certificate.
    is_deaf
        Tells whether the centre speaks with a key that is not known here (R3).
    """

    def __init__(
        self,
        enrolled: Path,
        key: DeviceKey,
        *,
        passed: Callable[[], float] = time.monotonic,
        ask: Callable[[Path, DeviceKey], Handed] = renew_machine,
        is_deaf: Callable[[], bool] = lambda: False,
    ) -> None:
        self._enrolled = enrolled
        self._key = key
        self._passed = passed
        self._ask = ask
        self._is_deaf = is_deaf
        self._deaf_since: float | None = None
        self._rest_until: float | None = None
        self.trouble = ""
        """Why the last try failed, for people; empty when all is well."""

    def is_due(self, now: UtcSeconds) -> bool:
        """Tell whether to ask for the next certificate (R1, R3)."""
        is_deaf = self._has_been_deaf()
        if self._rest_until is not None and self._passed() < self._rest_until:
            return False
        begins_at, ends_at = read_certificate_times(self._enrolled)
        return is_deaf or now >= begins_at + (ends_at - begins_at) * 2 // 3

    def turn(self, now: UtcSeconds) -> bool:
        """Renew if it is due; whether there is a new certificate, or new keys."""
        if not self.is_due(now):
            return False
        try:
            handed = self._ask(self._enrolled, self._key)
        except NotEnrolled as error:
            self._rest_until = self._passed() + RETRY_SECONDS
            self.trouble = str(error)
            _log.warning("certificate not renewed", why=str(error), is_final=error.is_final)
            return False
        is_new = keep_renewal(self._enrolled, handed.certificate, handed.keys)
        self._rest_until = self._passed() + GIVEN_SECONDS
        self.trouble = ""
        _log.info("certificate renewed", locker=handed.place.locker, is_new=is_new)
        return is_new

    def _has_been_deaf(self) -> bool:
        if not self._is_deaf():
            self._deaf_since = None
            return False
        passed = self._passed()
        if self._deaf_since is None:
            self._deaf_since = passed
        return passed >= self._deaf_since + DEAF_SECONDS


def _exchange(controller: Controller, enrolled: Path, public: PublicKeyring) -> None:
    """Keep keys that the centre exchanged, and use them."""
    path = enrolled / KEYS
    keys = msgspec.structs.replace(read_locker_keys(path), public=public)
    write_locker_keys(path, keys)
    controller.use_keys(keys)
    _log.info("keys of the centre exchanged")


class Caretaker:
    """A thread that looks after one enrolled locker.

    Parameters
    ----------
    changed
        Called once when the locker must be built anew.
    reported
        Called when there is something new to tell the centre.
    """

    def __init__(
        self,
        kiosk: Kiosk,
        keeper: ConfigurationKeeper,
        renewer: Renewer,
        *,
        changed: Callable[[], None],
        reported: Callable[[], None],
    ) -> None:
        self._kiosk = kiosk
        self._keeper = keeper
        self._renewer = renewer
        self._changed = changed
        self._reported = reported
        self._is_renewed = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="caretaker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the turn under way."""
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def turn(self) -> bool:
        """Do what is due; whether the locker must be built anew."""
        kiosk = self._kiosk
        with kiosk.lock:
            is_idle = not kiosk.is_busy and kiosk.controller.visit is None
            if self._keeper.turn(is_idle=is_idle):
                self._reported()
            now = kiosk.controller.clock.now()
        # Asking takes seconds: nobody waits for it under the lock.
        self._is_renewed = self._renewer.turn(now) or self._is_renewed
        return self._keeper.is_taken or (self._is_renewed and is_idle)

    def _run(self) -> None:
        while not self._stop.wait(TURN_SECONDS):
            try:
                if self.turn():
                    self._changed()
                    return
            except Exception:  # noqa: BLE001 - a thread's boundary: the next turn tries again
                _log.exception("a turn of the caretaker failed")
