"""What one person at the screen has in hand, and the shape of a part of the flow.

The flow keeps one desk. Its parts (signing in, recipients, couriers) read and change it and say
which screens come next; a part never knows another part.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from ...core import session
from ...core.content import Content
from ...core.ids import CompartmentId, GrantId
from ...core.value import UtcSeconds
from ..controller import Controller, OutOfService, Waiting
from ..doors import Opening, Outcome
from .menus import OPEN_SCREENS
from .screen import Button, ScreenName, View

Act = Callable[[str], None]
"""What a button does; it is given what stands behind the colon of the button's name."""


class NowClock(Protocol):
    """Tells the time in seconds; both kinds of clock do."""

    def now(self) -> UtcSeconds:
        """Whole seconds since 1970."""
        ...


class Desk:
    """The screen being shown, what was typed, and which door, parcel and visit it is about."""

    def __init__(self, controller: Controller, clock: NowClock) -> None:
        self.controller = controller
        self.clock = clock
        self.name = ScreenName.START
        self.has_headphones = False
        self.reset()

    def reset(self) -> None:
        """Forget the person; language and view are the site's own again."""
        self.language = self.site_language
        self.view = self.site_view
        self.typed = ""
        self.session = ""
        self.is_masked = False
        self.message = ""
        self.refusal = ""
        self.before_help = ScreenName.START
        self.door: CompartmentId | None = None
        self.grant: GrantId | None = None
        self.purpose = "collect"
        self.touched_at = self.clock.now()
        self.shown_at = self.touched_at

    @property
    def site_language(self) -> str:
        """What is spoken here while nobody has chosen."""
        languages = self.controller.config.languages
        return languages[0] if languages else "en"

    @property
    def site_view(self) -> View:
        """How the screen is while nobody has chosen: it speaks to headphones that are in."""
        return View(speaks=self.has_headphones, is_private=self.has_headphones)

    @property
    def is_as_found(self) -> bool:
        """Whether language and view are what the next person expects."""
        return self.language == self.site_language and self.view == self.site_view

    @property
    def visit(self) -> session.Active | None:
        """The visit begun at this screen; a service tool or a remote one is not ours."""
        visit = self.controller.visit
        return visit if visit is not None and visit.session == self.session else None

    def go(self, name: ScreenName) -> None:
        """Show another screen; what was typed is gone."""
        self.name = name
        self.shown_at = self.clock.now()
        self.touched_at = self.shown_at
        self.typed = ""

    def opened(self, opening: Opening) -> None:
        """Show how an opening went."""
        self.door = opening.compartment
        if opening.outcome is Outcome.FAILED:
            self.go(ScreenName.DOOR_FAILED)
        elif opening.outcome is Outcome.PENDING:
            self.go(ScreenName.OPENING)
        else:
            self.go(OPEN_SCREENS[self.purpose])

    def left(self) -> tuple[Waiting, ...]:
        """List what a recipient has not taken out yet."""
        return tuple(one for one in self.controller.waiting() if not one.is_collected)

    def leave(self, why: str) -> bool:
        """End the visit; ``False`` when the locker could not even write that down."""
        try:
            if self.visit is not None:
                self.controller.end_visit(why)
        except OutOfService:
            self.name = ScreenName.OUT_OF_SERVICE
            return False
        return True


class Part:
    """A part of the flow: overrides what concerns it, and says so by its answer."""

    purposes: frozenset[str] = frozenset()
    """Why it opens doors, keys of :data:`.menus.OPEN_SCREENS`."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.controller = desk.controller

    def reset(self) -> None:
        """Forget the person."""

    def actions(self) -> Mapping[str, Act]:
        """Say what its buttons do, by name up to the colon."""
        return {}

    def buttons(self) -> tuple[Button, ...] | None:
        """List the buttons of the screen shown now; ``None`` when it is not its screen."""
        return None

    def values(self) -> Mapping[str, str]:
        """Say what else the texts of the screen are filled with."""
        return _NO_VALUES

    def step(self) -> tuple[int, int] | None:
        """Say which parcel of how many the screen is about."""
        return None

    def take_scan(self, _text: str) -> bool:
        """Take what was scanned or typed and entered; ``False`` when it is for somebody else."""
        return False

    def begin(self, _visit: session.Active) -> bool:
        """Welcome somebody who has just signed in; ``False`` when it is for somebody else."""
        return False

    def again(self) -> None:
        """Open the door in hand again; called for its own purposes only."""

    def door_shut(self, _content: Content) -> bool:
        """Go on after the door in hand was shut; ``False`` when it is for somebody else."""
        return False

    def resume(self, _visit: session.Active) -> bool:
        """Go on after a door that was in the way is shut; ``False`` when for somebody else."""
        return False


_NO_VALUES: Final[Mapping[str, str]] = {}
