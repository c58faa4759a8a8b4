"""Draws screens as HTML, and offers the voice what they say."""

from typing import Final

import segno
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..config import LockerConfig
from . import catalog, display
from .announce import Announcement, announce, find_sound, say_button, say_pad_key
from .drawing import Drawing
from .kiosk import AnyKiosk
from .menus import BACK_BUTTONS
from .place import say_place
from .screen import Button, Screen, ScreenName, Tone

BASE: Final = "/kiosk"
PAD: Final = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "clear", "0", "back")
BEEP_EVERY_SECONDS: Final = 5
"""During the countdown."""


class Painter:
    """Draws screens."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("restante.edge.kiosk", "templates"),
            autoescape=True,
            # A program that was replaced on the disk goes on with the templates it began with.
            auto_reload=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def paint(self, template: str, kiosk: AnyKiosk, screen: Screen) -> str:
        """Draw a screen by a template: the whole page, or what changes in it."""
        language = screen.language

        def say(key: str, values: dict[str, object] | None = None) -> str:
            return catalog.say(language, key, values)

        def clip(text: str, spoken: str = language) -> str:
            return kiosk.voice.offer(spoken, text) if screen.view.speaks and text else ""

        config, drawing = kiosk.config, kiosk.draw(screen)
        place = "" if drawing.place is None else say_place(drawing.place, say)
        said = announce(screen, place, say) if screen.view.speaks else Announcement(screen="")
        return self._environment.get_template(template).render(
            base=BASE,
            locker=config.locker,
            screen=screen,
            drawing=drawing,
            place=place,
            say=say,
            clip=clip,
            said=said,
            say_button=lambda button: say_button(button, say),
            pad=[(key, say_pad_key(key, screen, say)) for key in PAD],
            sound=_mark_sound(screen) if config.screen.sounds else "",
            languages=[(one, catalog.say(one, "language.name")) for one in config.languages],
            shows_languages=_shows_languages(kiosk, screen),
            choices=[one for one in screen.buttons if one.tone is not Tone.TOOL],
            tools=_tools(kiosk, screen),
            back=_back(screen),
            is_short=display.is_short(config.screen),
            has_drawing=_has_drawing(screen, drawing),
            receipt_code=_draw_code(screen.values.get("receipt", "")),
            presence_square=_draw_presence(config, screen.presence),
            direction="rtl" if language in catalog.RIGHT_TO_LEFT else "ltr",
        )


def _mark_sound(screen: Screen) -> str:
    """Name the beep, and what tells it from the one before: ``warning:3``."""
    name = find_sound(screen)
    if name == "warning":
        return f"{name}:{(screen.idle_seconds_left or 0) // BEEP_EVERY_SECONDS}"
    return f"{name}:{screen.message or screen.door}" if name else ""


def _shows_languages(kiosk: AnyKiosk, screen: Screen) -> bool:
    """Tell whether the start screen has a button for every language."""
    count = len(kiosk.config.languages)
    fits = display.fits_languages(kiosk.config.screen, count)
    return screen.name is ScreenName.START and count > 1 and fits and not screen.view.is_large


def _tools(kiosk: AnyKiosk, screen: Screen) -> list[Button]:
    is_needless = len(kiosk.config.languages) < 2 or _shows_languages(kiosk, screen)
    hidden = ("languages",) if is_needless else ()
    return [one for one in screen.buttons if one.tone is Tone.TOOL and one.name not in hidden]


def _back(screen: Screen) -> str:
    names = [one.name for one in screen.buttons]
    return next((name for name in BACK_BUTTONS if name in names), "")


def _draw_presence(config: LockerConfig, code: str) -> Markup:
    """Draw what the start screen shows as the address of the page that takes it."""
    return _draw_code((config.address(f"open/{code}") if code else "") or code)


def _draw_code(text: str) -> Markup:
    """Draw a text as a QR code that fills the element around it; empty for no text."""
    if not text:
        return Markup()
    drawing = segno.make(text, error="l", micro=False)
    # segno escapes nothing, because nothing of the text is in the drawing.
    return Markup(drawing.svg_inline(border=3, omitsize=True, svgclass="qr"))  # noqa: S704


def _has_drawing(screen: Screen, drawing: Drawing) -> bool:
    is_about_doors = screen.door is not None or screen.name is ScreenName.START
    return bool(drawing.doors) and is_about_doors
