"""The kiosk's texts: one JSON file for each language, English for what a language lacks.

A test holds every language complete; falling back is for languages that operators add.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

TEXT_ROOT: Final = Path(__file__).parent / "texts"
FALLBACK: Final = "en"
RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ur"})


@cache
def read_texts(language: str) -> Mapping[str, str]:
    """Read a language's texts by key; an unknown language is English."""
    path = TEXT_ROOT / f"{language}.json"
    if not language.isalnum() or not path.is_file():
        path = TEXT_ROOT / f"{FALLBACK}.json"
    found = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    return found if language == FALLBACK else {**read_texts(FALLBACK), **found}


def languages() -> tuple[str, ...]:
    """List every language there are texts in."""
    return tuple(sorted(path.stem for path in TEXT_ROOT.glob("*.json")))


def say(language: str, key: str, values: Mapping[str, object] | None = None) -> str:
    """Give a text, filled.

    Raises
    ------
    LookupError
        When no language has the key.
    """
    text = read_texts(language).get(key)
    if text is None:
        raise LookupError(f"no text {key!r}; add it to {FALLBACK}.json and to every language")
    for name, value in (values or {}).items():
        text = text.replace("{" + name + "}", str(value))
    return text
