"""A recipient at the kiosk: one parcel after another out of its door."""

from collections.abc import Mapping

from ...core import session
from ...core.content import Content
from .desk import Act, Desk, Part
from .menus import HELP, MAIN_FINISH, STILL_INSIDE, make_button
from .screen import Button, ScreenName, Tone

_STEPPED = (ScreenName.TAKE, ScreenName.OPENING, ScreenName.DOOR_FAILED)


class Recipient(Part):
    """Collecting."""

    purposes = frozenset({"collect"})

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._total = 0

    def reset(self) -> None:
        """Forget how many parcels there were."""
        self._total = 0

    def actions(self) -> Mapping[str, Act]:
        """Say what its buttons do."""
        return {
            "next": lambda _: self._open_next(),
            "reopen": lambda _: self._reopen(),
        }

    def buttons(self) -> tuple[Button, ...] | None:
        """List what follows a parcel taken out."""
        if self.desk.name is not ScreenName.TAKEN:
            return None
        ahead = make_button("next", tone=Tone.MAIN) if self.desk.left() else MAIN_FINISH
        return (ahead, make_button("reopen"), HELP)

    def step(self) -> tuple[int, int] | None:
        """Count the parcels, once there are two."""
        if self.desk.purpose != "collect" or self._total < 2 or self.desk.name not in _STEPPED:
            return None
        taken = self._total - len(self.desk.left())
        return min(taken + 1, self._total), self._total

    def begin(self, visit: session.Active) -> bool:
        """Open the first door."""
        if visit.role is not session.Role.RECIPIENT:
            return False
        self._total = len(self.controller.waiting())
        self._open_next()
        return True

    def again(self) -> None:
        """Open the same door again."""
        self._reopen()

    def door_shut(self, content: Content) -> bool:
        """Ask whether everything was taken, or say that something is left."""
        if self.desk.name is not ScreenName.TAKE:
            return False
        is_left = content in STILL_INSIDE
        self.desk.go(ScreenName.STILL_EMPTY if is_left else ScreenName.TAKEN)
        return True

    def resume(self, visit: session.Active) -> bool:
        """Open the next door, or ask whether everything was taken."""
        if visit.role is not session.Role.RECIPIENT:
            return False
        if self.desk.left():
            self._open_next()
        else:
            self.desk.go(ScreenName.TAKEN)
        return True

    def _open_next(self) -> None:
        left = self.desk.left() or self.controller.waiting()
        if not left:
            self.desk.go(ScreenName.GOODBYE)
            return
        self.desk.grant = left[0].grant
        self._reopen()

    def _reopen(self) -> None:
        if self.desk.grant is not None:
            self.desk.purpose = "collect"
            self.desk.opened(self.controller.collect(self.desk.grant))
