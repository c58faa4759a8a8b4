"""How the screen is to be: its language, large type, high contrast, speech and its volume.

What is chosen holds until the person leaves. The buttons of the switches work on every screen,
shown or not: a keypad has a key for each.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from .desk import Act, Desk, Part
from .menus import make_button
from .screen import VOLUME_MAX, Button, ScreenName, Tone, View

HEADPHONES: Final = "headphones"
"""What the switch in the socket sends: ``headphones:in`` and ``headphones:out``."""


class Comfort(Part):
    """Choosing language and view.

    Parameters
    ----------
    can_speak
        Whether there is a voice; without one speech is not offered.
    """

    def __init__(self, desk: Desk, can_speak: Callable[[], bool]) -> None:
        super().__init__(desk)
        self.can_speak = can_speak

    def take_anywhere(self, button: str) -> bool:
        """Take a switch that works on every screen; ``False`` when it is none."""
        name, _, value = button.partition(":")
        if name == "language":
            self._speak_language(value)
        elif name == HEADPHONES:
            self._plug(is_in=value == "in")
        elif name in _SWITCHES:
            view = _SWITCHES[name](self.desk.view)
            self.desk.view = view if self.can_speak() else replace(view, speaks=False)
        else:
            return False
        return True

    def actions(self) -> Mapping[str, Act]:
        """Say what its buttons do."""
        return {
            "languages": lambda _: self.desk.go(ScreenName.LANGUAGE),
            "comfort": lambda _: self.desk.go(ScreenName.COMFORT),
            "close": lambda _: self.desk.go(ScreenName.START),
        }

    def buttons(self) -> tuple[Button, ...] | None:
        """List the switches."""
        if self.desk.name is not ScreenName.COMFORT:
            return None
        view = self.desk.view
        switches = {"large": view.is_large, "contrast": view.has_contrast}
        if self.can_speak():
            switches["speech"] = view.speaks
        return (
            *(
                Button(name=name, text=f"button.{name}", is_pressed=is_on)
                for name, is_on in switches.items()
            ),
            make_button("close", tone=Tone.TOOL),
        )

    def _speak_language(self, language: str) -> None:
        if language in self.controller.config.languages:
            self.desk.language = language
            if self.desk.name is ScreenName.LANGUAGE:
                self.desk.go(ScreenName.START)

    def _plug(self, *, is_in: bool) -> None:
        self.desk.has_headphones = is_in
        # Pulled out, it falls silent: the rest of the street is not to listen.
        speaks = is_in and self.can_speak()
        self.desk.view = replace(self.desk.view, speaks=speaks, is_private=is_in)


_SWITCHES: Final[Mapping[str, Callable[[View], View]]] = {
    "large": lambda view: replace(view, is_large=not view.is_large),
    "contrast": lambda view: replace(view, has_contrast=not view.has_contrast),
    "speech": lambda view: replace(view, speaks=not view.speaks),
    "louder": lambda view: replace(view, volume=min(view.volume + 1, VOLUME_MAX)),
    "quieter": lambda view: replace(view, volume=max(view.volume - 1, 1)),
}
