"""The kiosk's flow: inputs in, a screen out; no browser, no templates.

Rules
-----
F1  One question per screen. A scan works on the start screen at once, without a button before it.
F2  Nobody has touched anything for 40 s: a countdown of 20 s, one touch anywhere goes on. Then the
    visit ends and everything typed or shown is wiped. While a door stands open the locker waits
    longer, because somebody is loading or unloading.
F3  Every refused code looks the same. Only the pause of the whole locker is named.
F4  "Door did not open" is never a dead end: again, another, or help.
F5  Leaving puts the language back to the site's own.
"""

from collections.abc import Callable
from typing import Final, Protocol

from msgspec.structs import replace

from ...access import Malformed
from ...core import session
from ...core.compartment import Content, Door
from ...core.ids import CompartmentId, GrantId, ParcelId
from ...core.refusal import Reason, Refused
from ...core.value import UtcSeconds
from ..controller import Controller, OutOfService, Waiting
from ..doors import Opening, Outcome
from ..scan import ScanKind, classify_scan
from .menus import (
    BUTTONS,
    FIELDS,
    HINTED,
    MAIN_FINISH,
    OPEN_SCREENS,
    SHOWS_DOOR,
    STILL_INSIDE,
    TAKES_LABELS,
    WATCHED,
    make_button,
    retrieve_buttons,
    scan_buttons,
    still_buttons,
)
from .screen import Button, Field, Screen, ScreenName, Tone

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
    }
)
"""Reasons with a text of their own; all others say that it is not possible now."""

_SAID_ALOUD: Final = (Reason.ACCESS_DENIED, Reason.TOO_MANY_ATTEMPTS, Reason.SESSION_ACTIVE)
_MASK: Final = "•"
_DIGITS: Final = frozenset("0123456789")
_CODE_DIGITS_MAX: Final = 10
_LOGIN_DIGITS_MAX: Final = 12


class NowClock(Protocol):
    """Tells the time in seconds; both kinds of clock do."""

    def now(self) -> UtcSeconds:
        """Whole seconds since 1970."""
        ...


class Flow:
    """What one person does at one screen.

    Parameters
    ----------
    is_online
        Whether the centre answers; only a mark for staff depends on it.
    clock
        What patience is measured with; the controller's when not given. A demo whose days pass
        in minutes gives the machine's own.
    """

    def __init__(
        self,
        controller: Controller,
        *,
        is_online: Callable[[], bool] = lambda: True,
        clock: NowClock | None = None,
    ) -> None:
        self._controller = controller
        self._clock: NowClock = clock or controller.clock
        self._is_online = is_online
        self._name = ScreenName.START
        self._reset()

    def _reset(self) -> None:
        languages = self._controller.config.languages
        self.language = languages[0] if languages else "en"
        self._typed = ""
        self._login = ""
        self._session = ""
        self._is_masked = False
        self._message = ""
        self._refusal = ""
        self._before_help = ScreenName.START
        self._door: CompartmentId | None = None
        self._grant: GrantId | None = None
        self._total = 0
        self._deposited_count = 0
        self._purpose = "collect"
        self._touched_at = self._clock.now()
        self._shown_at = self._touched_at

    # ── Inputs ────────────────────────────────────────────────────────────────────────────────

    def touch(self, button: str) -> Screen:
        """Take a touch of a button; names that are not on the screen do nothing."""
        self._note_presence()
        if button == "stay":
            return self.show()
        if button.startswith("language:"):
            wanted = button.partition(":")[2]
            if wanted in self._controller.config.languages:
                self.language = wanted
            return self.show()
        names = {one.name for one in self._screen().buttons}
        act = self._actions().get(button.partition(":")[0])
        if act is not None and button in names:
            self._message = ""
            self._try(lambda: act(button.partition(":")[2]))
        return self.show()

    def type_digit(self, digit: str) -> Screen:
        """Take a key of the number pad: a digit, ``back`` or ``clear``."""
        self._note_presence()
        self._message = ""
        if digit == "back":
            self._typed = self._typed[:-1]
        elif digit == "clear":
            self._typed = ""
        elif digit in _DIGITS and len(self._typed) < self._typed_max():
            self._typed += digit
        return self.show()

    def scan(self, text: str) -> Screen:
        """Take what a scanner sent, or what was typed into the field and entered."""
        self._note_presence()
        self._message = ""
        if _MASK in text or not text.strip():
            text = self._typed
        self._typed = ""
        if text:
            self._try(lambda: self._scanned(text))
        return self.show()

    def tick(self) -> Screen:
        """Let time pass and look at the doors; call a few times a second."""
        self._controller.tick()
        if self._visit is not None:
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
            language=self.language,
            is_offline=not self._is_online(),
            message=self._message,
            idle_seconds_left=self._idle_seconds_left(),
        )

    @property
    def is_at_start(self) -> bool:
        """Whether nobody is using the kiosk."""
        return self._name is ScreenName.START

    @property
    def _visit(self) -> session.Active | None:
        """The visit begun at this screen; a service tool or a remote one is not ours."""
        visit = self._controller.visit
        return visit if visit is not None and visit.session == self._session else None

    # ── Presence ──────────────────────────────────────────────────────────────────────────────

    def _note_presence(self) -> None:
        self._touched_at = self._clock.now()
        if self._visit is not None:
            self._controller.touch()

    def _patience_seconds(self) -> int:
        is_open = bool(self._controller.state.open_doors())
        return DOOR_IDLE_SECONDS if is_open else IDLE_WARN_SECONDS

    def _idle_seconds_left(self) -> int | None:
        if self._name in (ScreenName.START, ScreenName.OUT_OF_SERVICE, ScreenName.GOODBYE):
            return None
        quiet = self._clock.now() - self._touched_at
        left = self._patience_seconds() + IDLE_COUNTDOWN_SECONDS - quiet
        return max(0, left) if left <= IDLE_COUNTDOWN_SECONDS else None

    def _watch_idle(self) -> None:
        if self._controller.trouble is not None:
            self._name = ScreenName.OUT_OF_SERVICE
            return
        if self._name is ScreenName.OUT_OF_SERVICE:
            self._leave("done")
        now = self._clock.now()
        # The centre may have set a wrong clock back: waiting begins again.
        self._touched_at = min(self._touched_at, now)
        self._shown_at = min(self._shown_at, now)
        is_gone = self._session and self._visit is None
        if self._name is ScreenName.GOODBYE:
            if now >= self._shown_at + GOODBYE_SECONDS:
                self._to_start()
        elif is_gone:
            self._to_start()
        elif self._idle_seconds_left() == 0:
            self._leave("idle")
        elif self._name is ScreenName.START and self._typed:
            self._typed = ""

    def _leave(self, why: str) -> None:
        try:
            if self._visit is not None:
                self._controller.end_visit(why)
        except OutOfService:
            self._name = ScreenName.OUT_OF_SERVICE
            return
        self._to_start()

    def _to_start(self) -> None:
        self._reset()
        self._name = ScreenName.START

    def _go(self, name: ScreenName) -> None:
        self._name = name
        self._shown_at = self._clock.now()
        self._touched_at = self._shown_at
        self._typed = ""

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Malformed:
            self._message = "message.code_length"
            self._typed = ""
        except OutOfService:
            self._name = ScreenName.OUT_OF_SERVICE
        except Refused as refusal:
            self._refused(refusal)

    def _refused(self, refusal: Refused) -> None:
        self._typed = ""
        reason = refusal.reason
        if reason is Reason.DOOR_OPEN:
            self._door = self._controller.blocking_door()
            self._go(ScreenName.SHUT_FIRST)
        elif self._visit is None:
            said = reason if reason in _SAID_ALOUD else Reason.ACCESS_DENIED
            self._message = f"message.{said}"
        else:
            self._refusal = reason.value if reason in REFUSALS else "other"
            self._go(ScreenName.REFUSED)

    # ── Scans ─────────────────────────────────────────────────────────────────────────────────

    def _scanned(self, text: str) -> None:
        visit = self._visit
        if visit is None:
            self._sign_in(text)
        elif visit.role is session.Role.COURIER and self._name in TAKES_LABELS:
            self._purpose = "deposit"
            self._opened(self._controller.deposit(text))
        else:
            self._message = "message.not_now"

    def _sign_in(self, text: str) -> None:
        if self._name is ScreenName.COURIER and text.strip().isdigit():
            self._login = text.strip()
            self._go(ScreenName.COURIER_PIN)
            return
        if self._name is ScreenName.COURIER_PIN and text.strip()[:3].upper() != "RS1":
            self._signed_in(self._controller.sign_in_courier(self._login, text))
            return
        scan = classify_scan(text)
        match scan.kind:
            case ScanKind.TOKEN:
                self._signed_in(self._controller.sign_in_with_token(scan.text))
            case ScanKind.PIN:
                self._signed_in(self._controller.sign_in_with_pin(scan.text))
            case _ if self._name is ScreenName.CODE:
                self._signed_in(self._controller.sign_in_with_pin(text))
            case ScanKind.LABEL:
                self._message = "message.label_before_sign_in"
            case _:
                self._message = "message.unreadable"

    def _signed_in(self, visit: session.Active) -> None:
        self._session = visit.session
        if visit.role is session.Role.COURIER:
            self._go(ScreenName.SCAN)
            return
        waiting = self._controller.waiting()
        self._total = len(waiting)
        self._open_next()

    # ── Recipient ─────────────────────────────────────────────────────────────────────────────

    def _open_next(self) -> None:
        waiting = self._controller.waiting()
        left = [one for one in waiting if not one.is_collected] or list(waiting)
        if not left:
            self._go(ScreenName.GOODBYE)
            return
        self._grant = left[0].grant
        self._purpose = "collect"
        self._opened(self._controller.collect(left[0].grant))

    def _opened(self, opening: Opening) -> None:
        self._door = opening.compartment
        if opening.outcome is Outcome.FAILED:
            self._go(ScreenName.DOOR_FAILED)
        elif opening.outcome is Outcome.PENDING:
            self._go(ScreenName.OPENING)
        else:
            self._go(OPEN_SCREENS[self._purpose])

    def _left(self) -> tuple[Waiting, ...]:
        return tuple(one for one in self._controller.waiting() if not one.is_collected)

    # ── Doors ─────────────────────────────────────────────────────────────────────────────────

    def _look_at_doors(self) -> None:
        name = self._door
        if name is None or self._name not in WATCHED:
            return
        known = self._controller.state.compartments[name]
        if self._name is ScreenName.OPENING:
            if known.door is Door.OPEN:
                self._go(OPEN_SCREENS[self._purpose])
            elif known.door is Door.CLOSED:
                self._go(ScreenName.DOOR_FAILED)
        elif known.door is Door.CLOSED:
            self._door_shut(known.content)

    def _door_shut(self, content: Content) -> None:
        match self._name:
            case ScreenName.TAKE | ScreenName.TAKE_BACK if content in STILL_INSIDE:
                self._go(ScreenName.STILL_EMPTY)
            case ScreenName.TAKE:
                self._go(ScreenName.TAKEN)
            case ScreenName.TAKE_BACK:
                self._go(ScreenName.RETRIEVE if self._controller.retrievable() else ScreenName.SCAN)
            case ScreenName.PUT_IN | ScreenName.PROBLEM if self._controller.is_deposited():
                self._deposited_count += 1
                self._go(ScreenName.SCAN)
                self._message = "message.deposited"
            case ScreenName.PUT_IN | ScreenName.PROBLEM:
                self._go(ScreenName.STILL_EMPTY)
            case ScreenName.LOOK:
                self._go(ScreenName.LOOKED)
            case ScreenName.SHUT_FIRST:
                self._after_shut_first()

    def _after_shut_first(self) -> None:
        visit = self._visit
        deposit = self._controller.deposit_in_hand
        if visit is None:
            self._to_start()
        elif visit.role is session.Role.RECIPIENT:
            self._open_next() if self._left() else self._go(ScreenName.TAKEN)
        elif deposit is not None and deposit.compartment is None:
            self._purpose = "deposit"
            self._opened(self._controller.offer_again())
        else:
            self._go(ScreenName.SCAN)

    # ── Buttons ───────────────────────────────────────────────────────────────────────────────

    def _actions(self) -> dict[str, Callable[[str], None]]:
        return {
            "collect": lambda _: self._go(ScreenName.CODE),
            "courier": lambda _: self._go(ScreenName.COURIER),
            "enter": lambda _: self._enter(),
            "mask": lambda _: self._mask(),
            "done": lambda _: self._to_start(),
            "back": lambda _: self._leave("done"),
            "help": lambda _: self._help(),
            "return": lambda _: self._go_back(),
            "again": lambda _: self._again(),
            "next": lambda _: self._open_next(),
            "reopen": lambda _: self._reopen(),
            "finish": lambda _: self._finish(),
            "other": lambda _: self._other("door_failed"),
            "problem": lambda _: self._go(ScreenName.PROBLEM),
            "does_not_fit": lambda _: self._other("does_not_fit"),
            "dirty": lambda _: self._other("dirty"),
            "damaged": lambda _: self._other("damaged"),
            "changed_mind": lambda _: self._other("empty"),
            "still_open": lambda _: self._go(ScreenName.PUT_IN),
            "retrieve": self._retrieve,
            "retrievals": lambda _: self._go(ScreenName.RETRIEVE),
            "look": self._look,
            "found_empty": lambda _: self._found_empty(),
            "undo": lambda _: self._undo(),
            "scan_next": lambda _: self._go(ScreenName.SCAN),
        }

    def _enter(self) -> None:
        typed, self._typed = self._typed, ""
        self._scanned(typed) if typed else None

    def _mask(self) -> None:
        self._is_masked = not self._is_masked

    def _help(self) -> None:
        if self._name is not ScreenName.HELP:
            self._before_help = self._name
        name, typed = ScreenName.HELP, self._typed
        self._go(name)
        self._typed = typed

    def _go_back(self) -> None:
        self._go(self._before_help)

    def _again(self) -> None:
        if self._purpose == "collect" and self._grant is not None:
            self._opened(self._controller.collect(self._grant))
        elif self._purpose == "deposit":
            self._opened(self._controller.open_again())
        elif self._purpose == "retrieve" and self._door is not None:
            parcel = self._controller.state.compartments[self._door].parcel
            self._retrieve(parcel or "")
        elif self._door is not None:
            self._look(self._door)

    def _reopen(self) -> None:
        if self._grant is not None:
            self._purpose = "collect"
            self._opened(self._controller.collect(self._grant))

    def _finish(self) -> None:
        self._controller.end_visit("done")
        language = self.language
        self._reset()
        self.language = language
        self._go(ScreenName.GOODBYE)

    def _other(self, why: str) -> None:
        if self._purpose != "deposit":
            self._go(ScreenName.SCAN if self._purpose != "collect" else ScreenName.HELP)
            return
        self._controller.reject_compartment(why)
        is_open = self._door in self._controller.state.open_doors()
        if is_open:
            self._go(ScreenName.SHUT_FIRST)
        elif why == "empty":
            self._go(ScreenName.SCAN)
        else:
            self._opened(self._controller.offer_again())

    def _undo(self) -> None:
        deposit = self._controller.deposit_in_hand
        if deposit is not None:
            self._retrieve(deposit.parcel)

    def _retrieve(self, parcel: str) -> None:
        self._purpose = "retrieve"
        self._opened(self._controller.retrieve(ParcelId(parcel)))

    def _look(self, name: str) -> None:
        self._purpose = "look"
        self._opened(self._controller.look_into(CompartmentId(name)))

    def _found_empty(self) -> None:
        if self._door is not None:
            self._controller.found_empty(self._door)
        self._go(ScreenName.SCAN)

    # ── What is shown ─────────────────────────────────────────────────────────────────────────

    def _typed_max(self) -> int:
        if self._name in (ScreenName.CODE, ScreenName.COURIER_PIN):
            return _CODE_DIGITS_MAX
        return _LOGIN_DIGITS_MAX if self._name is ScreenName.COURIER else 0

    def _screen(self) -> Screen:
        if self._controller.trouble is not None:
            self._name = ScreenName.OUT_OF_SERVICE
        name = self._name
        note = self._controller.note
        values = {
            "site": note.name if note is not None else self._controller.config.name,
            "phone": note.help_phone if note is not None else "",
            "door": self._door or "",
            "count": str(self._deposited_count),
            "pause": str(self._controller.pause_seconds()),
        }
        door = self._door if name in SHOWS_DOOR else None
        is_open = door is not None and door in self._controller.state.open_doors()
        return Screen(
            name=name,
            title=self._title(),
            hint=f"{name}.hint" if name in HINTED else "",
            values=values,
            buttons=self._buttons(),
            field=FIELDS.get(name, Field.NOTHING),
            digits=self._shown_digits(),
            is_masked=self._is_masked,
            door=door,
            is_door_open=is_open,
            step=self._step(),
            incident=self._incident(),
        )

    def _title(self) -> str:
        if self._name is ScreenName.REFUSED:
            return f"refused.{self._refusal}"
        if self._name is ScreenName.STILL_EMPTY and self._purpose != "deposit":
            return "still_inside.title"
        if self._name is ScreenName.SHUT_FIRST and self._controller.deposit_in_hand is not None:
            return "shut_first.next"
        return f"{self._name}.title"

    def _shown_digits(self) -> str:
        return _MASK * len(self._typed) if self._is_masked else self._typed

    def _step(self) -> tuple[int, int] | None:
        is_shown = self._name in (ScreenName.TAKE, ScreenName.OPENING, ScreenName.DOOR_FAILED)
        if self._purpose != "collect" or self._total < 2 or not is_shown:
            return None
        left = len(self._left())
        taken = self._total - left
        return min(taken + 1, self._total), self._total

    def _incident(self) -> str:
        """Name this moment so that the help line finds it: locker, time of day, screen before."""
        if self._name not in (ScreenName.HELP, ScreenName.OUT_OF_SERVICE):
            return ""
        minutes = self._controller.clock.now() // 60 % 1_000_000
        trouble = self._controller.trouble
        kind = trouble or self._before_help.value
        return f"{minutes:06d}-{kind[:2].upper()}"

    def _buttons(self) -> tuple[Button, ...]:
        match self._name:
            case ScreenName.SCAN:
                return scan_buttons(self._controller)
            case ScreenName.RETRIEVE:
                return retrieve_buttons(self._controller)
            case ScreenName.TAKEN:
                left = self._left()
                ahead = make_button("next", tone=Tone.MAIN) if left else MAIN_FINISH
                return (ahead, make_button("reopen"), make_button("help", tone=Tone.QUIET))
            case ScreenName.REFUSED:
                is_courier = _is_courier(self._controller)
                ahead = make_button("scan_next", tone=Tone.MAIN) if is_courier else MAIN_FINISH
                return (ahead, make_button("help"))
            case ScreenName.DOOR_FAILED:
                other = (make_button("other"),) if self._purpose == "deposit" else ()
                return (
                    make_button("again", tone=Tone.MAIN),
                    *other,
                    make_button("help", tone=Tone.QUIET),
                )
            case ScreenName.STILL_EMPTY:
                return still_buttons(self._purpose)
            case _:
                return BUTTONS.get(self._name, ())


def _is_courier(controller: Controller) -> bool:
    visit = controller.visit
    return visit is not None and visit.role is session.Role.COURIER
