"""Times, spans and numbers as people write them in their language.

It must not know what the times mean.
"""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from restante.core.value import DAY, HOUR, MINUTE, UtcSeconds

from .texts import catalog

_LONG: Final = {
    "en": "EEEE d MMMM, HH:mm",
    "de": "EEEE, d. MMMM, HH:mm 'Uhr'",
    "pl": "EEEE, d MMMM, HH:mm",
    "es": "EEEE d 'de' MMMM, HH:mm",
}
_SHORT: Final = {
    "en": "EEE d MMM, HH:mm",
    "de": "EEE d. MMM, HH:mm 'Uhr'",
    "pl": "EEE d MMM, HH:mm",
    "es": "EEE d MMM, HH:mm",
}


def long_time(at: UtcSeconds, zone: str, language: str) -> str:
    """Write a moment with full names: ``Sunday 22 November, 19:00``."""
    return _write(at, zone, language, _LONG)


def short_time(at: UtcSeconds, zone: str, language: str) -> str:
    """Write a moment briefly: ``Sun 22 Nov, 19:00``."""
    return _write(at, zone, language, _SHORT)


def span_words(seconds: int, language: str) -> str:
    """Write a span in its largest fitting unit, rounded down, as ``<time-left>`` does."""
    ngettext = catalog(language).ngettext
    if seconds < HOUR:
        count = max(1, seconds // MINUTE)
        return ngettext("{n} minute", "{n} minutes", count).format(n=count)
    if seconds < 2 * DAY:
        count = seconds // HOUR
        return ngettext("{n} hour", "{n} hours", count).format(n=count)
    count = seconds // DAY
    return ngettext("{n} day", "{n} days", count).format(n=count)


def left_words(seconds: int, language: str) -> str:
    """Write how long is left until a deadline, or for how long it has passed."""
    texts = catalog(language)
    if 0 < seconds < MINUTE:
        return texts.gettext("less than a minute left")
    text = texts.gettext("{span} left") if seconds > 0 else texts.gettext("{span} over")
    return text.format(span=span_words(abs(seconds), language))


def _write(at: UtcSeconds, zone: str, language: str, patterns: dict[str, str]) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    pattern = patterns.get(language, patterns["en"])
    text = format_datetime(moment, pattern, tzinfo=ZoneInfo(zone), locale=language)
    return text[:1].upper() + text[1:] if language == "en" else text
