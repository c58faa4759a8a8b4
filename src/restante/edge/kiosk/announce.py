"""What the voice says: the speech block of a screen, and what stands on each button.

Everything a screen shows is said, except what a person types: codes and PINs never. Digits of the
number pad are named while choosing one, and only into headphones.
"""

from collections.abc import Callable, Mapping
from typing import Final

from ...core.value import Value
from .screen import Button, Field, Screen

Say = Callable[..., str]
SOUND_OF_MESSAGE: Final = {"message.deposited": "good"}
"""Messages that are no complaint."""


class Announcement(Value):
    """What is said about one screen."""

    screen: str
    """When it appears, and on *repeat*."""
    note: str = ""
    """When only this has changed since: what went wrong, or that a digit was taken."""
    idle: str = ""
    """While the countdown runs."""


def announce(screen: Screen, place: str, say: Say) -> Announcement:
    """Say a screen.

    Parameters
    ----------
    place
        Where its door is, in words; empty when there is none.
    say
        Speaks the screen's language.
    """
    title = say(screen.title, screen.values)
    values: dict[str, object] = {
        **screen.values,
        "title": title,
        "place": place,
        "incident": spell(screen.incident),
        "phone": spell(screen.values.get("phone", "")),
    }
    step = ""
    if screen.step is not None:
        step = say("word.step", {"n": screen.step[0], "m": screen.step[1]}) + ". "
    message = say(screen.message, screen.values) if screen.message else ""
    block = step + say(f"{screen.name}.speech", values)
    return Announcement(
        screen=f"{message} {block}".strip(),
        note=message or _say_entered(screen, say),
        idle=say("idle.speech") if screen.idle_seconds_left is not None else "",
    )


def say_button(button: Button, say: Say) -> str:
    """Say a button, and whether it is switched on."""
    text = say(button.text, button.values)
    if button.is_pressed is None:
        return text
    return f"{text}: {say('word.on' if button.is_pressed else 'word.off')}"


def say_pad_key(key: str, screen: Screen, say: Say) -> str:
    """Say a key of the number pad; aloud in the street it stays unnamed."""
    names: Mapping[str, str] = {"clear": "word.clear", "back": "word.delete"}
    if key in names:
        return say(names[key])
    return key if screen.view.is_private else say("word.pad_key")


def spell(text: str) -> str:
    """Take a number apart, so that it is read digit by digit."""
    return " ".join(one for one in text if one.isalnum())


def find_sound(screen: Screen) -> str:
    """Name the beep that goes with what is to be seen; empty for silence."""
    if screen.idle_seconds_left is not None:
        return "warning"
    if screen.message:
        return SOUND_OF_MESSAGE.get(screen.message, "refused")
    return "opened" if screen.is_door_open else ""


def _say_entered(screen: Screen, say: Say) -> str:
    typed = screen.field in (Field.CODE, Field.LOGIN) and screen.digits
    return say("word.entered", {"n": len(screen.digits)}) if typed else ""
