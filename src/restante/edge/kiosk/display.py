"""Sizes in millimeters on the screen that is really built in, as a style sheet of one locker.

Everything the kiosk draws is measured in ``--mm``. On a window smaller than the screen, such as
the demonstration's frame, all of it shrinks together.
"""

import math
from typing import Final

from ..config import ScreenConfig

CAPITAL_DEGREES: Final = 0.7
"""Height of a capital H in large type, as seen. EN 301 549 V3.2.1, 5.1.4."""
CAPITAL_PER_FONT: Final = 0.7
"""Height of a capital H by size of the font: Inter 0.727, DejaVu Sans 0.729, Noto Sans 0.714."""
BUTTON_MM: Final = 20.2
"""20 mm, and what rounding to whole pixels takes."""
GAP_MM: Final = 3.2
NUMBER_PX_MIN: Final = 60
"""Of the door's number."""
LANGUAGE_MM: Final = 27.0
"""Width of a button with a language's name."""
SHORT_MM: Final = 110
"""Screens less high than this leave out what is not needed."""
_DRAWN_FOR_MM: Final = (217.5, 136.0)
"""A 10.1 inch screen of 1280 by 800: type is scaled from it."""
_INCH_MM: Final = 25.4


def count_px_per_mm(screen: ScreenConfig) -> float:
    """Tell how many pixels one millimeter of the screen has."""
    diagonal_px = math.hypot(screen.width_px, screen.height_px)
    return diagonal_px / (screen.diagonal_inches * _INCH_MM)


def measure_capital_mm(screen: ScreenConfig) -> float:
    """Tell how high a capital of large type must be at least."""
    return 2 * screen.viewing_mm * math.tan(math.radians(CAPITAL_DEGREES / 2))


def measure_mm(screen: ScreenConfig) -> tuple[float, float]:
    """Tell width and height of the screen in millimeters."""
    per_mm = count_px_per_mm(screen)
    return screen.width_px / per_mm, screen.height_px / per_mm


def is_short(screen: ScreenConfig) -> bool:
    """Tell whether the screen is too low for everything at once."""
    return measure_mm(screen)[1] < SHORT_MM


def fits_languages(screen: ScreenConfig, count: int) -> bool:
    """Tell whether every language has room for a button of its own beside two tools."""
    width = measure_mm(screen)[0] - 2 * GAP_MM
    return count * (LANGUAGE_MM + GAP_MM) + 2 * (BUTTON_MM + GAP_MM) <= width


def write_style(screen: ScreenConfig) -> str:
    """Write the style sheet that holds the sizes."""
    per_mm = count_px_per_mm(screen)
    width, height = measure_mm(screen)
    scale = min(width / _DRAWN_FOR_MM[0], height / _DRAWN_FOR_MM[1])
    if width < height:
        scale = min(width / _DRAWN_FOR_MM[1], height / _DRAWN_FOR_MM[0])
    scale = max(0.8, min(scale, 1.5))
    large_mm = measure_capital_mm(screen) / CAPITAL_PER_FONT
    longest = max(width, height)
    return (
        ":root {\n"
        f"  --mm: min({per_mm:.4f}px, calc(100vmax / {longest:.3f}));\n"
        f"  --scale: {scale:.3f};\n"
        f"  --button-mm: {BUTTON_MM * max(1.0, min(scale, 1.25)):.2f};\n"
        f"  --gap-mm: {GAP_MM};\n"
        f"  --large-mm: {large_mm:.3f};\n"
        f"  --number-mm: {max(16.3 * min(scale, 1.25), (NUMBER_PX_MIN + 1) / per_mm):.3f};\n"
        "}\n"
    )
