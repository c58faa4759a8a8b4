"""Colors that carry text meet WCAG 2.2 AA (1.4.3, 1.4.11) in both schemes."""

import re

import pytest

from restante.web.assets import STATIC_ROOT

TEXT_RATIO_MIN = 4.5
MARK_RATIO_MIN = 3.0
GROUNDS = ("ground", "surface", "surface-sunken", "surface-raised")
TONES = ("good", "info", "warn", "bad", "odd", "quiet")
TEXT_PAIRS = [
    *(
        (ink, ground)
        for ink in ("ink", "ink-soft", "ink-faint", "accent-ink")
        for ground in GROUNDS
    ),
    *((f"{tone}-ink", f"{tone}-soft") for tone in TONES),
    *((f"{tone}-ink", "surface") for tone in TONES),
    *(("ink", f"{tone}-soft") for tone in TONES),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("accent-ink", "accent-soft"),
    ("ink-soft", "accent-soft"),
]
MARK_PAIRS = [
    *((f"{tone}-solid", "surface") for tone in TONES),
    *((mark, ground) for mark in ("line-strong", "focus") for ground in ("surface", "ground")),
]


def read_colors() -> dict[str, tuple[str, str]]:
    text = (STATIC_ROOT / "css" / "tokens.css").read_text()
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", text)
    return {name: (light, dark) for name, light, dark in found}


COLORS = read_colors()


def luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXT_PAIRS)
def test_text_can_be_read(front: str, back: str, scheme: int) -> None:
    assert contrast(COLORS[front][scheme], COLORS[back][scheme]) >= TEXT_RATIO_MIN


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), MARK_PAIRS)
def test_a_mark_can_be_seen(front: str, back: str, scheme: int) -> None:
    assert contrast(COLORS[front][scheme], COLORS[back][scheme]) >= MARK_RATIO_MIN
