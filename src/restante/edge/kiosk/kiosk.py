"""One locker's kiosk: controller, flow and drawing joined, and told apart from its pages.

All calls take turns under one lock: pages, link and clock may live on different threads.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from ...core.ids import LockerId
from ..config import LockerConfig
from ..controller import Controller
from .desk import NowClock
from .drawing import Drawing, draw_locker
from .flow import Flow
from .screen import Screen, ScreenName
from .voice import Voice, find_voice


class Kiosk:
    """What a person stands in front of.

    Parameters
    ----------
    is_online
        Whether the centre answers.
    clock
        What patience is measured with, see :class:`.Flow`.
    voice
        Makes speech; the machine's own when not given.
    lock
        Shared with whoever else calls the controller; a new one when not given.
    """

    def __init__(
        self,
        controller: Controller,
        *,
        is_online: Callable[[], bool] = lambda: True,
        clock: NowClock | None = None,
        voice: Voice | None = None,
        lock: AbstractContextManager[Any] | None = None,
    ) -> None:
        self.controller = controller
        self.voice = voice or find_voice()
        self.flow = Flow(
            controller,
            is_online=is_online,
            can_speak=lambda: self.voice.is_available,
            clock=clock,
        )
        self.lock: AbstractContextManager[Any] = lock or threading.RLock()

    @property
    def config(self) -> LockerConfig:
        """The locker as built and placed."""
        return self.controller.config

    @property
    def is_busy(self) -> bool:
        """Whether somebody is using the screen."""
        with self.lock:
            return not self.flow.is_at_start

    def touch(self, button: str) -> Screen:
        """Take a touch."""
        with self.lock:
            return self.flow.touch(button)

    def type_digit(self, digit: str) -> Screen:
        """Take a key of the number pad."""
        with self.lock:
            return self.flow.type_digit(digit)

    def scan(self, text: str) -> Screen:
        """Take a scan."""
        with self.lock:
            return self.flow.scan(text)

    def tick(self) -> Screen:
        """Let time pass."""
        with self.lock:
            return self.flow.tick()

    def show(self) -> Screen:
        """Say what is shown."""
        with self.lock:
            return self.flow.show()

    def draw(self, screen: Screen) -> Drawing:
        """Draw the locker with the screen's door marked."""
        with self.lock:
            return draw_locker(self.config, self.controller.state.compartments, screen.door)


class BrokenKiosk:
    """A kiosk whose locker could not start: its journal is damaged. Doors stay shut."""

    def __init__(self, config: LockerConfig, why: str = "damaged") -> None:
        self.config = config
        self._why = why
        self.voice = find_voice()
        self.is_busy = False

    def touch(self, _button: str) -> Screen:
        """Do nothing."""
        return self.show()

    def type_digit(self, _digit: str) -> Screen:
        """Do nothing."""
        return self.show()

    def scan(self, _text: str) -> Screen:
        """Do nothing."""
        return self.show()

    def tick(self) -> Screen:
        """Do nothing."""
        return self.show()

    def show(self) -> Screen:
        """Say that it is out of service."""
        languages = self.config.languages
        return Screen(
            name=ScreenName.OUT_OF_SERVICE,
            title="out_of_service.title",
            hint="out_of_service.hint",
            values={"site": self.config.name, "phone": ""},
            incident=f"000000-{self._why[:2].upper()}",
            language=languages[0] if languages else "en",
        )

    def draw(self, screen: Screen) -> Drawing:
        """Draw the locker, all doors shut."""
        return draw_locker(self.config, {}, screen.door)


AnyKiosk = Kiosk | BrokenKiosk

FindKiosk = Callable[[LockerId], AnyKiosk | None]
