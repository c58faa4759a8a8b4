"""The kiosk's flow: inputs in, a screen out; no browser, no templates.

Rules
-----
F1  One question per screen. A scan works on the start screen at once, without a button before it.
F2  Nobody has touched anything for 40 s: a countdown of 20 s, one touch anywhere goes on. Then the
    visit ends and everything typed or shown is wiped. While a door stands open the locker waits
    longer, because somebody is loading or unloading.
F3  Every refused code looks the same. Only the pause of the whole locker is named.
F4  "Door did not open" is never a dead end: again, another, or help.
F5  Leaving puts language and view back to the site's own, also from the start screen.
F6  Whoever listens needs longer than who reads: while it speaks, every wait is doubled.

What belongs to signing in, recipients or couriers alone is in parts of its own, see
:class:`.desk.Part`; here is what all share: inputs, patience, refusals, doors, help.
"""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from ...access import Malformed
from ...core import session
from ...core.content import Content
from ...core.door import Door
from ...core.refusal import Reason, Refused
from ..controller import Controller, OutOfService
from .comfort import Comfort
from .courier import Courier
from .desk import Act, Desk, NowClock, Part
from .menus import (
    BUTTONS,
    FIELDS,
    HAS_INCIDENT,
    HELP,
    HINTED,
    MAIN_FINISH,
    OPEN_SCREENS,
    SHOWS_DOOR,
    WATCHED,
    make_button,
    still_buttons,
)
from .recipient import Recipient
from .screen import Button, Field, Screen, ScreenName, Tone
from .sign_in import SignIn
from .unannounced import UnannouncedParcels

IDLE_WARN_SECONDS: Final = 40
IDLE_COUNTDOWN_SECONDS: Final = 20
DOOR_IDLE_SECONDS: Final = 180
"""Before the warning, while a door is open (chosen: a heavy parcel and two hands)."""
GOODBYE_SECONDS: Final = 8
REFUSALS: Final = frozenset(
    {
        Reason.NOT_EXPECTED,
        Reason.BOOKING_EXPIRED,
        Reason.SITE_CLOSED,
        Reason.SITE_FULL,
        Reason.NOTHING_FITS,
        Reason.NO_REACHABLE_COMPARTMENT,
        Reason.PARCEL_IN_COMPARTMENT,
        Reason.TOO_MANY_OPENINGS,
        Reason.GRANT_CONSUMED,
        Reason.OFFLINE_BUDGET_SPENT,
    }
)
"""Reasons with a text of their own; all others say that it is not possible now."""

_SAID_ALOUD: Final = (
    Reason.ACCESS_DENIED,
    Reason.TOO_MANY_ATTEMPTS,
    Reason.SESSION_ACTIVE,
    Reason.TIME_UNKNOWN,
)
_MASK: Final = "•"
_DIGITS: Final = frozenset("0123456789")
_CODE_DIGITS_MAX: Final = 10
_LOGIN_DIGITS_MAX: Final = 12


class Flow:
    """What one person does at one screen.

    Parameters
    ----------
    is_online
        Whether the centre answers; only a mark for staff depends on it.
    can_speak
        Whether there is a voice.
    clock
        What patience is measured with; the controller's when not given. A demo whose days pass
        in minutes gives the machine's own.
    """

    def __init__(
        self,
        controller: Controller,
        *,
        is_online: Callable[[], bool] = lambda: True,
        can_speak: Callable[[], bool] = lambda: False,
        clock: NowClock | None = None,
    ) -> None:
        self._controller = controller
        self._is_online = is_online
        self._desk = Desk(controller, clock or controller.clock)
        self._comfort = Comfort(self._desk, can_speak)
        self._parts: tuple[Part, ...] = (
            self._comfort,
            SignIn(self._desk, self._signed_in),
            Recipient(self._desk),
            UnannouncedParcels(self._desk),
            Courier(self._desk),
        )
        self._actions: dict[str, Act] = {
            "enter": lambda _: self._enter(),
            "mask": lambda _: self._mask(),
            "done": lambda _: self._to_start(),
            "back": lambda _: self._leave("done"),
            "help": lambda _: self._help(),
            "return": lambda _: self._desk.go(self._desk.before_help),
            "again": lambda _: self._again(),
            "finish": lambda _: self._finish(),
        }
        for part in self._parts:
            self._actions |= part.actions()

    def _reset(self) -> None:
        self._desk.reset()
        for part in self._parts:
            part.reset()

    # ── Inputs ────────────────────────────────────────────────────────────────────────────────

    def touch(self, button: str) -> Screen:
        """Take a touch of a button; names that are not on the screen do nothing."""
        self._note_presence()
        if button == "understood":
            self._desk.message = ""
        if button in ("stay", "understood"):
            return self.show()
        if self._comfort.take_anywhere(button):
            return self.show()
        names = {one.name for one in self._screen().buttons}
        act = self._actions.get(button.partition(":")[0])
        if act is not None and button in names:
            self._desk.message = ""
            self._try(lambda: act(button.partition(":")[2]))
        return self.show()

    def type_digit(self, digit: str) -> Screen:
        """Take a key of the number pad: a digit, ``back`` or ``clear``."""
        self._note_presence()
        desk = self._desk
        desk.message = ""
        if digit == "back":
            desk.typed = desk.typed[:-1]
        elif digit == "clear":
            desk.typed = ""
        elif digit in _DIGITS and len(desk.typed) < self._typed_max():
            desk.typed += digit
        return self.show()

    def scan(self, text: str) -> Screen:
        """Take what a scanner sent, or what was typed into the field and entered."""
        self._note_presence()
        self._desk.message = ""
        if _MASK in text or not text.strip():
            text = self._desk.typed
        self._desk.typed = ""
        if text:
            self._try(lambda: self._scanned(text))
        return self.show()

    def tick(self) -> Screen:
        """Let time pass and look at the doors; call a few times a second."""
        self._controller.tick()
        if self._desk.visit is not None:
            # The screen lives and watches idleness itself; the controller's own limit is for
            # screens that have died.
            self._controller.touch()
        self._try(self._look_at_doors)
        self._watch_idle()
        return self.show()

    def show(self) -> Screen:
        """Say what the screen shows now."""
        screen = self._screen()
        return replace(
            screen,
            language=self._desk.language,
            view=self._desk.view,
            can_speak=self._comfort.can_speak(),
            is_offline=not self._is_online(),
            presence=self._presence(),
            message=self._desk.message,
            idle_seconds_left=self._idle_seconds_left(),
        )

    def _presence(self) -> str:
        controller = self._controller
        is_shown = controller.config.shows_presence and self._is_online() and self.is_at_start
        return controller.orders.shown_code() if is_shown else ""

    @property
    def is_at_start(self) -> bool:
        """Whether nobody is using the kiosk."""
        return self._desk.name is ScreenName.START

    # ── Presence ──────────────────────────────────────────────────────────────────────────────

    def _note_presence(self) -> None:
        self._desk.touched_at = self._desk.clock.now()
        if self._desk.visit is not None:
            self._controller.touch()

    def _patience_seconds(self) -> int:
        is_open = bool(self._controller.state.open_doors())
        return (DOOR_IDLE_SECONDS if is_open else IDLE_WARN_SECONDS) * self._slowness()

    def _slowness(self) -> int:
        return 2 if self._desk.view.speaks else 1

    def _idle_seconds_left(self) -> int | None:
        desk = self._desk
        if desk.name in (ScreenName.OUT_OF_SERVICE, ScreenName.GOODBYE):
            return None
        if desk.name is ScreenName.START and desk.is_as_found:
            return None
        quiet = self._desk.clock.now() - self._desk.touched_at
        left = self._patience_seconds() + IDLE_COUNTDOWN_SECONDS - quiet
        return max(0, left) if left <= IDLE_COUNTDOWN_SECONDS else None

    def _watch_idle(self) -> None:
        desk = self._desk
        if self._controller.trouble is not None:
            desk.name = ScreenName.OUT_OF_SERVICE
            return
        if desk.name is ScreenName.OUT_OF_SERVICE:
            self._leave("done")
        now = desk.clock.now()
        # The centre may have set a wrong clock back: waiting begins again.
        desk.touched_at = min(desk.touched_at, now)
        desk.shown_at = min(desk.shown_at, now)
        is_gone = desk.session and desk.visit is None
        if desk.name is ScreenName.GOODBYE:
            if now >= desk.shown_at + GOODBYE_SECONDS * self._slowness():
                self._to_start()
        elif is_gone:
            self._to_start()
        elif self._idle_seconds_left() == 0:
            self._leave("idle")
        elif desk.name is ScreenName.START and desk.typed:
            desk.typed = ""

    def _leave(self, why: str) -> None:
        if self._desk.leave(why):
            self._to_start()

    def _to_start(self) -> None:
        self._reset()
        self._desk.name = ScreenName.START

    # ── Refusals ──────────────────────────────────────────────────────────────────────────────

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Malformed:
            self._desk.message = "message.code_length"
            self._desk.typed = ""
        except OutOfService:
            self._desk.name = ScreenName.OUT_OF_SERVICE
        except Refused as refusal:
            self._refused(refusal)

    def _refused(self, refusal: Refused) -> None:
        desk = self._desk
        desk.typed = ""
        reason = refusal.reason
        if reason is Reason.DOOR_OPEN:
            desk.door = self._controller.blocking_door()
            desk.go(ScreenName.SHUT_FIRST)
        elif desk.visit is None:
            said = reason if reason in _SAID_ALOUD else Reason.ACCESS_DENIED
            desk.message = f"message.{said}"
        else:
            desk.refusal = reason.value if reason in REFUSALS else "other"
            desk.go(ScreenName.REFUSED)

    # ── Scans and doors ───────────────────────────────────────────────────────────────────────

    def _scanned(self, text: str) -> None:
        if not any(part.take_scan(text) for part in self._parts):
            self._desk.message = "message.not_now"

    def _signed_in(self, visit: session.Active) -> None:
        self._desk.session = visit.session
        any(part.begin(visit) for part in self._parts)

    def _look_at_doors(self) -> None:
        desk = self._desk
        if desk.door is None or desk.name not in WATCHED:
            return
        known = self._controller.state.compartments[desk.door]
        if desk.name is ScreenName.OPENING:
            if known.door is Door.OPEN:
                desk.go(OPEN_SCREENS[desk.purpose])
            elif known.door is Door.CLOSED:
                desk.go(ScreenName.DOOR_FAILED)
        elif known.door is Door.CLOSED:
            self._door_shut(known.content)

    def _door_shut(self, content: Content) -> None:
        visit = self._desk.visit
        if self._desk.name is not ScreenName.SHUT_FIRST:
            any(part.door_shut(content) for part in self._parts)
        elif visit is None:
            self._to_start()
        else:
            any(part.resume(visit) for part in self._parts)

    # ── Buttons all share ─────────────────────────────────────────────────────────────────────

    def _enter(self) -> None:
        typed, self._desk.typed = self._desk.typed, ""
        self._scanned(typed) if typed else None

    def _mask(self) -> None:
        self._desk.is_masked = not self._desk.is_masked

    def _help(self) -> None:
        if self._desk.name is not ScreenName.HELP:
            self._desk.before_help = self._desk.name
        typed = self._desk.typed
        self._desk.go(ScreenName.HELP)
        self._desk.typed = typed

    def _again(self) -> None:
        for part in self._parts:
            if self._desk.purpose in part.purposes:
                part.again()

    def _finish(self) -> None:
        self._controller.end_visit("done")
        language, view = self._desk.language, self._desk.view
        self._reset()
        self._desk.language, self._desk.view = language, view
        self._desk.go(ScreenName.GOODBYE)

    # ── What is shown ─────────────────────────────────────────────────────────────────────────

    def _typed_max(self) -> int:
        if self._desk.name in (ScreenName.CODE, ScreenName.COURIER_PIN):
            return _CODE_DIGITS_MAX
        return _LOGIN_DIGITS_MAX if self._desk.name is ScreenName.COURIER else 0

    def _screen(self) -> Screen:
        desk = self._desk
        if self._controller.trouble is not None:
            desk.name = ScreenName.OUT_OF_SERVICE
        name = desk.name
        door = desk.door if name in SHOWS_DOOR else None
        steps = (part.step() for part in self._parts)
        return Screen(
            name=name,
            title=self._title(),
            hint=f"{name}.hint" if name in HINTED else "",
            values=self._values(),
            buttons=self._buttons(),
            field=FIELDS.get(name, Field.NOTHING),
            digits=_MASK * len(desk.typed) if desk.is_masked else desk.typed,
            is_masked=desk.is_masked,
            door=door,
            is_door_open=door is not None and door in self._controller.state.open_doors(),
            step=next(filter(None, steps), None),
            incident=self._incident(),
        )

    def _values(self) -> dict[str, str]:
        note = self._controller.note
        values = {
            "site": note.name if note is not None else self._controller.config.name,
            "phone": note.help_phone if note is not None else "",
            "door": self._desk.door or "",
            "pause": str(self._controller.pause_seconds()),
        }
        for part in self._parts:
            values |= part.values()
        return values

    def _title(self) -> str:
        name = self._desk.name
        if name is ScreenName.REFUSED:
            return f"refused.{self._desk.refusal}"
        if name is ScreenName.STILL_EMPTY and self._desk.purpose != "deposit":
            return "still_inside.title"
        if name is ScreenName.SHUT_FIRST and self._controller.deposit_in_hand is not None:
            return "shut_first.next"
        return f"{name}.title"

    def _incident(self) -> str:
        """Name this moment so that the help line finds it: locker, time of day, screen before."""
        name = self._desk.name
        if name not in HAS_INCIDENT:
            return ""
        minutes = self._controller.clock.now() // 60 % 1_000_000
        before = self._desk.before_help if name is ScreenName.HELP else name
        kind = self._controller.trouble or before.value
        return f"{minutes:06d}-{kind[:2].upper()}"

    def _buttons(self) -> tuple[Button, ...]:
        for part in self._parts:
            own = part.buttons()
            if own is not None:
                return own
        match self._desk.name:
            case ScreenName.REFUSED:
                is_courier = _is_courier(self._controller)
                ahead = make_button("scan_next", tone=Tone.MAIN) if is_courier else MAIN_FINISH
                return (ahead, HELP)
            case ScreenName.DOOR_FAILED:
                other = (make_button("other"),) if self._desk.purpose == "deposit" else ()
                return (make_button("again", tone=Tone.MAIN), *other, HELP)
            case ScreenName.STILL_EMPTY:
                return still_buttons(self._desk.purpose)
            case _:
                return BUTTONS.get(self._desk.name, ())


def _is_courier(controller: Controller) -> bool:
    visit = controller.visit
    return visit is not None and visit.role is session.Role.COURIER
